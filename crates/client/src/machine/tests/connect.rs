//! Keeping a session, losing it, and ending it.

use super::*;
use crate::status::CloseReason;

#[test]
fn connects_follow_each_other_and_pause_as_advised() {
    let mut world = World::up(settings());
    assert_eq!(world.count("/meta/connect"), 2);
    world.answer_all("/meta/connect", &json!({"advice": {"reconnect": "retry", "interval": 500}}));
    assert_eq!(world.count("/meta/connect"), 2);
    assert_eq!(world.next_deadline(), Duration::from_millis(500));
    assert_eq!(world.count("/meta/connect"), 3);
}

#[test]
fn a_held_connect_may_take_as_long_as_the_server_said_and_no_longer() {
    let mut world = World::up(settings());
    let held = world.last("/meta/connect");
    assert_eq!(world.next_deadline(), secs(40));
    assert_eq!(world.cancelled, [held.exchange]);
    assert_eq!(world.failures(), 1);
}

#[test]
fn a_cut_connect_is_sent_again_with_the_same_session_and_at_once() {
    let mut world = World::up(settings());
    world.break_off("/meta/connect");
    assert_eq!(world.failures(), 1);
    assert_eq!(world.next_deadline(), secs(1));
    let connect = world.last("/meta/connect").messages[0].clone();
    assert_eq!((&connect["clientId"], &connect["advice"]), (&json!("c1"), &json!({"timeout": 0})));
    world.connected();
    assert_eq!(world.statuses.last(), Some(&Status::Connected { session: 1 }));
    assert!(world.last("/meta/connect").messages[0].get("advice").is_none());
    assert_eq!(world.count("/meta/handshake"), 1);
}

#[test]
fn failures_in_a_row_wait_longer_and_success_forgets_them() {
    let mut world = World::up(settings());
    world.pass(secs(5));
    for wait in 1..=3 {
        world.break_off("/meta/connect");
        assert_eq!(world.next_deadline(), secs(wait));
    }
    world.connected();
    world.break_off("/meta/connect");
    assert_eq!(world.next_deadline(), secs(1));
}

#[test]
fn a_forgotten_session_is_replaced_at_once() {
    let mut world = World::up(settings());
    world.pass(secs(20));
    world.forgotten();
    assert_eq!(world.count("/meta/handshake"), 2);
    world.shake("c2");
    world.connected();
    assert_eq!(world.statuses.last(), Some(&Status::Connected { session: 2 }));
    assert_eq!(world.last("/meta/connect").messages[0]["clientId"], "c2");
}

#[test]
fn a_server_that_forgets_at_once_is_not_stormed() {
    let mut world = World::up(settings());
    let mut waits = Vec::new();
    for _ in 0..4 {
        world.forgotten();
        waits.push(world.next_deadline());
        world.shake("again");
    }
    assert_eq!(waits, [secs(1), secs(2), secs(3), secs(4)]);
}

#[test]
fn advice_to_come_back_later_is_kept_when_shaking_hands_again() {
    let mut world = World::up(settings());
    world.pass(secs(20));
    let advice = json!({"reconnect": "handshake", "interval": 7000});
    let more = json!({"successful": false, "error": "402::session_unknown", "advice": advice});
    world.answer_all("/meta/connect", &more);
    assert_eq!(world.count("/meta/handshake"), 1);
    assert_eq!(world.next_deadline(), secs(7));
    assert_eq!(world.count("/meta/handshake"), 2);
}

#[test]
fn an_unknown_session_is_recognised_without_advice() {
    let mut world = World::up(settings());
    world.pass(secs(20));
    let more = json!({"successful": false, "error": "401:c1:Unknown client"});
    world.answer_all("/meta/connect", &more);
    assert_eq!(world.count("/meta/handshake"), 2);
}

#[test]
fn a_session_that_must_have_expired_is_not_tried() {
    let mut world = World::up(settings());
    let advice = json!({"reconnect": "retry", "timeout": 1000, "maxInterval": 2000});
    world.answer_all("/meta/connect", &json!({"advice": advice}));
    world.pass(secs(1));
    world.break_off("/meta/connect");
    world.pass(secs(2));
    assert_eq!(world.count("/meta/handshake"), 1, "still alive after 3 s");
    world.break_off("/meta/connect");
    world.pass(secs(2));
    assert_eq!(world.count("/meta/handshake"), 2);
}

#[test]
fn lost_credentials_lead_to_a_new_handshake() {
    let mut world = World::up(settings());
    world.pass(secs(20));
    let held = world.last("/meta/connect");
    world.fail(&held, Failed::sent(Failure::Status(401)));
    assert_eq!(world.count("/meta/handshake"), 2);
}

#[test]
fn a_server_that_wants_no_more_is_obeyed() {
    for successful in [true, false] {
        let mut world = World::up(settings());
        let more = json!({"successful": successful, "advice": {"reconnect": "none"}});
        world.answer_all("/meta/connect", &more);
        assert_eq!(world.statuses.last(), Some(&Status::Closed(CloseReason::Ended)));
        assert_eq!(world.machine.next_deadline(), None);
    }
}

#[test]
fn a_disconnect_by_the_server_ends_the_session() {
    let mut world = World::up(settings());
    let held = world.last("/meta/connect");
    let body = json!([
        {"channel": "/a", "data": 1},
        {"channel": "/meta/disconnect", "successful": true},
        World::reply(&held, 0, &json!({"advice": {"reconnect": "none"}})),
    ]);
    world.answer(&held, &body);
    assert_eq!(world.delivered.len(), 1);
    assert_eq!(world.statuses.last(), Some(&Status::Closed(CloseReason::Ended)));
}

#[test]
fn a_late_reply_of_an_earlier_connect_is_ignored() {
    let mut world = World::up(settings());
    let old = world.last("/meta/connect");
    world.next_deadline();
    world.next_deadline();
    let connects = world.count("/meta/connect");
    let late = World::reply(&old, 0, &json!({"advice": {"reconnect": "none"}}));
    world.answer(&old, &json!([late]));
    assert_eq!(world.count("/meta/connect"), connects);
    assert!(!world.machine.is_closed());
}

#[test]
fn advice_in_what_others_publish_is_ignored() {
    let mut world = World::up(settings());
    let held = world.last("/meta/connect");
    let body = json!([
        {"channel": "/a", "data": 1, "advice": {"reconnect": "none", "interval": 60_000}},
        World::reply(&held, 0, &json!({})),
    ]);
    world.answer(&held, &body);
    assert_eq!(world.count("/meta/connect"), 3);
}

#[test]
fn leaving_sends_what_is_queued_and_then_the_disconnect() {
    let mut world = World::up(settings());
    let first = world.publish("/a", "1");
    let second = world.publish("/a", "2");
    let leave = world.machine.disconnect(world.now);
    world.collect();
    world.agree("/a");
    let last = world.sent.last().unwrap().clone();
    assert_eq!(last.channels(), ["/a", "/meta/disconnect"]);
    // The held connect is answered first, as servers do.
    world.answer_all("/meta/connect", &json!({"advice": {"reconnect": "none"}}));
    let replies = [World::reply(&last, 0, &json!({})), World::reply(&last, 1, &json!({}))];
    world.answer(&last, &json!(replies));
    assert_eq!([first, second, leave].map(|ticket| world.outcome(ticket)), ["Done"; 3]);
    assert_eq!(world.statuses.last(), Some(&Status::Closed(CloseReason::Asked)));
    assert_eq!(world.machine.next_deadline(), None);
}

#[test]
fn leaving_an_unreachable_server_takes_no_longer_than_a_request() {
    let mut world = World::up(settings());
    let leave = world.machine.disconnect(world.now);
    world.collect();
    assert_eq!(world.next_deadline(), secs(10));
    assert_eq!(world.outcome(leave), "Done");
    assert_eq!(world.statuses.last(), Some(&Status::Closed(CloseReason::Asked)));
}

#[test]
fn leaving_without_a_session_is_done_at_once() {
    let mut world = World::new(settings());
    world.open();
    let handshake = world.last("/meta/handshake");
    let publish = world.publish("/a", "1");
    let leave = world.machine.disconnect(world.now);
    world.collect();
    assert_eq!(world.outcome(leave), "Done");
    assert_eq!(world.outcome(publish), "Closed");
    assert_eq!(world.cancelled, [handshake.exchange]);
    let subscribe = world.subscribe("/a");
    assert_eq!(world.outcome(subscribe), "Closed");
    let late = world.publish("/a", "2");
    assert_eq!(world.outcome(late), "Closed");
}
