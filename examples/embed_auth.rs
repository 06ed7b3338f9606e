//! How do I decide who may do what, with credentials in the handshake?
//!
//! ```text
//! cargo run -p encke-examples --example embed_auth
//! ```
//!
//! Clients put `{"token": "..."}` into the `ext` of their handshake; a token is a user's name here. A
//! policy reads it, an authorizer opens each room to its members only, an extension marks what goes
//! out, a filter takes the markup out of what clients say, and a listener prints who is there.

use std::sync::Arc;

use encke::bayeux::{Advice, ChannelName, ChannelPattern, ClientId, ErrorText, Reason, Reconnect};
use encke::broker::{
    Asking, Authorizer, Broker, Config, Extension, Grants, Incoming, Listener, NoMarkup, Operation,
    Opinion, Outgoing, Policy, Published, Release, Replying, UserId, Verdict,
};
use encke::transport::{BayeuxService, HttpConfig, drive};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let everything = ChannelPattern::new("/**")?;
    let rooms = ChannelPattern::new("/rooms/**")?;
    let lobby = ChannelPattern::new("/lobby")?;
    let all = [Operation::Create, Operation::Subscribe, Operation::Publish];
    let config = Config::default()
        .policy(Arc::new(Tokens))
        // Closed, unless somebody below opens it.
        .authorizer(everything.clone(), Arc::new(Grants::none()))
        .authorizer(lobby, Arc::new(Grants::to_all(all)))
        .authorizer(rooms, Arc::new(Members))
        .extension(Arc::new(Marks))
        .filter(everything, Arc::new(NoMarkup))
        .listener(Arc::new(Watch));
    let broker = Broker::new(config)?;
    tokio::spawn(drive(broker.clone()));
    let bayeux = BayeuxService::new(broker, HttpConfig::default());

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8084".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}/cometd", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        let http = http1::Builder::new();
        tokio::spawn(http.serve_connection(TokioIo::new(socket), bayeux.clone()));
    }
}

/// Reads the handshake's credentials, and says more than no.
#[derive(Debug)]
struct Tokens;

impl Policy for Tokens {
    fn can_handshake(&self, asking: &Asking<'_>) -> bool {
        self.judge_handshake(asking).is_granted()
    }

    fn judge_handshake(&self, asking: &Asking<'_>) -> Verdict {
        #[derive(Deserialize)]
        struct Credentials {
            token: String,
        }
        let ext = asking.ext.map_or("null", RawValue::get);
        match serde_json::from_str::<Credentials>(ext) {
            Ok(Credentials { token }) if token == "expired" => Verdict::deny()
                .error(ErrorText::new(401, &[], "the token has expired").expect("valid"))
                .advice(Advice::only(Reconnect::Handshake)),
            Ok(Credentials { token }) => {
                let welcome = to_raw_value(&format!("hello {token}")).expect("JSON");
                Verdict::grant().user(UserId::new(token)).ext("welcome", &welcome)
            }
            Err(_) => Verdict::deny(),
        }
    }

    fn can_subscribe(&self, _: &Asking<'_>, _: &ChannelPattern) -> bool {
        true
    }

    fn can_publish(&self, _: &Asking<'_>, _: &ChannelName) -> bool {
        true
    }
}

/// `/rooms/alice+bob` is for the users in its name.
#[derive(Debug)]
struct Members;

impl Authorizer for Members {
    fn authorize(&self, _: Operation, channel: &ChannelPattern, asking: &Asking<'_>) -> Opinion {
        let members = channel.as_str().trim_start_matches("/rooms/").split('+');
        let user = asking.user.map_or("", UserId::as_str);
        if members.into_iter().any(|member| member == user) {
            Opinion::Grant
        } else {
            Opinion::Deny(Reason::new("members_only").expect("a valid reason"))
        }
    }
}

/// Keeps messages short, and tells receivers who has spoken.
#[derive(Debug)]
struct Marks;

impl Extension for Marks {
    fn incoming(&self, message: &mut Incoming<'_>) -> Verdict {
        if message.data().is_none_or(|data| data.get().len() <= 4_000) {
            return Verdict::grant();
        }
        Verdict::deny().error(ErrorText::new(413, &[], "at most 4000 bytes").expect("valid"))
    }

    fn outgoing(&self, message: &mut Outgoing<'_>) -> bool {
        if let Some(user) = message.from_user() {
            let ext = serde_json::json!({"from": user});
            message.set_ext(Some(to_raw_value(&ext).expect("JSON")));
        }
        true
    }

    fn reply(&self, reply: &mut Replying<'_>) {
        if reply.channel() == Some("/meta/handshake") && !reply.is_successful() {
            let help = to_raw_value("put your token into ext.token").expect("JSON");
            reply.ext("help", &help);
        }
    }
}

/// A connect that waits is the sign that a client is there.
#[derive(Debug)]
struct Watch;

impl Listener for Watch {
    fn connect_held(&self, client: ClientId, user: Option<&UserId>) {
        println!("{client:?} of {user:?} is there");
    }

    fn connect_released(&self, client: ClientId, _: Option<&UserId>, because: Release) {
        println!("{client:?} was let go: {because:?}");
    }

    fn published(&self, message: &Published<'_>) {
        let Published { channel, from_user, data, reached, .. } = message;
        println!("{from_user:?} on {channel}: {data} reached {reached}");
    }
}
