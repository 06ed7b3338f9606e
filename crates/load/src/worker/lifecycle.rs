//! How sessions begin, rest, fail and come again.
//!
//! In the ramp a session begins when there is room among those that are being set up. One that fails
//! loses its connection, pauses, each time for longer, and begins anew without waiting for room; one
//! that fails too often in a row is given up for good. What takes too long is a failure like any
//! other. What a publisher had under way on a session that failed is not owed to anybody.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use super::share::Worker;
use crate::clock;
use crate::frames;
use crate::publisher::{PAUSE, Publisher};
use crate::session::{ANSWER_DEADLINE, Identity, SessionError, State};

/// Failures in a row after which a session is given up.
const MAX_SESSION_FAILURES: u32 = 3;

/// Pause before a session that failed comes again; doubled for each failure in a row.
const BACKOFF: Duration = Duration::from_millis(250);

impl Worker {
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
    pub(super) fn bring_up(&mut self, now: Instant) {
        while self.next < self.lanes.len() && self.counts.rising < self.ramp as u64 {
            self.next += 1;
            self.begin(self.next - 1, now);
        }
    }

    /// Lets sessions go on whose pause is over.
    pub(super) fn wake(&mut self, now: Instant) {
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
    pub(super) fn sweep(&mut self, now: Instant) {
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
    pub(super) fn fail(&mut self, at: usize, error: &SessionError) {
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
}
