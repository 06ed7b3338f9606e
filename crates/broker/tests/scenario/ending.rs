use encke_broker::UserId;
use serde_json::json;

use crate::support::{World, data};

#[test]
fn a_silent_client_expires_and_leaves_nothing_behind() {
    let world = World::new(World::quick());
    let client = world.up();
    client.subscribe("/a");
    world.pass(3900);
    assert_eq!(world.broker.stats().sessions, 1);
    world.pass(200);
    let stats = world.broker.stats();
    assert_eq!((stats.sessions, stats.expired), (0, 1));
    assert_eq!(world.broker.patterns(), 0);
    let reply = &client.connect_at_once()[0];
    assert_eq!(reply["error"], "402::session_unknown");
    assert_eq!(reply["advice"]["reconnect"], "handshake");
}

#[test]
fn a_held_connect_never_expires_and_every_message_is_a_sign_of_life() {
    let world = World::new(World::quick());
    let client = world.up();
    for _ in 0..4 {
        let held = client.hold();
        world.pass(3000);
        held.answer();
        world.pass(3500);
        client.publish("/a", json!(1));
        world.pass(3500);
    }
    assert_eq!(world.broker.stats().sessions, 1);
}

#[test]
fn a_session_expires_after_the_connection_of_its_connect_ended() {
    let world = World::new(World::quick());
    let client = world.up();
    let held = client.hold();
    world.pass(500);
    held.cut();
    world.pass(3900);
    assert_eq!(world.broker.stats().sessions, 1);
    world.pass(200);
    assert_eq!(world.broker.stats().sessions, 0);
    assert_eq!(world.broker.stats().held, 0);
}

#[test]
fn a_pause_the_client_announced_is_added() {
    let world = World::new(World::quick());
    let client = world.up();
    client.send(json!({"channel": "/meta/connect", "advice": {"timeout": 0, "interval": 2000}}));
    world.pass(5800);
    assert_eq!(world.broker.stats().sessions, 1);
    world.pass(300);
    assert_eq!(world.broker.stats().sessions, 0);
}

#[test]
fn a_disconnect_answers_the_held_connect_too() {
    let world = World::new(World::quick());
    let client = world.up();
    let mut held = client.hold();
    assert!(held.is_waiting());
    let reply = &client.send(json!({"channel": "/meta/disconnect"}))[0];
    assert_eq!(reply["successful"], true);
    assert_eq!(held.wakes(), 1);
    let connect = &held.answer()[0];
    assert_eq!(connect["successful"], true);
    assert_eq!(connect["advice"], json!({"reconnect": "none"}));
    let again = &client.send(json!({"channel": "/meta/disconnect"}))[0];
    assert_eq!(again["error"], "402::session_unknown");
    assert_eq!(world.broker.stats().sessions, 0);
}

#[test]
fn a_disconnect_takes_waiting_messages_along_and_ends_the_body() {
    let world = World::new(World::quick());
    let client = world.up();
    client.subscribe("/a");
    client.publish("/a", json!(1));
    let response =
        client.send(json!([{"channel": "/meta/disconnect"}, {"channel": "/a", "data": 2}]));
    assert_eq!(data(&response), [json!(1)]);
    assert_eq!(response[1]["successful"], true);
    assert_eq!(response[2]["error"], "402::session_unknown");
    assert_eq!(world.broker.stats().queue_messages, 0);
}

#[test]
fn a_user_can_be_shown_the_door() {
    let world = World::gws();
    let alice = world.up_as("alice", "/v2/me/calls");
    let bob = world.up_as("bob", "/v2/me/calls");
    let held = alice.hold();
    assert_eq!(world.broker.disconnect_user(&UserId::new("alice"), world.now.get()), 1);
    let response = held.answer();
    assert_eq!(response[0], json!({"channel": "/meta/disconnect", "successful": true}));
    assert_eq!(response[1]["advice"], json!({"reconnect": "none"}));
    assert_eq!(alice.connect_at_once()[0]["error"], "402::session_unknown");
    assert_eq!(bob.connect_at_once()[0]["successful"], true);
    let stats = world.broker.stats();
    assert_eq!((stats.queue_messages, stats.queue_bytes, stats.messages_dropped), (0, 0, 0));
}

#[test]
fn a_drain_answers_held_connects_and_refuses_newcomers() {
    let world = World::new(World::quick());
    let clients: Vec<_> = (0..20).map(|_| world.up()).collect();
    let holds: Vec<_> = clients.iter().map(crate::support::Client::hold).collect();
    world.broker.begin_drain(world.now.get());
    let mut pauses = std::collections::BTreeSet::new();
    for held in holds {
        let reply = held.answer().remove(0);
        assert_eq!(reply["successful"], true);
        assert_eq!(reply["advice"]["reconnect"], "retry");
        pauses.insert(reply["advice"]["interval"].as_u64().unwrap());
    }
    assert!(pauses.len() > 10 && pauses.iter().all(|pause| *pause < 2000), "{pauses:?}");
    assert_eq!(world.anonymous().shake()["error"], "503::server_draining");
    assert_eq!(clients[0].send(json!({"channel": "/meta/connect"}))[0]["successful"], true);
    assert_eq!(world.broker.stats().held, 0);
}
