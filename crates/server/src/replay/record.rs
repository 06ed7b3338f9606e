//! What stands in the files: messages, and notes about the log as a whole.
//!
//! ```text
//! {"v":1,"message":{"position":7,"at_ms":1767323045000,"channel":"/v2/me/calls","user":"bob","event":{...}}}
//! {"v":1,"note":{"epoch":1,"newest":7,"horizon":0,"told":12,"closed":true}}
//! ```
//!
//! `event` is the message byte for byte as it was published, without its position. A reader passes
//! over members it does not know; whatever changes the meaning of those that are there gets a new
//! version, and a reader refuses versions it does not know rather than guess.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use bytes::Bytes;
use encke::bayeux::ChannelName;
use encke::broker::{Logged, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// What is known of the log where this stands between its messages.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Note {
    /// Where the positions of the log begin.
    pub(super) epoch: u64,
    /// The newest position; messages may have gone from the files before it.
    pub(super) newest: u64,
    /// Messages up to this position may be missing in the files.
    pub(super) horizon: u64,
    /// The place in the journal of calls up to which every notification is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<u64>,
    /// Whether the server ended in order here: nothing was published after `newest`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) closed: bool,
}

/// One record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Record {
    Message(Logged),
    Note(Note),
}

#[derive(Deserialize, Serialize)]
struct Envelope<'a> {
    v: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    message: Option<Content<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<Note>,
}

#[derive(Deserialize, Serialize)]
struct Content<'a> {
    position: u64,
    at_ms: u64,
    #[serde(borrow)]
    channel: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    user: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// A message as a record.
///
/// # Errors
///
/// [`RecordError`] if its text is not JSON.
pub(super) fn encode_message(message: &Logged) -> Result<Bytes, RecordError> {
    let content = Content {
        position: message.position,
        at_ms: message.at_unix_ms,
        channel: Cow::Borrowed(message.channel.as_str()),
        user: message.user.as_ref().map(|user| Cow::Borrowed(user.as_str())),
        event: serde_json::from_slice(&message.text).map_err(|error| damaged(&error))?,
    };
    encode(&Envelope { v: FORMAT, message: Some(content), note: None })
}

impl Note {
    /// The note as a record.
    pub(super) fn encode(self) -> Bytes {
        encode(&Envelope { v: FORMAT, message: None, note: Some(self) })
            .expect("plain values are JSON")
    }
}

fn encode(envelope: &Envelope<'_>) -> Result<Bytes, RecordError> {
    serde_json::to_vec(envelope).map(Bytes::from).map_err(|error| damaged(&error))
}

impl Record {
    /// Reads a record. The text of a message stays where it is and is shared.
    ///
    /// # Errors
    ///
    /// [`RecordError`] when it is damaged or of a newer format.
    pub(super) fn decode(record: &Bytes) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let Version { v } = serde_json::from_slice(record).map_err(|error| damaged(&error))?;
        if v != FORMAT {
            return Err(RecordError::Format { version: v });
        }
        let envelope: Envelope<'_> =
            serde_json::from_slice(record).map_err(|error| damaged(&error))?;
        match envelope {
            Envelope { message: Some(content), .. } => Ok(Self::Message(Logged {
                position: content.position,
                channel: ChannelName::new(&content.channel)
                    .map_err(|_| RecordError::Damaged { column: 0 })?,
                user: content.user.map(UserId::new),
                text: record.slice_ref(content.event.get().as_bytes()),
                at_unix_ms: content.at_ms,
            })),
            Envelope { note: Some(note), .. } => Ok(Self::Note(note)),
            Envelope { .. } => Err(RecordError::Damaged { column: 0 }),
        }
    }
}

/// Why a record cannot be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RecordError {
    /// It is of a format this program does not know.
    Format { version: u32 },
    /// It is no record of its format.
    Damaged {
        /// Column of the fault, counted from 1; 0 where no single one is at fault.
        column: usize,
    },
}

// The parser's own words may quote the record, which is customer data.
fn damaged(error: &serde_json::Error) -> RecordError {
    RecordError::Damaged { column: error.column() }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { version } => write!(f, "record format {version} is not known"),
            Self::Damaged { column } => write!(f, "the record is damaged at column {column}"),
        }
    }
}

impl Error for RecordError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Logged {
        let text = r#"{"channel":"/v2/me/calls","data":{"z":1.10, "a":"\u0041\n"}}"#;
        Logged {
            position: 7,
            channel: ChannelName::new("/v2/me/calls").unwrap(),
            user: Some(UserId::new("b\"ob")),
            text: Bytes::from_static(text.as_bytes()),
            at_unix_ms: 1000,
        }
    }

    #[test]
    fn records_read_back_byte_for_byte() {
        let record = encode_message(&message()).unwrap();
        assert_eq!(
            record,
            concat!(
                r#"{"v":1,"message":{"position":7,"at_ms":1000,"channel":"/v2/me/calls","#,
                r#""user":"b\"ob","event":{"channel":"/v2/me/calls","#,
                r#""data":{"z":1.10, "a":"\u0041\n"}}}}"#
            )
        );
        assert_eq!(Record::decode(&record), Ok(Record::Message(message())));
        let shared = Logged { user: None, ..message() };
        assert_eq!(Record::decode(&encode_message(&shared).unwrap()), Ok(Record::Message(shared)));
    }

    #[test]
    fn notes_say_no_more_than_is_known() {
        let note = Note { epoch: 1, newest: 7, horizon: 3, told: Some(12), closed: true };
        let record = note.encode();
        let text = r#"{"v":1,"note":{"epoch":1,"newest":7,"horizon":3,"told":12,"closed":true}}"#;
        assert_eq!(record, text);
        assert_eq!(Record::decode(&record), Ok(Record::Note(note)));
        let open = Note { told: None, closed: false, ..note };
        let record = open.encode();
        assert_eq!(record, r#"{"v":1,"note":{"epoch":1,"newest":7,"horizon":3}}"#);
        assert_eq!(Record::decode(&record), Ok(Record::Note(open)));
    }

    #[test]
    fn a_deep_message_is_no_damage() {
        let text = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let deep = Logged { text: Bytes::from(text), ..message() };
        assert_eq!(Record::decode(&encode_message(&deep).unwrap()), Ok(Record::Message(deep)));
    }

    #[test]
    fn what_is_no_record_is_told_from_what_is_newer() {
        let decode = |text: &'static str| Record::decode(&Bytes::from_static(text.as_bytes()));
        assert_eq!(decode(r#"{"v":2,"other":1}"#), Err(RecordError::Format { version: 2 }));
        let nowhere = r#"{"v":1,"message":{"position":1,"at_ms":1,"channel":"a","event":1}}"#;
        for text in ["", "{", "7", r#"{"v":1}"#, r#"{"v":1,"message":{"position":1}}"#, nowhere] {
            assert!(matches!(decode(text), Err(RecordError::Damaged { .. })), "{text}");
        }
        let newer = r#"{"v":1,"mood":[{}],"note":{"epoch":1,"newest":2,"horizon":0,"more":null}}"#;
        let note = Note { epoch: 1, newest: 2, ..Note::default() };
        assert_eq!(decode(newer), Ok(Record::Note(note)));
    }
}
