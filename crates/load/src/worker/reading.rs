//! What the sockets of sessions bring, and how a session goes on after it.
//!
//! What sets a session up is sent at once, and pings are answered at once; the polls after answered
//! ones wait until all that has arrived is read. A delivery is checked with the moment at which its
//! bytes were read.
//!
//! Refuses what is no answer to what was asked: any status but 200, and a response that ends
//! without the reply.

use std::cmp::Reverse;
use std::time::Instant;

use mio::event::Event;

use super::sending::mask;
use super::share::Worker;
use crate::clock;
use crate::frames::{self, Frame};
use crate::link::{Buffer, LinkError, Unit};
use crate::session::{Answers, SessionError, State};

impl Worker {
    /// Whether a session rests, and nothing is under way on its connection.
    pub(super) fn is_between_polls(&self, at: usize) -> bool {
        self.lanes.get(at).is_some_and(|lane| {
            lane.state == State::Resting && !lane.session.identity.target.is_websocket()
        })
    }

    /// Reads and writes what the socket of a session allows.
    pub(super) fn serve_lane(
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
    pub(super) fn send_polls(&mut self) {
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
}

/// Whether to go on with what was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Onward {
    OnThis,
    /// The session has another connection now.
    OnAnother,
}
