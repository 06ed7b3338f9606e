//! Which patterns the application wants, and what the server was told about each.
//!
//! # States of a pattern
//!
//! | State     | Meaning                                | Left when                     | Next      |
//! |-----------|----------------------------------------|-------------------------------|-----------|
//! | `Unasked` | wanted, the server does not know yet   | a request is queued           | `Asked`   |
//! | `Asked`   | a request is queued or on its way      | the server agrees             | `Active`  |
//! | `Asked`   |                                        | it refuses, but not for good  | `Unasked` |
//! | `Active`  | the server delivers                    | the session is lost           | `Unasked` |
//!
//! A refusal, or the last holder's leaving, removes the pattern.
//!
//! # Messages in front of the server's agreement
//!
//! Messages and the reply to a subscribe may come over two connections, in either order. What the
//! reply says of the log decides about the first message, so messages of a position are withheld
//! until it is there. Nothing more is asked for meanwhile, which bounds them to what is on its way.
//! If the session is lost, or the position refused, they are forgotten: they will come again. So are
//! messages in front of the request: they were sent for another pattern.

use std::collections::BTreeMap;
use std::sync::Arc;

use encke_bayeux::{ChannelPattern, pattern};

use crate::machine::operations::Ticket;
use crate::machine::place::{Place, Wish};
use crate::message::{Gap, Message};
use crate::replay::{Position, Replay, ReplayFrom};
use crate::wire::Told;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Unasked,
    Asked(u64),
    Active,
}

#[derive(Debug)]
struct Wanted {
    pattern: ChannelPattern,
    state: State,
    holders: usize,
    /// Who waits for the server's word.
    waiting: Vec<Ticket>,
    /// Whether the server agreed in this session or an earlier one.
    confirmed: bool,
    place: Place,
    /// What came in front of the server's agreement.
    withheld: Vec<Message>,
}

/// What a new holder of a pattern finds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Held {
    /// The server delivers already.
    Active,
    /// The server has to be asked, or is being asked.
    Waiting,
    /// The pattern begins elsewhere in the log.
    Taken,
}

/// What the server's agreement means.
#[derive(Debug)]
pub(crate) struct Confirmed {
    pub(crate) waiting: Vec<Ticket>,
    /// What was missed.
    pub(crate) gap: Gap,
    pub(crate) replay: Option<Replay>,
    /// What came before, to be received now.
    pub(crate) withheld: Vec<Message>,
}

/// What the server's refusal means.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// Nobody waits for this answer any more.
    Stale,
    /// The pattern is gone; whether it had been active before.
    Gone { waiting: Vec<Ticket>, was_active: bool },
}

/// What a pattern makes of a message that has a position.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Receipt {
    pub(crate) pattern: ChannelPattern,
    /// The pattern had it already, or gets it later.
    pub(crate) seen: bool,
    /// The pattern has had everything up to here, this message included.
    pub(crate) reached: Option<u64>,
    /// The log that the position is from.
    pub(crate) epoch: Option<u64>,
    /// What the server says of its log, if that changed with the message.
    pub(crate) replay: Option<Replay>,
}

/// All wanted patterns. Ordered, so that they are asked for in one order.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    wanted: BTreeMap<Arc<str>, Wanted>,
    /// About what the withheld messages take.
    withheld_bytes: usize,
    /// A pattern was given up in this session; messages for it may be on their way.
    released: bool,
}

impl Subscriptions {
    /// Adds a holder, unless the pattern is taken. `ticket` waits if the server has to agree first.
    pub(crate) fn hold(&mut self, pattern: &ChannelPattern, ticket: Ticket, wish: Wish) -> Held {
        let wanted = self.wanted.entry(pattern.shared()).or_insert_with(|| Wanted {
            pattern: pattern.clone(),
            state: State::Unasked,
            holders: 0,
            waiting: Vec::new(),
            confirmed: false,
            place: Place::new(wish),
            withheld: Vec::new(),
        });
        let is_first = wanted.holders == 0;
        let agrees = !wanted.confirmed && wanted.place.wish.from == wish.from;
        if !is_first && wish.from.is_some() && !agrees {
            return Held::Taken;
        }
        wanted.holders += 1;
        wanted.place.wish.stored |= wish.stored;
        if wanted.state == State::Active {
            return Held::Active;
        }
        wanted.waiting.push(ticket);
        Held::Waiting
    }

    /// Removes a holder, and `ticket` from those who wait. If it was the last one, the pattern is
    /// gone, and the answer says whether the server may know it.
    pub(crate) fn release(
        &mut self,
        pattern: &ChannelPattern,
        ticket: Option<Ticket>,
    ) -> Option<bool> {
        let wanted = self.wanted.get_mut(pattern.as_str())?;
        wanted.holders = wanted.holders.saturating_sub(1);
        wanted.waiting.retain(|waiting| Some(*waiting) != ticket);
        if wanted.holders > 0 {
            return None;
        }
        let known = wanted.state != State::Unasked;
        self.released |= known;
        self.remove(pattern);
        Some(known)
    }

    /// The patterns that have to be asked for.
    pub(crate) fn unasked(&self) -> Vec<ChannelPattern> {
        let unasked = self.wanted.values().filter(|wanted| wanted.state == State::Unasked);
        unasked.map(|wanted| wanted.pattern.clone()).collect()
    }

    /// A request is queued.
    pub(crate) fn asked(&mut self, pattern: &ChannelPattern, id: u64) {
        if let Some(wanted) = self.wanted.get_mut(pattern.as_str()) {
            wanted.state = State::Asked(id);
        }
    }

    /// Whether the request with this id is the one that counts.
    pub(crate) fn is_asked(&self, pattern: &ChannelPattern, id: u64) -> bool {
        self.wanted.get(pattern.as_str()).is_some_and(|wanted| wanted.state == State::Asked(id))
    }

    /// Where the request begins, if the server keeps a log.
    pub(crate) fn start(&mut self, pattern: &ChannelPattern, log: bool) -> Option<ReplayFrom> {
        self.wanted.get_mut(pattern.as_str())?.place.ask(log)
    }

    /// The server agreed; `newest_id` is the newest message id so far.
    pub(crate) fn confirm(
        &mut self,
        pattern: &ChannelPattern,
        id: u64,
        told: Option<Told>,
        newest_id: u64,
    ) -> Option<Confirmed> {
        let wanted = self.wanted.get_mut(pattern.as_str());
        let wanted = wanted.filter(|wanted| wanted.state == State::Asked(id))?;
        let gap = wanted.place.agreed(told, wanted.confirmed, newest_id);
        wanted.state = State::Active;
        wanted.confirmed = true;
        let waiting = std::mem::take(&mut wanted.waiting);
        let withheld = std::mem::take(&mut wanted.withheld);
        let replay = wanted.place.replay();
        self.withheld_bytes -= cost_of(&withheld);
        Some(Confirmed { waiting, gap, replay, withheld })
    }

    /// The server refused.
    pub(crate) fn refuse(&mut self, pattern: &ChannelPattern, id: u64) -> Refused {
        if !self.is_asked(pattern, id) {
            return Refused::Stale;
        }
        self.remove(pattern).map_or(Refused::Stale, |wanted| Refused::Gone {
            waiting: wanted.waiting,
            was_active: wanted.confirmed,
        })
    }

    /// The server refused the position. `true` if the pattern is to be asked for again.
    pub(crate) fn refuse_position(&mut self, pattern: &ChannelPattern, id: u64) -> bool {
        let wanted = self.wanted.get_mut(pattern.as_str());
        let wanted = wanted.filter(|wanted| wanted.state == State::Asked(id));
        let Some(wanted) = wanted else { return false };
        let again = wanted.place.refused();
        if again {
            wanted.state = State::Unasked;
            self.withheld_bytes -= cost_of(&std::mem::take(&mut wanted.withheld));
        }
        again
    }

    /// The server is too busy for a pattern that it had agreed to. `true` if it is to be asked for
    /// again.
    pub(crate) fn defer(&mut self, pattern: &ChannelPattern, id: u64) -> bool {
        let wanted = self.wanted.get_mut(pattern.as_str());
        let wanted = wanted.filter(|wanted| wanted.state == State::Asked(id) && wanted.confirmed);
        let Some(wanted) = wanted else { return false };
        wanted.state = State::Unasked;
        true
    }

    /// The session is gone, and the server has forgotten everything.
    pub(crate) fn lose(&mut self) {
        for wanted in self.wanted.values_mut() {
            wanted.state = State::Unasked;
            wanted.place.lost();
            wanted.withheld.clear();
        }
        self.withheld_bytes = 0;
        self.released = false;
    }

    /// A message with a position came: what the patterns that cover it make of it.
    pub(crate) fn received(&mut self, message: &Message) -> Vec<Receipt> {
        let Some(position) = message.number() else { return Vec::new() };
        let mut receipts = Vec::new();
        let mut withheld = 0;
        let alone = self.is_covered_once(message);
        pattern::covering(message.channel(), |text| {
            let Some(wanted) = self.wanted.get_mut(text) else { return };
            if wanted.state != State::Active {
                // What comes in front of the request was not sent for it.
                if wanted.place.is_asked() {
                    withheld += message.cost();
                    wanted.withheld.push(message.clone());
                }
                receipts.push(Receipt {
                    pattern: wanted.pattern.clone(),
                    seen: true,
                    reached: None,
                    epoch: None,
                    replay: None,
                });
                return;
            }
            receipts.push(wanted.receive(position, alone));
        });
        self.withheld_bytes += withheld;
        receipts
    }

    /// A message that was withheld is received.
    pub(crate) fn received_late(
        &mut self,
        pattern: &ChannelPattern,
        message: &Message,
    ) -> Option<Receipt> {
        let alone = self.is_covered_once(message);
        Some(self.wanted.get_mut(pattern.as_str())?.receive(message.number()?, alone))
    }

    /// Whether a message on this channel can only have been sent for one pattern.
    fn is_covered_once(&self, message: &Message) -> bool {
        let mut patterns = 0;
        pattern::covering(message.channel(), |text| {
            patterns += usize::from(self.wanted.contains_key(text));
        });
        patterns == 1 && !self.released
    }

    /// About what the withheld messages take; more than nothing if there are any.
    pub(crate) fn withheld_bytes(&self) -> usize {
        self.withheld_bytes
    }

    /// The reply to this connect says that everything up to a position was delivered. Returns the
    /// patterns that somebody has to hear about, with what changed.
    pub(crate) fn settle(
        &mut self,
        position: u64,
        connect: u64,
    ) -> Vec<(ChannelPattern, Option<Position>, Option<Replay>)> {
        let mut heard = Vec::new();
        for wanted in self.wanted.values_mut() {
            let Some(caught_up) = wanted.place.settled(position, connect) else { continue };
            let position = wanted.place.position().filter(|_| wanted.place.wish.stored);
            let replay = wanted.place.replay().filter(|_| caught_up);
            if position.is_some() || replay.is_some() {
                heard.push((wanted.pattern.clone(), position, replay));
            }
        }
        heard
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn remove(&mut self, pattern: &ChannelPattern) -> Option<Wanted> {
        let wanted = self.wanted.remove(pattern.as_str())?;
        self.withheld_bytes -= cost_of(&wanted.withheld);
        Some(wanted)
    }
}

impl Wanted {
    fn receive(&mut self, position: u64, alone: bool) -> Receipt {
        let taken = self.place.received(position, alone);
        Receipt {
            pattern: self.pattern.clone(),
            seen: taken.seen,
            reached: self.place.reached(),
            epoch: self.place.epoch(),
            replay: self.place.replay().filter(|_| taken.caught_up),
        }
    }
}

fn cost_of(messages: &[Message]) -> usize {
    messages.iter().map(Message::cost).sum()
}
