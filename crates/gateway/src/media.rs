//! How each medium is spelled on the wire: one row for each, and for SMS one for each of its two
//! spellings.
//!
//! Routes, views, notifications and the description of the surface follow these rows; nothing else in
//! this crate tells media apart. What can be done in an interaction of a medium is the core's table,
//! [`interaction_capabilities`](encke_calls::interaction_capabilities).
//!
//! # Sources
//!
//! - Documented: Web Services API, the `MessageType`, resource and user-data pages of each medium, for
//!   channels, names, order of members, `referenceId` and the parameter of `DeleteUserData`. Where the
//!   operation pages and the `MessageType` page of Twitter disagree, the operation pages count.
//! - Observed: clients of the vendor's read `/v2/me/workitems` and `/v2/me/chats`.
//! - Ours: members and rules of e-mail, which no page available shows, follow work items and chats;
//!   `subject` of work items, `text` of e-mail and Twitter; `uri` of open media may be followed, whether
//!   its media type stands in the singular or the plural.

use encke_calls::Medium;

use crate::config::{GatewayConfig, SmsSpelling};

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) medium: Medium,
    /// What an interaction is called in texts, with its article.
    pub(crate) article: &'static str,
    /// The same without.
    pub(crate) noun: &'static str,
    /// The collections in paths that requests may use.
    pub(crate) paths: &'static [&'static str],
    /// Whether the media type follows the collection in paths.
    pub(crate) typed: bool,
    /// The collection in `uri` and `path`.
    pub(crate) uri: &'static str,
    /// The key of one interaction, in answers and notifications.
    pub(crate) resource: &'static str,
    /// The key of a list of them, and the name of the sub-resource.
    pub(crate) list: &'static str,
    /// What follows `/v2/me/` in the channel.
    pub(crate) channel: &'static str,
    /// `messageType` of its state messages.
    pub(crate) message_type: &'static str,
    /// `notificationType` of a change of user data.
    pub(crate) data_changed: &'static str,
    /// `notificationType` of a change of participants, where there is one.
    pub(crate) participants_changed: Option<&'static str>,
    /// How new lines of the transcript are told.
    pub(crate) log: Option<Log>,
    /// In which order its state messages stand.
    pub(crate) order: Order,
    /// Where the number of a request comes back.
    pub(crate) reference: Reference,
    /// The parameter of `DeleteUserData`.
    pub(crate) delete: Delete,
    /// The members of the resource, in their order.
    pub(crate) members: &'static [Member],
    /// The names of its channel when a session is started.
    pub(crate) sessions: &'static [&'static str],
}

/// How new lines of a transcript are told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    pub(crate) message_type: &'static str,
    pub(crate) notification_type: &'static str,
    /// Whether the address stands beside the path.
    pub(crate) uri: bool,
}

/// What comes first in a state message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// `referenceId`, resource, types.
    Reference,
    /// Resource, `referenceId`, types.
    Resource,
    /// Types, resource.
    Types,
}

/// Where the number of a request comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reference {
    Nowhere,
    /// In the notifications that follow from it.
    Notified,
    /// In its answer too.
    Answered,
}

/// What `DeleteUserData` takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Delete {
    /// `keys`, an array of strings.
    Keys,
    /// `key`, a string; `keys` as well.
    Key,
}

/// A member of a resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Member {
    UserData,
    State,
    Capabilities,
    Uri,
    Path,
    /// Names and kinds of who takes part.
    Participants,
    /// Numbers of the others, as on calls.
    Numbers,
    Id,
    ReceivedDate,
    Subject,
    From,
    To,
    Text,
    MediaType,
    OpenmediaType,
    Comment,
    TwitterType,
}

use Member as M;

const TALK: &[Member] = &[M::UserData, M::State, M::Capabilities, M::Uri, M::Participants, M::Id];

const MESSAGES: Option<Log> =
    Some(Log { message_type: "MessageLogUpdated", notification_type: "NewMessages", uri: true });

const SMS: Wire = Wire {
    medium: Medium::Sms,
    article: "an SMS session",
    noun: "SMS session",
    paths: &["smsessions", "smssessions"],
    typed: false,
    uri: "smsessions",
    resource: "smsession",
    list: "smsessions",
    channel: "smsessions",
    message_type: "SMSsessionStateChangeMessage",
    data_changed: "PropertiesUpdated",
    participants_changed: Some("ParticipantsUpdated"),
    log: MESSAGES,
    order: Order::Reference,
    reference: Reference::Notified,
    delete: Delete::Keys,
    members: TALK,
    sessions: &["sms", "smsession", "smssession"],
};

/// The rows of a server with the default spelling, in the order of [`Medium::ALL`].
static TABLE: [Wire; 8] = [
    SMS,
    Wire {
        medium: Medium::Chat,
        article: "a chat",
        noun: "chat",
        paths: &["chats"],
        uri: "chats",
        resource: "chat",
        list: "chats",
        channel: "chats",
        message_type: "ChatStateChangeMessage",
        sessions: &["chat"],
        ..SMS
    },
    Wire {
        medium: Medium::Email,
        article: "an e-mail",
        noun: "e-mail",
        paths: &["emails"],
        uri: "emails",
        resource: "email",
        list: "emails",
        channel: "emails",
        message_type: "EmailStateChangeMessage",
        participants_changed: None,
        log: None,
        order: Order::Resource,
        members: &[
            M::UserData,
            M::ReceivedDate,
            M::Subject,
            M::From,
            M::To,
            M::Text,
            M::Uri,
            M::Capabilities,
            M::State,
            M::Id,
        ],
        sessions: &["email"],
        ..SMS
    },
    Wire {
        medium: Medium::Workitem,
        article: "a work item",
        noun: "work item",
        paths: &["workitems"],
        uri: "workitems",
        resource: "workitem",
        list: "workitems",
        channel: "workitems",
        message_type: "WorkitemStateChangeMessage",
        participants_changed: None,
        log: None,
        order: Order::Resource,
        reference: Reference::Answered,
        members: &[
            M::UserData,
            M::ReceivedDate,
            M::Subject,
            M::Uri,
            M::Capabilities,
            M::State,
            M::Id,
        ],
        sessions: &["workitem"],
        ..SMS
    },
    Wire {
        medium: Medium::Openmedia,
        article: "an open media interaction",
        noun: "open media interaction",
        paths: &["openmedia"],
        typed: true,
        uri: "openmedia",
        resource: "openmedia",
        list: "openmedia",
        channel: "openmedia",
        message_type: "OpenmediaStateChangeMessage",
        participants_changed: None,
        log: None,
        order: Order::Resource,
        reference: Reference::Answered,
        members: &[
            M::UserData,
            M::ReceivedDate,
            M::Uri,
            M::Capabilities,
            M::State,
            M::MediaType,
            M::OpenmediaType,
            M::Id,
        ],
        sessions: &["openmedia"],
        ..SMS
    },
    Wire {
        medium: Medium::Im,
        article: "an IM session",
        noun: "IM session",
        paths: &["im-sessions"],
        uri: "im-sessions",
        resource: "imSession",
        list: "imSessions",
        channel: "im-sessions",
        message_type: "IMSessionStateChangeMessage",
        data_changed: "AttachedDataChanged",
        participants_changed: None,
        log: Some(Log {
            message_type: "IMLogUpdateMessage",
            notification_type: "NewMessage",
            uri: false,
        }),
        order: Order::Types,
        reference: Reference::Nowhere,
        delete: Delete::Key,
        members: &[M::State, M::UserData, M::Id, M::Uri, M::Path, M::Numbers, M::Capabilities],
        sessions: &["im"],
        ..SMS
    },
    Wire {
        medium: Medium::Facebook,
        article: "a Facebook session",
        noun: "Facebook session",
        paths: &["facebooksession", "facebooksessions"],
        uri: "facebooksessions",
        resource: "facebooksession",
        list: "facebooksessions",
        channel: "facebooksession",
        message_type: "FacebooksessionStateChangeMessage",
        participants_changed: None,
        members: &[
            M::UserData,
            M::State,
            M::Capabilities,
            M::Comment,
            M::Uri,
            M::Participants,
            M::Id,
        ],
        sessions: &["facebook", "facebooksession"],
        ..SMS
    },
    Wire {
        medium: Medium::Twitter,
        article: "a Twitter interaction",
        noun: "Twitter interaction",
        paths: &["twitter", "twitters"],
        uri: "twitters",
        resource: "twitter",
        list: "twitters",
        channel: "twitter",
        message_type: "TwitterStateChangeMessage",
        participants_changed: None,
        log: None,
        order: Order::Resource,
        reference: Reference::Answered,
        members: &[
            M::UserData,
            M::ReceivedDate,
            M::Text,
            M::Uri,
            M::Capabilities,
            M::State,
            M::TwitterType,
            M::Id,
        ],
        sessions: &["twitter"],
        ..SMS
    },
];

/// SMS sessions with the double s.
static DOUBLE_S: Wire = Wire {
    uri: "smssessions",
    resource: "smssession",
    list: "smssessions",
    channel: "smssessions",
    ..SMS
};

impl GatewayConfig {
    /// The row of a medium, with the spelling that is set.
    pub(crate) fn wire(&self, medium: Medium) -> &'static Wire {
        if medium == Medium::Sms && self.sms_spelling == SmsSpelling::Smssession {
            return &DOUBLE_S;
        }
        let row = TABLE.iter().find(|wire| wire.medium == medium);
        row.expect("each medium has a row")
    }

    /// The rows of all media.
    pub(crate) fn media(&self) -> impl Iterator<Item = &'static Wire> {
        Medium::ALL.into_iter().map(|medium| self.wire(medium))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_medium_has_a_row_of_names_of_its_own() {
        let config = GatewayConfig::default();
        let media: Vec<Medium> = config.media().map(|wire| wire.medium).collect();
        assert_eq!(media, Medium::ALL);
        for names in [
            config.media().map(|wire| wire.resource).collect::<Vec<_>>(),
            config.media().map(|wire| wire.list).collect(),
            config.media().map(|wire| wire.channel).collect(),
            config.media().map(|wire| wire.message_type).collect(),
            config.media().flat_map(|wire| wire.paths).copied().collect(),
            config.media().flat_map(|wire| wire.sessions).copied().collect(),
        ] {
            assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{names:?}");
        }
        for wire in config.media() {
            assert!(wire.paths.contains(&wire.uri), "a uri can be followed: {wire:?}");
            assert_eq!(wire.log.is_some(), wire.medium.has_messages(), "{wire:?}");
        }
    }
}
