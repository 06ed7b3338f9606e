//! Scenarios of the journal, on every home.
//!
//! | Module   | What it checks                                                        |
//! |----------|-----------------------------------------------------------------------|
//! | `suite`  | the promises of the trait, each on each home                          |
//! | `model`  | random operations against a list                                      |
//! | `file`   | lock, format, groups, and survival of a kill, of the file home        |
//! | `faulty` | the test equipment itself                                             |
#![cfg(test)]

mod faulty;
mod file;
mod homes;
mod model;
mod suite;
