//! Two ways to reach the server: WebSocket first, long-polling behind it.

use super::ConnectionType::{LongPolling, WebSocket};
use super::*;
use crate::status::CloseReason;

fn both() -> Settings {
    Settings { connection_types: vec![WebSocket, LongPolling], ..settings() }
}

fn kinds(world: &World, channel: &str) -> Vec<ConnectionType> {
    let sent = world.sent.iter().filter(|sent| sent.channels()[0] == channel);
    sent.map(|sent| sent.connection_type).collect()
}

impl World {
    /// Every message of the newest body to `channel` is answered by a frame of its own accord.
    fn push(&mut self, channel: &str, more: &Value) {
        let sent = self.last(channel);
        let replies: Vec<_> =
            (0..sent.messages.len()).map(|place| Self::reply(&sent, place, more)).collect();
        let body = json!(replies).to_string();
        self.machine.handle_push(body.as_bytes(), self.now).unwrap();
        self.collect();
        assert!(self.settled.contains(&sent.exchange), "{channel} is settled");
    }

    fn fail_with(&mut self, channel: &str, failure: Failure) {
        let sent = self.last(channel);
        self.fail(&sent, Failed::unsent(failure));
    }
}

fn over_websocket() -> World {
    let mut world = World::new(both());
    world.open();
    let more = json!({
        "clientId": "c1", "supportedConnectionTypes": ["long-polling", "websocket"],
        "advice": {"reconnect": "retry", "timeout": 30_000},
    });
    world.push("/meta/handshake", &more);
    world.push("/meta/connect", &json!({}));
    world
}

#[test]
fn everything_goes_by_websocket_if_it_can() {
    let mut world = over_websocket();
    assert_eq!(kinds(&world, "/meta/connect"), [WebSocket, WebSocket]);
    assert_eq!(world.last("/meta/connect").messages[0]["connectionType"], "websocket");
    assert_eq!(world.statuses, [Status::Connected { session: 1 }]);
    let ticket = world.publish("/a", "1");
    world.machine.handle_push(br#"[{"channel":"/a","data":1}]"#, world.now).unwrap();
    world.collect();
    assert_eq!((world.delivered.len(), world.outcome(ticket)), (1, "open".into()));
    world.push("/a", &json!({}));
    assert_eq!(world.outcome(ticket), "Done");
}

#[test]
fn a_websocket_that_cannot_be_opened_gives_way_at_once() {
    for failure in [Failure::Status(403), Failure::Status(400), Failure::Broken("proxy".into())] {
        let mut world = World::new(both());
        world.open();
        let handshake = world.last("/meta/handshake").messages[0].clone();
        assert_eq!(handshake["supportedConnectionTypes"], json!(["websocket", "long-polling"]));
        world.fail_with("/meta/handshake", failure);
        assert_eq!(kinds(&world, "/meta/handshake"), [WebSocket, LongPolling]);
        world.shake("c1");
        assert_eq!(kinds(&world, "/meta/connect"), [LongPolling]);
        assert!(world.statuses.is_empty(), "nobody needs to know");
    }
}

#[test]
fn wrong_credentials_are_believed_when_no_other_way_is_left() {
    let mut world = World::new(both());
    world.open();
    world.fail_with("/meta/handshake", Failure::Status(401));
    world.fail_with("/meta/handshake", Failure::Status(401));
    assert_eq!(world.statuses, [Status::Closed(CloseReason::Rejected(401))]);
}

#[test]
fn an_unreachable_server_is_tried_both_ways_again_and_again() {
    let mut world = World::new(both());
    world.open();
    for _ in 0..2 {
        world.fail_with("/meta/handshake", Failure::Unreachable("refused".into()));
        world.fail_with("/meta/handshake", Failure::Unreachable("refused".into()));
        world.next_deadline();
    }
    let kinds = kinds(&world, "/meta/handshake");
    assert_eq!(kinds, [WebSocket, LongPolling, WebSocket, LongPolling, WebSocket]);
    assert_eq!(world.failures(), 2);
}

#[test]
fn a_refusal_is_not_the_fault_of_the_way() {
    let mut world = World::new(both());
    world.open();
    world.push("/meta/handshake", &json!({"successful": false, "error": "503::busy"}));
    assert_eq!(world.failures(), 1);
    world.next_deadline();
    assert_eq!(kinds(&world, "/meta/handshake"), [WebSocket, WebSocket]);
}

#[test]
fn a_broken_socket_is_opened_again_for_the_same_session_and_then_given_up() {
    let mut world = over_websocket();
    world.pass(secs(5));
    world.break_off("/meta/connect");
    world.next_deadline();
    world.break_off("/meta/connect");
    world.next_deadline();
    assert_eq!(kinds(&world, "/meta/connect"), [WebSocket, WebSocket, WebSocket, LongPolling]);
    assert_eq!(world.last("/meta/connect").messages[0]["clientId"], "c1");
    assert_eq!(world.last("/meta/connect").messages[0]["connectionType"], "long-polling");
    world.connected();
    assert_eq!(world.statuses.last(), Some(&Status::Connected { session: 1 }));
}

#[test]
fn a_new_session_tries_websocket_again() {
    let mut world = over_websocket();
    world.pass(secs(5));
    world.break_off("/meta/connect");
    world.next_deadline();
    world.break_off("/meta/connect");
    world.next_deadline();
    world.forgotten();
    assert_eq!(kinds(&world, "/meta/handshake"), [WebSocket, WebSocket]);
}

#[test]
fn a_server_that_does_not_offer_the_way_in_use_is_met_on_another() {
    let mut world = World::new(both());
    world.open();
    let more = json!({"clientId": "c1", "supportedConnectionTypes": ["long-polling"]});
    world.push("/meta/handshake", &more);
    assert_eq!(kinds(&world, "/meta/connect"), [LongPolling]);
}

#[test]
fn a_frame_that_holds_no_messages_is_an_error() {
    let mut world = over_websocket();
    assert!(world.machine.handle_push(b"hello", world.now).is_err());
    world.break_off("/meta/connect");
    assert_eq!(world.failures(), 1);
}
