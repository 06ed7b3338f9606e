//! How do I serve Bayeux from my own hyper server?
//!
//! ```text
//! cargo run -p encke-examples --example embed_hyper
//! ```
//!
//! The listener, the runtime and the other routes are yours. A clock is published on `/clock`
//! every second to whoever subscribed, and subscriptions are printed as they come and go.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use encke::bayeux::{ChannelName, ChannelPattern, ClientId};
use encke::broker::{Broker, Config, Listener, UserId};
use encke::transport::{BayeuxService, HttpConfig, ReplyBody, drive};
use http_body_util::Either;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::new(Config::default().listener(Arc::new(Watch)))?;
    let bayeux = BayeuxService::new(broker.clone(), HttpConfig::default());
    tokio::spawn(drive(broker.clone()));
    tokio::spawn(tell_the_time(broker));

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8081".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}/cometd", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        let bayeux = bayeux.clone();
        let service = service_fn(move |request| route(bayeux.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

/// Your routes beside the broker's.
async fn route(
    bayeux: BayeuxService,
    request: Request<Incoming>,
) -> Result<Response<Either<ReplyBody, String>>, Infallible> {
    if request.uri().path().starts_with("/cometd") {
        return Ok(bayeux.call(request).await?.map(Either::Left));
    }
    Ok(Response::new(Either::Right("this page is mine\n".to_owned())))
}

async fn tell_the_time(broker: Broker) {
    let clock = ChannelName::new("/clock").expect("a valid name");
    let started = Instant::now();
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        every.tick().await;
        let data = format!(r#"{{"seconds":{}}}"#, started.elapsed().as_secs());
        let reached = broker.publish(&clock, &data, Instant::now());
        println!("told the time to {reached:?} sessions");
    }
}

/// Prints who listens to what.
#[derive(Debug)]
struct Watch;

impl Listener for Watch {
    fn subscribed(&self, client: ClientId, _: Option<&UserId>, pattern: &ChannelPattern) {
        println!("{client:?} subscribed to {pattern}");
    }

    fn unsubscribed(&self, client: ClientId, _: Option<&UserId>, pattern: &ChannelPattern) {
        println!("{client:?} unsubscribed from {pattern}");
    }
}
