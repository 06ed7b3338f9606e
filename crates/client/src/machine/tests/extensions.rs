//! Acknowledged delivery and replay, from the client's side.

use super::*;
use crate::replay::{Position, ReplayFrom};

fn with_ack() -> World {
    let mut world = World::new(Settings { ack: true, ..settings() });
    world.open();
    world
}

fn batch(world: &World) -> Option<Value> {
    world.last("/meta/connect").messages[0]["ext"].get("ack").cloned()
}

#[test]
fn every_connect_acknowledges_the_batch_before() {
    let mut world = with_ack();
    world.shake_with("c1", &json!({"ack": true}));
    assert_eq!(batch(&world), Some(json!(0)));
    world.answer_all("/meta/connect", &json!({"ext": {"ack": 1}}));
    assert_eq!(batch(&world), Some(json!(1)));
    world.break_off("/meta/connect");
    world.next_deadline();
    assert_eq!(batch(&world), Some(json!(1)), "nothing more was received");
    world.answer_all("/meta/connect", &json!({"ext": {"ack": 3}}));
    assert_eq!(batch(&world), Some(json!(3)));
}

#[test]
fn a_new_session_counts_batches_anew() {
    let mut world = with_ack();
    world.shake_with("c1", &json!({"ack": {"enabled": true, "batch": 1}}));
    world.answer_all("/meta/connect", &json!({"ext": {"ack": 9}}));
    world.pass(secs(20));
    world.forgotten();
    world.shake_with("c2", &json!({"ack": true}));
    assert_eq!(batch(&world), Some(json!(0)));
}

#[test]
fn a_server_without_the_extension_gets_no_acknowledgements() {
    for ext in [json!({}), json!({"ack": false}), json!({"ack": "true"})] {
        let mut world = with_ack();
        world.shake_with("c1", &ext);
        assert_eq!(batch(&world), None);
        world.answer_all("/meta/connect", &json!({"ext": {"ack": 3}}));
        assert_eq!(batch(&world), None);
    }
}

/// A session with a log, and a subscription to `/e` that begins there.
fn with_log(from: ReplayFrom) -> World {
    let mut world = World::new(settings());
    world.machine.subscribe(&pattern("/e"), Some(from), world.now);
    world.open();
    world.shake_with("c1", &json!({"replay": true}));
    world.connected();
    world
}

fn start(world: &World) -> Option<Value> {
    let sent = world.last("/meta/subscribe");
    sent.messages[0]["ext"].get("replay").map(|map| map["/e"].clone())
}

fn event(world: &mut World, position: u64) {
    let held = world.last("/meta/connect");
    let data = json!({"payload": {}, "event": {"replayId": position}});
    let body = json!([{"channel": "/e", "data": data}, World::reply(&held, 0, &json!({}))]);
    world.answer(&held, &body);
}

fn restart(world: &mut World, ext: &Value) {
    world.pass(secs(20));
    world.forgotten();
    world.shake_with("again", ext);
}

#[test]
fn a_subscription_says_where_to_begin() {
    assert_eq!(start(&with_log(ReplayFrom::New)), Some(json!(-1)));
    assert_eq!(start(&with_log(ReplayFrom::Kept)), Some(json!(-2)));
    assert_eq!(start(&with_log(ReplayFrom::After(Position(7)))), Some(json!(7)));
}

#[test]
fn a_new_session_continues_after_the_last_message_and_has_no_gap() {
    let mut world = with_log(ReplayFrom::New);
    world.agree("/meta/subscribe");
    event(&mut world, 41);
    event(&mut world, 42);
    restart(&mut world, &json!({"replay": true}));
    assert_eq!(start(&world), Some(json!(42)));
    world.agree("/meta/subscribe");
    assert!(world.gaps.is_empty());
}

#[test]
fn without_a_position_a_new_session_has_a_gap() {
    let mut world = with_log(ReplayFrom::New);
    world.agree("/meta/subscribe");
    restart(&mut world, &json!({"replay": true}));
    assert_eq!(start(&world), Some(json!(-1)));
    world.agree("/meta/subscribe");
    assert_eq!(world.gaps, [pattern("/e")]);
}

#[test]
fn a_server_that_lost_its_log_leaves_a_gap() {
    let mut world = with_log(ReplayFrom::New);
    world.agree("/meta/subscribe");
    event(&mut world, 41);
    restart(&mut world, &json!({}));
    assert_eq!(start(&world), None);
    world.agree("/meta/subscribe");
    assert_eq!(world.gaps, [pattern("/e")]);
}

#[test]
fn an_outdated_position_falls_back_to_all_that_is_kept_with_a_gap() {
    let mut world = with_log(ReplayFrom::New);
    world.agree("/meta/subscribe");
    event(&mut world, 41);
    restart(&mut world, &json!({"replay": true}));
    let error = "400::The replayId {41} you provided was invalid.  Please provide a valid ID";
    world.answer_all("/meta/subscribe", &json!({"successful": false, "error": error}));
    assert_eq!(start(&world), Some(json!(-2)));
    world.agree("/meta/subscribe");
    assert_eq!(world.gaps, [pattern("/e")]);
    assert!(world.revoked.is_empty());
}

#[test]
fn an_outdated_position_of_the_application_is_the_applications_to_decide() {
    let mut world = World::up(settings());
    world.pass(secs(5));
    world.forgotten();
    let from = Some(ReplayFrom::After(Position(5)));
    let ticket = world.machine.subscribe(&pattern("/e"), from, world.now);
    world.shake_with("c2", &json!({"replay": true}));
    let error = "400::The replayId {5} you provided was invalid.";
    world.answer_all("/meta/subscribe", &json!({"successful": false, "error": error}));
    assert!(world.outcome(ticket).starts_with("Refused"));
    assert_eq!(world.count("/meta/subscribe"), 1);
}
