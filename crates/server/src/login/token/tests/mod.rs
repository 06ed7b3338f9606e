//! Tokens of every kind against keys of every kind.

use std::fs;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::*;
use crate::clock;
use signer::{SECRET, Signer, with_secret};

mod fetched;
mod issuer;
mod signer;

/// A second of 2033.
const NOW: u64 = 2_000_000_000;

const ALGORITHMS: [Algorithm; 12] = [
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

fn now() -> Moment {
    Moment { at: clock::now(), unix_ms: NOW * 1_000 }
}

fn claims() -> Value {
    json!({"sub": "alice", "exp": NOW + 60, "roles": ["a"]})
}

fn config(source: KeySource) -> TokenConfig {
    TokenConfig {
        source,
        algorithms: ALGORITHMS.to_vec(),
        claims: ClaimRules {
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway_ms: 0,
            user: "sub".to_owned(),
            roles: "roles".to_owned(),
        },
        any_user: true,
        entries: 10,
    }
}

/// Checks tokens with the keys of a file with this content.
fn of_file(source: fn(PathBuf) -> KeySource, content: impl AsRef<[u8]>) -> Tokens {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    fs::write(&file, content).unwrap();
    Tokens::open(config(source(file))).unwrap()
}

fn check(tokens: &Tokens, token: &str) -> Result<String, TokenError> {
    let bearer = tokens.check(&Token::for_test(token), now())?;
    Ok(bearer.user.as_str().to_owned())
}

/// Checks tokens of [`hs256`].
pub(in crate::login) fn tokens(any_user: bool) -> Tokens {
    let mut tokens = of_file(KeySource::Secret, SECRET);
    tokens.any_user = any_user;
    tokens
}

/// A token with these claims.
pub(in crate::login) fn hs256(claims: &Value) -> String {
    with_secret(SECRET, claims)
}

#[test]
fn token_of_each_algorithm_is_taken_and_a_changed_one_is_not() {
    let signer = Signer::new();
    let tokens = of_file(KeySource::Jwks, signer.set().to_string());
    for algorithm in ALGORITHMS {
        let token = signer.token(algorithm, &claims());
        assert_eq!(check(&tokens, &token).as_deref(), Ok("alice"), "{algorithm:?}");
        let (text, signed) = token.rsplit_once('.').unwrap();
        let other = signer.token(algorithm, &json!({"sub": "erin", "exp": NOW + 60}));
        let (other, _) = other.rsplit_once('.').unwrap();
        for forged in [
            format!("{other}.{signed}"),
            format!("{text}."),
            format!("{text}.AAAA"),
            format!("{text}.{}", signed.chars().rev().collect::<String>()),
        ] {
            let refused = check(&tokens, &forged).unwrap_err();
            let expected = [TokenError::Signature, TokenError::Malformed];
            assert!(expected.contains(&refused), "{algorithm:?}: {refused:?}");
        }
    }
}

#[test]
fn each_source_of_keys_is_for_its_own_algorithms() {
    let signer = Signer::new();
    let secret = of_file(KeySource::Secret, [SECRET.as_slice(), b"\n"].concat());
    let pem = of_file(KeySource::Pem, signer.rsa_pem());
    for algorithm in ALGORITHMS {
        let token = signer.token(algorithm, &claims());
        let expected =
            |taken| if taken { Ok("alice".to_owned()) } else { Err(TokenError::Algorithm) };
        let name = format!("{algorithm:?}");
        assert_eq!(check(&secret, &token), expected(name.starts_with("HS")), "{name}");
        let rsa = name.starts_with("RS") || name.starts_with("PS");
        assert_eq!(check(&pem, &token), expected(rsa), "{name}");
    }
}

#[test]
fn public_key_is_never_taken_for_a_secret() {
    let signer = Signer::new();
    let pem = signer.rsa_pem();
    let tokens = of_file(KeySource::Pem, &pem);
    for secret in [pem.as_bytes(), pem.trim_end().as_bytes()] {
        assert_eq!(check(&tokens, &with_secret(secret, &claims())), Err(TokenError::Algorithm));
    }
    let set = signer.set().to_string();
    let tokens = of_file(KeySource::Jwks, &set);
    let forged = with_secret(set.as_bytes(), &claims());
    assert_eq!(check(&tokens, &forged), Err(TokenError::Signature));
}

#[test]
fn algorithm_that_is_not_allowed_is_refused() {
    let signer = Signer::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    fs::write(&file, signer.set().to_string()).unwrap();
    let only = TokenConfig { algorithms: vec![Algorithm::ES256], ..config(KeySource::Jwks(file)) };
    let tokens = Tokens::open(only).unwrap();
    assert!(check(&tokens, &signer.token(Algorithm::ES256, &claims())).is_ok());
    for other in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES384] {
        let token = signer.token(other, &claims());
        assert_eq!(check(&tokens, &token), Err(TokenError::Algorithm));
    }
}

#[test]
fn text_that_is_no_token_is_told_apart_from_one_without_a_signature() {
    let tokens = of_file(KeySource::Secret, SECRET);
    let signer = Signer::new();
    let good = signer.token(Algorithm::HS256, &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let none = |alg: &str| {
        let token = signer.sign(Algorithm::HS256, &json!({ "alg": alg }), &claims());
        format!("{}.", token.rsplit_once('.').unwrap().0)
    };
    for alg in ["none", "None", "NONE", "", "HS1", "ES256K"] {
        assert_eq!(check(&tokens, &none(alg)), Err(TokenError::Algorithm), "{alg}");
    }
    let header = |header: Value| signer.sign(Algorithm::HS256, &header, &claims());
    for malformed in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        parts[..2].join("."),
        format!("{good}.x"),
        good.replace('.', " "),
        format!("{good}="),
        header(json!({})),
        header(json!({"alg": 7})),
        header(json!("HS256")),
        header(json!({"alg": "HS256", "kid": 7})),
        header(json!({"alg": "HS256", "crit": ["exp"], "exp": 1})),
        signer.token(Algorithm::HS256, &json!("claims")),
        signer.token(Algorithm::HS256, &json!([1])),
    ] {
        assert_eq!(check(&tokens, &malformed), Err(TokenError::Malformed), "{malformed}");
    }
    let nested = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = URL_SAFE_NO_PAD.encode(nested);
    assert_eq!(check(&tokens, &format!("{deep}.{deep}.")), Err(TokenError::Malformed));
}

#[test]
fn claims_are_judged_after_the_signature() {
    let tokens = of_file(KeySource::Secret, SECRET);
    let signer = Signer::new();
    let expired = json!({"sub": "alice", "exp": NOW});
    let token = signer.token(Algorithm::HS256, &expired);
    assert_eq!(check(&tokens, &token), Err(TokenError::Expired));
    let forged = with_secret(b"another secret, which is long enough", &expired);
    assert_eq!(check(&tokens, &forged), Err(TokenError::Signature));
}

#[test]
fn right_token_is_remembered_until_its_end() {
    let tokens = of_file(KeySource::Secret, SECRET);
    let token = Token::for_test(&Signer::new().token(Algorithm::HS256, &claims()));
    let start = now();
    assert!(tokens.remembered(&token, start.at).is_none());
    let bearer = tokens.check(&token, start).unwrap();
    assert_eq!(bearer.until, start.at + Duration::from_secs(60));
    let before = tokens.remembered(&token, start.at + Duration::from_secs(59)).unwrap();
    assert_eq!(&*before.roles[0], "a");
    assert!(tokens.remembered(&token, start.at + Duration::from_secs(60)).is_none());
    let wrong = Token::for_test(&with_secret(b"another secret, which is long enough", &claims()));
    assert!(tokens.check(&wrong, start).is_err());
    assert!(tokens.remembered(&wrong, start.at).is_none());
}

#[test]
fn token_for_ever_ends_within_reach() {
    let tokens = of_file(KeySource::Secret, SECRET);
    let claims = json!({"sub": "alice", "exp": u64::MAX});
    let token = Signer::new().token(Algorithm::HS256, &claims);
    let start = now();
    let bearer = tokens.check(&Token::for_test(&token), start).unwrap();
    assert_eq!(bearer.until, start.at + LONGEST);
}

#[test]
fn file_without_keys_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    let absent = Tokens::open(config(KeySource::Pem(file.clone()))).unwrap_err();
    assert!(absent.to_string().contains("keys"), "{absent}");
    fs::write(&file, "{}").unwrap();
    for source in [KeySource::Secret, KeySource::Pem, KeySource::Jwks] {
        let error = Tokens::open(config(source(file.clone()))).unwrap_err();
        assert!(matches!(error, TokensError::Keys { .. }), "{error}");
    }
}
