//! Getting a session.

use super::*;
use crate::error::Refusal;
use crate::status::CloseReason;

#[test]
fn a_handshake_comes_first_and_a_connect_at_once_follows() {
    let mut world = World::new(settings());
    world.open();
    assert_eq!(world.sent.len(), 1);
    let handshake = &world.last("/meta/handshake").messages[0];
    assert_eq!(handshake["supportedConnectionTypes"], json!(["long-polling"]));
    assert!(handshake.get("ext").is_none());
    world.shake("c1");
    let connect = &world.last("/meta/connect").messages[0];
    assert_eq!(
        (&connect["clientId"], &connect["connectionType"]),
        (&json!("c1"), &json!("long-polling"))
    );
    assert_eq!(connect["advice"], json!({"timeout": 0}));
    assert!(world.statuses.is_empty());
    world.connected();
    assert_eq!(world.statuses, [Status::Connected { session: 1 }]);
    assert!(world.last("/meta/connect").messages[0].get("advice").is_none());
}

#[test]
fn an_unreachable_server_is_tried_again_with_growing_waits() {
    let mut world = World::new(settings());
    world.open();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let handshake = world.last("/meta/handshake");
        world.fail(&handshake, Failed::unsent(Failure::Unreachable("refused".into())));
        waits.push(world.next_deadline());
    }
    assert_eq!(waits, [secs(1), secs(2), secs(3), secs(4)]);
    assert_eq!(world.count("/meta/handshake"), 5);
    assert_eq!(world.failures(), 4);
}

#[test]
fn a_server_may_ask_for_a_longer_pause() {
    let mut world = World::new(settings());
    world.open();
    let handshake = world.last("/meta/handshake");
    let failed = Failed { retry_after: Some(secs(20)), ..Failed::sent(Failure::Status(503)) };
    world.fail(&handshake, failed);
    assert_eq!(world.next_deadline(), secs(20));
}

#[test]
fn a_silent_server_is_given_up_and_tried_again() {
    let mut world = World::new(settings());
    world.open();
    let first = world.last("/meta/handshake");
    assert_eq!(world.next_deadline(), secs(10));
    assert_eq!(world.cancelled, [first.exchange]);
    assert_eq!(world.next_deadline(), secs(1));
    assert_eq!(world.count("/meta/handshake"), 2);
    // The first answer comes after all, and means nothing.
    let late = World::reply(&first, 0, &json!({"clientId": "old"}));
    world.answer(&first, &json!([late]));
    assert_eq!(world.count("/meta/connect"), 0);
}

#[test]
fn a_refusal_with_none_is_final() {
    let mut world = World::new(settings());
    world.open();
    let more = json!({
        "successful": false, "error": "403::handshake_denied", "advice": {"reconnect": "none"},
    });
    world.answer_all("/meta/handshake", &more);
    let reason = CloseReason::Refused(Refusal::new("403::handshake_denied"));
    assert_eq!(world.statuses, [Status::Closed(reason)]);
    assert_eq!(world.machine.next_deadline(), None);
}

#[test]
fn another_refusal_is_tried_again() {
    let mut world = World::new(settings());
    world.open();
    let more = json!({"successful": false, "error": "503::busy", "advice": {"interval": 5000}});
    world.answer_all("/meta/handshake", &more);
    assert_eq!(world.next_deadline(), secs(6));
    assert_eq!(world.count("/meta/handshake"), 2);
}

#[test]
fn wrong_credentials_are_not_tried_twice() {
    for status in [401, 403, 407] {
        let mut world = World::new(settings());
        world.open();
        let handshake = world.last("/meta/handshake");
        world.fail(&handshake, Failed::sent(Failure::Status(status)));
        assert_eq!(world.statuses, [Status::Closed(CloseReason::Rejected(status))]);
    }
}

#[test]
fn an_answer_that_holds_no_reply_is_a_failure() {
    for body in ["<html>", "[]", "{}", r#"[{"channel":"/meta/handshake","id":"99"}]"#] {
        let mut world = World::new(settings());
        world.open();
        let handshake = world.last("/meta/handshake");
        world.machine.handle_response(handshake.exchange, Ok(body.as_bytes()), world.now);
        world.collect();
        assert_eq!(world.failures(), 1, "{body}");
    }
}

#[test]
fn no_common_transport_is_a_failure() {
    let mut world = World::new(settings());
    world.open();
    let more = json!({"clientId": "c", "supportedConnectionTypes": ["callback-polling"]});
    world.answer_all("/meta/handshake", &more);
    let why = Failure::NoCommonTransport;
    assert_eq!(world.statuses, [Status::Interrupted { failures: 1, why }]);
}

#[test]
fn extensions_of_the_application_go_with_every_handshake() {
    let mut settings = settings();
    let token = RawValue::from_string(r#"{"t":1.10}"#.into()).unwrap();
    settings.handshake_ext.insert("token".into(), token);
    settings.ack = true;
    let mut world = World::new(settings);
    world.open();
    let handshake = &world.last("/meta/handshake").messages[0];
    assert_eq!(handshake["ext"], json!({"ack": true, "token": {"t": 1.10}}));
}
