//! Refusals, and how each deployed version of the reference server spells them.
//!
//! A [`Failure`] says what is wrong with one message. Its text has the form `code:args:text`.
//! Clients should look at the code alone, but deployed ones compare whole texts, so the spelling
//! is a [`Dialect`] chosen by the operator. Refusals of an embedder's own bring their text along.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "error". Observed: the texts of CometD 3.1, 4.0 and 5 to 8.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::advice::Advice;
use crate::error_text::{ErrorText, MAX_ERROR_BYTES, Reason, cut};

/// Whose spelling of errors is used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Dialect {
    /// CometD 2.9 to 3.1, which deployed GWS clients meet: `402::Unknown client`.
    V31,
    /// CometD 4.0: `402::unknown_session`.
    V4,
    /// CometD 5 and later: `402::session_unknown`.
    #[default]
    V5,
}

/// The text in front of a position that was never given out, and behind it.
const INVALID_REPLAY_ID: (&str, &str) = (
    "400::The replayId {",
    "} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to \
     replay only new events.",
);

/// Why one message was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// No session of that client id for this user and browser.
    SessionUnknown,
    /// The policy refuses the handshake.
    HandshakeDenied,
    /// The server holds as many sessions as it may, or this user does.
    TooManySessions,
    /// The address has as many sessions as it may.
    TooManySessionsOfAddress,
    /// More handshakes come than the server wants to serve at a time.
    TooManyHandshakes,
    /// The session publishes more often than it may.
    TooManyPublishes,
    /// The browser has as many connects held as it may, and sessions beyond are turned away.
    MultipleClients,
    /// This client shakes hands too often; it may come back after this time.
    TooManyHandshakesOfAddress(Duration),
    /// The server is about to stop.
    Draining,
    /// The server has not caught up with this session.
    Busy,
    /// The message has no channel.
    ChannelMissing,
    /// The channel breaks the grammar.
    ChannelInvalid,
    /// The id breaks the grammar or is too long.
    MessageIdInvalid,
    /// Publishing would create a channel that a client may not create.
    ChannelCreateDenied,
    /// Subscribing would create a channel that a client may not create.
    SubscribeCreateDenied,
    /// The policy refuses the publish.
    PublishDenied,
    /// The policy refuses the subscription.
    SubscribeDenied,
    /// No subscription in the message.
    SubscriptionMissing,
    /// The subscription is no string or array of strings, or breaks the grammar.
    SubscriptionInvalid,
    /// The session has as many subscriptions as it may.
    TooManySubscriptions,
    /// Meta channels cannot be unsubscribed.
    UnsubscribeFailed,
    /// The log of the channel never gave out this position; as the client wrote it.
    ReplayIdInvalid(Box<str>),
    /// An extension or a filter let the message go no further.
    MessageDeleted,
    /// Whatever an embedder says.
    Own(ErrorText),
}

impl Failure {
    /// The three-digit code.
    pub fn code(&self) -> u16 {
        match self {
            Self::SessionUnknown => 402,
            Self::ChannelMissing | Self::ReplayIdInvalid(_) => 400,
            Self::MessageDeleted => 404,
            Self::ChannelInvalid | Self::MessageIdInvalid => 405,
            Self::MultipleClients
            | Self::TooManySessionsOfAddress
            | Self::TooManyHandshakesOfAddress(_)
            | Self::TooManyPublishes => 429,
            Self::TooManySessions | Self::TooManyHandshakes | Self::Draining | Self::Busy => 503,
            Self::Own(error) => error.code(),
            _ => 403,
        }
    }

    /// The whole text, `code:args:text`, of at most [`MAX_ERROR_BYTES`].
    pub fn text(&self, dialect: Dialect) -> Cow<'_, str> {
        use Dialect::{V4, V5, V31};
        let text = match (self, dialect) {
            // Clients look for how it begins. The two blanks are the original's.
            (Self::ReplayIdInvalid(shown), _) => {
                let (before, after) = INVALID_REPLAY_ID;
                let shown = cut(shown, MAX_ERROR_BYTES - before.len() - after.len());
                return Cow::Owned(format!("{before}{shown}{after}"));
            }
            (Self::SessionUnknown, V31) => "402::Unknown client",
            (Self::SessionUnknown, V4) => "402::unknown_session",
            (Self::SessionUnknown, V5) => "402::session_unknown",
            (Self::HandshakeDenied, V31) => "403::Handshake denied",
            (Self::HandshakeDenied, V4 | V5) => "403::handshake_denied",
            (Self::TooManyHandshakesOfAddress(_), _) => "429::too_many_handshakes_of_address",
            (Self::TooManySessions, _) => "503::too_many_sessions",
            (Self::TooManySessionsOfAddress, _) => "429::too_many_sessions_of_address",
            (Self::TooManyHandshakes, _) => "503::too_many_handshakes",
            (Self::TooManyPublishes, _) => "429::too_many_publishes",
            (Self::MultipleClients, _) => "429::multiple_clients",
            (Self::Draining, _) => "503::server_draining",
            (Self::Busy, _) => "503::server_busy",
            (Self::ChannelMissing, V31) => "400::channel missing",
            (Self::ChannelMissing, V4 | V5) => "400::channel_missing",
            (Self::ChannelInvalid, V4) => "405::invalid_channel",
            (Self::ChannelInvalid, V31 | V5) => "405::channel_invalid",
            (Self::MessageIdInvalid, V4) => "405::invalid_id",
            (Self::MessageIdInvalid, V31 | V5) => "405::message_id_invalid",
            (Self::ChannelCreateDenied, V31) => "403:denied_by_security_policy:create denied",
            (Self::ChannelCreateDenied, V4 | V5) => {
                "403:denied_by_security_policy:channel_create_denied"
            }
            (Self::SubscribeCreateDenied, _) => "403:denied_by_security_policy:create_denied",
            (Self::PublishDenied, V31) => "403:denied_by_security_policy:publish denied",
            (Self::PublishDenied, V4 | V5) => "403:denied_by_security_policy:publish_denied",
            (Self::SubscribeDenied, _) => "403:denied_by_security_policy:subscribe_denied",
            (Self::SubscriptionMissing, _) => "403::subscription_missing",
            (Self::SubscriptionInvalid, _) => "403::subscription_invalid",
            (Self::TooManySubscriptions, _) => "403::too_many_subscriptions",
            (Self::UnsubscribeFailed, _) => "403::unsubscribe_failed",
            (Self::MessageDeleted, V31) => "404::message deleted",
            (Self::MessageDeleted, V4 | V5) => "404::message_deleted",
            (Self::Own(error), _) => error.as_str(),
        };
        Cow::Borrowed(text)
    }

    /// The same refusal for another reason: `403:denied_by_security_policy:publish_denied` becomes
    /// `403:<reason>:publish_denied`. What finds no room behind the reason is cut off.
    #[must_use]
    pub fn because(&self, reason: &Reason, dialect: Dialect) -> Self {
        Self::Own(ErrorText::because(&self.text(dialect), reason))
    }

    /// The advice that goes with the refusal of a `/meta/handshake` or `/meta/connect`.
    ///
    /// Observed: CometD sends it on those two channels only, the same error elsewhere goes without.
    pub fn advice(&self) -> Option<Advice> {
        use crate::advice::Reconnect;
        match self {
            Self::SessionUnknown => Some(Advice::handshake()),
            Self::HandshakeDenied => Some(Advice::only(Reconnect::None)),
            Self::TooManyHandshakesOfAddress(wait) => {
                Some(Advice { interval: Some(*wait), ..Advice::only(Reconnect::Handshake) })
            }
            Self::TooManySessions
            | Self::TooManySessionsOfAddress
            | Self::TooManyHandshakes
            | Self::Draining => Some(Advice {
                interval: Some(Duration::from_secs(5)),
                ..Advice::only(Reconnect::Handshake)
            }),
            _ => None,
        }
    }
}

/// The text in the newest dialect.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Dialect::V5))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all() -> impl Iterator<Item = (Failure, Dialect)> {
        let failures = [
            Failure::SessionUnknown,
            Failure::HandshakeDenied,
            Failure::TooManyHandshakesOfAddress(Duration::ZERO),
            Failure::TooManySessions,
            Failure::TooManySessionsOfAddress,
            Failure::TooManyHandshakes,
            Failure::TooManyPublishes,
            Failure::MultipleClients,
            Failure::Draining,
            Failure::Busy,
            Failure::ChannelMissing,
            Failure::ChannelInvalid,
            Failure::MessageIdInvalid,
            Failure::ChannelCreateDenied,
            Failure::SubscribeCreateDenied,
            Failure::PublishDenied,
            Failure::SubscribeDenied,
            Failure::SubscriptionMissing,
            Failure::SubscriptionInvalid,
            Failure::TooManySubscriptions,
            Failure::UnsubscribeFailed,
            Failure::ReplayIdInvalid("-3".into()),
            Failure::MessageDeleted,
            Failure::Own(ErrorText::new(401, &["a"], "b").unwrap()),
        ];
        let dialects = [Dialect::V31, Dialect::V4, Dialect::V5];
        failures.into_iter().flat_map(move |failure| dialects.map(|d| (failure.clone(), d)))
    }

    #[test]
    fn every_text_begins_with_its_code() {
        for (failure, dialect) in all() {
            let text = failure.text(dialect);
            assert!(text.starts_with(&format!("{}:", failure.code())), "{text}");
            assert_eq!(text.matches(':').count(), 2, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_error_is_longer_than_it_may_be(
            reason in "[a-zA-Z0-9 _!~()$@/*.-]{1,251}",
            own in "[^\\p{C}]{0,200}",
            args in proptest::collection::vec("[a-z/*]{0,60}", 0..3),
            shown in "\\PC{0,300}",
        ) {
            let args: Vec<_> = args.iter().map(String::as_str).collect();
            let own = ErrorText::new(403, &args, &own).map(Failure::Own);
            let more = own.into_iter().chain([Failure::ReplayIdInvalid(shown.into())]);
            let more = more.map(|failure| (failure, Dialect::V5));
            let reason = Reason::new(reason).unwrap();
            for (failure, dialect) in all().chain(more) {
                let text = failure.text(dialect);
                prop_assert!(text.len() <= MAX_ERROR_BYTES, "{}", text);
                let other = failure.because(&reason, dialect);
                let other = other.text(dialect);
                prop_assert!(other.len() <= MAX_ERROR_BYTES, "{}", other);
                let begin = format!("{}:{}:", failure.code(), reason.as_str());
                let rest = other.strip_prefix(&begin);
                let words = text.splitn(3, ':').nth(2).unwrap_or_default();
                prop_assert!(rest.is_some_and(|rest| words.starts_with(rest)), "{}", other);
                let is_whole = rest == Some(words);
                prop_assert!(is_whole || other.len() + 4 > MAX_ERROR_BYTES, "{} is cut early", other);
            }
        }
    }

    #[test]
    fn a_refusal_may_have_another_reason() {
        let reason = Reason::new("not_a_member").unwrap();
        for (failure, dialect, text) in [
            (Failure::PublishDenied, Dialect::V31, "403:not_a_member:publish denied"),
            (Failure::PublishDenied, Dialect::V5, "403:not_a_member:publish_denied"),
            (Failure::SubscribeDenied, Dialect::V4, "403:not_a_member:subscribe_denied"),
            (Failure::ChannelCreateDenied, Dialect::V5, "403:not_a_member:channel_create_denied"),
        ] {
            assert_eq!(failure.because(&reason, dialect).text(dialect), text);
        }
        assert!(size_of::<Failure>() <= 24, "passed around by value");
    }
}
