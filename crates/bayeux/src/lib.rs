//! The Bayeux wire protocol as values.
//!
//! This crate turns bytes into messages and outcomes into bytes. It knows no socket, clock,
//! thread or task, and it decides nothing: who may do what, and when, is the broker's business.
//!
//! | Module      | Owns                                                             |
//! |-------------|------------------------------------------------------------------|
//! | [`channel`] | channel names, their grammar and their kinds                     |
//! | [`pattern`] | what a subscription names: a channel, `/*` or `/**`              |
//! | [`id`]      | client ids and browser ids                                       |
//! | [`message`] | one message as it came, borrowed from the body                   |
//! | [`batch`]   | a whole body: its size, depth, count, and the messages in it     |
//! | [`advice`]  | what the server advises, and what a client asks for              |
//! | [`ext`]     | the extensions this server understands                           |
//! | [`replay`]  | where a subscription begins in a log, and what follows           |
//! | [`timestamp`] | the time of day as messages carry it                            |
//! | [`timesync`] | how a client's clock differs from the server's                   |
//! | [`error_text`] | error texts that an embedder makes, and their grammar             |
//! | [`failure`] | refusals as `code:args:text`, in the dialect a deployment needs  |
//! | [`reply`]   | the answer to one message                                        |
//! | [`remote_call`] | the result of a remote call                                      |
//! | [`event`]   | a published message, rendered once for all its receivers         |
//!
//! Start at [`batch::decode`], [`reply::Reply`] and [`event::render`].
//!
//! # The promise about `data`
//!
//! `data` and `ext` are carried as the JSON text that the publisher wrote. They are checked to be
//! JSON and never rendered again, so `1.10` stays `1.10`, 2^63 stays itself and the order of keys
//! stays what it was. No other server of this protocol keeps that promise.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0. Where deployed servers and clients differ from the text, the module
//! that decides says so and names what was observed.

pub mod advice;
pub mod batch;
pub mod channel;
pub mod error_text;
pub mod event;
pub mod ext;
pub mod failure;
pub mod id;
pub mod message;
pub mod pattern;
pub mod remote_call;
pub mod replay;
pub mod reply;
mod text;
pub mod timestamp;
pub mod timesync;

pub use advice::{Advice, ClientAdvice, Reconnect};
pub use channel::{ChannelError, ChannelKind, ChannelName};
pub use error_text::{ErrorText, ErrorTextError, Reason};
pub use ext::{Ack, Extensions};
pub use failure::{Dialect, Failure};
pub use id::{BrowserId, ClientId};
pub use message::Message;
pub use pattern::ChannelPattern;
pub use replay::{ReplayAnswer, ReplayFrom, ReplayStatus};
pub use timestamp::Timestamp;
pub use timesync::TimeSync;
