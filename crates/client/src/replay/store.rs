//! Where positions are kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use encke_bayeux::ChannelPattern;

use crate::replay::Position;

/// Patterns whose positions are kept; beyond, the one that was saved longest ago is forgotten.
const MAX_PATTERNS: usize = 10_000;

/// Keeps, per pattern, the position of the last message that the application handled.
///
/// One store belongs to one server and one user: the same pattern elsewhere has other positions.
///
/// A message counts as handled when its subscription is asked for the next one, so a program that
/// is killed in between sees that message again. Both methods are called where the application
/// polls, and should be quick: write to memory, or to a queue of your own.
pub trait PositionStore: fmt::Debug + Send + Sync + 'static {
    /// The position that was saved last.
    fn load(&self, pattern: &ChannelPattern) -> Option<Position>;

    /// Keeps a position in place of the one before.
    fn save(&self, pattern: &ChannelPattern, position: Position);
}

/// Positions in memory: they survive subscriptions and clients, not the process. At most 10,000
/// patterns; beyond, the one that was saved longest ago is forgotten.
#[derive(Debug, Default)]
pub struct MemoryPositions(Mutex<Positions>);

impl PositionStore for MemoryPositions {
    fn load(&self, pattern: &ChannelPattern) -> Option<Position> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(pattern.as_str())
    }

    fn save(&self, pattern: &ChannelPattern, position: Position) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).set(pattern.as_str(), position);
    }
}

/// Positions by pattern, bounded.
#[derive(Debug, Default)]
pub(super) struct Positions {
    kept: HashMap<Box<str>, (Position, u64)>,
    saves: u64,
}

impl Positions {
    pub(super) fn get(&self, pattern: &str) -> Option<Position> {
        self.kept.get(pattern).map(|(position, _)| *position)
    }

    pub(super) fn set(&mut self, pattern: &str, position: Position) {
        self.saves += 1;
        if let Some(kept) = self.kept.get_mut(pattern) {
            *kept = (position, self.saves);
            return;
        }
        if self.kept.len() >= MAX_PATTERNS {
            let oldest = self.kept.iter().min_by_key(|(_, (_, saved))| *saved);
            if let Some(oldest) = oldest.map(|(pattern, _)| pattern.clone()) {
                self.kept.remove(&oldest);
            }
        }
        self.kept.insert(pattern.into(), (position, self.saves));
    }

    pub(super) fn remove(&mut self, pattern: &str) -> bool {
        self.kept.remove(pattern).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Position)> {
        self.kept.iter().map(|(pattern, (position, _))| (&**pattern, *position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_the_last_position_of_each_pattern() {
        let store = MemoryPositions::default();
        let (a, b) = (ChannelPattern::new("/a").unwrap(), ChannelPattern::new("/b").unwrap());
        store.save(&a, Position::new(1));
        store.save(&a, Position::new(2).in_epoch(1));
        assert_eq!(store.load(&a), Some(Position::new(2).in_epoch(1)));
        assert_eq!(store.load(&b), None);
    }

    #[test]
    fn beyond_the_bound_the_position_saved_longest_ago_is_forgotten() {
        let mut positions = Positions::default();
        for n in 0..MAX_PATTERNS as u64 {
            positions.set(&format!("/{n}"), Position::new(n));
        }
        positions.set("/0", Position::new(7));
        positions.set("/new", Position::new(8));
        assert_eq!(positions.iter().count(), MAX_PATTERNS);
        assert_eq!(positions.get("/0"), Some(Position::new(7)));
        assert_eq!((positions.get("/1"), positions.get("/2")), (None, Some(Position::new(2))));
    }
}
