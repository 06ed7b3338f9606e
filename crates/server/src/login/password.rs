//! Makes argon2id hashes in PHC form.
//!
//! # Sources
//!
//! Specified: RFC 9106 (argon2id); the PHC string format. The parameters of [`hash`] are the
//! crate's defaults, which follow OWASP's advice: 19 MiB, two passes, one lane.

use argon2::password_hash::{self, PasswordHashString, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};

/// Hash of `password` for a configuration.
///
/// # Errors
///
/// If the system has no randomness, or the password is longer than argon2 takes.
pub(crate) fn hash(password: &[u8]) -> Result<PasswordHashString, password_hash::Error> {
    hash_with(&Argon2::default(), password)
}

/// Hash with the least memory that argon2 takes, for passwords that everybody knows.
pub(crate) fn hash_cheaply(password: &[u8]) -> Result<PasswordHashString, password_hash::Error> {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None)?;
    hash_with(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params), password)
}

fn hash_with(
    argon2: &Argon2<'_>,
    password: &[u8],
) -> Result<PasswordHashString, password_hash::Error> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| password_hash::Error::Crypto)?;
    let salt = SaltString::encode_b64(&salt)?;
    Ok(argon2.hash_password(password, &salt)?.serialize())
}
