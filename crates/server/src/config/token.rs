//! Signed tokens, as the login wants them.

use std::time::Duration;

use jsonwebtoken::Algorithm;

use super::ConfigError;
use crate::login::token::{ClaimRules, KeySource, Place, Times, TokenConfig};
use crate::settings::{JwtSettings, Settings, TokenAlgorithm, TokenUsers};

pub(super) fn tokens(settings: &Settings) -> Result<Option<TokenConfig>, ConfigError> {
    let jwt = &settings.login.jwt;
    let Some(source) = source(jwt)? else { return Ok(None) };
    if jwt.algorithms.is_empty() {
        return Err(ConfigError::new("login.jwt.algorithms", "is empty, and no token is taken"));
    }
    if jwt.user_claim.is_empty() {
        return Err(ConfigError::new("login.jwt.user_claim", "is empty"));
    }
    if jwt.leeway_ms > MAX_LEEWAY_MS {
        return Err(ConfigError::new("login.jwt.leeway_ms", "is above 300000"));
    }
    if jwt.cache_entries == 0 {
        return Err(ConfigError::new("login.jwt.cache_entries", "is 0"));
    }
    Ok(Some(TokenConfig {
        source,
        algorithms: jwt.algorithms.iter().copied().map(algorithm).collect(),
        claims: ClaimRules {
            issuers: jwt.issuers.clone(),
            audiences: jwt.audiences.clone(),
            leeway_ms: jwt.leeway_ms,
            user: jwt.user_claim.clone(),
            roles: jwt.roles_claim.clone(),
        },
        any_user: jwt.users == TokenUsers::Any,
        entries: jwt.cache_entries,
    }))
}

/// Clocks that are further apart than five minutes are wrong, and tokens would live that much
/// longer.
const MAX_LEEWAY_MS: u64 = 300_000;

fn source(jwt: &JwtSettings) -> Result<Option<KeySource>, ConfigError> {
    let mut sources = Vec::new();
    let files = [
        ("secret_file", &jwt.secret_file, KeySource::Secret as fn(_) -> _),
        ("pem_file", &jwt.pem_file, KeySource::Pem),
        ("jwks_file", &jwt.jwks_file, KeySource::Jwks),
    ];
    for (key, file, source) in files {
        if let Some(file) = file {
            sources.push((key, source(file.clone())));
        }
    }
    if let Some(url) = &jwt.jwks_url {
        sources.push(("jwks_url", from_url(jwt, url)?));
    } else if jwt.jwks_ca_file.is_some() {
        return Err(ConfigError::new("login.jwt.jwks_ca_file", "is of no use without `jwks_url`"));
    }
    match sources.get(1) {
        None => Ok(sources.pop().map(|(_, source)| source)),
        Some((key, _)) => {
            let reason = "is a second source of keys; name one of them";
            Err(ConfigError::new(format!("login.jwt.{key}"), reason))
        }
    }
}

fn from_url(jwt: &JwtSettings, url: &str) -> Result<KeySource, ConfigError> {
    for (key, value) in [
        ("jwks_ttl_ms", jwt.jwks_ttl_ms),
        ("jwks_apart_ms", jwt.jwks_apart_ms),
        ("jwks_timeout_ms", jwt.jwks_timeout_ms),
    ] {
        // Anything below would be a flood.
        if value < 100 {
            return Err(ConfigError::new(format!("login.jwt.{key}"), "is below 100"));
        }
    }
    if jwt.jwks_ttl_ms < jwt.jwks_apart_ms {
        return Err(ConfigError::new("login.jwt.jwks_ttl_ms", "is below `jwks_apart_ms`"));
    }
    Ok(KeySource::Url {
        place: Place::new(url).map_err(|error| ConfigError::new("login.jwt.jwks_url", error))?,
        ca_file: jwt.jwks_ca_file.clone(),
        times: Times {
            ttl: Duration::from_millis(jwt.jwks_ttl_ms),
            apart: Duration::from_millis(jwt.jwks_apart_ms),
            timeout: Duration::from_millis(jwt.jwks_timeout_ms),
        },
        max_bytes: jwt.jwks_max_bytes,
    })
}

fn algorithm(named: TokenAlgorithm) -> Algorithm {
    match named {
        TokenAlgorithm::HS256 => Algorithm::HS256,
        TokenAlgorithm::HS384 => Algorithm::HS384,
        TokenAlgorithm::HS512 => Algorithm::HS512,
        TokenAlgorithm::RS256 => Algorithm::RS256,
        TokenAlgorithm::RS384 => Algorithm::RS384,
        TokenAlgorithm::RS512 => Algorithm::RS512,
        TokenAlgorithm::PS256 => Algorithm::PS256,
        TokenAlgorithm::PS384 => Algorithm::PS384,
        TokenAlgorithm::PS512 => Algorithm::PS512,
        TokenAlgorithm::ES256 => Algorithm::ES256,
        TokenAlgorithm::ES384 => Algorithm::ES384,
        TokenAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_key(change: impl FnOnce(&mut JwtSettings)) -> String {
        let mut settings = Settings::default();
        change(&mut settings.login.jwt);
        tokens(&settings).unwrap_err().key().to_owned()
    }

    #[test]
    fn no_source_of_keys_is_no_tokens_and_two_are_one_too_many() {
        assert!(tokens(&Settings::default()).unwrap().is_none());
        let two = |jwt: &mut JwtSettings| {
            jwt.secret_file = Some("secret".into());
            jwt.jwks_url = Some("https://issuer.example/keys".to_owned());
        };
        assert_eq!(error_key(two), "login.jwt.jwks_url");
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_key() {
        let url = |jwt: &mut JwtSettings| jwt.jwks_url = Some("https://x/".to_owned());
        let with = |change: fn(&mut JwtSettings)| {
            error_key(|jwt| {
                url(jwt);
                change(jwt);
            })
        };
        assert_eq!(error_key(|jwt| jwt.jwks_ca_file = Some("x".into())), "login.jwt.jwks_ca_file");
        assert_eq!(with(|jwt| jwt.jwks_url = Some("x".to_owned())), "login.jwt.jwks_url");
        assert_eq!(with(|jwt| jwt.jwks_apart_ms = 99), "login.jwt.jwks_apart_ms");
        assert_eq!(with(|jwt| jwt.jwks_ttl_ms = 9_999), "login.jwt.jwks_ttl_ms");
        assert_eq!(with(|jwt| jwt.algorithms.clear()), "login.jwt.algorithms");
        assert_eq!(with(|jwt| jwt.user_claim.clear()), "login.jwt.user_claim");
        assert_eq!(with(|jwt| jwt.leeway_ms = 300_001), "login.jwt.leeway_ms");
        assert_eq!(with(|jwt| jwt.cache_entries = 0), "login.jwt.cache_entries");
    }
}
