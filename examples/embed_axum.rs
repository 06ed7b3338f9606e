//! How do I mount Bayeux in my axum application, with my own users?
//!
//! ```text
//! cargo run -p encke-examples --example embed_axum
//! ```
//!
//! Your middleware decides who the user is and says so with [`Authenticated`]. Here it believes a
//! header, which is fine behind a proxy that sets it and nowhere else. `POST /notify/{user}` sends
//! a private message to every session of that user, and to nobody else.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::post;
use encke::bayeux::{ChannelName, ChannelPattern};
use encke::broker::{Broker, Config, Rules, UserId};
use encke::transport::{Authenticated, BayeuxService, HttpConfig, drive};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::default()
        .private(vec![ChannelPattern::new("/me/**")?])
        .policy(Arc::new(Rules::default().anonymous(false)));
    let broker = Broker::new(config)?;
    tokio::spawn(drive(broker.clone()));

    let bayeux = BayeuxService::new(broker.clone(), HttpConfig::default());
    let app = Router::new()
        // With everything below it: the JavaScript library appends `/`, `/connect` and the like.
        .nest_service("/cometd", bayeux)
        .layer(middleware::from_fn(who_is_it))
        .route("/notify/{user}", post(notify))
        .with_state(broker);

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8082".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}/cometd", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn who_is_it(mut request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|name| name.to_str().ok());
    if let Some(user) = user.map(UserId::new) {
        request.extensions_mut().insert(Authenticated(user));
    }
    next.run(request).await
}

/// The body is JSON and goes out as it is.
async fn notify(State(broker): State<Broker>, Path(user): Path<String>, data: String) -> String {
    if serde_json::from_str::<serde_json::Value>(&data).is_err() {
        return "the body is not JSON\n".into();
    }
    let inbox = ChannelName::new("/me/inbox").expect("a valid name");
    let reached = broker.deliver_to_user(&UserId::new(user), &inbox, &data, Instant::now());
    format!("reached {reached} sessions\n")
}
