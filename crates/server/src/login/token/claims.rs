//! What a token says, read and judged after its signature was found right.
//!
//! | Claim      | Rule                                                                          |
//! |------------|-------------------------------------------------------------------------------|
//! | `exp`      | must be there, and must not have passed by more than the leeway               |
//! | `nbf`      | may be there, and must not lie further ahead than the leeway                  |
//! | `iss`      | must be one of the issuers, if any are named                                  |
//! | `aud`      | must name one of the audiences; without named ones there must be no audience  |
//! | the user   | must be a name of 1 to 256 bytes without control characters                   |
//! | the roles  | may be there: a list of names, or names in one text with blanks between       |
//!
//! Which claims say the user and the roles is a setting. A name with dots leads into objects, so
//! that `realm_access.roles` finds what lies there, unless a claim has the whole name.
//!
//! # Sources
//!
//! Specified: RFC 7519 section 4.1; a token with an audience that the reader does not identify
//! with must be refused (4.1.3). Documented: RFC 8693 section 4.2 for names with blanks between.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::TokenError;

/// Longest user name, in bytes.
const MAX_USER: usize = 256;

/// Most roles of one token, and the longest name of one.
const MAX_ROLES: usize = 64;
const MAX_ROLE: usize = 128;

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

/// What a token must say.
#[derive(Clone, Debug)]
pub(crate) struct ClaimRules {
    /// Who may have issued it; anybody if empty.
    pub(crate) issuers: Vec<String>,
    /// Whom we are to issuers; nobody if empty.
    pub(crate) audiences: Vec<String>,
    /// How far clocks may be apart.
    pub(crate) leeway_ms: u64,
    /// The claim with the user.
    pub(crate) user: String,
    /// The claim with the roles; none are read if empty.
    pub(crate) roles: String,
}

/// Whom a token stands for, and until when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Said {
    pub(super) user: Arc<str>,
    pub(super) roles: Arc<[Arc<str>]>,
    /// Milliseconds since 1970, leeway included.
    pub(super) until_ms: u64,
}

impl ClaimRules {
    /// Reads and judges.
    pub(super) fn read(&self, claims: &Claims, now_ms: u64) -> Result<Said, TokenError> {
        let expiry = time(claims, "exp")?.ok_or(TokenError::Claims)?;
        let until_ms = expiry.saturating_add(self.leeway_ms);
        if until_ms <= now_ms {
            return Err(TokenError::Expired);
        }
        if time(claims, "nbf")?.is_some_and(|from| from > now_ms.saturating_add(self.leeway_ms)) {
            return Err(TokenError::NotYet);
        }
        self.check_issuer(claims.get("iss"))?;
        self.check_audience(claims.get("aud"))?;
        let user = find(claims, &self.user)
            .and_then(Value::as_str)
            .filter(|name| is_name(name, MAX_USER))
            .ok_or(TokenError::Claims)?;
        Ok(Said { user: user.into(), roles: self.roles(claims)?, until_ms })
    }

    fn check_issuer(&self, issuer: Option<&Value>) -> Result<(), TokenError> {
        let known = |issuer: &str| self.issuers.iter().any(|known| known == issuer);
        if self.issuers.is_empty() || issuer.and_then(Value::as_str).is_some_and(known) {
            Ok(())
        } else {
            Err(TokenError::Issuer)
        }
    }

    fn check_audience(&self, audience: Option<&Value>) -> Result<(), TokenError> {
        let ours = |audience: &Value| {
            audience.as_str().is_some_and(|audience| self.audiences.iter().any(|a| a == audience))
        };
        let taken = match audience {
            None => self.audiences.is_empty(),
            Some(Value::Array(several)) if several.is_empty() => self.audiences.is_empty(),
            Some(Value::Array(several)) => several.iter().any(ours),
            Some(one) => ours(one),
        };
        if taken { Ok(()) } else { Err(TokenError::Audience) }
    }

    fn roles(&self, claims: &Claims) -> Result<Arc<[Arc<str>]>, TokenError> {
        let claim = Some(&self.roles).filter(|name| !name.is_empty());
        let names: Vec<&str> = match claim.and_then(|name| find(claims, name)) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(names)) => names.split_ascii_whitespace().collect(),
            Some(Value::Array(names)) => {
                names.iter().map(Value::as_str).collect::<Option<_>>().ok_or(TokenError::Claims)?
            }
            Some(_) => return Err(TokenError::Claims),
        };
        if names.len() > MAX_ROLES || !names.iter().all(|name| is_name(name, MAX_ROLE)) {
            return Err(TokenError::Claims);
        }
        Ok(names.into_iter().map(Arc::from).collect())
    }
}

/// The claim of this name, or what its dots lead to.
fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    find(claims.get(first)?.as_object()?, rest)
}

/// A time in milliseconds since 1970; on the wire it is in seconds, with or without a fraction.
fn time(claims: &Claims, name: &str) -> Result<Option<u64>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(seconds)) => match (seconds.as_u64(), seconds.as_f64()) {
            (Some(seconds), _) => Ok(Some(seconds.saturating_mul(1_000))),
            (None, Some(seconds)) if seconds >= 0.0 => Ok(Some(milliseconds(seconds))),
            _ => Err(TokenError::Claims),
        },
        Some(_) => Err(TokenError::Claims),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction of a millisecond does not matter, and the cast saturates"
)]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1_000.0) as u64
}

fn is_name(name: &str, longest: usize) -> bool {
    !name.is_empty() && name.len() <= longest && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A second of 2033.
    const NOW: u64 = 2_000_000_000;

    fn rules() -> ClaimRules {
        ClaimRules {
            issuers: vec!["https://issuer".to_owned()],
            audiences: vec!["encke".to_owned()],
            leeway_ms: 5_000,
            user: "sub".to_owned(),
            roles: "realm_access.roles".to_owned(),
        }
    }

    /// A good token's claims with some members put over them; null takes one away.
    fn read(rules: &ClaimRules, change: &Value) -> Result<Said, TokenError> {
        let mut claims = json!({
            "exp": NOW + 60, "iss": "https://issuer", "aud": "encke", "sub": "alice",
        });
        let members = claims.as_object_mut().unwrap();
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
        rules.read(members, NOW * 1_000)
    }

    #[test]
    fn good_token_says_user_roles_and_time() {
        let said = read(&rules(), &json!({"realm_access": {"roles": ["a", "b c"]}})).unwrap();
        assert_eq!(&*said.user, "alice");
        assert_eq!(said.roles.iter().map(|role| &**role).collect::<Vec<_>>(), ["a", "b c"]);
        assert_eq!(said.until_ms, (NOW + 65) * 1_000);
        assert!(read(&rules(), &json!({})).unwrap().roles.is_empty());
    }

    #[test]
    fn time_of_a_token_has_two_ends_and_a_leeway() {
        let exp = |exp: Value| read(&rules(), &json!({ "exp": exp })).map(|said| said.until_ms);
        assert_eq!(exp(json!(NOW - 4)), Ok((NOW + 1) * 1_000));
        assert_eq!(exp(json!(NOW - 5)), Err(TokenError::Expired));
        assert_eq!(exp(json!(2_000_000_000.5)), Ok(NOW * 1_000 + 5_500));
        assert_eq!(exp(json!(u64::MAX)), Ok(u64::MAX));
        for wrong in [json!(null), json!("2033"), json!(-1), json!([NOW]), json!(true)] {
            assert_eq!(exp(wrong.clone()), Err(TokenError::Claims), "{wrong}");
        }
        let nbf = |nbf: Value| read(&rules(), &json!({ "nbf": nbf })).map(drop);
        assert_eq!(nbf(json!(NOW + 5)), Ok(()));
        assert_eq!(nbf(json!(NOW + 6)), Err(TokenError::NotYet));
        assert_eq!(nbf(json!("soon")), Err(TokenError::Claims));
    }

    #[test]
    fn issuer_must_be_named_if_any_is() {
        for wrong in [json!(null), json!("https://issuer/"), json!(["https://issuer"])] {
            let read = read(&rules(), &json!({ "iss": wrong }));
            assert_eq!(read.unwrap_err(), TokenError::Issuer);
        }
        let anybody = ClaimRules { issuers: Vec::new(), ..rules() };
        assert!(read(&anybody, &json!({"iss": "x"})).is_ok());
    }

    #[test]
    fn audience_must_be_us() {
        for wrong in [json!(null), json!("other"), json!([]), json!(["other"]), json!(7)] {
            let read = read(&rules(), &json!({ "aud": wrong }));
            assert_eq!(read.unwrap_err(), TokenError::Audience);
        }
        assert!(read(&rules(), &json!({"aud": ["other", "encke"]})).is_ok());
        let nobody = ClaimRules { audiences: Vec::new(), ..rules() };
        assert_eq!(read(&nobody, &json!({"aud": "encke"})).unwrap_err(), TokenError::Audience);
        assert!(read(&nobody, &json!({"aud": null})).is_ok());
        assert!(read(&nobody, &json!({"aud": []})).is_ok());
    }

    #[test]
    fn user_is_the_named_claim() {
        let by_mail = ClaimRules { user: "https://x.example/mail".to_owned(), ..rules() };
        let said = read(&by_mail, &json!({"https://x.example/mail": "a@example.com"})).unwrap();
        assert_eq!(&*said.user, "a@example.com");
        let long = "x".repeat(257);
        for wrong in [json!(null), json!(""), json!(7), json!("a\nb"), json!(long)] {
            let read = read(&rules(), &json!({ "sub": wrong }));
            assert_eq!(read.unwrap_err(), TokenError::Claims);
        }
    }

    #[test]
    fn roles_are_a_list_or_a_text_with_blanks() {
        let plain = ClaimRules { roles: "scope".to_owned(), ..rules() };
        let said = read(&plain, &json!({"scope": "a  b"})).unwrap();
        assert_eq!(said.roles.len(), 2);
        let many: Vec<String> = (0..65).map(|n| n.to_string()).collect();
        for wrong in [json!(7), json!(["a", 7]), json!([""]), json!(many), json!({"a": 1})] {
            let read = read(&plain, &json!({ "scope": wrong }));
            assert_eq!(read.unwrap_err(), TokenError::Claims);
        }
        let none = ClaimRules { roles: String::new(), ..rules() };
        assert!(read(&none, &json!({"": ["a"]})).unwrap().roles.is_empty());
    }
}
