//! Which patterns the application wants, and what the server was told about each.
//!
//! # States of a pattern
//!
//! | State     | Meaning                                | Left when                     | Next      |
//! |-----------|----------------------------------------|-------------------------------|-----------|
//! | `Unasked` | wanted, the server does not know yet   | a request is queued           | `Asked`   |
//! | `Asked`   | a request is queued or on its way      | the server agrees             | `Active`  |
//! | `Active`  | the server delivers                    | the session is lost           | `Unasked` |
//!
//! A refusal, or the last holder's leaving, removes the pattern.

use std::collections::BTreeMap;

use encke_bayeux::{ChannelName, ChannelPattern, pattern};

use crate::machine::operations::Ticket;
use crate::replay::{Position, ReplayFrom};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Unasked,
    Asked(u64),
    Active,
}

#[derive(Debug)]
struct Wanted {
    state: State,
    holders: usize,
    /// Who waits for the server's word.
    waiting: Vec<Ticket>,
    /// Whether the server agreed in this session or an earlier one.
    confirmed: bool,
    /// Where to begin; `None` without replay.
    from: Option<ReplayFrom>,
    /// The last message received.
    position: Option<Position>,
    /// Whether the request on its way names a place that misses nothing.
    resumes: bool,
    /// Whether the place that it should have named is no longer kept.
    outdated: bool,
}

/// What the server's agreement means.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Confirmed {
    pub(crate) waiting: Vec<Ticket>,
    /// The pattern was active before, and messages may have been missed since.
    pub(crate) gap: bool,
}

/// What the server's refusal means.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// Nobody waits for this answer any more.
    Stale,
    /// The pattern is gone; whether it had been active before.
    Gone { waiting: Vec<Ticket>, was_active: bool },
}

/// All wanted patterns. Ordered, so that they are asked for in one order.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(BTreeMap<ChannelPattern, Wanted>);

impl Subscriptions {
    /// Adds a holder. `true` if the pattern is active already; otherwise `ticket` waits.
    pub(crate) fn hold(
        &mut self,
        pattern: &ChannelPattern,
        ticket: Ticket,
        from: Option<ReplayFrom>,
    ) -> bool {
        let wanted = self.0.entry(pattern.clone()).or_insert(Wanted {
            state: State::Unasked,
            holders: 0,
            waiting: Vec::new(),
            confirmed: false,
            from,
            position: None,
            resumes: false,
            outdated: false,
        });
        wanted.holders += 1;
        if wanted.state == State::Active {
            return true;
        }
        wanted.waiting.push(ticket);
        false
    }

    /// Removes a holder, and `ticket` from those who wait. If it was the last one, the pattern is
    /// gone, and the answer says whether the server may know it.
    pub(crate) fn release(
        &mut self,
        pattern: &ChannelPattern,
        ticket: Option<Ticket>,
    ) -> Option<bool> {
        let wanted = self.0.get_mut(pattern)?;
        wanted.holders = wanted.holders.saturating_sub(1);
        wanted.waiting.retain(|waiting| Some(*waiting) != ticket);
        if wanted.holders > 0 {
            return None;
        }
        let known = wanted.state != State::Unasked;
        self.0.remove(pattern);
        Some(known)
    }

    /// The patterns that have to be asked for.
    pub(crate) fn unasked(&self) -> Vec<ChannelPattern> {
        let unasked = self.0.iter().filter(|(_, wanted)| wanted.state == State::Unasked);
        unasked.map(|(pattern, _)| pattern.clone()).collect()
    }

    /// A request is queued.
    pub(crate) fn asked(&mut self, pattern: &ChannelPattern, id: u64) {
        if let Some(wanted) = self.0.get_mut(pattern) {
            wanted.state = State::Asked(id);
        }
    }

    /// Whether the request with this id is the one that counts.
    pub(crate) fn is_asked(&self, pattern: &ChannelPattern, id: u64) -> bool {
        self.0.get(pattern).is_some_and(|wanted| wanted.state == State::Asked(id))
    }

    /// The number that the request names, if the server keeps a log.
    pub(crate) fn start(&mut self, pattern: &ChannelPattern, log: bool) -> Option<i64> {
        let wanted = self.0.get_mut(pattern)?;
        let from = wanted.from.filter(|_| log);
        let from = from.map(|from| wanted.position.map_or(from, ReplayFrom::After));
        wanted.resumes = from.is_some_and(|from| from != ReplayFrom::New);
        from.map(ReplayFrom::number)
    }

    /// The server agreed.
    pub(crate) fn confirm(&mut self, pattern: &ChannelPattern, id: u64) -> Option<Confirmed> {
        let wanted = self.0.get_mut(pattern).filter(|wanted| wanted.state == State::Asked(id))?;
        let gap = wanted.confirmed && (!wanted.resumes || wanted.outdated);
        wanted.outdated = false;
        wanted.state = State::Active;
        wanted.confirmed = true;
        Some(Confirmed { waiting: std::mem::take(&mut wanted.waiting), gap })
    }

    /// The server refused.
    pub(crate) fn refuse(&mut self, pattern: &ChannelPattern, id: u64) -> Refused {
        if !self.is_asked(pattern, id) {
            return Refused::Stale;
        }
        self.0.remove(pattern).map_or(Refused::Stale, |wanted| Refused::Gone {
            waiting: wanted.waiting,
            was_active: wanted.confirmed,
        })
    }

    /// The server cannot continue where an earlier session stopped: begin with all that it keeps.
    /// `false` if the position was the application's own, who then has to decide.
    pub(crate) fn forget_position(&mut self, pattern: &ChannelPattern, id: u64) -> bool {
        let Some(wanted) = self.0.get_mut(pattern) else { return false };
        let ours = wanted.confirmed && wanted.state == State::Asked(id) && wanted.resumes;
        if !ours || (wanted.position.is_none() && wanted.from == Some(ReplayFrom::Kept)) {
            return false;
        }
        wanted.position = None;
        wanted.outdated = true;
        wanted.from = Some(ReplayFrom::Kept);
        wanted.state = State::Unasked;
        true
    }

    /// The session is gone, and the server has forgotten everything.
    pub(crate) fn lose(&mut self) {
        for wanted in self.0.values_mut() {
            wanted.state = State::Unasked;
        }
    }

    /// Whether any pattern continues at a position.
    pub(crate) fn any_replay(&self) -> bool {
        self.0.values().any(|wanted| wanted.from.is_some())
    }

    /// A message was received at a position.
    pub(crate) fn received(&mut self, channel: &ChannelName, position: Position) {
        pattern::covering(channel, |text| {
            let Ok(pattern) = ChannelPattern::new(text) else { return };
            if let Some(wanted) = self.0.get_mut(&pattern) {
                wanted.position = Some(position);
            }
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
