//! The thread that writes: it gathers a group, commits it, and answers everyone in it.

use std::io;
use std::mem;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};

use super::open::OpenError;
use super::phase::Phase;
use super::store::{Work, WriteFailure, Written};
use super::{Opener, Slot, queue};
use crate::limits::Size;
use crate::stats::Counters;
use crate::{AppendError, Position, clock};

/// Work with the way back to who asked for it.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) work: Work,
    pub(super) size: Size,
    pub(super) started: Instant,
    pub(super) answer: oneshot::Sender<Result<Position, AppendError>>,
}

/// Does commands until the journal is closed or poisoned.
pub(super) struct Writer {
    pub(super) slot: Slot,
    pub(super) opener: Opener,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) phase: Arc<Phase>,
    pub(super) head: watch::Sender<Position>,
    pub(super) counters: Arc<Counters>,
    /// Most commands in a group.
    pub(super) group: usize,
    /// Size at which a group ends.
    pub(super) group_bytes: usize,
    /// Whether the last transaction failed for want of space.
    pub(super) full: bool,
    /// Set for good once the disk failed, so that what is still queued is refused.
    pub(super) poisoned: bool,
    /// A transaction that was answered as not known to be stored, until it is known.
    pub(super) doubtful: Option<u64>,
}

/// The way back to one caller, kept while its work is with the store.
struct Caller {
    size: Size,
    started: Instant,
    answer: oneshot::Sender<Result<Position, AppendError>>,
    is_append: bool,
}

impl Writer {
    pub(super) fn run(mut self) {
        while let Some(first) = queue::next(&mut self.commands, self.phase.writes_end()) {
            let (works, callers) = self.gather(first);
            match self.write(&works) {
                Ok(written) => {
                    if written.commit.is_some() && mem::take(&mut self.full) {
                        tracing::info!("journal disk has space again");
                    }
                    self.answer(written, callers);
                }
                Err(error) => {
                    for caller in callers {
                        // The caller may have gone meanwhile.
                        drop(caller.answer.send(Err(error.clone())));
                    }
                }
            }
        }
    }

    /// Takes what is queued behind `first`, up to the bounds of a group.
    fn gather(&mut self, first: Command) -> (Vec<Work>, Vec<Caller>) {
        let mut works = Vec::new();
        let mut callers = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(Command { work, size, started, answer }) = next {
            bytes += size.bytes;
            let is_append = matches!(work, Work::Append(_));
            works.push(work);
            callers.push(Caller { size, started, answer, is_append });
            next = if works.len() < self.group && bytes < self.group_bytes {
                self.commands.try_recv().ok()
            } else {
                None
            };
        }
        (works, callers)
    }

    /// Stores a group, or says why none of it was stored, or, with `Io`, that nobody knows.
    fn write(&mut self, works: &[Work]) -> Result<Written, AppendError> {
        // The reader may have met damage.
        self.poisoned |= self.phase.is_poisoned();
        if self.poisoned {
            return Err(AppendError::Poisoned);
        }
        if super::shared(&self.slot).is_none() {
            // This group has not been tried, so nothing of it can be stored.
            self.reopen().map_err(|error| match error {
                AppendError::Io(_) => AppendError::Poisoned,
                error => error,
            })?;
        }
        let failure = match super::shared(&self.slot).as_ref() {
            Some(store) => match store.write(works) {
                Ok(written) => return Ok(written),
                Err(failure) => failure,
            },
            None => return Err(AppendError::Poisoned),
        };
        self.recover(failure)
    }

    /// Goes on after a full disk if the file can be opened again; poisons the journal otherwise.
    fn recover(
        &mut self,
        WriteFailure { error, doubtful }: WriteFailure,
    ) -> Result<Written, AppendError> {
        let error = Arc::new(error.into_io());
        if !is_full(&error) {
            return Err(self.poison(error));
        }
        // Once, however many callers run into it.
        if !mem::replace(&mut self.full, true) {
            tracing::warn!(%error, "journal disk is full, appends are refused");
        }
        let reopened = self.reopen();
        match (doubtful, reopened) {
            (Some(written), Ok(commit)) if written.commit == Some(commit) => Ok(*written),
            (None, _) | (Some(_), Ok(_)) => Err(AppendError::Full(error)),
            (Some(written), Err(_)) => {
                self.doubtful = written.commit;
                Err(AppendError::Io(error))
            }
        }
    }

    /// Opens the file anew and answers the number of its last transaction.
    ///
    /// redb refuses everything after an error of the disk until it is opened again. A doubtful
    /// transaction that turns out to be stored poisons the journal: its callers believe otherwise,
    /// and only reading everything again puts that right.
    fn reopen(&mut self) -> Result<u64, AppendError> {
        let mut slot = self.slot.write().unwrap_or_else(PoisonError::into_inner);
        // The old store holds the lock on the file.
        *slot = None;
        let opened = (self.opener)().and_then(|store| Ok((store.commit()?, store)));
        let error = match opened {
            Ok((commit, _)) if self.doubtful == Some(commit) => {
                io::Error::other("what was answered as failed is in the file after all")
            }
            Ok((commit, store)) => {
                *slot = Some(store);
                self.doubtful = None;
                return Ok(commit);
            }
            Err(OpenError::Io(error)) => error,
            Err(OpenError::Damaged(damage)) => io::Error::new(io::ErrorKind::InvalidData, damage),
            Err(error) => io::Error::other(error),
        };
        drop(slot);
        let error = Arc::new(error);
        if is_full(&error) { Err(AppendError::Full(error)) } else { Err(self.poison(error)) }
    }

    fn poison(&mut self, error: Arc<io::Error>) -> AppendError {
        if error.kind() == io::ErrorKind::InvalidData {
            tracing::error!(%error, "journal file is damaged, it takes no more appends");
        } else {
            tracing::error!(%error, "journal disk failed, the journal takes no more appends");
        }
        self.poisoned = true;
        self.phase.poison();
        AppendError::Io(error)
    }

    fn answer(&self, written: Written, callers: Vec<Caller>) {
        if written.commit.is_some() {
            self.counters.committed();
            self.head.send_replace(written.head);
        }
        let now = clock::now();
        for (caller, outcome) in callers.into_iter().zip(written.outcomes) {
            if caller.is_append && outcome.is_ok() {
                let took = now.saturating_duration_since(caller.started);
                self.counters.stored(caller.size.records, caller.size.bytes, took);
            }
            // The caller may have gone meanwhile.
            drop(caller.answer.send(outcome));
        }
    }
}

/// Whether `error` goes away once somebody makes room.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
