//! Applications that are slow, servers that are busy, ways that are blocked, credentials that expire.

use super::ConnectionType::{LongPolling, WebSocket};
use super::*;
use crate::error::Refusal;
use crate::status::CloseReason;

fn status(world: &mut World, channel: &str, status: u16) {
    let sent = world.last(channel);
    world.fail(&sent, Failed::sent(Failure::Status(status)));
}

#[test]
fn a_server_waits_while_the_application_is_behind() {
    let mut world = World::up(settings());
    world.machine.hold_back(true, world.now);
    world.connected();
    assert_eq!(world.count("/meta/connect"), 2, "no more than was on its way");
    assert_eq!(world.machine.next_deadline(), None);
    let publish = world.publish("/a", "1");
    world.agree("/a");
    assert_eq!(world.outcome(publish), "Done", "what the application sends does not wait");
    world.pass(secs(3));
    world.machine.hold_back(false, world.now);
    world.collect();
    assert_eq!(world.count("/meta/connect"), 3);
}

#[test]
fn a_connect_that_is_held_while_the_application_is_behind_still_has_its_time() {
    let mut world = World::up(settings());
    world.machine.hold_back(true, world.now);
    assert_eq!(world.next_deadline(), secs(40));
    assert_eq!(world.failures(), 1);
}

#[test]
fn an_application_that_was_behind_for_too_long_finds_a_new_session() {
    let mut world = World::up(settings());
    world.subscribe("/a");
    world.agree("/meta/subscribe");
    world.machine.hold_back(true, world.now);
    world.connected();
    world.pass(secs(300));
    world.machine.hold_back(false, world.now);
    world.collect();
    world.forgotten();
    world.shake("c2");
    assert_eq!(world.last("/meta/subscribe").messages[0]["clientId"], "c2");
}

#[test]
fn leaving_does_not_wait_for_the_application() {
    let mut world = World::up(settings());
    world.machine.hold_back(true, world.now);
    world.connected();
    let leave = world.machine.disconnect(world.now);
    world.collect();
    world.agree("/meta/disconnect");
    assert_eq!(world.outcome(leave), "Done");
}

#[test]
fn time_in_front_of_the_machine_counts() {
    let mut world = World::up(settings());
    let asked = world.now;
    world.pass(secs(30));
    let publish = world.machine.publish(vec![publication("/a", "1")], asked, world.now)[0];
    let subscribe = world.machine.subscribe(&pattern("/a"), Wish::default(), asked, world.now);
    world.collect();
    assert_eq!([publish, subscribe].map(|ticket| world.outcome(ticket)), ["TimedOut"; 2]);
    assert_eq!((world.count("/a"), world.count("/meta/subscribe")), (0, 0));
}

#[test]
fn calls_are_bounded_and_those_beyond_fail_at_once() {
    let mut world = World::up(settings());
    let call = |world: &mut World| {
        let deadline = world.now + secs(5);
        let tickets = world.machine.call(publication("/service/x", "1"), deadline, world.now);
        world.collect();
        tickets[0]
    };
    let calls: Vec<_> = (0..10).map(|_| call(&mut world)).collect();
    let beyond = call(&mut world);
    assert_eq!(world.outcome(beyond), "Full(10)");
    world.answer_all("/service/x", &json!({"data": 1}));
    assert!(world.outcome(calls[0]).starts_with("Result"));
    let fits = call(&mut world);
    assert_eq!(world.outcome(fits), "open");
    world.pass(secs(5));
    assert_eq!(world.outcome(fits), "TimedOut");
}

#[test]
fn what_the_server_dropped_is_told() {
    let mut world = World::up(settings());
    world.answer_all("/meta/connect", &json!({"ext": {"dropped": 3}}));
    world.connected();
    assert_eq!(world.dropped, [3]);
}

#[test]
fn a_status_that_refuses_a_body_says_that_nothing_was_taken() {
    for refusal in [400, 403, 404, 413] {
        let mut world = World::up(settings());
        let ticket = world.publish("/a", "1");
        status(&mut world, "/a", refusal);
        assert_eq!(world.outcome(ticket), format!("Rejected({refusal})"));
        assert_eq!(world.count("/meta/handshake"), 1);
    }
}

#[test]
fn a_status_that_asks_for_patience_is_tried_again() {
    let mut world = World::up(settings());
    let ticket = world.publish("/a", "1");
    status(&mut world, "/a", 429);
    world.pass(secs(1));
    let sent = world.last("/a");
    let busy = Failed { retry_after: Some(secs(7)), ..Failed::sent(Failure::Status(503)) };
    world.fail(&sent, busy);
    world.pass(secs(6));
    assert_eq!(world.count("/a"), 2);
    world.pass(secs(1));
    world.agree("/a");
    assert_eq!(world.outcome(ticket), "Done");
}

#[test]
fn a_status_of_a_broken_server_leaves_open_what_happened() {
    for broken in [500, 502, 503, 504] {
        let mut world = World::up(settings());
        let ticket = world.publish("/a", "1");
        status(&mut world, "/a", broken);
        assert_eq!(world.outcome(ticket), format!("Lost(Status({broken}))"));
    }
}

#[test]
fn a_proxy_that_refuses_a_socket_has_taken_nothing() {
    let types = vec![WebSocket, LongPolling];
    let mut world = World::up(Settings { connection_types: types, ..settings() });
    let ticket = world.publish("/a", "1");
    let sent = world.last("/a");
    world.fail(&sent, Failed::unsent(Failure::Status(403)));
    assert_eq!(world.outcome(ticket), "open");
}

#[test]
fn credentials_that_expired_lead_to_a_handshake_and_what_was_asked_for_is_done_after_it() {
    let mut world = World::up(settings());
    world.pass(secs(20));
    let publish = world.publish("/a", "1");
    let call = world.machine.call(publication("/service/x", "1"), world.now + secs(9), world.now);
    world.collect();
    status(&mut world, "/a", 401);
    assert_eq!(world.count("/meta/handshake"), 2);
    world.shake("c2");
    world.pass(secs(1));
    let again = world.last("/a");
    assert_eq!(again.channels(), ["/a", "/service/x"]);
    let replies =
        [World::reply(&again, 0, &json!({})), World::reply(&again, 1, &json!({"data": 1}))];
    world.answer(&again, &json!(replies));
    assert_eq!(world.outcome(publish), "Done");
    assert!(world.outcome(call[0]).starts_with("Result"));
}

#[test]
fn a_connect_that_is_refused_for_good_says_why() {
    let mut world = World::up(settings());
    let error = "401::Authentication invalid";
    let advice = json!({"reconnect": "none", "interval": 0});
    let more = json!({"successful": false, "error": error, "advice": advice});
    world.answer_all("/meta/connect", &more);
    let reason = CloseReason::Refused(Refusal::new(error));
    assert_eq!(world.statuses.last(), Some(&Status::Closed(reason)));
}

#[test]
fn a_server_that_drains_is_met_again_at_the_pace_that_it_advises() {
    let mut world = World::up(Settings { replay: true, ..settings() });
    world.subscribe("/a");
    world.agree("/meta/subscribe");
    world.pass(secs(20));
    // The held connect is answered, and the next one by nobody: the server is gone.
    let advice = json!({"reconnect": "retry", "interval": 1500, "timeout": 30_000});
    world.answer_all("/meta/connect", &json!({"advice": advice}));
    assert_eq!(world.next_deadline(), Duration::from_millis(1500));
    let connect = world.last("/meta/connect");
    world.fail(&connect, Failed::unsent(Failure::Unreachable("refused".into())));
    world.next_deadline();
    // Its successor does not know the session; another one that drains takes none.
    world.forgotten();
    let later = json!({"reconnect": "handshake", "interval": 2000});
    let draining = json!({"successful": false, "error": "503::server_draining", "advice": later});
    world.answer_all("/meta/handshake", &draining);
    assert_eq!(world.next_deadline(), secs(3), "as advised, and one step of its own");
    world.shake("c2");
    world.connected();
    assert_eq!(world.statuses.last(), Some(&Status::Connected { session: 2 }));
    assert_eq!(world.last("/meta/subscribe").messages[0]["clientId"], "c2");
}

#[test]
fn a_busy_server_keeps_a_subscription_that_it_had_agreed_to() {
    let mut world = World::up(settings());
    world.subscribe("/a");
    world.agree("/meta/subscribe");
    world.pass(secs(20));
    world.forgotten();
    world.shake("c2");
    let busy = json!({"successful": false, "error": "503::Server is too busy."});
    for wait in 1..=3 {
        world.answer_all("/meta/subscribe", &busy);
        assert_eq!(world.next_deadline(), secs(wait));
    }
    world.agree("/meta/subscribe");
    assert!(world.revoked.is_empty());
    assert_eq!(world.gaps, [(pattern("/a"), Gap::Session)]);
    let first = world.subscribe("/b");
    world.answer_all("/meta/subscribe", &busy);
    assert!(world.outcome(first).starts_with("Refused"), "a new one is the caller's to decide");
}

fn blocked() -> World {
    let types = vec![WebSocket, LongPolling];
    let mut world = World::new(Settings { connection_types: types, ..settings() });
    world.open();
    let upgrade = world.last("/meta/handshake");
    world.fail(&upgrade, Failed::unsent(Failure::Status(502)));
    world.shake("c1");
    world.connected();
    world
}

#[test]
fn a_blocked_way_is_left_alone_for_a_while() {
    let mut world = blocked();
    world.pass(secs(20));
    world.forgotten();
    assert_eq!(world.last("/meta/handshake").connection_type, LongPolling);
    world.shake("c2");
    world.connected();
    for _ in 0..30 {
        world.pass(secs(20));
        world.connected();
    }
    world.forgotten();
    assert_eq!(world.last("/meta/handshake").connection_type, WebSocket);
}

#[test]
fn a_server_that_was_away_altogether_has_blocked_nothing() {
    let mut world = blocked();
    world.pass(secs(20));
    world.forgotten();
    let refused = || Failed::unsent(Failure::Unreachable("refused".into()));
    let handshake = world.last("/meta/handshake");
    world.fail(&handshake, refused());
    world.next_deadline();
    assert_eq!(world.last("/meta/handshake").connection_type, WebSocket);
}

#[test]
fn a_way_that_has_worked_is_tried_first_again() {
    let types = vec![WebSocket, LongPolling];
    let mut world = World::new(Settings { connection_types: types, ..settings() });
    world.open();
    world.shake("c1");
    world.connected();
    world.pass(secs(20));
    world.forgotten();
    let upgrade = world.last("/meta/handshake");
    world.fail(&upgrade, Failed::unsent(Failure::Broken("reset".into())));
    world.shake("c2");
    world.connected();
    world.pass(secs(20));
    world.forgotten();
    assert_eq!(world.last("/meta/handshake").connection_type, WebSocket);
}
