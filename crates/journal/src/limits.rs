//! How much one call may ask of a journal.
//!
//! Both homes check the same bounds in the same place, before anything is queued, so a batch that
//! is refused costs nothing and is refused everywhere.

use bytes::Bytes;

use crate::{Append, AppendError, Bound, Key};

/// Bounds on single calls. What a whole journal may hold is the disk's business.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    record_bytes: usize,
    batch_records: usize,
    batch_bytes: usize,
    page_bytes: usize,
    read_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: MIB,
            batch_records: 8192,
            batch_bytes: 32 * MIB,
            page_bytes: 4 * MIB,
            read_bytes: 64 * MIB,
        }
    }
}

impl Limits {
    /// Largest record, in bytes. Default 1 MiB.
    #[must_use]
    pub fn record_bytes(mut self, bytes: usize) -> Self {
        self.record_bytes = bytes;
        self
    }

    /// Most records in one batch, most keys in one forget, and most records that one snapshot takes
    /// the place of. Default 8192.
    #[must_use]
    pub fn batch_records(mut self, records: usize) -> Self {
        self.batch_records = records;
        self
    }

    /// Most bytes in all records of one batch, and in one snapshot. Default 32 MiB.
    #[must_use]
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.batch_bytes = bytes;
        self
    }

    /// Size in bytes at which a page of a scan ends early. Default 4 MiB. A page holds at least
    /// one record, so a page may exceed this by one record.
    #[must_use]
    pub fn page_bytes(mut self, bytes: usize) -> Self {
        self.page_bytes = bytes;
        self
    }

    /// Most bytes that one read of a key returns. Default 64 MiB; beyond it the read is refused,
    /// not cut.
    #[must_use]
    pub fn read_bytes(mut self, bytes: usize) -> Self {
        self.read_bytes = bytes;
        self
    }

    pub(crate) fn batch(&self) -> usize {
        self.batch_bytes
    }

    pub(crate) fn page(&self) -> usize {
        self.page_bytes
    }

    pub(crate) fn read(&self) -> usize {
        self.read_bytes
    }

    /// Checks a batch; answers its number of records and bytes.
    pub(crate) fn check_batch(&self, batch: &[Append]) -> Result<Size, AppendError> {
        // An append without records still costs a look-up, so it counts as one.
        let work = batch.iter().map(|append| append.records.len().max(1)).sum();
        check(Bound::BatchRecords, work, self.batch_records)?;
        let mut size = Size::default();
        for record in batch.iter().flat_map(|append| &append.records) {
            check(Bound::RecordBytes, record.len(), self.record_bytes)?;
            size.records += 1;
            size.bytes += record.len();
        }
        check(Bound::BatchBytes, size.bytes, self.batch_bytes)?;
        Ok(size)
    }

    /// Checks the record of a snapshot; answers what it weighs.
    pub(crate) fn check_snapshot(&self, record: &Bytes) -> Result<Size, AppendError> {
        check(Bound::BatchBytes, record.len(), self.batch_bytes)?;
        Ok(Size { records: 1, bytes: record.len() })
    }

    /// Checks how many records a snapshot would take the place of.
    pub(crate) fn check_replaced(&self, records: u64) -> Result<(), AppendError> {
        let records = usize::try_from(records).unwrap_or(usize::MAX);
        check(Bound::BatchRecords, records, self.batch_records)
    }

    /// Checks the keys of a forget.
    pub(crate) fn check_keys(&self, keys: &[Key]) -> Result<(), AppendError> {
        check(Bound::BatchRecords, keys.len(), self.batch_records)
    }
}

/// What a batch weighs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

fn check(bound: Bound, actual: usize, limit: usize) -> Result<(), AppendError> {
    if actual > limit { Err(AppendError::TooLarge { bound, actual, limit }) } else { Ok(()) }
}

const MIB: usize = 1 << 20;
