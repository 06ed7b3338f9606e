//! Simulated peers and fixtures for tests; never a dependency of shipped code.
//!
//! | Piece | What it is |
//! |---|---|
//! | [`Launch`], [`Server`] | the real `encke` binary as a child on a free port, killed by pid on drop |
//! | [`Connection`], [`Request`], [`Response`] | HTTP/1.1 over a bare socket: every byte is the test's own |
//! | [`Peer`] | a small Bayeux long-polling client that keeps every delivered message in order |
//! | [`Desk`] | a desk that comes back, over sessions and restarts, with the position it has reached |
//! | [`Agent`] | a user of the REST API with the few requests that the scenarios share |
//! | [`WireCutter`] | a proxy that cuts connections in the middle of whatever they carry |
//! | [`FeedStream`] | a call-state core outside, which feeds its calls and hears at once |
//! | [`Issuer`] | signs tokens with a secret that it shares with the server |
//! | [`schema`] | whether an answer is what the description of a surface says |
//! | [`eventually()`] | polling with a deadline, which tells what it last saw |
//!
//! Everything panics with what it saw instead of returning errors, unless the error is of interest
//! to a test. Nothing here knows the crates under test: peers speak to the wire.

mod agent;
mod binary;
mod desk;
mod eventually;
mod feed;
mod http;
mod login;
mod peer;
pub mod schema;
mod server;
mod token;
mod wire_cutter;

pub use agent::Agent;
pub use binary::encke_binary;
pub use desk::Desk;
pub use eventually::{DEADLINE, eventually};
pub use feed::{Answers, FeedStream, Sending};
pub use http::{Connection, Request, Response};
pub use login::Login;
pub use peer::{Delivery, GWS, PLAIN, Peer};
pub use server::{Launch, Server};
pub use token::{Issuer, now};
pub use wire_cutter::WireCutter;
