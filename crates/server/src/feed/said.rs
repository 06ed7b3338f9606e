//! What is answered to a line, a JSON text a line.
//!
//! In the order of the lines: `{"call","seq","ok":true}` when a report is in the journal, with
//! `"known":true` when it had been before, and `{"line","call","seq","error","message"}` when it is
//! refused. Where the sender wants counts, `{"answered":n}` stands for the answers to the first `n`
//! lines that are not refused.

use encke::calls::{Bound, Refusal};
use serde::Serialize;

/// Why a line is refused, or a stream ends; for machines.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    // Of a line.
    JsonInvalid,
    LineInvalid,
    Gap,
    UnknownCall,
    CallEnded,
    CallExists,
    PartiesInvalid,
    NoSuchParty,
    LineBusy,
    TooMany,
    UserDataTooLarge,
    TooDeep,
    KeyTooLong,
    Refused,
    // Of a stream.
    LineTooLong,
    BodyBroken,
    Idle,
    Unavailable,
    Draining,
}

#[cfg(test)]
impl Code {
    pub(super) const ALL: [Self; 19] = [
        Self::JsonInvalid,
        Self::LineInvalid,
        Self::Gap,
        Self::UnknownCall,
        Self::CallEnded,
        Self::CallExists,
        Self::PartiesInvalid,
        Self::NoSuchParty,
        Self::LineBusy,
        Self::TooMany,
        Self::UserDataTooLarge,
        Self::TooDeep,
        Self::KeyTooLong,
        Self::Refused,
        Self::LineTooLong,
        Self::BodyBroken,
        Self::Idle,
        Self::Unavailable,
        Self::Draining,
    ];
}

/// The refusal of a line. What it says of the call is what the line said, shortened.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Refused {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    error: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<u64>,
    message: String,
}

/// Most characters of an id that is none.
const SHOWN: usize = 64;

impl Refused {
    pub(super) fn new(error: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { line: 0, call: None, seq: None, error, expected: None, message }
    }

    /// Says whose line it was.
    #[must_use]
    pub(super) fn of(mut self, call: Option<&str>, seq: Option<u64>) -> Self {
        self.call = call.map(|call| call.chars().take(SHOWN).collect());
        self.seq = seq;
        self
    }

    /// Says which line it was, counted from 1.
    #[must_use]
    pub(super) fn at(mut self, line: u64) -> Self {
        self.line = line;
        self
    }

    /// Says which number was expected, where that is why.
    #[must_use]
    pub(super) fn expecting(mut self, refusal: &Refusal) -> Self {
        if let Refusal::Gap { expected } = refusal {
            self.expected = Some(*expected);
        }
        self
    }
}

/// The code of what the core refuses.
pub(super) fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Gap { .. } => Code::Gap,
        Refusal::NotFound => Code::UnknownCall,
        Refusal::Ended => Code::CallEnded,
        Refusal::Exists => Code::CallExists,
        Refusal::InvalidParties => Code::PartiesInvalid,
        Refusal::NoSuchParticipant => Code::NoSuchParty,
        Refusal::DestinationBusy | Refusal::TooMany { what: Bound::CallsOfDn, .. } => {
            Code::LineBusy
        }
        Refusal::TooMany { .. } => Code::TooMany,
        Refusal::TooLarge { .. } => Code::UserDataTooLarge,
        Refusal::TooDeep { .. } => Code::TooDeep,
        Refusal::KeyTooLong { .. } => Code::KeyTooLong,
        _ => Code::Refused,
    }
}

/// A report is in the journal.
#[derive(Debug, Serialize)]
pub(super) struct Acknowledged<'a> {
    pub(super) call: &'a str,
    pub(super) seq: u64,
    pub(super) ok: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) known: bool,
}

/// So many lines are answered.
#[derive(Debug, Serialize)]
pub(super) struct Answered {
    pub(super) answered: u64,
}

/// A stream begins.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Began<'a> {
    pub(super) source: &'a str,
    pub(super) max_line_bytes: usize,
    pub(super) max_in_flight: usize,
}

/// A stream ends.
#[derive(Debug, Serialize)]
pub(super) struct Ended {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<&'static str>,
    pub(super) end: bool,
    /// Reports that are in the journal, those that were before included.
    pub(super) acknowledged: u64,
    pub(super) known: u64,
    pub(super) refused: u64,
}

/// Appends a line. User data is as its sender wrote it; where he broke lines, which JSON allows between
/// its tokens and nowhere else, there are blanks.
pub(super) fn line(out: &mut Vec<u8>, said: &impl Serialize) {
    let start = out.len();
    // Plain structures and texts; writing into memory does not fail.
    if serde_json::to_writer(&mut *out, said).is_ok() {
        for byte in out.iter_mut().skip(start) {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        out.push(b'\n');
    }
}
