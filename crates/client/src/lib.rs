//! A Bayeux client: a handle and one task.
//!
//! [`Client::builder`] makes two things. The [`Client`] is a handle: clone it, and subscribe,
//! publish and call from anywhere. The [`Driver`] is a future that does all the work; spawn it on
//! a tokio runtime. There are no other tasks, threads or globals.
//!
//! ```no_run
//! use encke_client::Client;
//! use futures::StreamExt as _;
//!
//! # async fn chat() -> Result<(), Box<dyn std::error::Error>> {
//! let (client, driver) = Client::builder("http://127.0.0.1:8081/cometd").connect()?;
//! tokio::spawn(driver);
//! let mut room = client.subscribe("/chat/*").await?;
//! client.publish("/chat/lobby", "hello").await?;
//! while let Some(message) = room.next().await {
//!     println!("{}: {}", message.channel(), message.json::<String>()?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it takes care of
//!
//! - The way to the server: WebSocket, or long-polling where that is refused on the way.
//! - Lost connections: it tries again, with growing waits that are spread by chance, and keeps the
//!   session if the server has kept it.
//! - Lost sessions: it shakes hands again and makes all subscriptions again. [`Message::gap`] and
//!   [`Status::Connected`] tell where messages may be missing.
//! - Acknowledged delivery and replay, if the server offers them: then nothing is missing.
//! - Advice of the server, cookies, credentials, TLS, and bounds on everything that waits.
//!
//! It sends nothing twice that the server may have taken: a publish whose reply was lost fails with
//! [`PublishError::Lost`], and the application decides.
//!
//! # What it does not do
//!
//! It follows no redirects, uses no proxy, and speaks HTTP/1.1 only: one socket, or two
//! connections, are all that a session needs.
//!
//! # Modules
//!
//! | Module         | Owns                                                              |
//! |----------------|-------------------------------------------------------------------|
//! | `machine`      | every decision, without sockets and clocks                        |
//! | `wire`         | requests written, answers read                                    |
//! | `driver`       | the one task: carries out what the machine decides                |
//! | `transport`    | WebSocket, long-polling, TLS, cookies                             |
//! | `client`       | the handle and its operations                                     |
//! | `subscription` | streams of messages, `queue` behind them, `router` in front       |
//! | `replay`       | positions in the server's log                                     |
//!
//! # Features
//!
//! | Feature | Default | Meaning                                                          |
//! |---------|---------|------------------------------------------------------------------|
//! | `tls`   | yes     | `https` URLs, by rustls with ring and the roots browsers trust   |

mod builder;
mod client;
mod clock;
mod command;
mod credentials;
mod driver;
mod error;
mod link;
mod machine;
mod message;
mod options;
mod queue;
mod replay;
mod router;
mod status;
mod subscription;
mod transport;
mod wire;

pub use encke_bayeux::{ChannelError, ChannelName, ChannelPattern};

pub use builder::ClientBuilder;
pub use client::{Batch, Client};
pub use credentials::Freshness;
pub use driver::Driver;
pub use error::{
    BuildError, CallError, ConnectError, Failure, PublishError, Refusal, SubscribeError,
    UnsubscribeError,
};
pub use message::{Gap, Message};
pub use options::{Overflow, SubscribeOptions};
pub use replay::{
    FileOptions, FilePositions, MemoryPositions, Outdated, Position, PositionStore, Replay,
    ReplayFrom, ReplayStatus,
};
pub use status::{CloseReason, Status};
pub use subscription::{End, Mistyped, Subscription, Typed, TypedSubscription};
