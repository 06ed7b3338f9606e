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
//! - Lost sessions: it shakes hands again, makes all subscriptions again, and goes on in the
//!   server's log where it stopped. [`Message::gap`] tells where messages may be missing all the
//!   same, and [`Subscription::replay`] what the server says of its log.
//! - Acknowledged delivery, if the server offers it: within a session nothing is missing.
//! - Advice of the server, cookies, credentials that expire ([`ClientBuilder::authorization`]), TLS,
//!   and bounds on everything that waits.
//!
//! It sends nothing twice that the server may have taken: a publish whose reply was lost fails with
//! [`PublishError::Lost`], and the application decides.
//!
//! # Nothing missed, across restarts too
//!
//! A subscription that says where to begin, and a store for its position, go on where the program
//! before had stopped. The position is stored when the next message is asked for, so a program that
//! is killed sees the message again that it had in hand, and skips none.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use encke_client::{Client, FilePositions, Gap, ReplayFrom, SubscribeOptions};
//! use futures::StreamExt as _;
//!
//! # async fn orders() -> Result<(), Box<dyn std::error::Error>> {
//! let positions = Arc::new(FilePositions::open("/var/lib/orders/positions.json")?);
//! let builder = Client::builder("https://example.org/cometd").positions(positions);
//! let (client, driver) = builder.connect()?;
//! tokio::spawn(driver);
//! let from = SubscribeOptions::default().replay(ReplayFrom::Kept);
//! let mut orders = client.subscribe_with("/orders/*", from).await?;
//! while let Some(order) = orders.next().await {
//!     if order.gap() == Gap::Log {
//!         // The server has forgotten some; read them elsewhere.
//!     }
//!     println!("{}", order.data());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Such a stream never drops: while it is full the server is not asked for more
//! ([`Overflow::Wait`]).
//!
//! # Calls
//!
//! ```no_run
//! # async fn call(client: encke_client::Client) -> Result<(), encke_client::CallError> {
//! let sum: f64 = client.call("sum", &[1, 2, 3]).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # When things go wrong
//!
//! | What happens                             | What the application sees                          |
//! |------------------------------------------|----------------------------------------------------|
//! | the connection breaks                    | [`Status::Interrupted`], then `Connected` again    |
//! | the session is lost, the server has a log | what was missed, then what is new; no gap         |
//! | the log does not reach back              | [`Gap::Log`] on the next message                   |
//! | the server has no log of the channels    | [`Gap::Session`] on the next message               |
//! | the application is slow                  | what its [`Overflow`] says                         |
//! | a subscription is refused later          | its stream ends with [`End::Revoked`]              |
//! | the server advises `none`, or disconnects | everything ends with [`CloseReason::Ended`] or [`CloseReason::Refused`] |
//! | 401, 403 or 407                          | a handshake, with new credentials if there is a source; then [`CloseReason::Rejected`] |
//! | the server drains                        | as a lost session, at the pace that it advises     |
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
//! | `client`       | the handle and its operations, `link` between it and the driver   |
//! | `subscription` | streams of messages, `queue` behind them, `router` in front       |
//! | `replay`       | positions in the server's log, and where they are kept            |
//! | `credentials`  | credentials that are asked for                                    |
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
