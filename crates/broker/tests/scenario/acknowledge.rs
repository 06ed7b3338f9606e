use encke_broker::Release;
use serde_json::{Value, json};

use crate::support::{Client, World, data};

fn up(world: &World) -> Client<'_> {
    let mut client = world.anonymous();
    let reply = client.shake_with(json!({"ack": true}));
    assert_eq!(reply["ext"], json!({"ack": true}));
    let first = client.send(connect(json!(0), 0));
    assert_eq!(first[0]["ext"], json!({"ack": 1}));
    client.subscribe("/a");
    client
}

fn connect(ack: Value, timeout: u64) -> Value {
    json!({"channel": "/meta/connect", "ext": {"ack": ack}, "advice": {"timeout": timeout}})
}

/// The data of a response and the batch of its connect reply.
fn batch(response: &[Value]) -> (Vec<Value>, u64) {
    (data(response), response.last().unwrap()["ext"]["ack"].as_u64().unwrap())
}

#[test]
fn what_is_not_acknowledged_comes_again_in_order() {
    let world = World::new(World::quick());
    let (client, other) = (up(&world), world.up());
    for n in 1..=3 {
        other.publish("/a", json!(n));
    }
    let three = vec![json!(1), json!(2), json!(3)];
    assert_eq!(batch(&client.send(connect(json!(1), 0))), (three.clone(), 2));
    assert_eq!(batch(&client.send(connect(json!(1), 0))), (three, 3));
    other.publish("/a", json!(4));
    let four: Vec<_> = (1..=4).map(|n| json!(n)).collect();
    assert_eq!(batch(&client.send(connect(json!(1), 0))), (four, 4));
    let mut held = client.hold_with(connect(json!(4), 3000));
    assert!(held.is_waiting());
    world.pass(3000);
    assert_eq!(batch(&held.answer()), (vec![], 5));
    assert_eq!(world.broker.stats().queue_messages, 0);
}

#[test]
fn a_connect_without_a_number_acknowledges_nothing_and_a_future_one_everything() {
    let world = World::new(World::quick());
    let (client, other) = (up(&world), world.up());
    other.publish("/a", json!(1));
    client.send(connect(json!(1), 0));
    for odd in [json!(null), json!("2"), json!(-1)] {
        assert_eq!(batch(&client.send(connect(odd, 0))).0, [json!(1)]);
    }
    assert_eq!(batch(&client.send(connect(json!(99), 0))).0, [] as [Value; 0]);
}

#[test]
fn messages_ride_on_connects_only_whatever_is_configured() {
    let world = World::new(World::quick().meta_connect_delivery_only(false));
    let client = up(&world);
    assert_eq!(data(&client.publish("/a", json!(1))), [] as [Value; 0]);
    assert_eq!(batch(&client.send(connect(json!(1), 0))).0, [json!(1)]);
}

#[test]
fn exactly_true_asks_for_it() {
    let world = World::new(World::quick());
    for odd in [json!("true"), json!(1), json!(false), json!(null)] {
        let mut client = world.anonymous();
        assert!(client.shake_with(json!({"ack": odd})).get("ext").is_none());
        assert!(client.connect_at_once()[0].get("ext").is_none());
    }
    let without = World::new(World::quick().acknowledge(false));
    assert!(without.anonymous().shake_with(json!({"ack": true})).get("ext").is_none());
}

#[test]
fn a_disconnect_leaves_no_trace_in_the_gauges() {
    let world = World::new(World::quick());
    let (client, other) = (up(&world), world.up());
    other.publish("/a", json!(1));
    client.send(connect(json!(1), 0));
    other.publish("/a", json!(2));
    client.send(json!({"channel": "/meta/disconnect"}));
    let stats = world.broker.stats();
    assert_eq!((stats.queue_messages, stats.queue_bytes, stats.messages_dropped), (0, 0, 0));
}

#[test]
fn a_connect_between_release_and_answer_takes_the_messages_alone() {
    let world = World::new(World::quick());
    let (client, other) = (up(&world), world.up());
    let mut older = client.hold_with(connect(json!(1), 3000));
    other.publish("/a", json!(1));
    assert_eq!(older.release(), Some(Release::Messages));
    // The client gave the first one up meanwhile.
    assert_eq!(batch(&client.send(connect(json!(1), 0))), (vec![json!(1)], 2));
    let delivery = older.hold.take().unwrap().answer(Release::Messages, world.now.get());
    let late: Vec<Value> = serde_json::from_slice(&delivery.body()).unwrap();
    delivery.written(world.now.get());
    assert_eq!(late.len(), 1, "it took nothing along: {late:?}");
    assert!(late[0].get("ext").is_none(), "and began no batch: {late:?}");
    assert_eq!(batch(&client.send(connect(json!(2), 0))), (vec![], 3));
}

#[test]
fn two_connects_in_one_body_share_a_batch() {
    let world = World::new(World::quick());
    let (client, other) = (up(&world), world.up());
    other.publish("/a", json!(1));
    let both = client.send(json!([connect(json!(1), 0), connect(json!(1), 0)]));
    let numbers: Vec<_> = both.iter().filter_map(|m| m["ext"]["ack"].as_u64()).collect();
    assert_eq!((data(&both), numbers), (vec![json!(1)], vec![2, 2]));
    assert_eq!(batch(&client.send(connect(json!(2), 0))), (vec![], 3));
}
