//! One thread of a run: its share of the sessions and publishers, and the loop that serves them.
//!
//! A thread owns its connections, its sessions and their accounts, one buffer to read to and one to
//! write from. It waits for sockets, and for the next message that is due. A session costs no task
//! and no timer: what takes too long is found by a look at all of them every few seconds, and only
//! sessions that pause are in a list by time.

mod publishing;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll, Token};

use crate::clock;
use crate::frames::{self, Frame};
use crate::job::{Account, Draw, Tally};
use crate::latency::Latencies;
use crate::link::{Buffer, Link, LinkError, Unit};
use crate::pace::Alarm;
use crate::publisher::{PAUSE, Publisher};
use crate::request;
use crate::session::{ANSWER_DEADLINE, Answers, Identity, Session, SessionError, State};
use crate::shared::{Phase, Shared};
use crate::source;
use publishing::Next;

/// Longest time between two looks at the phase.
const GLANCE: Duration = Duration::from_millis(20);

/// The same for a publisher that waits for room.
const SHORT_GLANCE: Duration = Duration::from_millis(1);

/// Time between two looks for what takes too long.
const SWEEP: Duration = Duration::from_secs(2);

/// Failures in a row after which a session is given up.
const MAX_SESSION_FAILURES: u32 = 3;

/// Pause before a session that failed comes again; doubled for each failure in a row.
const BACKOFF: Duration = Duration::from_millis(250);

/// Events that are taken at once.
const EVENTS: usize = 1024;

const ALARM: Token = Token(0);

/// One session and its connection.
#[derive(Debug)]
struct Lane {
    /// Among all sessions of the run, publishers behind the others.
    number: usize,
    /// Whether it belongs to a publisher.
    side: bool,
    state: State,
    session: Session,
    link: Option<Link>,
    account: Account,
    /// When it entered its state, or sent its poll.
    since: Instant,
    /// When it is to go on.
    wake: Option<Instant>,
    /// Subscriptions that are not accepted yet.
    awaited: usize,
    /// Whether its poll was answered and the next is not sent.
    owes_poll: bool,
    failures: u32,
}

/// One thread's share of a run.
#[derive(Debug)]
pub(crate) struct Worker {
    index: usize,
    shared: Arc<Shared>,
    ramp: usize,
    poll: Poll,
    alarm: Alarm,
    lanes: Vec<Lane>,
    publishers: Vec<Publisher>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    tally: Tally,
    publisher_late: Latencies,
    scratch: Vec<u8>,
    /// Sessions whose poll was answered and that have to send the next.
    answered: Vec<usize>,
    masks: Draw,
    /// The next lane of the ramp.
    next: usize,
    counts: Counts,
    /// The start of the schedule, once there is one.
    begun: Option<Instant>,
}

/// Sessions by state; of subscribers unless it says otherwise.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    rising: u64,
    up: u64,
    held: u64,
    gone: u64,
    side_up: u64,
    side_gone: u64,
    answered: u64,
    read_bytes: u64,
}

/// What a thread gives back.
#[derive(Debug)]
pub(crate) struct Harvest {
    pub(crate) accounts: Vec<Account>,
    pub(crate) identities: Vec<Identity>,
    pub(crate) tally: Tally,
    pub(crate) publisher_late: Latencies,
    /// By stream, how many messages went out.
    pub(crate) issued: Vec<(u32, u64)>,
}

impl Worker {
    /// The share of thread `index`. `ramp` sessions are set up at the same time.
    pub(crate) fn new(index: usize, shared: &Arc<Shared>, ramp: usize) -> io::Result<Self> {
        let threads = shared.gauges.len();
        let poll = Poll::new()?;
        let alarm = Alarm::new(poll.registry(), ALARM)?;
        let now = clock::now();
        let job = &shared.job;
        let mut lanes = Vec::new();
        for number in (index..job.sessions).step_by(threads) {
            lanes.push(Lane::new(number, false, shared, now));
        }
        let mut publishers = Vec::new();
        let count = job.traffic.map_or(0, |traffic| traffic.publishers);
        for number in (index..count).step_by(threads) {
            let lane = job.publishers_poll().then(|| {
                lanes.push(Lane::new(job.sessions + number, true, shared, now));
                lanes.len() - 1
            });
            publishers.push(Publisher::new(number, shared, lane, now));
        }
        Ok(Self {
            index,
            shared: Arc::clone(shared),
            ramp: ramp.div_ceil(threads).max(1),
            poll,
            alarm,
            lanes,
            publishers,
            timers: BinaryHeap::new(),
            tally: Tally::new(),
            publisher_late: Latencies::new(),
            scratch: Vec::new(),
            answered: Vec::new(),
            masks: Draw::new(crate::job::random()),
            next: 0,
            counts: Counts::default(),
            begun: None,
        })
    }

    /// Serves the share until the run ends.
    pub(crate) fn run(mut self) -> io::Result<Harvest> {
        let mut buffer = Buffer::new();
        let mut events = Events::with_capacity(EVENTS);
        let mut phase = Phase::Ramp;
        let mut swept = clock::now();
        loop {
            let now = clock::now();
            let seen = self.shared.phase();
            if seen != phase {
                phase = seen;
                match phase {
                    Phase::Ramp => {}
                    Phase::Ready => self.count_audience(),
                    Phase::Traffic => {
                        self.begun = self.shared.schedule.get().map(|schedule| schedule.start);
                    }
                    Phase::End => return Ok(self.harvest()),
                }
            }
            if phase == Phase::Ramp {
                self.bring_up(now);
            }
            self.wake(now);
            let mut glance = GLANCE;
            if phase == Phase::Traffic {
                match self.publish(now) {
                    Next::At(due) => self.alarm.set(due, now)?,
                    Next::WhenThereIsRoom => glance = SHORT_GLANCE,
                    Next::Never => {}
                }
            }
            if now.saturating_duration_since(swept) >= SWEEP {
                swept = now;
                self.sweep(now);
            }
            self.publish_gauges();
            if let Some(Reverse((at, _))) = self.timers.peek() {
                glance = glance.min(at.saturating_duration_since(now));
            }
            match self.poll.poll(&mut events, Some(glance)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            for event in &events {
                self.handle(event, &mut buffer);
            }
            self.send_polls();
        }
    }

    fn handle(&mut self, event: &Event, buffer: &mut Buffer) {
        let Some(at) = event.token().0.checked_sub(1) else { return };
        if at < self.lanes.len() {
            let served = match self.serve_lane(at, event, buffer) {
                // Between two polls a server may close; the next one gets another connection.
                Err(SessionError::Link(LinkError::Ended)) if self.is_between_polls(at) => {
                    if let Some(lane) = self.lanes.get_mut(at) {
                        lane.link = None;
                    }
                    return;
                }
                served => served,
            };
            if let Err(error) = served {
                self.fail(at, &error);
            }
            return;
        }
        let at = at - self.lanes.len();
        if let Err(error) = self.serve_publisher(at, event, buffer) {
            self.fail_publisher(at, &error);
        }
    }

    /// Whether a session rests, and nothing is under way on its connection.
    fn is_between_polls(&self, at: usize) -> bool {
        self.lanes.get(at).is_some_and(|lane| {
            lane.state == State::Resting && !lane.session.identity.target.is_websocket()
        })
    }

    /// Reads and writes what the socket of a session allows.
    fn serve_lane(
        &mut self,
        at: usize,
        event: &Event,
        buffer: &mut Buffer,
    ) -> Result<(), SessionError> {
        let to_the_end = event.is_read_closed() || event.is_error();
        {
            let Some(link) = self.lanes.get_mut(at).and_then(|lane| lane.link.as_mut()) else {
                return Ok(());
            };
            if event.is_writable() {
                link.handle_writable()?;
            }
        }
        loop {
            let Some(link) = self.lanes.get_mut(at).and_then(|lane| lane.link.as_mut()) else {
                return Ok(());
            };
            if !link.fill(buffer)? {
                return Ok(());
            }
            let arrived = clock::now();
            self.counts.read_bytes += buffer.from(0).len() as u64;
            let mut taken = 0;
            loop {
                let Some(link) = self.lanes.get_mut(at).and_then(|lane| lane.link.as_mut()) else {
                    return Ok(());
                };
                let Some((unit, length)) = link.unit(buffer.from(taken))? else {
                    link.keep(buffer.from(taken));
                    break;
                };
                taken += length;
                if self.take_in(at, &unit, arrived)? == Onward::OnAnother {
                    return Ok(());
                }
            }
            if !buffer.has_more() && !to_the_end {
                return Ok(());
            }
        }
    }

    /// Something whole arrived for a session.
    fn take_in(
        &mut self,
        at: usize,
        unit: &Unit<'_>,
        arrived: Instant,
    ) -> Result<Onward, SessionError> {
        let Some(lane) = self.lanes.get_mut(at) else { return Ok(Onward::OnThis) };
        let (tally, job, begun) = (&mut self.tally, &self.shared.job, self.begun);
        match unit {
            Unit::Response(response) => {
                if response.status != 200 {
                    return Err(SessionError::Status(response.status));
                }
                if lane.state.is_rising() {
                    for cookie in response.values("set-cookie") {
                        lane.session.identity.cookies.absorb(cookie);
                    }
                }
                let account = &mut lane.account;
                let answers = lane.session.read(&response.body, |channel, data| {
                    job.check(account, tally, (channel, data), begun, arrived);
                })?;
                let onward = if response.close {
                    self.connect(at)?;
                    Onward::OnAnother
                } else {
                    Onward::OnThis
                };
                self.proceed(at, answers, arrived, true)?;
                Ok(onward)
            }
            Unit::Upgraded => {
                let text = lane.session.handshake();
                self.say(at, &text)?;
                Ok(Onward::OnThis)
            }
            Unit::Frame(Frame::Text(text)) => {
                let account = &mut lane.account;
                let answers = lane.session.read(text, |channel, data| {
                    job.check(account, tally, (channel, data), begun, arrived);
                })?;
                self.proceed(at, answers, arrived, false)?;
                Ok(Onward::OnThis)
            }
            Unit::Frame(Frame::Ping(payload)) => {
                self.scratch.clear();
                frames::write(frames::PONG, payload, mask(&mut self.masks), &mut self.scratch);
                if let Some(link) = &mut lane.link {
                    link.send(&self.scratch)?;
                }
                Ok(Onward::OnThis)
            }
            Unit::Frame(Frame::Pong) => Ok(Onward::OnThis),
            Unit::Frame(Frame::Close) => Err(LinkError::Ended.into()),
        }
    }

    /// A session goes on after an answer; `whole` says that nothing more will come for its request.
    fn proceed(
        &mut self,
        at: usize,
        answers: Answers,
        now: Instant,
        whole: bool,
    ) -> Result<(), SessionError> {
        let Some(lane) = self.lanes.get_mut(at) else { return Ok(()) };
        let state = lane.state;
        let is_answer = match state {
            State::Handshaking if answers.shaken => {
                let channels =
                    if lane.side { Vec::new() } else { self.shared.job.channels_of(lane.number) };
                lane.since = now;
                lane.awaited = channels.len();
                if channels.is_empty() {
                    lane.session.prepare_poll();
                    self.send_poll(at, now)?;
                } else {
                    let text = lane.session.subscribe(&channels);
                    self.set(at, State::Subscribing);
                    self.say(at, &text)?;
                }
                true
            }
            State::Subscribing => {
                lane.awaited = lane.awaited.saturating_sub(answers.subscribed);
                let is_done = lane.awaited == 0;
                if is_done {
                    lane.session.prepare_poll();
                    self.send_poll(at, now)?;
                }
                is_done
            }
            State::Polling => {
                if let Some(pause) = answers.connected {
                    lane.failures = 0;
                    self.counts.answered += u64::from(!lane.side);
                    if pause.is_zero() {
                        lane.owes_poll = true;
                        self.answered.push(at);
                    } else {
                        lane.wake = Some(now + pause);
                        self.timers.push(Reverse((now + pause, at)));
                        self.set(at, State::Resting);
                    }
                }
                answers.connected.is_some()
            }
            State::Down | State::Handshaking | State::Resting | State::Gone => false,
        };
        if answers.accepted + answers.refused > 0 {
            self.settle_for(at, answers.accepted, answers.refused);
        }
        if whole && !is_answer { Err(SessionError::Unanswered) } else { Ok(()) }
    }

    /// Sends the polls that answered ones left behind. All that has arrived is read before, so that
    /// the deliveries of a burst do not wait for our own writing.
    fn send_polls(&mut self) {
        let mut answered = std::mem::take(&mut self.answered);
        if !answered.is_empty() {
            let now = clock::now();
            for at in answered.drain(..) {
                let Some(lane) = self.lanes.get_mut(at) else { continue };
                if !std::mem::take(&mut lane.owes_poll) || lane.state != State::Polling {
                    continue;
                }
                if let Err(error) = self.send_poll(at, now) {
                    self.fail(at, &error);
                }
            }
        }
        self.answered = answered;
    }

    fn send_poll(&mut self, at: usize, now: Instant) -> Result<(), SessionError> {
        let Some(lane) = self.lanes.get_mut(at) else { return Ok(()) };
        lane.since = now;
        let Some(link) = &mut lane.link else { return Ok(()) };
        if link.is_upgraded() {
            self.scratch.clear();
            frames::write(
                frames::TEXT,
                lane.session.poll(),
                mask(&mut self.masks),
                &mut self.scratch,
            );
            link.send(&self.scratch)?;
        } else {
            link.send(lane.session.poll())?;
        }
        if lane.state != State::Polling {
            self.set(at, State::Polling);
        }
        Ok(())
    }

    /// Sends a message that is not a poll.
    fn say(&mut self, at: usize, text: &str) -> Result<(), SessionError> {
        let Some(lane) = self.lanes.get_mut(at) else { return Ok(()) };
        let Some(link) = &mut lane.link else { return Ok(()) };
        if link.is_upgraded() {
            self.scratch.clear();
            frames::write(frames::TEXT, text.as_bytes(), mask(&mut self.masks), &mut self.scratch);
            link.send(&self.scratch)?;
        } else {
            let Identity { target, cookies, .. } = &lane.session.identity;
            link.send(&request::post(target, cookies, text))?;
        }
        Ok(())
    }

    /// Gives a session a fresh connection.
    fn connect(&mut self, at: usize) -> Result<(), SessionError> {
        let shared = Arc::clone(&self.shared);
        let Some(lane) = self.lanes.get_mut(at) else { return Ok(()) };
        // The old one goes first: its token is used again.
        lane.link = None;
        let address = shared.job.target.address();
        let source = source::address(lane.number, shared.job.sessions, address);
        lane.link = Some(Link::open(address, source, self.poll.registry(), Token(at + 1))?);
        Ok(())
    }

    /// Begins a session, for the first time or again.
    fn begin(&mut self, at: usize, now: Instant) {
        let begun = self.connect(at).and_then(|()| {
            self.set(at, State::Handshaking);
            let Some(lane) = self.lanes.get_mut(at) else { return Ok(()) };
            lane.since = now;
            lane.wake = None;
            let Identity { target, cookies, .. } = &lane.session.identity;
            if target.is_websocket() {
                let (request, accept) = frames::upgrade(target, cookies);
                if let Some(link) = &mut lane.link {
                    link.expect_upgrade(accept);
                    link.send(&request)?;
                }
                Ok(())
            } else {
                let text = lane.session.handshake();
                self.say(at, &text)
            }
        });
        if let Err(error) = begun {
            self.fail(at, &error);
        }
    }

    /// Begins as many sessions as may be set up at the same time.
    fn bring_up(&mut self, now: Instant) {
        while self.next < self.lanes.len() && self.counts.rising < self.ramp as u64 {
            self.next += 1;
            self.begin(self.next - 1, now);
        }
    }

    /// Lets sessions go on whose pause is over.
    fn wake(&mut self, now: Instant) {
        while let Some(Reverse((moment, at))) =
            self.timers.peek().copied().filter(|next| next.0.0 <= now)
        {
            self.timers.pop();
            let Some(lane) = self.lanes.get_mut(at) else { continue };
            if lane.wake != Some(moment) {
                continue;
            }
            lane.wake = None;
            match lane.state {
                State::Resting => {
                    let fresh = if lane.link.is_none() { self.connect(at) } else { Ok(()) };
                    if let Err(error) = fresh.and_then(|()| self.send_poll(at, now)) {
                        self.fail(at, &error);
                    }
                }
                State::Down => self.begin(at, now),
                State::Handshaking | State::Subscribing | State::Polling | State::Gone => {}
            }
        }
    }

    /// Looks for what takes too long.
    fn sweep(&mut self, now: Instant) {
        for at in 0..self.lanes.len() {
            let Some(lane) = self.lanes.get(at) else { continue };
            let age = now.saturating_duration_since(lane.since);
            let is_late = match lane.state {
                State::Handshaking | State::Subscribing => age > ANSWER_DEADLINE,
                State::Polling => age > lane.session.patience(),
                State::Down | State::Resting | State::Gone => false,
            };
            if is_late {
                self.fail(at, &SessionError::Late);
            }
        }
        for at in 0..self.publishers.len() {
            if self.publishers.get(at).is_some_and(|publisher| publisher.is_overdue(now)) {
                self.fail_publisher(at, &SessionError::Late);
            }
        }
    }

    /// A session failed: it is counted and comes again, unless it failed too often.
    fn fail(&mut self, at: usize, error: &SessionError) {
        self.shared.troubles.note(error.kind(), error);
        let now = clock::now();
        let Some(lane) = self.lanes.get_mut(at) else { return };
        lane.link = None;
        lane.owes_poll = false;
        lane.failures += 1;
        if lane.failures > MAX_SESSION_FAILURES {
            self.set(at, State::Gone);
        } else {
            let wake = now + BACKOFF * (1 << lane.failures.min(4));
            lane.wake = Some(wake);
            self.timers.push(Reverse((wake, at)));
            self.set(at, State::Down);
        }
        let flies = |publisher: &&mut Publisher| {
            publisher.lane == Some(at) && publisher.link.is_none() && !publisher.flight.is_empty()
        };
        if let Some(publisher) = self.publishers.iter_mut().find(flies) {
            self.shared.excuse(&publisher.flight);
            publisher.flight.clear();
            publisher.pause = Some(now + PAUSE);
        }
    }

    /// Enters a state and keeps count.
    fn set(&mut self, at: usize, state: State) {
        let Some(lane) = self.lanes.get_mut(at) else { return };
        let counts = &mut self.counts;
        for (state, sign) in [(lane.state, u64::MAX), (state, 1)] {
            let add = |count: &mut u64, is: bool| {
                if is {
                    *count = count.wrapping_add(sign);
                }
            };
            add(&mut counts.rising, state.is_rising());
            if lane.side {
                add(&mut counts.side_up, state.is_up());
                add(&mut counts.side_gone, state == State::Gone);
            } else {
                add(&mut counts.up, state.is_up());
                add(&mut counts.held, state == State::Polling);
                add(&mut counts.gone, state == State::Gone);
            }
        }
        lane.state = state;
    }

    fn publish_gauges(&self) {
        let Some(gauge) = self.shared.gauges.get(self.index) else { return };
        let Counts { up, held, gone, side_up, side_gone, answered, read_bytes, .. } = self.counts;
        for (to, value) in [
            (&gauge.up, up),
            (&gauge.held, held),
            (&gauge.gone, gone),
            (&gauge.side_up, side_up),
            (&gauge.side_gone, side_gone),
            (&gauge.answered, answered),
            (&gauge.delivered, self.tally.delivered),
            (&gauge.read_bytes, read_bytes),
        ] {
            to.store(value, Ordering::Relaxed);
        }
    }

    /// Whoever is up now is owed every message.
    fn count_audience(&mut self) {
        for lane in self.lanes.iter_mut().filter(|lane| !lane.side && lane.state.is_up()) {
            lane.account.counted = true;
            for stream in lane.account.streams() {
                if let Some(audience) = self.shared.audience.get(stream as usize) {
                    audience.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        if self.shared.job.publishes_by_http() {
            for at in 0..self.publishers.len() {
                if let Err(error) = self.connect_publisher(at) {
                    self.fail_publisher(at, &error);
                }
            }
        }
        self.publish_gauges();
        self.shared.counted.fetch_add(1, Ordering::AcqRel);
    }

    /// Ends the share.
    fn harvest(self) -> Harvest {
        let mut accounts = Vec::with_capacity(self.lanes.len());
        let mut identities = Vec::with_capacity(self.lanes.len());
        for lane in self.lanes {
            if lane.state.is_up() {
                identities.push(lane.session.identity);
            }
            if !lane.side {
                accounts.push(lane.account);
            }
        }
        let issued = self.publishers.into_iter().flat_map(|publisher| publisher.streams).collect();
        Harvest {
            accounts,
            identities,
            tally: self.tally,
            publisher_late: self.publisher_late,
            issued,
        }
    }
}

/// Whether to go on with what was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Onward {
    OnThis,
    /// The session has another connection now.
    OnAnother,
}

impl Lane {
    fn new(number: usize, side: bool, shared: &Shared, now: Instant) -> Self {
        let (target, cookies) = shared.job.login_of(number);
        Self {
            number,
            side,
            state: State::Down,
            session: Session::new(target, cookies),
            link: None,
            account: if side { Account::default() } else { shared.job.account_of(number) },
            since: now,
            wake: None,
            awaited: 0,
            owes_poll: false,
            failures: 0,
        }
    }
}

fn mask(masks: &mut Draw) -> u32 {
    u32::try_from(masks.next() >> 32).unwrap_or_default()
}
