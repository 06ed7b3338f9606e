//! Scenarios of the journal, on every home.
//!
//! | Module   | What it checks                                                        |
//! |----------|-----------------------------------------------------------------------|
//! | `suite`  | the promises of the trait, each on each home                          |
//! | `model`  | random operations against a list                                      |
//! | `file`   | lock, format, groups, and survival of a kill, of the file home        |
//! | `full`   | a file that the kernel lets grow no further                           |
//! | `inspect` | files that are looked at, and made smaller                           |
//! | `format` | files of the first format                                             |
//! | `tampered` | files whose pages are in order and whose contents are not           |
//! | `snapshots` | what only a file promises of snapshots: its format, and survival          |
//! | `random` | numbers for tests that are repeated with their seed                   |
//! | `damage` | files that were cut, or in which bits flipped                         |
//! | `faulty` | the test equipment itself                                             |
#![cfg(test)]

mod damage;
mod faulty;
mod file;
mod files;
mod format;
mod full;
mod homes;
mod inspect;
mod model;
mod random;
mod snapshots;
mod suite;
mod tampered;
