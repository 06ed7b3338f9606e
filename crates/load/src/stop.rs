//! The one signal that ends a run early.
//!
//! [`stop`] gives both ends. A run that is stopped reports what it has seen so far. It looks at the
//! signal many times a second. Dropping the [`Stopper`] without using it means that nobody will
//! stop the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A signal and its receiver.
pub fn stop() -> (Stopper, Stop) {
    let flag = Arc::new(AtomicBool::new(false));
    (Stopper(Arc::clone(&flag)), Stop(flag))
}

/// Ends a run.
#[derive(Debug)]
pub struct Stopper(Arc<AtomicBool>);

impl Stopper {
    /// Ends the run. A second time does nothing.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Hears of the end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether the run is to end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_is_heard_early_and_late() {
        let (stopper, early) = stop();
        assert!(!early.is_stopped());
        stopper.stop();
        assert!(early.is_stopped() && early.clone().is_stopped());
    }

    #[test]
    fn a_lost_stopper_does_not_stop() {
        let (stopper, stop) = stop();
        drop(stopper);
        assert!(!stop.is_stopped());
    }
}
