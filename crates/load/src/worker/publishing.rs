//! What the thread of a [`Worker`] does for its publishers.
//!
//! Requests go out when they are due and their publisher has nothing under way; without a pace,
//! when there is room in the window. A publisher that fails pauses and goes on; what it had under
//! way is not owed to anybody.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use mio::Token;
use mio::event::Event;

use super::sending::mask;
use super::share::Worker;
use crate::clock;
use crate::frames;
use crate::link::{Buffer, Link, LinkError, Unit};
use crate::pace::Pace;
use crate::publisher::{self, MAX_FAILURES, PAUSE, Publisher};
use crate::response::Response;
use crate::session::{SessionError, State};
use crate::shared::Shared;

impl Worker {
    /// Sends every request that is due, and says when the next one is.
    pub(super) fn publish(&mut self, now: Instant) -> Next {
        let shared = Arc::clone(&self.shared);
        let Some((schedule, traffic)) = shared.schedule.get().zip(shared.job.traffic) else {
            return Next::Never;
        };
        let mut next = Next::Never;
        for at in 0..self.publishers.len() {
            let Some(publisher) = self.publishers.get_mut(at) else { continue };
            if publisher.ended || !publisher.flight.is_empty() {
                continue;
            }
            let due = match traffic.pace {
                Pace::Every(_) => publisher.due(&shared).unwrap_or(schedule.end),
                Pace::Window(_) => now,
            };
            if due >= schedule.end || shared.stop.is_stopped() {
                self.end_publisher(at);
                continue;
            }
            let from = publisher.pause.map_or(due, |pause| pause.max(due)).max(schedule.start);
            if from > now {
                next = next.sooner(from);
                continue;
            }
            if let Pace::Window(window) = traffic.pace
                && !shared.has_room(window)
            {
                next = Next::WhenThereIsRoom;
                continue;
            }
            let lane = publisher.lane.and_then(|lane| self.lanes.get(lane));
            match lane.map(|lane| lane.state) {
                Some(State::Gone) => {
                    shared.troubles.note("publisher", &"a publisher lost its session");
                    self.end_publisher(at);
                    continue;
                }
                Some(state) if !state.is_up() => {
                    publisher.pause = Some(now + PAUSE);
                    next = next.sooner(now + PAUSE);
                    continue;
                }
                _ => {}
            }
            if matches!(traffic.pace, Pace::Every(_)) {
                self.publisher_late.record(now.saturating_duration_since(due));
            }
            if let Err(error) = self.take_off(at, traffic.batch, schedule.micros(due), now) {
                self.fail_publisher(at, &error);
            }
        }
        next
    }

    fn take_off(
        &mut self,
        at: usize,
        batch: usize,
        due_us: u64,
        now: Instant,
    ) -> Result<(), SessionError> {
        let Some(publisher) = self.publishers.get_mut(at) else { return Ok(()) };
        publisher.pause = None;
        publisher.take_off(batch, now);
        self.scratch.clear();
        let lane = publisher.lane.and_then(|lane| self.lanes.get_mut(lane));
        let job = &self.shared.job;
        match (&mut publisher.link, lane) {
            (Some(link), lane) => {
                let identity = lane.as_ref().map(|lane| &lane.session.identity);
                job.render(identity, &publisher.flight, due_us, &mut self.scratch);
                link.send(&self.scratch)?;
            }
            (None, Some(lane)) if !job.publishes_by_http() => {
                let mut text = Vec::new();
                let identity = Some(&lane.session.identity);
                job.render(identity, &publisher.flight, due_us, &mut text);
                frames::write(frames::TEXT, &text, mask(&mut self.masks), &mut self.scratch);
                if let Some(link) = &mut lane.link {
                    link.send(&self.scratch)?;
                }
            }
            _ => return Err(LinkError::Ended.into()),
        }
        Ok(())
    }

    pub(super) fn connect_publisher(&mut self, at: usize) -> Result<(), SessionError> {
        let token = Token(1 + self.lanes.len() + at);
        let address = self.shared.job.target.address();
        let Some(publisher) = self.publishers.get_mut(at) else { return Ok(()) };
        publisher.link = None;
        publisher.link = Some(Link::open(address, None, self.poll.registry(), token)?);
        Ok(())
    }

    /// Reads and writes what the connection of a publisher allows.
    pub(super) fn serve_publisher(
        &mut self,
        at: usize,
        event: &Event,
        buffer: &mut Buffer,
    ) -> Result<(), SessionError> {
        let to_the_end = event.is_read_closed() || event.is_error();
        let Some(publisher) = self.publishers.get_mut(at) else { return Ok(()) };
        let Some(link) = &mut publisher.link else { return Ok(()) };
        if event.is_writable() {
            link.handle_writable()?;
        }
        loop {
            let Some(publisher) = self.publishers.get_mut(at) else { return Ok(()) };
            let Some(link) = &mut publisher.link else { return Ok(()) };
            match link.fill(buffer) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                // Servers close connections that are idle for long.
                Err(LinkError::Ended) if publisher.flight.is_empty() => {
                    return self.connect_publisher(at);
                }
                Err(error) => return Err(error.into()),
            }
            if let Some((unit, length)) = link.unit(buffer.from(0))? {
                // One request is under way at a time, so nothing may follow its answer.
                if !buffer.from(length).is_empty() || publisher.flight.is_empty() {
                    return Err(SessionError::Malformed);
                }
                link.keep(&[]);
                if let Unit::Response(response) = unit {
                    let (accepted, refused) = answer(&response, self.shared.job.publishers_poll())?;
                    settle(&self.shared, publisher, accepted, refused);
                    if response.close {
                        return self.connect_publisher(at);
                    }
                }
            } else {
                link.keep(buffer.from(0));
            }
            if !buffer.has_more() && !to_the_end {
                return Ok(());
            }
        }
    }

    /// The socket of a session brought answers to messages.
    pub(super) fn settle_for(&mut self, lane: usize, accepted: usize, refused: usize) {
        let speaks = |publisher: &&mut Publisher| publisher.lane == Some(lane);
        if let Some(publisher) = self.publishers.iter_mut().find(speaks) {
            settle(&self.shared, publisher, accepted, refused);
        }
    }

    /// A publisher failed: what was in flight is not owed, and it goes on after a pause.
    pub(super) fn fail_publisher(&mut self, at: usize, error: &SessionError) {
        self.shared.troubles.note(error.kind(), &format_args!("a publisher: {error}"));
        let Some(publisher) = self.publishers.get_mut(at) else { return };
        self.shared.excuse(&publisher.flight);
        publisher.flight.clear();
        publisher.failures += 1;
        publisher.pause = Some(clock::now() + PAUSE);
        let is_lost = publisher.failures > MAX_FAILURES
            || (self.shared.job.publishes_by_http() && self.connect_publisher(at).is_err());
        if is_lost {
            self.shared.troubles.note("publisher", &"a publisher gave up");
            self.end_publisher(at);
        }
    }

    fn end_publisher(&mut self, at: usize) {
        let Some(publisher) = self.publishers.get_mut(at).filter(|one| !one.ended) else { return };
        publisher.ended = true;
        self.shared.publishing.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The server answered messages of a publisher.
fn settle(shared: &Shared, publisher: &mut Publisher, accepted: usize, refused: usize) {
    let answered = (accepted + refused).min(publisher.flight.len());
    let (first, _) = publisher.flight.split_at(answered);
    if refused == 0 {
        shared.accept(first);
        publisher.failures = 0;
    } else {
        // Which of them was refused does not matter: none of them is owed.
        shared.excuse(first);
        shared.troubles.note("refused", &"messages were refused");
    }
    publisher.flight.drain(..answered);
}

/// How many messages a response accepts and refuses.
fn answer(response: &Response<'_>, is_bayeux: bool) -> Result<(usize, usize), SessionError> {
    if response.status != 200 {
        return Err(SessionError::Status(response.status));
    }
    let counts = if is_bayeux {
        publisher::replies(&response.body)?
    } else {
        let is_done = publisher::is_done(&response.body);
        (usize::from(is_done), usize::from(!is_done))
    };
    if counts == (0, 0) { Err(SessionError::Unanswered) } else { Ok(counts) }
}

/// When publishers have to be looked at again, but for answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    Never,
    At(Instant),
    WhenThereIsRoom,
}

impl Next {
    fn sooner(self, at: Instant) -> Self {
        match self {
            Self::Never => Self::At(at),
            Self::At(known) => Self::At(known.min(at)),
            Self::WhenThereIsRoom => self,
        }
    }
}
