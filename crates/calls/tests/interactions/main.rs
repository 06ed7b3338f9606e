//! Interactions of all media from beginning to end, in invented time.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod house;
mod items;
mod model;
mod records;
mod rooms;
mod sms;
