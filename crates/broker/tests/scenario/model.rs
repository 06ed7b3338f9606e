//! One session under random treatment against the obvious model: a list of what was published.
//!
//! Whatever the client, its connections and the network do, as long as the session lives it gets
//! every message once and in order.

use std::time::Duration;

use encke_bayeux::ChannelPattern;
use encke_broker::{ChannelRule, ChannelSettings};
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
    /// The last batch that arrived, if the client acknowledges.
    batch: Option<u64>,
}

impl Run<'_> {
    fn see(&mut self, response: &[Value]) {
        self.seen.extend(data(response));
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

proptest! {
    #[test]
    fn a_living_session_gets_everything_once_and_in_order(
        steps in prop::collection::vec(step(), 1..80),
        acknowledges: bool,
    ) {
        let mut settings = ChannelSettings::default();
        settings.lazy = Some(Duration::from_millis(700));
        let lazy = ChannelRule::new(ChannelPattern::new("/a/lazy").unwrap(), settings);
        let world = World::new(World::quick().response_bytes(120).channels(vec![lazy]));
        let publisher = world.up();
        let mut client = world.anonymous();
        client.shake_with(json!({"ack": acknowledges}));
        let batch = acknowledges.then_some(0);
        let mut run = Run { client, held: Vec::new(), seen: Vec::new(), batch };
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
        prop_assert!(acknowledges || stats.messages_out == published);
    }
}
