//! What code does to one session.

use std::time::Duration;

use encke_bayeux::ChannelName;
use encke_broker::{ConfigError, SessionSettings};
use serde_json::json;

use crate::support::{World, data};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn code_delivers_to_one_session_whatever_it_is_subscribed_to() {
    let world = World::gws();
    let [alice, other] = [world.up_as("alice", "/v2/me/calls"), world.up_as("alice", "/**")];
    let held = alice.hold();
    for channel in ["/news", "/service/answer", "/v2/me/calls"] {
        let channel = ChannelName::new(channel).unwrap();
        assert!(world.broker.deliver(alice.client_id(), &channel, "1.10", world.now.get()));
    }
    let response = held.answer();
    let channels: Vec<_> = response.iter().map(|message| &message["channel"]).collect();
    assert_eq!(channels, ["/news", "/service/answer", "/v2/me/calls", "/meta/connect"]);
    assert!(data(&other.connect_at_once()).is_empty());
}

#[test]
fn a_session_that_has_ended_is_no_mistake() {
    let world = World::new(World::quick());
    let client = world.up();
    let (id, now) = (client.client_id(), world.now.get());
    assert!(world.broker.disconnect_session(id, now));
    assert!(!world.broker.disconnect_session(id, now));
    assert!(!world.broker.deliver(id, &ChannelName::new("/a").unwrap(), "1", now));
    assert_eq!(world.broker.configure(id, SessionSettings::default()), Ok(false));
    assert_eq!(world.broker.stats().queue_messages, 0);
}

#[test]
fn a_held_connect_takes_the_last_messages_along_and_is_told_to_stay_away() {
    let world = World::new(World::quick());
    let client = world.up();
    let held = client.hold();
    let channel = ChannelName::new("/a").unwrap();
    assert!(world.broker.deliver(client.client_id(), &channel, "\"bye\"", world.now.get()));
    assert!(world.broker.disconnect_session(client.client_id(), world.now.get()));
    let response = held.answer();
    assert_eq!(response[0]["data"], "bye");
    assert_eq!(response[1], json!({"channel": "/meta/disconnect", "successful": true}));
    assert_eq!(response[2]["advice"]["reconnect"], "none");
}

#[test]
fn a_full_session_is_cut_by_a_delivery_too() {
    let world = World::new(World::quick().queue(1, 100));
    let client = world.up();
    let channel = ChannelName::new("/a").unwrap();
    let deliver = || world.broker.deliver(client.client_id(), &channel, "1", world.now.get());
    assert_eq!([deliver(), deliver(), deliver()], [true, false, false]);
    assert_eq!(world.broker.stats().overflowed, 1);
}

#[test]
fn new_times_go_out_once_with_the_reply_of_the_held_connect_and_hold_from_the_next_on() {
    let world = World::new(World::quick());
    let client = world.up();
    let held = client.hold();
    let settings = SessionSettings::default().timeout(seconds(1)).interval(seconds(2));
    assert_eq!(world.broker.configure(client.client_id(), settings), Ok(true));
    world.pass(2900);
    let mut held = held;
    assert!(held.is_waiting(), "it ends at its old time");
    world.pass(100);
    let advice =
        json!({"reconnect": "retry", "interval": 2000, "timeout": 1000, "maxInterval": 4000});
    assert_eq!(held.answer()[0]["advice"], advice);
    let held = client.hold();
    world.pass(1000);
    assert!(held.answer()[0].get("advice").is_none());
    let asked = client.connect_at_once();
    assert_eq!(asked[0]["advice"], advice, "who asks is told the session's own times");
}

#[test]
fn new_times_go_out_with_a_connect_that_is_answered_at_once() {
    let world = World::new(World::quick());
    let client = world.up();
    let settings = SessionSettings::default().timeout(Duration::ZERO);
    world.broker.configure(client.client_id(), settings.clone()).unwrap();
    let connect = || client.send(json!({"channel": "/meta/connect"}));
    assert_eq!(connect()[0]["advice"]["timeout"], 0);
    assert!(connect()[0].get("advice").is_none());
    world.broker.configure(client.client_id(), settings).unwrap();
    assert!(connect()[0].get("advice").is_none(), "nothing is new");
    world.broker.configure(client.client_id(), SessionSettings::default()).unwrap();
    world.pass(100);
    let held = client.hold();
    world.pass(3000);
    assert_eq!(held.answer()[0]["advice"]["timeout"], 3000, "back to the configuration");
}

#[test]
fn a_session_may_be_given_more_time_to_come_back() {
    let world = World::new(World::quick());
    let [patient, other] = [world.up(), world.up()];
    let settings = SessionSettings::default().max_interval(seconds(60));
    world.broker.configure(patient.client_id(), settings).unwrap();
    patient.connect_at_once();
    world.pass(50_000);
    assert_eq!(patient.connect_at_once()[0]["successful"], true);
    assert_eq!(other.connect_at_once()[0]["successful"], false);
}

#[test]
fn where_a_session_wants_it_its_messages_ride_on_any_reply() {
    let world = World::new(World::quick());
    let [any, connects] = [world.up(), world.up()];
    let settings = SessionSettings::default().meta_connect_delivery_only(false);
    world.broker.configure(any.client_id(), settings).unwrap();
    for client in [&any, &connects] {
        client.subscribe("/a");
    }
    assert_eq!(data(&any.publish("/a", json!(1))), [json!(1)]);
    assert!(data(&connects.publish("/a", json!(2))).is_empty());
}

#[test]
fn a_session_may_be_spared_its_own_messages() {
    let world = World::new(World::quick());
    let [deaf, other] = [world.up(), world.up()];
    let settings = SessionSettings::default().broadcast_to_publisher(false);
    world.broker.configure(deaf.client_id(), settings).unwrap();
    for client in [&deaf, &other] {
        client.subscribe("/a");
    }
    deaf.publish("/a", json!("its own"));
    other.publish("/a", json!("another's"));
    assert_eq!(data(&deaf.connect_at_once()), ["another's"]);
    assert_eq!(data(&other.connect_at_once()), ["its own", "another's"]);
}

#[test]
fn times_that_make_no_sense_are_refused() {
    let world = World::new(World::quick());
    let id = world.up().client_id();
    let settings = SessionSettings::default;
    let refused = |settings| world.broker.configure(id, settings).unwrap_err();
    assert_eq!(refused(settings().timeout(seconds(3601))), ConfigError::Timeout(seconds(3601)));
    assert_eq!(refused(settings().max_interval(Duration::ZERO)), ConfigError::MaxInterval);
}
