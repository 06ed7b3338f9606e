//! Stopping: held polls are answered, requests finish, what stays is cut in time.

use encke_testkit::{Connection, DEADLINE, Request};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::house::House;

async fn bayeux(connection: &mut Connection, message: Value) -> Value {
    let request = Request::json("/cometd", json!([message]).to_string());
    connection.exchange(&request).await.unwrap().value()[0].clone()
}

/// A session on `/cometd` whose next connect is held, and its client id.
async fn session(house: &House) -> (Connection, String) {
    let mut connection = house.open().await;
    let handshake = json!({"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["long-polling"]});
    let client = bayeux(&mut connection, handshake).await["clientId"].as_str().unwrap().to_owned();
    let connect = json!({"channel": "/meta/connect", "clientId": client,
        "connectionType": "long-polling", "advice": {"timeout": 0}});
    assert_eq!(bayeux(&mut connection, connect).await["successful"], true);
    (connection, client)
}

#[tokio::test]
async fn held_poll_is_answered_and_its_connection_closed() {
    let house = House::demo().await;
    let (mut connection, client) = session(&house).await;
    let connect = json!([{"channel": "/meta/connect", "clientId": client, "id": "7",
        "connectionType": "long-polling"}]);
    let request = Request::json("/cometd/connect", connect.to_string());
    connection.send(&request.encode()).await.unwrap();
    held(&house).await;
    let ended = house.stop();
    let answer = timeout(DEADLINE, connection.receive("POST")).await.unwrap().unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.value()[0]["id"], "7");
    assert!(answer.closes(), "the client is told not to use the connection again");
    timeout(DEADLINE, ended).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn request_that_never_ends_is_cut_in_time() {
    let house = House::with(|settings| settings.server.shutdown_timeout_ms = 100).await;
    let mut connection = house.open().await;
    let head = b"POST /cometd HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n[";
    connection.send(head).await.unwrap();
    // The server has the head once it answers another connection that came later.
    house.ask(&Request::new("GET", "/healthz")).await;
    timeout(DEADLINE, house.stop()).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn readiness_turns_red_before_the_drain() {
    let house = House::with(|settings| {
        settings.server.drain_delay_ms = 60_000;
        settings.operations.listen = "127.0.0.1:0".parse().ok();
    })
    .await;
    let (address, operations) = (house.address, house.operations.unwrap());
    let ended = house.stop();
    let answer = encke_testkit::eventually("/readyz turns red", DEADLINE, || async {
        let mut connection = Connection::open(operations).await.unwrap();
        let answer = connection.exchange(&Request::new("GET", "/readyz")).await.unwrap();
        if answer.status == 503 { Ok(answer) } else { Err(answer.text()) }
    })
    .await;
    assert_eq!(answer.value()["reason"], "draining");
    let mut late = Connection::open(address).await.unwrap();
    let answer = late.exchange(&Request::new("GET", "/desk/")).await.unwrap();
    assert_eq!(answer.status, 200, "until then everything goes on");
    ended.abort();
}

/// Waits until the server holds one poll.
async fn held(house: &House) {
    encke_testkit::eventually("a held poll", DEADLINE, || async {
        let page = house.ask(&Request::new("GET", "/metrics")).await.text();
        if page.contains("encke_held_polls{endpoint=\"cometd\"} 1") { Ok(()) } else { Err(page) }
    })
    .await;
}
