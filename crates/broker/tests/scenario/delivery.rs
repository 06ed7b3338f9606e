use std::time::Duration;

use encke_bayeux::ChannelName;
use encke_broker::{Answer, Config, PublishError};
use serde_json::json;

use crate::support::{World, data};

#[test]
fn an_event_carries_only_what_a_publisher_may_say() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    other.send(json!({
        "channel": "/a", "data": {"x": 1}, "ext": {"k": 1}, "timestamp": "now",
        "advice": {"reconnect": "none"}, "successful": false, "error": "x",
        "subscription": "/zz", "foo": 1, "version": "1.0",
    }));
    let event = &client.connect_at_once()[0];
    let expected = json!({"channel": "/a", "data": {"x": 1}, "ext": {"k": 1}, "timestamp": "now"});
    assert_eq!(*event, expected);
}

#[test]
fn data_reaches_the_subscriber_byte_for_byte() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    for text in [
        "9223372036854775808",
        "12345678901234567890123",
        "1.10",
        "1e5",
        "-0.0",
        "1E-7",
        r#"{"z":1,"a":2,"z":3}"#,
        r#""\ud800""#,
        "\"\u{2028}\u{1f600}\"",
        r#""\u0000""#,
        "null",
        "\"\"",
        "0",
        "false",
        "[]",
        "{ \"spaced\" : [1 , 2] }",
    ] {
        let body = format!(r#"{{"channel":"/a","clientId":"{}","data":{text}}}"#, other.id);
        other.raw(&body);
        let body = client.body(json!({"channel": "/meta/connect", "advice": {"timeout": 0}}));
        let Answer::Reply(delivery) = client.raw(&body) else { panic!("held") };
        let body = String::from_utf8(delivery.body().to_vec()).unwrap();
        delivery.written(world.now.get());
        assert!(body.starts_with(&format!(r#"[{{"channel":"/a","data":{text}}},"#)), "{body}");
    }
}

#[test]
fn overlapping_subscriptions_give_one_copy() {
    let world = World::new(World::quick());
    let client = world.up();
    for pattern in ["/a/b", "/a/*", "/a/**", "/**"] {
        client.subscribe(pattern);
    }
    client.publish("/a/b", json!(1));
    assert_eq!(data(&client.connect_at_once()), [json!(1)]);
}

#[test]
fn odd_channels_are_refused_by_name() {
    let world = World::new(World::quick());
    let client = world.up();
    for (channel, error) in [
        (json!("foo"), "405::channel_invalid"),
        (json!("/"), "405::channel_invalid"),
        (json!(""), "405::channel_invalid"),
        (json!(5), "405::channel_invalid"),
        (json!("/a/*"), "405::channel_invalid"),
        (json!("/a//b"), "405::channel_invalid"),
        (json!(null), "400::channel_missing"),
        (json!("/meta/foo"), "403:denied_by_security_policy:channel_create_denied"),
    ] {
        let reply = &client.send(json!({"channel": channel, "data": 1}))[0];
        assert_eq!(reply["error"], error, "{channel}");
    }
    assert!(client.send(json!({"data": 1}))[0].get("channel").is_none());
}

#[test]
fn order_is_kept_per_publisher() {
    let world = World::new(World::quick());
    let (client, a, b) = (world.up(), world.up(), world.up());
    client.subscribe("/n/*");
    for n in 0..200 {
        a.publish("/n/a", json!(n));
        b.publish("/n/b", json!(n));
    }
    let events = client.connect_at_once();
    for channel in ["/n/a", "/n/b"] {
        let seen: Vec<_> = events.iter().filter(|e| e["channel"] == channel).collect();
        assert!(seen.iter().enumerate().all(|(n, event)| event["data"] == json!(n)));
        assert_eq!(seen.len(), 200);
    }
}

#[test]
fn a_large_queue_leaves_in_several_responses() {
    let world = World::new(World::quick().response_bytes(100));
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    for n in 0..10 {
        other.publish("/a", json!(n));
    }
    let mut seen = Vec::new();
    let mut responses = 0;
    while seen.len() < 10 {
        seen.extend(data(&client.send(json!({"channel": "/meta/connect"}))));
        responses += 1;
    }
    assert!(responses > 1);
    assert_eq!(seen, (0..10).map(|n| json!(n)).collect::<Vec<_>>());
}

#[test]
fn a_slow_reader_is_cut_and_told_and_hurts_only_itself() {
    let world = World::new(Config::default().queue(5, 1 << 20));
    let (slow, quick, other) = (world.up(), world.up(), world.up());
    slow.subscribe("/a");
    quick.subscribe("/a");
    for n in 0..6 {
        other.publish("/a", json!(n));
        assert_eq!(data(&quick.connect_at_once()), [json!(n)]);
    }
    assert_eq!(slow.connect_at_once()[0]["error"], "402::session_unknown");
    let stats = world.broker.stats();
    assert_eq!((stats.overflowed, stats.messages_dropped, stats.queue_messages), (1, 5, 0));
    assert_eq!(stats.queue_bytes, 0);
    assert_eq!(quick.connect_at_once()[0]["successful"], true);
}

#[test]
fn code_publishes_without_asking_the_policy_but_not_everywhere() {
    let world = World::gws();
    let client = world.up_as("alice", "/news");
    let publish = |name: &str| {
        world.broker.publish(&ChannelName::new(name).unwrap(), "1.10", world.now.get())
    };
    assert_eq!(publish("/news"), Ok(1));
    assert_eq!(publish("/v2/me/calls"), Err(PublishError::Private));
    assert_eq!(publish("/meta/x"), Err(PublishError::NotBroadcast));
    assert_eq!(client.connect_at_once().len(), 2);
}

#[test]
fn the_time_from_publish_to_write_is_measured() {
    let world = World::new(World::quick());
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    other.publish("/a", json!(1));
    world.now.set(world.now.get() + Duration::from_millis(2));
    client.connect_at_once();
    let latency = world.broker.stats().latency;
    assert_eq!(latency.counts.iter().sum::<u64>(), 1);
    assert_eq!(latency.sum_us, 2000);
}
