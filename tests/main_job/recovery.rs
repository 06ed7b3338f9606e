//! Broken polls, silence, superseded polls, cookies: how a desk finds its way back.

use std::io;
use std::time::Duration;

use encke_testkit::{Agent, DEADLINE, Launch, Peer, Request, eventually};
use serde_json::{Value, json};
use tokio::time::timeout;

const CALLS: &[&str] = &["/v2/me/calls"];
/// Long enough for a request to reach the server and be held.
const HELD: Duration = Duration::from_millis(300);

#[tokio::test]
async fn what_happens_while_the_connection_is_down_is_told_on_the_next_poll() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let mut desk = Peer::desk(&server, "bob", CALLS).await;
    let mut other_tab = desk.twin().await;
    // The poll is held, and its connection is gone before anything happens.
    assert!(timeout(HELD, desk.connect(None)).await.is_err());
    drop(desk);
    alice.operate(&call, &update(1)).await;
    alice.operate(&call, &update(2)).await;
    let told = other_tab.expect(2, DEADLINE).await;
    let numbers: Vec<Value> =
        told.iter().map(|d| d.data()["call"]["userData"]["n"].clone()).collect();
    assert_eq!(numbers, [json!(1), json!(2)]);
}

#[tokio::test]
async fn after_a_long_silence_the_desk_is_told_to_shake_hands_and_reads_the_state() {
    let server = Launch::demo().config("[bayeux]\nmax_interval_ms = 500\n").start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let mut desk = Peer::desk(&server, "bob", CALLS).await;
    alice.operate(&call, &update(1)).await;
    // A message would extend the session's life; a look at the metrics does not.
    eventually("the silent session is swept", DEADLINE, || async {
        let page = server.request(&Request::new("GET", "/metrics")).await.text();
        let counts = page.lines().filter(|line| line.starts_with("encke_sessions_expired_total"));
        if counts.clone().any(|line| !line.ends_with(" 0")) {
            Ok(())
        } else {
            Err(counts.collect::<Vec<_>>().join("; "))
        }
    })
    .await;
    let reply = desk.connect(None).await.expect("an answer");
    assert_eq!(
        reply,
        json!({
            "channel": "/meta/connect", "id": reply["id"], "successful": false,
            "error": "402::session_unknown",
            "advice": {"reconnect": "handshake", "interval": 0},
        })
    );
    desk.handshake().await;
    desk.subscribe("/v2/me/calls").await;
    let seen = Agent::new(&server, "bob").call(&call).await;
    assert_eq!(seen["userData"], json!({"n": 1}));
    alice.operate(&call, &update(2)).await;
    assert_eq!(desk.expect(1, DEADLINE).await.len(), 1);
}

#[tokio::test]
async fn a_second_poll_supersedes_the_first_and_gets_everything() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let mut desk = Peer::desk(&server, "bob", CALLS).await;
    let mut newer = desk.twin().await;
    let mut older = tokio::spawn(async move { desk.connect(None).await });
    assert!(timeout(HELD, &mut older).await.is_err());
    let newer = tokio::spawn(async move { newer.expect(1, DEADLINE).await });
    let answer: io::Result<Value> =
        timeout(DEADLINE, older).await.expect("the older poll is answered").expect("no panic");
    assert!(answer.is_err(), "a superseded poll is no success: {answer:?}");
    alice.operate(&call, &update(1)).await;
    assert_eq!(newer.await.expect("no panic").len(), 1);
}

#[tokio::test]
async fn a_session_cookie_stands_for_the_login() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let mut desk = Peer::desk(&server, "bob", CALLS).await;
    assert!(desk.cookie("JSESSIONID").is_some());
    desk.forget_login();
    alice.dial("15001").await;
    assert_eq!(desk.expect(1, DEADLINE).await.len(), 1);
}

fn update(n: u64) -> Value {
    json!({"operationName": "UpdateUserData", "userData": {"n": n}})
}
