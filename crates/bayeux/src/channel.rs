//! Channel names: what a message is published on.
//!
//! Owns the grammar and the split into meta, service and broadcast channels. Refuses wildcards:
//! those belong to [`crate::pattern`].
//!
//! # Grammar
//!
//! A name begins with `/`, has at least one segment and no empty one. Letters, digits, blank and
//! ``! # $ ( ) * + - . / @ _ { ~ }`` are legal. One trailing slash is dropped, so `/a/` and `/a`
//! are one channel.
//!
//! # Sources
//!
//! - Specified: Bayeux 1.0, "Channels", whose set is smaller (letters, digits, `-_!~()$@`).
//! - Observed: CometD 5 to 8 accept the set above and answer anything else with `405`; they also
//!   publish to names that end in a wildcard, which the text forbids and this crate refuses.

use std::fmt;
use std::sync::Arc;

/// Longest channel name or pattern, in bytes. Peers have no limit; 1,024 is far beyond any use.
pub const MAX_CHANNEL_BYTES: usize = 1024;

/// Most segments of a channel name or pattern; a publish looks up at most this many patterns more.
pub const MAX_CHANNEL_SEGMENTS: usize = 64;

/// What a channel is for, told by the beginning of its name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ChannelKind {
    /// `/meta/...`: the protocol talks to the server.
    Meta,
    /// `/service/...`: a client talks to the server; never broadcast.
    Service,
    /// Everything else: publish and subscribe.
    Broadcast,
}

/// A valid channel name. Cheap to clone.
///
/// # Examples
///
/// ```
/// use encke_bayeux::{ChannelKind, ChannelName};
///
/// let calls = ChannelName::new("/v2/me/calls").unwrap();
/// assert_eq!(calls.kind(), ChannelKind::Broadcast);
/// assert!(ChannelName::new("/a//b").is_err());
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChannelName(Arc<str>);

impl ChannelName {
    /// Checks `text` and drops one trailing slash.
    ///
    /// # Errors
    ///
    /// [`ChannelError`] names the rule that was broken.
    pub fn new(text: &str) -> Result<Self, ChannelError> {
        let text = check(text)?;
        if text.ends_with("/*") || text.ends_with("/**") {
            return Err(ChannelError::Wildcard);
        }
        Ok(Self(text.into()))
    }

    /// The name as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name's text, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// What the channel is for.
    pub fn kind(&self) -> ChannelKind {
        kind_of(&self.0)
    }
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no channel name or pattern. All of these are the peer's mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ChannelError {
    /// The first character is not `/`, or nothing follows it.
    NoSegment,
    /// Two slashes without anything between them.
    EmptySegment,
    /// A character outside the grammar.
    Character(char),
    /// `*` or `**` where a plain segment has to be.
    Wildcard,
    /// More than [`MAX_CHANNEL_BYTES`].
    TooLong,
    /// More than [`MAX_CHANNEL_SEGMENTS`].
    TooDeep,
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSegment => f.write_str("a channel begins with / and has a segment"),
            Self::EmptySegment => f.write_str("a channel has no empty segment"),
            Self::Character(c) => write!(f, "{c:?} is not allowed in a channel"),
            Self::Wildcard => {
                f.write_str("a wildcard is allowed as last segment of a subscription")
            }
            Self::TooLong => write!(f, "a channel has at most {MAX_CHANNEL_BYTES} bytes"),
            Self::TooDeep => write!(f, "a channel has at most {MAX_CHANNEL_SEGMENTS} segments"),
        }
    }
}

impl std::error::Error for ChannelError {}

/// The kind that a name, or the pattern of a subscription, begins with.
pub(crate) fn kind_of(text: &str) -> ChannelKind {
    if text.starts_with("/meta/") {
        ChannelKind::Meta
    } else if text.starts_with("/service/") {
        ChannelKind::Service
    } else {
        ChannelKind::Broadcast
    }
}

/// Checks the grammar that names and patterns share and returns the text to keep.
pub(crate) fn check(text: &str) -> Result<&str, ChannelError> {
    let segments = text.strip_prefix('/').ok_or(ChannelError::NoSegment)?;
    if segments.is_empty() {
        return Err(ChannelError::NoSegment);
    }
    if text.len() > MAX_CHANNEL_BYTES {
        return Err(ChannelError::TooLong);
    }
    if !text.bytes().all(is_legal_byte)
        && let Some(c) = text.chars().find(|c| !is_legal(*c))
    {
        return Err(ChannelError::Character(c));
    }
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    // Byte by byte: a slash in front of a segment that is not empty.
    let (mut count, mut before) = (0, b'/');
    for byte in segments.bytes() {
        if before == b'/' {
            if byte == b'/' {
                return Err(ChannelError::EmptySegment);
            }
            count += 1;
        }
        before = byte;
    }
    if before == b'/' {
        return Err(ChannelError::EmptySegment);
    }
    if count > MAX_CHANNEL_SEGMENTS {
        return Err(ChannelError::TooDeep);
    }
    // Most names have no star at all.
    if !segments.bytes().any(|byte| byte == b'*') {
        return Ok(text.strip_suffix('/').unwrap_or(text));
    }
    let mut inner = segments.split('/').rev().skip(1);
    if inner.any(|segment| segment == "*" || segment == "**") {
        return Err(ChannelError::Wildcard);
    }
    Ok(text.strip_suffix('/').unwrap_or(text))
}

/// Characters of channel names; ids of messages may use them too.
pub(crate) fn is_legal(c: char) -> bool {
    u8::try_from(c).is_ok_and(is_legal_byte)
}

/// The same of a byte; those of longer characters are not legal.
fn is_legal_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b' '
            | b'!'
            | b'#'
            | b'$'
            | b'('
            | b')'
            | b'*'..=b'+'
            | b'-'..=b'/'
            | b'@'
            | b'_'
            | b'{'
            | b'}'..=b'~'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_names_are_kept_as_written() {
        for name in ["/a", "/a/b", "/a b", "/a.b", "/a{x}", "/A_-!~()$@#+", "/a/*b", "/a/***"] {
            assert_eq!(ChannelName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn one_trailing_slash_is_dropped() {
        assert_eq!(ChannelName::new("/a/").unwrap().as_str(), "/a");
        assert_eq!(ChannelName::new("/a//"), Err(ChannelError::EmptySegment));
    }

    #[test]
    fn illegal_names_say_which_rule_they_broke() {
        let long = format!("/{}", "a".repeat(MAX_CHANNEL_BYTES));
        let deep = "/a".repeat(MAX_CHANNEL_SEGMENTS + 1);
        for (name, error) in [
            ("", ChannelError::NoSegment),
            ("/", ChannelError::NoSegment),
            ("a", ChannelError::NoSegment),
            (" /a", ChannelError::NoSegment),
            ("//", ChannelError::EmptySegment),
            ("/a//b", ChannelError::EmptySegment),
            ("/a:b", ChannelError::Character(':')),
            ("/\u{e9}", ChannelError::Character('\u{e9}')),
            ("/a%20b", ChannelError::Character('%')),
            ("/a/*", ChannelError::Wildcard),
            ("/**", ChannelError::Wildcard),
            ("/a/*/b", ChannelError::Wildcard),
            ("/**/b", ChannelError::Wildcard),
            (&long, ChannelError::TooLong),
            (&deep, ChannelError::TooDeep),
        ] {
            assert_eq!(ChannelName::new(name), Err(error), "{name}");
        }
    }

    #[test]
    fn the_bare_words_meta_and_service_are_broadcast() {
        let kind = |name| ChannelName::new(name).unwrap().kind();
        assert_eq!(kind("/meta"), ChannelKind::Broadcast);
        assert_eq!(kind("/service"), ChannelKind::Broadcast);
        assert_eq!(kind("/meta/connect"), ChannelKind::Meta);
        assert_eq!(kind("/service/x"), ChannelKind::Service);
    }
}
