//! One session under random treatment against the obvious model: a list of what was published.
//!
//! Whatever the client, its connections and the network do, as long as the session lives it gets
//! every message once and in order.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Client, Held, World, data};

#[derive(Clone, Debug)]
enum Step {
    Publish(u8),
    ConnectAtOnce,
    Connect,
    CutHeld,
    LoseAnswer,
    AnswerHeld,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..4).prop_map(Step::Publish),
        2 => Just(Step::ConnectAtOnce),
        4 => Just(Step::Connect),
        1 => Just(Step::CutHeld),
        1 => Just(Step::LoseAnswer),
        3 => Just(Step::AnswerHeld),
        2 => (10_u64..3500).prop_map(Step::Pass),
    ]
}

/// The world, the client, its held connects (older ones are superseded) and what it has seen.
struct Run<'w> {
    client: Client<'w>,
    held: Vec<Held<'w>>,
    seen: Vec<Value>,
}

impl Run<'_> {
    fn connect(&mut self) {
        match self.client.raw(&self.client.body(json!({"channel": "/meta/connect"}))) {
            encke_broker::Answer::Hold(hold) => self.held.push(Held::new(self.client.world, hold)),
            encke_broker::Answer::Reply(delivery) => {
                let body: Vec<Value> = serde_json::from_slice(&delivery.body()).unwrap();
                delivery.written(self.client.world.now.get());
                self.seen.extend(data(&body));
            }
        }
    }

    /// Answers every hold that is over; `lost` loses the responses.
    fn answer(&mut self, lost: bool) {
        for mut held in std::mem::take(&mut self.held) {
            if held.is_waiting() {
                self.held.push(held);
            } else if lost {
                held.answer_lost();
            } else {
                self.seen.extend(data(&held.answer()));
            }
        }
    }
}

proptest! {
    #[test]
    fn a_living_session_gets_everything_once_and_in_order(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let world = World::new(World::quick().response_bytes(120));
        let publisher = world.up();
        let client = world.up();
        client.subscribe("/a");
        let mut run = Run { client, held: Vec::new(), seen: Vec::new() };
        let mut published: u64 = 0;
        for step in steps {
            match step {
                Step::Publish(burst) => {
                    for _ in 0..burst {
                        published += 1;
                        publisher.publish("/a", json!(published));
                    }
                }
                Step::ConnectAtOnce => run.seen.extend(data(&run.client.connect_at_once())),
                Step::Connect => run.connect(),
                Step::CutHeld => run.held.drain(..).for_each(Held::cut),
                Step::LoseAnswer => run.answer(true),
                Step::AnswerHeld => run.answer(false),
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
            run.seen.extend(data(&run.client.connect_at_once()));
            prop_assert!(run.seen.len() > before, "lost after {:?}", run.seen.last());
        }
        let all: Vec<Value> = (1..=published).map(|n| json!(n)).collect();
        prop_assert_eq!(&run.seen, &all);
        let stats = world.broker.stats();
        prop_assert_eq!((stats.held, stats.queue_messages, stats.queue_bytes), (0, 0, 0));
        prop_assert_eq!(stats.messages_out, published);
    }
}
