//! The name of one log within a journal.
//!
//! A [`Key`] is checked once, when it is made, so that no home has to check it again. What the text
//! means is the caller's business; a journal compares it byte by byte and nothing else.

use std::borrow::Borrow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The name of one log: 1 to [`Key::MAX_BYTES`] bytes of UTF-8. Clones share the text.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(Arc<str>);

impl Key {
    /// Longest key, in bytes. Keys are repeated in the index for every record, so they stay short;
    /// 256 leaves room for a kind, a tenant and a 64 character id.
    pub const MAX_BYTES: usize = 256;

    /// Makes a key of `text`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Empty`] for the empty text, [`KeyError::TooLong`] beyond [`Key::MAX_BYTES`].
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, KeyError> {
        let text = text.into();
        match text.len() {
            0 => Err(KeyError::Empty),
            bytes if bytes > Self::MAX_BYTES => Err(KeyError::TooLong { bytes }),
            _ => Ok(Self(text)),
        }
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Key {
    type Error = KeyError;

    fn try_from(text: &str) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Key {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no [`Key`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is empty.
    Empty,
    /// The text is longer than [`Key::MAX_BYTES`].
    TooLong {
        /// Length of the text in bytes.
        bytes: usize,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a journal key must not be empty"),
            Self::TooLong { bytes } => {
                write!(f, "a journal key of {bytes} bytes exceeds {} bytes", Key::MAX_BYTES)
            }
        }
    }
}

impl Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_length_is_bounded_at_both_ends() {
        assert_eq!(Key::new(""), Err(KeyError::Empty));
        assert!(Key::new("x").is_ok());
        assert!(Key::new("x".repeat(Key::MAX_BYTES)).is_ok());
        assert_eq!(
            Key::new("x".repeat(Key::MAX_BYTES + 1)),
            Err(KeyError::TooLong { bytes: Key::MAX_BYTES + 1 })
        );
    }
}
