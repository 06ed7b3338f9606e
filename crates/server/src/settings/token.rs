//! Settings of signed tokens.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[login.jwt]`: tokens that somebody else signs, as `Authorization: Bearer`.
///
/// They are taken if one of the four sources of keys is named.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct JwtSettings {
    /// A file with a secret of at least 32 bytes, for the HS algorithms; white space at its end
    /// is not part of it. Default none.
    pub secret_file: Option<PathBuf>,
    /// A file with one or more public keys in PEM. Default none.
    pub pem_file: Option<PathBuf>,
    /// A file with a JSON Web Key Set. Default none.
    pub jwks_file: Option<PathBuf>,
    /// Where a JSON Web Key Set can be fetched, `https` or `http`. Default none.
    pub jwks_url: Option<String>,
    /// PEM file with the authorities to trust at `jwks_url`. Default: the usual public ones.
    pub jwks_ca_file: Option<PathBuf>,
    /// Age at which a fetched set is fetched again. Default 600,000 ms.
    pub jwks_ttl_ms: u64,
    /// Least time between two fetches, however many tokens name an unknown key. Default 10,000 ms.
    pub jwks_apart_ms: u64,
    /// Longest time of one fetch. Default 5,000 ms; beyond it the old keys stay.
    pub jwks_timeout_ms: u64,
    /// Largest set. Default 262,144 bytes; beyond it the old keys stay.
    pub jwks_max_bytes: usize,
    /// Algorithms that are taken, if the key is for them. Default: all there are.
    pub algorithms: Vec<TokenAlgorithm>,
    /// Issuers that are taken (`iss`). Default: any.
    pub issuers: Vec<String>,
    /// Whom tokens must be for (`aud`). Default: only tokens without an audience are taken.
    pub audiences: Vec<String>,
    /// How far the issuer's clock and ours may be apart. Default 10,000 ms.
    pub leeway_ms: u64,
    /// The claim with the user. Default `sub`. Dots lead into objects.
    pub user_claim: String,
    /// The claim with the roles, a list or a text with blanks. Default `roles`; empty reads none.
    pub roles_claim: String,
    /// `configured` takes users of `[users]` only, `any` also others. Default `configured`.
    pub users: TokenUsers,
    /// Tokens remembered as right at a time. Default 10,000; beyond it those that end first go
    /// and are checked again.
    pub cache_entries: usize,
}

impl Default for JwtSettings {
    fn default() -> Self {
        Self {
            secret_file: None,
            pem_file: None,
            jwks_file: None,
            jwks_url: None,
            jwks_ca_file: None,
            jwks_ttl_ms: 600_000,
            jwks_apart_ms: 10_000,
            jwks_timeout_ms: 5_000,
            jwks_max_bytes: 262_144,
            algorithms: TokenAlgorithm::ALL.to_vec(),
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway_ms: 10_000,
            user_claim: "sub".to_owned(),
            roles_claim: "roles".to_owned(),
            users: TokenUsers::Configured,
            cache_entries: 10_000,
        }
    }
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum TokenAlgorithm {
    /// HMAC with SHA-256 and a secret.
    HS256,
    /// HMAC with SHA-384 and a secret.
    HS384,
    /// HMAC with SHA-512 and a secret.
    HS512,
    /// RSA, PKCS #1 1.5, with SHA-256.
    RS256,
    /// RSA, PKCS #1 1.5, with SHA-384.
    RS384,
    /// RSA, PKCS #1 1.5, with SHA-512.
    RS512,
    /// RSA, PSS, with SHA-256.
    PS256,
    /// RSA, PSS, with SHA-384.
    PS384,
    /// RSA, PSS, with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

impl TokenAlgorithm {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];
}

/// Whom tokens may stand for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenUsers {
    /// Users of `[users]`.
    #[default]
    Configured,
    /// Anybody whom the issuer names; on the generic endpoint only, unless configured.
    Any,
}
