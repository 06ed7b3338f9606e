//! `encke journal dump` and `export`: records as JSON, an object a line.
//!
//! ```text
//! dump:   {"position":9,"version":256,"stands_for":[1,256],"snapshot":{...}}
//!         {"position":10,"version":257,"time":"2026-01-02T03:04:05.000Z","event":{...},"reference":9,"by":"15000"}
//! export: {"position":9,"key":"call/...","version":256,"stands_for":[1,256],"record":{...}}
//!         {"position":10,"key":"call/...","version":257,"record":{...}}
//!         {"position":8,"key":"other/1","version":1,"base64":"AAEC"}
//! ```
//!
//! `event` and `record` are what is stored, character for character, but for line breaks between
//! its tokens, which become spaces; `reference` is there if the sender of
//! the command gave one, `by` if he named who asked. A record that is no JSON is exported as `base64`. A snapshot says which
//! versions it stands for, which are not there themselves. Members may be added, those that are there
//! stay.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encke::bayeux::Timestamp;
use encke::calls::{self, CallId, Event, InteractionId, InteractionKey, Medium, Snapshot, Subject};
use encke::journal::{Entry, Key, Position, ReadError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::{Failure, report};
use super::{LINES, Out, inspect};

#[derive(Serialize)]
struct Dumped<'a> {
    position: u64,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stands_for: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
}

#[derive(Serialize)]
struct Exported<'a> {
    position: u64,
    key: &'a str,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stands_for: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// A record of the call-state core, as far as it is printed.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    event: Option<&'a RawValue>,
    #[serde(borrow, default)]
    snapshot: Option<&'a RawValue>,
    #[serde(default)]
    reference: Option<u64>,
    #[serde(default)]
    by: Option<String>,
}

pub(super) fn dump(folder: &Path, id: &str, out: &mut Out<'_>) -> Result<(), Failure> {
    let inspection = inspect(folder)?;
    let call = CallId::new(id).ok().map(Subject::Call);
    let interactions = InteractionId::new(id).ok().into_iter().flat_map(|id| {
        let key = move |medium| Subject::Interaction(InteractionKey { medium, id: id.clone() });
        Medium::ALL.map(key)
    });
    let mut found = false;
    for subject in call.into_iter().chain(interactions) {
        let key: Key = calls::journal_key(&subject);
        let mut printed = Ok(());
        let read = inspection.each_of(&key, |entry| {
            found = true;
            printed = dumped(&entry, out);
            printed.is_ok()
        });
        ended(read, printed)?;
    }
    if found { Ok(()) } else { Err(Failure::other(format!("the journal knows no {id}"))) }
}

pub(super) fn export(folder: &Path, out: &mut Out<'_>) -> Result<(), Failure> {
    let inspection = inspect(folder)?;
    let mut printed = Ok(());
    let mut damages = 0;
    let read = inspection.each(Position::ZERO, |entry| {
        match entry {
            Ok(entry) => printed = exported(&entry, out),
            // The rest is worth having all the more.
            Err(damage) => {
                damages += 1;
                if damages <= LINES {
                    report(&damage);
                }
            }
        }
        printed.is_ok()
    });
    ended(read, printed)?;
    if damages == 0 {
        Ok(())
    } else {
        Err(Failure::other(format!("{damages} records are missing")))
    }
}

fn dumped(entry: &Entry, out: &mut Out<'_>) -> Result<(), Failure> {
    let what = |error: &dyn std::fmt::Display| {
        Failure::other(format!("the record at position {} holds no event: {error}", entry.position))
    };
    let time = if entry.is_snapshot {
        Snapshot::from_record(&entry.record).map(|_| None)
    } else {
        Event::from_record(&entry.record).map(|event| Some(Timestamp(event.at_ms()).to_string()))
    };
    let time = time.map_err(|error| what(&error))?;
    let text = one_line(&entry.record).unwrap_or_default();
    let record: Record<'_> =
        serde_json::from_str(&text).map_err(|error| what(&format!("column {}", error.column())))?;
    print(
        out,
        &Dumped {
            position: entry.position.get(),
            version: entry.version.get(),
            stands_for: stands_for(entry),
            time,
            event: record.event,
            snapshot: record.snapshot,
            reference: record.reference,
            by: record.by.as_deref(),
        },
    )
}

fn exported(entry: &Entry, out: &mut Out<'_>) -> Result<(), Failure> {
    let text = one_line(&entry.record);
    let record: Option<&RawValue> = text.as_ref().and_then(|text| serde_json::from_str(text).ok());
    print(
        out,
        &Exported {
            position: entry.position.get(),
            key: entry.key.as_str(),
            version: entry.version.get(),
            stands_for: stands_for(entry),
            record,
            base64: record.is_none().then(|| STANDARD.encode(&entry.record)),
        },
    )
}

/// The first and the last version that a snapshot stands for.
fn stands_for(entry: &Entry) -> Option<[u64; 2]> {
    entry.is_snapshot.then(|| [1, entry.version.get()])
}

/// A record that is text, without line breaks: JSON has them between its tokens only.
fn one_line(record: &[u8]) -> Option<Cow<'_, str>> {
    let text = str::from_utf8(record).ok()?;
    let broken = text.contains(['\n', '\r']);
    Some(if broken { text.replace(['\n', '\r'], " ").into() } else { text.into() })
}

fn print(out: &mut Out<'_>, line: &impl Serialize) -> Result<(), Failure> {
    let written = serde_json::to_writer(&mut *out, line).map_err(io::Error::from);
    written.and_then(|()| out.write_all(b"\n")).map_err(Failure::other)
}

/// Whoever reads may have gone, which ends it, or the journal may have an end of its own.
fn ended(read: Result<(), ReadError>, printed: Result<(), Failure>) -> Result<(), Failure> {
    printed?;
    read.map_err(Failure::other)
}
