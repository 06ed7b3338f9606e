//! `/meta/handshake`: a session begins.
//!
//! The version and the connection types that a client offers are not looked at: every deployed
//! client offers one that is served, and those that offer nothing are served too.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Handshake". Observed: CometD 3.1 to 8 validate nothing here either.

use std::borrow::Cow;
use std::time::Duration;

use encke_bayeux::reply::{Greeting, Reply};
use encke_bayeux::{Ack, Advice, BrowserId, ChannelName, ClientId, Failure, Message};

use super::Conversation;
use super::hooks::Room;
use crate::broker::lock;
use crate::cell::{Cell, Owner};
use crate::session::Session;
use crate::stats::add;
use crate::storm::spread;
use crate::verdict::Verdict;

impl<'a> Conversation<'a> {
    pub(super) fn handshake(&mut self, message: &Message<'a>, room: Option<&'a Room>) {
        let broker = self.broker;
        let Some(message) = self.pass_handshake(message, room) else {
            add(&broker.counters().handshakes_refused, 1);
            return;
        };
        let message = &*message;
        match self.begin_session(message) {
            Ok(begun) => {
                self.browser = begun.offered;
                self.greeted = Some(begun.client_id);
                let config = broker.config();
                if begun.acknowledged {
                    self.ext.push("ack", "true");
                }
                if broker.keeps_log() {
                    self.ext.push("replay", "true");
                }
                let reply = Reply {
                    advice: Some(config.retry(config.interval)),
                    greeting: Some(Greeting {
                        client_id: begun.client_id,
                        connection_types: &config.connection_types,
                    }),
                    ..Reply::success(message.channel.get(), message.id.get())
                };
                self.reply(&reply);
            }
            Err((failure, advice)) => {
                add(&broker.counters().handshakes_refused, 1);
                self.refuse(message, advice, &failure);
            }
        }
    }

    /// Extensions see no handshake whose id cannot be repeated.
    fn pass_handshake<'m>(
        &mut self,
        message: &'m Message<'a>,
        room: Option<&'a Room>,
    ) -> Option<Cow<'m, Message<'a>>> {
        let room = room.filter(|_| message.id_is_valid());
        match (ChannelName::new(message.channel.get().unwrap_or_default()), room) {
            (Ok(channel), Some(room)) => self.pass_incoming(message, &channel, Some(room)),
            _ => Some(Cow::Borrowed(message)),
        }
    }

    /// Asks everybody who may refuse, the cheapest first.
    fn begin_session(&mut self, message: &Message<'_>) -> Result<Begun, Refused> {
        let (broker, request) = (self.broker, self.request);
        if !message.id_is_valid() {
            return Err(self.turn_away(Failure::MessageIdInvalid, None));
        }
        if broker.is_draining() {
            return Err(self.turn_away(Failure::Draining, None));
        }
        let address = broker.seat_of_address(request.peer);
        let address = address.map_err(|failure| self.turn_away(failure, None))?;
        if let Some(storm) = &broker.shared.storm {
            lock(storm).admit(request.now).map_err(|pause| {
                add(&broker.counters().handshakes_limited, 1);
                self.turn_away(Failure::TooManyHandshakes, Some(pause))
            })?;
        }
        let owner = self.judge(message)?;
        let client_id = ClientId::from_random(request.entropy.bytes());
        let offered = (request.browser.is_none() && !request.pushes)
            .then(|| BrowserId::from_random(request.entropy.bytes()));
        let kept = request.browser.cloned();
        let acknowledged = broker.config().acknowledge && self.asked.ack == Ack::Wanted;
        let mut session =
            Session::new(kept, offered.clone(), acknowledged, broker.config(), request.now);
        if broker.keeps_log() && self.asked.replay.is_some_and(|asked| asked.get() == "true") {
            session.opt_into_replay();
        }
        session.sit(address);
        let cell = Cell::new(client_id, broker.next_number(), owner, session);
        let added = broker.add_session(cell, request.now);
        added.map_err(|failure| self.turn_away(failure, None))?;
        Ok(Begun { client_id, offered, acknowledged })
    }

    /// Refuses a handshake, for `pause` where that is not always the same. Whoever is turned away
    /// together shall not come back together.
    fn turn_away(&self, failure: Failure, pause: Option<Duration>) -> Refused {
        let random = self.request.entropy.bytes();
        let advice = failure.advice().map(|advice| Advice {
            interval: advice.interval.map(|base| spread(pause.unwrap_or(base), random)),
            ..advice
        });
        (failure, advice)
    }

    /// Asks the policy whether a session may begin, and whose it is.
    fn judge(&mut self, message: &Message<'_>) -> Result<Owner, Refused> {
        let (broker, asking) = (self.broker, self.asking(message));
        let verdict = broker.guarded("policy", || broker.config().policy.judge_handshake(&asking));
        let verdict = verdict.unwrap_or_else(Verdict::deny);
        self.ext.extend(verdict.members().unwrap_or_default());
        if !verdict.is_granted() {
            let (failure, advice) = verdict.into_refusal(Failure::HandshakeDenied);
            let crowd = matches!(failure, Failure::TooManyHandshakesOfAddress(_));
            let plain = advice == failure.advice();
            return Err(if crowd && plain {
                self.turn_away(failure, None)
            } else {
                (failure, advice)
            });
        }
        Ok(Owner::of(self.request.user, &verdict))
    }
}

/// A session that has begun, and what its client is told.
struct Begun {
    client_id: ClientId,
    offered: Option<BrowserId>,
    acknowledged: bool,
}

/// Why not, and what the client is advised.
type Refused = (Failure, Option<Advice>);
