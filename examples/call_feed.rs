//! I have a call-state core already: how do its changes reach my agents' browsers?
//!
//! ```text
//! cargo run -p encke-examples --example call_feed
//! ```
//!
//! Your core keeps deciding what happens to calls. It imports each call here under its own ids and
//! reports what changes; Encke journals it, renders each agent's view and notifies the agents'
//! browsers on `/v2/me/calls`. Agents can read their calls over REST and change user data too; what
//! they change comes back to your core as an [`Observer`] sees it.
//!
//! Log in by the header `X-User: alice` or `bob`; a real server would authenticate.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use encke::bayeux::ChannelPattern;
use encke::broker::{Broker, Config, Rules, UserId};
use encke::calls::{
    CallId, CallType, Change, Clock, Command, ConnId, Core, CoreConfig, Dn, ImportedCall, NewParty,
    Observer, PartyState, Requester, Role as Side, SystemClock, UserData, UserDataChange,
};
use encke::gateway::{
    Caller, Device, Directory, Gateway, GatewayConfig, Notify, Projection, Role, Roles, User,
};
use encke::journal::MemoryJournal;
use encke::transport::{Authenticated, BayeuxService, HttpConfig, drive};

type Problem = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Problem> {
    let broker = Broker::new(
        Config::default()
            .private(vec![ChannelPattern::new("/v2/me/**")?])
            .policy(Arc::new(Rules::default().anonymous(false).publish(false))),
    )?;
    tokio::spawn(drive(broker.clone()));

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let directory = Directory::new([
        User::new(UserId::new("alice")).device(Device::new(Dn::new("15000")?)),
        User::new(UserId::new("bob")).device(Device::new(Dn::new("15001")?)),
    ])?;
    let config = GatewayConfig::default();
    let notify: Arc<dyn Notify> = Arc::new(broker.clone());
    let projection = Projection::new(directory.clone(), notify, &config, Arc::clone(&clock));
    let (core, writer) = Core::open(
        Arc::new(MemoryJournal::new()),
        CoreConfig::default().dns(directory.dns().cloned()),
        Arc::clone(&clock),
        vec![Arc::new(projection), Arc::new(BackToTheirCore)],
    )
    .await?;
    tokio::spawn(writer);
    tokio::spawn(feed(core.clone()));

    let bayeux = BayeuxService::new(broker, HttpConfig::default());
    let app = Gateway::new(core, directory, config, clock)
        .router()
        .route_service("/api/v2/notifications", bayeux.clone())
        .route_service("/api/v2/notifications/{*suffix}", bayeux)
        .layer(middleware::from_fn(who_is_it));

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8083".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}/api/v2/notifications", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Stands for the core that is already there: one call, whose data changes every second.
async fn feed(core: Core) -> Result<(), Problem> {
    let (alice, bob) = (Dn::new("15000")?, Dn::new("15001")?);
    let party = |dn: &Dn, role| NewParty {
        dn: Some(dn.clone()),
        number: dn.number(),
        state: PartyState::Established,
        role,
    };
    let call = CallId::new("THEIRCALL0000000000000000000000A")?;
    let imported = ImportedCall {
        id: call.clone(),
        conn_id: ConnId::new("00ffee0000000001")?,
        call_type: CallType::Internal,
        dnis: Some(bob.number()),
        ani: None,
        parties: vec![party(&alice, Side::Origin), party(&bob, Side::Destination)],
        user_data: UserData::parse(r#"{"Source":"their core"}"#)?,
    };
    core.submit(Command::Import(imported)).await?;

    let mut every = tokio::time::interval(Duration::from_secs(1));
    for step in 1_u64.. {
        every.tick().await;
        let change = UserData::parse(&format!(r#"{{"Step":{step}}}"#))?;
        core.submit(Command::ChangeUserData {
            call: call.clone(),
            requester: Requester::ThirdParty(Dn::new("7777")?),
            change: UserDataChange::Update(change),
        })
        .await?;
    }
    Ok(())
}

/// Where your core learns what agents changed. Called in commit order; must be quick.
#[derive(Debug)]
struct BackToTheirCore;

impl Observer for BackToTheirCore {
    fn committed(&self, change: &Change) {
        if let Change::Call(change) = change {
            let pairs: HashMap<_, _> =
                change.after.user_data.iter().map(|pair| (pair.key(), pair.value())).collect();
            println!("call {} version {}: {pairs:?}", change.after.id, change.after.version);
        }
    }
}

async fn who_is_it(mut request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|name| name.to_str().ok());
    if let Some(user) = user.map(UserId::new) {
        let caller = Caller::new(user.clone(), Roles::of(Role::Agent));
        request.extensions_mut().insert(Authenticated(user));
        request.extensions_mut().insert(caller);
    }
    next.run(request).await
}
