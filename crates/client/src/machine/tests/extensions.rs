//! Acknowledged delivery, from the client's side.

use super::*;

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
fn what_came_with_the_handshake_is_acknowledged() {
    for (ext, first) in [
        (json!({"enabled": true, "batch": 1}), Some(json!(1))),
        (json!({"enabled": true}), Some(json!(0))),
        (json!({"enabled": false, "batch": 1}), None),
    ] {
        let mut world = with_ack();
        world.shake_with("c1", &json!({"ack": ext}));
        assert_eq!(batch(&world), first);
    }
}

#[test]
fn a_new_session_counts_batches_anew() {
    let mut world = with_ack();
    world.shake_with("c1", &json!({"ack": true}));
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
