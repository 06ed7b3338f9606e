//! Bayeux sessions, subscriptions and publishing.
//!
//! A [`Broker`] takes request bodies and gives back answers: bytes to write now, or a [`Hold`]
//! for the one `/meta/connect` of a session that waits for messages. It opens no socket, spawns no
//! task and reads no clock: `now` and randomness come with each call, so whole conversations
//! replay on one thread with invented time.
//!
//! # The parts
//!
//! | Module         | Owns                                                                |
//! |----------------|---------------------------------------------------------------------|
//! | `broker`       | the handle over everything shared: maps, timer, counters, drain     |
//! | [`channel_rule`] | settings that differ by channel                                   |
//! | [`config`]     | every bound and every time, with unit and default                   |
//! | [`policy`]     | who may shake hands, subscribe and publish                          |
//! | [`authorizer`] | who may do what on which channel: grants and denials by pattern      |
//! | [`verdict`]    | yes or no, and what is said besides                                 |
//! | [`listener`]   | what an embedder may observe                                        |
//! | [`extension`]  | code that sees every message on its way in and out                  |
//! | [`filter`]     | what clients send, made harmless before others see it               |
//! | [`service`]    | what answers on `/service/...`                                      |
//! | [`hold`]       | a waiting connect, and a batch of messages on its way to the wire   |
//! | [`link`]       | a connection that takes messages at any time                        |
//! | [`local`]      | sessions inside the process: clients without a connection           |
//! | [`stats`]      | counters and the publish-to-write histogram                         |
//! | `cell`         | a session behind its lock: who it is, whose, and whom it admits     |
//! | `session`      | the machine of one client: held connect, messages, link, catching up |
//! | `outbox`       | what a session is owed, and what it has not acknowledged            |
//! | `backlog`      | the part of it that waits, and what may be given up                 |
//! | `event`        | one published message on its way to its receivers                   |
//! | `effect`       | what a session asks of whoever holds it: wake, arm, undo, count     |
//! | [`address`]    | what of an address is counted as one                                |
//! | `rate`         | how often something may happen                                      |
//! | `storm`        | more handshakes than the server wants to serve at a time            |
//! | `activity`     | sessions that connect and do nothing else                           |
//! | `binding`      | how the browser cookie binds an anonymous session                   |
//! | [`replay`]     | the log of a broker from outside: read, kept elsewhere, filled again |
//! | `log`          | messages kept by channel and user, their positions and horizons     |
//! | `feed`         | sessions that subscribe from a position and are fed from the log    |
//! | `membership`   | sessions and subscriptions coming and going                         |
//! | `publish`      | a message on its way to everybody it is for                         |
//! | `queue`        | what leaves the queue of a session, and what comes back to it       |
//! | `directed`     | what code does to one session: deliver, configure, end              |
//! | `session_settings` | settings of one session, set from code                          |
//! | `round`        | one event on its way into many queues                               |
//! | `index`        | who subscribed to what, found without scanning                      |
//! | `tally`        | how many there are of each browser or address, without leaks        |
//! | `notice`       | what listeners have still to be told of one session                 |
//! | `guard`        | running what embedders have written                                 |
//! | `conversation` | one request body, message by message                                |
//! | [`snapshot`]   | what is there right now, page by page                               |
//! | `user`         | what a user is called                                               |
//! | `wall`         | the time of day, for what outlives the process or is read elsewhere |
//! | `wheel`        | one coarse timer for all sessions                                   |
//! | `alarm`        | when it looks at one session next                                   |
//!
//! # Ownership and locks
//!
//! Shared state is a sharded map of small machines, each locked briefly (shape 2 of the house).
//! Locks nest in one order only: log, then index shard or user entry, then session, then the count
//! of a tally. No lock is held while a waker runs, a listener is called or anything is awaited.
//!
//! # Private channels
//!
//! Patterns named in [`Config::private`] belong to users, not to names: a message there is
//! delivered by [`Broker::deliver_to_user`] to sessions of that user and to nobody else, whatever
//! anybody subscribed to. Such a subscription is never put into the shared index.

mod activity;
pub mod address;
mod alarm;
pub mod authorizer;
mod backlog;
mod binding;
mod broker;
mod cell;
pub mod channel_rule;
pub mod config;
mod conversation;
mod directed;
mod effect;
mod event;
pub mod extension;
mod feed;
pub mod filter;
mod guard;
pub mod hold;
pub mod index;
pub mod link;
pub mod listener;
pub mod local;
mod log;
mod membership;
mod notice;
mod outbox;
pub mod policy;
mod publish;
mod queue;
mod rate;
pub mod replay;
mod round;
pub mod service;
mod session;
mod session_settings;
pub mod snapshot;
pub mod stats;
mod storm;
mod tally;
mod user;
pub mod verdict;
mod wall;
mod wheel;

pub use activity::{ActiveBy, Activity};
pub use authorizer::{Authorizer, Grants, Operation, Opinion};
pub use binding::CookieBinding;
pub use broker::Broker;
pub use channel_rule::{ChannelRule, ChannelSettings, Overflow, Retention};
pub use config::{Config, ConfigError};
pub use conversation::{Answer, Entropy, Reach, Request};
pub use effect::Release;
pub use extension::{Extension, Incoming, Outgoing, Replying};
pub use filter::{DataFilter, Filtered, NoMarkup};
pub use hold::{Delivery, Hold};
pub use link::Link;
pub use listener::{Listener, Published, RemovedBecause};
pub use local::{LocalMessage, LocalOptions, LocalSession, Parts};
pub use policy::{Asking, Policy, Rules};
pub use publish::PublishError;
pub use rate::Rate;
pub use replay::{History, Logged};
pub use service::{Call, Responder, Service, service_fn};
pub use session_settings::SessionSettings;
pub use snapshot::{ChannelView, Presence, SessionView, Snapshot, Via};
pub use stats::Stats;
pub use user::UserId;
pub use verdict::Verdict;
pub use wall::WallClock;
