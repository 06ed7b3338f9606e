//! Anonymous sessions on `/cometd`, and their polls.

use encke_testkit::{Connection, DEADLINE, Request};
use serde_json::{Value, json};

use crate::house::House;

/// Sends one message, and takes the reply to it.
pub(crate) async fn bayeux(connection: &mut Connection, message: Value) -> Value {
    let request = Request::json("/cometd", json!([message]).to_string());
    connection.exchange(&request).await.unwrap().value()[0].clone()
}

/// A session whose next connect is held, and its client id.
pub(crate) async fn session(house: &House) -> (Connection, String) {
    let mut connection = house.open().await;
    let handshake = json!({"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["long-polling"]});
    let client = bayeux(&mut connection, handshake).await["clientId"].as_str().unwrap().to_owned();
    let connect = json!({"channel": "/meta/connect", "clientId": client,
        "connectionType": "long-polling", "advice": {"timeout": 0}});
    assert_eq!(bayeux(&mut connection, connect).await["successful"], true);
    (connection, client)
}

/// The request of a poll with the id 7.
pub(crate) fn connect(client: &str) -> Request {
    let connect = json!([{"channel": "/meta/connect", "clientId": client, "id": "7",
        "connectionType": "long-polling"}]);
    Request::json("/cometd/connect", connect.to_string())
}

/// Waits until the server holds one poll.
pub(crate) async fn held(house: &House) {
    holds(house, 1).await;
}

/// Waits until the server holds so many polls.
pub(crate) async fn holds(house: &House, polls: usize) {
    let gauge = format!("encke_held_polls{{endpoint=\"cometd\"}} {polls}\n");
    encke_testkit::eventually("held polls", DEADLINE, || async {
        let page = house.ask(&Request::new("GET", "/metrics")).await.text();
        if page.contains(&gauge) { Ok(()) } else { Err(page) }
    })
    .await;
}
