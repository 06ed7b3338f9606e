use encke_bayeux::{ChannelName, ChannelPattern};
use encke_broker::UserId;
use serde_json::json;

use crate::support::{World, data};

const CALLS: &str = "/v2/me/calls";

fn deliver(world: &World, user: &str, text: &str) -> usize {
    let channel = ChannelName::new(CALLS).unwrap();
    world.broker.deliver_to_user(&UserId::new(user), &channel, text, world.now.get())
}

#[test]
fn every_wildcard_of_the_user_receives_and_no_other_user_does() {
    for pattern in [CALLS, "/v2/me/*", "/v2/me/**", "/v2/**", "/**"] {
        let world = World::gws();
        let alice = world.up_as("alice", pattern);
        let bob = world.up_as("bob", pattern);
        assert_eq!(deliver(&world, "alice", "\"hers\""), 1, "{pattern}");
        assert_eq!(data(&alice.connect_at_once()), [json!("hers")], "{pattern}");
        assert_eq!(data(&bob.connect_at_once()), [] as [serde_json::Value; 0], "{pattern}");
    }
}

#[test]
fn a_session_with_several_matching_subscriptions_receives_once() {
    let world = World::gws();
    let alice = world.up_as("alice", CALLS);
    alice.subscribe("/v2/me/*");
    alice.subscribe("/**");
    deliver(&world, "alice", "1");
    assert_eq!(data(&alice.connect_at_once()), [json!(1)]);
}

#[test]
fn all_sessions_of_the_user_receive() {
    let world = World::gws();
    let tabs = [world.up_as("alice", CALLS), world.up_as("alice", "/v2/me/*")];
    assert_eq!(deliver(&world, "alice", "1"), 2);
    for tab in &tabs {
        assert_eq!(data(&tab.connect_at_once()), [json!(1)]);
    }
}

#[test]
fn a_session_that_listens_to_something_else_does_not_receive() {
    let world = World::gws();
    let alice = world.up_as("alice", "/v2/me/devices");
    assert_eq!(deliver(&world, "alice", "1"), 0);
    assert_eq!(alice.connect_at_once().len(), 1);
}

#[test]
fn wildcards_pass_over_a_channel_that_has_to_be_named() {
    let calls = ChannelName::new(CALLS).unwrap();
    let private = vec![ChannelPattern::new("/v2/me/**").unwrap()];
    let world = World::new(World::quick().private(private).named_only(vec![calls]));
    let named = world.up_as("alice", CALLS);
    let wild = world.up_as("alice", "/v2/me/*");
    wild.subscribe("/**");
    assert_eq!(deliver(&world, "alice", "1"), 1);
    assert_eq!(data(&named.connect_at_once()), [json!(1)]);
    assert_eq!(wild.connect_at_once().len(), 1);
}

#[test]
fn no_client_may_publish_there() {
    let world = World::gws();
    let alice = world.up_as("alice", "/**");
    for channel in [CALLS, "/v2/me", "/v2/me/x/y", "/anything"] {
        let reply = &alice.publish(channel, json!(1))[0];
        assert_eq!(reply["error"], "403:denied_by_security_policy:publish_denied", "{channel}");
    }
    assert_eq!(alice.connect_at_once().len(), 1);
}

#[test]
fn a_client_id_from_another_login_opens_nothing() {
    let world = World::gws();
    let alice = world.up_as("alice", CALLS);
    let mut mallory = world.up_as("mallory", CALLS);
    mallory.id = alice.id.clone();
    for message in [
        json!({"channel": "/meta/connect"}),
        json!({"channel": "/meta/subscribe", "subscription": CALLS}),
        json!({"channel": "/meta/unsubscribe", "subscription": CALLS}),
        json!({"channel": "/meta/disconnect"}),
    ] {
        assert_eq!(mallory.send(message)[0]["error"], "402::session_unknown");
    }
    mallory.user = None;
    assert_eq!(mallory.connect_at_once()[0]["error"], "402::session_unknown");
    deliver(&world, "alice", "1");
    assert_eq!(data(&alice.connect_at_once()), [json!(1)]);
}

#[test]
fn private_subscriptions_are_not_in_the_shared_index() {
    let world = World::gws();
    world.up_as("alice", CALLS);
    assert_eq!(world.broker.patterns(), 0);
}
