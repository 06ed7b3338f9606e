//! One thread of a run: its share of the sessions and publishers, and the loop that serves them.
//!
//! A thread owns its connections, its sessions and their accounts, one buffer to read to and one to
//! write from. It waits for sockets, and for the next message that is due. A session costs no task
//! and no timer: what takes too long is found by a look at all of them every few seconds, and only
//! sessions that pause are in a list by time.
//!
//! Each part calls only those below it:
//!
//! | Part         | Owns                                                     |
//! |--------------|----------------------------------------------------------|
//! | this file    | the loop, and what changes with the phase of the run     |
//! | `reading`    | what the sockets of sessions bring, and how they go on   |
//! | `lifecycle`  | how sessions begin, rest, fail and come again            |
//! | `publishing` | requests of publishers, and their answers                |
//! | `sending`    | what a session sends                                     |
//! | `share`      | what the thread owns, its counts, and what it gives back |
//! | `lane`       | one session with its connection                          |

mod lane;
mod lifecycle;
mod publishing;
mod reading;
mod sending;
mod share;

use std::cmp::Reverse;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::Events;
use mio::event::Event;

use crate::clock;
use crate::link::{Buffer, LinkError};
use crate::session::SessionError;
use crate::shared::Phase;
use publishing::Next;
pub(crate) use share::{Harvest, Worker};

/// Longest time between two looks at the phase.
const GLANCE: Duration = Duration::from_millis(20);

/// The same for a publisher that waits for room.
const SHORT_GLANCE: Duration = Duration::from_millis(1);

/// Time between two looks for what takes too long.
const SWEEP: Duration = Duration::from_secs(2);

/// Events that are taken at once.
const EVENTS: usize = 1024;

impl Worker {
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
}
