//! What goes over the wire, as a client sees it: requests written, answers read.

mod advice;
mod received;
mod request;

pub(crate) use advice::Advice;
pub(crate) use received::{Received, Told, read};
pub(crate) use request::{Head, Request};
