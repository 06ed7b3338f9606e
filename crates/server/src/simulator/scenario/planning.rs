//! Where scenarios are planned over HTTP: off the workers that answer requests, one at a time.
//!
//! A plan may take a processor for long, and 64 MiB. Who comes meanwhile waits for his turn; there
//! are no more of them than connections. A turn goes with its work: who goes away while he is served
//! makes no room for another before the work is done.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Scenarios that are planned at a time.
const MAX_PLANNED: usize = 1;

/// The turns of one house.
#[derive(Debug)]
pub(super) struct Planning(Arc<Semaphore>);

impl Default for Planning {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_PLANNED)))
    }
}

impl Planning {
    /// Does this when it is its turn. `None` when there is no thread for it, as the server stops.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.0).acquire_owned().await.ok()?;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    // The runtime of these has one worker, which plays on while something is planned.

    #[tokio::test]
    async fn who_plans_keeps_no_worker_busy() {
        let (go, gone) = channel();
        let planning = Planning::default();
        let planned = planning.run(move || gone.recv_timeout(PATIENCE));
        let (planned, ()) = tokio::join!(planned, async { go.send(7).unwrap_or(()) });
        assert_eq!(planned, Some(Ok(7)));
    }

    #[tokio::test]
    async fn one_is_planned_at_a_time_also_when_nobody_waits_for_it() {
        let planning = Arc::new(Planning::default());
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (go, gone) = channel();
        let (second, seconds) = channel::<()>();
        let work = move || begun.send(()).is_ok() && gone.recv_timeout(PATIENCE).is_ok();
        let first = tokio::spawn({
            let planning = Arc::clone(&planning);
            async move { planning.run(work).await }
        });
        begins.await.unwrap();
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        let next = tokio::spawn(async move { planning.run(move || second.send(())).await });
        tokio::task::yield_now().await;
        let early = seconds.recv_timeout(Duration::from_millis(200));
        assert_eq!(early, Err(RecvTimeoutError::Timeout));
        go.send(()).unwrap();
        assert!(next.await.unwrap().is_some());
        assert_eq!(seconds.recv_timeout(PATIENCE), Ok(()));
    }
}
