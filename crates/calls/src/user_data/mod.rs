//! Data attached to a call or an interaction: an ordered list of pairs whose keys may repeat.
//!
//! Values are the JSON texts that came in, kept byte for byte: `1.10` stays `1.10`, and a number of
//! forty digits keeps all of them. Nothing here knows bounds; [`Limits`](crate::Limits) does, and
//! [`decide`](crate::decide()) checks them.
//!
//! | Operation                   | Rule                                                           |
//! |-----------------------------|----------------------------------------------------------------|
//! | [`UserData::attach`]        | appends the pairs, also where the key exists                   |
//! | [`UserData::update`]        | the first pair of a key takes the value, further ones go; new keys are appended |
//! | [`UserData::delete_pair`]   | removes every pair of one key                                  |
//! | [`UserData::delete_keys`]   | removes every pair of the given keys                           |
//! | [`UserData::clear`]         | removes all pairs                                              |
//!
//! # Sources
//!
//! - Documented: Web Services API Reference, `AttachUserData` ("creates duplicates of the same
//!   key") and `UpdateUserData`; T-Library `TAttachUserData`, `TUpdateUserData` (worked example).
//! - Ours: `DeleteUserDataPair` on a repeated key, which no page describes, removes all its pairs.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

mod error;
mod json;

pub use error::UserDataError;

/// An ordered list of pairs; clones share the pairs until one of them is changed.
///
/// `Debug` shows how many pairs there are and never what they hold, since that is customer data.
///
/// Equality compares keys, the texts of the values and the order.
#[derive(Clone, Default)]
pub struct UserData {
    pairs: Arc<Vec<Pair>>,
}

/// One key and its value.
#[derive(Clone)]
pub struct Pair {
    key: String,
    value: Box<RawValue>,
}

/// How the pairs of a repeated key are written as members of a JSON object.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Duplicates {
    /// Every pair, in order. A JavaScript client then sees the last one.
    #[default]
    All,
    /// Only the last pair of a key, at its place, for parsers that refuse repeated members.
    Last,
}

impl UserData {
    /// What one pair adds to [`packed_bytes`](Self::packed_bytes) besides its texts, in bytes.
    ///
    /// Ours: a packed list stores a type and a length with each pair; the true figure of T-Library
    /// is not published.
    pub const PAIR_OVERHEAD_BYTES: usize = 4;

    /// User data without any pair.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the members of a JSON object, keeping their order and repeated keys.
    ///
    /// # Errors
    ///
    /// [`UserDataError`] when the text is no JSON, or no object.
    pub fn parse(object: &str) -> Result<Self, UserDataError> {
        json::parse_object(object)
    }

    /// Appends one pair whose value is a JSON text.
    ///
    /// # Errors
    ///
    /// [`UserDataError`] when `value` is no JSON. Nothing is changed then.
    pub fn push(&mut self, key: impl Into<String>, value: &str) -> Result<(), UserDataError> {
        let value = serde_json::from_str::<Box<RawValue>>(value)
            .map_err(|error| UserDataError::syntax(&error))?;
        self.pairs_mut().push(Pair { key: key.into(), value });
        Ok(())
    }

    /// Appends the pairs of `added`, whether or not their keys exist.
    pub fn attach(&mut self, added: &Self) {
        self.pairs_mut().extend(added.iter().cloned());
    }

    /// Gives the keys of `changed` their new values: the first pair of a key takes the value in
    /// its place, further pairs of that key go, and new keys are appended.
    ///
    /// A key that `changed` itself repeats ends with its last value. In interactions this is also
    /// what an attach means, so their keys never repeat.
    pub fn update(&mut self, changed: &Self) {
        // The value each key ends with, and whether the key has its place already.
        let mut new: HashMap<&str, (&RawValue, bool)> = HashMap::with_capacity(changed.len());
        for pair in changed {
            new.insert(pair.key(), (&pair.value, false));
        }
        let pairs = self.pairs_mut();
        pairs.retain_mut(|old| match new.get_mut(old.key.as_str()) {
            None => true,
            Some((_, true)) => false,
            Some((value, placed)) => {
                old.value = (*value).to_owned();
                *placed = true;
                true
            }
        });
        for pair in changed {
            if let Some((value, placed @ false)) = new.get_mut(pair.key()) {
                pairs.push(Pair { key: pair.key.clone(), value: (*value).to_owned() });
                *placed = true;
            }
        }
    }

    /// Removes every pair of `key` and answers how many there were.
    pub fn delete_pair(&mut self, key: &str) -> usize {
        self.retain(|pair| pair.key != key)
    }

    /// Removes every pair of the given keys and answers how many there were.
    pub fn delete_keys<K: AsRef<str>>(&mut self, keys: &[K]) -> usize {
        let keys: HashSet<&str> = keys.iter().map(AsRef::as_ref).collect();
        self.retain(|pair| !keys.contains(pair.key()))
    }

    /// Removes all pairs and answers how many there were.
    pub fn clear(&mut self) -> usize {
        self.retain(|_| false)
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pairs in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Pair> {
        self.pairs.iter()
    }

    /// The JSON text of the last pair of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().rev().find(|pair| pair.key == key).map(Pair::value)
    }

    /// The size that limits apply to: for each pair the bytes of its key, the bytes of its value's
    /// JSON text and [`PAIR_OVERHEAD_BYTES`](Self::PAIR_OVERHEAD_BYTES).
    pub fn packed_bytes(&self) -> usize {
        self.iter()
            .map(|pair| pair.key.len() + pair.value().len() + Self::PAIR_OVERHEAD_BYTES)
            .sum()
    }

    /// How deep arrays and objects nest, this object counted: 1 when all values are scalars.
    pub fn depth(&self) -> usize {
        1 + self.iter().map(|pair| json::depth(pair.value())).max().unwrap_or(0)
    }

    fn retain(&mut self, keep: impl Fn(&Pair) -> bool) -> usize {
        let before = self.pairs.len();
        if !self.pairs.iter().all(&keep) {
            self.pairs_mut().retain(keep);
        }
        before - self.pairs.len()
    }

    fn pairs_mut(&mut self) -> &mut Vec<Pair> {
        Arc::make_mut(&mut self.pairs)
    }
}

impl Pair {
    /// The key; it may be empty and hold any text.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value as the JSON text that came in.
    pub fn value(&self) -> &str {
        self.value.get()
    }
}

impl FromIterator<Pair> for UserData {
    fn from_iter<I: IntoIterator<Item = Pair>>(pairs: I) -> Self {
        Self { pairs: Arc::new(pairs.into_iter().collect()) }
    }
}

impl<'a> IntoIterator for &'a UserData {
    type Item = &'a Pair;
    type IntoIter = std::slice::Iter<'a, Pair>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value() == other.value()
    }
}

impl Eq for Pair {}

impl PartialEq for UserData {
    fn eq(&self, other: &Self) -> bool {
        self.pairs == other.pairs
    }
}

impl Eq for UserData {}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserData").field("pairs", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("key_bytes", &self.key.len())
            .field("value_bytes", &self.value().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
