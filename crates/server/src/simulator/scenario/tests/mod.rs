//! Scenarios on the pure call model, in invented time.

mod document;
mod house;
mod refused;
mod repeatable;
mod stories;
