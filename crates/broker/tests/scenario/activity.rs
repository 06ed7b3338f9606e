use std::time::Duration;

use encke_broker::{ActiveBy, Activity, Config};
use serde_json::{Value, json};

use crate::support::{World, data};

fn bounded(by: ActiveBy) -> Config {
    World::quick().activity(Some(Activity { by, max_inactive: Duration::from_secs(10) }))
}

fn farewell(response: &[Value]) -> bool {
    let [.., gone, connect] = response else { return false };
    *gone == json!({"channel": "/meta/disconnect", "successful": true})
        && connect["advice"] == json!({"reconnect": "none"})
}

#[test]
fn a_session_that_only_connects_is_ended_with_its_next_connect() {
    let world = World::new(bounded(ActiveBy::Client));
    let client = world.up();
    for _ in 0..4 {
        let held = client.hold();
        world.pass(3000);
        assert_eq!(held.answer()[0]["advice"], json!(null));
    }
    let last = client.connect_at_once();
    assert!(farewell(&last), "{last:?}");
    assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
    let stats = world.broker.stats();
    assert_eq!((stats.inactive, stats.sessions, stats.queue_messages), (1, 0, 0));
}

#[test]
fn anything_but_a_connect_is_activity_of_the_client() {
    let world = World::new(bounded(ActiveBy::Client));
    let client = world.up();
    for round in 0..12 {
        let held = client.hold();
        world.pass(3000);
        held.answer();
        if round % 3 == 0 {
            client.publish("/a", json!(1));
        }
    }
    assert_eq!(world.broker.stats().sessions, 1);
}

#[test]
fn what_comes_for_a_client_counts_only_where_it_is_to() {
    for (by, lives) in [(ActiveBy::Client, false), (ActiveBy::ClientOrServer, true)] {
        let world = World::new(bounded(by));
        let (client, other) = (world.up(), world.up());
        client.subscribe("/a");
        for _ in 0..5 {
            let held = client.hold();
            world.pass(2200);
            other.publish("/a", json!(1));
            assert_eq!(data(&held.answer()), [json!(1)]);
        }
        let next = client.connect_at_once();
        assert_eq!(farewell(&next), !lives, "{by:?}: {next:?}");
    }
}

#[test]
fn what_still_waits_goes_in_front_and_batches_are_kept() {
    let world = World::new(bounded(ActiveBy::Client));
    let mut client = world.anonymous();
    client.shake_with(json!({"ack": true}));
    let connect = json!({"channel": "/meta/connect", "ext": {"ack": 0}});
    client.send(connect.clone());
    client.subscribe("/a");
    for _ in 0..4 {
        let held = client.hold_with(json!({"channel": "/meta/connect", "ext": {"ack": 9}}));
        world.pass(3000);
        held.answer();
    }
    world.up().publish("/a", json!(1));
    let last = client.send(json!({"channel": "/meta/connect", "ext": {"ack": 9}}));
    assert_eq!(data(&last), [json!(1)]);
    assert!(farewell(&last), "{last:?}");
    assert_eq!(last[2]["ext"], json!({"ack": 6}));
    let stats = world.broker.stats();
    assert_eq!((stats.queue_messages, stats.queue_bytes, stats.messages_dropped), (0, 0, 0));
}

#[test]
fn the_connect_that_is_held_takes_the_farewell() {
    let world = World::new(bounded(ActiveBy::Client));
    let client = world.up();
    let long = json!({"channel": "/meta/connect", "advice": {"timeout": 20_000}});
    let held = client.hold_with(long);
    world.pass(11_000);
    let newer = client.connect_at_once();
    assert_eq!(newer.len(), 1);
    assert_eq!(newer[0]["advice"], json!({"reconnect": "none"}));
    assert!(farewell(&held.answer()));
    assert_eq!(world.broker.stats().held, 0);
}
