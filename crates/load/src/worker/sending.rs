//! What a session sends: a poll or another message; and a fresh connection to send it on.
//!
//! A message is a POST on long-polling and a masked text frame on WebSocket. A session without a
//! connection sends nothing, and that is no error here. Nobody waits for a socket: what it does not
//! take now is kept by the [link](crate::link).

use std::sync::Arc;
use std::time::Instant;

use mio::Token;

use super::share::Worker;
use crate::frames;
use crate::job::Draw;
use crate::link::Link;
use crate::request;
use crate::session::{Identity, SessionError, State};
use crate::source;

impl Worker {
    pub(super) fn send_poll(&mut self, at: usize, now: Instant) -> Result<(), SessionError> {
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
    pub(super) fn say(&mut self, at: usize, text: &str) -> Result<(), SessionError> {
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
    pub(super) fn connect(&mut self, at: usize) -> Result<(), SessionError> {
        let shared = Arc::clone(&self.shared);
        let Some(lane) = self.lanes.get_mut(at) else { return Ok(()) };
        // The old one goes first: its token is used again.
        lane.link = None;
        let address = shared.job.target.address();
        let source = source::address(lane.number, shared.job.sessions, address);
        lane.link = Some(Link::open(address, source, self.poll.registry(), Token(at + 1))?);
        Ok(())
    }
}

pub(super) fn mask(masks: &mut Draw) -> u32 {
    u32::try_from(masks.next() >> 32).unwrap_or_default()
}
