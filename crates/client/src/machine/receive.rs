//! What came from the server.

use std::time::Instant;

use encke_bayeux::{ChannelKind, ChannelName, ChannelPattern};

use crate::error::Failure;
use crate::machine::operations::{Operation, Ticket};
use crate::machine::{Action, Exchange, Failed, Machine, Outcome, Receipt};
use crate::message::Message;
use crate::wire::{self, Received};

/// Most bytes that wait for the server's agreement to their pattern, about. Nothing more is asked
/// for while there are any, so only a server that sends unasked and does not answer gets there.
const MAX_WITHHELD_BYTES: usize = 32 << 20;

impl Machine {
    /// An exchange ended, with a body or without.
    pub(crate) fn handle_response(
        &mut self,
        exchange: Exchange,
        response: Result<&[u8], Failed>,
        now: Instant,
    ) {
        let failed = match response {
            Ok(body) => match self.receive(body, now) {
                Ok(()) => Failed::sent(Failure::Unanswered),
                Err(failed) => failed,
            },
            Err(failed) => failed,
        };
        // Whatever was answered has left its lane; what is still there has failed.
        if !self.fail_session(exchange, &failed, now) {
            self.fail_commands(exchange, &failed, now);
        }
        self.advance(now);
    }

    /// Messages came by themselves.
    ///
    /// # Errors
    ///
    /// If the body holds no messages: whoever sent it should not be listened to any more.
    pub(crate) fn handle_push(&mut self, body: &[u8], now: Instant) -> Result<(), Failed> {
        self.receive(body, now)?;
        self.advance(now);
        Ok(())
    }

    /// Gives up on whatever takes too long.
    pub(super) fn expire_exchanges(&mut self, now: Instant) {
        self.expire_session(now);
        self.expire_commands(now);
    }

    fn receive(&mut self, body: &[u8], now: Instant) -> Result<(), Failed> {
        let messages = wire::read(body).map_err(|error| Failed::sent(Failure::Malformed(error)))?;
        for message in &messages {
            if self.is_closed() {
                break;
            }
            match &*message.channel {
                "/meta/handshake" => self.handle_handshake_reply(message, now),
                "/meta/connect" => self.handle_connect_reply(message, now),
                "/meta/disconnect" if !message.has_id => self.ended(),
                channel if channel.starts_with("/meta/") => {
                    self.handle_command_reply(message, now);
                }
                channel => self.handle_published(channel, message, now),
            }
        }
        Ok(())
    }

    /// A reply to a publish, a call's result, or something published.
    ///
    /// Observed: a call's result repeats channel and id of the request and has `data`; the reply to
    /// its request has none. Faye leaves a publisher's id in what it delivers, so an id alone says
    /// nothing about a message that has `data`.
    fn handle_published(&mut self, channel: &str, received: &Received<'_>, now: Instant) {
        if received.data.is_none() && self.handle_command_reply(received, now) {
            return;
        }
        if received.data.is_none() && received.successful.is_some() {
            return;
        }
        let Ok(channel) = ChannelName::new(channel) else {
            tracing::debug!("a message on a channel outside the grammar was dropped");
            return;
        };
        let logged = self.has_log();
        let message = Message::new(channel, received.data, received.ext, logged);
        if message.channel().kind() == ChannelKind::Service
            && let Some(ticket) = received.id.map(Ticket)
            && let Some(Operation::Call(called)) = self.operations.get(ticket)
            && called == message.channel()
        {
            let outcome = match received.successful {
                Some(false) => Outcome::Failed(message),
                _ => Outcome::Result(message),
            };
            self.finish(ticket, outcome);
            self.forget_request(ticket, now);
            return;
        }
        if message.channel().kind() == ChannelKind::Service
            && received.id.is_some_and(|id| self.operations.is_late(Ticket(id)))
        {
            tracing::debug!("the result of a call came too late");
            return;
        }
        let receipts = self.subscriptions.received(&message);
        self.deliver(message, receipts);
        if self.subscriptions.withheld_bytes() > MAX_WITHHELD_BYTES {
            tracing::debug!("messages without the answer to a subscribe; trying another session");
            self.lose(now);
        }
    }

    /// Hands a message on, and what the application gets to know by it.
    pub(super) fn deliver(&mut self, message: Message, receipts: Vec<Receipt>) {
        let told: Vec<_> = receipts
            .iter()
            .filter_map(|receipt| Some(Action::Replay(receipt.pattern.clone(), receipt.replay?)))
            .collect();
        self.actions.push_back(Action::Deliver(message, receipts));
        self.actions.extend(told);
    }

    /// Hands messages on that had to wait for the server's agreement to their pattern.
    pub(super) fn deliver_withheld(&mut self, pattern: &ChannelPattern, messages: Vec<Message>) {
        for message in messages {
            if let Some(receipt) = self.subscriptions.received_late(pattern, &message) {
                let told = receipt.replay;
                self.actions.push_back(Action::DeliverLate(message, receipt));
                if let Some(replay) = told {
                    self.actions.push_back(Action::Replay(pattern.clone(), replay));
                }
            }
        }
    }
}
