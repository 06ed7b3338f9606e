//! How much a scenario may be.
//!
//! | Of one scenario                        | At most  |
//! |----------------------------------------|----------|
//! | users that are named                   | 1,000    |
//! | names in one `to`                      | 1,000    |
//! | tables of calls, of SMS sessions       | 100 each |
//! | steps or lines of one table            | 50       |
//! | places of one text                     | 100      |
//! | stories                                | 10,000   |
//! | steps of all stories                   | 100,000  |
//! | texts, keys and user data of all stories | 64 MiB |
//! | calls and SMS sessions at a time       | 1,000    |
//! | arrivals in a minute                   | 6,000    |
//! | duration, and any time in it           | a day    |
//! | speed                                  | 0.01 to 1,000 |
//!
//! Times are bounded where they are [read](super::super::span), and so are
//! [places](super::super::text).

pub(super) const MAX_SEATS: usize = 1_000;
pub(super) const MAX_NAMES: usize = 1_000;
pub(super) const MAX_TABLES: usize = 100;
pub(super) const MAX_LINES: usize = 50;
pub(super) const MAX_STORIES: usize = 10_000;
pub(super) const MAX_STEPS: usize = 100_000;
pub(super) const MAX_DRAWN_BYTES: usize = 64 * 1024 * 1024;
pub(super) const MAX_ALIVE: usize = 1_000;
pub(super) const MAX_PER_MINUTE: f64 = 6_000.0;
/// How fast and how slow a scenario may be played.
pub(super) const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;

pub(super) fn check(lines: usize, chances: impl Iterator<Item = f64>) -> Result<(), String> {
    if lines > MAX_LINES {
        return Err("has more than 50 steps".to_owned());
    }
    for chance in chances {
        if !(0.0..=1.0).contains(&chance) {
            return Err("has a probability that is not from 0 to 1".to_owned());
        }
    }
    Ok(())
}
