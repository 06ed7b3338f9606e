//! What operators and back ends see.

use encke_bayeux::ChannelPattern;
use encke_broker::{UserId, Via};
use serde_json::json;

use crate::support::World;

fn pattern(text: &str) -> ChannelPattern {
    ChannelPattern::new(text).unwrap()
}

#[test]
fn a_snapshot_shows_sessions_without_their_secrets() {
    let world = World::gws();
    let alice = world.up_as("alice", "/v2/me/calls");
    let mut held = alice.hold();
    assert!(held.is_waiting());
    world.pass(1000);
    let snapshot = world.broker.snapshot(10, world.now.get());
    let session = &snapshot.sessions[0];
    assert_eq!((session.number, session.held_ms, session.via), (1, Some(1000), Via::Polling));
    assert_eq!(session.age_ms, 1000);
    assert_eq!((session.expires_in_ms, session.subscription_count), (None, 1));
    assert_eq!(session.user, Some(UserId::new("alice")));
    let text = serde_json::to_string(&snapshot).unwrap();
    assert!(!text.contains(&alice.id), "{text}");
    assert!(text.contains(&alice.id[..6]) && text.contains("/v2/me/calls"), "{text}");
}

#[test]
fn a_snapshot_counts_what_waits_and_tells_when_a_silent_session_ends() {
    let world = World::new(World::quick());
    let client = world.up();
    client.subscribe("/a");
    world.up().publish("/a", json!("x"));
    world.pass(1000);
    let sessions = world.broker.sessions_after(0, 10, world.now.get());
    let message = r#"{"channel":"/a","data":"x"}"#;
    assert_eq!((sessions[0].queue_messages, sessions[0].queue_bytes), (1, message.len()));
    assert_eq!(sessions[0].expires_in_ms, Some(3000));
    client.connect_at_once();
    assert_eq!(world.broker.sessions_after(0, 10, world.now.get())[0].queue_messages, 0);
}

#[test]
fn sessions_and_channels_come_page_by_page() {
    let world = World::new(World::quick());
    let clients: Vec<_> = (0..5).map(|_| world.up()).collect();
    for (client, channel) in clients.iter().zip(["/d", "/b", "/a", "/b", "/c/**"]) {
        client.subscribe(channel);
    }
    let numbers = |after| {
        let page = world.broker.sessions_after(after, 2, world.now.get());
        page.iter().map(|session| session.number).collect::<Vec<_>>()
    };
    assert_eq!([numbers(0), numbers(2), numbers(4), numbers(5)].concat(), [1, 2, 3, 4, 5]);
    let channels = |after| {
        let page = world.broker.channels_after(after, 2);
        page.iter().map(|one| (one.pattern.to_string(), one.subscribers)).collect::<Vec<_>>()
    };
    assert_eq!(channels(""), [("/a".into(), 1), ("/b".into(), 2)]);
    assert_eq!(channels("/b"), [("/c/**".into(), 1), ("/d".into(), 1)]);
    assert!(channels("/d").is_empty());
    clients[0].send(json!({"channel": "/meta/disconnect"}));
    assert_eq!(numbers(0), [2, 3], "a session that ended is not shown");
}

#[test]
fn presence_names_each_user_once() {
    let world = World::new(World::quick());
    let _two = [world.up_as("bob", "/room"), world.up_as("bob", "/room")];
    let _others = [world.up_as("alice", "/room"), world.up_as("carol", "/**")];
    world.up().subscribe("/room");
    let presence = world.broker.presence(&pattern("/room"), "", 10);
    assert_eq!(presence.users, ["alice", "bob"].map(UserId::new));
    assert_eq!((presence.sessions, presence.anonymous), (3, 1));
    assert_eq!(world.broker.presence(&pattern("/room"), "alice", 1).users, [UserId::new("bob")]);
    assert_eq!(world.broker.sessions_of(&UserId::new("bob"), 10, world.now.get()).len(), 2);
    assert!(world.broker.sessions_of(&UserId::new("dave"), 10, world.now.get()).is_empty());
    assert_eq!(world.broker.users_after("alice", 10), ["bob", "carol"].map(UserId::new));
}

#[test]
fn presence_knows_private_subscriptions() {
    let world = World::gws();
    let _alice = world.up_as("alice", "/v2/me/calls");
    let _bob = world.up_as("bob", "/v2/me/smsessions");
    let presence = world.broker.presence(&pattern("/v2/me/calls"), "", 10);
    assert_eq!(presence.users, [UserId::new("alice")]);
    assert!(world.broker.channels_after("", 10).is_empty(), "private names are not shared");
}
