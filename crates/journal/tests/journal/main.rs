//! Scenarios of the journal, on every home.
//!
//! | Module   | What it checks                                                        |
//! |----------|-----------------------------------------------------------------------|
//! | `suite`  | the promises of the trait, each on each home                          |
//! | `model`  | random operations against a list                                      |
//! | `file`   | lock, format, groups, and survival of a kill, of the file home        |
//! | `damage` | files that are cut, flipped, tampered with, or of an older format     |
//! | `full`   | a file that the kernel lets grow no further                           |
//! | `faulty` | the test equipment itself                                             |
#![cfg(test)]

mod damage;
mod faulty;
mod file;
mod full;
mod homes;
mod model;
mod suite;
