//! Whoever signs tokens, for tests: one key of each kind.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use ring::{hmac, rsa};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

/// Long enough for every hash.
pub(super) const SECRET: &[u8; 64] =
    b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A key for tests and for nothing else.
const RSA: &[u8] = include_bytes!("rsa.pem");

pub(super) struct Signer {
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    rsa: RsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let ecdsa = |algorithm| {
            let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap()
        };
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let rsa = PrivatePkcs8KeyDer::from_pem_slice(RSA).unwrap();
        Self {
            p256: ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            ed25519: Ed25519KeyPair::from_pkcs8(ed25519.as_ref()).unwrap(),
            rsa: RsaKeyPair::from_pkcs8(rsa.secret_pkcs8_der()).unwrap(),
            random,
        }
    }

    /// A token with this algorithm in its header, and signed by it.
    pub(super) fn token(&self, algorithm: Algorithm, claims: &Value) -> String {
        self.sign(algorithm, &json!({"alg": format!("{algorithm:?}"), "typ": "JWT"}), claims)
    }

    /// A token that names a key, signed on P-256.
    pub(super) fn named(&self, key: &str, claims: &Value) -> String {
        self.sign(Algorithm::ES256, &json!({"alg": "ES256", "kid": key}), claims)
    }

    /// A token with any header, signed by this algorithm.
    pub(super) fn sign(&self, algorithm: Algorithm, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signed = self.signature(algorithm, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signed))
    }

    fn signature(&self, algorithm: Algorithm, text: &[u8]) -> Vec<u8> {
        let hmac = |hash| hmac::sign(&hmac::Key::new(hash, SECRET), text).as_ref().to_vec();
        let ecdsa = |key: &EcdsaKeyPair| key.sign(&self.random, text).unwrap().as_ref().to_vec();
        let rsa = |padding: &'static dyn signature::RsaEncoding| {
            let mut signed = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(padding, &self.random, text, &mut signed).unwrap();
            signed
        };
        match algorithm {
            Algorithm::HS256 => hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => hmac(hmac::HMAC_SHA512),
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
            Algorithm::PS384 => rsa(&signature::RSA_PSS_SHA384),
            Algorithm::PS512 => rsa(&signature::RSA_PSS_SHA512),
            Algorithm::ES256 => ecdsa(&self.p256),
            Algorithm::ES384 => ecdsa(&self.p384),
            Algorithm::EdDSA => self.ed25519.sign(text).as_ref().to_vec(),
            other => panic!("{other:?}"),
        }
    }

    /// The public keys, and the secret, as a set without ids.
    pub(super) fn set(&self) -> Value {
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let ec = |key: &EcdsaKeyPair, curve: &str| {
            let point = key.public_key().as_ref();
            let (x, y) = point[1..].split_at(point.len() / 2);
            json!({"kty": "EC", "crv": curve, "x": number(x), "y": number(y)})
        };
        let rsa = rsa::PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        json!({"keys": [
            {"kty": "oct", "k": number(SECRET)},
            {"kty": "RSA", "n": number(&rsa.n), "e": number(&rsa.e)},
            ec(&self.p256, "P-256"),
            ec(&self.p384, "P-384"),
            {"kty": "OKP", "crv": "Ed25519", "x": number(self.ed25519.public_key().as_ref())},
        ]})
    }

    /// The set with the key of P-256 alone, under an id.
    pub(super) fn set_of(&self, id: &str) -> Value {
        let mut key = self.set()["keys"][2].clone();
        key["kid"] = json!(id);
        json!({ "keys": [key] })
    }

    /// The RSA public key in PEM.
    pub(super) fn rsa_pem(&self) -> String {
        let der = STANDARD.encode(self.rsa.public().as_ref());
        format!("-----BEGIN RSA PUBLIC KEY-----\n{der}\n-----END RSA PUBLIC KEY-----\n")
    }
}

/// A token signed by HMAC with any bytes as the secret.
pub(super) fn with_secret(secret: &[u8], claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({"alg": "HS256"})), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signed = hmac::sign(&key, text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signed.as_ref()))
}
