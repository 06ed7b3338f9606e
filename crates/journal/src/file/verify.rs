//! What must hold in a journal file, looked at from both sides.

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::failure::Failure;
use super::inspect::Verified;
use super::record;
use super::store::{Store, behind_head};
use super::tables::{INDEX, RECORDS, another_record, late_snapshot, no_record, versions_missing};
use crate::{Damage, Entry, Key, Position, Version};

/// See [`Inspection::verify`](super::Inspection::verify).
pub(super) fn verify(
    store: &Store,
    mut check: impl FnMut(&Entry) -> Result<(), String>,
    mut found: impl FnMut(Damage),
) -> Result<Verified, Failure> {
    let mut verified = Verified { head: store.head()?, ..Verified::default() };
    let mut damages = 0;
    let mut damaged = |damage| {
        damages += 1;
        found(damage);
    };
    let transaction = store.database.begin_read()?;
    let records = transaction.open_table(RECORDS)?;
    let index = transaction.open_table(INDEX)?;

    for stored in records.iter()? {
        let (position, frame) = stored?;
        let position = Position::new(position.value());
        verified.records += 1;
        if position > verified.head {
            damaged(behind_head(position, verified.head));
        }
        let entry = match record::decode(position, frame.value()) {
            Ok(entry) => entry,
            Err(damage) => {
                damaged(damage);
                continue;
            }
        };
        verified.bytes += entry.record.len() as u64;
        verified.snapshots += u64::from(entry.is_snapshot);
        let indexed = index.get((entry.key.as_str(), entry.version.get()))?;
        match indexed.map(|place| Position::new(place.value())) {
            Some(place) if place == position => {}
            Some(place) => {
                let what = format!("the index has version {} at position {place}", entry.version);
                damaged(Damage::at(position, what).of(&entry.key));
            }
            None => {
                let what = format!("version {} is not in the index", entry.version);
                damaged(Damage::at(position, what).of(&entry.key));
            }
        }
        if let Err(what) = check(&entry) {
            damaged(Damage::at(position, what).of(&entry.key));
        }
    }

    let mut indexed = 0;
    let mut last: Option<(Key, Version)> = None;
    for stored in index.iter()? {
        let (at, position) = stored?;
        let ((name, version), position) = (at.value(), Position::new(position.value()));
        let version = Version::new(version);
        indexed += 1;
        let reached = last.take().filter(|(key, _)| key.as_str() == name);
        let (key, reached) = match reached {
            Some(reached) => reached,
            None => match Key::new(name) {
                Ok(key) => {
                    verified.keys += 1;
                    (key, Version::ZERO)
                }
                Err(error) => {
                    damaged(Damage::at(position, error.to_string()));
                    continue;
                }
            },
        };
        let next = reached.plus(1);
        let is_first = reached == Version::ZERO;
        let stored = records.get(position.get())?;
        let entry = stored.as_ref().map(|frame| record::decode(position, frame.value()));
        // The first of a key may be a snapshot, which stands for those that are gone; if it is
        // damaged itself, nobody can tell.
        let may_stand = match &entry {
            Some(Ok(entry)) => entry.is_snapshot,
            Some(Err(_)) => true,
            None => false,
        };
        if version != next && !(is_first && may_stand) {
            damaged(versions_missing(&key, version, position, next));
        }
        match entry {
            None => damaged(no_record(&key, version, position)),
            Some(Ok(entry)) if entry.key != key || entry.version != version => {
                damaged(another_record(&key, version, position));
            }
            Some(Ok(entry)) if entry.is_snapshot && !is_first => {
                damaged(late_snapshot(&key, position));
            }
            // A record that is damaged itself was told of above.
            Some(_) => {}
        }
        last = Some((key, version));
    }
    for (table, counted, said) in
        [("records", verified.records, records.len()?), ("index", indexed, index.len()?)]
    {
        if counted != said {
            let what = format!("the table {table} has {counted} entries and says {said}");
            damaged(Damage::somewhere(what));
        }
    }
    verified.damages = damages;
    Ok(verified)
}
