//! The one signal that ends a run early.
//!
//! [`stop`] gives both ends. A run that is stopped reports what it has seen so far. Dropping the
//! [`Stopper`] without using it means that nobody will stop the run.

use tokio::sync::watch;

/// A signal and its receiver.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

/// Ends a run.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Ends the run. A second time does nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Hears of the end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Completes when the run is to end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn stopped(&mut self) {
        if self.0.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the run is to end.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn stopping_is_heard_early_and_late() {
        let (stopper, mut early) = stop();
        assert!(early.stopped().now_or_never().is_none());
        stopper.stop();
        let mut late = early.clone();
        assert!(early.stopped().now_or_never().is_some() && early.is_stopped());
        assert!(late.stopped().now_or_never().is_some());
    }

    #[test]
    fn a_lost_stopper_does_not_stop() {
        let (stopper, mut stop) = stop();
        drop(stopper);
        assert!(stop.stopped().now_or_never().is_none() && !stop.is_stopped());
    }
}
