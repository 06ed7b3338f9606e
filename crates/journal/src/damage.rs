//! What is wrong with a journal file, and where.

use std::error::Error;
use std::fmt;

use crate::{Key, Position};

/// Something that a journal did not write, or no longer finds.
///
/// It names places and keys and never shows what a record holds. Unlike a disk that fails, damage
/// does not go away by itself: what is left is a backup, or what an export still gives.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Damage {
    /// The record it concerns, if that is known.
    pub position: Option<Position>,
    /// The log it concerns, if that is known.
    pub key: Option<Key>,
    /// What is wrong, for the operator.
    pub what: String,
}

impl Damage {
    /// Damage that cannot be told to belong to a record.
    pub(crate) fn somewhere(what: impl Into<String>) -> Self {
        Self { position: None, key: None, what: what.into() }
    }

    /// Damage of the record at `position`.
    pub(crate) fn at(position: Position, what: impl Into<String>) -> Self {
        Self { position: Some(position), ..Self::somewhere(what) }
    }

    /// The same damage, of the log `key`.
    #[must_use]
    pub(crate) fn of(self, key: &Key) -> Self {
        Self { key: Some(key.clone()), ..self }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.position, &self.key) {
            (Some(position), Some(key)) => write!(f, "position {position}, key {key}: ")?,
            (Some(position), None) => write!(f, "position {position}: ")?,
            (None, Some(key)) => write!(f, "key {key}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.what)
    }
}

impl Error for Damage {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_says_where_as_far_as_it_is_known() {
        let damage = Damage::at(Position::new(7), "wrong");
        assert_eq!(damage.to_string(), "position 7: wrong");
        let key = Key::new("call/1").unwrap();
        assert_eq!(damage.of(&key).to_string(), "position 7, key call/1: wrong");
        assert_eq!(Damage::somewhere("wrong").of(&key).to_string(), "key call/1: wrong");
        assert_eq!(Damage::somewhere("wrong").to_string(), "wrong");
    }
}
