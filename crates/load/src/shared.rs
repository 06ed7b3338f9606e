//! What the threads of a run share: the job, the phase, and what is counted together.
//!
//! Each thread writes gauges of its own, once a turn, and nobody waits for anybody. The phase is
//! set by the thread that conducts the run; the others look at it once a turn.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::job::Job;
use crate::pace::{Pace, Schedule};
use crate::stop::Stop;
use crate::troubles::Troubles;

/// What a run is doing.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Phase {
    /// Sessions come up.
    Ramp,
    /// No more are begun; who is up now is owed every message.
    Ready,
    /// Messages go out.
    Traffic,
    /// Everybody leaves.
    End,
}

/// Requests that were not accepted and are told apart; the rest counts as lost where it is missing.
const MAX_EXCUSED: usize = 1 << 20;

/// What one thread says about its sessions.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    /// Subscribers that are up.
    pub(crate) up: AtomicU64,
    /// Their polls that wait for an answer.
    pub(crate) held: AtomicU64,
    /// Their polls that were answered.
    pub(crate) answered: AtomicU64,
    /// Subscribers that were given up.
    pub(crate) gone: AtomicU64,
    /// Sessions of publishers that are up.
    pub(crate) side_up: AtomicU64,
    /// Sessions of publishers that were given up.
    pub(crate) side_gone: AtomicU64,
    /// Deliveries, each counted once.
    pub(crate) delivered: AtomicU64,
    /// Bytes read.
    pub(crate) read_bytes: AtomicU64,
}

/// The sum of all gauges.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) up: u64,
    pub(crate) held: u64,
    pub(crate) answered: u64,
    pub(crate) gone: u64,
    pub(crate) side_up: u64,
    pub(crate) side_gone: u64,
    pub(crate) delivered: u64,
    pub(crate) read_bytes: u64,
}

/// One run.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) job: Job,
    pub(crate) stop: Stop,
    pub(crate) troubles: Troubles,
    pub(crate) gauges: Vec<Gauge>,
    pub(crate) schedule: OnceLock<Schedule>,
    /// Subscribers of each stream that are owed its messages.
    pub(crate) audience: Vec<AtomicU64>,
    /// Deliveries that the accepted messages have to bring.
    pub(crate) owed: AtomicU64,
    /// Messages that the server accepted.
    pub(crate) accepted: AtomicU64,
    /// Threads that have counted their audience.
    pub(crate) counted: AtomicUsize,
    /// Publishers that are not done.
    pub(crate) publishing: AtomicUsize,
    /// Whether no more requests go out.
    enough: AtomicBool,
    phase: AtomicU8,
    excused: Mutex<Vec<(u32, u64)>>,
}

impl Shared {
    pub(crate) fn new(job: Job, threads: usize, stop: Stop) -> Self {
        let publishers = job.traffic.map_or(0, |traffic| traffic.publishers);
        Self {
            stop,
            troubles: Troubles::default(),
            gauges: (0..threads).map(|_| Gauge::default()).collect(),
            schedule: OnceLock::new(),
            audience: (0..job.streams).map(|_| AtomicU64::new(0)).collect(),
            owed: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            counted: AtomicUsize::new(0),
            publishing: AtomicUsize::new(publishers),
            enough: AtomicBool::new(false),
            phase: AtomicU8::new(Phase::Ramp as u8),
            excused: Mutex::default(),
            job,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Ramp,
            1 => Phase::Ready,
            2 => Phase::Traffic,
            _ => Phase::End,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// From now on no request goes out, whether or not it was due before.
    pub(crate) fn end_publishing(&self) {
        self.enough.store(true, Ordering::Release);
    }

    /// Whether requests may still go out.
    pub(crate) fn may_publish(&self) -> bool {
        !self.enough.load(Ordering::Acquire) && !self.stop.is_stopped()
    }

    /// Whether a request waits for its answer, or a delivery of an accepted message has not come.
    pub(crate) fn is_owed(&self) -> bool {
        // In this order: whoever is done has said before what its messages owe.
        self.publishing.load(Ordering::Acquire) > 0
            || self.totals().delivered < self.owed.load(Ordering::Relaxed)
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for gauge in &self.gauges {
            totals.up += gauge.up.load(Ordering::Relaxed);
            totals.held += gauge.held.load(Ordering::Relaxed);
            totals.answered += gauge.answered.load(Ordering::Relaxed);
            totals.gone += gauge.gone.load(Ordering::Relaxed);
            totals.side_up += gauge.side_up.load(Ordering::Relaxed);
            totals.side_gone += gauge.side_gone.load(Ordering::Relaxed);
            totals.delivered += gauge.delivered.load(Ordering::Relaxed);
            totals.read_bytes += gauge.read_bytes.load(Ordering::Relaxed);
        }
        totals
    }

    /// The server accepted these messages.
    pub(crate) fn accept(&self, flight: &[(u32, u64)]) {
        let owed: u64 = flight
            .iter()
            .filter_map(|(stream, _)| self.audience.get(*stream as usize))
            .map(|audience| audience.load(Ordering::Relaxed))
            .sum();
        self.owed.fetch_add(owed, Ordering::Relaxed);
        self.accepted.fetch_add(flight.len() as u64, Ordering::Relaxed);
    }

    /// The server did not accept these messages, or did not say.
    pub(crate) fn excuse(&self, flight: &[(u32, u64)]) {
        let mut excused = self.excused.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_EXCUSED.saturating_sub(excused.len());
        excused.extend(flight.iter().take(room));
    }

    /// What was excused, by stream.
    pub(crate) fn excused(&self) -> Vec<Vec<u64>> {
        let mut by_stream = vec![Vec::new(); self.job.streams];
        for (stream, number) in self.excused.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(numbers) = by_stream.get_mut(*stream as usize) {
                numbers.push(*number);
            }
        }
        by_stream
    }

    /// Whether a publisher without a pace may send more.
    pub(crate) fn has_room(&self, window: u32) -> bool {
        let accepted = self.accepted.load(Ordering::Relaxed).max(1);
        let owed = self.owed.load(Ordering::Relaxed);
        let delivered: u64 =
            self.gauges.iter().map(|gauge| gauge.delivered.load(Ordering::Relaxed)).sum();
        // Messages under way, each with the mean audience.
        owed.saturating_sub(delivered) < u64::from(window) * owed.div_ceil(accepted).max(1)
    }

    /// Requests a second, all publishers together.
    pub(crate) fn request_rate(&self) -> Option<f64> {
        let traffic = self.job.traffic?;
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        match traffic.pace {
            Pace::Every(rate) => Some(rate / traffic.batch.max(1) as f64),
            Pace::Window(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use encke_bayeux::ChannelName;

    use super::*;
    use crate::run::Common;
    use crate::stop::stop;
    use crate::target::{Reach, Target};
    use crate::workload::Workload;

    /// A run without a pace, each of whose messages is owed to so many, and who stops it.
    fn shared(audience: u64) -> (Shared, crate::stop::Stopper) {
        let target = Target::new("http://127.0.0.1:1/cometd", Reach::Loopback).unwrap();
        let channel = ChannelName::new("/load/a").unwrap();
        let common = Common::new(target, channel, 4, Duration::from_secs(1));
        let workload = Workload::Fanout { pace: Pace::Window(2), payload_bytes: 100 };
        let (stopper, stop) = stop();
        let shared = Shared::new(workload.job(&common, common.late, Vec::new()), 1, stop);
        shared.audience[0].store(audience, Ordering::Relaxed);
        (shared, stopper)
    }

    fn deliver(shared: &Shared, count: u64) {
        shared.gauges[0].delivered.fetch_add(count, Ordering::Relaxed);
    }

    #[test]
    fn a_window_has_room_until_as_many_messages_are_under_way() {
        let (shared, _stopper) = shared(4);
        assert!(shared.has_room(2), "nothing is under way");
        shared.accept(&[(0, 0)]);
        assert!(shared.has_room(2), "one is");
        shared.accept(&[(0, 1)]);
        assert!(!shared.has_room(2), "two are");
        assert!(shared.has_room(3), "a wider one");
        deliver(&shared, 1);
        assert!(shared.has_room(2), "one of them has begun to come");
        shared.accept(&[(0, 2)]);
        assert!(!shared.has_room(2));
        deliver(&shared, 11);
        assert!(shared.has_room(1), "all has come");
    }

    #[test]
    fn what_nobody_listens_to_takes_no_room() {
        let (shared, _stopper) = shared(0);
        shared.accept(&[(0, 0), (0, 1)]);
        assert!(shared.has_room(1));
    }

    #[test]
    fn deliveries_are_owed_once_accepted_and_answers_until_all_publishers_are_done() {
        let (shared, _stopper) = shared(4);
        assert!(shared.is_owed(), "the publisher may wait for an answer");
        shared.accept(&[(0, 0)]);
        shared.publishing.fetch_sub(1, Ordering::AcqRel);
        deliver(&shared, 3);
        assert!(shared.is_owed(), "three of four have come");
        deliver(&shared, 1);
        assert!(!shared.is_owed());
    }

    #[test]
    fn publishing_ends_when_it_is_enough_and_when_the_run_is_stopped() {
        let (by_time, _stopper) = shared(1);
        assert!(by_time.may_publish());
        by_time.end_publishing();
        assert!(!by_time.may_publish());
        let (by_hand, stopper) = shared(1);
        stopper.stop();
        assert!(!by_hand.may_publish());
    }
}
