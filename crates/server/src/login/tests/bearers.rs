//! Tokens beside cookies and passwords.

use serde_json::json;

use super::*;
use crate::answer::Form;
use crate::login::token::tests::{hs256, tokens};

const MINUTE: u64 = 60;

fn login(any_user: bool) -> Login {
    Login { tokens: Some(tokens(any_user)), ..super::login(true) }
}

/// A token of this user that ends so many seconds from now.
fn token_for(user: &str, seconds: u64) -> String {
    let now = clock::moment().unix_ms / 1_000;
    hs256(&json!({"sub": user, "exp": now + seconds, "roles": ["a"]}))
}

fn bearing(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    headers
}

#[tokio::test]
async fn token_is_its_user_for_its_time_and_gets_no_cookie() {
    let login = login(false);
    let known = log_in(&login, &bearing(&token_for("alice", MINUTE))).await.unwrap();
    assert_eq!(known.who.user().as_str(), "alice");
    assert_eq!(known.who.roles().iter().map(|role| &**role).collect::<Vec<_>>(), ["a"]);
    let until = known.who.until().unwrap();
    assert!(until <= clock::now() + Duration::from_secs(MINUTE));
    let mut given = HeaderMap::new();
    known.given.give_cookie(&mut given);
    known.given.tell_csrf_token(&mut given);
    assert!(given.is_empty(), "{given:?}");
    assert_eq!(login.sessions.count(), 0);
    let post = login.guard_csrf(&known, &Method::POST, &HeaderMap::new());
    assert_eq!(post, Ok(()), "no browser sends a token by itself");
}

#[tokio::test]
async fn token_is_a_login_once() {
    let login = login(false);
    let token = token_for("alice", MINUTE);
    assert_eq!(log_in(&login, &bearing(&token)).await.unwrap().outcome, Some("token"));
    assert_eq!(log_in(&login, &bearing(&token)).await.unwrap().outcome, None);
}

#[tokio::test]
async fn user_of_a_token_is_configured_unless_anybody_may_come() {
    let stranger = bearing(&token_for("mallory", MINUTE));
    let refused = login(false);
    for _ in 0..2 {
        assert_eq!(log_in(&refused, &stranger).await.unwrap_err(), Refusal::NotConfigured);
    }
    let taken = log_in(&login(true), &stranger).await.unwrap();
    assert!(taken.who.caller().is_none(), "the gateway does not know them");
    let alice = log_in(&login(true), &bearing(&token_for("alice", MINUTE))).await.unwrap();
    assert!(alice.who.caller().is_some());
}

#[tokio::test]
async fn wrong_token_is_refused_even_with_a_cookie() {
    let login = login(false);
    let alice = log_in(&login, &with_credentials("alice", "demo")).await.unwrap();
    for (token, error) in [
        ("x".to_owned(), TokenError::Malformed),
        (token_for("alice", 0), TokenError::Expired),
        (token_for("alice", MINUTE) + "A", TokenError::Signature),
    ] {
        let mut headers = bearing(&token);
        headers.extend(cookie_of(&alice));
        assert_eq!(log_in(&login, &headers).await.unwrap_err(), Refusal::Token(error));
    }
}

#[tokio::test]
async fn address_that_forges_waits_and_who_was_right_before_does_not() {
    let login = Login { throttle: Throttle::new(100, 2, Duration::from_secs(30)), ..login(false) };
    let known = bearing(&token_for("alice", MINUTE));
    log_in(&login, &known).await.unwrap();
    for _ in 0..3 {
        let expired = log_in(&login, &bearing(&token_for("bob", 0))).await;
        assert_eq!(expired.unwrap_err(), Refusal::Token(TokenError::Expired));
    }
    for _ in 0..2 {
        let forged = log_in(&login, &bearing("a.b.c")).await;
        assert_eq!(forged.unwrap_err(), Refusal::Token(TokenError::Malformed));
    }
    let next = log_in(&login, &bearing(&token_for("bob", MINUTE))).await;
    assert!(matches!(next.unwrap_err(), Refusal::TooManyFailures(_)));
    assert!(log_in(&login, &known).await.is_ok());
}

#[tokio::test]
async fn cookies_and_passwords_go_on_beside_tokens() {
    let login = login(false);
    let alice = log_in(&login, &with_credentials("alice", "demo")).await.unwrap();
    assert!(log_in(&login, &cookie_of(&alice)).await.is_ok());
    let mut other = HeaderMap::new();
    other.insert(AUTHORIZATION, HeaderValue::from_static("Digest x"));
    assert_eq!(log_in(&login, &other).await.unwrap_err(), Refusal::Scheme { bearer: true });
}

#[test]
fn refused_token_is_answered_so_that_its_owner_gets_another() {
    let answer = Refusal::Token(TokenError::Expired).refused().answer(Form::Gws);
    assert_eq!(answer.status(), 401);
    assert_eq!(
        answer.headers()["www-authenticate"],
        "Bearer error=\"invalid_token\", error_description=\"the token has expired\""
    );
    assert!(
        Refusal::NoCredentials
            .refused()
            .answer(Form::Gws)
            .headers()
            .get("www-authenticate")
            .is_none()
    );
}
