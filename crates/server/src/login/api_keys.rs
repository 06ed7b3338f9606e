//! Keys of back ends.
//!
//! A key is 256 random bits, so its SHA-256 tells nothing about it and needs no salt and no
//! stretching. The hash of what was shown is compared with every known one in constant time.
//!
//! Shape: fixed after start.

use std::fmt;

use http::HeaderMap;
use ring::digest::{SHA256, digest};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use crate::api::BackEnd;
use crate::hex;

/// Where a request carries its key.
const HEADER: &str = "x-api-key";

/// What every key begins with, so that one that leaked is found by those who look for it.
const PREFIX: &str = "encke_";

/// Longest key that is looked at, in bytes.
const MAX_KEY: usize = 256;

/// SHA-256 of a key.
pub(crate) type KeyHash = [u8; 32];

/// The known keys.
#[derive(Default)]
pub(crate) struct ApiKeys(Vec<(KeyHash, BackEnd)>);

/// What a request shows.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// No key.
    Nothing,
    /// A known one.
    Known(BackEnd),
    /// Another.
    Unknown,
}

impl ApiKeys {
    /// Looks for the key of a request.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Shown {
        let Some(key) = headers.get(HEADER) else { return Shown::Nothing };
        let key = key.as_bytes();
        if key.len() > MAX_KEY {
            return Shown::Unknown;
        }
        let hash = hash(key);
        // Every hash is compared, so that time does not tell which one was near.
        let mut found = u32::MAX;
        for (at, (known, _)) in (0_u32..).zip(&self.0) {
            found.conditional_assign(&at, known.ct_eq(&hash));
        }
        let back_end = usize::try_from(found).ok().and_then(|at| self.0.get(at));
        back_end.map_or(Shown::Unknown, |(_, back_end)| Shown::Known(back_end.clone()))
    }
}

impl FromIterator<(KeyHash, BackEnd)> for ApiKeys {
    fn from_iter<I: IntoIterator<Item = (KeyHash, BackEnd)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

/// A new key, and its hash for a configuration.
///
/// # Errors
///
/// If the system has no randomness.
pub(crate) fn make() -> Result<(String, String), getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let key = format!("{PREFIX}{}", hex::digits(&bytes));
    let hash = hex::digits(&hash(key.as_bytes()));
    Ok((key, hash))
}

fn hash(key: &[u8]) -> KeyHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, key).as_ref());
    hash
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").field("count", &self.0.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn shown(keys: &ApiKeys, key: &str) -> Shown {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(key).unwrap());
        keys.find(&headers)
    }

    #[test]
    fn key_is_found_by_its_hash_among_others() {
        let made: Vec<(String, String)> = (0..3).map(|_| make().unwrap()).collect();
        let keys: ApiKeys =
            made.iter().map(|(key, _)| (hash(key.as_bytes()), BackEnd::unlimited())).collect();
        for (key, text) in &made {
            assert!(key.starts_with("encke_") && key.len() == 70, "{key}");
            assert_eq!(hex::bytes::<32>(text), Some(hash(key.as_bytes())));
            assert!(matches!(shown(&keys, key), Shown::Known(_)));
        }
        for wrong in ["", "encke_", &made[0].1, &format!("{}0", made[0].0), &"x".repeat(257)] {
            assert!(matches!(shown(&keys, wrong), Shown::Unknown), "{wrong}");
        }
        assert!(matches!(keys.find(&HeaderMap::new()), Shown::Nothing));
        assert!(matches!(shown(&ApiKeys::default(), &made[0].0), Shown::Unknown));
    }
}
