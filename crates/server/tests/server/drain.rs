//! Stopping: held polls are answered, requests finish, what stays is cut in time.

use encke_testkit::{Connection, DEADLINE, Request};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::house::House;
use crate::polls::{bayeux, connect, held, session};

#[tokio::test]
async fn held_poll_is_answered_and_its_connection_closed() {
    let house = House::demo().await;
    let (mut connection, client) = session(&house).await;
    connection.send(&connect(&client).encode()).await.unwrap();
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

/// A text frame as a client sends it. Its mask is zero, so the text stays as it is.
fn frame(message: &Value) -> Vec<u8> {
    let text = json!([message]).to_string();
    let length = u16::try_from(text.len()).unwrap();
    let mut frame = vec![0x81, 0xfe];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(text.bytes());
    frame
}

async fn websocket(house: &House) -> Connection {
    let mut connection = house.open().await;
    let upgrade = Request::new("GET", "/cometd")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    connection.send(&upgrade.encode()).await.unwrap();
    let head = connection.read_until("\r\n\r\n").await.unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    connection
}

#[tokio::test]
async fn websockets_that_are_busy_or_have_no_session_are_cut_in_time() {
    let house = House::with(|settings| {
        settings.server.shutdown_timeout_ms = 300;
        settings.bayeux.max_queue_bytes = 64 << 20;
    })
    .await;
    // Nothing tells this one of the drain.
    let mut idle = websocket(&house).await;
    let mut busy = websocket(&house).await;
    let (mut publisher, client) = session(&house).await;
    let handshake = json!({"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["websocket"]});
    busy.send(&frame(&handshake)).await.unwrap();
    let shaken = busy.read_until("}]").await.unwrap();
    let (_, id) = shaken.split_once(r#""clientId":""#).unwrap();
    let (id, _) = id.split_once('"').unwrap();
    let subscribe = json!({"channel": "/meta/subscribe", "clientId": id, "subscription": "/big"});
    busy.send(&frame(&subscribe)).await.unwrap();
    let subscribed = busy.read_until("}]").await.unwrap();
    assert!(subscribed.contains(r#""successful":true"#), "{subscribed}");

    // More than the kernel takes for a client that does not read.
    let text = "x".repeat(500_000);
    let publish = json!({"channel": "/big", "clientId": client, "data": text});
    for _ in 0..60 {
        assert_eq!(bayeux(&mut publisher, publish.clone()).await["successful"], true);
    }
    timeout(DEADLINE, house.stop()).await.unwrap().unwrap().unwrap();

    // Whoever was not cut would go on writing to a client that reads again.
    let received = match busy.read_to_close().await {
        Ok(all) => all.len(),
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
            0
        }
    };
    assert!(received < 60 * text.len(), "cut, and not served to the end: {received} bytes");
    assert_eq!(idle.read_to_close().await.unwrap(), b"", "cut without a word");
}
