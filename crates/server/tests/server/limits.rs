//! What floods and slow clients meet, and whom they leave alone.

use std::time::Duration;

use encke_server::settings::ForwardedHeader;
use encke_testkit::{Connection, DEADLINE, Login, Request, Response, eventually};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::house::{House, me, me_as};

fn handshake(path: &str) -> Request {
    let shake = json!([{"channel": "/meta/handshake", "version": "1.0",
                        "supportedConnectionTypes": ["long-polling"]}]);
    Request::json(path, shake.to_string())
}

fn from(request: Request, address: &str) -> Request {
    request.header("x-forwarded-for", address)
}

async fn metrics(house: &House) -> String {
    house.ask(&Request::new("GET", "/metrics")).await.text()
}

fn waits(answer: &Response) -> bool {
    let seconds = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    answer.status == 429 && seconds.is_some_and(|seconds| seconds >= 1)
}

#[tokio::test]
async fn address_that_asks_too_often_is_told_when_to_come_back() {
    let house = House::with(|settings| {
        settings.limits.address_per_second = 1;
        settings.limits.address_burst = 2;
    })
    .await;
    // Requests that take no time, or a token comes back in between.
    assert_eq!(house.ask(&me()).await.status, 403);
    assert_eq!(house.ask(&handshake("/cometd")).await.status, 200);
    let limited = house.ask(&me_as("alice")).await;
    assert!(waits(&limited), "{}", limited.text());
    assert_eq!(limited.value()["statusCode"], 3);
    let page = metrics(&house).await;
    assert!(page.contains("encke_requests_limited_total{limit=\"address\"} 1"), "{page}");
    house.end().await;
}

#[tokio::test]
async fn clients_of_a_trusted_proxy_have_limits_of_their_own() {
    let house = House::with(|settings| {
        settings.server.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
        settings.limits.address_per_second = 1;
        settings.limits.address_burst = 2;
        settings.login.address_failures = 1;
        settings.login.failure_forgotten_ms = 60_000;
    })
    .await;
    // Her password takes time once.
    assert_eq!(house.ask(&from(me_as("alice"), "198.51.100.50")).await.status, 200);
    for client in ["198.51.100.1", "10.0.0.1, 198.51.100.2", "198.51.100.3:4711, 127.0.0.1"] {
        for _ in 0..2 {
            assert_eq!(house.ask(&from(me_as("alice"), client)).await.status, 200, "{client}");
        }
        assert!(waits(&house.ask(&from(me_as("alice"), client)).await), "{client}");
    }

    let wrong = || me().login(&Login::new("bob", "wrong"));
    assert_eq!(house.ask(&from(wrong(), "198.51.100.8")).await.status, 403);
    assert_eq!(house.ask(&from(wrong(), "198.51.100.8")).await.status, 429);
    assert_eq!(house.ask(&from(wrong(), "198.51.100.9")).await.status, 403);
    // What a client itself writes in front does not make it another one.
    let disguised = from(wrong(), "203.0.113.77, 198.51.100.9");
    assert_eq!(house.ask(&disguised).await.status, 429);
    house.end().await;
}

#[tokio::test]
async fn header_that_nobody_trusted_wrote_means_nothing() {
    for (trusted, header) in [
        (vec![], ForwardedHeader::XForwardedFor),
        (vec!["10.0.0.0/8".to_owned()], ForwardedHeader::XForwardedFor),
        (vec!["127.0.0.1".to_owned()], ForwardedHeader::Forwarded),
    ] {
        let house = House::with(|settings| {
            settings.server.trusted_proxies = trusted;
            settings.server.forwarded_header = header;
            settings.limits.address_per_second = 1;
            settings.limits.address_burst = 1;
        })
        .await;
        assert_eq!(house.ask(&from(me(), "198.51.100.1")).await.status, 403);
        assert!(waits(&house.ask(&from(me(), "198.51.100.2")).await));
        house.end().await;
    }
}

#[tokio::test]
async fn handshakes_of_an_address_have_a_rate_of_their_own() {
    let house = House::with(|settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1".to_owned()];
        settings.limits.address_handshakes_per_second = 1;
        settings.limits.address_handshake_burst = 2;
    })
    .await;
    let ask = async |request: Request| house.ask(&from(request, "198.51.100.1")).await;
    // Her password takes its time before the handshake counts.
    let gws = handshake("/api/v2/notifications").login(&Login::demo("alice"));
    assert_eq!(ask(gws).await.value()[0]["successful"], true);
    assert_eq!(ask(handshake("/cometd")).await.value()[0]["successful"], true);
    let limited = ask(handshake("/cometd")).await;
    assert_eq!(limited.status, 200, "it is told in the protocol");
    let reply = &limited.value()[0];
    assert_eq!(reply["error"], "429::too_many_handshakes_of_address");
    assert_eq!(reply["advice"]["reconnect"], "handshake");
    let wait = reply["advice"]["interval"].as_u64().unwrap();
    assert!((1..=2_000).contains(&wait), "{wait}");
    assert_eq!(ask(me_as("alice")).await.status, 200, "requests go on");
    let other = house.ask(&from(handshake("/cometd"), "198.51.100.2")).await;
    assert_eq!(other.value()[0]["successful"], true);
    let page = metrics(&house).await;
    assert!(page.contains("encke_address_handshakes_limited_total 1"), "{page}");
    assert!(page.contains("encke_handshakes_refused_total{endpoint=\"cometd\"} 1"), "{page}");
    house.end().await;
}

#[tokio::test]
async fn address_with_too_many_connections_is_hung_up_on() {
    let house = House::with(|settings| settings.limits.connections_per_address = 2).await;
    let mut first = house.open().await;
    let mut second = house.open().await;
    for connection in [&mut first, &mut second] {
        assert_eq!(connection.exchange(&me_as("alice")).await.unwrap().status, 200);
    }
    let refused = house.open().await.exchange(&me_as("alice")).await;
    assert!(refused.is_err(), "{refused:?}");
    drop(first);
    // Its end is noticed a moment later.
    let again = eventually("a place is free", DEADLINE, || async {
        house.open().await.exchange(&me_as("alice")).await.map_err(|error| error.to_string())
    });
    assert_eq!(again.await.status, 200);
    let page = second.exchange(&Request::new("GET", "/metrics")).await.unwrap().text();
    assert!(page.contains("encke_connections_refused_total "), "{page}");
    assert!(!page.contains("encke_connections_refused_total 0"), "{page}");
    house.end().await;
}

/// Sends `begun` and a byte more each 20 ms; the answer, and how long it took.
async fn drip(house: &House, begun: &str) -> (String, Duration) {
    let mut connection: Connection = house.open().await;
    connection.send(begun.as_bytes()).await.unwrap();
    let start = begin();
    let answer = loop {
        match timeout(Duration::from_millis(20), connection.read_to_close()).await {
            Ok(answer) => break answer,
            // The server may have closed already, and then nothing more can be sent.
            Err(_) => connection.send(b"x").await.ok(),
        };
        assert!(start.elapsed() < Duration::from_secs(20), "still open");
    };
    (String::from_utf8(answer.unwrap_or_default()).unwrap(), start.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "a test with a real socket measures real time")]
fn begin() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn slow_head_ends_its_connection() {
    let house = House::with(|settings| settings.server.header_timeout_ms = 300).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let (answer, took) = drip(&house, begun).await;
        assert_eq!(answer, "", "{begun}");
        assert!(took >= Duration::from_millis(250), "{took:?}");
    }
    assert_eq!(house.ask(&me_as("alice")).await.status, 200);
    house.end().await;
}

#[tokio::test]
async fn slow_body_is_refused_in_the_form_of_its_path() {
    let house = House::with(|settings| {
        settings.server.body_timeout_ms = 300;
        settings.api.enabled = true;
        settings.users.get_mut("bob").unwrap().roles =
            vec![encke_server::settings::RoleName::Service];
    })
    .await;
    for (path, user, status, text) in [
        ("/api/v2/me", "alice", "400", "\"statusCode\":1"),
        ("/api/v2/notifications", "alice", "408", "408::the body came too slowly"),
        ("/cometd", "alice", "408", "408::the body came too slowly"),
        ("/api/bayeux/v1/publish", "bob", "400", "body_broken"),
    ] {
        let login = Login::demo(user).basic();
        let begun = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {login}\r\n\
             content-type: application/json\r\ncontent-length: 100000\r\n\r\n["
        );
        let (answer, took) = drip(&house, &begun).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert!(answer.contains(text), "{path}: {answer}");
        assert!(took >= Duration::from_millis(250), "{path}: {took:?}");
    }
    assert_eq!(house.ask(&me_as("alice")).await.status, 200);
    house.end().await;
}
