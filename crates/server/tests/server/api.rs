//! The API for back ends on the wire: who may use it, and that clients hear of it.

use std::process::Command;

use encke_server::Settings;
use encke_server::settings::{ApiKeySettings, ApiOperation, RoleName, Secret};
use encke_testkit::{DEADLINE, Launch, Login, PLAIN, Peer, Request};
use serde_json::json;

use crate::house::{House, cookie, me_as};

/// A key and its hash, as the command makes them.
fn make_key() -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_encke")).arg("make-api-key").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let (key, hash) = text.trim_end().split_once('\n').unwrap();
    let hash = hash.strip_prefix("sha256 = \"").unwrap().strip_suffix('"').unwrap();
    (key.to_owned(), hash.to_owned())
}

fn enable(settings: &mut Settings, hash: &str) {
    settings.api.enabled = true;
    settings.api.keys.insert("billing".to_owned(), ApiKeySettings::new(Secret::new(hash)));
    settings.users.get_mut("bob").unwrap().roles.push(RoleName::Service);
}

fn sessions() -> Request {
    Request::new("GET", "/api/bayeux/v1/sessions")
}

fn publish() -> Request {
    Request::json("/api/bayeux/v1/publish", r#"{"channel":"/news","data":{"n":1.10}}"#)
}

#[tokio::test]
async fn back_end_has_a_key_or_the_role_of_one() {
    let (key, hash) = make_key();
    let house = House::with(|settings| enable(settings, &hash)).await;
    let with_key = house.ask(&publish().header("x-api-key", &key)).await;
    assert_eq!((with_key.status, with_key.value()), (200, json!({"sessions": 0})));
    assert_eq!(with_key.header("set-cookie"), None);
    let service = house.ask(&publish().login(&Login::demo("bob"))).await;
    assert_eq!((service.status, service.value()), (200, json!({"sessions": 0})));
    for (request, code) in [
        (publish(), "access_denied"),
        (publish().login(&Login::demo("alice")), "access_denied"),
        (publish().login(&Login::new("bob", "wrong")), "access_denied"),
        (publish().header("x-api-key", ""), "wrong_key"),
        (publish().header("x-api-key", &hash), "wrong_key"),
        (publish().header("x-api-key", "encke_").login(&Login::demo("bob")), "wrong_key"),
        (
            publish().header("x-api-key", &key).header("origin", "https://evil.org"),
            "foreign_origin",
        ),
    ] {
        let refused = house.ask(&request).await;
        assert_eq!(refused.status, 403, "{request:?}");
        assert_eq!(refused.value()["error"]["code"], code, "{request:?}");
    }
    let metrics = house.ask(&Request::new("GET", "/metrics")).await.text();
    for line in [
        "encke_api_requests_total{operation=\"publish\",status=\"200\"} 2",
        "encke_logins_total{outcome=\"wrong_key\"} 3",
        "encke_logins_total{outcome=\"no_service\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    house.end().await;
}

#[tokio::test]
async fn key_does_what_it_is_for_and_nothing_else() {
    let (key, hash) = make_key();
    let house = House::with(|settings| {
        enable(settings, &hash);
        settings.api.keys.get_mut("billing").unwrap().operations = vec![ApiOperation::Sessions];
    })
    .await;
    assert_eq!(house.ask(&sessions().header("x-api-key", &key)).await.status, 200);
    let refused = house.ask(&publish().header("x-api-key", &key)).await;
    assert_eq!(refused.value()["error"]["code"], "operation_not_allowed");
    house.end().await;
}

#[tokio::test]
async fn keys_that_are_guessed_have_to_wait_and_a_known_one_does_not() {
    let (key, hash) = make_key();
    let house = House::with(|settings| {
        enable(settings, &hash);
        settings.login.address_failures = 2;
        settings.login.failure_forgotten_ms = 60_000;
    })
    .await;
    let guess = sessions().header("x-api-key", "encke_guess");
    for status in [403, 403, 429] {
        assert_eq!(house.ask(&guess).await.status, status);
    }
    let throttled = house.ask(&guess).await;
    assert_eq!(throttled.value()["error"]["code"], "too_many_failures");
    assert!(throttled.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(house.ask(&sessions().header("x-api-key", &key)).await.status, 200);
    house.end().await;
}

#[tokio::test]
async fn service_with_a_cookie_needs_the_token_that_goes_with_it() {
    let (key, hash) = make_key();
    let house = House::with(|settings| {
        enable(settings, &hash);
        settings.login.csrf = true;
    })
    .await;
    let first = house.ask(&me_as("bob")).await;
    let with_cookie = publish().header("cookie", &cookie(&first));
    let refused = house.ask(&with_cookie).await;
    assert_eq!((refused.status, &refused.value()["error"]["code"]), (403, &json!("csrf_token")));
    let token = first.header("x-csrf-token").unwrap();
    assert_eq!(house.ask(&with_cookie.header("x-csrf-token", token)).await.status, 200);
    assert_eq!(house.ask(&publish().header("x-api-key", &key)).await.status, 200);
    house.end().await;
}

#[tokio::test]
async fn api_is_absent_unless_it_is_enabled() {
    let house = House::demo().await;
    for path in ["/api/bayeux/v1/sessions", "/api/bayeux/v1/openapi.json", "/api/bayeux/v1"] {
        assert_eq!(house.ask(&Request::new("GET", path)).await.status, 404, "{path}");
    }
    house.end().await;
}

#[tokio::test]
async fn description_of_the_api_is_there_for_everybody() {
    let house = House::with(|settings| settings.api.enabled = true).await;
    let document = house.ask(&Request::new("GET", "/api/bayeux/v1/openapi.json")).await;
    assert_eq!(document.status, 200);
    assert!(document.value()["paths"]["/api/bayeux/v1/publish"].is_object());
    assert!(document.header("etag").is_some());
    house.end().await;
}

#[tokio::test]
async fn bodies_that_are_too_long_are_refused_before_they_are_read() {
    let (key, hash) = make_key();
    let house = House::with(|settings| {
        enable(settings, &hash);
        settings.api.max_body_bytes = 1_000;
    })
    .await;
    let long = Request::json("/api/bayeux/v1/publish", "x".repeat(1_001));
    let refused = house.ask(&long.header("x-api-key", &key)).await;
    assert_eq!((refused.status, refused.closes()), (413, true));
    assert_eq!(refused.value()["error"]["code"], "body_too_long");
    house.end().await;
}

#[tokio::test]
async fn client_hears_what_a_back_end_publishes_and_is_shown_and_ended_by_it() {
    let (key, hash) = make_key();
    let config = format!("[api]\nenabled = true\n[api.keys.news]\nsha256 = \"{hash}\"\n");
    let server = Launch::demo().binary(env!("CARGO_BIN_EXE_encke")).config(&config).start().await;
    let mut alice = Peer::up(&server, PLAIN, Some(Login::demo("alice")), &["/news"]).await;
    let ask = |request: Request| request.header("x-api-key", &key);
    let published = server.request(&ask(publish())).await;
    assert_eq!(published.value(), json!({"sessions": 1}));
    let heard = alice.expect(1, DEADLINE).await;
    assert!(heard[0].text.contains(r#""data":{"n":1.10}"#), "{}", heard[0].text);

    let path = "/api/bayeux/v1/users/alice";
    let shown = server.request(&ask(Request::new("GET", path))).await.value();
    assert_eq!(shown["connected"], true);
    assert_eq!(shown["sessions"]["cometd"][0]["subscriptions"], json!(["/news"]));
    let ended = server.request(&ask(Request::json(&format!("{path}/disconnect"), "{}"))).await;
    assert_eq!(ended.value(), json!({"sessions": 1}));
    let shown = server.request(&ask(Request::new("GET", path))).await.value();
    assert_eq!(shown["connected"], false);
}
