//! Customers and agents that act by themselves, as a file says: the same from the same seed.
//!
//! | Part        | What it does                                                             |
//! |-------------|--------------------------------------------------------------------------|
//! | `file`      | what a scenario says, in TOML or JSON                                    |
//! | `plan`      | checks it and draws every story from the seed                            |
//! | `planning`  | where that is done over HTTP: off the workers, one at a time             |
//! | `player`    | a pure machine: which action is next, and what follows from its outcome  |
//! | `runner`    | the task that keeps the time and carries actions out on the core         |
//! | `registry`  | which scenarios are played, and how far they are                         |
//! | `routes`    | `/sim/v1/scenarios`                                                      |
//! | `built_in`  | scenarios that the binary has with it                                    |
//!
//! `docs/SCENARIOS.md` is for who writes one.

mod built_in;
mod file;
mod plan;
mod planning;
mod player;
mod random;
mod registry;
pub(super) mod routes;
mod runner;
mod script;
mod span;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use built_in::{built_in, built_in_named};
pub(crate) use file::Scenario;
pub(crate) use plan::Plan;
pub(crate) use registry::{Scenarios, lines};

/// A seed for who gave none: short enough to be read out, and exact in JavaScript. `None` if the
/// system has no randomness.
pub(crate) fn new_seed() -> Option<u64> {
    getrandom::u32().ok().map(u64::from)
}
