//! A server with a log, by chance: it publishes, answers in any order, loses sessions and responses,
//! and if it is a bad one forgets what it kept and starts anew with another log. Whatever happens, the
//! application sees every message once and in order, or a gap where some are missing; and no gap
//! where the server kept everything.

use std::collections::{BTreeMap, VecDeque};

use super::*;

/// Numbers by chance, the same ones for the same seed.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A server and its only client, which subscribes to `/e` and acknowledges.
struct Model {
    chance: Chance,
    world: World,
    /// Messages so far; each has its number as data.
    published: u64,
    /// Messages before the subscribe that the client got its first agreement to.
    since: u64,
    epoch: u64,
    newest: u64,
    /// What is kept: data by position.
    log: BTreeMap<u64, u64>,
    /// The newest position that is kept no more.
    horizon: u64,
    sessions: u64,
    session: Option<Session>,
    /// Replies to subscribes that were not written yet.
    replies: VecDeque<(Sent, Value)>,
    connect: Option<Sent>,
    /// The reply to a connect that was not written yet.
    response: Option<(Sent, Value)>,
    /// What the client sent and the server has looked at.
    seen: usize,
}

#[derive(Default)]
struct Session {
    /// Behind what was acknowledged, and behind what was sent; `None` without a subscription.
    acknowledged: Option<u64>,
    sent: u64,
    batch: i64,
}

impl Model {
    fn new(seed: u64) -> Self {
        let operation_timeout = secs(24 * 60 * 60);
        let settings = Settings { ack: true, replay: true, operation_timeout, ..settings() };
        let mut world = World::new(settings);
        world.subscribe("/e");
        world.open();
        Self {
            chance: Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            world,
            published: 0,
            since: 0,
            epoch: 1000,
            newest: 1000,
            log: BTreeMap::new(),
            horizon: 0,
            sessions: 0,
            session: None,
            replies: VecDeque::new(),
            connect: None,
            response: None,
            seen: 0,
        }
    }

    /// Takes what the client sent. Handshakes are answered at once, all else in its time.
    fn take(&mut self) {
        while let Some(sent) = self.world.sent.get(self.seen).cloned() {
            self.seen += 1;
            if self.is_over(&sent) {
                continue;
            }
            match sent.channels()[0] {
                "/meta/handshake" => {
                    self.sessions += 1;
                    self.session = Some(Session::default());
                    let name = format!("c{}", self.sessions);
                    self.world.shake_with(&name, &json!({"ack": true, "replay": true}));
                }
                "/meta/connect" => self.connect = Some(sent),
                "/meta/subscribe" => self.subscribe(sent),
                channel => panic!("{channel}"),
            }
        }
    }

    /// The client does not wait for the answer any more.
    fn is_over(&self, sent: &Sent) -> bool {
        self.world.cancelled.contains(&sent.exchange)
    }

    fn session_of(&mut self, sent: &Sent) -> Option<&mut Session> {
        let ours = sent.messages[0]["clientId"] == format!("c{}", self.sessions);
        self.session.as_mut().filter(|_| ours)
    }

    fn subscribe(&mut self, sent: Sent) {
        let from = sent.messages[0]["ext"]["replay"]["/e"].clone();
        let (epoch, newest, horizon) = (self.epoch, self.newest, self.horizon);
        let Some(session) = self.session_of(&sent) else {
            let unknown = json!({"successful": false, "error": "402::session_unknown"});
            let reply = World::reply(&sent, 0, &unknown);
            self.replies.push_back((sent, reply));
            return;
        };
        let (id, theirs) = (from["id"].as_u64().or(from.as_u64()), from["epoch"].as_u64());
        let (status, cursor) = match id {
            Some(id) if id > newest || theirs.is_some_and(|theirs| theirs > epoch) => {
                ("refused", None)
            }
            Some(id) if id < epoch || theirs.is_some_and(|theirs| theirs < epoch) => {
                ("gap", Some(id))
            }
            Some(id) if id < horizon => ("gap", Some(id)),
            Some(id) => ("resumed", Some(id)),
            None if from == json!(-1) => ("new", Some(newest)),
            None => ("kept", Some(0)),
        };
        let told = json!({"status": status, "epoch": epoch, "newest": newest});
        let mut more = json!({"ext": {"replay": {"/e": told}}});
        if let Some(cursor) = cursor {
            (session.acknowledged, session.sent) = (Some(cursor), cursor);
            if self.world.replays.is_empty() {
                self.since = self.published;
            }
        } else {
            more["successful"] = json!(false);
            more["error"] = json!("400::The replayId {1} you provided was invalid.");
        }
        let reply = World::reply(&sent, 0, &more);
        self.replies.push_back((sent, reply));
    }

    /// Makes up the answer to a connect, with some of what there is.
    fn respond(&mut self) {
        let Some(sent) = self.connect.take().filter(|sent| !self.is_over(sent)) else { return };
        let most = usize::try_from(self.chance.below(4)).unwrap();
        let (newest, log) = (self.newest, self.log.clone());
        let Some(session) = self.session_of(&sent) else {
            let advice = json!({"reconnect": "handshake", "interval": 0});
            let error = "402::session_unknown";
            let more = json!({"successful": false, "error": error, "advice": advice});
            let reply = World::reply(&sent, 0, &more);
            self.response = Some((sent, json!([reply])));
            return;
        };
        if sent.messages[0]["ext"]["ack"].as_i64() >= Some(session.batch) {
            session.acknowledged = session.acknowledged.map(|_| session.sent);
        }
        session.batch += 1;
        let mut body = Vec::new();
        let mut ext = json!({"ack": session.batch});
        if let Some(from) = session.acknowledged {
            session.sent = from;
            for (at, data) in log.range(from + 1..).take(most) {
                body.push(json!({"channel": "/e", "data": data, "ext": {"replay": at}}));
                session.sent = *at;
            }
        }
        let is_whole =
            session.acknowledged.is_none() || log.range(session.sent + 1..).next().is_none();
        if is_whole {
            ext["replay"] = json!(newest);
            session.sent = session.sent.max(newest);
        }
        body.push(World::reply(&sent, 0, &json!({"ext": ext})));
        self.response = Some((sent, json!(body)));
    }

    /// Writes the answer to a connect; it may be lost on its way.
    fn write(&mut self, is_lost: bool) {
        let response = self.response.take().filter(|(sent, _)| !self.is_over(sent));
        match response {
            Some((sent, _)) if is_lost => {
                self.world.fail(&sent, Failed::sent(Failure::Broken("cut".into())));
            }
            Some((sent, body)) => self.world.answer(&sent, &body),
            None => {}
        }
    }

    fn answer_subscribe(&mut self, is_lost: bool) {
        let Some((sent, reply)) = self.replies.pop_front() else { return };
        if self.is_over(&sent) {
            return;
        }
        if is_lost {
            self.world.fail(&sent, Failed::sent(Failure::Broken("cut".into())));
        } else {
            self.world.answer(&sent, &json!([reply]));
        }
    }

    fn publish(&mut self) {
        self.newest += 1 + self.chance.below(3);
        self.published += 1;
        self.log.insert(self.newest, self.published);
    }

    /// Forgets the older half of the log. A session that has not had it is cut.
    fn forget(&mut self) {
        let Some(middle) = self.log.keys().nth(self.log.len() / 2).copied() else { return };
        let kept = self.log.split_off(&middle);
        if let Some(gone) = self.log.keys().next_back() {
            self.horizon = *gone;
        }
        self.log = kept;
        let had = self.session.as_ref().and_then(|session| session.acknowledged);
        if had.is_some_and(|had| had < self.horizon) {
            self.session = None;
        }
    }

    /// Starts anew with an empty log, younger or older than the one before.
    fn restart(&mut self) {
        let is_younger = self.chance.below(2) == 0;
        self.epoch = if is_younger { self.newest + 500 } else { self.epoch - 100 };
        (self.newest, self.horizon) = (self.epoch, 0);
        self.log.clear();
        self.session = None;
    }

    fn step(&mut self, is_bad: bool) {
        match self.chance.below(100) {
            0..2 => self.session = None,
            2..4 if is_bad => self.forget(),
            4 if is_bad => self.restart(),
            5..25 => self.publish(),
            25..45 => self.respond(),
            45..50 => self.write(true),
            50..65 => self.write(false),
            65..70 => self.answer_subscribe(true),
            70..90 => self.answer_subscribe(false),
            _ => self.world.pass(secs(1)),
        }
        self.take();
    }

    /// Everything works from now on, until nothing is left to do.
    fn settle(&mut self) {
        for _ in 0..200 {
            self.answer_subscribe(false);
            self.take();
            self.respond();
            self.write(false);
            self.take();
            self.world.pass(secs(1));
            self.take();
        }
    }

    /// What the application saw, held against what was published.
    fn check(&self, is_bad: bool) -> Result<(), String> {
        let mut last = self.since;
        let mut gaps = 0;
        for trail in &self.world.trail {
            match *trail {
                Trail::Gap => gaps += 1,
                Trail::Message(number) if number <= last => {
                    return Err(format!("{number} after {last}"));
                }
                Trail::Message(number) if number > last + 1 && gaps == 0 => {
                    return Err(format!("{number} after {last}, and no gap"));
                }
                Trail::Message(number) => (last, gaps) = (number, 0),
            }
        }
        if last < self.published && gaps == 0 {
            return Err(format!("{last} of {}", self.published));
        }
        if !is_bad && !self.world.gaps.is_empty() {
            return Err("a gap, and nothing is missing".into());
        }
        Ok(())
    }
}

fn run(seeds: std::ops::Range<u64>, is_bad: bool) {
    for seed in seeds {
        let mut model = Model::new(seed);
        model.take();
        for _ in 0..300 {
            model.step(is_bad);
        }
        model.settle();
        assert_eq!(model.check(is_bad), Ok(()), "seed {seed}: {:?}", model.world.trail);
    }
}

#[test]
fn everything_that_a_server_keeps_is_seen_once_and_in_order() {
    run(0..300, false);
}

#[test]
fn what_a_server_forgets_is_a_gap_and_all_else_is_seen_once_and_in_order() {
    run(1000..1300, true);
}
