//! Events as records of a journal: one JSON object each, with the version of the format.
//!
//! `{"v":1,"event":{"call":{"call":"...","at_ms":...,"what":{...}}}}`
//!
//! The event is all that state is made of. Beside it stands what the sender of the command noted, if
//! anything, as `reference` and `by`: observers are told of it, also when they are told again.
//!
//! A reader passes over members it does not know, so a newer writer may add some within one
//! version. Whatever changes the meaning of what is there gets a new version, and a reader refuses
//! versions it does not know rather than guess.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Dn, Event, Note};

/// The version that is written, and the only one that is read.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    event: &'a Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a Dn>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    v: u32,
    #[serde(borrow)]
    event: &'a RawValue,
    #[serde(default)]
    reference: Option<u64>,
    #[serde(default)]
    by: Option<Dn>,
}

impl Event {
    /// The event as a record.
    pub fn to_record(&self) -> Vec<u8> {
        self.to_record_noted(&Note::new())
    }

    /// The event as a record, with the note that came with its command.
    pub(crate) fn to_record_noted(&self, note: &Note) -> Vec<u8> {
        let Note { reference, by } = note;
        let written = Written { v: FORMAT, event: self, reference: *reference, by: by.as_ref() };
        serde_json::to_vec(&written).expect("events hold nothing that JSON cannot")
    }

    /// The event that a record holds.
    ///
    /// # Errors
    ///
    /// [`RecordError`] when the record is damaged or of a newer format.
    pub fn from_record(record: &[u8]) -> Result<Self, RecordError> {
        Self::from_record_noted(record).map(|(event, _)| event)
    }

    /// The event that a record holds, and the note that came with its command.
    pub(crate) fn from_record_noted(record: &[u8]) -> Result<(Self, Note), RecordError> {
        let envelope: Envelope<'_> =
            serde_json::from_slice(record).map_err(|error| RecordError::damaged(&error))?;
        if envelope.v != FORMAT {
            return Err(RecordError::Format { version: envelope.v });
        }
        let event = serde_json::from_str(envelope.event.get());
        let note = Note { reference: envelope.reference, by: envelope.by };
        Ok((event.map_err(|error| RecordError::damaged(&error))?, note))
    }
}

/// Why a record holds no event.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RecordError {
    /// The record is of a format this program does not know.
    Format {
        /// The version the record has.
        version: u32,
    },
    /// The record is no event of its format.
    Damaged {
        /// Column of the fault, counted from 1.
        column: usize,
    },
}

impl RecordError {
    // The parser's own words may quote the record, which is customer data.
    pub(crate) fn damaged(error: &serde_json::Error) -> Self {
        Self::Damaged { column: error.column() }
    }
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
    use crate::{
        CallEvent, CallHappening, CallId, Limits, NewParty, Number, Operation, PartyState, Purpose,
        Recording, Requester, Role, State, UserData, UserDataChange, evolve,
    };

    fn event() -> Event {
        let data = r#"{"a":1.10,"a":9223372036854775808,"b":12345678901234567890123}"#;
        Event::Call(CallEvent {
            call: CallId::new("C1").unwrap(),
            at_ms: 5,
            what: CallHappening::UserDataChanged {
                requester: Requester::ThirdParty(Dn::new("7777").unwrap()),
                change: UserDataChange::Attach(UserData::parse(data).unwrap()),
            },
            feed: None,
        })
    }

    #[test]
    fn a_record_is_what_this_version_writes() {
        assert_eq!(
            String::from_utf8(event().to_record()).unwrap(),
            concat!(
                r#"{"v":1,"event":{"call":{"call":"C1","at_ms":5,"what":{"user_data_changed":{"#,
                r#""requester":{"third_party":"7777"},"change":{"attach":[["a",1.10],"#,
                r#"["a",9223372036854775808],["b",12345678901234567890123]]}}}}}}"#
            )
        );
    }

    #[test]
    fn a_record_reads_back_as_the_same_event() {
        assert_eq!(Event::from_record(&event().to_record()).unwrap(), event());
    }

    #[test]
    fn a_note_is_kept_beside_the_event() {
        let by = || Some(Dn::new("15009").unwrap());
        for (note, text) in [
            (Note::new().reference(7), r#","reference":7}"#),
            (Note::new().by(by()), r#","by":"15009"}"#),
            (Note::new().reference(7).by(by()), r#","reference":7,"by":"15009"}"#),
            (Note::new(), "}"),
        ] {
            let record = event().to_record_noted(&note);
            let plain = String::from_utf8(event().to_record()).unwrap();
            let expected = format!("{}{text}", plain.strip_suffix('}').unwrap());
            assert_eq!(String::from_utf8(record.clone()).unwrap(), expected);
            assert_eq!(Event::from_record_noted(&record).unwrap(), (event(), note));
        }
    }

    /// Records as they were written before there were consultations, rings that end and recordings.
    const OLDER: [&str; 5] = [
        concat!(
            r#"{"v":1,"event":{"call":{"call":"C1","at_ms":1,"what":{"started":{"conn_id":"0071","#,
            r#""call_type":"Internal","dnis":"15001","ani":null,"parties":["#,
            r#"{"dn":"15000","number":"15000","state":"Dialing","role":"Origin"},"#,
            r#"{"dn":"15001","number":"15001","state":"Ringing","role":"Destination"}],"#,
            r#""user_data":[["k","v"],["k",1.10]]}}}}}"#
        ),
        concat!(
            r#"{"v":1,"event":{"call":{"call":"C1","at_ms":2,"what":{"moved":{"party":1,"#,
            r#""operation":"Answer","moves":[[0,"Established"],[1,"Established"]]}}}}}"#
        ),
        concat!(
            r#"{"v":1,"event":{"call":{"call":"C1","at_ms":3,"what":{"dtmf_sent":{"party":0,"#,
            r#""digits":"12#"}}}}}"#
        ),
        concat!(
            r#"{"v":1,"event":{"call":{"call":"C1","at_ms":4,"what":{"user_data_changed":{"#,
            r#""requester":{"party":"15001"},"change":{"delete_pair":"k"}}}}}}"#
        ),
        concat!(
            r#"{"v":1,"event":{"call":{"call":"C1","at_ms":5,"what":{"moved":{"party":0,"#,
            r#""operation":"Hangup","moves":[[0,"Released"],[1,"Released"]]}}}}}"#
        ),
    ];

    #[test]
    fn older_records_are_read_and_written_as_they_were() {
        let mut state = State::new(Limits::default());
        for record in OLDER {
            let event = Event::from_record(record.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(event.to_record()).unwrap(), record);
            evolve(&mut state, &event).unwrap();
        }
        let call = state.call("C1").unwrap();
        assert_eq!((call.version, call.released_at_ms), (5, Some(5)));
        assert!(call.user_data.is_empty() && call.consult.is_none());
        assert_eq!(call.recording, Recording::Off);
    }

    #[test]
    fn what_is_new_is_a_kind_of_its_own_or_left_out() {
        let joined = CallHappening::Joined {
            party: 1,
            operation: Operation::SingleStepTransfer,
            moves: vec![(1, PartyState::Released)],
            joined: vec![NewParty {
                dn: None,
                number: Number::new("+15550100").unwrap(),
                state: PartyState::Ringing,
                role: Role::Destination,
            }],
            user_data: UserData::new(),
            rings_until_ms: None,
        };
        let parent = CallId::new("C1").unwrap();
        for (what, text) in [
            (
                joined,
                concat!(
                    r#"{"joined":{"party":1,"operation":"SingleStepTransfer","moves":[[1,"Released"]],"#,
                    r#""joined":[{"dn":null,"number":"+15550100","state":"Ringing","#,
                    r#""role":"Destination"}]}}"#
                ),
            ),
            (
                CallHappening::ConsultBegan {
                    party: 0,
                    consult: parent.clone(),
                    purpose: Purpose::Transfer,
                    user_data: UserData::new(),
                },
                r#"{"consult_began":{"party":0,"consult":"C1","purpose":"transfer"}}"#,
            ),
            (CallHappening::ConsultEnded { party: 0 }, r#"{"consult_ended":{"party":0}}"#),
            (CallHappening::ParentLeft, r#""parent_left""#),
            (
                CallHappening::Muted { party: 0, muted: true },
                r#"{"muted":{"party":0,"muted":true}}"#,
            ),
            (
                CallHappening::Recorded { party: 0, recording: Recording::Paused },
                r#"{"recorded":{"party":0,"recording":"Paused"}}"#,
            ),
        ] {
            let event = Event::Call(CallEvent { call: parent.clone(), at_ms: 7, what, feed: None });
            let record = event.to_record();
            let expected =
                format!(r#"{{"v":1,"event":{{"call":{{"call":"C1","at_ms":7,"what":{text}}}}}}}"#);
            assert_eq!(String::from_utf8(record.clone()).unwrap(), expected);
            assert_eq!(Event::from_record(&record).unwrap(), event);
        }
    }

    #[test]
    fn unknown_members_are_passed_over() {
        let text = String::from_utf8(event().to_record()).unwrap();
        let newer = text.replace(r#""at_ms":5"#, r#""at_ms":5,"mood":{"x":[1]}"#);
        let newer = newer.replacen(r#""v":1"#, r#""new":null,"v":1"#, 1);
        assert_ne!(newer, text);
        assert_eq!(Event::from_record(newer.as_bytes()).unwrap(), event());
    }

    #[test]
    fn a_newer_format_and_a_damaged_record_are_told_apart() {
        let newer = br#"{"v":2,"event":{"other":1}}"#;
        assert_eq!(Event::from_record(newer), Err(RecordError::Format { version: 2 }));
        for damaged in [&b""[..], b"{", b"{\"v\":1}", b"{\"v\":1,\"event\":{\"call\":{}}}", b"\xff"]
        {
            let result = Event::from_record(damaged);
            assert!(matches!(result, Err(RecordError::Damaged { .. })), "{result:?}");
        }
    }
}
