use std::task::{Context, Poll, Waker};
use std::time::Duration;

use encke_bayeux::{ChannelName, ChannelPattern};
use encke_broker::{Answer, ChannelRule, ChannelSettings, Config, Link};
use serde_json::{Value, json};

use crate::support::{Client, World, data};

/// Every channel that `/lazy/*` matches may wait a second, `/slow` longer than anything may.
fn lazy() -> Config {
    let rule = |pattern: &str, millis| {
        let mut settings = ChannelSettings::default();
        settings.lazy = Some(Duration::from_millis(millis));
        ChannelRule::new(ChannelPattern::new(pattern).unwrap(), settings)
    };
    World::quick().max_lazy(Duration::from_millis(1500)).channels(vec![
        rule("/lazy/*", 1000),
        rule("/slow", 60_000),
        rule("/lazy", 0),
    ])
}

/// Two clients, the first subscribed to everything.
fn two(world: &World) -> (Client<'_>, Client<'_>) {
    let client = world.up();
    client.subscribe("/**");
    (client, world.up())
}

#[test]
fn a_lazy_message_answers_the_held_connect_after_its_time() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    let mut held = client.hold();
    other.publish("/lazy/a", json!(1));
    world.pass(500);
    other.publish("/lazy/b", json!(2));
    world.pass(400);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(held.wakes(), 1);
    assert_eq!(data(&held.answer()), [json!(1), json!(2)]);
    assert_eq!(world.broker.stats().held, 0);
}

#[test]
fn a_connect_waits_if_only_lazy_messages_do() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    other.publish("/lazy/a", json!(1));
    world.pass(400);
    let mut held = client.hold();
    world.pass(500);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(data(&held.answer()), [json!(1)]);
}

#[test]
fn what_waited_long_enough_while_nothing_was_held_leaves_at_once() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    other.publish("/lazy/a", json!(1));
    world.pass(1000);
    assert_eq!(data(&client.send(json!({"channel": "/meta/connect"}))), [json!(1)]);
}

#[test]
fn a_lazy_message_leaves_with_the_first_that_is_not_and_in_order() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    let mut held = client.hold();
    other.publish("/lazy/a", json!(1));
    world.pass(200);
    assert!(held.is_waiting());
    other.publish("/prompt", json!(2));
    other.publish("/lazy/a", json!(3));
    assert_eq!(held.wakes(), 1);
    assert_eq!(data(&held.answer()), [json!(1), json!(2), json!(3)]);
}

#[test]
fn every_lazy_message_has_its_time_anew_after_a_flush() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    for round in 0..5 {
        let held = client.hold();
        other.publish("/lazy/a", json!(1));
        world.pass(200);
        other.publish("/prompt", json!(2));
        assert_eq!(data(&held.answer()).len(), 2);
        let mut held = client.hold();
        other.publish("/lazy/a", json!(3));
        world.pass(900);
        assert!(held.is_waiting(), "{round}");
        world.pass(100);
        assert_eq!(data(&held.answer()), [json!(3)], "{round}");
    }
}

#[test]
fn the_end_of_the_hold_takes_lazy_messages_along() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    let held = client.hold();
    world.pass(2500);
    other.publish("/lazy/a", json!(1));
    world.pass(500);
    assert_eq!(data(&held.answer()), [json!(1)]);
}

#[test]
fn no_message_waits_longer_than_any_may() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    let mut held = client.hold();
    other.publish("/slow", json!(1));
    world.pass(1400);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(data(&held.answer()), [json!(1)]);

    let without = World::new(lazy().max_lazy(Duration::ZERO));
    let (client, other) = two(&without);
    let held = client.hold();
    other.publish("/slow", json!(1));
    assert_eq!(data(&held.answer()), [json!(1)]);
}

#[test]
fn the_shortest_time_of_those_that_wait_counts() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    let mut held = client.hold();
    other.publish("/slow", json!(1));
    other.publish("/lazy/a", json!(2));
    world.pass(900);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(data(&held.answer()), [json!(1), json!(2)]);
}

#[test]
fn a_rule_of_zero_and_a_rule_for_another_channel_make_nothing_lazy() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    for channel in ["/lazy", "/lazy/a/b"] {
        let held = client.hold();
        other.publish(channel, json!(1));
        assert_eq!(data(&held.answer()), [json!(1)], "{channel}");
    }
}

#[test]
fn code_may_say_that_one_message_can_wait() {
    let world = World::new(lazy());
    let (client, _) = two(&world);
    let channel = ChannelName::new("/prompt").unwrap();
    let mut held = client.hold();
    let within = Duration::from_millis(300);
    assert_eq!(world.broker.publish_lazy(&channel, "1", within, world.now.get()), Ok(1));
    world.pass(200);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(data(&held.answer()), [json!(1)]);
    let held = client.hold();
    world.broker.publish_lazy(&channel, "2", Duration::ZERO, world.now.get()).unwrap();
    assert_eq!(data(&held.answer()), [json!(2)]);
}

#[test]
fn a_private_message_is_as_lazy_as_its_channel() {
    let private = ChannelPattern::new("/lazy/**").unwrap();
    let world = World::new(lazy().private(vec![private]));
    let alice = world.up_as("alice", "/lazy/calls");
    let mut held = alice.hold();
    let channel = ChannelName::new("/lazy/calls").unwrap();
    let user = alice.user.as_ref().unwrap();
    assert_eq!(world.broker.deliver_to_user(user, &channel, "1", world.now.get()), 1);
    world.pass(900);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(data(&held.answer()), [json!(1)]);
}

#[test]
fn where_any_reply_carries_messages_a_lazy_one_rides_on_it() {
    let world = World::new(lazy().meta_connect_delivery_only(false));
    let (client, other) = two(&world);
    let mut held = client.hold();
    other.publish("/lazy/a", json!(1));
    assert_eq!(data(&client.publish("/lazy/b", json!(2))), [json!(1), json!(2)]);
    world.pass(1000);
    assert!(held.is_waiting(), "there was nothing left to release it for");
}

#[test]
fn what_is_sent_again_waits_no_more() {
    let world = World::new(lazy());
    let mut client = world.anonymous();
    client.shake_with(json!({"ack": true}));
    client.send(json!({"channel": "/meta/connect", "ext": {"ack": 0}}));
    client.subscribe("/**");
    let other = world.up();
    let held = client.hold_with(json!({"channel": "/meta/connect", "ext": {"ack": 1}}));
    other.publish("/lazy/a", json!(1));
    world.pass(1000);
    assert_eq!(data(&held.answer()), [json!(1)]);
    // The response never arrived: the client still says 1.
    let again = client.send(json!({"channel": "/meta/connect", "ext": {"ack": 1}}));
    assert_eq!(data(&again), [json!(1)]);
    let mut held = client.hold_with(json!({"channel": "/meta/connect", "ext": {"ack": 3}}));
    other.publish("/lazy/a", json!(2));
    assert!(held.is_waiting());
    world.pass(1000);
    assert_eq!(data(&held.answer()), [json!(2)]);
}

#[test]
fn a_response_that_was_not_written_gives_lazy_messages_back_at_once() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    let held = client.hold();
    other.publish("/lazy/a", json!(1));
    world.pass(1000);
    held.answer_lost();
    assert_eq!(data(&client.send(json!({"channel": "/meta/connect"}))), [json!(1)]);
    assert_eq!(world.broker.stats().queue_messages, 0);
}

#[test]
fn a_connection_that_ends_leaves_lazy_messages_their_time() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    let held = client.hold();
    other.publish("/lazy/a", json!(1));
    world.pass(300);
    held.cut();
    let mut held = client.hold();
    world.pass(600);
    assert!(held.is_waiting());
    world.pass(100);
    assert_eq!(data(&held.answer()), [json!(1)]);
}

/// What a link has to push now.
fn pushed(world: &World, link: &mut Link) -> Vec<Value> {
    match link.poll_messages(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(delivery)) => {
            let body: Vec<Value> = serde_json::from_slice(&delivery.body()).unwrap();
            delivery.written(world.now.get());
            data(&body)
        }
        Poll::Ready(None) | Poll::Pending => Vec::new(),
    }
}

#[test]
fn lazy_messages_are_pushed_after_their_time_or_with_the_next() {
    let world = World::new(lazy());
    let other = world.up();
    let mut client = world.anonymous();
    client.pushes = true;
    client.shake();
    let connect = client.body(json!({"channel": "/meta/connect"}));
    let Answer::Reply(delivery) = client.raw(&connect) else { panic!("held") };
    let mut link = delivery.link(None).unwrap();
    delivery.written(world.now.get());
    client.subscribe("/**");
    let mut held = client.hold();
    other.publish("/lazy/a", json!(1));
    world.pass(900);
    assert_eq!(pushed(&world, &mut link), [] as [Value; 0]);
    world.pass(100);
    assert_eq!(pushed(&world, &mut link), [json!(1)]);
    other.publish("/lazy/a", json!(2));
    assert_eq!(pushed(&world, &mut link), [] as [Value; 0]);
    other.publish("/prompt", json!(3));
    assert_eq!(pushed(&world, &mut link), [json!(2), json!(3)]);
    assert!(held.is_waiting());
    other.publish("/lazy/a", json!(4));
    world.broker.begin_drain(world.now.get());
    assert_eq!(pushed(&world, &mut link), [json!(4)]);
}

#[test]
fn a_silent_client_expires_whatever_waits_for_it() {
    let world = World::new(lazy());
    let (client, other) = two(&world);
    for _ in 0..3 {
        other.publish("/lazy/a", json!(1));
        world.pass(1300);
    }
    assert_eq!(world.broker.stats().sessions, 2);
    world.pass(200);
    assert_eq!(world.broker.stats().sessions, 1);
    assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
    assert_eq!(world.broker.stats().queue_messages, 0);
}
