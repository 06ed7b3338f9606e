//! The stamp inside `data`: which run, which stream, which message, when it was due.
//!
//! A message carries the time at which it was meant to leave, not the time at which it left, so a
//! publisher that is kept waiting cannot hide the waiting of its subscribers (coordinated
//! omission). Members are found by name, since servers that render `data` anew may change their
//! order; in the order in which they were written they are found without a search. The padding is
//! checked byte for byte.

use std::io::Write as _;

use crate::scan;

/// Fewest bytes of a payload: a stamp with the largest numbers a run can have.
pub const MIN_BYTES: usize = 80;

/// What padding consists of.
const PADDING: u8 = b'x';

/// What one message says about itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    /// The run that published it; other runs may use the same channel.
    pub(crate) run: u32,
    /// The stream it belongs to.
    pub(crate) stream: u32,
    /// Its number in the stream, from 0 without gaps.
    pub(crate) number: u64,
    /// Microseconds from the start of the schedule to the moment it was due.
    pub(crate) due_us: u64,
    /// Bytes of intact padding; `None` if it is not intact.
    pub(crate) padding: Option<usize>,
}

impl Stamp {
    /// Appends a JSON object of exactly `bytes` bytes, or of what the stamp needs.
    pub(crate) fn render(self, bytes: usize, out: &mut Vec<u8>) {
        let Self { run, stream, number, due_us, .. } = self;
        let start = out.len();
        // Writing to a Vec cannot fail, so the result says nothing.
        drop(write!(out, r#"{{"r":{run},"s":{stream},"n":{number},"t":{due_us},"p":""#));
        let padding = bytes.saturating_sub(out.len() - start + 2);
        out.resize(out.len() + padding, PADDING);
        out.extend_from_slice(b"\"}");
    }

    /// Reads the stamp of `data`; `None` if it has none.
    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        Self::as_written(data).or_else(|| Self::in_any_order(data))
    }

    fn as_written(data: &[u8]) -> Option<Self> {
        let (run, rest) = digits(data.strip_prefix(b"{\"r\":")?)?;
        let (stream, rest) = digits(rest.strip_prefix(b",\"s\":")?)?;
        let (number, rest) = digits(rest.strip_prefix(b",\"n\":")?)?;
        let (due_us, rest) = digits(rest.strip_prefix(b",\"t\":")?)?;
        let padding = rest.strip_prefix(b",\"p\":\"")?.strip_suffix(b"\"}")?;
        let padding = intact(padding);
        Some(Self {
            run: u32::try_from(run).ok()?,
            stream: u32::try_from(stream).ok()?,
            number,
            due_us,
            padding,
        })
    }

    fn in_any_order(data: &[u8]) -> Option<Self> {
        let (mut run, mut stream, mut number, mut due_us) = (None, None, None, None);
        let mut padding = None;
        for member in scan::members(data).ok()? {
            match member.ok()? {
                (b"\"r\"", value) => run = Some(u32::try_from(scan::number(value)?).ok()?),
                (b"\"s\"", value) => stream = Some(u32::try_from(scan::number(value)?).ok()?),
                (b"\"n\"", value) => number = Some(scan::number(value)?),
                (b"\"t\"", value) => due_us = Some(scan::number(value)?),
                (b"\"p\"", value) => {
                    padding = scan::text(value).and_then(|text| intact(text.as_bytes()));
                }
                _ => {}
            }
        }
        Some(Self { run: run?, stream: stream?, number: number?, due_us: due_us?, padding })
    }

    /// Bytes of the padding that [`Stamp::render`] gave this stamp.
    pub(crate) fn padding_of(self, bytes: usize) -> usize {
        let numbers = [u64::from(self.run), u64::from(self.stream), self.number, self.due_us];
        let digits = |number: u64| number.checked_ilog10().map_or(1, |log| log as usize + 1);
        let stamp = r#"{"r":,"s":,"n":,"t":,"p":""}"#.len();
        bytes.saturating_sub(stamp + numbers.map(digits).iter().sum::<usize>())
    }
}

/// The number in front, and what follows it.
fn digits(text: &[u8]) -> Option<(u64, &[u8])> {
    let length = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })?;
    Some((number, rest))
}

fn intact(padding: &[u8]) -> Option<usize> {
    padding.iter().all(|byte| *byte == PADDING).then_some(padding.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(stamp: Stamp, bytes: usize) -> Vec<u8> {
        let mut data = Vec::new();
        stamp.render(bytes, &mut data);
        data
    }

    #[test]
    fn a_stamp_comes_back_and_has_the_size_asked_for() {
        let largest = 999_999_999_999;
        for (stream, number, bytes) in [(0, 0, 100), (999_999, largest, MIN_BYTES), (9, 7, 1000)] {
            let stamp = Stamp { run: u32::MAX, stream, number, due_us: number, padding: None };
            let data = rendered(stamp, bytes);
            assert_eq!(data.len(), bytes);
            let read = Stamp::read(&data).unwrap();
            assert_eq!(read, Stamp { padding: Some(stamp.padding_of(bytes)), ..stamp });
            assert_eq!(Stamp::in_any_order(&data), Some(read));
        }
    }

    #[test]
    fn the_order_of_members_does_not_matter() {
        let data = br#"{ "t": 3, "p": "\"n\":9", "n": 2, "s": 4, "r": 1 }"#;
        let stamp = Stamp { run: 1, stream: 4, number: 2, due_us: 3, padding: None };
        assert_eq!(Stamp::read(data), Some(stamp));
        let data = br#"{"p":"xx","t":3,"n":2,"s":4,"r":1}"#;
        assert_eq!(Stamp::read(data), Some(Stamp { padding: Some(2), ..stamp }));
    }

    #[test]
    fn damaged_padding_is_noticed() {
        let stamp = Stamp { run: 1, stream: 2, number: 3, due_us: 4, padding: None };
        let mut data = rendered(stamp, 100);
        data[90] = b'y';
        assert_eq!(Stamp::read(&data).unwrap().padding, None);
    }

    #[test]
    fn other_data_has_no_stamp() {
        for data in ["", "null", "{}", r#"{"r":1,"n":2}"#, r#"{"r":1,"s":1,"n":-2,"t":1}"#] {
            assert_eq!(Stamp::read(data.as_bytes()), None, "{data}");
        }
    }
}
