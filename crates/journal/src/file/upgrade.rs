//! From the first layout of the file to that of format 2, which files are made with today.
//!
//! Format 1 kept a record as key, version and bytes in a table `entries`, without a checksum. The
//! index was as it is. Everything happens in one transaction: a file is of one format or the other.

use redb::{Database, ReadableTable, ReadableTableMetadata, TableDefinition};

use super::failure::Failure;
use super::record::{self, Kind};
use super::tables::{BASE_FORMAT, FORMAT_NAME, HEAD, INDEX, META, RECORDS, another_record};
use crate::{Damage, Key, Position, Version};

/// The format that is upgraded from.
pub(super) const FIRST: u64 = 1;

/// Rewrites a file of format 1. It needs as much space again as the records take, which is used
/// again later.
pub(super) fn from_first(database: &Database) -> Result<(), Failure> {
    let transaction = database.begin_write()?;
    let count = {
        let entries = transaction.open_table(ENTRIES)?;
        let mut records = transaction.open_table(RECORDS)?;
        let index = transaction.open_table(INDEX)?;
        let mut meta = transaction.open_table(META)?;
        let head = meta.get(HEAD)?.map_or(0, |number| number.value());
        for stored in entries.iter()? {
            let (position, stored) = stored?;
            let position = Position::new(position.value());
            let (key, version, bytes) = stored.value();
            let key = Key::new(key).map_err(|error| Damage::at(position, error.to_string()))?;
            let version = Version::new(version);
            // There is no checksum to go by, but the index says the same things again.
            let indexed = index.get((key.as_str(), version.get()))?.map(|place| place.value());
            if indexed != Some(position.get()) {
                return Err(another_record(&key, version, position).into());
            }
            if position.get() > head {
                return Err(Damage::at(position, "the record is behind the head").of(&key).into());
            }
            let frame = record::encode(Kind::Appended, position, &key, version, bytes);
            records.insert(position.get(), frame.as_slice())?;
        }
        if index.len()? != records.len()? {
            return Err(Damage::somewhere("the index has entries without a record").into());
        }
        meta.insert(FORMAT_NAME, BASE_FORMAT)?;
        records.len()?
    };
    transaction.delete_table(ENTRIES)?;
    transaction.commit()?;
    tracing::info!(records = count, from = FIRST, to = BASE_FORMAT, "journal file upgraded");
    Ok(())
}

/// What format 1 stored of a record beside its position.
pub(super) type Stored<'a> = (&'a str, u64, &'a [u8]);

pub(super) const ENTRIES: TableDefinition<'_, u64, Stored<'static>> =
    TableDefinition::new("entries");
