//! Requests that go out at their moments, one after the other, each answered before the next.
//!
//! A publisher owns some streams and numbers their messages; their order at the server is the order
//! of their numbers. Over HTTP it has a connection of its own, as browsers do, so that the poll of
//! the session it speaks for stays held.

use std::time::{Duration, Instant};

use crate::job::Draw;
use crate::link::Link;
use crate::scan;
use crate::session::{ANSWER_DEADLINE, SessionError};
use crate::shared::Shared;

/// Failures in a row after which a publisher gives up.
pub(crate) const MAX_FAILURES: u32 = 10;

/// Pause after a failure.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// One publisher.
#[derive(Debug)]
pub(crate) struct Publisher {
    /// Among all publishers of the run.
    pub(crate) index: usize,
    /// The session it speaks for, as its place in the thread; `None` if it needs none.
    pub(crate) lane: Option<usize>,
    /// Its own connection, if it needs one.
    pub(crate) link: Option<Link>,
    /// The streams it owns, and how many messages of each went out.
    pub(crate) streams: Vec<(u32, u64)>,
    /// Messages that wait for the server's answer.
    pub(crate) flight: Vec<(u32, u64)>,
    /// Since when.
    pub(crate) since: Instant,
    /// Not before this moment.
    pub(crate) pause: Option<Instant>,
    pub(crate) failures: u32,
    /// Whether it is done.
    pub(crate) ended: bool,
    turn: u64,
    draw: Draw,
}

impl Publisher {
    pub(crate) fn new(index: usize, shared: &Shared, lane: Option<usize>, now: Instant) -> Self {
        let publishers = shared.job.traffic.map_or(1, |traffic| traffic.publishers);
        let streams = (index..shared.job.streams).step_by(publishers.max(1));
        Self {
            index,
            lane,
            link: None,
            streams: streams.map(|stream| (u32::try_from(stream).unwrap_or(u32::MAX), 0)).collect(),
            flight: Vec::new(),
            since: now,
            pause: None,
            failures: 0,
            ended: false,
            turn: 0,
            draw: Draw::new(index as u64),
        }
    }

    /// When the next request is due; `None` without a pace.
    pub(crate) fn due(&self, shared: &Shared) -> Option<Instant> {
        let publishers = shared.job.traffic.map_or(1, |traffic| traffic.publishers) as u64;
        shared.schedule.get()?.due(self.turn * publishers + self.index as u64)
    }

    /// Draws the messages of the next request and puts them in flight.
    pub(crate) fn take_off(&mut self, batch: usize, now: Instant) {
        self.turn += 1;
        self.since = now;
        for _ in 0..batch {
            let drawn =
                if self.streams.len() == 1 { 0 } else { self.draw.below(self.streams.len()) };
            if let Some((stream, next)) = self.streams.get_mut(drawn) {
                self.flight.push((*stream, *next));
                *next += 1;
            }
        }
    }

    /// Whether an answer takes too long.
    pub(crate) fn is_overdue(&self, now: Instant) -> bool {
        !self.flight.is_empty() && now.saturating_duration_since(self.since) > ANSWER_DEADLINE
    }
}

/// How many messages an answer accepts, and how many it refuses.
pub(crate) fn replies(body: &[u8]) -> Result<(usize, usize), SessionError> {
    let (mut accepted, mut refused) = (0, 0);
    for message in scan::messages(body)? {
        let message = message?;
        if message.is_success() {
            accepted += 1;
        } else if message.successful.is_some() {
            refused += 1;
        }
    }
    Ok((accepted, refused))
}

/// Whether an answer of the REST API says that it was done.
pub(crate) fn is_done(body: &[u8]) -> bool {
    scan::member(body, b"\"statusCode\"") == Some(b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted() {
        let body = br#"[{"channel":"/a","successful":true},{"channel":"/a","successful":false},
            {"channel":"/b","data":{}}]"#;
        assert_eq!(replies(body).unwrap(), (1, 1));
        assert!(replies(b"oops").is_err());
        assert!(is_done(br#"{"statusCode":0}"#) && !is_done(br#"{"statusCode":10}"#));
    }
}
