use std::time::Duration;

use encke_broker::{Answer, Release};
use serde_json::json;

use crate::support::{Held, World, data};

#[test]
fn the_first_connect_is_answered_at_once_even_if_it_does_not_ask_for_it() {
    let world = World::new(World::quick());
    let mut client = world.anonymous();
    client.shake();
    let replies = client.send(json!({"channel": "/meta/connect"}));
    let advice = json!(
        {"reconnect": "retry", "interval": 0, "timeout": 3000, "maxInterval": 4000}
    );
    assert_eq!(replies[0]["advice"], advice);
    assert!(client.hold().is_waiting());
}

#[test]
fn a_held_connect_times_out_before_the_advised_time() {
    let world = World::new(World::quick());
    let client = world.up();
    let mut held = client.hold();
    world.pass(2900);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(held.wakes(), 1);
    let replies = held.answer();
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0]["successful"], true);
    assert!(replies[0].get("advice").is_none());
}

#[test]
fn the_client_may_ask_for_a_shorter_or_longer_hold() {
    let world = World::new(World::quick());
    let client = world.up();
    for millis in [500, 6000] {
        let asked = json!({"channel": "/meta/connect", "advice": {"timeout": millis}});
        let mut held = client.hold_with(asked);
        world.pass(millis - 100);
        assert!(held.is_waiting());
        world.pass(100);
        assert_eq!(held.answer()[0]["advice"]["timeout"], 3000);
    }
}

#[test]
fn a_wish_beyond_the_longest_hold_is_cut_to_it() {
    let world = World::new(World::quick().max_hold(Duration::from_secs(4)));
    let client = world.up();
    let asked = json!({"channel": "/meta/connect", "advice": {"timeout": 60_000}});
    let mut held = client.hold_with(asked);
    world.pass(3900);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(held.answer()[0]["successful"], true);
}

#[test]
fn a_held_connect_ends_with_the_proof_of_who_it_is_for() {
    let world = World::new(World::quick());
    let client = world.up();
    let within = |millis| world.now.get() + Duration::from_millis(millis);
    for (until, asked) in [(within(500), None), (within(1500), Some(6000))] {
        let advice = json!({ "timeout": asked });
        let connect = client.body(json!({"channel": "/meta/connect", "advice": advice}));
        let left = until - world.now.get();
        let Answer::Hold(hold) = client.raw_until(Some(until), &connect) else { panic!("no hold") };
        let mut held = Held::new(&world, hold);
        world.pass(u64::try_from(left.as_millis()).unwrap() - 100);
        assert!(held.is_waiting());
        world.pass(100);
        assert_eq!(held.answer()[0]["successful"], true);
    }
    let connect = client.body(json!({"channel": "/meta/connect"}));
    let over = Some(world.now.get());
    assert!(matches!(client.raw_until(over, &connect), Answer::Reply(_)));
}

#[test]
fn odd_advice_counts_as_none() {
    let world = World::new(World::quick());
    let client = world.up();
    for advice in [json!("x"), json!({"timeout": "x"}), json!({"timeout": -1}), json!(null)] {
        let mut held = client.hold_with(json!({"channel": "/meta/connect", "advice": advice}));
        world.pass(2500);
        assert!(held.is_waiting());
        world.pass(500);
        held.answer();
    }
}

#[test]
fn a_waiting_message_answers_the_connect_at_once() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    other.publish("/a", json!(1));
    let replies = client.send(json!({"channel": "/meta/connect"}));
    assert_eq!(replies[0], json!({"channel": "/a", "data": 1}));
    assert_eq!(replies[1]["channel"], "/meta/connect");
}

#[test]
fn a_burst_wakes_once_and_leaves_together() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    let mut held = client.hold();
    assert!(held.is_waiting());
    let burst = (1..=3).map(|n| json!({"channel": "/a", "data": n})).collect();
    other.send(serde_json::Value::Array(burst));
    assert_eq!(held.wakes(), 1);
    assert_eq!(data(&held.answer()), [json!(1), json!(2), json!(3)]);
}

#[test]
fn a_newer_connect_supersedes_the_one_that_is_held() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    let mut old = client.hold();
    assert!(old.is_waiting());
    let new = client.hold();
    assert_eq!(old.wakes(), 1);
    assert_eq!(old.release(), Some(Release::Superseded));
    other.publish("/a", json!("m"));
    assert_eq!(data(&old.answer()), [] as [serde_json::Value; 0]);
    assert_eq!(data(&new.answer()), [json!("m")]);
    assert_eq!(world.broker.stats().held, 0);
    assert_eq!(world.broker.stats().superseded, 1);
}

#[test]
fn messages_that_woke_a_connect_go_to_the_newer_one_if_it_comes_first() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    let old = client.hold();
    other.publish("/a", json!("m"));
    let replies = client.send(json!({"channel": "/meta/connect"}));
    assert_eq!(data(&replies), [json!("m")]);
    assert_eq!(data(&old.answer()), [] as [serde_json::Value; 0]);
}

#[test]
fn a_connect_is_held_only_if_it_is_alone_in_its_body() {
    let world = World::new(World::quick());
    let client = world.up();
    let replies = client.send(json!([
        {"channel": "/meta/connect"},
        {"channel": "/meta/subscribe", "subscription": "/a"},
    ]));
    assert_eq!(replies[0]["channel"], "/meta/connect");
    assert_eq!(replies[1]["channel"], "/meta/subscribe");
    let twice = json!([{"channel": "/meta/connect"}, {"channel": "/meta/connect"}]);
    assert_eq!(client.send(twice).len(), 2);
}

#[test]
fn nothing_is_lost_when_the_connection_of_a_held_connect_ends() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    client.hold().cut();
    other.publish("/a", json!(1));
    other.publish("/a", json!(2));
    assert_eq!(data(&client.connect_at_once()), [json!(1), json!(2)]);
}

#[test]
fn nothing_is_lost_when_the_response_could_not_be_written() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    let held = client.hold();
    other.publish("/a", json!(1));
    held.answer_lost();
    let next = client.connect_at_once();
    assert_eq!(data(&next), [json!(1)]);
    assert_eq!(world.broker.stats().messages_requeued, 1);
    assert_eq!(world.broker.stats().queue_messages, 0);
}

#[test]
fn what_could_not_be_written_goes_out_in_front_of_what_came_later() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    let first = client.hold();
    other.publish("/a", json!(1));
    let mut first = first;
    let release = first.release().unwrap();
    let delivery = first.hold.take().unwrap().answer(release, world.now.get());
    let mut second = client.hold();
    assert!(second.is_waiting());
    delivery.failed(world.now.get());
    other.publish("/a", json!(2));
    assert_eq!(data(&second.answer()), [json!(1), json!(2)]);
}

#[test]
fn an_unknown_client_is_told_to_shake_hands() {
    let world = World::new(World::quick());
    let client = world.anonymous();
    for id in ["nope", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let reply = &client.send(json!({"channel": "/meta/connect", "clientId": id}))[0];
        assert_eq!(reply["error"], "402::session_unknown");
        assert_eq!(reply["advice"], json!({"reconnect": "handshake", "interval": 0}));
        let reply = &client.send(json!({"channel": "/a", "clientId": id}))[0];
        assert_eq!(reply["error"], "402::session_unknown");
        assert!(reply.get("advice").is_none());
    }
}
