//! Client ids and browser ids.
//!
//! A [`ClientId`] is the key to a session and therefore a secret: 160 random bits, 32 characters.
//! Its `Debug` shows only the first six characters, so that logs cannot be used to take a session
//! over. A [`BrowserId`] is what the browser cookie says; it helps to count tabs and to bind a
//! client id, and proves nothing by itself.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "clientId" asks for at least 128 random bits. Observed: CometD, Faye and
//! cometd-nodejs-server use 100 to 160 bits; clients treat the text as opaque.

use std::fmt;
use std::sync::Arc;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Longest browser id that is taken from a cookie, in bytes.
pub const MAX_BROWSER_BYTES: usize = 64;

/// Names one session and opens it. Copied freely, stored without an allocation.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct ClientId([u8; 32]);

impl ClientId {
    /// Makes an id of 160 random bits.
    pub fn from_random(random: [u8; 20]) -> Self {
        let mut text = [0; 32];
        for (chunk, out) in random.chunks(5).zip(text.chunks_mut(8)) {
            let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for (place, letter) in out.iter_mut().enumerate() {
                let index = (bits >> (35 - 5 * place)) & 31;
                *letter = *ALPHABET.get(usize::try_from(index).unwrap_or(0)).unwrap_or(&b'a');
            }
        }
        Self(text)
    }

    /// Reads an id as a client sent it; anything that this server cannot have made is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = text.as_bytes().try_into().ok()?;
        // What `ALPHABET` has. Looking each byte up in it would cost twenty times as much.
        let legal = |byte: &u8| matches!(byte, b'a'..=b'z' | b'2'..=b'7');
        bytes.iter().all(legal).then_some(Self(bytes))
    }

    /// The id as it goes over the wire.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..", self.as_str().get(..6).unwrap_or_default())
    }
}

/// The value of the browser cookie. Cheap to clone.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct BrowserId(Arc<str>);

impl BrowserId {
    /// Makes an id of 100 random bits, 20 characters.
    pub fn from_random(random: [u8; 20]) -> Self {
        Self(ClientId::from_random(random).as_str().get(..20).unwrap_or_default().into())
    }

    /// Adopts what a browser sent, if it can be a cookie value of bounded length.
    ///
    /// Quotes around the value are removed. Observed: CometD adopts unknown values too.
    pub fn adopt(value: &str) -> Option<Self> {
        let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
        let legal =
            |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
        (!value.is_empty() && value.len() <= MAX_BROWSER_BYTES && value.bytes().all(legal))
            .then(|| Self(value.into()))
    }

    /// The cookie's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_survives_the_wire() {
        let id = ClientId::from_random([0xA5; 20]);
        assert_eq!(id.as_str().len(), 32);
        assert_eq!(ClientId::parse(id.as_str()), Some(id));
    }

    #[test]
    fn every_random_bit_counts() {
        for bit in 0..160 {
            let mut random = [0_u8; 20];
            random[bit / 8] = 1 << (bit % 8);
            assert_ne!(ClientId::from_random(random), ClientId::from_random([0; 20]), "{bit}");
        }
    }

    #[test]
    fn letters_of_the_alphabet_are_legal_and_no_others() {
        for byte in 0..=127 {
            let text = String::from_utf8([byte; 32].to_vec()).unwrap();
            assert_eq!(ClientId::parse(&text).is_some(), ALPHABET.contains(&byte), "{byte}");
        }
    }

    #[test]
    fn foreign_ids_are_refused() {
        for text in ["", "nope", "A2345678901234567890123456789012", &"a".repeat(33)] {
            assert_eq!(ClientId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn debug_hides_the_secret() {
        let id = ClientId::from_random([7; 20]);
        assert!(format!("{id:?}").len() < 10);
    }

    #[test]
    fn cookies_are_adopted_when_they_can_be_cookies() {
        assert_eq!(BrowserId::adopt("\"mine\"").unwrap().as_str(), "mine");
        assert!(BrowserId::adopt("").is_none());
        assert!(BrowserId::adopt("a;b").is_none());
        assert!(BrowserId::adopt(&"x".repeat(65)).is_none());
    }
}
