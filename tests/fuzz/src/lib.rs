//! What fuzzers feed with bytes, and what must hold whatever the bytes are.
//!
//! | Target              | The bytes are                     | What must hold                           |
//! |---------------------|-----------------------------------|------------------------------------------|
//! | [`decode_batch`]    | a request body                    | what is read is JSON, and stays so when it is rendered |
//! | [`channel_matcher`] | names and patterns                | matching is what it is segment by segment |
//! | [`session_ops`]     | what clients, networks and time do | nothing is lost, doubled or counted wrong |
//! | [`frames`]          | text frames of one WebSocket      | every answer is a batch of messages       |
//!
//! `cargo xtask fuzz` lets libFuzzer look for bytes that break them; what it found worth keeping is in
//! `corpus/`, which the tests of this package run through.

pub mod channel_matcher;
pub mod decode_batch;
pub mod frames;
mod house;
pub mod session_ops;
