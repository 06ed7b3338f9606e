//! How many streams each key has.
//!
//! Shape: a handle over one mutex, locked for a count.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::problem::Problem;

/// The places of all keys. Clones are the same places.
#[derive(Clone, Debug)]
pub(super) struct Places {
    taken: Arc<Mutex<HashMap<Arc<str>, usize>>>,
    limit: usize,
}

impl Places {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: Arc::default(), limit }
    }

    /// A place for one more stream of the key, which is given back when it is dropped.
    pub(super) fn take(&self, key: &Arc<str>) -> Result<Place, Problem> {
        let mut taken = self.lock();
        let count = taken.entry(Arc::clone(key)).or_default();
        if *count >= self.limit {
            return Err(Problem::TooManyStreams(self.limit));
        }
        *count += 1;
        Ok(Place { places: self.clone(), key: Arc::clone(key) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a stream.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    key: Arc<str>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_and_each_key_has_its_own() {
        let places = Places::new(1);
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        let first = places.take(&a).unwrap();
        assert!(matches!(places.take(&a), Err(Problem::TooManyStreams(1))));
        let _other = places.take(&b).unwrap();
        drop(first);
        assert!(places.take(&a).is_ok());
        assert_eq!(places.lock().len(), 1);
    }
}
