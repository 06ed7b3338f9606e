//! How a record is stored: a frame whose checksum says that it is the one that was written there.
//!
//! | Bytes      | What                                                                          |
//! |------------|-------------------------------------------------------------------------------|
//! | 1          | what the frame holds: 1 is a record that was appended, 2 a snapshot; others   |
//! |            | may have other bytes behind it                                                |
//! | 4          | CRC-32 of that byte, the position and all that follows                        |
//! | 8          | version of the key                                                            |
//! | 2          | length of the key                                                             |
//! | as it says | key, in UTF-8                                                                 |
//! | the rest   | the bytes that were appended, or those of the snapshot                        |
//!
//! Numbers are little-endian. The position is the key of the table and stands in the checksum only,
//! so a frame that is found under another position is noticed as well.

use bytes::Bytes;
use flate2::Crc;

use crate::{Damage, Entry, Key, Position, Version};

/// What a frame holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A record that was appended.
    Appended = 1,
    /// A record that stands for all of its key up to its version.
    Snapshot = 2,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Appended, Self::Snapshot].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The frame of a record at `position`.
pub(super) fn encode(
    kind: Kind,
    position: Position,
    key: &Key,
    version: Version,
    record: &[u8],
) -> Vec<u8> {
    let kind = kind as u8;
    let name = key.as_str().as_bytes();
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    let mut frame = Vec::with_capacity(BODY + 10 + name.len() + record.len());
    frame.push(kind);
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&version.get().to_le_bytes());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(name);
    frame.extend_from_slice(record);
    let (head, body) = frame.split_at_mut(BODY);
    let sum = checksum(kind, position, body);
    for (place, byte) in head.iter_mut().skip(1).zip(sum.to_le_bytes()) {
        *place = byte;
    }
    frame
}

/// The entry in `frame`, which was found at `position`, if it is what was written there.
pub(super) fn decode(position: Position, frame: &[u8]) -> Result<Entry, Damage> {
    let damaged = |what: &str| Damage::at(position, what);
    let (&byte, rest) = frame.split_first().ok_or_else(|| damaged("the record is empty"))?;
    let kind =
        Kind::of(byte).ok_or_else(|| damaged("the record has a frame of an unknown version"))?;
    let ends_early = || damaged("the record ends early");
    let (sum, body) = rest.split_first_chunk().ok_or_else(ends_early)?;
    if u32::from_le_bytes(*sum) != checksum(byte, position, body) {
        return Err(damaged("the checksum of the record is wrong"));
    }
    let (version, body) = body.split_first_chunk().ok_or_else(ends_early)?;
    let (length, body) = body.split_first_chunk().ok_or_else(ends_early)?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (name, record) = body.split_at_checked(length).ok_or_else(ends_early)?;
    let name = str::from_utf8(name).map_err(|_| damaged("the key of the record is no text"))?;
    Ok(Entry {
        position,
        key: Key::new(name).map_err(|error| damaged(&error.to_string()))?,
        version: Version::new(u64::from_le_bytes(*version)),
        record: Bytes::copy_from_slice(record),
        is_snapshot: kind == Kind::Snapshot,
    })
}

fn checksum(kind: u8, position: Position, body: &[u8]) -> u32 {
    let mut start = [kind; 9];
    for (place, byte) in start.iter_mut().skip(1).zip(position.get().to_le_bytes()) {
        *place = byte;
    }
    let mut sum = Crc::new();
    sum.update(&start);
    sum.update(body);
    sum.sum()
}

/// Where what the checksum covers begins.
const BODY: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(position: u64) -> Vec<u8> {
        let key = Key::new("call/ä").unwrap();
        encode(Kind::Appended, Position::new(position), &key, Version::new(3), b"ringing")
    }

    #[test]
    fn a_frame_is_what_this_version_writes() {
        let frame = frame(258);
        let sum = u32::from_le_bytes([frame[1], frame[2], frame[3], frame[4]]);
        // CRC-32 as zlib has it, over 01 | 0201000000000000 | what follows the checksum.
        assert_eq!(sum, SUM, "{sum:#x}");
        assert_eq!(frame[0], 1);
        assert_eq!(&frame[5..], b"\x03\0\0\0\0\0\0\0\x07\0call/\xc3\xa4ringing");
    }

    #[test]
    fn a_frame_reads_back_and_any_flipped_bit_is_noticed() {
        let whole = frame(7);
        let entry = decode(Position::new(7), &whole).unwrap();
        assert_eq!((entry.key.as_str(), entry.version.get()), ("call/ä", 3));
        assert_eq!(&entry.record[..], b"ringing");
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(Position::new(7), &flipped).is_err(), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert!(decode(Position::new(7), &whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_snapshot_is_told_from_what_was_appended() {
        let key = Key::new("call/1").unwrap();
        let at = Position::new(7);
        let mut frame = encode(Kind::Snapshot, at, &key, Version::new(3), b"ringing");
        assert_eq!(frame[0], 2);
        assert!(decode(at, &frame).unwrap().is_snapshot);
        frame[0] = 1;
        assert!(decode(at, &frame).is_err(), "the checksum holds for its kind");
        assert!(!decode(at, &self::frame(7)).unwrap().is_snapshot);
    }

    #[test]
    fn a_frame_at_another_position_is_noticed() {
        let damage = decode(Position::new(8), &frame(7)).unwrap_err();
        assert_eq!(damage.position, Some(Position::new(8)));
    }

    const SUM: u32 = 0x214e_c765;
}
