//! The machine of one client, from handshake to removal.
//!
//! Owns what the server owes a client: its undelivered messages and the `/meta/connect` that may
//! be held open. Reads no clock, writes no socket, wakes nobody: whoever calls gets a [`Waker`]
//! back and wakes it after letting go of the lock.
//!
//! # States
//!
//! | State  | Meaning                 | Left when                                   | Next   |
//! |--------|-------------------------|---------------------------------------------|--------|
//! | `Idle` | no connect is held      | a connect arrives that may wait             | `Held` |
//! | `Idle` |                         | `expires` passes                            | `Gone` |
//! | `Held` | a connect waits         | a message is queued, `deadline` passes, the | `Idle` |
//! |        |                         | connection ends, or the server drains       |        |
//! | `Held` |                         | lazy messages have waited until `flush_at`  | `Idle` |
//! | `Held` |                         | a newer connect arrives (generation grows)  | `Held` or `Idle` |
//! | any    |                         | a disconnect, a full queue, the server says | `Gone` |
//!
//! `Gone` is final. A hold tells by its generation whether it is still the one that counts, so a
//! connect that was superseded can never take messages.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Connect". Observed: CometD 3.1 to 8 never hold the first connect after
//! a handshake; expiry is interval plus `maxInterval` after the last connect reply, and any other
//! message puts it off to at least `maxInterval`.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use encke_bayeux::{Advice, BrowserId, ChannelName, ChannelPattern, ClientAdvice, Reconnect};

use crate::activity::ActiveBy;
use crate::alarm::Alarm;
use crate::backlog::{Amount, Queued};
use crate::binding::Binding;
use crate::catch_up::CatchUp;
use crate::channel_rule::Overflow;
use crate::config::Config;
use crate::effect::{Connected, Due, Ended, LinkState, Offered, Release, Released, Unlinked};
use crate::event::Event;
use crate::listener::RemovedBecause;
use crate::notice::{Notice, Notices};
use crate::outbox::{Admitted, Outbox, Taken};
use crate::rate::Bucket;
use crate::session_settings::{Own, SessionSettings};
use crate::snapshot::{Described, MAX_SUBSCRIPTIONS, Via};
use crate::tally::{Seat, Tally};
use crate::wheel::TICK;

#[derive(Debug)]
enum State {
    /// A session inside the process never expires.
    Idle {
        expires: Option<Instant>,
    },
    /// With a seat of its browser, where those are counted.
    Held {
        since: Instant,
        deadline: Instant,
        waker: Option<Waker>,
        seat: Option<Seat<BrowserId>>,
    },
    Gone,
}

/// How many connects of a browser may be held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seats<'a> {
    pub(crate) tally: &'a Arc<Tally<BrowserId>>,
    /// `None` keeps no cookies, so there is nothing to count.
    pub(crate) browser: Option<&'a BrowserId>,
    pub(crate) most: usize,
}

impl Seats<'_> {
    /// A seat for a connect that is held, `Some(None)` for one that does not count; `None` where all
    /// are taken.
    #[expect(clippy::option_option, reason = "what counts and what may wait are two questions")]
    fn seat(&self, binding: &Binding) -> Option<Option<Seat<BrowserId>>> {
        match self.browser {
            None => (self.most > 0).then_some(None),
            Some(browser) => self.tally.take(binding.share(browser), self.most).map(Some),
        }
    }
}

/// A connection that takes messages whenever there are some.
#[derive(Debug)]
struct Attached {
    generation: u64,
    waker: Option<Waker>,
}

#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    begun: Instant,
    binding: Binding,
    generation: u64,
    release: Release,
    connected: bool,
    /// A hold is over and its response has not been made yet.
    owed: bool,
    ended: Option<RemovedBecause>,
    /// Bodies in work whose replies will carry messages, so that no held connect need be woken.
    batches: u32,
    last_publish: u64,
    interval: Duration,
    own: Own,
    /// The client was told to poll, since its browser has enough connects held.
    crowded: bool,
    alarm: Alarm,
    /// Everything that waits is lazy and may wait until then; `None` where something must leave.
    flush_at: Option<Instant>,
    notices: Notices,
    /// When the session was active last, where that matters.
    active: Option<Box<Instant>>,
    /// Its tokens for publishing, once it has published.
    publishes: Option<Box<Bucket>>,
    /// Its seat among the sessions of its address, where those are bounded.
    address: Option<Box<Seat<IpAddr>>>,
    link: Option<Attached>,
    links: u64,
    outbox: Outbox,
    subscriptions: Vec<ChannelPattern>,
    /// Only for sessions that want to know positions.
    replay: Option<Box<Replaying>>,
}

/// A session that wants to know positions.
#[derive(Debug, Default)]
struct Replaying {
    catch_up: Option<CatchUp>,
}

impl Session {
    /// A session whose handshake succeeded at `now`.
    ///
    /// `kept` is the browser id that the client showed, `offered` the one it is given now. With
    /// `acknowledged` it confirms what it receives.
    pub(crate) fn new(
        kept: Option<BrowserId>,
        offered: Option<BrowserId>,
        acknowledged: bool,
        config: &Config,
        now: Instant,
    ) -> Self {
        Self {
            state: State::Idle { expires: Some(now + config.interval + config.max_interval) },
            begun: now,
            binding: Binding::new(kept, offered, config.cookie_binding),
            generation: 0,
            release: Release::Timeout,
            connected: false,
            owed: false,
            ended: None,
            batches: 0,
            last_publish: 0,
            interval: config.interval,
            own: Own::default(),
            crowded: false,
            alarm: Alarm::default(),
            flush_at: None,
            notices: Notices::default(),
            active: config.activity.map(|_| Box::new(now)),
            publishes: None,
            address: None,
            link: None,
            links: 0,
            outbox: Outbox::new(acknowledged),
            subscriptions: Vec::new(),
            replay: None,
        }
    }

    /// A session inside the process, which no silence ends.
    pub(crate) fn local(config: &Config, now: Instant) -> Self {
        Self { state: State::Idle { expires: None }, ..Self::new(None, None, false, config, now) }
    }

    /// Whether a request with this browser cookie, or a socket, may use an anonymous session.
    ///
    /// The first POST after the handshake decides whether the client keeps cookies.
    pub(crate) fn admits(&mut self, browser: Option<&BrowserId>, socket: bool) -> bool {
        self.binding.admits(browser, socket)
    }

    /// Any message but a connect arrived: the client is alive.
    pub(crate) fn handle_message(&mut self, config: &Config, now: Instant) {
        self.touch(now);
        if let State::Idle { expires: Some(expires) } = &mut self.state {
            *expires = (*expires).max(now + self.own.max_interval(config));
        }
    }

    /// Counts the session among those of its address, as long as it lives.
    pub(crate) fn sit(&mut self, address: Option<Seat<IpAddr>>) {
        self.address = address.map(Box::new);
    }

    /// Whether the client may publish once more now.
    pub(crate) fn may_publish(&mut self, config: &Config, now: Instant) -> bool {
        config
            .publish_rate
            .is_none_or(|rate| self.publishes.get_or_insert_default().take(rate, now))
    }

    fn touch(&mut self, now: Instant) {
        if let Some(active) = &mut self.active {
            **active = now;
        }
    }

    /// Whether the session has been inactive for longer than it may.
    pub(crate) fn is_inactive(&self, config: &Config, now: Instant) -> bool {
        self.active.as_ref().zip(config.activity).is_some_and(|(active, activity)| {
            now.saturating_duration_since(**active) > activity.max_inactive
        })
    }

    /// A connect arrived. It is held for `longest` at most, not at all where that is zero, and if its
    /// browser has a seat left, which is not asked where `seats` is `None`.
    pub(crate) fn handle_connect(
        &mut self,
        asked: &ClientAdvice,
        longest: Duration,
        seats: Option<Seats<'_>>,
        config: &Config,
        now: Instant,
    ) -> Connected {
        if self.is_gone() {
            return Connected { held: None, advice: None, superseded: None, crowded: false };
        }
        self.generation += 1;
        self.owed = false;
        let first = !std::mem::replace(&mut self.connected, true);
        let (superseded, own) = self.supersede(config, now);
        let seat = match (seats, own) {
            (None, _) => Some(None),
            (Some(_), Some(own)) => Some(Some(own)),
            (Some(seats), None) => seats.seat(&self.binding),
        };
        let crowded = seat.is_none();
        let was_crowded = std::mem::replace(&mut self.crowded, crowded);
        self.interval = asked.interval.unwrap_or(self.own.interval(config));
        if crowded {
            self.interval = self.interval.max(config.multi_session_interval);
        }
        let advised = first || asked.present || crowded || was_crowded;
        let timeout = asked.timeout.unwrap_or(self.own.timeout(config)).min(longest);
        let hold = !first && !crowded && !self.is_urgent() && !timeout.is_zero();
        self.state = if hold {
            State::Held { since: now, deadline: now + timeout, waker: None, seat: seat.flatten() }
        } else {
            self.idle(config, now)
        };
        if hold {
            self.note(Notice::Held, config);
        }
        let held = hold.then_some(self.generation);
        let unsaid = if hold { None } else { self.unsaid_advice(config) };
        let advice = unsaid.or_else(|| advised.then(|| self.advice(config)));
        Connected { held, advice, superseded, crowded }
    }

    /// Held => Idle: a newer connect has come, and the older one has lost its generation.
    fn supersede(
        &mut self,
        config: &Config,
        now: Instant,
    ) -> (Option<Released>, Option<Seat<BrowserId>>) {
        let idle = self.idle(config, now);
        match std::mem::replace(&mut self.state, idle) {
            State::Held { waker, seat, .. } => {
                self.note(Notice::Released(Release::Superseded), config);
                (Some(Released(waker)), seat)
            }
            State::Idle { .. } | State::Gone => (None, None),
        }
    }

    /// What the client is told about its next connect.
    fn advice(&self, config: &Config) -> Advice {
        if self.crowded && config.multi_session_interval.is_zero() {
            return Advice { multiple_clients: true, ..Advice::only(Reconnect::None) };
        }
        Advice {
            multiple_clients: self.crowded,
            timeout: Some(self.own.timeout(config)),
            max_interval: config.advise_max_interval.then(|| self.own.max_interval(config)),
            ..config.retry(self.interval)
        }
    }

    /// Replaces the settings that code has given this session.
    pub(crate) fn configure(&mut self, settings: SessionSettings, config: &Config) {
        if let Some(interval) = self.own.set(settings, config) {
            self.interval = interval;
        }
    }

    /// What this connect reply has to say about new times, if the client does not know them yet.
    pub(crate) fn unsaid_advice(&mut self, config: &Config) -> Option<Advice> {
        let unsaid = self.own.is_unsaid();
        self.own.said();
        unsaid.then(|| self.advice(config))
    }

    /// Whether messages travel on connect replies only.
    pub(crate) fn delivers_on_connects_only(&self, config: &Config) -> bool {
        self.outbox.is_acknowledged() || self.own.meta_connect_delivery_only(config)
    }

    /// Whether the session gets its own messages, where the channel agrees.
    pub(crate) fn hears_itself(&self, config: &Config) -> bool {
        self.own.broadcast_to_publisher(config)
    }

    /// Offers a message. `publish` numbers the publish; 0 means that doubles cannot happen. What was
    /// `given_up` for it is gone.
    pub(crate) fn offer(
        &mut self,
        event: &Event,
        publish: u64,
        given_up: &mut Amount,
        config: &Config,
    ) -> Offered {
        if self.is_gone() {
            return Offered::Gone;
        }
        if publish != 0 {
            if self.last_publish == publish {
                return Offered::Double;
            }
            self.last_publish = publish;
        }
        if config.activity.is_some_and(|activity| activity.by == ActiveBy::ClientOrServer) {
            self.touch(event.at);
        }
        if event.entry.is_some() && self.is_catching_up() {
            return Offered::Later;
        }
        let quiet = !self.is_urgent();
        let message = event.queued(self.replay.is_some());
        let bytes = message.text.len();
        if let Some(entry) = event.entry.as_ref().filter(|_| self.replay.is_some())
            && !self.outbox.has_room_for(bytes, config)
        {
            // What is kept need not be lost: the session goes on from the log when it has room.
            self.begin_catch_up(entry.position - 1, 0);
            return Offered::Later;
        }
        match self.outbox.push(message, event.overflow, config) {
            Admitted::Waits(amount) => *given_up = amount,
            Admitted::Missed => return Offered::Missed,
            Admitted::Full => return Offered::Overflow,
        }
        self.flush_at = event.lazy.filter(|_| quiet).map(|within| {
            let at = event.at + within;
            self.flush_at.map_or(at, |earlier| earlier.min(at))
        });
        if self.flush_at.is_some() {
            return Offered::Queued(bytes, None);
        }
        if let Some(link) = self.link.as_mut().filter(|_| !self.outbox.is_acknowledged()) {
            return Offered::Linked(bytes, link.waker.take());
        }
        if self.batches > 0 {
            return Offered::Queued(bytes, None);
        }
        Offered::Queued(bytes, self.release(Release::Messages, config, event.at))
    }

    /// Queues a message that may not be lost, and releases nothing.
    pub(crate) fn append(&mut self, message: Queued, config: &Config) -> Admitted {
        if self.is_gone() {
            return Admitted::Full;
        }
        self.flush_at = None;
        self.outbox.push(message, Overflow::Cut, config)
    }

    /// Queues a message out of the log if there is room for it, and releases nothing.
    pub(crate) fn feed(&mut self, message: Queued, config: &Config) -> bool {
        let fits = self.outbox.push_into_room(message, config);
        if fits {
            self.flush_at = None;
        }
        fits
    }

    /// Held => Idle. Returns `None` if nothing was held.
    pub(crate) fn release(
        &mut self,
        release: Release,
        config: &Config,
        now: Instant,
    ) -> Option<Released> {
        if !matches!(self.state, State::Held { .. }) {
            return None;
        }
        let idle = self.idle(config, now);
        let State::Held { waker, .. } = std::mem::replace(&mut self.state, idle) else {
            return None;
        };
        self.release = release;
        self.owed = true;
        self.note(Notice::Released(release), config);
        Some(Released(waker))
    }

    /// Any => Gone. `None` if it was gone already.
    pub(crate) fn end(&mut self, because: RemovedBecause, config: &Config) -> Option<Ended> {
        let held = match std::mem::replace(&mut self.state, State::Gone) {
            State::Gone => return None,
            State::Held { waker, .. } => {
                self.owed = true;
                Some(Released(waker))
            }
            State::Idle { .. } => None,
        };
        self.address = None;
        let release = match because {
            RemovedBecause::Overflow => Release::Overflow,
            _ => Release::Ended,
        };
        if self.owed {
            self.release = release;
        }
        self.ended = Some(because);
        if held.is_some() {
            self.note(Notice::Released(release), config);
        }
        self.note(Notice::Removed(because), config);
        let link = self.link.take().map(|link| Unlinked(link.waker));
        let subscriptions = std::mem::take(&mut self.subscriptions);
        Some(Ended { subscriptions, held, owed: self.owed, link })
    }

    /// Attaches a connection that takes messages at any time; an earlier one is over.
    pub(crate) fn attach(&mut self) -> (u64, Option<Unlinked>) {
        let over = self.detach_any();
        self.links += 1;
        self.link = Some(Attached { generation: self.links, waker: None });
        (self.links, over)
    }

    /// There is a drain: nothing waits any longer, whatever could have.
    pub(crate) fn drain(
        &mut self,
        config: &Config,
        now: Instant,
    ) -> (Option<Released>, Option<Waker>) {
        self.flush_at = None;
        (self.release(Release::Draining, config, now), self.nudge_link())
    }

    /// Something has changed that the link should look at.
    pub(crate) fn nudge_link(&mut self) -> Option<Waker> {
        self.link.as_mut().and_then(|link| link.waker.take())
    }

    /// The connection of the link of `generation` ended.
    pub(crate) fn detach(&mut self, generation: u64) {
        if self.link.as_ref().is_some_and(|link| link.generation == generation) {
            self.link = None;
        }
    }

    /// The client has come back another way: whatever link there was is over.
    pub(crate) fn detach_any(&mut self) -> Option<Unlinked> {
        self.link.take().map(|link| Unlinked(link.waker))
    }

    /// Asks, for the link of `generation`, what there is; if nothing, remembers the waker.
    pub(crate) fn poll_link(&mut self, generation: u64, waker: &Waker) -> LinkState {
        if self.is_gone() && generation == self.links && !self.outbox.is_empty() {
            return LinkState::Messages;
        }
        let urgent = self.is_urgent() && !self.outbox.is_acknowledged();
        match self.link.as_mut().filter(|link| link.generation == generation) {
            None => LinkState::Over,
            Some(_) if urgent => LinkState::Messages,
            Some(link) => {
                if !link.waker.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
                    link.waker = Some(waker.clone());
                }
                LinkState::Waiting
            }
        }
    }

    /// Asks, for the hold of `generation`, whether it is over; if not, remembers the waker.
    pub(crate) fn poll_release(&mut self, generation: u64, waker: &Waker) -> Option<Release> {
        if generation != self.generation {
            return Some(Release::Superseded);
        }
        match &mut self.state {
            State::Held { waker: kept, .. } => {
                if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
                    *kept = Some(waker.clone());
                }
                None
            }
            State::Idle { .. } | State::Gone => Some(self.release),
        }
    }

    /// The connection of the hold of `generation` ended before its answer. True if it was held.
    pub(crate) fn handle_abandoned(
        &mut self,
        generation: u64,
        config: &Config,
        now: Instant,
    ) -> bool {
        if generation != self.generation {
            return false;
        }
        let held = self.release(Release::Abandoned, config, now).is_some();
        self.owed = false;
        held
    }

    /// An entry of this session in the wheel came due.
    pub(crate) fn handle_deadline(&mut self, config: &Config, now: Instant) -> Due {
        let (mut held, mut link) = (None, None);
        if self.alarm.ring(now) {
            let is_over = |at: Instant| at < now + TICK;
            match self.state {
                State::Idle { expires: Some(at) } if is_over(at) => return Due::Expired,
                // Held => Idle
                State::Held { deadline, .. } if is_over(deadline) => {
                    held = self.release(Release::Timeout, config, now);
                }
                State::Idle { .. } | State::Held { .. } | State::Gone => {}
            }
            if self.flush_at.is_some_and(is_over) {
                (held, link) = self.flush(held, config, now);
            }
        }
        Due::Look { held, link, at: self.arm() }
    }

    /// Lazy messages have waited long enough: they leave through the link, or with the held connect
    /// unless that is over already.
    fn flush(
        &mut self,
        held: Option<Released>,
        config: &Config,
        now: Instant,
    ) -> (Option<Released>, Option<Waker>) {
        self.flush_at = None;
        if self.link.is_some() && !self.outbox.is_acknowledged() {
            return (held, self.nudge_link());
        }
        // Held => Idle
        (held.or_else(|| self.release(Release::Messages, config, now)), None)
    }

    /// The instant for which the wheel needs a new entry, if those it has are too late.
    pub(crate) fn arm(&mut self) -> Option<Instant> {
        let at = match self.state {
            State::Idle { expires } => expires,
            State::Held { deadline, .. } => Some(deadline),
            State::Gone => return None,
        };
        self.alarm.set(at.into_iter().chain(self.flush_at).min()?)
    }

    /// A connect says what has arrived: what it acknowledges is gone for good.
    pub(crate) fn acknowledge(&mut self, received: Option<u64>) -> Amount {
        let (amount, again) = self.outbox.acknowledge(received);
        if again {
            // What was on its way once has waited enough.
            self.flush_at = None;
        }
        amount
    }

    /// A connect reply is made, and a batch begins with it, if the client acknowledges. Returns how
    /// many messages the client is to be told that it missed.
    pub(crate) fn begin_reply(&mut self) -> u32 {
        self.owed = false;
        self.outbox.begin_reply()
    }

    /// The number of the batch that was begun last, if the client acknowledges.
    pub(crate) fn batch(&self) -> Option<u64> {
        self.outbox.batch()
    }

    /// Whether the hold of `generation` is the one that counts.
    pub(crate) fn counts(&self, generation: u64) -> bool {
        generation == self.generation
    }

    /// Takes what one response may carry, and what is gone for good with it.
    ///
    /// Lazy messages leave with any response, and what finds no room in it is due on the next.
    pub(crate) fn take(&mut self, config: &Config) -> (Taken, Amount) {
        self.flush_at = None;
        self.outbox.take(config.response_bytes)
    }

    /// Puts back what was not written; what came back, or `None` if the session has ended.
    pub(crate) fn put_back(&mut self, taken: Taken) -> Option<Amount> {
        self.flush_at = None;
        (!self.is_gone()).then(|| self.outbox.put_back(taken))
    }

    /// Throws away what an ended session still had to receive; how many were never sent.
    pub(crate) fn clear(&mut self) -> (Amount, usize) {
        self.outbox.clear()
    }

    /// Whether these distinct patterns, of which some may be subscribed already, fit the bound.
    pub(crate) fn has_room_for(&self, patterns: &[&ChannelPattern], limit: usize) -> bool {
        // More than the bound cannot fit, and need not be looked at one by one.
        patterns.len() <= limit
            && self.subscriptions.len() + patterns.iter().filter(|p| !self.has(p)).count() <= limit
    }

    /// Adds a subscription. `None` if the bound is reached, else whether it is new.
    pub(crate) fn subscribe(&mut self, pattern: &ChannelPattern, config: &Config) -> Option<bool> {
        if self.subscriptions.contains(pattern) {
            return Some(false);
        }
        if self.subscriptions.len() >= config.subscriptions_per_session || self.is_gone() {
            return None;
        }
        self.subscriptions.push(pattern.clone());
        self.note(Notice::Subscribed(pattern.clone()), config);
        Some(true)
    }

    /// Removes a subscription; whether it was there.
    pub(crate) fn unsubscribe(&mut self, pattern: &ChannelPattern, config: &Config) -> bool {
        if let Some(catch_up) = self.catch_up_mut() {
            catch_up.remove(pattern);
        }
        let place = self.subscriptions.iter().position(|other| other == pattern);
        let removed = place.map(|place| self.subscriptions.swap_remove(place));
        let was_there = removed.is_some();
        if let Some(pattern) = removed {
            self.note(Notice::Unsubscribed(pattern), config);
        }
        was_there
    }

    /// Whether this very pattern is subscribed.
    pub(crate) fn has(&self, pattern: &ChannelPattern) -> bool {
        self.subscriptions.contains(pattern)
    }

    /// Whether any subscription matches `channel`; with `named_only` it has to be that very name.
    pub(crate) fn listens_to(&self, channel: &ChannelName, named_only: bool) -> bool {
        let mut subscriptions = self.subscriptions.iter();
        if named_only {
            return subscriptions.any(|pattern| pattern.as_str() == channel.as_str());
        }
        subscriptions.any(|pattern| pattern.matches(channel))
    }

    /// From now on messages that are kept come with their positions.
    pub(crate) fn opt_into_replay(&mut self) {
        self.replay.get_or_insert_default();
    }

    pub(crate) fn is_catching_up(&self) -> bool {
        self.catch_up().is_some()
    }

    pub(crate) fn catch_up(&self) -> Option<&CatchUp> {
        self.replay.as_ref()?.catch_up.as_ref()
    }

    pub(crate) fn catch_up_mut(&mut self) -> Option<&mut CatchUp> {
        self.replay.as_mut()?.catch_up.as_mut()
    }

    /// The catching up there is, or one that begins with every subscription live.
    pub(crate) fn begin_catch_up(&mut self, newest: u64, told: u64) -> &mut CatchUp {
        let live = self.subscriptions.iter();
        let replay = self.replay.get_or_insert_default();
        replay.catch_up.get_or_insert_with(|| CatchUp::new(live, newest, told))
    }

    /// Nothing is left in the log: the session is live.
    pub(crate) fn end_catch_up(&mut self) {
        if let Some(replay) = &mut self.replay {
            replay.catch_up = None;
        }
    }

    /// What may be queued before a bound is reached; `None` for a session that has ended.
    pub(crate) fn room(&self, config: &Config) -> Option<Amount> {
        (!self.is_gone()).then(|| self.outbox.room(config))
    }

    pub(crate) fn has_nothing_waiting(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Whether a response that takes what waits leaves nothing behind, in the queue or in the log.
    pub(crate) fn is_settled(&self, config: &Config) -> bool {
        !self.is_gone()
            && self.replay.as_ref().is_some_and(|replay| replay.catch_up.is_none())
            && self.outbox.fits(config.response_bytes)
    }

    /// Whether a body is in work whose replies will carry messages.
    pub(crate) fn is_batching(&self) -> bool {
        self.batches > 0
    }

    /// Replies of the body in work will carry messages: do not wake a held connect for them.
    pub(crate) fn begin_batch(&mut self) {
        self.batches += 1;
    }

    /// The body's work is done. What its reply did not take along is due on the held connect.
    pub(crate) fn end_batch(&mut self, config: &Config, now: Instant) -> Option<Released> {
        self.batches = self.batches.saturating_sub(1);
        let linked = self.link.is_some() && !self.outbox.is_acknowledged();
        if self.batches > 0 || !self.is_urgent() || linked {
            return None;
        }
        self.release(Release::Messages, config, now)
    }

    /// Why the session has ended.
    pub(crate) fn ended(&self) -> Option<RemovedBecause> {
        self.ended
    }

    /// What listeners have still to be told.
    pub(crate) fn notices(&mut self) -> &mut Notices {
        &mut self.notices
    }

    /// Notes what happened, if there is anybody to be told.
    pub(crate) fn note(&mut self, notice: Notice, config: &Config) {
        if !config.listeners.is_empty() {
            self.notices.push(notice);
        }
    }

    /// The session as it is now; `None` if it has ended.
    pub(crate) fn describe(&self) -> Option<Described> {
        let (held_since, expires) = match &self.state {
            State::Held { since, .. } => (Some(*since), None),
            State::Idle { expires } => (None, *expires),
            State::Gone => return None,
        };
        let waiting = self.outbox.amount();
        Some(Described {
            begun: self.begun,
            via: if self.link.is_some() { Via::Pushing } else { Via::Polling },
            queue_messages: waiting.messages,
            queue_bytes: waiting.bytes,
            held_since,
            expires,
            subscriptions: self.subscriptions.iter().take(MAX_SUBSCRIPTIONS).cloned().collect(),
            subscription_count: self.subscriptions.len(),
        })
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.state, State::Gone)
    }

    /// Whether messages may only ride on connect replies, whatever the configuration says.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.outbox.is_acknowledged()
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(self.state, State::Held { .. })
    }

    /// Whether something waits that may not wait.
    fn is_urgent(&self) -> bool {
        !self.outbox.is_empty() && self.flush_at.is_none()
    }

    fn idle(&self, config: &Config, now: Instant) -> State {
        State::Idle { expires: Some(now + self.interval + self.own.max_interval(config)) }
    }
}
