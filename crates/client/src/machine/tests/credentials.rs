//! Credentials that do not last, and somebody who has new ones.

use super::ConnectionType::{LongPolling, WebSocket};
use super::*;
use crate::status::CloseReason;

fn renewable() -> Settings {
    Settings { renewable: true, ..settings() }
}

fn refuse(world: &mut World, channel: &str, status: u16) {
    let sent = world.last(channel);
    world.fail(&sent, Failed::sent(Failure::Status(status)));
}

fn asked(world: &World) -> Vec<Freshness> {
    let asked = world.sent.iter().filter_map(|sent| sent.credentials);
    asked.collect()
}

#[test]
fn credentials_are_asked_for_with_handshakes_and_with_nothing_else() {
    let mut world = World::up(renewable());
    world.publish("/a", "1");
    assert_eq!(asked(&world), [Freshness::Any]);
    world.pass(secs(20));
    world.forgotten();
    assert_eq!(asked(&world), [Freshness::Any; 2]);
    assert!(asked(&World::up(settings())).is_empty());
}

#[test]
fn refused_credentials_are_renewed_once() {
    for status in [401, 403, 407] {
        let mut world = World::new(renewable());
        world.open();
        refuse(&mut world, "/meta/handshake", status);
        assert_eq!(asked(&world), [Freshness::Any, Freshness::New]);
        refuse(&mut world, "/meta/handshake", status);
        assert_eq!(world.statuses, [Status::Closed(CloseReason::Rejected(status))]);
    }
}

#[test]
fn credentials_that_expired_are_renewed_whoever_notices() {
    for channel in ["/meta/connect", "/a"] {
        let mut world = World::up(renewable());
        world.pass(secs(20));
        world.publish("/a", "1");
        refuse(&mut world, channel, 401);
        assert_eq!(asked(&world), [Freshness::Any, Freshness::New], "{channel}");
        world.shake("c2");
        world.connected();
        // Renewed credentials expire like others.
        world.pass(secs(20));
        refuse(&mut world, "/meta/connect", 401);
        assert_eq!(asked(&world).len(), 3);
    }
}

#[test]
fn a_refusal_in_the_protocol_renews_them_too() {
    let refused = json!({
        "successful": false, "error": "401::Authentication invalid",
        "advice": {"reconnect": "none", "interval": 0},
    });
    let mut world = World::up(renewable());
    world.pass(secs(20));
    world.answer_all("/meta/connect", &refused);
    assert_eq!(asked(&world), [Freshness::Any, Freshness::New]);
    world.answer_all("/meta/handshake", &refused);
    assert!(matches!(world.statuses.last(), Some(Status::Closed(CloseReason::Refused(_)))));

    let mut world = World::new(renewable());
    world.open();
    world.answer_all("/meta/handshake", &refused);
    assert_eq!(asked(&world), [Freshness::Any, Freshness::New]);
    world.shake("c1");
    world.connected();
    assert_eq!(world.statuses.last(), Some(&Status::Connected { session: 1 }));
}

#[test]
fn every_way_is_tried_before_credentials_are_blamed() {
    let types = vec![WebSocket, LongPolling];
    let mut world = World::new(Settings { connection_types: types, ..renewable() });
    world.open();
    let upgrade = world.last("/meta/handshake");
    world.fail(&upgrade, Failed::unsent(Failure::Status(401)));
    refuse(&mut world, "/meta/handshake", 401);
    assert_eq!(asked(&world), [Freshness::Any, Freshness::Any, Freshness::New]);
    assert_eq!(world.last("/meta/handshake").connection_type, WebSocket);
}

#[test]
fn whoever_has_none_is_asked_again_after_a_pause() {
    let types = vec![WebSocket, LongPolling];
    let mut world = World::new(Settings { connection_types: types, ..renewable() });
    world.open();
    let handshake = world.last("/meta/handshake");
    world.fail(&handshake, Failed::unsent(Failure::Credentials("locked".into())));
    assert_eq!(world.failures(), 1);
    assert_eq!(world.next_deadline(), secs(1));
    assert_eq!(asked(&world), [Freshness::Any; 2]);
}
