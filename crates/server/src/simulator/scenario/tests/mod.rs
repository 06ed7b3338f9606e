//! Scenarios on the pure call model, in invented time.

mod house;
mod refused;
mod repeatable;
mod stories;
