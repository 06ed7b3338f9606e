//! What was published while nobody listened.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use encke_bayeux::{ChannelName, ChannelPattern};
use encke_broker::{
    Broker, ChannelRule, ChannelSettings, Config, ConfigError, Retention, Rules, UserId, WallClock,
};
use serde_json::{Value, json};

use crate::support::{Client, World, data};

const REFUSAL: &str = "400::The replayId {99999999} you provided was invalid.  Please provide a \
                       valid ID, -2 to replay all events, or -1 to replay only new events.";

fn rule(pattern: &str, messages: usize, age: u64) -> ChannelRule {
    let mut settings = ChannelSettings::default();
    settings.replay = Some(Retention { age: Duration::from_secs(age), messages, bytes: 1 << 20 });
    ChannelRule::new(ChannelPattern::new(pattern).unwrap(), settings)
}

fn keeping(messages: usize, age: u64) -> Config {
    let rules = vec![rule("/a/**", messages, age), rule("/v2/me/**", messages, age)];
    World::quick().channels(rules).wall(World::wall())
}

#[test]
fn without_the_time_of_day_nothing_is_kept() {
    let kept = rule("/a/**", 10, 60);
    let unkept = ChannelRule::new(ChannelPattern::new("/**").unwrap(), ChannelSettings::default());
    let config = World::quick().channels(vec![unkept.clone(), kept.clone()]);
    assert_eq!(Broker::new(config.clone()).unwrap_err(), ConfigError::NoWallClock(kept.pattern));
    let broker = Broker::new(config.wall(World::wall())).unwrap();
    assert_eq!(broker.epoch(), Some(0));
    assert!(Broker::new(World::quick().channels(vec![unkept])).is_ok());
}

fn world() -> World {
    World::new(keeping(1000, 60))
}

/// A client that wants to know positions.
fn reader(world: &World) -> Client<'_> {
    let mut client = world.anonymous();
    assert_eq!(client.shake_with(json!({"replay": true}))["ext"]["replay"], true);
    client.connect_at_once();
    client
}

fn replay(client: &Client<'_>, subscription: &str, from: impl Into<Value>) -> Value {
    let from: Value = from.into();
    let ext = json!({"replay": {subscription: from}});
    client.send(json!({"channel": "/meta/subscribe", "subscription": subscription, "ext": ext}))[0]
        .clone()
}

fn status<'a>(reply: &'a Value, subscription: &str) -> &'a Value {
    &reply["ext"]["replay"][subscription]["status"]
}

fn positions(response: &[Value]) -> Vec<u64> {
    let events = response.iter().filter(|message| message.get("data").is_some());
    events.map(|event| event["ext"]["replay"].as_u64().unwrap()).collect()
}

fn publish(world: &World, channel: &str, data: impl Into<Value>) {
    let channel = ChannelName::new(channel).unwrap();
    let data: Value = data.into();
    world.broker.publish(&channel, &data.to_string(), world.now.get()).unwrap();
}

#[test]
fn who_does_not_ask_sees_what_was_always_sent() {
    let world = world();
    let plain = world.up();
    plain.subscribe("/a/*");
    publish(&world, "/a/x", 1);
    let response = plain.connect_at_once();
    assert_eq!(response[0], json!({"channel": "/a/x", "data": 1}));
    assert!(response[1].get("ext").is_none(), "{response:?}");
    let without = World::new(World::quick());
    assert!(without.anonymous().shake_with(json!({"replay": true})).get("ext").is_none());
}

#[test]
fn a_position_is_where_it_goes_on() {
    let world = world();
    let first = reader(&world);
    assert_eq!(status(&replay(&first, "/a/x", -1), "/a/x"), "new");
    for number in 1..=3 {
        publish(&world, "/a/x", number);
    }
    let response = first.connect_at_once();
    let seen = positions(&response);
    assert_eq!(data(&response), [1, 2, 3]);
    publish(&world, "/a/y", "elsewhere");
    let second = reader(&world);
    let reply = replay(&second, "/a/x", seen[0]);
    assert_eq!(status(&reply, "/a/x"), "resumed");
    assert_eq!(reply["ext"]["replay"]["/a/x"]["newest"], seen[2] + 1);
    assert_eq!(reply["ext"]["replay"]["/a/x"]["oldest"], seen[0]);
    publish(&world, "/a/x", 4);
    let response = second.connect_at_once();
    assert_eq!(data(&response), [2, 3, 4], "old and new, without gap or double");
    assert_eq!(positions(&response)[..2], seen[1..]);
    let third = reader(&world);
    replay(&third, "/a/*", -2);
    assert_eq!(
        data(&third.connect_at_once()),
        [json!(1), json!(2), json!(3), json!("elsewhere"), json!(4)]
    );
}

#[test]
fn what_is_gone_is_owned_up_to() {
    let world = World::new(keeping(2, 60));
    let first = reader(&world);
    replay(&first, "/a/x", -1);
    publish(&world, "/a/x", 1);
    let seen = positions(&first.connect_at_once())[0];
    for number in 2..=4 {
        publish(&world, "/a/x", number);
    }
    let second = reader(&world);
    let reply = replay(&second, "/a/x", seen);
    assert_eq!(status(&reply, "/a/x"), "gap");
    assert_eq!(data(&second.connect_at_once()), [3, 4]);
    let third = reader(&world);
    assert_eq!(status(&replay(&third, "/a/x", seen + 1), "/a/x"), "resumed", "nothing was missed");
    assert_eq!(world.broker.stats().replay_gaps, 1);
}

#[test]
fn what_is_no_position_is_refused_whole_with_what_is_valid() {
    let world = world();
    publish(&world, "/a/x", 1);
    let client = reader(&world);
    let reply = replay(&client, "/a/x", 99_999_999);
    assert_eq!(reply["successful"], false);
    assert_eq!(reply["error"], REFUSAL);
    assert_eq!(status(&reply, "/a/x"), "refused");
    assert_eq!(reply["ext"]["replay"]["/a/x"]["newest"], 1);
    let subscription = json!(["/a/y", "/a/x"]);
    let ext = json!({"replay": {"/a/y": -1, "/a/x": "nonsense"}});
    let reply = client
        .send(json!({"channel": "/meta/subscribe", "subscription": subscription, "ext": ext}));
    assert_eq!(reply[0]["successful"], false);
    publish(&world, "/a/y", 2);
    assert_eq!(data(&client.connect_at_once()), [] as [Value; 0], "nothing was subscribed");
    assert_eq!(world.broker.stats().replay_refused, 2);
}

#[test]
fn a_position_of_an_older_log_is_a_gap_and_of_a_younger_one_refused() {
    let at = world().now.get();
    let world = World::new(keeping(10, 60).wall(WallClock::new(at, 5_000_000)));
    let epoch = world.broker.epoch().unwrap();
    assert_eq!(epoch, 5_000_000 * 1024);
    publish(&world, "/a/x", 1);
    for (from, expected) in [
        (json!(17), "gap"),
        (json!({"id": epoch, "epoch": epoch}), "resumed"),
        (json!({"id": 17, "epoch": 9}), "gap"),
        (json!({"id": epoch, "epoch": epoch + 1}), "refused"),
    ] {
        let client = reader(&world);
        assert_eq!(status(&replay(&client, "/a/x", from.clone()), "/a/x"), expected, "{from}");
        let expected: &[Value] = if expected == "refused" { &[] } else { &[json!(1)] };
        assert_eq!(data(&client.connect_at_once()), expected, "{from}");
    }
}

#[test]
fn a_channel_that_is_not_kept_is_told_so() {
    let world = world();
    let client = reader(&world);
    assert_eq!(status(&replay(&client, "/b", -2), "/b"), "none");
    publish(&world, "/b", 1);
    assert_eq!(client.connect_at_once()[0], json!({"channel": "/b", "data": 1}));
}

#[test]
fn a_connect_tells_how_far_the_client_has_come() {
    let world = world();
    let client = reader(&world);
    replay(&client, "/a/quiet", -1);
    for number in 0..5 {
        publish(&world, "/a/busy", number);
    }
    let response = client.connect_at_once();
    assert_eq!(response.last().unwrap()["ext"]["replay"], 5, "{response:?}");
    let held = client.hold();
    publish(&world, "/a/quiet", "at last");
    let response = held.answer();
    assert_eq!(positions(&response), [6]);
    assert_eq!(response.last().unwrap()["ext"]["replay"], 6);
    // Hours later the other channel's messages are gone, and nothing of this one is missing.
    world.pass(70_000);
    let later = reader(&world);
    let reply = replay(&later, "/a/quiet", 6);
    assert_eq!(status(&reply, "/a/quiet"), "resumed");
    assert_eq!(reply["ext"]["replay"]["/a/quiet"]["oldest"], Value::Null);
}

#[test]
fn more_than_a_queue_holds_comes_page_by_page_and_new_messages_wait_their_turn() {
    let world = World::new(keeping(1000, 60).queue(7, 10_000).response_bytes(150));
    for number in 0..100 {
        publish(&world, "/a/x", number);
    }
    let client = reader(&world);
    client.subscribe("/a/live");
    replay(&client, "/a/x", -2);
    let (mut got, mut next, mut settled) = (Vec::new(), 100, 0);
    while got.len() < 140 {
        let response = client.connect_at_once();
        let reply = response.last().unwrap();
        settled += usize::from(reply["ext"].get("replay").is_some());
        got.extend(data(&response));
        if next < 140 {
            publish(&world, if next % 2 == 0 { "/a/x" } else { "/a/live" }, next);
            next += 1;
        }
    }
    assert_eq!(got, (0..140).map(|n| json!(n)).collect::<Vec<_>>());
    assert!(settled <= 3, "it is said only when nothing is left: {settled}");
    assert_eq!(world.broker.stats().overflowed, 0);
    assert_eq!(world.broker.stats().queue_messages, 0);
    publish(&world, "/a/x", "live again");
    assert_eq!(data(&client.connect_at_once()), ["live again"]);
}

#[test]
fn a_session_that_the_log_overtakes_is_cut_and_finds_the_gap() {
    let world = World::new(keeping(10, 60).queue(2, 10_000));
    for number in 0..10 {
        publish(&world, "/a/x", number);
    }
    let client = reader(&world);
    replay(&client, "/a/x", -2);
    let first = positions(&client.connect_at_once());
    assert_eq!(first, [1, 2]);
    for number in 10..20 {
        publish(&world, "/a/x", number);
    }
    client.connect_at_once();
    let reply = client.connect_at_once();
    assert_eq!(reply[0]["error"], "402::session_unknown");
    let again = reader(&world);
    assert_eq!(status(&replay(&again, "/a/x", first[1]), "/a/x"), "gap");
}

#[test]
fn a_held_connect_is_answered_when_a_subscribe_brings_something() {
    let world = world();
    publish(&world, "/a/x", 1);
    let client = reader(&world);
    let mut held = client.hold();
    replay(&client, "/a/x", -2);
    assert!(!held.is_waiting());
    assert_eq!(data(&held.answer()), [1]);
}

#[test]
fn overlapping_subscriptions_give_one_copy_while_catching_up_too() {
    let world = world();
    publish(&world, "/a/x", 1);
    publish(&world, "/a/y", 2);
    let client = reader(&world);
    let subscription = json!(["/a/*", "/a/x", "/a/**"]);
    let ext = json!({"replay": {"/a/*": 1, "/a/x": -2, "/a/**": -1}});
    client.send(json!({"channel": "/meta/subscribe", "subscription": subscription, "ext": ext}));
    publish(&world, "/a/x", 3);
    assert_eq!(data(&client.connect_at_once()), [1, 2, 3]);
}

#[test]
fn what_is_unsubscribed_meanwhile_does_not_come() {
    let world = World::new(keeping(1000, 60).queue(2, 10_000));
    for number in 0..6 {
        publish(&world, if number % 2 == 0 { "/a/x" } else { "/a/y" }, number);
    }
    let client = reader(&world);
    replay(&client, "/a/x", -2);
    replay(&client, "/a/y", -2);
    client.send(json!({"channel": "/meta/unsubscribe", "subscription": "/a/x"}));
    let mut got = Vec::new();
    for _ in 0..6 {
        got.extend(data(&client.connect_at_once()));
    }
    assert!(got.contains(&json!(5)) && !got.contains(&json!(4)), "{got:?}");
    assert!(got.iter().filter(|n| n.as_u64().unwrap() % 2 == 1).count() == 3, "{got:?}");
}

#[test]
fn messages_of_a_user_are_kept_for_that_user() {
    let rules = Rules::default().anonymous(false).publish(false);
    let private = vec![ChannelPattern::new("/v2/me/**").unwrap()];
    let tevents = ChannelName::new("/v2/me/tevents").unwrap();
    let world = World::new(
        keeping(100, 60).private(private).policy(Arc::new(rules)).named_only(vec![tevents.clone()]),
    );
    let deliver = |user: &str, channel: &str, position: u64| {
        let (user, channel) = (UserId::new(user), ChannelName::new(channel).unwrap());
        world.broker.deliver_to_user_at(
            &user,
            &channel,
            &position.to_string(),
            position,
            world.now.get(),
        )
    };
    for (user, channel, position) in [
        ("alice", "/v2/me/calls", 64),
        ("bob", "/v2/me/calls", 65),
        ("alice", "/v2/me/tevents", 66),
        ("alice", "/v2/me/calls", 128),
        // Told again after a crash: nothing new.
        ("alice", "/v2/me/calls", 64),
        ("alice", "/v2/me/calls", 128),
    ] {
        deliver(user, channel, position);
    }
    for (user, subscription, from, expected) in [
        ("alice", "/v2/me/**", -2, vec![64, 128]),
        ("alice", "/**", 64, vec![128]),
        ("alice", "/v2/me/tevents", -2, vec![66]),
        ("bob", "/v2/me/*", -2, vec![65]),
        ("carol", "/v2/me/*", -2, vec![]),
    ] {
        let mut client = world.user(user);
        client.shake_with(json!({"replay": true}));
        client.connect_at_once();
        replay(&client, subscription, from);
        assert_eq!(positions(&client.connect_at_once()), expected, "{user} {subscription}");
    }
}

#[test]
fn nothing_replayed_is_lost_with_a_lost_response_where_it_is_acknowledged() {
    let world = World::new(keeping(100, 60).queue(4, 10_000));
    for number in 0..10 {
        publish(&world, "/a/x", number);
    }
    let mut client = world.anonymous();
    client.shake_with(json!({"replay": true, "ack": true}));
    let connect = |batch: u64| {
        let ext = json!({"ack": batch});
        client.send(json!({"channel": "/meta/connect", "advice": {"timeout": 0}, "ext": ext}))
    };
    connect(0);
    replay(&client, "/a/x", -2);
    let (mut got, mut batch) = (Vec::new(), 1);
    for round in 0..12 {
        let response = connect(batch);
        if round % 3 == 1 {
            continue; // It got lost.
        }
        got.extend(data(&response));
        batch = response.last().unwrap()["ext"]["ack"].as_u64().unwrap();
    }
    assert_eq!(got, (0..10).map(|n| json!(n)).collect::<Vec<_>>());
}

#[test]
fn a_stamp_tells_everybody_the_position_in_the_payload() {
    let mut stamped = rule("/event/**", 10, 60);
    stamped.settings.stamp_data = true;
    let world = World::new(World::quick().channels(vec![stamped]).wall(World::wall()));
    let plain = world.up();
    plain.subscribe("/event/X__e");
    publish(&world, "/event/X__e", json!({"payload": {"a": 1}}));
    publish(&world, "/event/X__e", json!("no object"));
    let got = data(&plain.connect_at_once());
    assert_eq!(got, [json!({"payload": {"a": 1}, "event": {"replayId": 1}}), json!("no object")]);
}

#[test]
fn what_a_log_had_goes_on_in_another() {
    let old = world();
    for number in 1..=3 {
        publish(&old, "/a/x", number);
    }
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(logged) = old.broker.poll_logged(1, 100, &mut cx) else {
        panic!("nothing there")
    };
    assert_eq!(logged.iter().map(|l| l.position).collect::<Vec<_>>(), [2, 3]);
    assert!(old.broker.poll_logged(3, 100, &mut cx).is_pending());
    let new = world();
    new.broker.restore(0, 7, 1, logged);
    assert_eq!(new.broker.log_bounds(), Some((7, 1)));
    for (from, expected, numbers) in [
        (0, "gap", vec![2, 3]),
        (1, "resumed", vec![2, 3]),
        (2, "resumed", vec![3]),
        (7, "resumed", vec![]),
    ] {
        let client = reader(&new);
        assert_eq!(status(&replay(&client, "/a/x", from), "/a/x"), expected, "{from}");
        assert_eq!(data(&client.connect_at_once()), numbers, "{from}");
    }
    publish(&new, "/a/x", 8);
    let client = reader(&new);
    replay(&client, "/a/x", 7);
    assert_eq!(positions(&client.connect_at_once()), [8]);
    new.broker.log_misses(8);
    let client = reader(&new);
    assert_eq!(status(&replay(&client, "/a/x", 7), "/a/x"), "gap");
}

#[test]
fn the_log_can_be_read_without_a_session() {
    let world = World::new(keeping(3, 60));
    for number in 1..=4 {
        publish(&world, "/a/x", number);
    }
    let pattern = ChannelPattern::new("/a/*").unwrap();
    let after = |position| encke_bayeux::ReplayFrom::After { position, epoch: None };
    let page = world.broker.history(None, &pattern, &after(1), 2).unwrap();
    assert_eq!(page.messages.iter().map(|m| m.0).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((page.reached, page.more, page.answer.status.as_str()), (3, true, "resumed"));
    let page = world.broker.history(None, &pattern, &after(page.reached), 2).unwrap();
    assert_eq!((page.messages.len(), page.reached, page.more), (1, 4, false));
    assert!(world.broker.history(None, &pattern, &after(9), 2).is_err());
    let all = encke_bayeux::ReplayFrom::Kept;
    let text = &world.broker.history(None, &pattern, &all, 1).unwrap().messages[0].1;
    assert_eq!(text, r#"{"channel":"/a/x","data":2,"ext":{"replay":2}}"#);
}

#[test]
fn two_publishers_at_once_and_everybody_sees_positions_grow() {
    #[expect(clippy::disallowed_methods, reason = "threads need some instant")]
    let now = Instant::now();
    let world = World::new(keeping(100_000, 60).queue(100_000, 1 << 30));
    let clients: Vec<_> = (0..8).map(|_| reader(&world)).collect();
    for client in &clients {
        replay(client, "/a/*", -1);
    }
    let barrier = Barrier::new(3);
    std::thread::scope(|scope| {
        for name in ["/a/x", "/a/y"] {
            let (broker, barrier): (Broker, _) = (world.broker.clone(), &barrier);
            scope.spawn(move || {
                let channel = ChannelName::new(name).unwrap();
                barrier.wait();
                for number in 0..500 {
                    broker.publish(&channel, &number.to_string(), now).unwrap();
                }
            });
        }
        barrier.wait();
    });
    for client in &clients {
        let mut seen = Vec::new();
        while seen.len() < 1000 {
            seen.extend(positions(&client.connect_at_once()));
        }
        assert_eq!(seen, (1..=1000).collect::<Vec<u64>>());
    }
}
