//! The stamp inside `data`: which run, which message, when it was due.
//!
//! A message carries the time at which it was meant to leave, not the time at which it left, so a
//! publisher that is kept waiting cannot hide the waiting of its subscribers (coordinated
//! omission). Members are found by name: servers that render `data` anew may change their order.

use crate::scan;

/// Fewest bytes of a payload: a stamp with the largest numbers.
pub const MIN_BYTES: usize = 80;

/// What one message says about itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    /// The run that published it; other runs may use the same channel.
    pub(crate) run: u32,
    /// Its number, from 0 without gaps.
    pub(crate) number: u64,
    /// Microseconds from the start of the schedule to the moment it was due.
    pub(crate) due_us: u64,
}

impl Stamp {
    /// A JSON object of exactly `bytes` bytes, or of what the stamp needs.
    pub(crate) fn render(self, bytes: usize) -> String {
        let Self { run, number, due_us } = self;
        let mut data = format!(r#"{{"r":{run},"n":{number},"t":{due_us},"p":""#);
        data.extend(std::iter::repeat_n('x', bytes.saturating_sub(data.len() + 2)));
        data.push_str("\"}");
        data
    }

    /// Reads the stamp of `data`; `None` if it has none.
    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        let (mut run, mut number, mut due_us) = (None, None, None);
        for member in scan::members(data).ok()? {
            match member.ok()? {
                (b"\"r\"", value) => run = Some(u32::try_from(scan::number(value)?).ok()?),
                (b"\"n\"", value) => number = Some(scan::number(value)?),
                (b"\"t\"", value) => due_us = Some(scan::number(value)?),
                _ => {}
            }
        }
        Some(Self { run: run?, number: number?, due_us: due_us? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back_and_has_the_size_asked_for() {
        for (number, bytes) in [(0, 100), (u64::MAX, MIN_BYTES), (7, 1000)] {
            let stamp = Stamp { run: u32::MAX, number, due_us: number };
            let data = stamp.render(bytes);
            assert_eq!(data.len(), bytes);
            assert_eq!(Stamp::read(data.as_bytes()), Some(stamp));
        }
    }

    #[test]
    fn the_order_of_members_does_not_matter() {
        let data = br#"{ "t": 3, "p": "\"n\":9", "n": 2, "r": 1 }"#;
        assert_eq!(Stamp::read(data), Some(Stamp { run: 1, number: 2, due_us: 3 }));
    }

    #[test]
    fn other_data_has_no_stamp() {
        for data in ["", "null", "{}", r#"{"r":1,"n":2}"#, r#"{"r":1,"n":-2,"t":1}"#] {
            assert_eq!(Stamp::read(data.as_bytes()), None, "{data}");
        }
    }
}
