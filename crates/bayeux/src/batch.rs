//! A body: its bounds and the messages in it.
//!
//! A body is a JSON array of messages or one bare message object. Everything else is a framing
//! error, for which no single message can be blamed: the transport answers it with an HTTP error.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0 asks for arrays and allows a bare object. Observed: CometD answers
//! several of these errors with HTTP 500; we answer `400`, `413` for a bound.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::message::Message;

/// Bounds of one body.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most messages in one body. Default 1,000.
    pub messages: usize,
    /// Deepest nesting of arrays and objects. Default 512.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { messages: 1000, depth: 512 }
    }
}

/// Why a body was refused as a whole. All of these are the peer's mistake.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is not valid UTF-8.
    NotUtf8,
    /// Nothing but white space.
    Empty,
    /// Not JSON, or not an array of objects or an object; with line and column.
    NotMessages(String),
    /// An array without messages.
    NoMessages,
    /// More messages than [`Limits::messages`].
    TooMany(usize),
    /// Nested deeper than [`Limits::depth`].
    TooDeep(usize),
}

impl DecodeError {
    /// The HTTP status a transport answers with.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooMany(_) => 413,
            _ => 400,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("the body is not valid UTF-8"),
            Self::Empty => f.write_str("the body is empty"),
            Self::NotMessages(why) => write!(f, "the body is no array of messages: {why}"),
            Self::NoMessages => f.write_str("the array holds no message"),
            Self::TooMany(limit) => write!(f, "a body holds at most {limit} messages"),
            Self::TooDeep(limit) => write!(f, "a body is nested at most {limit} levels deep"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Reads the messages of a body; they borrow from it.
///
/// # Errors
///
/// [`DecodeError`] if the body as a whole is unusable. A single odd message is no error here.
///
/// # Examples
///
/// ```
/// use encke_bayeux::batch::{Limits, decode};
///
/// let body = br#"[{"channel":"/a","data":1.10,"id":"1"}]"#;
/// let messages = decode(body, &Limits::default()).unwrap();
/// assert_eq!(messages[0].data.unwrap().get(), "1.10");
/// ```
pub fn decode<'a>(body: &'a [u8], limits: &Limits) -> Result<Vec<Message<'a>>, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| DecodeError::NotUtf8)?;
    let text = text.trim_ascii();
    let first = text.as_bytes().first().ok_or(DecodeError::Empty)?;
    check_depth(text.as_bytes(), limits.depth)?;
    if *first == b'{' {
        let message = serde_json::from_str(text).map_err(|e| not_messages(&e))?;
        return Ok(vec![message]);
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut too_many = false;
    let seed = Array { limit: limits.messages, too_many: &mut too_many };
    let messages = seed.deserialize(&mut reader).and_then(|messages| {
        reader.end()?;
        Ok(messages)
    });
    match messages {
        _ if too_many => Err(DecodeError::TooMany(limits.messages)),
        Err(error) => Err(not_messages(&error)),
        Ok(messages) if messages.is_empty() => Err(DecodeError::NoMessages),
        Ok(messages) => Ok(messages),
    }
}

fn not_messages(error: &serde_json::Error) -> DecodeError {
    DecodeError::NotMessages(error.to_string())
}

/// Refuses JSON text that nests deeper than `limit`, for whoever takes messages in another form.
///
/// Text with fewer brackets than that is not looked at closely.
///
/// # Errors
///
/// [`DecodeError::TooDeep`].
pub fn check_depth(text: &[u8], limit: usize) -> Result<(), DecodeError> {
    if text.len() <= limit {
        return Ok(());
    }
    let brackets = text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if brackets <= limit {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return Err(DecodeError::TooDeep(limit));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Reads an array of messages and stops at the bound.
struct Array<'b> {
    limit: usize,
    too_many: &'b mut bool,
}

impl<'de> DeserializeSeed<'de> for Array<'_> {
    type Value = Vec<Message<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = Vec<Message<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut messages = Vec::with_capacity(1);
        while let Some(message) = seq.next_element()? {
            if messages.len() == self.limit {
                *self.too_many = true;
                return Err(serde::de::Error::custom("too many messages"));
            }
            messages.push(message);
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &[u8]) -> DecodeError {
        decode(body, &Limits::default()).unwrap_err()
    }

    #[test]
    fn a_bare_object_is_a_batch_of_one() {
        assert_eq!(decode(b" {\"channel\":\"/a\"}\n", &Limits::default()).unwrap().len(), 1);
    }

    #[test]
    fn framing_errors_are_told_apart() {
        assert_eq!(refused(b""), DecodeError::Empty);
        assert_eq!(refused(b" \n"), DecodeError::Empty);
        assert_eq!(refused(b"[]"), DecodeError::NoMessages);
        assert_eq!(refused(b"[{\"a\":\"\xff\"}]"), DecodeError::NotUtf8);
        for body in [
            "null",
            "1",
            "\"x\"",
            "[null]",
            "[1]",
            "[[]]",
            "[{}",
            "[{},]",
            "[{}]x",
            "{}x",
            "[{\"channel\":",
        ] {
            assert!(matches!(refused(body.as_bytes()), DecodeError::NotMessages(_)), "{body}");
        }
    }

    #[test]
    fn the_number_of_messages_is_bounded() {
        let body = format!("[{}{{}}]", "{},".repeat(1000));
        assert_eq!(refused(body.as_bytes()), DecodeError::TooMany(1000));
    }

    #[test]
    fn depth_is_bounded_and_strings_do_not_count() {
        let nested = |n: usize| format!("[{{\"data\":{}{}}}]", "[".repeat(n), "]".repeat(n));
        assert!(decode(nested(510).as_bytes(), &Limits::default()).is_ok());
        assert_eq!(refused(nested(511).as_bytes()), DecodeError::TooDeep(512));
        assert_eq!(refused(nested(100_000).as_bytes()), DecodeError::TooDeep(512));
        let string = format!("[{{\"data\":\"{}\\\"{}\"}}]", "[".repeat(600), "[".repeat(600));
        assert!(decode(string.as_bytes(), &Limits::default()).is_ok());
    }
}
