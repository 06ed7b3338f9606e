//! What clients, networks and time do to sessions, an operation for every two bytes.
//!
//! Three clients, of which the first acknowledges, the second does not, and the third wants to know
//! positions and comes back after it lost its session. Whatever happens, nobody sees a message twice, out
//! of order or behind one that was left out, the third has all in the end, and the gauges tell what is
//! there.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use encke_bayeux::{ChannelName, ChannelPattern};
use encke_broker::{Answer, ChannelRule, ChannelSettings, Config, Hold, Release, Retention};
use serde_json::{Value, json};

use crate::house::House;

/// Messages and bytes that a queue holds.
const QUEUE: (usize, usize) = (40, 4_000);

/// Bytes of a response.
const RESPONSE: usize = 120;

/// Messages and bytes of three queues, each with a response that came back beyond the bounds: of four
/// messages, for each has more than 30 bytes.
const MOST: (u64, u64) = (3 * (40 + 4), 3 * (4_000 + 120));

/// Most operations of one run.
const OPERATIONS: usize = 400;

#[derive(Default)]
struct Client {
    number: usize,
    id: String,
    held: Vec<Hold>,
    /// The last batch that arrived, of the client that acknowledges.
    batch: u64,
    /// The last position that was seen, of the client that comes back.
    position: Option<u64>,
    seen: u64,
    up: bool,
}

struct Run {
    house: House,
    published: u64,
}

/// Runs the operations, and checks what must hold after each of them and at the end.
pub fn run(bytes: &[u8]) {
    let mut settings = ChannelSettings::default();
    let age = Duration::from_secs(1_000_000);
    settings.replay = Some(Retention { age, messages: 100_000, bytes: 1 << 30 });
    let rule = ChannelRule::new(ChannelPattern::new("/kept").expect("a fixed pattern"), settings);
    let config = Config::default()
        .timeout(Duration::from_secs(3))
        .max_interval(Duration::from_secs(4))
        .response_bytes(RESPONSE)
        .queue(QUEUE.0, QUEUE.1)
        .channels(vec![rule]);
    let mut run = Run { house: House::new(config), published: 0 };
    let mut clients: Vec<Client> =
        (0..3).map(|number| Client { number, ..Client::default() }).collect();
    for pair in bytes.chunks_exact(2).take(OPERATIONS) {
        let &[what, how] = pair else { continue };
        let Some(client) = clients.get_mut(usize::from(how % 3)) else { continue };
        match what % 10 {
            0 | 1 => run.publish(usize::from(how / 64) + 1),
            2 => client.connect(&run, true),
            3 => client.connect(&run, false),
            4 => client.answer(&run, Lost::No),
            5 => client.answer(&run, Lost::Known),
            6 => client.answer(&run, if client.number == 0 { Lost::Unknown } else { Lost::Known }),
            7 => client.held.drain(..).for_each(|hold| hold.abandon(run.house.now)),
            8 => run.house.pass(u64::from(how) * 10),
            _ => client.disconnect(&run),
        }
        run.check(&clients);
    }
    for client in &mut clients {
        client.held.drain(..).for_each(|hold| hold.abandon(run.house.now));
        // Whoever lost nothing by the rules has it all in the end.
        let mut idle = 0;
        while idle < 3 {
            let before = client.seen;
            client.connect(&run, true);
            idle = if client.seen > before { 0 } else { idle + 1 };
        }
        assert!(
            client.number != 2 || client.seen == run.published,
            "{} of {}",
            client.seen,
            run.published
        );
    }
    let stats = run.house.broker.stats();
    assert_eq!(stats.held, 0);
}

#[derive(Clone, Copy)]
enum Lost {
    No,
    /// The server knows that the response was not written.
    Known,
    /// Nobody knows.
    Unknown,
}

impl Run {
    fn publish(&mut self, count: usize) {
        let channel = ChannelName::new("/kept").expect("a fixed name");
        for _ in 0..count {
            self.published += 1;
            let data = self.published.to_string();
            self.house.broker.publish(&channel, &data, self.house.now).expect("a broadcast");
        }
    }

    fn check(&self, clients: &[Client]) {
        let stats = self.house.broker.stats();
        let held: usize = clients.iter().map(|client| client.held.len()).sum();
        assert!(stats.held <= held as u64, "{stats:?}");
        assert!(
            stats.sessions <= 3 && stats.queue_messages <= MOST.0 && stats.queue_bytes <= MOST.1,
            "{stats:?}"
        );
    }

    fn send(&self, messages: Value) -> Answer {
        let body = messages.to_string();
        self.house.broker.handle(&self.house.request(false), body.as_bytes()).expect("a batch")
    }

    fn replies(&self, messages: Value) -> Vec<Value> {
        let Answer::Reply(delivery) = self.send(messages) else { unreachable!("nothing to hold") };
        let body = serde_json::from_slice(&delivery.body()).expect("a batch");
        delivery.written(self.house.now);
        body
    }
}

impl Client {
    /// Shakes hands and subscribes, if there is no session.
    fn come(&mut self, run: &Run) {
        if self.up {
            return;
        }
        // What is still to come on older connections belongs to the session before.
        self.held.drain(..).for_each(|hold| hold.abandon(run.house.now));
        let ext = json!({"ack": self.number == 0, "replay": self.number == 2});
        let hello = json!({"channel": "/meta/handshake", "version": "1.0", "ext": ext});
        let reply = run.replies(hello);
        self.id = reply[0]["clientId"].as_str().expect("a session").to_owned();
        (self.up, self.batch) = (true, 0);
        let from = self.position.map_or(json!(-2), |position| json!(position));
        let ext = if self.number == 2 { json!({"replay": {"/kept": from}}) } else { json!({}) };
        let subscribe = json!({"channel": "/meta/subscribe", "subscription": "/kept", "clientId": self.id, "ext": ext});
        let reply = run.replies(subscribe);
        assert_eq!(reply[0]["successful"], true, "{reply:?}");
        if self.number == 2 {
            assert_ne!(reply[0]["ext"]["replay"]["/kept"]["status"], "gap", "{reply:?}");
        } else {
            // What was published before is not for this session.
            self.seen = run.published;
        }
    }

    fn connect(&mut self, run: &Run, at_once: bool) {
        self.come(run);
        let mut message =
            json!({"channel": "/meta/connect", "clientId": self.id, "ext": {"ack": self.batch}});
        if at_once {
            message["advice"] = json!({"timeout": 0});
        }
        match run.send(message) {
            Answer::Hold(hold) => self.held.push(hold),
            Answer::Reply(delivery) => {
                let body: Vec<Value> = serde_json::from_slice(&delivery.body()).expect("a batch");
                delivery.written(run.house.now);
                self.see(&body);
            }
        }
    }

    /// Takes the answer of every hold that is over.
    fn answer(&mut self, run: &Run, lost: Lost) {
        let mut cx = Context::from_waker(Waker::noop());
        for mut hold in std::mem::take(&mut self.held) {
            let Poll::Ready(release) = hold.poll_release(&mut cx) else {
                self.held.push(hold);
                continue;
            };
            let delivery = hold.answer(release, run.house.now);
            match lost {
                Lost::Known => delivery.failed(run.house.now),
                Lost::Unknown => delivery.written(run.house.now),
                Lost::No if release == Release::Superseded => delivery.written(run.house.now),
                Lost::No => {
                    let body: Vec<Value> =
                        serde_json::from_slice(&delivery.body()).expect("a batch");
                    delivery.written(run.house.now);
                    self.see(&body);
                }
            }
        }
    }

    fn disconnect(&mut self, run: &Run) {
        if self.up && self.number != 0 {
            let replies = run.replies(json!({"channel": "/meta/disconnect", "clientId": self.id}));
            // Its last response takes the queue along, where no connect is held for that.
            self.see(&replies);
            self.up = false;
        }
    }

    fn see(&mut self, response: &[Value]) {
        for message in response {
            if message["channel"] == "/kept" {
                let number = message["data"].as_u64().expect("a number");
                assert_eq!(number, self.seen + 1, "client {} lost or doubled", self.number);
                self.seen = number;
                self.position = message["ext"]["replay"].as_u64();
                assert!(self.number != 2 || self.position.is_some(), "{message}");
            } else if message["channel"] == "/meta/connect" {
                if message["successful"] == false {
                    self.up = false;
                    continue;
                }
                self.batch = message["ext"]["ack"].as_u64().unwrap_or(self.batch);
                if self.number == 2
                    && let Some(settled) = message["ext"]["replay"].as_u64()
                {
                    self.position = Some(settled);
                }
                if message["advice"]["reconnect"] == "none" {
                    self.up = false;
                }
            }
        }
    }
}
