//! The moments at which messages are due.
//!
//! A [`Schedule`] is plain arithmetic: message `n` is due `n / rate` after the start, whatever
//! happened to those before it. An [`Alarm`] wakes a thread that waits for sockets at such a
//! moment; the time limit of that wait counts in whole milliseconds, which would show in every
//! latency.

use std::io;
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// How fast messages follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many a second, each at its moment.
    Every(f64),
    /// As fast as the server takes them, with so many on the way to all their subscribers.
    Window(u32),
}

/// When each request is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    /// Requests a second; `None` without a pace.
    rate: Option<f64>,
}

impl Schedule {
    /// `rate` requests a second for `length`.
    pub(crate) fn new(start: Instant, rate: Option<f64>, length: Duration) -> Self {
        Self { start, end: start + length, rate }
    }

    /// When request `number` of all is due; `None` without a pace.
    pub(crate) fn due(&self, number: u64) -> Option<Instant> {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let seconds = number as f64 / self.rate?;
        Some(self.start + Duration::from_secs_f64(seconds.min(1e9)))
    }

    /// From the start to this moment.
    pub(crate) fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_micros()).unwrap_or(u64::MAX)
    }
}

/// Wakes a thread that waits for sockets.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: OwnedFd,
    set: Option<Instant>,
}

impl Alarm {
    /// An alarm that wakes waits of this registry, by events of this token.
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { timer, set: None })
    }

    /// Goes off at this moment, and no more at the one that was set before.
    pub(crate) fn set(&mut self, at: Instant, now: Instant) -> io::Result<()> {
        if self.set == Some(at) && at > now {
            return Ok(());
        }
        self.set = Some(at);
        // Zero would switch the timer off.
        let left = at.saturating_duration_since(now).max(Duration::from_nanos(1));
        let value = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mio::{Events, Poll};

    use super::*;
    use crate::clock;

    #[test]
    fn moments_do_not_drift() {
        let start = clock::now();
        let schedule = Schedule::new(start, Some(3.0), Duration::from_secs(2));
        assert_eq!(schedule.due(0), Some(start));
        assert_eq!(schedule.due(3), Some(start + Duration::from_secs(1)));
        assert_eq!(schedule.due(3_000_000), Some(start + Duration::from_secs(1_000_000)));
        assert_eq!(schedule.micros(start + Duration::from_millis(2)), 2000);
        assert_eq!(Schedule::new(start, None, Duration::ZERO).due(1), None);
    }

    #[test]
    fn the_alarm_goes_off_again_and_again_and_not_early() {
        let mut poll = Poll::new().unwrap();
        let mut alarm = Alarm::new(poll.registry(), Token(3)).unwrap();
        let mut events = Events::with_capacity(4);
        let far = clock::now() + Duration::from_secs(1000);
        alarm.set(far, clock::now()).unwrap();
        for _ in 0..3 {
            let at = clock::now() + Duration::from_millis(2);
            alarm.set(at, clock::now()).unwrap();
            poll.poll(&mut events, Some(Duration::from_secs(60))).unwrap();
            assert!(clock::now() >= at);
            assert_eq!(events.iter().next().map(mio::event::Event::token), Some(Token(3)));
        }
    }
}
