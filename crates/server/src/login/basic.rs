//! The `Authorization: Basic` header, taken apart.
//!
//! # Sources
//!
//! Specified: RFC 7617; the user-id ends at the first colon. Observed: GWS clients send it on
//! REST requests and, some of them, on each poll.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderValue;

/// Longest header value that is looked at, in bytes.
const MAX_HEADER: usize = 2_048;

/// Clients disagree on padding; it carries nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A name and a password that nobody has checked.
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Vec<u8>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Why a header holds no credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoCredentials {
    /// Another scheme than Basic.
    Scheme,
    /// Not base64 of `user:password`, or too long.
    Malformed,
}

/// Reads the value of an `Authorization` header.
pub(crate) fn parse(header: &HeaderValue) -> Result<Credentials, NoCredentials> {
    let value = header.as_bytes();
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(NoCredentials::Scheme);
    }
    if value.len() > MAX_HEADER {
        return Err(NoCredentials::Malformed);
    }
    let decoded = LENIENT.decode(rest.trim_ascii()).map_err(|_| NoCredentials::Malformed)?;
    let colon = decoded.iter().position(|byte| *byte == b':').ok_or(NoCredentials::Malformed)?;
    let (user, password) = decoded.split_at(colon);
    let user = str::from_utf8(user).map_err(|_| NoCredentials::Malformed)?;
    Ok(Credentials {
        user: user.to_owned(),
        password: password.get(1..).unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(value: &str) -> Result<(String, Vec<u8>), NoCredentials> {
        parse(&HeaderValue::from_str(value).unwrap()).map(|c| (c.user, c.password))
    }

    #[test]
    fn name_ends_at_the_first_colon() {
        assert_eq!(
            parse_text("Basic YWxpY2U6ZGU6bW8="),
            Ok(("alice".to_owned(), b"de:mo".to_vec()))
        );
    }

    #[test]
    fn scheme_is_matched_without_case_and_padding_is_optional() {
        let expected = Ok(("alice".to_owned(), b"de:mo".to_vec()));
        assert_eq!(parse_text("bAsIc YWxpY2U6ZGU6bW8"), expected);
    }

    #[test]
    fn what_is_not_basic_is_told_apart() {
        assert_eq!(parse_text("Bearer abc"), Err(NoCredentials::Scheme));
        assert_eq!(parse_text("B"), Err(NoCredentials::Scheme));
        assert_eq!(parse_text("Basic"), Err(NoCredentials::Malformed));
        assert_eq!(parse_text("Basic ***"), Err(NoCredentials::Malformed));
        assert_eq!(parse_text("Basic YWxpY2U="), Err(NoCredentials::Malformed));
        let long = format!("Basic {}", "YWFh".repeat(1_000));
        assert_eq!(parse_text(&long), Err(NoCredentials::Malformed));
    }
}
