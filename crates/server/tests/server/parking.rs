//! Held polls over HTTP/1.1, whose connections change hands while they wait.

use encke_testkit::{Connection, DEADLINE, Request, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::house::House;
use crate::polls::{bayeux, connect, held, holds, session};
use crate::tls_house::TlsHouse;

/// A session that has subscribed to `/news`.
async fn reader(house: &House) -> (Connection, String) {
    let (mut connection, client) = session(house).await;
    let subscribe =
        json!({"channel": "/meta/subscribe", "clientId": client, "subscription": "/news"});
    assert_eq!(bayeux(&mut connection, subscribe).await["successful"], true);
    (connection, client)
}

async fn publish(house: &House, data: Value) {
    let (mut connection, client) = session(house).await;
    let message = json!({"channel": "/news", "clientId": client, "data": data});
    assert_eq!(bayeux(&mut connection, message).await["successful"], true);
}

async fn next(connection: &mut Connection) -> Response {
    timeout(DEADLINE, connection.receive("POST")).await.unwrap().unwrap()
}

#[tokio::test]
async fn polls_on_one_connection_are_answered_again_and_again() {
    let house = House::demo().await;
    let (mut connection, client) = reader(&house).await;
    for n in 0..3 {
        connection.send(&connect(&client).encode()).await.unwrap();
        held(&house).await;
        publish(&house, json!(n)).await;
        let answer = next(&mut connection).await;
        assert_eq!(answer.value()[0]["data"], n);
        assert_eq!(answer.value()[1]["id"], "7");
        // Requests that are not held pass as ever.
        let other = json!({"channel": "/meta/subscribe", "clientId": client, "subscription": "/b"});
        assert_eq!(bayeux(&mut connection, other).await["successful"], true);
    }
    house.end().await;
}

#[tokio::test]
async fn what_is_sent_ahead_is_answered_behind_the_poll() {
    let house = House::demo().await;
    let (mut connection, client) = reader(&house).await;
    let other = json!([{"channel": "/meta/unsubscribe", "clientId": client, "id": "8",
        "subscription": "/news"}]);
    let other = Request::json("/cometd", other.to_string()).encode();
    let (first, last) = other.split_at(20);
    // A part with the poll, a part while it is held.
    connection.send(&[&connect(&client).encode(), first].concat()).await.unwrap();
    held(&house).await;
    connection.send(last).await.unwrap();
    publish(&house, json!("ahead")).await;
    let answer = next(&mut connection).await;
    assert_eq!(answer.value()[0]["data"], "ahead");
    assert_eq!(next(&mut connection).await.value()[0]["id"], "8");
    house.end().await;
}

#[tokio::test]
async fn what_is_sent_ahead_without_end_waits_in_the_kernel() {
    let house = House::demo().await;
    let (mut connection, client) = reader(&house).await;
    connection.send(&connect(&client).encode()).await.unwrap();
    held(&house).await;
    let ahead = vec![b'x'; 64 << 20];
    let sent = timeout(std::time::Duration::from_millis(300), connection.send(&ahead)).await;
    assert!(sent.is_err(), "nobody keeps all of it");
    holds(&house, 1).await;
    publish(&house, json!("still here")).await;
    assert_eq!(next(&mut connection).await.value()[0]["data"], "still here");
    house.end().await;
}

#[tokio::test]
async fn a_client_that_goes_leaves_its_messages_for_its_next_poll() {
    let house = House::demo().await;
    let (mut connection, client) = reader(&house).await;
    connection.send(&connect(&client).encode()).await.unwrap();
    held(&house).await;
    drop(connection);
    holds(&house, 0).await;
    publish(&house, json!("late")).await;
    let mut connection = house.open().await;
    let answer = connection.exchange(&connect(&client)).await.unwrap();
    assert_eq!(answer.value()[0]["data"], "late");
    house.end().await;
}

#[tokio::test]
async fn the_answer_to_a_held_poll_looks_like_every_other() {
    let house = House::demo().await;
    let (mut connection, client) = reader(&house).await;
    let connect = connect(&client).header("origin", "http://localhost:3000");
    publish(&house, json!("waits")).await;
    let at_once = connection.exchange(&connect).await.unwrap();
    connection.send(&connect.encode()).await.unwrap();
    held(&house).await;
    publish(&house, json!("comes")).await;
    let held = next(&mut connection).await;
    assert_eq!(held.status, at_once.status);
    assert_eq!(held.value()[0]["data"], "comes");
    let sorted = |answer: Response| {
        let mut headers = answer.headers;
        headers.retain(|(name, _)| name != "date");
        headers.sort();
        headers
    };
    assert!(held.header("date").is_some_and(|date| date.ends_with(" GMT")), "{held:?}");
    assert_eq!(sorted(held), sorted(at_once));
    house.end().await;
}

/// The connection must not change hands while the answer before is still on its way out.
#[tokio::test]
async fn an_answer_that_is_not_read_yet_is_not_lost_for_a_poll_behind_it() {
    let house = House::with(|settings| {
        settings.bayeux.max_queue_bytes = 64 << 20;
        settings.bayeux.max_response_bytes = 32 << 20;
    })
    .await;
    let (mut connection, client) = reader(&house).await;
    // More than the kernel takes for a client that does not read.
    let text = "x".repeat(900_000);
    for _ in 0..25 {
        publish(&house, json!(text)).await;
    }
    let poll = connect(&client).encode();
    connection.send(&[poll.clone(), poll].concat()).await.unwrap();
    // Time for whoever would hold the second one too early.
    drop(timeout(std::time::Duration::from_millis(300), holds(&house, 1)).await);
    assert_eq!(next(&mut connection).await.value().as_array().unwrap().len(), 26);
    holds(&house, 1).await;
    publish(&house, json!("behind")).await;
    assert_eq!(next(&mut connection).await.value()[0]["data"], "behind");
    house.end().await;
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let house = House::demo().await;
    let (mut connection, client) = reader(&house).await;
    connection.send(&connect(&client).encode()).await.unwrap();
    held(&house).await;
    let text = "encke ".repeat(100_000);
    publish(&house, json!(text)).await;
    assert_eq!(next(&mut connection).await.value()[0]["data"], text);
    house.end().await;
}

#[tokio::test]
async fn clients_that_want_the_connection_closed_get_that() {
    let house = House::demo().await;
    for (version, header) in [("HTTP/1.1", "connection: close\r\n"), ("HTTP/1.0", "")] {
        let (_, client) = reader(&house).await;
        let text = String::from_utf8(connect(&client).encode()).unwrap();
        let text = text.replacen(" HTTP/1.1\r\n", &format!(" {version}\r\n{header}"), 1);
        let mut connection = house.open().await;
        connection.send(text.as_bytes()).await.unwrap();
        held(&house).await;
        publish(&house, json!(version)).await;
        let all = timeout(DEADLINE, connection.read_to_close()).await.unwrap().unwrap();
        assert!(String::from_utf8(all).unwrap().contains(&format!("\"data\":\"{version}\"")));
    }
    house.end().await;
}

#[tokio::test]
async fn polls_over_tls_are_held_and_noticed_to_end() {
    let house = TlsHouse::with(|_| {}).await;
    let mut stream = house.open(&["http/1.1"]).await;
    let mut ask = async |message: Value, until: &str| {
        let body = json!([message]).to_string();
        stream.write_all(&Request::json("/cometd", body).encode()).await.unwrap();
        let mut text = String::new();
        while !text.contains(until) {
            let mut piece = [0; 4096];
            let count = timeout(DEADLINE, stream.read(&mut piece)).await.unwrap().unwrap();
            assert_ne!(count, 0, "{text}");
            text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
        }
        text
    };
    let handshake = json!({"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["long-polling"]});
    let shaken = ask(handshake, "}]").await;
    let client = shaken.split_once(r#""clientId":""#).unwrap().1.split_once('"').unwrap().0;
    let connect = |timeout: u64| {
        json!({"channel": "/meta/connect", "clientId": client,
            "connectionType": "long-polling", "advice": {"timeout": timeout}})
    };
    ask(connect(0), "}]").await;
    // Held until its time is up, and then the connection goes on.
    ask(connect(300), "}]").await;
    ask(connect(0), "}]").await;
    drop(stream);
    house.house.end().await;
}
