//! The moments at which messages are due.
//!
//! A [`Schedule`] is plain arithmetic: message `n` is due `n / rate` after the start, whatever
//! happened to those before it. A [`Pacer`] tells the publisher when the next moment has come. It
//! is a thread of its own because the runtime's timer counts in whole milliseconds, which would
//! show in every latency.
//!
//! # Ownership
//!
//! The thread ends when the schedule does or when the [`Pacer`] is dropped, which waits for it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::clock;

/// Moments that have come while the publisher was busy; beyond, the thread waits.
const PENDING: usize = 1024;

/// When each message is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    start: Instant,
    rate: f64,
    count: u64,
}

impl Schedule {
    /// `rate` messages a second for `length`, at least one.
    pub(crate) fn new(start: Instant, rate: f64, length: Duration) -> Self {
        let count = (rate * length.as_secs_f64()).ceil().clamp(1.0, 1e12);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a range where both are exact"
        )]
        let count = count as u64;
        Self { start, rate, count }
    }

    /// Messages in all.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// When message `number` is due.
    pub(crate) fn due(&self, number: u64) -> Instant {
        #[expect(clippy::cast_precision_loss, reason = "at most 1e12, exact in a float")]
        let seconds = number as f64 / self.rate;
        self.start + Duration::from_secs_f64(seconds)
    }
}

/// Sends the number of each message when it is due.
pub(crate) struct Pacer {
    due: Option<mpsc::Receiver<u64>>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pacer {
    /// Starts the thread.
    pub(crate) fn start(schedule: Schedule) -> std::io::Result<Self> {
        let (sender, due) = mpsc::channel(PENDING);
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopped);
        let thread = std::thread::Builder::new().name("pace".to_owned()).spawn(move || {
            for number in 0..schedule.count() {
                loop {
                    let left = schedule.due(number).saturating_duration_since(clock::now());
                    if left.is_zero() || seen.load(Ordering::Acquire) {
                        break;
                    }
                    std::thread::park_timeout(left);
                }
                if seen.load(Ordering::Acquire) || sender.blocking_send(number).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { due: Some(due), stopped, thread: Some(thread) })
    }

    /// Waits for the next moment; `None` after the last.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub(crate) async fn next(&mut self) -> Option<u64> {
        self.due.as_mut()?.recv().await
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // A thread that waits for room in the channel is released by the receiver's end.
        self.due = None;
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread has no panic of its own; one would have been printed.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_do_not_drift() {
        let start = clock::now();
        let schedule = Schedule::new(start, 3.0, Duration::from_secs(2));
        assert_eq!(schedule.count(), 6);
        assert_eq!(schedule.due(0), start);
        assert_eq!(schedule.due(3), start + Duration::from_secs(1));
        assert_eq!(schedule.due(3_000_000), start + Duration::from_secs(1_000_000));
        assert_eq!(Schedule::new(start, 0.1, Duration::from_secs(1)).count(), 1);
    }

    #[tokio::test]
    async fn numbers_come_in_order_and_not_before_they_are_due() {
        let schedule = Schedule::new(clock::now(), 1000.0, Duration::from_millis(20));
        let mut pacer = Pacer::start(schedule).unwrap();
        for expected in 0..20 {
            assert_eq!(pacer.next().await, Some(expected));
            assert!(clock::now() >= schedule.due(expected));
        }
        assert_eq!(pacer.next().await, None);
    }

    #[tokio::test]
    async fn dropping_ends_the_thread_at_once() {
        let begun = clock::now();
        let schedule = Schedule::new(begun, 0.001, Duration::from_secs(10_000));
        let mut pacer = Pacer::start(schedule).unwrap();
        assert_eq!(pacer.next().await, Some(0));
        drop(pacer);
        assert!(begun.elapsed() < Duration::from_secs(100));
    }
}
