//! Sessions that subscribe from where they say, and are fed from the log.
//!
//! What a session has missed is put into its queue page by page, as far as there is room; the next
//! page comes when messages have left or were acknowledged. Subscribing, feeding and being live
//! again are decided while the log is locked, so nothing falls between.
//!
//! Promises all or none: a position that is none refuses every subscription of the message. Refuses
//! nobody for being slow, but cuts a session when the log forgets what it has still to be given.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Instant;

use encke_bayeux::{ChannelPattern, Failure, ReplayAnswer, ReplayFrom, ReplayStatus};

use crate::backlog::Queued;
use crate::broker::Broker;
use crate::cell::Cell;
use crate::effect::{Release, Released};
use crate::listener::RemovedBecause;
use crate::log::Log;
use crate::replay::Begun;
use crate::stats::add;

/// Most messages that one step of catching up takes from the log.
const PAGE_MESSAGES: usize = 256;

impl Broker {
    /// Subscribes to several patterns at once, from where each of them asks.
    ///
    /// All or none: a position that is none refuses everything, before anything was subscribed.
    pub(crate) fn subscribe_from(
        &self,
        cell: &Arc<Cell>,
        patterns: &[(&ChannelPattern, Option<ReplayFrom>)],
        now: Instant,
    ) -> Result<Vec<(ChannelPattern, ReplayAnswer)>, Refused> {
        let user = cell.user.as_ref();
        let (answers, fed) = {
            let Some(mut log) = self.log() else { return Ok(Vec::new()) };
            let mut begun = Vec::with_capacity(patterns.len());
            for (pattern, from) in patterns {
                let begin = from.as_ref().map(|from| self.begin(&log, user, pattern, from));
                let begin = begin.transpose().map_err(|(failure, answer)| {
                    add(&self.counters().replay_refused, 1);
                    Refused { failure, answer: Some(((*pattern).clone(), answer)) }
                })?;
                begun.push(begin);
            }
            let newest = log.newest();
            for (pattern, _) in patterns {
                self.add_subscription(cell, pattern).map_err(Refused::from)?;
            }
            let mut session = cell.lock();
            for ((pattern, _), begun) in patterns.iter().zip(&begun) {
                match begun {
                    Some(Begun { want, told, .. }) if want.from < newest => {
                        session.begin_catch_up(newest, *told).add(want.clone(), *told);
                    }
                    _ => {
                        if let Some(catch_up) = session.catch_up_mut() {
                            catch_up.join(pattern, newest);
                        }
                    }
                }
            }
            if begun.iter().any(Option::is_some) {
                session.opt_into_replay();
            }
            drop(session);
            let gaps = begun.iter().flatten().filter(|b| b.answer.status == ReplayStatus::Gap);
            add(&self.counters().replay_gaps, gaps.count());
            let answers: Vec<_> = patterns
                .iter()
                .zip(begun)
                .filter_map(|((pattern, _), begun)| Some(((*pattern).clone(), begun?.answer)))
                .collect();
            (answers, self.feed(&mut log, cell, Some(now)))
        };
        self.fed(cell, fed, Some(now));
        self.tell(cell);
        Ok(answers)
    }

    /// Gives a session that catches up what its queue has room for.
    ///
    /// Without `now` nothing is held that would have to be released.
    pub(crate) fn refill(&self, cell: &Arc<Cell>, now: Option<Instant>) {
        if !cell.lock().is_catching_up() {
            return;
        }
        let fed = self.log().map(|mut log| self.feed(&mut log, cell, now)).unwrap_or_default();
        self.fed(cell, fed, now);
    }

    /// The position that a connect reply may carry whose response takes all that `cell` has waiting.
    ///
    /// Everything up to it was offered to every queue before the queue is looked at.
    pub(crate) fn settled_for(&self, cell: &Cell) -> Option<u64> {
        self.shared.log.as_ref()?;
        let settled = self.shared.settled.load(Ordering::Acquire);
        cell.lock().is_settled(self.config()).then_some(settled)
    }

    fn feed(&self, log: &mut Log, cell: &Cell, now: Option<Instant>) -> Fed {
        let config = self.config();
        let mut fed = Fed::default();
        let mut session = cell.lock();
        let Some(room) = session.room(config) else { return fed };
        let Some(catch_up) = session.catch_up() else { return fed };
        let reader = self.reader(cell.user.as_ref());
        let remaining = catch_up.remaining();
        if log.horizon(reader, &remaining).is_some_and(|horizon| horizon > catch_up.told) {
            fed.overtaken = true;
            return fed;
        }
        let most = room.messages.min(PAGE_MESSAGES);
        let page = if most == 0 {
            return fed;
        } else {
            log.read(reader, &remaining, catch_up.cursor, most, room.bytes)
        };
        let mut whole = true;
        for entry in &page.entries {
            let text = entry.positioned().clone();
            let bytes = text.len();
            if !session.feed(Queued { text, at: None, lossy: false }, config) {
                // It waits for room; what is larger than a whole queue never gets any.
                fed.overtaken = session.has_nothing_waiting();
                whole = false;
                break;
            }
            fed.messages += 1;
            fed.bytes += bytes;
            if let Some(catch_up) = session.catch_up_mut() {
                catch_up.cursor = entry.position;
            }
        }
        if whole && page.complete {
            session.end_catch_up();
        }
        if fed.messages > 0 {
            // Who acknowledges gets messages with connects, over a socket too.
            fed.link = if session.is_acknowledged() { None } else { session.nudge_link() };
            let held_for_it = fed.link.is_none() && !session.is_batching();
            fed.released = now
                .filter(|_| held_for_it)
                .and_then(|now| session.release(Release::Messages, config, now));
        }
        fed
    }

    fn fed(&self, cell: &Arc<Cell>, fed: Fed, now: Option<Instant>) {
        self.count_queued(fed.messages, fed.bytes);
        add(&self.counters().replayed, fed.messages);
        if let Some(now) = now {
            let arm = cell.lock().arm();
            self.arm(cell.id, arm, now);
        }
        self.wake(cell, fed.released);
        if let Some(link) = fed.link {
            link.wake();
        }
        if fed.overtaken {
            tracing::debug!(client = ?cell.id, "session cut: the log was faster than its client");
            add(&self.counters().overflowed, 1);
            self.remove(cell, RemovedBecause::Overflow);
        }
    }
}

/// Why a subscribe that says where to begin was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) failure: Failure,
    /// The subscription whose position is none, and what is valid.
    pub(crate) answer: Option<(ChannelPattern, ReplayAnswer)>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, answer: None }
    }
}

/// What a session was given, and what is left to do about it when no lock is held.
#[derive(Debug, Default)]
struct Fed {
    messages: usize,
    bytes: usize,
    released: Option<Released>,
    link: Option<Waker>,
    overtaken: bool,
}
