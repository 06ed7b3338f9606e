//! How far an observer keeps what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encke_journal::Position;

/// A place in the journal that whoever keeps what an observer passes on moves, and the observer
/// names as [`Observer::kept`](crate::Observer::kept). Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Kept(Arc<AtomicU64>);

impl Kept {
    /// Kept up to `place`.
    pub fn new(place: Position) -> Self {
        let kept = Self::default();
        kept.set(place);
        kept
    }

    /// It is kept up to `place` now, whatever happens.
    pub fn set(&self, place: Position) {
        self.0.store(place.get(), Ordering::Release);
    }

    /// Up to where it is kept.
    pub fn get(&self) -> Position {
        Position::new(self.0.load(Ordering::Acquire))
    }
}
