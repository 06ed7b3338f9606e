//! Signed tokens (JWT) in the place of a password.
//!
//! | Module    | Owns                                                                        |
//! |-----------|-----------------------------------------------------------------------------|
//! | `bearer`  | where a request carries a token                                             |
//! | `keys`    | keys and the algorithms they are for, from files and sets                   |
//! | `keyring` | the keys in effect, and when they are fetched                               |
//! | `fetch`   | one GET of a key set                                                        |
//! | `claims`  | what a token says, and what it must say                                     |
//! | `crypto`  | signatures                                                                  |
//! | `error`   | why a token is not taken                                                    |
//!
//! A token is checked when it is first seen and remembered until its end, so that polls, each of
//! which carries it, cost a hash. What is remembered was found with the keys of that time: when
//! they change, everything is checked again. Nothing of a token is logged.
//!
//! # Sources
//!
//! Specified: RFC 7515 (a header parameter in `crit` that is not understood refuses the token),
//! RFC 7519, RFC 8725 for what goes wrong with them.

use std::error::Error;
use std::fmt;
use std::fs;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use encke::broker::UserId;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};

mod bearer;
mod claims;
mod crypto;
mod error;
mod fetch;
mod keyring;
mod keys;
#[cfg(test)]
pub(super) mod tests;

pub(crate) use bearer::{Token, token};
pub(crate) use claims::ClaimRules;
pub(crate) use error::TokenError;
pub(crate) use fetch::Place;
pub(crate) use keyring::Times;

use super::memory::Memory;
use crate::clock::Moment;
use claims::Claims;
use fetch::{Fetcher, TrustError};
use keyring::Keyring;
use keys::{Candidates, Keys, KeysError};

/// Longest time for which a token is remembered, and its bearer let in at all.
///
/// Tokens for ever exist; an instant that far away does not.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// Where keys come from.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// A file with a secret.
    Secret(PathBuf),
    /// A file with public keys in PEM.
    Pem(PathBuf),
    /// A file with a set of keys.
    Jwks(PathBuf),
    /// A set of keys on a server.
    Url { place: Place, ca_file: Option<PathBuf>, times: Times, max_bytes: usize },
}

/// Which tokens are taken.
#[derive(Clone, Debug)]
pub(crate) struct TokenConfig {
    pub(crate) source: KeySource,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) claims: ClaimRules,
    /// Whether users need not be configured.
    pub(crate) any_user: bool,
    /// Tokens remembered at a time.
    pub(crate) entries: usize,
}

/// Checks tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    keyring: Arc<Keyring>,
    fetcher: Option<Fetcher>,
    validation: Validation,
    claims: ClaimRules,
    any_user: bool,
    memory: Memory<Remembered>,
}

/// Whom a good token stands for.
#[derive(Clone, Debug)]
pub(crate) struct Bearer {
    pub(crate) user: UserId,
    pub(crate) roles: Arc<[Arc<str>]>,
    /// When the token ends.
    pub(crate) until: Instant,
}

#[derive(Clone, Debug)]
struct Remembered {
    bearer: Bearer,
    generation: u64,
}

/// Why there is nothing to check tokens with.
#[derive(Debug)]
pub(crate) enum TokensError {
    /// A file cannot be read.
    Unreadable { file: PathBuf, cause: io::Error },
    /// It holds no keys.
    Keys { file: PathBuf, cause: KeysError },
    /// There are no certificates to trust.
    Trust(TrustError),
    /// The system has no randomness.
    Random(getrandom::Error),
}

impl Tokens {
    /// Reads what there is to read; nothing is fetched before [`Tokens::follow`].
    pub(crate) fn open(config: TokenConfig) -> Result<Self, TokensError> {
        crypto::install();
        let mut fetcher = None;
        let keyring = match config.source {
            KeySource::Secret(file) => fixed(file, Keys::from_secret)?,
            KeySource::Pem(file) => {
                fixed(file, |text| Keys::from_pem(&String::from_utf8_lossy(text)))?
            }
            KeySource::Jwks(file) => fixed(file, |text| Keys::from_jwks(text, true))?,
            KeySource::Url { place, ca_file, times, max_bytes } => {
                if place.is_exposed() {
                    tracing::warn!("token keys come over plain HTTP, where they can be replaced");
                }
                let new = Fetcher::new(place, ca_file.as_deref(), times.timeout, max_bytes);
                fetcher = Some(new.map_err(TokensError::Trust)?);
                Keyring::fetched(times)
            }
        };
        // Times are judged in `claims`, against a clock that is an argument.
        let mut validation = Validation::default();
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.algorithms = config.algorithms;
        Ok(Self {
            keyring: Arc::new(keyring),
            fetcher,
            validation,
            claims: config.claims,
            any_user: config.any_user,
            memory: Memory::new(config.entries).map_err(TokensError::Random)?,
        })
    }

    /// What keeps the keys up to date, for somebody to run; `None` where they never change.
    pub(crate) fn follow(&self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let (keyring, fetcher) = (Arc::clone(&self.keyring), self.fetcher.clone()?);
        Some(async move { keyring.follow(fetcher).await })
    }

    /// Whether users need not be configured.
    pub(crate) fn takes_any_user(&self) -> bool {
        self.any_user
    }

    /// Keys in effect, for the metrics.
    pub(crate) fn keys(&self) -> usize {
        self.keyring.current().keys.len()
    }

    /// Fetches of keys that succeeded and that failed; `None` where nothing is fetched.
    pub(crate) fn fetches(&self) -> Option<(u64, u64)> {
        self.keyring.fetches()
    }

    /// The bearer of a token that was right before, if it is still.
    pub(crate) fn remembered(&self, token: &Token, now: Instant) -> Option<Bearer> {
        let found =
            self.memory.find(&self.memory.fingerprint(&[token.as_str().as_bytes()]), now)?;
        (found.generation == self.keyring.current().generation).then_some(found.bearer)
    }

    /// Checks a token with the keys that are there.
    pub(crate) fn check(&self, token: &Token, now: Moment) -> Result<Bearer, TokenError> {
        let current = self.keyring.current();
        let claims = self.verified(token.as_str(), &current.keys)?;
        let said = self.claims.read(&claims, now.unix_ms)?;
        let left = Duration::from_millis(said.until_ms.saturating_sub(now.unix_ms)).min(LONGEST);
        let until = now.at + left;
        let bearer = Bearer { user: UserId::new(said.user), roles: said.roles, until };
        let remembered = Remembered { bearer: bearer.clone(), generation: current.generation };
        let fingerprint = self.memory.fingerprint(&[token.as_str().as_bytes()]);
        self.memory.keep(fingerprint, remembered, now.at, until);
        Ok(bearer)
    }

    /// Waits for other keys, if there may be any; else says at once that there are not.
    ///
    /// # Cancel safety
    ///
    /// A dropped future stops waiting; the fetch goes on.
    pub(crate) async fn other_keys(&self, now: Instant) -> bool {
        match self.keyring.ask(now) {
            None => false,
            Some(fetch) => {
                fetch.end().await;
                true
            }
        }
    }

    fn verified(&self, token: &str, keys: &Keys) -> Result<Claims, TokenError> {
        let header = decode_header(token).map_err(|_| unreadable(token))?;
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        if !self.validation.algorithms.contains(&header.alg) {
            return Err(TokenError::Algorithm);
        }
        // Where keys are fetched, a name that none of them has may be that of a new one.
        let other = |id: &str| self.fetcher.is_some() && !keys.names(id);
        let may_be_new = header.kid.as_deref().is_some_and(other);
        let candidates = match keys.candidates(header.kid.as_deref(), header.alg) {
            Candidates::These(candidates) => candidates,
            Candidates::WrongAlgorithm if !may_be_new => return Err(TokenError::Algorithm),
            Candidates::WrongAlgorithm | Candidates::Unknown => return Err(TokenError::UnknownKey),
        };
        let validation = Validation { algorithms: vec![header.alg], ..self.validation.clone() };
        let mut error = TokenError::UnknownKey;
        for candidate in candidates {
            match decode::<Claims>(token, &candidate.decoding, &validation) {
                Ok(token) => return Ok(token.claims),
                Err(cause) => error = reason(&cause),
            }
        }
        if may_be_new { Err(TokenError::UnknownKey) } else { Err(error) }
    }
}

/// Why a header cannot be read: an algorithm that nobody here knows, such as `none`, or worse.
fn unreadable(token: &str) -> TokenError {
    let header = token.split('.').next().unwrap_or_default();
    let named = URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|json| serde_json::from_slice::<Claims>(&json).ok())
        .and_then(|header| header.get("alg")?.as_str().map(str::parse::<Algorithm>));
    if matches!(named, Some(Err(_))) { TokenError::Algorithm } else { TokenError::Malformed }
}

fn reason(cause: &jsonwebtoken::errors::Error) -> TokenError {
    match cause.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
        _ => TokenError::Malformed,
    }
}

fn fixed(
    file: PathBuf,
    read: impl FnOnce(&[u8]) -> Result<Keys, KeysError>,
) -> Result<Keyring, TokensError> {
    match fs::read(&file) {
        Ok(text) => match read(&text) {
            Ok(keys) => Ok(Keyring::fixed(keys)),
            Err(cause) => Err(TokensError::Keys { file, cause }),
        },
        Err(cause) => Err(TokensError::Unreadable { file, cause }),
    }
}

impl fmt::Display for TokensError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, .. } => write!(f, "cannot read {}", file.display()),
            Self::Keys { file, .. } => write!(f, "no keys in {}", file.display()),
            Self::Trust(_) => f.write_str("cannot fetch keys"),
            Self::Random(_) => f.write_str("the system has no randomness"),
        }
    }
}

impl Error for TokensError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. } => Some(cause),
            Self::Keys { cause, .. } => Some(cause),
            Self::Trust(cause) => Some(cause),
            Self::Random(cause) => Some(cause),
        }
    }
}
