//! `/meta/handshake`: a session begins.
//!
//! The version and the connection types that a client offers are not looked at: every deployed
//! client offers one that is served, and those that offer nothing are served too.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Handshake". Observed: CometD 3.1 to 8 validate nothing here either.

use std::time::Duration;

use encke_bayeux::reply::{Greeting, Reply};
use encke_bayeux::{Ack, Advice, BrowserId, ClientId, Failure, Message};

use super::Conversation;
use crate::address::network;
use crate::broker::lock;
use crate::session::Session;
use crate::stats::add;
use crate::storm::spread;

/// A handshake that is refused, and the pause until the next one where it is not always the same.
#[derive(Debug)]
struct Refused {
    failure: Failure,
    pause: Option<Duration>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, pause: None }
    }
}

impl Conversation<'_> {
    pub(super) fn handshake(&mut self, message: &Message<'_>) {
        let broker = self.broker;
        let added = self.begin_session(message);
        match added {
            Ok((client_id, offered, ack)) => {
                self.browser = offered;
                self.greeted = Some(client_id);
                let config = broker.config();
                if ack {
                    self.ext.push("ack", "true");
                }
                if broker.keeps_log() {
                    self.ext.push("replay", "true");
                }
                let reply = Reply {
                    advice: Some(config.retry(config.interval)),
                    greeting: Some(Greeting {
                        client_id,
                        connection_types: &config.connection_types,
                    }),
                    ..Reply::success(message.channel.get(), message.id.get())
                };
                self.reply(&reply);
            }
            Err(Refused { failure, pause }) => {
                add(&broker.counters().handshakes_refused, 1);
                let random = self.request.entropy.bytes();
                let advice = failure.advice().map(|advice| Advice {
                    // Whoever was turned away together shall not come back together.
                    interval: advice.interval.map(|base| spread(pause.unwrap_or(base), random)),
                    ..advice
                });
                self.refuse(message, advice, &failure);
            }
        }
    }

    /// Asks everybody who may refuse, the cheapest first. Returns the new session, the browser id
    /// that it is offered, and whether it acknowledges.
    fn begin_session(
        &self,
        message: &Message<'_>,
    ) -> Result<(ClientId, Option<BrowserId>, bool), Refused> {
        let (broker, request) = (self.broker, self.request);
        let config = broker.config();
        if !message.id_is_valid() {
            return Err(Failure::MessageIdInvalid.into());
        }
        if broker.is_draining() {
            return Err(Failure::Draining.into());
        }
        let address = request.peer.map(network).zip(config.sessions_per_address);
        let address = address.map(|(address, most)| {
            broker.shared.addresses.take(address, most).ok_or_else(|| {
                add(&broker.counters().addresses_limited, 1);
                Failure::TooManySessionsOfAddress
            })
        });
        let address = address.transpose()?;
        if let Some(storm) = &broker.shared.storm {
            lock(storm).admit(request.now).map_err(|pause| {
                add(&broker.counters().handshakes_limited, 1);
                Refused { failure: Failure::TooManyHandshakes, pause: Some(pause) }
            })?;
        }
        if !config.policy.can_handshake(&self.asking(message)) {
            return Err(Failure::HandshakeDenied.into());
        }
        let id = ClientId::from_random(request.entropy.bytes());
        let offered = (request.browser.is_none() && !request.pushes)
            .then(|| BrowserId::from_random(request.entropy.bytes()));
        let kept = request.browser.cloned();
        let ack = config.acknowledge && self.asked.ack == Ack::Wanted;
        let mut session = Session::new(kept, offered.clone(), ack, config, request.now);
        session.sit(address);
        if broker.keeps_log() && self.asked.replay.is_some_and(|asked| asked.get() == "true") {
            session.opt_into_replay();
        }
        broker.add_session(id, request.user, session, request.now)?;
        Ok((id, offered, ack))
    }
}
