//! The machine of one client, from handshake to removal.
//!
//! Owns what the server owes a client: its undelivered messages and the `/meta/connect` that may
//! be held open. Reads no clock, writes no socket, wakes nobody: whoever calls gets a [`Waker`]
//! back and wakes it after letting go of the lock.
//!
//! Every change of state is here. What a session has besides is in files of its own: the
//! [`messages`] into its queue and out of it, its [`link`], its [`subscriptions`], the [`seat`] of its
//! browser, how it can [`catch_up`], its client's [`conduct`] and the [`advice`] for it.
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

mod advice;
mod catch_up;
mod conduct;
mod link;
mod messages;
mod seat;
mod subscriptions;

use std::task::Waker;
use std::time::{Duration, Instant};

use encke_bayeux::{BrowserId, ClientAdvice};

use crate::alarm::Alarm;
use crate::binding::Binding;
use crate::config::Config;
use crate::effect::{Connected, Due, Ended, Release, Released};
use crate::listener::RemovedBecause;
use crate::notice::{Notice, Notices};
use crate::outbox::Outbox;
use crate::session_settings::Own;
use crate::snapshot::{Described, MAX_SUBSCRIPTIONS, Via};
use crate::tally::Seat;
use crate::wheel::TICK;
use catch_up::Replaying;
use conduct::Conduct;
use link::Links;
use subscriptions::Subscriptions;

pub(crate) use seat::Seats;

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

#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    begun: Instant,
    binding: Binding,
    /// How many connects there have been; the newest is the one that counts.
    generation: u64,
    release: Release,
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
    conduct: Conduct,
    links: Links,
    outbox: Outbox,
    subscriptions: Subscriptions,
    /// Only for sessions that want to know positions.
    replay: Option<Box<Replaying>>,
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
            conduct: Conduct::new(config, now),
            links: Links::default(),
            outbox: Outbox::new(acknowledged),
            subscriptions: Subscriptions::default(),
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
        self.conduct.touch(now);
        if let State::Idle { expires: Some(expires) } = &mut self.state {
            *expires = (*expires).max(now + self.own.max_interval(config));
        }
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
        let first = self.generation == 1;
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
        self.conduct.stand_up();
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
        let link = self.detach_any();
        let subscriptions = self.subscriptions.take();
        Some(Ended { subscriptions, held, owed: self.owed, link })
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

    /// The instant for which the wheel needs a new entry, if those it has are too late.
    pub(crate) fn arm(&mut self) -> Option<Instant> {
        let at = match self.state {
            State::Idle { expires } => expires,
            State::Held { deadline, .. } => Some(deadline),
            State::Gone => return None,
        };
        self.alarm.set(at.into_iter().chain(self.flush_at).min()?)
    }

    /// Whether the hold of `generation` is the one that counts.
    pub(crate) fn counts(&self, generation: u64) -> bool {
        generation == self.generation
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
            via: if self.is_linked() { Via::Pushing } else { Via::Polling },
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

    pub(crate) fn is_held(&self) -> bool {
        matches!(self.state, State::Held { .. })
    }

    fn idle(&self, config: &Config, now: Instant) -> State {
        State::Idle { expires: Some(now + self.interval + self.own.max_interval(config)) }
    }
}
