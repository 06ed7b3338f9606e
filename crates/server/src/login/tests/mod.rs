//! A login from its first request to its end.

use std::net::Ipv4Addr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encke::gateway::Roles;
use http::header::{COOKIE, SET_COOKIE};

use super::known::CSRF_HEADER_NAME;
use super::*;
use crate::clock;
use crate::settings::SameSite;

mod bearers;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn login(csrf: bool) -> Login {
    let account = |name: &str| Account {
        name: name.into(),
        hash: password::hash_cheaply(b"demo").unwrap(),
        roles: Roles::default(),
        role_names: Arc::default(),
    };
    Login {
        users: [account("alice"), account("bob")].into_iter().collect(),
        verifier: Verifier::new(
            password::hash_cheaply(b"decoy").unwrap(),
            CheckBounds { parallel: 1, waiting: 10, ttl: Duration::from_secs(60), entries: 10 },
        )
        .unwrap(),
        sessions: Sessions::new(SessionBounds {
            max_inactive: Duration::from_secs(1_800),
            unconfirmed: Duration::from_secs(300),
            max_sessions: 10,
            max_per_user: 10,
        }),
        throttle: Throttle::new(2, 100, Duration::from_secs(30)),
        cookie: CookieForm {
            name: "JSESSIONID".to_owned(),
            same_site: SameSite::Lax,
            secure: false,
            partitioned: false,
        },
        csrf,
        tokens: None,
    }
}

fn with_credentials(user: &str, password: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&value).unwrap());
    headers
}

fn head(headers: &HeaderMap) -> request::Parts {
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.headers = headers.clone();
    head
}

async fn log_in(login: &Login, headers: &HeaderMap) -> Result<Known, Refusal> {
    match login.identify(&head(headers), HERE, clock::moment()) {
        Found::Known(known) => Ok(known),
        Found::Unchecked(unchecked) => login.check(unchecked, headers, HERE, clock::moment()).await,
        Found::Nobody(refusal) | Found::Refused(refusal) => Err(refusal),
    }
}

fn cookie_of(known: &Known) -> HeaderMap {
    let mut given = HeaderMap::new();
    known.given.give_cookie(&mut given);
    let text = given[SET_COOKIE].to_str().unwrap();
    let pair = text.split(';').next().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_str(pair).unwrap());
    headers
}

#[tokio::test]
async fn right_credentials_give_a_cookie_that_stands_for_them() {
    let login = login(false);
    let known = log_in(&login, &with_credentials("alice", "demo")).await.unwrap();
    let by_cookie = log_in(&login, &cookie_of(&known)).await.unwrap();
    assert_eq!(by_cookie.who.user().as_str(), "alice");
    let mut given = HeaderMap::new();
    by_cookie.given.give_cookie(&mut given);
    assert!(given.is_empty(), "a live cookie is not given again");
}

#[tokio::test]
async fn second_request_with_credentials_is_known_without_a_check() {
    let login = login(false);
    let headers = with_credentials("alice", "demo");
    log_in(&login, &headers).await.unwrap();
    assert!(matches!(login.identify(&head(&headers), HERE, clock::moment()), Found::Known(_)));
}

#[tokio::test]
async fn credentials_win_over_the_cookie_of_another_user() {
    let login = login(false);
    let alice = log_in(&login, &with_credentials("alice", "demo")).await.unwrap();
    let mut headers = with_credentials("bob", "demo");
    headers.extend(cookie_of(&alice));
    let known = log_in(&login, &headers).await.unwrap();
    assert_eq!(known.who.user().as_str(), "bob");
    assert!(known.given.has_cookie());
}

#[tokio::test]
async fn wrong_credentials_are_refused_even_with_a_cookie() {
    let login = login(false);
    let alice = log_in(&login, &with_credentials("alice", "demo")).await.unwrap();
    let mut headers = with_credentials("alice", "nope");
    headers.extend(cookie_of(&alice));
    assert_eq!(log_in(&login, &headers).await.unwrap_err(), Refusal::Wrong);
}

#[tokio::test]
async fn nobody_is_told_why() {
    let login = login(false);
    assert_eq!(log_in(&login, &HeaderMap::new()).await.unwrap_err(), Refusal::NoCredentials);
    let mut headers = HeaderMap::new();
    let gone = format!("JSESSIONID={}", "00".repeat(20));
    headers.insert(COOKIE, HeaderValue::from_str(&gone).unwrap());
    assert_eq!(log_in(&login, &headers).await.unwrap_err(), Refusal::SessionOver);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
    assert_eq!(log_in(&login, &headers).await.unwrap_err(), Refusal::Scheme { bearer: false });
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic ?"));
    assert_eq!(log_in(&login, &headers).await.unwrap_err(), Refusal::Malformed);
}

#[tokio::test]
async fn failures_are_throttled_but_known_credentials_are_not() {
    let login = login(false);
    let right = with_credentials("alice", "demo");
    log_in(&login, &right).await.unwrap();
    let wrong = with_credentials("alice", "nope");
    assert_eq!(log_in(&login, &wrong).await.unwrap_err(), Refusal::Wrong);
    assert_eq!(log_in(&login, &wrong).await.unwrap_err(), Refusal::Wrong);
    assert!(matches!(log_in(&login, &wrong).await.unwrap_err(), Refusal::TooManyFailures(_)));
    assert!(log_in(&login, &right).await.is_ok());
}

#[tokio::test]
async fn ended_session_is_over() {
    let login = login(false);
    let mut known = log_in(&login, &with_credentials("alice", "demo")).await.unwrap();
    let cookie = cookie_of(&known);
    login.end_session(&mut known.given);
    let mut headers = HeaderMap::new();
    known.given.give_cookie(&mut headers);
    assert!(headers[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(log_in(&login, &cookie).await.unwrap_err(), Refusal::SessionOver);
}

#[tokio::test]
async fn changing_request_needs_the_token_that_a_get_told() {
    let login = login(true);
    let first = log_in(&login, &with_credentials("alice", "demo")).await.unwrap();
    let mut headers = cookie_of(&first);
    let known = log_in(&login, &headers).await.unwrap();
    let guard = |headers: &HeaderMap| login.guard_csrf(&known, &Method::POST, headers);
    assert_eq!(guard(&headers), Err(Refusal::Csrf));
    assert_eq!(login.guard_csrf(&known, &Method::GET, &headers), Ok(()));
    headers.insert(CSRF_TOKEN, HeaderValue::from_static("guess"));
    assert_eq!(guard(&headers), Err(Refusal::Csrf));

    let mut told = HeaderMap::new();
    known.given.tell_csrf_token(&mut told);
    assert_eq!(told[CSRF_HEADER_NAME], "X-CSRF-TOKEN");
    headers.insert(CSRF_TOKEN, told[CSRF_TOKEN].clone());
    assert_eq!(guard(&headers), Ok(()));
    let fresh = log_in(&login, &with_credentials("alice", "demo")).await.unwrap();
    assert_eq!(
        login.guard_csrf(&fresh, &Method::POST, &headers),
        Err(Refusal::Csrf),
        "a request without its cookie has no session to have a token of"
    );
}
