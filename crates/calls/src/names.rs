//! Names with an identity: numbers, users and the ids of calls, interactions and participants.
//!
//! Each is checked once, when it is made, so later code does not. All are cheap to clone, compare
//! byte by byte, and are texts in records.

use std::borrow::Borrow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is no name of its kind. The caller's fault.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    Empty {
        /// What it was to be.
        kind: &'static str,
    },
    /// The text is too long.
    TooLong {
        /// What it was to be.
        kind: &'static str,
        /// Length of the text, in bytes.
        bytes: usize,
        /// Most bytes allowed.
        limit: usize,
    },
    /// The text holds a character that names of this kind must not have.
    Character {
        /// What it was to be.
        kind: &'static str,
    },
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { kind } => write!(f, "{kind} must not be empty"),
            Self::TooLong { kind, bytes, limit } => {
                write!(f, "{kind} of {bytes} bytes exceeds {limit} bytes")
            }
            Self::Character { kind } => write!(f, "{kind} holds a character it must not have"),
        }
    }
}

impl Error for NameError {}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $limit:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Longest text, in bytes.
            pub const MAX_BYTES: usize = $limit;

            /// Checks `text` and makes a name of it.
            ///
            /// # Errors
            ///
            /// [`NameError`] when the text is empty, too long or holds a forbidden character.
            pub fn new(text: impl Into<Arc<str>>) -> Result<Self, NameError> {
                let text = text.into();
                let allowed: fn(char) -> bool = $allowed;
                match text.len() {
                    0 => Err(NameError::Empty { kind: $kind }),
                    bytes if bytes > Self::MAX_BYTES => {
                        Err(NameError::TooLong { kind: $kind, bytes, limit: Self::MAX_BYTES })
                    }
                    _ if !text.chars().all(allowed) => Err(NameError::Character { kind: $kind }),
                    _ => Ok(Self(text)),
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                Self::from(name.as_str())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A directory number: the line of one agent's device, such as `15000`. Printable ASCII
    /// without blanks.
    Dn, "a directory number", 64, |c| c.is_ascii_graphic()
);
name!(
    /// A number as dialled or shown, inside or outside, such as `+15550100`. Printable ASCII;
    /// blanks are allowed.
    Number, "a number", 64, |c| c.is_ascii_graphic() || c == ' '
);
name!(
    /// The number or address of who is outside: `+15550100`, `sam@example.com`. Printable ASCII;
    /// blanks are allowed.
    Contact, "a number or address", 254, |c| c.is_ascii_graphic() || c == ' '
);
name!(
    /// A short text about an interaction, such as the subject of an e-mail. Any text without control
    /// characters.
    Label, "a label", 1024, |c| !c.is_control()
);
name!(
    /// A media type of open media, as [`CallId`].
    MediaType, "a media type", 64, is_id
);
name!(
    /// The name of a user who may take part in interactions. Any text without control characters.
    UserName, "a user name", 256, |c| !c.is_control()
);
name!(
    /// The name a participant of an interaction is shown under. Any text without control
    /// characters.
    Nickname, "a nickname", 256, |c| !c.is_control()
);
name!(
    /// Why an agent is not ready, as a code or in words. Any text without control characters.
    Reason, "a reason", 64, |c| !c.is_control()
);
name!(
    /// The id of a call, also its call UUID. ASCII letters, digits, `-`, `_` and `@`; ours are 32
    /// characters of `[0-9A-Z]`.
    CallId, "a call id", 64, is_id
);
name!(
    /// The connection id of a call. As [`CallId`]; ours are 16 lower-case hexadecimal digits.
    ConnId, "a connection id", 64, is_id
);
name!(
    /// The id of an interaction. As [`CallId`]; ours are 16 characters of `[0-9A-Za-z]`.
    InteractionId, "an interaction id", 64, is_id
);
name!(
    /// The id of a participant of an interaction. As [`CallId`]; ours are 16 upper-case
    /// hexadecimal digits.
    ParticipantId, "a participant id", 64, is_id
);
name!(
    /// Tones to send: `0` to `9`, `*`, `#`, `A` to `D` and `,` for a pause.
    Digits, "a row of digits", 64, |c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D' | 'a'..='d' | ',')
);

impl Dn {
    /// This line as a number to show or dial.
    pub fn number(&self) -> Number {
        Number(Arc::clone(&self.0))
    }
}

fn is_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_checked_at_both_ends_and_within() {
        assert_eq!(Dn::new(""), Err(NameError::Empty { kind: "a directory number" }));
        assert!(Dn::new("1".repeat(64)).is_ok());
        assert!(matches!(Dn::new("1".repeat(65)), Err(NameError::TooLong { bytes: 65, .. })));
        for text in ["1 2", "1\n", "\u{e9}"] {
            assert!(matches!(Dn::new(text), Err(NameError::Character { .. })), "{text:?}");
        }
        assert!(Number::new("+1 (555) 0100").is_ok());
        assert!(CallId::new("../x").is_err());
    }

    #[test]
    fn a_record_with_a_bad_name_is_refused() {
        assert!(serde_json::from_str::<Dn>("\"15000\"").is_ok());
        assert!(serde_json::from_str::<Dn>("\"\"").is_err());
    }
}
