//! An interaction as one agent sees it, and the lines of its transcript.
//!
//! # Sources
//!
//! - Documented: `AttachUserData` of the SMS Session API and its siblings for the interaction; HTCC
//!   "Message resource" for a line, whose sample counts `index` from 1 and gives `timestampSeconds` as
//!   milliseconds of a whole second; `SendUrl` for the order of its members.
//! - Ours: a line of who is hidden from the customer has the `visibility` `Int`.

use encke_broker::UserId;
use encke_calls::{
    EntryKind, Interaction, Label, MediaType, Operation, Participant, Seat, TranscriptEntry,
    interaction_capabilities,
};
use serde::Serialize;

use super::{render, user_data};
use crate::config::GatewayConfig;
use crate::directory::Directory;
use crate::json::{Object, quoted};
use crate::media::{Member, Wire};
use crate::time::Timestamp;

/// The path of an interaction below `/api/v2`.
pub(crate) fn path(interaction: &Interaction, wire: &Wire) -> String {
    if wire.typed {
        format!("/{}/{}s/{}", wire.uri, media_type(interaction), interaction.id)
    } else {
        format!("/{}/{}", wire.uri, interaction.id)
    }
}

/// The media type of open media, which has one even if nobody gave it.
pub(crate) fn media_type(interaction: &Interaction) -> &str {
    interaction.details.media_type.as_ref().map_or("openmedia", MediaType::as_str)
}

/// The interaction as the agent sees it whose `seat` it is, as JSON text.
pub(crate) fn interaction(
    interaction: &Interaction,
    seat: &Seat,
    directory: &Directory,
    config: &GatewayConfig,
) -> String {
    let wire = config.wire(interaction.medium);
    let agent = directory.user(&UserId::new(seat.agent.as_str()));
    let may_work = agent.is_none_or(|agent| agent.features().has(wire.feature()));
    let view = View { interaction, seat, may_work, wire, config };
    wire.members.iter().fold(Object::new(), |object, member| view.add(object, *member)).finish()
}

struct View<'a> {
    interaction: &'a Interaction,
    seat: &'a Seat,
    /// Whether the agent has the feature of the medium. Without it he can turn it down and no more.
    may_work: bool,
    wire: &'a Wire,
    config: &'a GatewayConfig,
}

impl View<'_> {
    fn add(&self, object: Object, member: Member) -> Object {
        let Self { interaction, seat, may_work, wire, config } = *self;
        let details = &interaction.details;
        let label = |object: Object, name: &str, label: Option<&str>| match label {
            Some(text) => object.with_text(name, text),
            None => object,
        };
        match member {
            // Absent when there is none, as on calls.
            Member::UserData => {
                match user_data(interaction.user_data_of(seat), config.duplicates) {
                    Some(data) => object.with("userData", data.get()),
                    None => object,
                }
            }
            Member::State => object.with_text("state", seat.state.as_str()),
            Member::Capabilities => {
                let medium = interaction.medium;
                let listed = interaction_capabilities(medium, seat.state, config.capabilities);
                let possible = |operation: &Operation| may_work || *operation == Operation::Reject;
                let names: Vec<_> = listed.filter(possible).map(Operation::as_str).collect();
                object.with("capabilities", &render(&names))
            }
            Member::Uri => object.with_text("uri", &config.address(&path(interaction, wire))),
            Member::Path => object.with_text("path", &path(interaction, wire)),
            Member::Participants => {
                let there = interaction.participants_of(seat).iter();
                let there: Vec<_> = there.map(ParticipantView::new).collect();
                object.with("participants", &render(&there))
            }
            Member::Numbers => {
                let customer = interaction.customer().filter(|_| seat.is_live());
                let number = interaction.customer.as_str();
                let numbers: Vec<_> =
                    customer.map(|_| NumberView::new(number)).into_iter().collect();
                object.with("participants", &render(&numbers))
            }
            Member::Id => object.with_text("id", interaction.id.as_str()),
            Member::ReceivedDate => {
                let received = Timestamp(interaction.created_at_ms).to_string();
                object.with_text("receivedDate", &received)
            }
            Member::Subject => {
                label(object, "subject", details.subject.as_ref().map(Label::as_str))
            }
            Member::From => object.with_text("from", interaction.customer.as_str()),
            Member::To => label(object, "to", details.to.as_ref().map(Label::as_str)),
            Member::Text => {
                let first = interaction.transcript.iter().find(|line| line.kind == EntryKind::Text);
                label(object, "text", first.and_then(|line| line.text.as_deref()))
            }
            Member::MediaType => object.with_text("mediaType", media_type(interaction)),
            Member::OpenmediaType => {
                let given = details.openmedia_type.as_ref().map_or("Inbound", Label::as_str);
                object.with_text("openmediaType", given)
            }
            Member::Comment => {
                label(object, "comment", details.comment.as_ref().map(Label::as_str))
            }
            Member::TwitterType => {
                let given = details.twitter_type.as_ref().map_or("Inbound", Label::as_str);
                object.with_text("twitterType", given)
            }
        }
    }
}

/// Who takes part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParticipantView<'a> {
    nickname: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    participant_id: &'a str,
}

impl<'a> ParticipantView<'a> {
    fn new(participant: &'a Participant) -> Self {
        Self {
            nickname: participant.nickname.as_str(),
            kind: participant.kind.as_str(),
            participant_id: participant.id.as_str(),
        }
    }
}

/// The other side of an IM session. Unlike on calls every member is the number.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NumberView<'a> {
    digits: &'a str,
    e164_number: &'a str,
    formatted_phone_number: &'a str,
    phone_number: &'a str,
}

impl<'a> NumberView<'a> {
    fn new(number: &'a str) -> Self {
        Self {
            digits: number,
            e164_number: number,
            formatted_phone_number: number,
            phone_number: number,
        }
    }
}

/// One element of `messages`.
pub(crate) struct MessageView<'a> {
    index: u64,
    from: &'a Participant,
    kind: EntryKind,
    text: Option<&'a str>,
    at_ms: u64,
}

impl<'a> MessageView<'a> {
    pub(crate) fn new(entry: &'a TranscriptEntry) -> Self {
        Self {
            index: Self::index(entry),
            from: &entry.from,
            kind: entry.kind,
            text: entry.text.as_deref(),
            at_ms: entry.at_ms,
        }
    }

    /// That somebody writes, or stops, after `lines` lines. It is not kept, so it has the number that
    /// the next line will have.
    pub(crate) fn typing(from: &'a Participant, started: bool, lines: usize, at_ms: u64) -> Self {
        let kind = if started { EntryKind::TypingStarted } else { EntryKind::TypingStopped };
        Self { index: number(lines), from, kind, text: None, at_ms }
    }

    /// The number of a line on the wire, from 1.
    pub(crate) fn index(entry: &TranscriptEntry) -> u64 {
        number(entry.index)
    }

    fn json(&self) -> String {
        let object = Object::new()
            .with("index", &self.index.to_string())
            .with("from", &render(&ParticipantView::new(self.from)));
        let object = match (self.kind, self.text) {
            (_, None) => object,
            (EntryKind::PushUrl, Some(url)) => object.with_text("url", url),
            (_, Some(text)) => object.with_text("text", text),
        };
        object
            .with_text("timestamp", &Timestamp(self.at_ms).to_string())
            .with("timestampSeconds", &(self.at_ms / 1000 * 1000).to_string())
            .with_text("visibility", if self.from.hidden { "Int" } else { "All" })
            .with_text("type", self.kind.as_str())
            .finish()
    }

    /// An array of lines, as JSON text.
    pub(crate) fn all(views: impl IntoIterator<Item = Self>) -> String {
        let lines: Vec<String> = views.into_iter().map(|view| view.json()).collect();
        format!("[{}]", lines.join(","))
    }
}

fn number(place: usize) -> u64 {
    u64::try_from(place).map_or(u64::MAX, |place| place.saturating_add(1))
}

/// The addresses of interactions, as JSON text.
pub(crate) fn addresses<'a>(
    interactions: impl Iterator<Item = &'a Interaction>,
    wire: &Wire,
    config: &GatewayConfig,
) -> String {
    let addresses: Vec<String> =
        interactions.map(|one| quoted(&config.address(&path(one, wire)))).collect();
    format!("[{}]", addresses.join(","))
}
