use serde_json::{Value, json};

use crate::support::{World, data};

fn channels(response: &[Value]) -> Vec<&str> {
    response.iter().map(|message| message["channel"].as_str().unwrap()).collect()
}

#[test]
fn messages_come_first_and_replies_in_request_order() {
    let world = World::new(World::quick().meta_connect_delivery_only(false));
    let client = world.up();
    let response = client.send(json!([
        {"channel": "/meta/subscribe", "subscription": "/o/a"},
        {"channel": "/o/a", "data": 1},
        {"channel": "/meta/connect"},
        {"channel": "/o/a", "data": 2},
        {"channel": "/meta/unsubscribe", "subscription": "/o/a"},
        {"channel": "/o/a", "data": 3},
    ]));
    assert_eq!(data(&response), [json!(1), json!(2)]);
    assert_eq!(
        channels(&response),
        [
            "/o/a",
            "/o/a",
            "/meta/subscribe",
            "/o/a",
            "/meta/connect",
            "/o/a",
            "/meta/unsubscribe",
            "/o/a"
        ]
    );
}

#[test]
fn by_default_messages_ride_on_connects_only() {
    let world = World::new(World::quick());
    let client = world.up();
    client.subscribe("/a");
    let mut held = client.hold();
    assert!(held.is_waiting());
    assert_eq!(channels(&client.publish("/a", json!(1))), ["/a"]);
    assert_eq!(data(&held.answer()), [json!(1)]);
}

#[test]
fn where_allowed_the_own_copy_rides_on_the_publish_reply_and_the_connect_stays_held() {
    let world = World::new(World::quick().meta_connect_delivery_only(false));
    let client = world.up();
    client.subscribe("/a");
    let mut held = client.hold();
    assert!(held.is_waiting());
    let response = client.publish("/a", json!(1));
    assert_eq!(data(&response), [json!(1)]);
    assert_eq!(response[1]["successful"], true);
    assert!(held.is_waiting());
}

#[test]
fn the_first_message_decides_whose_body_it_is() {
    let world = World::new(World::quick());
    let (client, victim) = (world.up(), world.up());
    let own = json!({"channel": "/a", "data": 1});
    let forged = json!({"channel": "/a", "data": 1, "clientId": victim.id});
    let replies = client.send(json!([own, forged]));
    assert_eq!(replies[0]["successful"], true);
    assert_eq!(replies[1]["error"], "402::session_unknown");
    let replies = client.send(json!([forged, own]));
    assert!(replies.iter().all(|reply| reply["error"] == "402::session_unknown"));
}

#[test]
fn one_odd_message_does_not_spoil_the_others() {
    let world = World::new(World::quick());
    let client = world.up();
    let replies = client.send(json!([
        {"channel": "/a", "data": 1}, {"data": 1}, {"channel": "/b", "data": 1},
    ]));
    let successful: Vec<_> = replies.iter().map(|reply| reply["successful"].clone()).collect();
    assert_eq!(successful, [json!(true), json!(false), json!(true)]);
}
