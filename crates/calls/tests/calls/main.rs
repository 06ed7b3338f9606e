//! Calls in invented time.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod basics;
mod consults;
mod feeds;
mod forwarding;
mod house;
