//! SIGTERM: held polls are answered, the process ends with 0, and nothing is lost.

use std::time::Duration;

use encke_testkit::{Agent, DEADLINE, Launch, Peer};
use serde_json::json;
use tokio::time::timeout;

#[tokio::test]
async fn a_held_poll_is_answered_and_the_process_exits_with_zero() {
    let mut server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let data = json!({"operationName": "AttachUserData", "userData": {"k": "v"}});
    let mut desk = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
    let mut poll = tokio::spawn(async move { desk.connect(None).await });
    // The poll is held: it is not answered while nothing happens.
    assert!(timeout(Duration::from_millis(300), &mut poll).await.is_err());
    alice.operate(&call, &data).await;
    let woken = timeout(DEADLINE, poll).await.expect("in time").expect("no panic");
    assert_eq!(woken.expect("the poll is answered")["successful"], true);

    let mut desk = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
    let mut poll = tokio::spawn(async move { desk.connect(None).await });
    assert!(timeout(Duration::from_millis(300), &mut poll).await.is_err());
    let status = server.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", server.log());
    let drained = timeout(DEADLINE, poll).await.expect("in time").expect("no panic");
    let reply = drained.expect("a held poll is answered before the process ends");
    assert_eq!(reply["channel"], "/meta/connect");

    server.restart().await;
    let kept = Agent::new(&server, "alice").call(&call).await;
    assert_eq!((&kept["state"], &kept["userData"]), (&json!("Dialing"), &json!({"k": "v"})));
}
