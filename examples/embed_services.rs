//! How do clients call my server, and how does my server take part in a channel?
//!
//! ```text
//! cargo run -p encke-examples --example embed_services
//! ```
//!
//! Two services answer the JavaScript library's `remoteCall("echo", ...)` and `remoteCall("sum", ...)`,
//! the second from a task of its own. What is said below `/chat` is kept for an hour, for clients that
//! come back. A bot without a connection sits in `/chat/room` and answers
//! questions. `GET /who` says who listens there; `POST /kick/{client}` throws a session out.

use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use encke::bayeux::{ChannelError, ChannelName, ChannelPattern, ClientId};
use encke::broker::{
    Broker, Call, ChannelRule, ChannelSettings, Config, LocalOptions, LocalSession, Responder,
    Retention, SessionSettings, UserId, WallClock, service_fn,
};
use encke::transport::{BayeuxService, HttpConfig, drive};
use futures::StreamExt as _;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::default()
        .service(ChannelPattern::new("/service/echo")?, service_fn(echo))
        .service(ChannelPattern::new("/service/sum")?, service_fn(sum))
        .channels(vec![kept("/chat/**")?])
        // Positions of a log begin at its birth, so that those of the one before are known for old.
        .wall(WallClock::new(Instant::now(), unix_ms()?));
    let broker = Broker::new(config)?;
    tokio::spawn(drive(broker.clone()));

    let bot = LocalOptions::default().user(UserId::new("bot"));
    let bot = broker.open_local(bot, Instant::now())?;
    bot.subscribe(&ChannelPattern::new("/chat/room")?, Instant::now())?;
    tokio::spawn(answer_questions(bot));

    let bayeux = BayeuxService::new(broker.clone(), HttpConfig::default().views(true));
    let app = Router::new()
        // With everything below it: the JavaScript library appends `/`, `/connect` and the like.
        .nest_service("/cometd", bayeux)
        .route("/who", get(who))
        .route("/kick/{client}", post(kick))
        .with_state(broker);
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8083".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}/cometd", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// A rule by which channels are kept in memory for an hour.
fn kept(pattern: &str) -> Result<ChannelRule, ChannelError> {
    let mut settings = ChannelSettings::default();
    let age = Duration::from_secs(60 * 60);
    settings.replay = Some(Retention { age, messages: 1000, bytes: 1 << 20 });
    Ok(ChannelRule::new(ChannelPattern::new(pattern)?, settings))
}

fn unix_ms() -> Result<u64, Box<dyn std::error::Error>> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis().try_into()?)
}

/// Answers at once with what was said; `data` passes through byte for byte.
fn echo(call: &Call<'_>, responder: Responder) {
    match call.data {
        Some(data) => responder.succeed(data.get(), call.now),
        None => responder.fail(r#"{"reason":"say something"}"#, call.now),
    };
}

/// Answers from a task of its own: the thread that brought the call goes on at once.
fn sum(call: &Call<'_>, responder: Responder) {
    let numbers: Result<Vec<f64>, _> =
        serde_json::from_str(call.data.map_or("null", |data| data.get()));
    // This caller now has a minute to come back, should its connection break.
    let patient = SessionSettings::default().max_interval(Duration::from_secs(60));
    let configured = call.broker.configure(responder.client(), patient);
    println!("patient with a caller: {configured:?}");
    tokio::spawn(async move {
        match numbers {
            Ok(numbers) => {
                let total: f64 = numbers.iter().sum();
                responder.succeed(&json!(total).to_string(), Instant::now())
            }
            Err(error) => {
                let failure = json!({"reason": error.to_string()});
                responder.fail(&failure.to_string(), Instant::now())
            }
        };
    });
}

/// The bot: a session that is judged and bounded like any other.
async fn answer_questions(mut bot: LocalSession) {
    let room = ChannelName::new("/chat/room").expect("a valid name");
    while let Some(message) = bot.next().await {
        let Some(parts) = message.parts() else { continue };
        let said: Value = serde_json::from_str(parts.data.get()).unwrap_or_default();
        let Some(question) = said["text"].as_str().filter(|text| text.ends_with('?')) else {
            continue;
        };
        println!("asked: {question}");
        let answer = json!({"name": "bot", "text": "I would have to think about that."});
        let answer = to_raw_value(&answer).expect("JSON");
        if let Err(failure) = bot.publish(&room, &answer, Instant::now()) {
            println!("not said: {failure}");
        }
    }
    println!("the bot has left: {:?}", bot.ended());
}

/// Who listens to the room, and the first hundred sessions of all.
async fn who(State(broker): State<Broker>) -> String {
    let room = ChannelPattern::new("/chat/room").expect("a valid pattern");
    let presence = broker.presence(&room, "", 100);
    let snapshot = broker.snapshot(100, Instant::now());
    json!({"room": presence, "broker": snapshot}).to_string()
}

/// Says why, and ends the session. Whoever knows the whole client id may do it.
async fn kick(State(broker): State<Broker>, Path(client): Path<String>) -> String {
    let Some(client) = ClientId::parse(&client) else {
        return "that is no client id\n".into();
    };
    let farewell = ChannelName::new("/farewell").expect("a valid name");
    broker.deliver(client, &farewell, r#""you were thrown out""#, Instant::now());
    let ended = broker.disconnect_session(client, Instant::now());
    format!("ended: {ended}\n")
}
