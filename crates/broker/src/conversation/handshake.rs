//! `/meta/handshake`: a session begins.
//!
//! The version and the connection types that a client offers are not looked at: every deployed
//! client offers one that is served, and those that offer nothing are served too.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Handshake". Observed: CometD 3.1 to 8 validate nothing here either.

use encke_bayeux::reply::{Greeting, Reply};
use encke_bayeux::{Ack, BrowserId, ClientId, Failure, Message};

use super::Conversation;
use crate::session::Session;
use crate::stats::add;

impl Conversation<'_> {
    pub(super) fn handshake(&mut self, message: &Message<'_>) {
        let (broker, request) = (self.broker, self.request);
        let added = if !message.id_is_valid() {
            Err(Failure::MessageIdInvalid)
        } else if broker.is_draining() {
            Err(Failure::Draining)
        } else if !broker.config().policy.can_handshake(&self.asking(message)) {
            Err(Failure::HandshakeDenied)
        } else if let Some(wait) =
            broker.config().policy.handshake_wait(&self.asking(message), request.now)
        {
            Err(Failure::TooManyHandshakesOfAddress(wait))
        } else {
            let id = ClientId::from_random(request.entropy.bytes());
            let offered = (request.browser.is_none() && !request.pushes)
                .then(|| BrowserId::from_random(request.entropy.bytes()));
            let kept = request.browser.cloned();
            let ack = broker.config().acknowledge && self.asked.ack == Ack::Wanted;
            let mut session =
                Session::new(kept, offered.clone(), ack, broker.config(), request.now);
            if broker.keeps_log() && self.asked.replay.is_some_and(|asked| asked.get() == "true") {
                session.opt_into_replay();
            }
            broker.add_session(id, request.user, session, request.now).map(|()| (id, offered, ack))
        };
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
            Err(failure) => {
                add(&broker.counters().handshakes_refused, 1);
                self.refuse(message, failure.advice(), &failure);
            }
        }
    }
}
