//! Signed tokens on the wire: whom they stand for, and what ends with them.

use std::fs;
use std::path::PathBuf;

use encke_server::Settings;
use encke_server::settings::TokenUsers;
use encke_testkit::{Issuer, Launch, Request, Response, now};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::{House, me};

const SECRET: &str = "a secret that is long enough for SHA-256";

/// A demo whose tokens an issuer signs.
struct Setup {
    house: House,
    issuer: Issuer,
    _folder: TempDir,
}

impl Setup {
    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, SECRET).unwrap();
        let house = House::with(|settings| {
            settings.login.jwt.secret_file = Some(file);
            settings.login.jwt.leeway_ms = 0;
            settings.cometd.anonymous = false;
            change(settings);
        })
        .await;
        Self { house, issuer: Issuer::new(SECRET), _folder: folder }
    }

    fn bearing(&self, request: Request, user: &str, seconds: f64) -> Request {
        let token = self.issuer.token(user, seconds);
        request.header("authorization", &format!("Bearer {token}"))
    }
}

fn cometd(messages: &Value) -> Request {
    Request::json("/cometd", messages.to_string())
}

fn handshake() -> Value {
    json!([{"channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"]}])
}

fn browser(response: &Response) -> &str {
    response.header("set-cookie").unwrap().split(';').next().unwrap()
}

#[tokio::test]
async fn token_is_its_user_everywhere_and_begins_no_session() {
    let setup = Setup::with(|_| {}).await;
    let answer = setup.house.ask(&setup.bearing(me(), "alice", 60.0)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.value()["user"]["userName"], "alice");
    assert_eq!(answer.header("set-cookie"), None);
    for path in ["/cometd", "/api/v2/notifications"] {
        let request = Request::json(path, handshake().to_string());
        let answer = setup.house.ask(&setup.bearing(request, "alice", 60.0)).await;
        assert_eq!(answer.value()[0]["successful"], true, "{path}: {}", answer.text());
    }
    let metrics = setup.house.ask(&Request::new("GET", "/metrics")).await.text();
    for line in ["encke_token_keys 1", "encke_login_sessions 0"] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    setup.house.end().await;
}

#[tokio::test]
async fn user_who_is_not_configured_comes_to_the_generic_endpoint_alone() {
    let setup = Setup::with(|settings| settings.login.jwt.users = TokenUsers::Any).await;
    let shaken = setup.house.ask(&setup.bearing(cometd(&handshake()), "mallory", 60.0)).await;
    assert_eq!(shaken.value()[0]["successful"], true, "{}", shaken.text());
    for request in [me(), Request::json("/api/v2/notifications", handshake().to_string())] {
        let refused = setup.house.ask(&setup.bearing(request, "mallory", 60.0)).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_eq!(refused.value()["statusCode"], 20);
    }
    setup.house.end().await;
}

#[tokio::test]
async fn session_of_a_user_is_not_anothers() {
    let setup = Setup::with(|_| {}).await;
    let shaken = setup.house.ask(&setup.bearing(cometd(&handshake()), "alice", 60.0)).await;
    let client = &shaken.value()[0]["clientId"];
    let connect = json!([{"channel": "/meta/connect", "clientId": client,
                          "connectionType": "long-polling"}]);
    let as_user =
        |user: &str| setup.bearing(cometd(&connect), user, 61.0).header("cookie", browser(&shaken));
    assert_eq!(setup.house.ask(&as_user("bob")).await.value()[0]["successful"], false);
    let renewed = setup.house.ask(&as_user("alice")).await;
    assert_eq!(renewed.value()[0]["successful"], true, "another token of the same user will do");
    setup.house.end().await;
}

#[tokio::test]
async fn held_poll_ends_with_its_token_and_the_next_is_refused() {
    let setup = Setup::with(|_| {}).await;
    let token = format!("Bearer {}", setup.issuer.token("alice", 2.0));
    let end = now() + 2.0;
    let ask = |messages: Value, cookie: &str| {
        cometd(&messages).header("authorization", &token).header("cookie", cookie)
    };
    let shaken = setup.house.ask(&ask(handshake(), "")).await;
    let client = &shaken.value()[0]["clientId"];
    let connect = |advice: Value| {
        json!([{"channel": "/meta/connect", "clientId": client, "advice": advice,
                "connectionType": "long-polling"}])
    };
    let first = setup.house.ask(&ask(connect(json!({})), browser(&shaken))).await;
    assert_eq!(first.value()[0]["successful"], true);
    let held = setup.house.ask(&ask(connect(json!({"timeout": 30_000})), browser(&shaken))).await;
    assert_eq!(held.value()[0]["successful"], true, "{}", held.text());
    // A hold ends up to a tick of 50 ms before its time.
    assert!(now() >= end - 0.06 && now() < end + 5.0, "held until the token ended");
    let refused = loop {
        let next = setup.house.ask(&ask(connect(json!({})), browser(&shaken))).await;
        if next.status != 200 {
            break next;
        }
        assert!(now() < end + 5.0, "still taken");
    };
    assert_eq!(refused.status, 401);
    assert_eq!(refused.value()["statusMessage"], "Access denied: the token has expired");
    setup.house.end().await;
}

#[tokio::test]
async fn websocket_is_closed_when_the_token_of_its_address_ends() {
    let setup = Setup::with(|_| {}).await;
    let upgrade = |seconds: f64| {
        let token = setup.issuer.token("alice", seconds);
        Request::new("GET", &format!("/cometd?access_token={token}"))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    let refused = setup.house.ask(&upgrade(-1.0)).await;
    assert_eq!(refused.status, 401, "{}", refused.text());

    let mut connection = setup.house.open().await;
    connection.send(&upgrade(2.0).encode()).await.unwrap();
    let all = connection.read_to_close().await.unwrap();
    let head = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert!(all.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&all));
    let [0x88, _, code @ ..] = &all[head..] else { panic!("no frame that closes: {all:?}") };
    assert_eq!(code.get(..2), Some(1008_u16.to_be_bytes().as_slice()));
    setup.house.end().await;
}

#[tokio::test]
async fn token_is_never_logged() {
    let issuer = Issuer::new(SECRET);
    let config = "[log]\nfilter = \"trace\"\n[login.jwt]\nsecret_file = \"token.secret\"\n";
    let mut server = Launch::demo()
        .binary(env!("CARGO_BIN_EXE_encke"))
        .config(config)
        .file("token.secret", SECRET)
        .start()
        .await;
    let token = issuer.token("alice", 60.0);
    let signature = token.rsplit_once('.').unwrap().1;
    let bad = format!("{}x", &token[..token.len() - 1]);
    for token in [&token, &bad] {
        let header = me().header("authorization", &format!("Bearer {token}"));
        server.request(&header).await;
        let address = Request::new("GET", &format!("/cometd?access_token={token}"));
        server.request(&address.header("accept", "text/event-stream")).await;
        let posted = Request::json(&format!("/cometd?access_token={token}"), "[]");
        server.request(&posted).await;
    }
    server.terminate().await;
    let log = server.log();
    assert!(log.contains("/api/v2/me"), "requests are logged:\n{log}");
    assert!(!log.contains(&signature[..20]), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_named_at_start() {
    let settings = |file: PathBuf| {
        let mut settings = Settings::demo(&encke_server::DemoOptions::default()).unwrap();
        settings.server.listen = "127.0.0.1:0".parse().unwrap();
        settings.login.jwt.pem_file = Some(file);
        encke_server::Config::from_settings(&settings).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.pem");
    let error = encke_server::Server::bind(settings(absent)).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("absent.pem"), "{error}: {cause}");
}
