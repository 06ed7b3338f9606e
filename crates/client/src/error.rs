//! What can go wrong, one enum per operation.
//!
//! Three parties can be at fault, and every error says which: the caller (a bad channel name, data
//! that is no JSON), the server (a [`Refusal`] in its own words) or the way between (a
//! [`Failure`]). Tests and programs match variants; texts are for people.

use std::fmt;

use encke_bayeux::ChannelError;

use crate::message::Message;
use crate::status::CloseReason;
use crate::subscription::Mistyped;

/// The server's own words for "no": `code:arguments:text`.
///
/// # Sources
///
/// Specified: Bayeux 1.0, "error". Observed: texts differ between servers and their versions, so
/// programs should look at [`Refusal::code`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    whole: String,
}

impl Refusal {
    /// Takes the `error` member of a reply; an empty text is a refusal without words.
    pub(crate) fn new(error: &str) -> Self {
        Self { whole: error.to_owned() }
    }

    /// The three digits in front, if there are any.
    pub fn code(&self) -> Option<u16> {
        self.parts().0.parse().ok()
    }

    /// What the code speaks of, such as a channel or a client id; often empty.
    pub fn arguments(&self) -> &str {
        self.parts().1
    }

    /// The words; the whole error if it does not follow the grammar.
    pub fn text(&self) -> &str {
        self.parts().2
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// Whether the server says that it does not know the session (any more).
    ///
    /// Observed: `402::session_unknown` (CometD 5 and later), `402::unknown_session` (4),
    /// `402::Unknown client` (to 3.1), `401:ID:Unknown client` (Faye), `403::Unknown client`
    /// (Salesforce). Other uses of these codes do not say "unknown".
    pub(crate) fn is_unknown_session(&self) -> bool {
        let text = self.text().to_ascii_lowercase();
        matches!(self.code(), Some(401..=403))
            && text.contains("unknown")
            && (text.contains("session") || text.contains("client"))
    }

    /// Whether the server cannot continue after the position that was named.
    ///
    /// Observed: Salesforce answers `400::The replayId {5} you provided was invalid. ...`.
    pub fn is_unknown_position(&self) -> bool {
        self.whole.starts_with("400::The replayId")
    }

    /// Whether the server wants other credentials.
    ///
    /// Observed: Salesforce answers `401::Authentication invalid` to connects whose token has
    /// expired.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        self.code() == Some(401) && !self.is_unknown_session()
    }

    /// Whether the fault is the server's and may pass.
    ///
    /// Observed: Salesforce answers `503::Server is too busy. Please try your request again later.`
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.code(), Some(500..=599))
    }

    fn parts(&self) -> (&str, &str, &str) {
        let mut parts = self.whole.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(code), Some(arguments), Some(text))
                if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                (code, arguments, text)
            }
            _ => ("", "", &self.whole),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole.is_empty() {
            return f.write_str("the server gave no reason");
        }
        f.write_str(&self.whole)
    }
}

/// Why an exchange with the server failed on its way.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection could be made; nothing was sent.
    Unreachable(String),
    /// The connection ended in between.
    Broken(String),
    /// No answer came in time.
    TimedOut,
    /// An HTTP status other than 200.
    Status(u16),
    /// The answer holds no messages.
    Malformed(String),
    /// The answer came without the reply.
    Unanswered,
    /// The answer has more bytes than [`ClientBuilder::answer_bytes`] allows.
    ///
    /// [`ClientBuilder::answer_bytes`]: crate::ClientBuilder::answer_bytes
    TooLarge(usize),
    /// The server said no, and did not say to stay away.
    Refused(Refusal),
    /// There were no credentials to be had ([`ClientBuilder::authorization`]); nothing was sent.
    ///
    /// [`ClientBuilder::authorization`]: crate::ClientBuilder::authorization
    Credentials(String),
    /// The server offers none of our connection types.
    NoCommonTransport,
    /// The session ended while the answer was awaited.
    SessionLost,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the server is unreachable: {why}"),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::TimedOut => f.write_str("no answer came in time"),
            Self::Status(status) => write!(f, "the server answered with HTTP status {status}"),
            Self::Malformed(why) => write!(f, "the answer holds no messages: {why}"),
            Self::Unanswered => f.write_str("the answer came without the reply"),
            Self::TooLarge(limit) => write!(f, "the answer has more than {limit} bytes"),
            Self::Refused(refusal) => write!(f, "the server refused: {refusal}"),
            Self::Credentials(why) => write!(f, "there are no credentials: {why}"),
            Self::NoCommonTransport => f.write_str("the server offers no common connection type"),
            Self::SessionLost => f.write_str("the session ended while the answer was awaited"),
        }
    }
}

impl std::error::Error for Failure {}

/// Why [`ClientBuilder::connect`](crate::ClientBuilder::connect) refused its settings. All of these
/// are the caller's mistake. None repeats a credential.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BuildError {
    /// The URL cannot be read, or has no host.
    Url,
    /// The URL's scheme is not one that this build can speak.
    Scheme(String),
    /// The URL holds a user or a password; [`ClientBuilder::basic_auth`] takes them.
    ///
    /// [`ClientBuilder::basic_auth`]: crate::ClientBuilder::basic_auth
    Credentials,
    /// A header that HTTP does not allow, or that belongs to the client; with its name.
    Header(String),
    /// An extension of the handshake that cannot be written as JSON, or that the client writes
    /// itself; with its name.
    Extension(String),
    /// A root certificate that cannot be read.
    Certificate(String),
    /// A bound of zero; with its name.
    Zero(&'static str),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str("the URL is not absolute or has no host"),
            Self::Scheme(scheme) => write!(f, "this build does not speak {scheme:?}"),
            Self::Credentials => f.write_str("credentials do not belong into the URL"),
            Self::Header(name) => write!(f, "the header {name:?} cannot be set"),
            Self::Extension(name) => write!(f, "the extension {name:?} cannot be sent"),
            Self::Certificate(why) => write!(f, "a root certificate cannot be read: {why}"),
            Self::Zero(name) => write!(f, "{name} must not be zero"),
        }
    }
}

impl std::error::Error for BuildError {}

/// Why [`Client::ready`](crate::Client::ready) will never be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectError(pub CloseReason);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the client is closed: {}", self.0)
    }
}

impl std::error::Error for ConnectError {}

/// Why a subscription was not made.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The pattern breaks the grammar.
    Pattern(ChannelError),
    /// Nobody can subscribe to a `/meta` channel.
    Meta,
    /// Wildcards do not reach `/service` channels; name the channel.
    ServiceWildcard,
    /// The server refused. For a position ([`Refusal::is_unknown_position`]) only if
    /// [`Outdated::Refuse`](crate::Outdated::Refuse) was wanted.
    Refused(Refusal),
    /// The client has a subscription to the same pattern, which begins elsewhere in the server's
    /// log; without [`SubscribeOptions::replay`](crate::SubscribeOptions::replay) it can be joined.
    AlreadySubscribed,
    /// The server could not be asked, or did not answer, within the operation timeout.
    TimedOut,
    /// The client is closed.
    Closed,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(error) => error.fmt(f),
            Self::Meta => f.write_str("a meta channel cannot be subscribed to"),
            Self::ServiceWildcard => f.write_str("wildcards do not reach service channels"),
            Self::Refused(refusal) => write!(f, "the subscription was refused: {refusal}"),
            Self::AlreadySubscribed => {
                f.write_str("the pattern is subscribed to already, from another place in the log")
            }
            Self::TimedOut => f.write_str("the subscription was not answered in time"),
            Self::Closed => f.write_str("the client is closed"),
        }
    }
}

impl std::error::Error for SubscribeError {}

/// Why ending a subscription was not confirmed. No message reaches it any more in any case.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UnsubscribeError {
    /// The server refused.
    Refused(Refusal),
    /// The server did not confirm within the operation timeout.
    TimedOut,
    /// The client is closed.
    Closed,
}

impl fmt::Display for UnsubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "unsubscribing was refused: {refusal}"),
            Self::TimedOut => f.write_str("unsubscribing was not confirmed in time"),
            Self::Closed => f.write_str("the client is closed"),
        }
    }
}

impl std::error::Error for UnsubscribeError {}

/// Why a message was not published, or may not have been.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PublishError {
    /// The channel breaks the grammar.
    Channel(ChannelError),
    /// Nobody can publish to a `/meta` channel.
    Meta,
    /// The data cannot be written as JSON.
    Data(String),
    /// The server refused.
    Refused(Refusal),
    /// The request was answered with this HTTP status, by which nothing was taken: 413 for a
    /// request that is too large, for example.
    Rejected(u16),
    /// The request was sent and no reply came: the server may have taken the message or not. It is
    /// not sent again, since that could double it.
    Lost(Failure),
    /// The server could not be reached within the operation timeout; nothing was sent.
    TimedOut,
    /// The client is closed.
    Closed,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(error) => error.fmt(f),
            Self::Meta => f.write_str("a meta channel cannot be published to"),
            Self::Data(why) => write!(f, "the data is no JSON: {why}"),
            Self::Refused(refusal) => write!(f, "the message was refused: {refusal}"),
            Self::Rejected(status) => write!(f, "the message was refused: HTTP status {status}"),
            Self::Lost(failure) => write!(f, "whether the message was taken is unknown: {failure}"),
            Self::TimedOut => f.write_str("the message could not be sent in time"),
            Self::Closed => f.write_str("the client is closed"),
        }
    }
}

impl std::error::Error for PublishError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Lost(failure) => Some(failure),
            _ => None,
        }
    }
}

/// Why a remote call brought no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The channel breaks the grammar.
    Channel(ChannelError),
    /// A call goes to a `/service` channel and nowhere else.
    NotService,
    /// The data cannot be written as JSON.
    Data(String),
    /// The called service failed; the message holds what it says about that.
    Failed(Message),
    /// The result has another shape than was asked for.
    Mistyped(Box<Mistyped>),
    /// The server refused the request.
    Refused(Refusal),
    /// The request was answered with this HTTP status, by which nothing was taken.
    Rejected(u16),
    /// As many calls as [`ClientBuilder::calls`](crate::ClientBuilder::calls) allows are under way;
    /// nothing was sent.
    TooMany(usize),
    /// The request may have arrived, its result will not come.
    Lost(Failure),
    /// No result came in time.
    TimedOut,
    /// The client is closed.
    Closed,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(error) => error.fmt(f),
            Self::NotService => f.write_str("a call goes to a service channel"),
            Self::Data(why) => write!(f, "the data is no JSON: {why}"),
            Self::Failed(message) => write!(f, "the service failed: {}", message.data().get()),
            Self::Mistyped(mistyped) => mistyped.fmt(f),
            Self::Refused(refusal) => write!(f, "the call was refused: {refusal}"),
            Self::Rejected(status) => write!(f, "the call was refused: HTTP status {status}"),
            Self::TooMany(bound) => write!(f, "{bound} calls are under way already"),
            Self::Lost(failure) => write!(f, "the result of the call is lost: {failure}"),
            Self::TimedOut => f.write_str("no result came in time"),
            Self::Closed => f.write_str("the client is closed"),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Lost(failure) => Some(failure),
            Self::Mistyped(mistyped) => Some(&mistyped.error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_code_arguments_and_text() {
        let refusal = Refusal::new("403:denied_by_security_policy:create_denied");
        assert_eq!(refusal.code(), Some(403));
        assert_eq!(refusal.arguments(), "denied_by_security_policy");
        assert_eq!(refusal.text(), "create_denied");
        assert_eq!(Refusal::new("400::The replayId {5}: no").text(), "The replayId {5}: no");
    }

    #[test]
    fn words_outside_the_grammar_are_kept_whole() {
        for error in ["", "no", "a:b:c", "40:x:y", "4e3:x:y"] {
            let refusal = Refusal::new(error);
            assert_eq!((refusal.code(), refusal.text()), (None, error));
        }
    }

    #[test]
    fn unknown_sessions_are_recognised_in_every_dialect() {
        for error in [
            "402::session_unknown",
            "402::unknown_session",
            "402::Unknown client",
            "401:0a1b:Unknown client",
            "403::Unknown client",
        ] {
            assert!(Refusal::new(error).is_unknown_session(), "{error}");
        }
        for error in [
            "402:clientId:Missing required parameter",
            "401::Authentication invalid",
            "403::Handshake denied",
            "403:/a:unknown_channel",
            "404::Unknown channel",
            "unknown",
        ] {
            assert!(!Refusal::new(error).is_unknown_session(), "{error}");
        }
    }
}
