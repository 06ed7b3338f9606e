//! What listeners are told, and in what order.

use std::sync::{Arc, Barrier, Mutex, OnceLock};

use encke_bayeux::{ChannelName, ChannelPattern, ClientId};
use encke_broker::{
    Broker, ChannelRule, ChannelSettings, Config, Listener, Overflow, Published, Release,
    RemovedBecause, Request, UserId,
};
use serde_json::{Value, json};

use crate::support::{Counting, World};

/// Writes down what it is told, in words.
#[derive(Debug, Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn note(&self, line: String) {
        // Others are let in between, should they be able to come in.
        std::thread::yield_now();
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Listener for Diary {
    fn session_added(&self, _: ClientId, user: Option<&UserId>) {
        self.note(format!("added {user:?}"));
    }

    fn session_removed(&self, _: ClientId, _: Option<&UserId>, because: RemovedBecause) {
        self.note(format!("removed {because:?}"));
    }

    fn subscribed(&self, _: ClientId, _: Option<&UserId>, pattern: &ChannelPattern) {
        self.note(format!("subscribed {pattern}"));
    }

    fn unsubscribed(&self, _: ClientId, _: Option<&UserId>, pattern: &ChannelPattern) {
        self.note(format!("unsubscribed {pattern}"));
    }

    fn connect_held(&self, _: ClientId, _: Option<&UserId>) {
        self.note("held".into());
    }

    fn connect_released(&self, _: ClientId, _: Option<&UserId>, because: Release) {
        self.note(format!("released {because:?}"));
    }

    fn queue_full(&self, _: ClientId, _: Option<&UserId>, overflow: Overflow) {
        self.note(format!("full {overflow:?}"));
    }

    fn published(&self, message: &Published<'_>) {
        let Published { channel, data, from_user, to, reached, .. } = message;
        let by = if message.from.is_some() { "client" } else { "code" };
        self.note(format!("{by} {from_user:?} to {to:?}: {channel} {data} reached {reached}"));
    }
}

fn watched(config: Config) -> (World, Arc<Diary>) {
    let diary = Arc::new(Diary::default());
    (World::new(config.listener(Arc::clone(&diary) as Arc<dyn Listener>)), diary)
}

#[test]
fn the_life_of_a_session_is_told_in_order() {
    let (world, diary) = watched(World::quick());
    let client = world.up_as("alice", "/a");
    client.subscribe("/a");
    client.send(json!({"channel": "/meta/unsubscribe", "subscription": ["/a", "/b"]}));
    client.send(json!({"channel": "/meta/disconnect"}));
    let told =
        ["added Some(\"alice\")", "subscribed /a", "unsubscribed /a", "removed Disconnected"];
    assert_eq!(diary.take(), told);
}

#[test]
fn every_hold_is_told_to_begin_and_to_end() {
    let (world, diary) = watched(World::quick());
    let client = world.up();
    client.subscribe("/a");
    let code = ChannelName::new("/a").unwrap();
    diary.take();
    let held = client.hold();
    world.pass(3000);
    held.answer();
    let held = client.hold();
    world.broker.publish(&code, "1", world.now.get()).unwrap();
    held.answer();
    client.hold().cut();
    let older = client.hold();
    let held = client.hold();
    older.answer();
    client.send(json!({"channel": "/meta/disconnect"}));
    held.answer();
    let told = [
        "held",
        "released Timeout",
        "held",
        "released Messages",
        "code None to None: /a 1 reached 1",
        "held",
        "released Abandoned",
        "held",
        "released Superseded",
        "held",
        "released Ended",
        "removed Disconnected",
    ];
    assert_eq!(diary.take(), told);
}

#[test]
fn a_drain_and_a_full_queue_are_told() {
    let (world, diary) = watched(World::quick().queue(1, 100));
    let slow = world.up();
    slow.subscribe("/a");
    let code = ChannelName::new("/a").unwrap();
    diary.take();
    for _ in 0..2 {
        world.broker.publish(&code, "1", world.now.get()).unwrap();
    }
    let told = [
        "code None to None: /a 1 reached 1",
        "full Cut",
        "removed Overflow",
        "code None to None: /a 1 reached 0",
    ];
    assert_eq!(diary.take(), told);
    let client = world.up();
    let held = client.hold();
    world.broker.begin_drain(world.now.get());
    held.answer();
    assert_eq!(diary.take(), ["added None", "held", "released Draining"]);
}

#[test]
fn what_a_full_queue_comes_to_is_told() {
    for (overflow, told) in
        [(Overflow::DropOldest, "full DropOldest"), (Overflow::Refuse, "full Refuse")]
    {
        let mut settings = ChannelSettings::default();
        settings.overflow = overflow;
        let rule = ChannelRule::new(ChannelPattern::new("/a").unwrap(), settings);
        let (world, diary) = watched(World::quick().queue(1, 100).channels(vec![rule]));
        let slow = world.up();
        slow.subscribe("/a");
        let code = ChannelName::new("/a").unwrap();
        world.broker.publish(&code, "1", world.now.get()).unwrap();
        diary.take();
        world.broker.publish(&code, "2", world.now.get()).unwrap();
        assert_eq!(diary.take()[0], told);
    }
}

#[test]
fn messages_are_told_with_who_sent_them_and_whom_they_reached() {
    let (world, diary) = watched(World::quick());
    let alice = world.up_as("alice", "/a");
    diary.take();
    alice.publish("/a", json!({"z": 1.5}));
    alice.publish("/service/x", json!(1));
    let (now, user) = (world.now.get(), UserId::new("alice"));
    world.broker.deliver_to_user(&user, &ChannelName::new("/a").unwrap(), "2", now);
    let told = [
        r#"client Some("alice") to None: /a {"z":1.5} reached 1"#,
        r#"code None to Some("alice"): /a 2 reached 1"#,
    ];
    assert_eq!(diary.take(), told);
}

/// Throws out whoever subscribes, while it is being told.
#[derive(Debug)]
struct Bouncer(Arc<OnceLock<Broker>>, std::time::Instant);

impl Listener for Bouncer {
    fn subscribed(&self, client: ClientId, _: Option<&UserId>, _: &ChannelPattern) {
        self.0.get().unwrap().disconnect_session(client, self.1);
    }
}

#[test]
fn a_listener_may_call_the_broker_and_later_listeners_still_see_the_order() {
    let (zero, broker) = (World::new(World::quick()), Arc::new(OnceLock::new()));
    let bouncer = Arc::new(Bouncer(Arc::clone(&broker), zero.now.get()));
    let (world, diary) = watched(World::quick().listener(bouncer));
    broker.set(world.broker.clone()).unwrap();
    let client = world.up();
    client.subscribe("/a");
    assert_eq!(diary.take(), ["added None", "subscribed /a", "removed Server"]);
}

#[test]
fn a_listener_that_panics_hurts_nobody() {
    #[derive(Debug)]
    struct Bad;
    impl Listener for Bad {
        fn session_added(&self, _: ClientId, _: Option<&UserId>) {
            panic!("a bug")
        }
    }
    let (world, diary) = watched(World::quick().listener(Arc::new(Bad)));
    world.up();
    assert_eq!(diary.take(), ["added None"]);
    assert_eq!(world.broker.stats().hook_panics, 1);
}

/// Sends one message of a client that keeps no cookies.
fn speak(broker: &Broker, now: std::time::Instant, client: &str, messages: &Value) {
    let mut message = messages.clone();
    message["clientId"] = client.into();
    let entropy = Counting::default();
    broker.handle(&Request::new(now, &entropy), message.to_string().as_bytes()).unwrap();
}

#[test]
fn whatever_threads_do_to_a_session_is_told_as_it_happened() {
    for round in 0..50 {
        let (world, diary) = watched(World::quick());
        let mut client = world.anonymous();
        client.shake();
        let (broker, now, id) = (&world.broker, world.now.get(), client.id.as_str());
        let barrier = Barrier::new(3);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    barrier.wait();
                    for step in 0..20 {
                        let channel = ["/meta/subscribe", "/meta/unsubscribe"][step % 2];
                        let message = json!({"channel": channel, "subscription": "/a"});
                        speak(broker, now, id, &message);
                    }
                });
            }
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..round {
                    std::thread::yield_now();
                }
                speak(broker, now, id, &json!({"channel": "/meta/disconnect"}));
            });
        });
        let told = diary.take();
        assert_eq!(told.first().unwrap(), "added None");
        assert_eq!(told.last().unwrap(), "removed Disconnected");
        let between = &told[1..told.len() - 1];
        for (place, line) in between.iter().enumerate() {
            assert_eq!(line, ["subscribed /a", "unsubscribed /a"][place % 2], "{told:?}");
        }
    }
}
