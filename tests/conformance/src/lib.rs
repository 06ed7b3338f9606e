//! Black-box conformance scenarios for Bayeux servers.
//!
//! The suite speaks to a server from outside: no hooks, no accounts, nothing but the wire. Each
//! scenario is one function in the file of its topic, carries the number of the
//! observation it stands for and one of four expectations ([`Expectation`]), and runs on every
//! transport where it makes sense.
//!
//! | Piece | What it is |
//! |---|---|
//! | [`Endpoint`], [`Hints`], [`Target`] | where the server is, what the user knows of it, what it says of itself |
//! | [`Options`], [`run`] | which scenarios, and running them side by side |
//! | [`Scenario`], [`Expectation`] | the catalogue |
//! | [`Report`], [`Row`], [`Status`] | what came of it |
//!
//! # Sources
//!
//! Specified: Bayeux 1.0. Observed: CometD 3.1, 5 and 8, cometd-nodejs-server 1.2 and Faye 1.4.

mod answer;
mod client;
mod clock;
mod cookies;
mod http;
mod lab;
mod report;
mod runner;
mod scenario;
mod scenarios;
mod target;
mod transport;
mod verdict;
mod wire;

pub use report::{Report, Row, Status};
pub use runner::{Options, run};
pub use scenario::{Expectation, Scenario};
pub use target::{Endpoint, Hints, Target};
pub use transport::Transport;
