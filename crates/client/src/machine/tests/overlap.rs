//! Patterns that overlap, of which some begin at older positions than others: first the situations
//! one by one, then a server by chance that sends as Encke does. Every pattern has every message that
//! it asked for once, and the position that is kept for it never claims one that has not come.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::model::Chance;
use super::*;
use crate::replay::ReplayFrom;

const EPOCH: u64 = 1000;

fn after(id: u64) -> Wish {
    let from = ReplayFrom::After(Position::new(id).in_epoch(EPOCH));
    Wish { from: Some(from), stored: true, ..Wish::default() }
}

fn logged(channel: &str, at: u64) -> Value {
    json!({"channel": channel, "data": at, "ext": {"replay": at}})
}

impl World {
    /// `/e` is active and begins behind 1040; `/*` is asked for from 1000 on. The connect that is on
    /// its way is older than that.
    fn overlapping() -> Self {
        let mut world = Self::new(Settings { replay: true, ..settings() });
        world.subscribe("/e");
        world.open();
        world.shake_with("c1", &json!({"replay": true}));
        world.agree_from("new", 1040);
        world.connected();
        world.subscribe_with("/*", after(1000));
        world
    }

    fn agree_from(&mut self, status: &str, newest: u64) {
        let sent = self.last("/meta/subscribe");
        let told = json!({"status": status, "epoch": EPOCH, "oldest": null, "newest": newest});
        let reply = |place: usize| {
            let subscription = sent.messages[place]["subscription"].as_str().unwrap();
            Self::reply(&sent, place, &json!({"ext": {"replay": {subscription: told}}}))
        };
        let replies: Vec<_> = (0..sent.messages.len()).map(reply).collect();
        self.answer(&sent, &json!(replies));
    }

    /// The connect on its way brings messages on `/e`.
    fn brings(&mut self, positions: &[u64]) {
        let held = self.last("/meta/connect");
        let mut body: Vec<_> = positions.iter().map(|at| logged("/e", *at)).collect();
        body.push(Self::reply(&held, 0, &json!({})));
        self.answer(&held, &json!(body));
    }

    fn whole_of(&self, text: &str) -> Vec<Option<u64>> {
        let all = self.reached.iter().zip(&self.whole);
        all.filter(|(reached, _)| reached.starts_with(&format!("{text} ")))
            .map(|(_, w)| *w)
            .collect()
    }
}

#[test]
fn what_was_on_its_way_for_another_pattern_passes_over_nothing() {
    for agreed_first in [true, false] {
        let mut world = World::overlapping();
        if agreed_first {
            world.agree_from("resumed", 1050);
            world.brings(&[1050]);
        } else {
            world.brings(&[1050]);
            world.agree_from("resumed", 1050);
        }
        world.brings(&[1010, 1020, 1050, 1060]);
        let mut reached = world.reached.clone();
        // One that waits for the agreement comes behind the others.
        reached[..2].sort();
        let expected = ["/* 1050", "/e 1050", "/* 1010", "/* 1020", "/e 1060", "/* 1060"];
        assert_eq!(reached, expected, "{agreed_first}");
        assert!(world.gaps.is_empty());
        let whole = [Some(1000), Some(1000), Some(1000), Some(1060)];
        assert_eq!(world.whole_of("/*"), whole, "{agreed_first}");
    }
}

#[test]
fn a_session_lost_in_between_goes_on_where_nothing_is_missing() {
    let mut world = World::overlapping();
    world.agree_from("resumed", 1050);
    world.brings(&[1050]);
    world.brings(&[1010]);
    world.pass(secs(20));
    world.forgotten();
    world.shake_with("c2", &json!({"replay": true}));
    let sent = world.last("/meta/subscribe");
    let begins = |text: &str| {
        let of = sent.messages.iter().find(|message| message["subscription"] == text);
        of.map(|message| message["ext"]["replay"][text]["id"].clone())
    };
    assert_eq!((begins("/*"), begins("/e")), (Some(json!(1000)), Some(json!(1050))));
    world.agree_from("resumed", 1050);
    world.connected();
    world.brings(&[1010, 1020, 1050]);
    assert_eq!(world.reached[2..], ["/* 1010", "/* 1020"], "what was received is not repeated");
}

#[test]
fn messages_for_a_pattern_that_was_given_up_pass_over_nothing_either() {
    let mut world = World::new(Settings { replay: true, ..settings() });
    world.subscribe("/e");
    world.open();
    world.shake_with("c1", &json!({"replay": true}));
    world.agree_from("new", 1040);
    world.connected();
    world.unsubscribe("/e");
    world.agree("/meta/unsubscribe");
    world.subscribe_with("/*", after(1000));
    world.agree_from("resumed", 1050);
    world.brings(&[1050]);
    assert_eq!(world.whole, [Some(1000)]);
    world.brings(&[1010, 1050]);
    assert_eq!(world.reached, ["/* 1050", "/* 1010"]);
}

#[test]
fn where_only_one_pattern_covers_the_channel_its_position_moves_with_each_message() {
    let mut world = World::overlapping();
    world.agree_from("resumed", 1050);
    let held = world.last("/meta/connect");
    let body = json!([logged("/f", 1010), logged("/f", 1030), World::reply(&held, 0, &json!({}))]);
    world.answer(&held, &body);
    assert_eq!(world.whole, [Some(1010), Some(1030)]);
}

#[test]
fn the_position_moves_on_when_the_pattern_has_caught_up() {
    let mut world = World::overlapping();
    world.agree_from("resumed", 1050);
    world.brings(&[1050]);
    world.brings(&[1010, 1050]);
    assert_eq!(world.whole_of("/*"), [Some(1000), Some(1000)]);
    let held = world.last("/meta/connect");
    world.answer(&held, &json!([World::reply(&held, 0, &json!({"ext": {"replay": 1055}}))]));
    let settled = Position::new(1055).in_epoch(EPOCH);
    assert_eq!(world.settled_at, [(pattern("/*"), settled)]);
    assert!(world.replays.iter().any(|(of, replay)| *of == pattern("/*") && replay.caught_up));
}

#[test]
fn what_comes_late_on_another_connection_is_not_passed_over() {
    let mut world = World::new(Settings { replay: true, ..settings() });
    world.subscribe("/e");
    world.open();
    world.shake_with("c1", &json!({"replay": true}));
    world.agree_from("new", 1040);
    world.connected();
    world.publish("/other", "1");
    world.brings(&[1042]);
    let sent = world.last("/other");
    world.answer(&sent, &json!([logged("/e", 1041), World::reply(&sent, 0, &json!({}))]));
    assert_eq!(world.reached, ["/e 1042", "/e 1041"]);
}

/// Channels, and patterns of which most cover several of them.
const CHANNELS: [&str; 4] = ["/a/x", "/a/y", "/a/y/z", "/b"];
const PATTERNS: [&str; 5] = ["/a/x", "/a/*", "/a/**", "/**", "/b"];

/// How one subscription goes on, held against the log.
#[derive(Clone, Copy)]
struct Course {
    /// Where it begins.
    start: Option<u64>,
    /// What the world had reached before.
    since: usize,
}

/// A server that keeps everything, and its only client.
struct Server {
    chance: Chance,
    world: World,
    /// The client gets messages as they come, and not with connects.
    pushes: bool,
    log: BTreeMap<u64, &'static str>,
    newest: u64,
    sessions: u64,
    session: Option<Feed>,
    replies: VecDeque<(Sent, Vec<Value>)>,
    connect: Option<Sent>,
    responses: VecDeque<(Option<Sent>, Vec<Value>)>,
    seen: usize,
    courses: BTreeMap<&'static str, Course>,
}

/// What a session is given: everything behind the cursor that a subscription wants.
#[derive(Default)]
struct Feed {
    wants: BTreeMap<String, u64>,
    cursor: u64,
    /// Taken from the log and not written.
    queue: VecDeque<u64>,
}

impl Server {
    fn new(seed: u64, pushes: bool) -> Self {
        let operation_timeout = secs(24 * 60 * 60);
        let mut world = World::new(Settings { replay: true, operation_timeout, ..settings() });
        world.open();
        Self {
            chance: Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            world,
            pushes,
            log: BTreeMap::new(),
            newest: EPOCH,
            sessions: 0,
            session: None,
            replies: VecDeque::new(),
            connect: None,
            responses: VecDeque::new(),
            seen: 0,
            courses: BTreeMap::new(),
        }
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.chance.below(of.len() as u64)).unwrap()]
    }

    fn publish(&mut self) {
        self.newest += 1 + self.chance.below(3);
        let channel = self.pick(&CHANNELS);
        self.log.insert(self.newest, channel);
        self.feed();
    }

    fn subscribe(&mut self) {
        let text = self.pick(&PATTERNS);
        if self.courses.remove(text).is_some() {
            self.world.unsubscribe(text);
            return;
        }
        let since = self.world.reached.len();
        let old = EPOCH + self.chance.below(self.newest - EPOCH + 1);
        let (wish, start) = match self.chance.below(3) {
            0 => (Wish::default(), None),
            1 => (
                Wish { from: Some(ReplayFrom::Kept), stored: true, ..Wish::default() },
                Some(EPOCH),
            ),
            _ => (after(old), Some(old)),
        };
        self.courses.insert(text, Course { start, since });
        self.world.subscribe_with(text, wish);
    }

    /// As a catch-up goes back for a new subscription, and gives the others nothing twice.
    fn want(&mut self, text: &str, from: u64) {
        let feed = self.session.as_mut().unwrap();
        if from < feed.cursor {
            for other in feed.wants.values_mut() {
                *other = (*other).max(feed.cursor);
            }
            feed.cursor = from;
        }
        feed.wants.insert(text.to_owned(), from);
        self.feed();
    }

    /// Fills the queue from the log.
    fn feed(&mut self) {
        let Some(feed) = &mut self.session else { return };
        for (at, channel) in self.log.range(feed.cursor + 1..) {
            if feed.queue.len() == 4 {
                return;
            }
            let covers = |(text, from): (&String, &u64)| from < at && covers(text, channel);
            if feed.wants.iter().any(covers) {
                feed.queue.push_back(*at);
            }
            feed.cursor = *at;
        }
        feed.cursor = feed.cursor.max(self.newest);
    }

    fn take(&mut self) {
        while let Some(sent) = self.world.sent.get(self.seen).cloned() {
            self.seen += 1;
            if self.world.cancelled.contains(&sent.exchange) {
                continue;
            }
            match sent.channels()[0] {
                "/meta/handshake" => {
                    // What was written for an earlier session comes before the answer.
                    while !self.responses.is_empty() {
                        self.write();
                    }
                    self.sessions += 1;
                    self.session = Some(Feed { cursor: self.newest, ..Feed::default() });
                    let name = format!("c{}", self.sessions);
                    self.world.shake_with(&name, &json!({"replay": true}));
                }
                "/meta/connect" => self.connect = Some(sent),
                _ => self.command(sent),
            }
        }
    }

    fn command(&mut self, sent: Sent) {
        let ours = sent.messages[0]["clientId"] == format!("c{}", self.sessions);
        let known = ours && self.session.is_some();
        let mut replies = Vec::new();
        for (place, message) in sent.messages.iter().enumerate() {
            let text = message["subscription"].as_str().unwrap();
            let mut more = json!({});
            if !known {
                more = json!({"successful": false, "error": "402::session_unknown"});
            } else if message["channel"] == "/meta/unsubscribe" {
                self.session.as_mut().unwrap().wants.remove(text);
            } else {
                let (status, from) = self.asked(text, &message["ext"]["replay"][text]);
                let told = json!({"status": status, "epoch": EPOCH, "newest": self.newest});
                more["ext"] = json!({"replay": {text: told}});
                self.want(text, from);
            }
            replies.push(World::reply(&sent, place, &more));
        }
        self.replies.push_back((sent, replies));
    }

    fn asked(&mut self, text: &str, from: &Value) -> (&'static str, u64) {
        if *from == json!(-2) {
            return ("kept", EPOCH);
        }
        if let Some(id) = from["id"].as_u64().or(from.as_u64()) {
            return ("resumed", id);
        }
        if let Some(course) = self.courses.get_mut(text) {
            course.start = Some(self.newest);
        }
        ("new", self.newest)
    }

    /// Takes some of what there is for a response, which is written later.
    fn respond(&mut self) {
        let Some(sent) = self.connect.take() else { return };
        if self.world.cancelled.contains(&sent.exchange) {
            return;
        }
        let ours = sent.messages[0]["clientId"] == format!("c{}", self.sessions);
        if !ours || self.session.is_none() {
            let advice = json!({"reconnect": "handshake", "interval": 0});
            let more =
                json!({"successful": false, "error": "402::session_unknown", "advice": advice});
            let reply = World::reply(&sent, 0, &more);
            self.responses.push_back((Some(sent), vec![reply]));
            return;
        }
        let mut body = if self.pushes { Vec::new() } else { self.some() };
        let feed = self.session.as_ref().unwrap();
        let is_whole = feed.queue.is_empty() && feed.cursor == self.newest;
        let ext = if is_whole { json!({"replay": self.newest}) } else { json!({}) };
        body.push(World::reply(&sent, 0, &json!({"ext": ext})));
        self.responses.push_back((Some(sent), body));
    }

    fn push(&mut self) {
        if self.pushes && self.session.is_some() {
            let body = self.some();
            self.responses.push_back((None, body));
        }
    }

    fn some(&mut self) -> Vec<Value> {
        let most = self.chance.below(4);
        let mut body = Vec::new();
        for _ in 0..most {
            let Some(at) = self.session.as_mut().and_then(|feed| feed.queue.pop_front()) else {
                break;
            };
            body.push(logged(self.log[&at], at));
            self.feed();
        }
        body
    }

    fn write(&mut self) {
        match self.responses.pop_front() {
            Some((Some(sent), _)) if self.world.cancelled.contains(&sent.exchange) => {}
            Some((Some(sent), body)) => self.world.answer(&sent, &json!(body)),
            Some((None, body)) => {
                let body = json!(body).to_string();
                self.world.machine.handle_push(body.as_bytes(), self.world.now).unwrap();
                self.world.collect();
            }
            None => {}
        }
    }

    fn reply(&mut self) {
        let Some((sent, replies)) = self.replies.pop_front() else { return };
        if !self.world.cancelled.contains(&sent.exchange) {
            self.world.answer(&sent, &json!(replies));
        }
    }

    fn step(&mut self) {
        match self.chance.below(100) {
            0 => self.session = None,
            1..20 => self.publish(),
            20..28 => self.subscribe(),
            28..45 => self.respond(),
            45..55 => self.push(),
            55..75 => self.write(),
            75..90 => self.reply(),
            _ => self.world.pass(secs(1)),
        }
        self.take();
    }

    fn settle(&mut self) {
        for _ in 0..400 {
            self.reply();
            self.take();
            self.respond();
            self.push();
            for _ in 0..3 {
                self.write();
            }
            self.world.pass(secs(1));
            self.take();
        }
    }

    /// What each pattern got, held against the log.
    fn check(&self) -> Result<(), String> {
        for (text, course) in &self.courses {
            let start = course.start.ok_or(format!("{text} was never asked for"))?;
            let wanted: BTreeSet<u64> = self
                .log
                .range(start + 1..)
                .filter(|(_, channel)| covers(text, channel))
                .map(|(at, _)| *at)
                .collect();
            let mut got = BTreeSet::new();
            let all = self.world.reached.iter().zip(&self.world.whole).skip(course.since);
            for (reached, whole) in all {
                let Some(at) = reached.strip_prefix(&format!("{text} ")) else { continue };
                let at: u64 = at.parse().unwrap();
                if !got.insert(at) {
                    return Err(format!("{text} has {at} twice"));
                }
                if let Some(whole) = whole
                    && let Some(missing) = wanted.range(..=whole).find(|at| !got.contains(at))
                {
                    return Err(format!("{text} claims {whole} at {at} without {missing}"));
                }
            }
            if got != wanted {
                let lost: Vec<_> = wanted.difference(&got).collect();
                let more: Vec<_> = got.difference(&wanted).collect();
                return Err(format!("{text} from {start}: without {lost:?}, with {more:?}"));
            }
        }
        if self.world.gaps.is_empty() { Ok(()) } else { Err("a gap".into()) }
    }
}

fn covers(text: &str, channel: &str) -> bool {
    pattern(text).matches(&ChannelName::new(channel).unwrap())
}

#[test]
fn by_chance_every_pattern_has_everything_once() {
    for seed in 0..200 {
        let mut server = Server::new(seed, seed % 2 == 0);
        server.take();
        for _ in 0..400 {
            server.step();
        }
        server.settle();
        let outcome = server.check();
        assert_eq!(outcome, Ok(()), "seed {seed}: {:?} {:?}", server.log, server.world.reached);
    }
}
