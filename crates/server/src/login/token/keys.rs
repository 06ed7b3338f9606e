//! Keys that tokens may be signed with, each with the algorithms it is for.
//!
//! A token names an algorithm and perhaps a key; neither is believed. [`Keys::candidates`] gives
//! the keys that fit both, and a key fits the algorithms of its own kind only: a public key is
//! never taken for a secret, nor one curve for another.
//!
//! | From                   | Keys                                                             |
//! |------------------------|------------------------------------------------------------------|
//! | a file with a secret   | one, for HS256, HS384 and HS512 as far as it is long enough      |
//! | a PEM file             | each public key in it: RSA, P-256, P-384, Ed25519                |
//! | a JWKS file            | each that is for signatures, secrets too                         |
//! | a JWKS from elsewhere  | the same without secrets, which nobody publishes                 |
//!
//! Keys of a set that cannot be used are passed over, since sets hold keys for other purposes; a
//! set without any usable key is an error.
//!
//! # Sources
//!
//! Specified: RFC 7517 for sets, RFC 7518 section 3.2 (a secret has at least the length of the
//! hash), sections 3.3 and 3.5 (RSA keys have at least 2,048 bits).

use std::error::Error;
use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

/// Most keys of one source.
const MAX_KEYS: usize = 64;

/// Most keys that a token without a key id is tried with.
const MAX_TRIED: usize = 4;

/// Least length of an RSA modulus, in bytes.
const MIN_MODULUS: usize = 256;

/// Keys from one source.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
pub(super) struct Key {
    id: Option<Box<str>>,
    algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// The keys for one token.
pub(super) enum Candidates<'a> {
    /// Try these in turn.
    These(Vec<&'a Key>),
    /// The named key is there, but for other algorithms.
    WrongAlgorithm,
    /// There is no such key.
    Unknown,
}

/// Why a source gives no keys.
#[derive(Debug)]
pub(crate) enum KeysError {
    /// Shorter than the shortest hash: this many bytes.
    ShortSecret(usize),
    /// Neither an RSA nor an EC nor an Ed25519 public key, or an RSA key of less than 2,048 bits.
    Pem,
    /// Not a set of keys.
    Jwks(serde_json::Error),
    /// There is no key in it that can be used.
    Nothing,
    /// There are more than 64.
    TooMany,
}

impl Keys {
    /// The bytes of a secret; white space at the end is not part of it.
    pub(super) fn from_secret(secret: &[u8]) -> Result<Self, KeysError> {
        let secret = secret.trim_ascii_end();
        let key = Key::of(None, DecodingKey::from_secret(secret), None);
        Ok(Self(vec![key.ok_or(KeysError::ShortSecret(secret.len()))?]))
    }

    /// Public keys in PEM, one after the other.
    pub(super) fn from_pem(text: &str) -> Result<Self, KeysError> {
        let mut keys = Vec::new();
        let mut block = String::new();
        for line in text.lines() {
            block.push_str(line);
            block.push('\n');
            if line.starts_with("-----END ") {
                let key = Key::from_pem(line, block.as_bytes());
                keys.push(key.ok_or(KeysError::Pem)?);
                block.clear();
            }
        }
        Self::checked(keys)
    }

    /// A JSON Web Key Set; `secrets` tells whether symmetric keys in it count.
    pub(super) fn from_jwks(json: &[u8], secrets: bool) -> Result<Self, KeysError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json).map_err(KeysError::Jwks)?;
        let keys = set
            .keys
            .into_iter()
            .filter_map(|key| Key::from_jwk(key).ok().flatten())
            .filter(|key| secrets || key.decoding.family() != AlgorithmFamily::Hmac);
        Self::checked(keys.collect())
    }

    fn checked(keys: Vec<Key>) -> Result<Self, KeysError> {
        match keys.len() {
            0 => Err(KeysError::Nothing),
            1..=MAX_KEYS => Ok(Self(keys)),
            _ => Err(KeysError::TooMany),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is a key of just this name.
    pub(super) fn names(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// What a token with this header may be signed with.
    pub(super) fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> Candidates<'_> {
        // Keys of files have no ids, and tokens need not name one.
        let named = |key: &&Key| match (id, key.id.as_deref()) {
            (Some(id), Some(known)) => id == known,
            (None, _) | (_, None) => true,
        };
        let mut named = self.0.iter().filter(named).peekable();
        if named.peek().is_none() {
            return Candidates::Unknown;
        }
        let fitting = |key: &&Key| key.algorithms.contains(&algorithm);
        let mut these: Vec<&Key> = named.filter(fitting).collect();
        // The one that is named is tried first, those without a name behind it.
        these.sort_by_key(|key| key.id.is_none());
        these.truncate(MAX_TRIED);
        if these.is_empty() { Candidates::WrongAlgorithm } else { Candidates::These(these) }
    }
}

impl Key {
    /// A key for all algorithms of its kind, or for the one that it is meant for. `None` if that
    /// leaves nothing.
    fn of(id: Option<String>, key: DecodingKey, only: Option<Algorithm>) -> Option<Self> {
        let mut algorithms = algorithms_of(&key);
        algorithms.retain(|algorithm| only.is_none_or(|only| only == *algorithm));
        (!algorithms.is_empty()).then(|| Self { id: id.map(Into::into), algorithms, decoding: key })
    }

    fn from_pem(last_line: &str, pem: &[u8]) -> Option<Self> {
        // Certificates and private keys would be taken for something that they are not.
        if !last_line.trim_end().ends_with(" PUBLIC KEY-----") {
            return None;
        }
        let key = DecodingKey::from_rsa_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .or_else(|_| DecodingKey::from_ed_pem(pem));
        Self::of(None, key.ok()?, None)
    }

    fn from_jwk(key: Value) -> Result<Option<Self>, Box<dyn Error>> {
        let jwk: Jwk = serde_json::from_value(key)?;
        let common = &jwk.common;
        let purpose = common.public_key_use.as_ref();
        let signs = purpose.is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let operations = common.key_operations.as_ref();
        let verifies = operations.is_none_or(|known| known.contains(&KeyOperations::Verify));
        let only = common.key_algorithm.map(Algorithm::try_from).transpose()?;
        if !signs || !verifies || is_of_another_curve(&jwk) {
            return Ok(None);
        }
        let mut key = DecodingKey::from_jwk(&jwk)?;
        if let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() {
            // Some publish them with the sign bit of two's complement, which ring does not take.
            key = DecodingKey::from_rsa_raw_components(without_zeros(n), without_zeros(e));
        }
        Ok(Self::of(jwk.common.key_id, key, only))
    }
}

/// What a key can check, which its length tells within a family.
fn algorithms_of(key: &DecodingKey) -> Vec<Algorithm> {
    let bytes = match key.kind() {
        DecodingKeyKind::SecretOrDer(bytes) => bytes.len(),
        DecodingKeyKind::RsaModulusExponent { n, .. } => n.len(),
    };
    let fits = |algorithm: &Algorithm| match algorithm {
        Algorithm::HS256 => bytes >= 32,
        Algorithm::HS384 => bytes >= 48,
        Algorithm::HS512 => bytes >= 64,
        // An uncompressed point: a tag and two coordinates.
        Algorithm::ES256 => bytes == 1 + 2 * 32,
        Algorithm::ES384 => bytes == 1 + 2 * 48,
        Algorithm::EdDSA => bytes == 32,
        // A key in DER is a little longer than its modulus.
        _ => bytes >= MIN_MODULUS,
    };
    key.family().algorithms().iter().copied().filter(fits).collect()
}

fn without_zeros(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

/// Whether a key lies on a curve that we cannot compute with.
fn is_of_another_curve(jwk: &Jwk) -> bool {
    match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) => {
            !matches!(key.curve, EllipticCurve::P256 | EllipticCurve::P384)
        }
        AlgorithmParameters::OctetKeyPair(key) => key.curve != EllipticCurve::Ed25519,
        _ => false,
    }
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortSecret(bytes) => {
                write!(f, "a secret has at least 32 bytes, and this one has {bytes}")
            }
            Self::Pem => f.write_str(
                "there is something else in it than public keys (RSA from 2048 bits, P-256, \
                 P-384, Ed25519)",
            ),
            Self::Jwks(_) => f.write_str("it is no set of keys"),
            Self::Nothing => f.write_str("there is no key in it that checks signatures"),
            Self::TooMany => write!(f, "there are more than {MAX_KEYS} keys in it"),
        }
    }
}

impl Error for KeysError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Jwks(cause) => Some(cause),
            Self::ShortSecret(_) | Self::Pem | Self::Nothing | Self::TooMany => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    /// The algorithms that the only key of a source is for, if there is one.
    fn algorithms(keys: Result<Keys, KeysError>) -> Vec<Algorithm> {
        keys.ok().and_then(|keys| keys.0.into_iter().next()).map_or(vec![], |key| key.algorithms)
    }

    fn of_set(keys: &Value) -> Result<Keys, KeysError> {
        Keys::from_jwks(json!({ "keys": keys }).to_string().as_bytes(), true)
    }

    fn base64(bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xab; bytes])
    }

    fn rsa(bytes: usize) -> Value {
        json!({"kty": "RSA", "n": base64(bytes), "e": "AQAB"})
    }

    fn ec(curve: &str, bytes: usize) -> Value {
        json!({"kty": "EC", "crv": curve, "x": base64(bytes), "y": base64(bytes)})
    }

    fn with(mut key: Value, name: &str, value: &Value) -> Value {
        key[name] = value.clone();
        key
    }

    #[test]
    fn secret_is_for_the_hashes_that_it_is_long_enough_for() {
        use Algorithm::{HS256, HS384, HS512};
        let secret = |text: &[u8]| algorithms(Keys::from_secret(text));
        assert_eq!(secret(&[b'x'; 31]), []);
        assert_eq!(secret(&[b'x'; 32]), [HS256]);
        assert_eq!(secret(&[b'x'; 48]), [HS256, HS384]);
        assert_eq!(secret(&[b'x'; 64]), [HS256, HS384, HS512]);
        let mut file = vec![b'x'; 31];
        file.extend(b"\r\n");
        assert!(matches!(Keys::from_secret(&file), Err(KeysError::ShortSecret(31))));
    }

    #[test]
    fn key_of_a_set_is_for_the_algorithms_of_its_kind() {
        use Algorithm::{ES256, ES384, EdDSA, HS256, PS256, PS384, PS512, RS256, RS384, RS512};
        let one = |key: Value| algorithms(of_set(&json!([key])));
        assert_eq!(one(rsa(256)), [RS256, RS384, RS512, PS256, PS384, PS512]);
        assert_eq!(one(rsa(255)), [], "2,040 bits are too few");
        assert_eq!(one(ec("P-256", 32)), [ES256]);
        assert_eq!(one(ec("P-384", 48)), [ES384]);
        assert_eq!(one(json!({"kty": "OKP", "crv": "Ed25519", "x": base64(32)})), [EdDSA]);
        assert_eq!(one(json!({"kty": "oct", "k": base64(32)})), [HS256]);
        for other in [
            ec("P-521", 66),
            ec("P-521", 32),
            ec("secp256k1", 32),
            ec("P-256", 31),
            json!({"kty": "OKP", "crv": "X25519", "x": base64(32)}),
            json!({"kty": "oct", "k": base64(31)}),
            json!({"kty": "new"}),
            json!({}),
            json!(7),
        ] {
            assert_eq!(one(other.clone()), [], "{other}");
        }
    }

    #[test]
    fn key_of_a_set_is_for_the_purpose_that_it_names() {
        let one =
            |name: &str, value: Value| algorithms(of_set(&json!([with(rsa(256), name, &value)])));
        assert_eq!(one("alg", json!("PS384")), [Algorithm::PS384]);
        assert_eq!(one("alg", json!("ES256")), [], "of another kind");
        assert_eq!(one("alg", json!("RSA-OAEP")), []);
        assert_eq!(one("use", json!("enc")), []);
        assert_eq!(one("key_ops", json!(["encrypt"])), []);
        assert_eq!(one("use", json!("sig")).len(), 6);
        assert_eq!(one("key_ops", json!(["sign", "verify"])).len(), 6);
    }

    #[test]
    fn secrets_count_in_files_only() {
        let keys = json!({"keys": [{"kty": "oct", "k": base64(64)}, ec("P-256", 32)]}).to_string();
        assert_eq!(Keys::from_jwks(keys.as_bytes(), true).unwrap().len(), 2);
        assert_eq!(Keys::from_jwks(keys.as_bytes(), false).unwrap().len(), 1);
    }

    #[test]
    fn set_without_a_usable_key_is_an_error() {
        assert!(matches!(of_set(&json!([])), Err(KeysError::Nothing)));
        assert!(matches!(of_set(&json!([ec("P-521", 66)])), Err(KeysError::Nothing)));
        assert!(matches!(of_set(&json!({})), Err(KeysError::Jwks(_))));
        let many = vec![ec("P-256", 32); 65];
        assert!(matches!(of_set(&json!(many)), Err(KeysError::TooMany)));
    }

    #[test]
    fn named_key_is_taken_for_its_algorithms_and_for_no_others() {
        let id = |key: Value, id: &str| with(key, "kid", &json!(id));
        let keys =
            of_set(&json!([id(rsa(256), "a"), id(ec("P-256", 32), "b"), ec("P-384", 48)])).unwrap();
        let count = |id, algorithm| match keys.candidates(id, algorithm) {
            Candidates::These(keys) => Some(keys.len()),
            Candidates::WrongAlgorithm => Some(0),
            Candidates::Unknown => None,
        };
        assert_eq!(count(Some("a"), Algorithm::RS256), Some(1));
        assert_eq!(count(Some("a"), Algorithm::ES256), Some(0));
        assert_eq!(count(Some("a"), Algorithm::HS256), Some(0), "a public key is no secret");
        assert_eq!(count(Some("c"), Algorithm::ES384), Some(1), "a key without an id");
        assert_eq!(count(None, Algorithm::ES256), Some(1));
        let named = of_set(&json!([id(rsa(256), "a")])).unwrap();
        assert!(matches!(named.candidates(Some("b"), Algorithm::RS256), Candidates::Unknown));
        let many = of_set(&json!(vec![rsa(256); 9])).unwrap();
        let Candidates::These(tried) = many.candidates(None, Algorithm::RS256) else {
            panic!("there are keys")
        };
        assert_eq!(tried.len(), MAX_TRIED);
    }

    #[test]
    fn pem_file_holds_public_keys_and_nothing_else() {
        // The headers of a SubjectPublicKeyInfo before the point itself.
        let p256 = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
        let ed25519 = "MCowBQYDK2VwAyEA";
        let pem = |header: &str, bytes: usize, label: &str| {
            let mut der = STANDARD.decode(header).unwrap();
            der.extend(vec![7; bytes]);
            let text = STANDARD.encode(der);
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
        };
        let two = pem(p256, 64, "PUBLIC KEY") + "\n" + &pem(ed25519, 32, "PUBLIC KEY");
        let keys = Keys::from_pem(&two).unwrap();
        assert_eq!(keys.0[0].algorithms, [Algorithm::ES256]);
        assert_eq!(keys.0[1].algorithms, [Algorithm::EdDSA]);
        for wrong in
            [pem(p256, 64, "PRIVATE KEY"), pem(p256, 64, "CERTIFICATE"), two + "-----END X-----"]
        {
            assert!(matches!(Keys::from_pem(&wrong), Err(KeysError::Pem)), "{wrong}");
        }
        assert!(matches!(Keys::from_pem("no keys here"), Err(KeysError::Nothing)));
    }
}
