//! One session under random treatment against the obvious model: a list of what was published.
//!
//! Whatever the client, its connections and the network do, as long as the session lives it gets
//! every message once and in order, or is told how many it missed.

use std::time::Duration;

use encke_bayeux::ChannelPattern;
use encke_broker::{ChannelRule, ChannelSettings, Overflow};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Client, Held, World, data};

#[derive(Clone, Debug)]
enum Step {
    Publish(u8),
    /// On a channel whose messages may wait for others.
    PublishLazily,
    ConnectAtOnce,
    Connect,
    CutHeld,
    /// The connection ends before the response is written, and the broker knows.
    LoseAnswer,
    /// The response is written and never arrives, which only an acknowledging client survives.
    SwallowAnswer,
    AnswerHeld,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..4).prop_map(Step::Publish),
        2 => Just(Step::PublishLazily),
        2 => Just(Step::ConnectAtOnce),
        4 => Just(Step::Connect),
        1 => Just(Step::CutHeld),
        1 => Just(Step::LoseAnswer),
        1 => Just(Step::SwallowAnswer),
        3 => Just(Step::AnswerHeld),
        2 => (10_u64..3500).prop_map(Step::Pass),
    ]
}

/// The world, the client, its held connects (older ones are superseded) and what it has seen.
struct Run<'w> {
    client: Client<'w>,
    held: Vec<Held<'w>>,
    seen: Vec<Value>,
    /// How many messages it was told that it missed.
    missed: u64,
    /// The last batch that arrived, if the client acknowledges.
    batch: Option<u64>,
}

impl<'w> Run<'w> {
    /// Plays the steps; how many messages were published meanwhile, numbered from 1.
    fn play(world: &'w World, steps: Vec<Step>, acknowledges: bool) -> (Self, u64) {
        let publisher = world.up();
        let mut client = world.anonymous();
        client.shake_with(json!({"ack": acknowledges}));
        let batch = acknowledges.then_some(0);
        let mut run = Run { client, held: Vec::new(), seen: Vec::new(), missed: 0, batch };
        run.connect_at_once();
        run.client.subscribe("/a");
        run.client.subscribe("/a/*");
        let mut published: u64 = 0;
        for step in steps {
            match step {
                Step::Publish(burst) => {
                    for _ in 0..burst {
                        published += 1;
                        publisher.publish("/a", json!(published));
                    }
                }
                Step::PublishLazily => {
                    published += 1;
                    publisher.publish("/a/lazy", json!(published));
                }
                Step::ConnectAtOnce => run.connect_at_once(),
                Step::Connect => run.connect(),
                Step::CutHeld => run.held.drain(..).for_each(Held::cut),
                Step::LoseAnswer | Step::SwallowAnswer | Step::AnswerHeld => run.answer(&step),
                Step::Pass(millis) => {
                    world.pass(millis);
                    // Signs of life, or the session would rightly expire.
                    publisher.publish("/other", json!(0));
                    run.client.publish("/other", json!(0));
                }
            }
        }
        run.held.drain(..).for_each(Held::cut);
        (run, published)
    }

    fn see(&mut self, response: &[Value]) {
        self.seen.extend(data(response));
        let missed = response.last().and_then(|reply| reply["ext"]["dropped"].as_u64());
        self.missed += missed.unwrap_or_default();
        if let Some(batch) = response.last().and_then(|reply| reply["ext"]["ack"].as_u64()) {
            self.batch = Some(batch);
        }
    }

    fn connect_message(&self) -> Value {
        match self.batch {
            Some(batch) => json!({"channel": "/meta/connect", "ext": {"ack": batch}}),
            None => json!({"channel": "/meta/connect"}),
        }
    }

    fn connect_at_once(&mut self) {
        let mut message = self.connect_message();
        message["advice"] = json!({"timeout": 0});
        let response = self.client.send(message);
        self.see(&response);
    }

    fn connect(&mut self) {
        match self.client.raw(&self.client.body(self.connect_message())) {
            encke_broker::Answer::Hold(hold) => self.held.push(Held::new(self.client.world, hold)),
            encke_broker::Answer::Reply(delivery) => {
                let body: Vec<Value> = serde_json::from_slice(&delivery.body()).unwrap();
                delivery.written(self.client.world.now.get());
                self.see(&body);
            }
        }
    }

    /// Answers every hold that is over.
    fn answer(&mut self, how: &Step) {
        for mut held in std::mem::take(&mut self.held) {
            if held.is_waiting() {
                self.held.push(held);
                continue;
            }
            match how {
                Step::LoseAnswer => held.answer_lost(),
                Step::SwallowAnswer if self.batch.is_some() => drop(held.answer()),
                _ => {
                    let response = held.answer();
                    self.see(&response);
                }
            }
        }
    }
}

/// A rule for one channel.
fn rule(channel: &str, lazy: Option<Duration>, overflow: Overflow) -> ChannelRule {
    let mut settings = ChannelSettings::default();
    settings.lazy = lazy;
    settings.overflow = overflow;
    ChannelRule::new(ChannelPattern::new(channel).unwrap(), settings)
}

const WHILE: Option<Duration> = Some(Duration::from_millis(700));

proptest! {
    #[test]
    fn a_living_session_gets_everything_once_and_in_order(
        steps in prop::collection::vec(step(), 1..80),
        acknowledges: bool,
    ) {
        let lazy = rule("/a/lazy", WHILE, Overflow::Cut);
        let world = World::new(World::quick().response_bytes(120).channels(vec![lazy]));
        let (mut run, published) = Run::play(&world, steps, acknowledges);
        while (run.seen.len() as u64) < published {
            let before = run.seen.len();
            run.connect_at_once();
            prop_assert!(run.seen.len() > before, "lost after {:?}", run.seen.last());
        }
        let all: Vec<Value> = (1..=published).map(|n| json!(n)).collect();
        prop_assert_eq!(&run.seen, &all);
        run.connect_at_once();
        let stats = world.broker.stats();
        prop_assert_eq!((stats.held, stats.queue_messages, stats.queue_bytes), (0, 0, 0));
        prop_assert_eq!(run.missed, 0);
        prop_assert!(acknowledges || stats.messages_out == published);
    }

    #[test]
    fn whatever_a_living_session_misses_it_is_told_of_exactly(
        steps in prop::collection::vec(step(), 1..80),
        acknowledges: bool,
        oldest: bool,
    ) {
        let loses = if oldest { Overflow::DropOldest } else { Overflow::Refuse };
        let rules = vec![rule("/a", None, loses), rule("/a/lazy", WHILE, Overflow::DropOldest)];
        let config = World::quick().queue(4, 1000).response_bytes(60).channels(rules);
        let world = World::new(config);
        let (mut run, published) = Run::play(&world, steps, acknowledges);
        // What is left leaves in a few responses, and the last ones are acknowledged.
        for _ in 0..10 {
            run.connect_at_once();
        }
        prop_assert!(run.seen.is_sorted_by_key(Value::as_u64), "{:?}", run.seen);
        prop_assert_eq!(run.seen.len() as u64 + run.missed, published);
        let stats = world.broker.stats();
        prop_assert_eq!(run.missed, stats.overflow_dropped + stats.overflow_refused);
        prop_assert_eq!((stats.held, stats.queue_messages, stats.queue_bytes), (0, 0, 0));
        prop_assert_eq!(stats.sessions, 2, "nobody is cut");
    }
}
