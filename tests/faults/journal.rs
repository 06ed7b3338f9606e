//! A journal that fails: writes are refused with 503, reads and polls go on, and it recovers.

use encke_testkit::{Agent, DEADLINE, Launch, Peer, Request, Server, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn writes_are_refused_and_reads_go_on_while_the_journal_fails() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let attach = |value: &str| attachment(value).to_string();
    alice.operate(&call, &attachment("before")).await;
    let mut desk = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
    assert_eq!(ready(&server).await, 200);

    order(&server, "fail").await;
    let refused = alice.post(&format!("me/calls/{call}"), &attach("lost")).await;
    assert_eq!((refused.status, &refused.value()["statusCode"]), (503, &json!(4)));
    eventually("/readyz turns red", DEADLINE, || status(&server, 503)).await;
    let dial = json!({"operationName": "Dial", "destination": {"phoneNumber": "15003"}});
    let device = alice.get("me/devices?fields=*").await["devices"][0]["id"].clone();
    let path = format!("me/devices/{}/calls", device.as_str().expect("an id"));
    let refused = alice.post(&path, &dial.to_string()).await;
    assert_eq!((refused.status, &refused.value()["statusCode"]), (503, &json!(4)));

    let seen = alice.call(&call).await;
    assert_eq!(seen["userData"], json!({"k": "before"}), "reads go on, without the refused change");
    assert_eq!(desk.drain().await, [], "polls go on, and nothing is told that did not happen");
    assert_eq!(server.request(&Request::new("GET", "/healthz")).await.status, 200);

    order(&server, "ok").await;
    alice.operate(&call, &attachment("after")).await;
    eventually("/readyz turns green", DEADLINE, || status(&server, 200)).await;
    let told = desk.expect(1, DEADLINE).await;
    let data: Vec<Value> = told.iter().map(|delivery| delivery.data()).collect();
    assert_eq!(data.len(), 1, "one notification of the one change: {data:#?}");
    // The refused value appears nowhere; the two accepted ones stand in order.
    assert!(told[0].text.contains(r#""userData":{"k":"before","k":"after"}"#), "{}", told[0].text);
}

fn attachment(value: &str) -> Value {
    json!({"operationName": "AttachUserData", "userData": {"k": value}})
}

async fn order(server: &Server, fault: &str) {
    let answer = server.simulate("faults", &json!({"journal": fault}).to_string()).await;
    assert_eq!((answer.status, &answer.value()["statusCode"]), (200, &json!(0)));
}

async fn ready(server: &Server) -> u16 {
    server.request(&Request::new("GET", "/readyz")).await.status
}

async fn status(server: &Server, wanted: u16) -> Result<(), String> {
    let seen = ready(server).await;
    if seen == wanted { Ok(()) } else { Err(format!("/readyz answers {seen}")) }
}
