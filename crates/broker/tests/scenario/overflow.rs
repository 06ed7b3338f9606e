use std::time::Duration;

use encke_bayeux::ChannelPattern;
use encke_broker::{ChannelRule, ChannelSettings, Config, Overflow, Retention};
use serde_json::{Value, json};

use crate::support::{Client, World, data};

/// Three messages wait at most; `/oldest` and `/refuse` lose some, every other channel cuts.
fn narrow() -> Config {
    let rule = |pattern: &str, overflow| {
        let mut settings = ChannelSettings::default();
        settings.overflow = overflow;
        ChannelRule::new(ChannelPattern::new(pattern).unwrap(), settings)
    };
    let rules = vec![rule("/oldest", Overflow::DropOldest), rule("/refuse", Overflow::Refuse)];
    World::quick().queue(3, 1000).channels(rules)
}

/// A client that is subscribed to everything and one that publishes.
fn two(world: &World) -> (Client<'_>, Client<'_>) {
    let client = world.up();
    client.subscribe("/*");
    (client, world.up())
}

fn publish(client: &Client<'_>, channel: &str, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        assert_eq!(client.publish(channel, json!(number))[0]["successful"], true);
    }
}

/// The data of a response and what its connect reply says was missed.
fn seen(response: &[Value]) -> (Vec<Value>, Value) {
    (data(response), response.last().unwrap()["ext"]["dropped"].clone())
}

fn numbers(numbers: &[u32]) -> Vec<Value> {
    numbers.iter().map(|number| json!(number)).collect()
}

#[test]
fn the_oldest_make_room_and_the_client_is_told_once() {
    let world = World::new(narrow());
    let (client, other) = two(&world);
    publish(&other, "/oldest", 1..=5);
    assert_eq!(seen(&client.connect_at_once()), (numbers(&[3, 4, 5]), json!(2)));
    assert_eq!(seen(&client.connect_at_once()), (vec![], json!(null)));
    let stats = world.broker.stats();
    assert_eq!((stats.overflow_dropped, stats.overflow_refused, stats.overflowed), (2, 0, 0));
    assert_eq!((stats.queue_messages, stats.queue_bytes), (0, 0));
}

#[test]
fn what_is_refused_leaves_the_queue_alone_and_is_told() {
    let world = World::new(narrow());
    let (client, other) = two(&world);
    publish(&other, "/refuse", 1..=5);
    assert_eq!(seen(&client.connect_at_once()), (numbers(&[1, 2, 3]), json!(2)));
    let stats = world.broker.stats();
    assert_eq!((stats.overflow_dropped, stats.overflow_refused, stats.overflowed), (0, 2, 0));
    assert_eq!((stats.queue_messages, stats.queue_bytes), (0, 0));
}

#[test]
fn messages_that_may_not_be_lost_stay_and_take_the_room_of_those_that_may() {
    let world = World::new(narrow());
    let (client, other) = two(&world);
    publish(&other, "/firm", 1..=1);
    publish(&other, "/oldest", 2..=4);
    publish(&other, "/firm", 5..=5);
    assert_eq!(seen(&client.connect_at_once()), (numbers(&[1, 4, 5]), json!(2)));
    publish(&other, "/firm", 6..=8);
    publish(&other, "/oldest", 9..=9);
    assert_eq!(seen(&client.connect_at_once()), (numbers(&[6, 7, 8]), json!(1)));
    assert_eq!(world.broker.stats().overflow_dropped, 3);
}

#[test]
fn a_channel_that_cuts_still_cuts_where_no_room_can_be_made() {
    let world = World::new(narrow());
    let (client, other) = two(&world);
    publish(&other, "/refuse", 1..=3);
    publish(&other, "/firm", 4..=4);
    assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
    assert_eq!(world.broker.stats().overflowed, 1);
}

#[test]
fn room_is_counted_in_bytes_too() {
    let world = World::new(narrow().queue(1000, 200));
    let (client, other) = two(&world);
    for text in ["a", "b", "c"] {
        other.publish("/oldest", json!(text.repeat(60)));
    }
    let response = client.connect_at_once();
    assert_eq!(response.last().unwrap()["ext"]["dropped"], 1);
    assert_eq!(data(&response), [json!("b".repeat(60)), json!("c".repeat(60))]);
    other.publish("/oldest", json!("d".repeat(300)));
    assert_eq!(seen(&client.connect_at_once()), (vec![], json!(1)), "it alone is too large");
}

#[test]
fn other_sessions_miss_nothing() {
    let world = World::new(narrow());
    let (slow, other) = two(&world);
    let quick = world.up();
    quick.subscribe("/*");
    for number in 1..=9 {
        publish(&other, "/oldest", number..=number);
        assert_eq!(seen(&quick.connect_at_once()), (numbers(&[number]), json!(null)));
    }
    assert_eq!(seen(&slow.connect_at_once()), (numbers(&[7, 8, 9]), json!(6)));
}

#[test]
fn what_was_missed_is_told_again_if_the_response_was_not_written() {
    let world = World::new(narrow().response_bytes(30));
    let (client, other) = two(&world);
    publish(&other, "/oldest", 1..=4);
    let body = client.body(json!({"channel": "/meta/connect", "advice": {"timeout": 0}}));
    let encke_broker::Answer::Reply(delivery) = client.raw(&body) else { panic!("held") };
    assert!(String::from_utf8_lossy(&delivery.body()).contains(r#""dropped":1"#));
    delivery.failed(world.now.get());
    assert_eq!(seen(&client.connect_at_once()), (numbers(&[2]), json!(1)));
    assert_eq!(seen(&client.connect_at_once()), (numbers(&[3]), json!(null)));
}

#[test]
fn a_held_connect_tells_what_was_missed_while_its_response_was_on_its_way() {
    let world = World::new(narrow());
    let (client, other) = two(&world);
    let held = client.hold();
    publish(&other, "/oldest", 1..=4);
    assert_eq!(seen(&held.answer()), (numbers(&[2, 3, 4]), json!(1)));
}

#[test]
fn a_session_that_wants_positions_misses_nothing_that_is_kept() {
    for overflow in [Overflow::Cut, Overflow::DropOldest, Overflow::Refuse] {
        let mut settings = ChannelSettings::default();
        settings.overflow = overflow;
        let minute = Duration::from_secs(60);
        settings.replay = Some(Retention { age: minute, messages: 20, bytes: 1 << 20 });
        let kept = ChannelRule::new(ChannelPattern::new("/kept").unwrap(), settings);
        let world =
            World::new(World::quick().queue(3, 1000).channels(vec![kept]).wall(World::wall()));
        let mut client = world.anonymous();
        client.shake_with(json!({"replay": true}));
        client.connect_at_once();
        client.subscribe("/*");
        let other = world.up();
        publish(&other, "/kept", 1..=10);
        let mut all = Vec::new();
        for _ in 0..4 {
            let (some, missed) = seen(&client.connect_at_once());
            assert!(some.len() <= 3 && missed.is_null(), "{overflow:?}: {some:?}");
            all.extend(some);
        }
        assert_eq!(all, (1..=10).map(|number| json!(number)).collect::<Vec<_>>());
        // It is live again, until the log forgets what it has not taken yet.
        let mut held = client.hold();
        assert!(held.is_waiting());
        publish(&other, "/kept", 11..=11);
        assert_eq!(seen(&held.answer()).0, [json!(11)]);
        publish(&other, "/kept", 12..=40);
        assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
    }
}

#[test]
fn drops_leave_batches_of_an_acknowledging_client_whole() {
    let world = World::new(narrow());
    let mut client = world.anonymous();
    client.shake_with(json!({"ack": true}));
    let connect = |ack: u64| {
        let message = json!(
            {"channel": "/meta/connect", "ext": {"ack": ack}, "advice": {"timeout": 0}}
        );
        let response = client.send(message);
        let ext = response.last().unwrap()["ext"].clone();
        (data(&response), ext)
    };
    connect(0);
    client.subscribe("/*");
    let other = world.up();
    publish(&other, "/oldest", 1..=2);
    assert_eq!(connect(1), (numbers(&[1, 2]), json!({"ack": 2})));
    // Batch 2 is under way: it takes room and cannot be given up.
    publish(&other, "/oldest", 3..=5);
    assert_eq!(connect(2), (numbers(&[5]), json!({"ack": 3, "dropped": 2})));
    // Batch 3 never arrived: what it carried and told comes again.
    publish(&other, "/oldest", 6..=6);
    assert_eq!(connect(2), (numbers(&[5, 6]), json!({"ack": 4, "dropped": 2})));
    assert_eq!(connect(4), (vec![], json!({"ack": 5})));
    let stats = world.broker.stats();
    assert_eq!((stats.queue_messages, stats.queue_bytes, stats.overflow_dropped), (0, 0, 2));
}
