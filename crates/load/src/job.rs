//! What a run does: who subscribes to what, what is published, and what a delivery must be.
//!
//! Messages belong to streams. A stream has one channel, one publisher and one count of messages,
//! so that the order of its deliveries is defined; what differs between workloads is only who
//! listens to which streams:
//!
//! | Workload | Streams              | A session listens to              |
//! |----------|----------------------|-----------------------------------|
//! | `hold`   | one, unused          | it                                |
//! | `fanout` | one                  | it                                |
//! | `unicast`| one for each session | its own                           |
//! | `rooms`  | one for each room    | some rooms, drawn for each session |
//! | `calls`  | one for each agent   | its own, `/v2/me/calls`           |
//!
//! # What a delivery can be
//!
//! *foreign*: of another run, or not of this tool; nobody's fault. *stray*: of this run, and not
//! for this session. *garbled*: its stamp or padding is damaged. Everything else is entered in the
//! [`Ledger`] of the session.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cookie::Cookies;
use crate::desk::{self, Desk};
use crate::latency::Latencies;
use crate::ledger::{Entry, Faults, Ledger};
use crate::pace::Pace;
use crate::payload::Stamp;
use crate::request::{self, json_string};
use crate::scan;
use crate::session::Identity;
use crate::target::Target;

/// Who listens to what.
#[derive(Debug)]
pub(crate) enum Kind {
    /// All to one stream.
    Shared,
    /// Each to a stream of its own.
    Own,
    /// Each to so many of the streams.
    Rooms(usize),
    /// Each to the calls of an agent.
    Desks(Vec<Desk>),
}

/// Everything that the threads of a run have to know.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) target: Arc<Target>,
    /// Tells this run's messages from others.
    pub(crate) run: u32,
    /// The channel, or what stands before the number of a stream.
    pub(crate) channel: String,
    pub(crate) kind: Kind,
    pub(crate) sessions: usize,
    pub(crate) streams: usize,
    /// `None` if nothing is published.
    pub(crate) traffic: Option<Traffic>,
    /// From when on a delivery is late.
    pub(crate) late: Duration,
}

/// What is published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub(crate) pace: Pace,
    pub(crate) publishers: usize,
    /// Messages that go out in one request.
    pub(crate) batch: usize,
    /// Bytes of `data`.
    pub(crate) payload_bytes: usize,
}

/// What one session is owed.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// By stream, in ascending order.
    ledgers: Box<[(u32, Ledger)]>,
    /// Whether it was there when the first message went out.
    pub(crate) counted: bool,
}

/// What the sessions of one thread saw.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) latencies: Latencies,
    pub(crate) delivered: u64,
    pub(crate) foreign: u64,
    pub(crate) stray: u64,
    pub(crate) garbled: u64,
    pub(crate) late: u64,
    /// Notifications of calls that are about something else than user data.
    pub(crate) others: u64,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            latencies: Latencies::new(),
            delivered: 0,
            foreign: 0,
            stray: 0,
            garbled: 0,
            late: 0,
            others: 0,
        }
    }

    /// Adds what another thread saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.latencies.merge(&other.latencies);
        self.delivered += other.delivered;
        self.foreign += other.foreign;
        self.stray += other.stray;
        self.garbled += other.garbled;
        self.late += other.late;
        self.others += other.others;
    }
}

/// A number to tell runs apart.
pub(crate) fn random() -> u64 {
    // Std's hasher keys are random, which is enough for that.
    RandomState::new().hash_one(0_u8)
}

impl Job {
    /// The streams a session listens to, in ascending order.
    pub(crate) fn streams_of(&self, session: usize) -> Vec<u32> {
        match &self.kind {
            Kind::Shared => vec![0],
            Kind::Own | Kind::Desks(_) => vec![short(session)],
            Kind::Rooms(each) => {
                let each = (*each).min(self.streams);
                let mut rooms = std::collections::BTreeSet::new();
                let mut draw = Draw::new(session as u64);
                while rooms.len() < each {
                    rooms.insert(short(draw.below(self.streams)));
                }
                rooms.into_iter().collect()
            }
        }
    }

    /// The channels a session subscribes to.
    pub(crate) fn channels_of(&self, session: usize) -> Vec<String> {
        if matches!(self.kind, Kind::Desks(_)) {
            return vec![desk::CHANNEL.to_owned()];
        }
        self.streams_of(session).into_iter().map(|stream| self.channel_of(stream)).collect()
    }

    fn channel_of(&self, stream: u32) -> String {
        match self.kind {
            Kind::Shared => self.channel.clone(),
            _ => format!("{}/{stream}", self.channel),
        }
    }

    /// Which stream has this channel, given as JSON text.
    fn stream_on(&self, channel: &[u8]) -> Option<u32> {
        let plain = channel.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        if memchr::memchr(b'\\', plain).is_some() {
            let text = scan::text(channel)?;
            return self.stream_of_text(text.as_bytes());
        }
        self.stream_of_text(plain)
    }

    fn stream_of_text(&self, text: &[u8]) -> Option<u32> {
        let rest = text.strip_prefix(self.channel.as_bytes())?;
        match self.kind {
            Kind::Shared => rest.is_empty().then_some(0),
            _ => u32::try_from(scan::number(rest.strip_prefix(b"/")?)?).ok(),
        }
    }

    /// How a session introduces itself.
    pub(crate) fn login_of(&self, session: usize) -> (Arc<Target>, Cookies) {
        let desk = match &self.kind {
            Kind::Desks(desks) => desks.get(session),
            _ => None,
        };
        let cookies = desk.map(|desk| desk.cookies.clone()).unwrap_or_default();
        (Arc::clone(&self.target), cookies)
    }

    /// A new account.
    pub(crate) fn account_of(&self, session: usize) -> Account {
        let streams = self.streams_of(session);
        let ledgers = streams.into_iter().map(|stream| (stream, Ledger::default())).collect();
        Account { ledgers, counted: false }
    }

    /// Looks at a delivery. `begun` is the start of the schedule, once there is one.
    pub(crate) fn check(
        &self,
        account: &mut Account,
        tally: &mut Tally,
        (channel, data): (&[u8], &[u8]),
        begun: Option<Instant>,
        arrived: Instant,
    ) {
        let (stream, stamp) = match &self.kind {
            Kind::Desks(desks) => {
                let desk = account.ledgers.first().and_then(|(at, _)| desks.get(*at as usize));
                let Some(desk) = desk else { return };
                match desk.read(channel, data) {
                    desk::Seen::Stamped(stamp) => (Some(desk.stream), Some(stamp)),
                    desk::Seen::Other => {
                        tally.others += 1;
                        return;
                    }
                    desk::Seen::Stray => {
                        tally.stray += 1;
                        return;
                    }
                    desk::Seen::Garbled => {
                        tally.garbled += 1;
                        return;
                    }
                }
            }
            _ => (self.stream_on(channel), Stamp::read(data)),
        };
        let Some(stamp) = stamp.filter(|stamp| stamp.run == self.run) else {
            tally.foreign += 1;
            return;
        };
        let ledger = account
            .ledgers
            .iter_mut()
            .find(|(known, _)| *known == stamp.stream && stream == Some(*known));
        let Some((_, ledger)) = ledger else {
            tally.stray += 1;
            return;
        };
        let bytes = self.traffic.map_or(0, |traffic| traffic.payload_bytes);
        let is_whole = stamp.padding == Some(stamp.padding_of(bytes));
        let Some(begun) = begun.filter(|_| is_whole) else {
            tally.garbled += 1;
            return;
        };
        if ledger.enter(stamp.number) == Entry::New {
            let latency =
                arrived.saturating_duration_since(begun + Duration::from_micros(stamp.due_us));
            tally.latencies.record(latency);
            tally.delivered += 1;
            if latency > self.late {
                tally.late += 1;
            }
        }
    }

    /// Appends a request that publishes these messages: a whole one, or over WebSocket its text.
    /// `publisher` is the session that speaks, if one has to.
    pub(crate) fn render(
        &self,
        publisher: Option<&Identity>,
        flight: &[(u32, u64)],
        due_us: u64,
        out: &mut Vec<u8>,
    ) {
        let bytes = self.traffic.map_or(0, |traffic| traffic.payload_bytes);
        let stamp = |stream, number| Stamp { run: self.run, stream, number, due_us, padding: None };
        if let Kind::Desks(desks) = &self.kind {
            for (stream, number) in flight {
                let mut data = Vec::with_capacity(bytes);
                stamp(*stream, *number).render(bytes, &mut data);
                let desk = desks.get(*stream as usize);
                out.extend(desk.map(|desk| desk.change(&self.target, &data)).unwrap_or_default());
            }
            return;
        }
        let Some(publisher) = publisher else { return };
        let client_id = json_string(&publisher.client_id);
        let mut body = Vec::with_capacity(flight.len() * (bytes + 160));
        for (at, (stream, number)) in flight.iter().enumerate() {
            let open = if at == 0 { "[" } else { "," };
            let channel = json_string(&self.channel_of(*stream));
            body.extend_from_slice(
                format!(r#"{open}{{"channel":{channel},"clientId":{client_id},"id":"4","data":"#)
                    .as_bytes(),
            );
            stamp(*stream, *number).render(bytes, &mut body);
            body.push(b'}');
        }
        body.push(b']');
        if self.target.is_websocket() {
            out.extend_from_slice(&body);
        } else {
            let body = String::from_utf8_lossy(&body);
            out.extend(request::post(&publisher.target, &publisher.cookies, &body));
        }
    }

    /// Whether messages go out by connections of their own.
    pub(crate) fn publishes_by_http(&self) -> bool {
        !self.target.is_websocket() || matches!(self.kind, Kind::Desks(_))
    }

    /// Whether a publisher needs a session to speak for.
    pub(crate) fn publishers_poll(&self) -> bool {
        !matches!(self.kind, Kind::Desks(_))
    }
}

impl Account {
    /// The streams it listens to.
    pub(crate) fn streams(&self) -> impl Iterator<Item = u32> {
        self.ledgers.iter().map(|(stream, _)| *stream)
    }

    /// The balance, given what was sent on each stream and what the server did not accept.
    pub(crate) fn close(&self, sent: &[u64], excused: &[Vec<u64>]) -> Faults {
        let mut faults = Faults::default();
        if !self.counted {
            return faults;
        }
        for (stream, ledger) in &self.ledgers {
            let at = *stream as usize;
            let excused = excused.get(at).map_or(&[][..], Vec::as_slice);
            faults += ledger.close(sent.get(at).copied().unwrap_or_default(), excused);
        }
        faults
    }
}

/// Numbers that look random and are the same each time: a splitmix64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or_default()
    }
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::target::Reach;

    fn job(kind: Kind, streams: usize) -> Job {
        let target = Target::new("http://127.0.0.1:1/cometd", Reach::Loopback).unwrap();
        let traffic =
            Traffic { pace: Pace::Every(1.0), publishers: 1, batch: 1, payload_bytes: 100 };
        Job {
            target: Arc::new(target),
            run: 7,
            channel: "/load/a".to_owned(),
            kind,
            sessions: 4,
            streams,
            traffic: Some(traffic),
            late: Duration::from_secs(1),
        }
    }

    fn data(run: u32, stream: u32, number: u64) -> Vec<u8> {
        let mut data = Vec::new();
        Stamp { run, stream, number, due_us: 0, padding: None }.render(100, &mut data);
        data
    }

    #[test]
    fn rooms_are_drawn_once_and_differ() {
        let job = job(Kind::Rooms(10), 100);
        let rooms = job.streams_of(3);
        assert_eq!(rooms.len(), 10);
        assert!(rooms.windows(2).all(|two| two[0] < two[1]));
        assert_eq!(rooms, job.streams_of(3));
        assert_ne!(rooms, job.streams_of(4));
        assert_eq!(self::job(Kind::Rooms(10), 3).streams_of(0), [0, 1, 2]);
    }

    #[test]
    fn every_fault_of_a_delivery_is_told_apart() {
        let job = job(Kind::Own, 4);
        let (mut account, mut tally) = (job.account_of(2), Tally::new());
        let now = clock::now();
        let mut check = |channel: &str, data: &[u8], begun| {
            job.check(&mut account, &mut tally, (channel.as_bytes(), data), begun, now);
            (tally.delivered, tally.foreign, tally.stray, tally.garbled)
        };
        let own = "\"/load/a/2\"";
        assert_eq!(check(own, &data(7, 2, 0), None), (0, 0, 0, 1), "before the first message");
        assert_eq!(check(own, &data(7, 2, 0), Some(now)), (1, 0, 0, 1));
        assert_eq!(check("\"\\/load\\/a\\/2\"", &data(7, 2, 1), Some(now)), (2, 0, 0, 1));
        assert_eq!(check(own, &data(8, 2, 0), Some(now)), (2, 1, 0, 1), "another run");
        assert_eq!(check(own, b"{}", Some(now)), (2, 2, 0, 1), "no stamp");
        assert_eq!(check("\"/load/a/3\"", &data(7, 3, 0), Some(now)), (2, 2, 1, 1));
        assert_eq!(check(own, &data(7, 3, 0), Some(now)), (2, 2, 2, 1), "the wrong channel");
        assert_eq!(check("\"/load/a/3\"", &data(7, 2, 0), Some(now)), (2, 2, 3, 1));
        let mut damaged = data(7, 2, 1);
        damaged[80] = b'-';
        assert_eq!(check(own, &damaged, Some(now)), (2, 2, 3, 2));
        assert_eq!(check(own, &data(7, 2, 1), Some(now)), (2, 2, 3, 2), "again");
        account.counted = true;
        let faults = account.close(&[9, 9, 4, 9], &[]);
        assert_eq!((faults.lost, faults.doubled), (2, 1));
    }

    #[test]
    fn what_comes_late_counts_as_late_and_as_delivered() {
        let job = job(Kind::Shared, 1);
        let (mut account, mut tally) = (job.account_of(0), Tally::new());
        let begun = clock::now();
        for (number, seconds) in [(0, 1), (1, 2)] {
            let arrived = begun + Duration::from_secs(seconds);
            let delivery = (&b"\"/load/a\""[..], &*data(7, 0, number));
            job.check(&mut account, &mut tally, delivery, Some(begun), arrived);
        }
        assert_eq!((tally.delivered, tally.late), (2, 1));
    }

    #[test]
    fn a_batch_is_one_request() {
        let job = job(Kind::Rooms(2), 4);
        let identity = Identity {
            target: Arc::clone(&job.target),
            client_id: "c\"1".into(),
            cookies: Cookies::default(),
        };
        let mut out = Vec::new();
        job.render(Some(&identity), &[(1, 0), (3, 5)], 9, &mut out);
        let text = String::from_utf8(out).unwrap();
        let body: serde_json::Value =
            serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!(body[1]["channel"], "/load/a/3");
        assert_eq!((&body[1]["clientId"], &body[1]["data"]["n"]), (&"c\"1".into(), &5.into()));
        assert_eq!(body.as_array().unwrap().len(), 2);
    }
}
