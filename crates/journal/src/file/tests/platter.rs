//! A disk in memory that can be as full as it likes, and lose its power at any moment.
//!
//! Between two syncs a real disk keeps what it likes of what was written: this one draws, for each
//! sector of each write, whether it got there.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use super::random::Random;

/// Smallest piece that is written whole.
const SECTOR: usize = 512;

/// The disk. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Platter(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What a running process reads.
    seen: Vec<u8>,
    /// What is there after a loss of power, at least.
    synced: Vec<u8>,
    /// What was done since, in order.
    pending: Vec<Change>,
    /// Most bytes that fit, if there is a bound.
    capacity: Option<usize>,
    outages: Option<Outages>,
}

#[derive(Clone, Debug)]
enum Change {
    Length(usize),
    Sector { offset: usize, data: Vec<u8> },
}

/// When power is lost, and what was left.
#[derive(Debug)]
struct Outages {
    random: Random,
    /// One change in so many.
    one_in: usize,
    /// What the test has reached, to be kept with each.
    reached: usize,
    found: Vec<(usize, Vec<u8>)>,
}

impl Platter {
    /// A disk that holds `image`.
    pub(super) fn holding(image: Vec<u8>) -> Self {
        let state = State { seen: image.clone(), synced: image, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// From now on, looks at what a loss of power would leave, after one change in `one_in`.
    pub(super) fn lose_power(&self, random: Random, one_in: usize) {
        self.state().outages = Some(Outages { random, one_in, reached: 0, found: Vec::new() });
    }

    /// What later outages find belongs to `reached`.
    pub(super) fn reached(&self, reached: usize) {
        if let Some(outages) = &mut self.state().outages {
            outages.reached = reached;
        }
    }

    /// What each outage left, with what was reached by then. There are no more after this.
    pub(super) fn outages(&self) -> Vec<(usize, Vec<u8>)> {
        self.state().outages.take().map(|outages| outages.found).unwrap_or_default()
    }

    /// At most `bytes` fit from now on; what is there stays.
    pub(super) fn hold_at_most(&self, bytes: Option<usize>) {
        self.state().capacity = bytes;
    }

    pub(super) fn bytes(&self) -> usize {
        self.state().seen.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fits(&self, bytes: usize) -> io::Result<()> {
        let full = bytes > self.seen.len() && self.capacity.is_some_and(|most| bytes > most);
        if full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.seen, &change);
        self.pending.push(change);
        let Some(outages) = &mut self.outages else { return };
        if outages.random.below(outages.one_in) != 0 {
            return;
        }
        // Often all or nothing of a piece gets there, and sometimes anything.
        let share = [0, 1, 8, 15, 16][outages.random.below(5)];
        let mut left = self.synced.clone();
        for change in &self.pending {
            if outages.random.below(16) < share {
                apply(&mut left, change);
            }
        }
        outages.found.push((outages.reached, left));
    }
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => image.resize(*length, 0),
        Change::Sector { offset, data } => {
            let end = offset + data.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[*offset..end].copy_from_slice(data);
        }
    }
}

impl StorageBackend for Platter {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let offset = usize::try_from(offset).unwrap();
        let there = state.seen.get(offset..offset + out.len());
        out.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        let len = usize::try_from(len).unwrap();
        state.fits(len)?;
        state.change(Change::Length(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.synced = state.seen.clone();
        state.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let offset = usize::try_from(offset).unwrap();
        state.fits(offset + data.len())?;
        let mut at = offset;
        let mut rest = data;
        while !rest.is_empty() {
            let (sector, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            state.change(Change::Sector { offset: at, data: sector.to_vec() });
            at += sector.len();
            rest = after;
        }
        Ok(())
    }
}
