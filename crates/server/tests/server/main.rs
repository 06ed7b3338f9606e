//! The server as clients, operators and the shell see it.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the helpers of a test, taken for library code"
)]

mod api;
mod command_line;
mod description;
mod drain;
mod events;
mod feed;
mod house;
mod http2;
mod journal_command;
mod limits;
mod login;
mod operations;
mod origins;
mod pages;
mod parking;
mod polls;
mod replay;
mod rules;
mod scenarios;
mod simulator;
mod tls;
mod tls_house;
mod tokens;
mod voice;
