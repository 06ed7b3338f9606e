//! The gateway from outside: requests into the router, notifications out of the projection, with a
//! real core over the memory journal and an invented clock.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as loudly as tests do"
)]

mod again;
mod agents;
mod asyncapi;
mod bounds;
mod consults;
mod errors;
mod golden;
mod media;
mod media_conversations;
mod media_model;
mod model;
mod openapi;
mod reads;
mod sms;
mod support;
mod third_party;
mod transcripts;
mod voice;
