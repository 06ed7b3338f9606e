use encke_broker::{Broker, Config, ConfigError, UserId, WallClock};
use serde_json::json;

use crate::support::World;

/// A world whose clocks show the beginning of 2000.
fn world() -> World {
    #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
    let zero = std::time::Instant::now();
    let wall = WallClock::new(zero, 946_684_800_000);
    let world = World::new(World::quick().wall(wall).timestamps(true));
    world.now.set(zero);
    world
}

const BEGIN: &str = "2000-01-01T00:00:00.000Z";

#[test]
fn every_reply_says_when_it_was_made() {
    let world = world();
    let mut client = world.anonymous();
    assert_eq!(client.shake()["timestamp"], BEGIN);
    assert_eq!(client.connect_at_once()[0]["timestamp"], BEGIN);
    assert_eq!(client.subscribe("/a")["timestamp"], BEGIN);
    assert_eq!(client.publish("/b", json!(1))[0]["timestamp"], BEGIN);
    assert_eq!(client.subscribe("/meta/x")["timestamp"], BEGIN);
    let held = client.hold();
    world.pass(3000);
    assert_eq!(held.answer()[0]["timestamp"], "2000-01-01T00:00:03.000Z");
}

#[test]
fn an_event_says_when_it_was_published_unless_its_publisher_did() {
    let world = world();
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    world.pass(50);
    other.publish("/a", json!(1));
    world.pass(50);
    other.send(json!({"channel": "/a", "data": 2, "timestamp": "noon"}));
    let response = client.connect_at_once();
    assert_eq!(response[0]["timestamp"], "2000-01-01T00:00:00.050Z");
    assert_eq!(response[1]["timestamp"], "noon");
}

#[test]
fn the_end_of_a_session_says_it_too() {
    let world = world();
    let client = world.up_as("alice", "/a");
    let held = client.hold();
    world.broker.disconnect_user(&UserId::new("alice"), world.now.get());
    let response = held.answer();
    assert_eq!(response[0]["channel"], "/meta/disconnect");
    assert_eq!(response[0]["timestamp"], BEGIN);
}

#[test]
fn without_the_extension_only_publishers_say_it() {
    let world = World::new(World::quick());
    let client = world.up();
    client.subscribe("/a");
    assert!(client.publish("/a", json!(1))[0].get("timestamp").is_none());
    let response = client.connect_at_once();
    assert!(response.iter().all(|message| message.get("timestamp").is_none()), "{response:?}");
    let unknown = Broker::new(Config::default().timestamps(true)).unwrap_err();
    assert_eq!(unknown, ConfigError::Timestamps);
}
