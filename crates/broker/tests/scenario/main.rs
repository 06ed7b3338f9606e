//! Conversations with a broker on one thread and in invented time.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "support code of tests, which clippy takes for library code"
)]

mod support;

mod abuse;
mod acknowledge;
mod activity;
mod authorizer;
mod browser;
mod connect;
mod credentials;
mod delivery;
mod directed;
mod ending;
mod extension;
mod handshake;
mod lazy;
mod link;
mod listener;
mod local;
mod model;
mod order;
mod overflow;
mod private;
mod publisher;
mod replay;
mod service;
mod snapshot;
mod storm;
mod subscribe;
mod timestamp;
mod timesync;
