//! Conversations of a machine with an invented server, in invented time.

mod connect;
mod credentials;
mod extensions;
mod fallback;
mod handshake;
mod model;
mod operations;
mod overlap;
mod patterns;
mod replay;
mod trouble;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use encke_bayeux::{ChannelName, ChannelPattern};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{
    Action, Bounds, ConnectionType, Exchange, Failed, Machine, Outcome, Publication, Settings,
    Ticket, Wish,
};
use crate::credentials::Freshness;
use crate::error::Failure;
use crate::message::{Gap, Message};
use crate::replay::{Position, Replay};
use crate::status::Status;

/// A body that the machine sent.
#[derive(Clone, Debug)]
struct Sent {
    exchange: Exchange,
    connection_type: ConnectionType,
    credentials: Option<Freshness>,
    messages: Vec<Value>,
}

impl Sent {
    fn channels(&self) -> Vec<&str> {
        self.messages.iter().map(|message| message["channel"].as_str().unwrap()).collect()
    }
}

/// What an application gets to see.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trail {
    Message(u64),
    Gap,
}

/// A machine, its clock, and everything that it did.
struct World {
    machine: Machine,
    now: Instant,
    sent: Vec<Sent>,
    cancelled: Vec<Exchange>,
    settled: Vec<Exchange>,
    delivered: Vec<Message>,
    /// Patterns and positions that were delivered, as `/a 5`; doubles and all.
    reached: Vec<String>,
    /// Up to where each of these patterns had everything then.
    whole: Vec<Option<u64>>,
    gaps: Vec<(ChannelPattern, Gap)>,
    /// Messages, by their data, and gaps in their order; of use with one pattern.
    trail: Vec<Trail>,
    dropped: Vec<u64>,
    replays: Vec<(ChannelPattern, Replay)>,
    settled_at: Vec<(ChannelPattern, Position)>,
    revoked: Vec<String>,
    finished: BTreeMap<Ticket, Outcome>,
    statuses: Vec<Status>,
}

fn settings() -> Settings {
    Settings {
        connection_types: vec![ConnectionType::LongPolling],
        handshake_ext: BTreeMap::new(),
        ack: false,
        replay: false,
        request_timeout: secs(10),
        operation_timeout: secs(30),
        calls: 10,
        renewable: false,
        backoff_increment: secs(1),
        backoff_max: secs(30),
        bounds: Bounds {
            batch_messages: 10,
            batch_bytes: 10_000,
            queue_messages: 20,
            queue_bytes: 20_000,
        },
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn pattern(text: &str) -> ChannelPattern {
    ChannelPattern::new(text).unwrap()
}

fn publication(channel: &str, data: &str) -> Publication {
    let data = RawValue::from_string(data.to_owned()).unwrap();
    Publication { channel: ChannelName::new(channel).unwrap(), data }
}

impl World {
    fn new(settings: Settings) -> Self {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
        let now = Instant::now();
        Self {
            machine: Machine::new(settings, Box::new(|| 0.0)),
            now,
            sent: Vec::new(),
            cancelled: Vec::new(),
            settled: Vec::new(),
            delivered: Vec::new(),
            reached: Vec::new(),
            whole: Vec::new(),
            gaps: Vec::new(),
            trail: Vec::new(),
            dropped: Vec::new(),
            replays: Vec::new(),
            settled_at: Vec::new(),
            revoked: Vec::new(),
            finished: BTreeMap::new(),
            statuses: Vec::new(),
        }
    }

    /// Handshake and first connect are answered; the second connect is held.
    fn up(settings: Settings) -> Self {
        let mut world = Self::new(settings);
        world.open();
        world.shake("c1");
        world.connected();
        world
    }

    fn open(&mut self) {
        self.machine.open(self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Send(transmit) => {
                    self.sent.push(Sent {
                        exchange: transmit.exchange,
                        connection_type: transmit.connection_type,
                        credentials: transmit.credentials,
                        messages: serde_json::from_slice(&transmit.body).unwrap(),
                    });
                }
                Action::Cancel(exchange) => self.cancelled.push(exchange),
                Action::Settle(exchange) => self.settled.push(exchange),
                Action::Deliver(message, receipts) => {
                    let position = message.number().unwrap_or_default();
                    let new = receipts.iter().filter(|receipt| !receipt.seen);
                    for new in new {
                        self.trail.push(Trail::Message(message.json().unwrap_or_default()));
                        self.reached.push(format!("{} {position}", new.pattern));
                        self.whole.push(new.reached);
                    }
                    self.delivered.push(message);
                }
                Action::DeliverLate(_, receipt) if receipt.seen => {}
                Action::DeliverLate(message, receipt) => {
                    let position = message.number().unwrap_or_default();
                    self.trail.push(Trail::Message(message.json().unwrap_or_default()));
                    self.reached.push(format!("{} {position}", receipt.pattern));
                    self.whole.push(receipt.reached);
                }
                Action::Gap(pattern, gap) => {
                    self.trail.push(Trail::Gap);
                    self.gaps.push((pattern, gap));
                }
                Action::Dropped(count) => self.dropped.push(count),
                Action::Replay(pattern, replay) => self.replays.push((pattern, replay)),
                Action::Settled(pattern, position) => self.settled_at.push((pattern, position)),
                Action::Revoked(pattern, refusal) => {
                    self.revoked.push(format!("{pattern} {refusal}"));
                }
                Action::Finish(ticket, outcome) => {
                    assert!(self.finished.insert(ticket, outcome).is_none(), "{ticket:?} twice");
                }
                Action::Status(status) => self.statuses.push(status),
            }
        }
    }

    /// The newest body that begins with a message to this channel.
    fn last(&self, channel: &str) -> Sent {
        let sent = self.sent.iter().rev().find(|sent| sent.channels()[0] == channel);
        sent.unwrap_or_else(|| panic!("nothing sent to {channel}: {:?}", self.sent)).clone()
    }

    fn count(&self, channel: &str) -> usize {
        self.sent.iter().filter(|sent| sent.channels()[0] == channel).count()
    }

    fn answer(&mut self, sent: &Sent, body: &Value) {
        let body = body.to_string();
        self.machine.handle_response(sent.exchange, Ok(body.as_bytes()), self.now);
        self.collect();
    }

    fn fail(&mut self, sent: &Sent, failed: Failed) {
        self.machine.handle_response(sent.exchange, Err(failed), self.now);
        self.collect();
    }

    fn break_off(&mut self, channel: &str) {
        let sent = self.last(channel);
        self.fail(&sent, Failed::sent(Failure::Broken("cut".into())));
    }

    /// A reply to the message of `sent` at `place`, with more members.
    fn reply(sent: &Sent, place: usize, more: &Value) -> Value {
        let request = &sent.messages[place];
        let mut reply = json!({
            "channel": request["channel"], "id": request["id"], "successful": true,
        });
        for (key, value) in more.as_object().unwrap() {
            reply[key] = value.clone();
        }
        reply
    }

    /// Every message of the newest body to `channel` is answered alike.
    fn agree(&mut self, channel: &str) {
        self.answer_all(channel, &json!({}));
    }

    fn answer_all(&mut self, channel: &str, more: &Value) {
        let sent = self.last(channel);
        let replies: Vec<_> =
            (0..sent.messages.len()).map(|place| Self::reply(&sent, place, more)).collect();
        self.answer(&sent, &json!(replies));
    }

    fn shake(&mut self, client_id: &str) {
        self.shake_with(client_id, &json!({}));
    }

    fn shake_with(&mut self, client_id: &str, ext: &Value) {
        let advice = json!({"reconnect": "retry", "interval": 0, "timeout": 30_000});
        let more = json!({
            "clientId": client_id, "version": "1.0", "advice": advice, "ext": ext,
            "supportedConnectionTypes": ["websocket", "long-polling"],
        });
        self.answer_all("/meta/handshake", &more);
    }

    /// The connect on its way is answered with success.
    fn connected(&mut self) {
        self.agree("/meta/connect");
    }

    /// The connect on its way is answered as by a server that was started anew.
    fn forgotten(&mut self) {
        let advice = json!({"reconnect": "handshake", "interval": 0});
        let more = json!({"successful": false, "error": "402::session_unknown", "advice": advice});
        self.answer_all("/meta/connect", &more);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.machine.handle_deadline(self.now);
        self.collect();
    }

    /// Lets time pass until the machine wants it.
    fn next_deadline(&mut self) -> Duration {
        let pause = self.machine.next_deadline().expect("a deadline") - self.now;
        self.pass(pause);
        pause
    }

    fn subscribe(&mut self, text: &str) -> Ticket {
        self.subscribe_with(text, Wish::default())
    }

    fn subscribe_with(&mut self, text: &str, wish: Wish) -> Ticket {
        let ticket = self.machine.subscribe(&pattern(text), wish, self.now, self.now);
        self.collect();
        ticket
    }

    fn unsubscribe(&mut self, text: &str) -> Ticket {
        let ticket = self.machine.unsubscribe(&pattern(text), None, self.now);
        self.collect();
        ticket
    }

    fn publish(&mut self, channel: &str, data: &str) -> Ticket {
        self.publish_all(vec![publication(channel, data)])[0]
    }

    fn publish_all(&mut self, group: Vec<Publication>) -> Vec<Ticket> {
        let tickets = self.machine.publish(group, self.now, self.now);
        self.collect();
        tickets
    }

    fn outcome(&self, ticket: Ticket) -> String {
        self.finished.get(&ticket).map_or("open".into(), |outcome| format!("{outcome:?}"))
    }

    fn failures(&self) -> u32 {
        match self.statuses.last() {
            Some(Status::Interrupted { failures, .. }) => *failures,
            status => panic!("{status:?}"),
        }
    }
}
