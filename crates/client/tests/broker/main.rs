//! The client against a broker, over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "support code of tests, which clippy takes for library code"
)]

mod calls;
mod credentials;
mod messages;
mod recovery;
mod replay;
mod support;
#[cfg(feature = "tls")]
mod tls;
