//! Where the ids of new calls and interactions come from.
//!
//! Ids need to be unique, not secret: whoever may not see a call is refused whatever he knows. The
//! source is passed in, so a scenario with a [`SeededIds`] replays from its seed.

use std::fmt::Debug;

use crate::{CallId, ConnId, InteractionId, ParticipantId};

/// A stream of random numbers, of which ids are made.
pub trait IdSource: Debug + Send {
    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64;
}

/// A stream that depends on its seed alone (splitmix64).
#[derive(Debug)]
pub struct SeededIds {
    state: u64,
}

impl SeededIds {
    /// A stream that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }
}

impl IdSource for SeededIds {
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const UPPER: u64 = 36;
const MIXED: u64 = 62;

/// 32 characters of `[0-9A-Z]`.
pub(crate) fn call_id(ids: &mut dyn IdSource) -> CallId {
    CallId::new(text(ids, 32, UPPER)).expect("the alphabet is allowed in ids")
}

/// 16 lower-case hexadecimal digits, of which the first two are zeros.
pub(crate) fn conn_id(ids: &mut dyn IdSource) -> ConnId {
    let id = format!("00{:014x}", ids.next_u64() >> 8);
    ConnId::new(id).expect("hexadecimal digits are allowed in ids")
}

/// 16 characters of `[0-9A-Za-z]`.
pub(crate) fn interaction_id(ids: &mut dyn IdSource) -> InteractionId {
    InteractionId::new(text(ids, 16, MIXED)).expect("the alphabet is allowed in ids")
}

/// 16 upper-case hexadecimal digits.
pub(crate) fn participant_id(ids: &mut dyn IdSource) -> ParticipantId {
    let id = format!("{:016X}", ids.next_u64());
    ParticipantId::new(id).expect("hexadecimal digits are allowed in ids")
}

// The remainder favours some characters by less than one in 2^58.
fn text(ids: &mut dyn IdSource, characters: usize, alphabet: u64) -> String {
    (0..characters)
        .filter_map(|_| {
            let index = usize::try_from(ids.next_u64() % alphabet).ok()?;
            ALPHANUMERIC.get(index).map(|&byte| char::from(byte))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shapes_clients_know() {
        let ids = &mut SeededIds::new(1);
        for _ in 0..100 {
            let call = call_id(ids);
            assert_eq!(call.as_str().len(), 32);
            assert!(call.as_str().bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
            let conn = conn_id(ids);
            assert!(conn.as_str().starts_with("00") && conn.as_str().len() == 16, "{conn}");
            assert_eq!(interaction_id(ids).as_str().len(), 16);
            assert_eq!(participant_id(ids).as_str().len(), 16);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        assert_eq!(call_id(&mut SeededIds::new(7)), call_id(&mut SeededIds::new(7)));
        assert_ne!(call_id(&mut SeededIds::new(7)), call_id(&mut SeededIds::new(8)));
    }
}
