//! Telling a client how its clock differs.

use encke_broker::WallClock;
use serde_json::json;

use crate::support::World;

fn world() -> World {
    let world = World::new(World::quick());
    let wall = WallClock::new(world.now.get(), 1_000_000);
    World::new(World::quick().wall(wall))
}

#[test]
fn a_handshake_tells_when_it_came() {
    let world = world();
    world.pass(500);
    let mut client = world.anonymous();
    let ms = |ts: &serde_json::Value| ts.as_u64().unwrap();
    let reply = client.shake_with(json!({"timesync": {"tc": 999_000, "l": 0, "o": 0}}));
    let timesync = &reply["ext"]["timesync"];
    assert_eq!(timesync["tc"], 999_000);
    assert!((1_000_500..1_000_600).contains(&ms(&timesync["ts"])), "{timesync}");
    assert_eq!(timesync["a"].as_i64().unwrap(), 999_000 - timesync["ts"].as_i64().unwrap());
    assert!(client.shake_with(json!({})).get("ext").is_none(), "who does not ask is not told");
}

#[test]
fn a_held_connect_tells_how_long_it_was_held() {
    let world = world();
    let client = world.up();
    let connect = json!({"channel": "/meta/connect", "ext": {"timesync": {"tc": 1}}});
    let held = client.hold_with(connect);
    world.pass(3000);
    let reply = held.answer();
    let spent = reply[0]["ext"]["timesync"]["p"].as_u64().unwrap();
    assert!((2900..=3000).contains(&spent), "{reply:?}");
}

#[test]
fn without_a_time_of_day_nothing_is_told() {
    let world = World::new(World::quick());
    let reply = world.anonymous().shake_with(json!({"timesync": {"tc": 1, "l": 0}}));
    assert!(reply.get("ext").is_none());
}
