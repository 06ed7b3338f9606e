//! How often one user changes the user data of one call or session: the end of a loop.
//!
//! A desk that answers every notification of a change with a change goes on for ever, and two of
//! them drive each other. [`Changes`] counts, for each subject and each user who asks, the changes in
//! windows that follow each other. Within one window there are [`ChangeBound::changes`]; what is
//! asked beyond them is refused until the window is over, so that a loop goes on no faster than that,
//! and whoever means it is told when to come back.
//!
//! # Time and bounds
//!
//! Time is an argument, in milliseconds since 1970. Of a pair that is quiet nothing is kept beyond
//! its window. At most [`MOST_PAIRS`] are watched at a time; while so many are busy, further pairs
//! are not counted, and nothing of theirs is refused.
//!
//! # Ownership
//!
//! One lock, held for one lookup, and once a window for a sweep.
//!
//! # Sources
//!
//! Observed: Workspace answers each ringing call with an update; integrators report endless loops of
//! such answers. Ours: everything here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use encke_broker::UserId;

/// How often one user may change the user data of one call or session.
///
/// Default: 1,000 changes in 10 s. A loop of one desk in the same network makes several times as
/// many. A service that makes 2,000 changes a second stays below it on 20 calls and more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChangeBound {
    /// Changes in one window; the one after them is refused.
    pub changes: u32,
    /// How long a window is. It begins with the first change.
    pub window: Duration,
}

impl Default for ChangeBound {
    fn default() -> Self {
        Self { changes: 1000, window: Duration::from_secs(10) }
    }
}

/// What the gateway knows of changes that were too many.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChangeLoops {
    /// Loops that were noticed. One that goes on over many windows is one.
    pub loops: u64,
    /// Changes that were refused.
    pub refused: u64,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooOften {
    /// When the next one is taken.
    pub(crate) wait: Duration,
    /// Whether this is the first that is refused in this loop.
    pub(crate) first: bool,
}

/// The windows of everybody who changes something.
#[derive(Debug)]
pub(crate) struct Changes {
    bound: ChangeBound,
    watched: Mutex<Watched>,
    loops: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Watched {
    /// By subject and user.
    pairs: HashMap<(String, UserId), Window>,
    swept_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since_ms: u64,
    changes: u32,
    /// A change was refused in this window, or in the one before it.
    loops: bool,
    full: bool,
}

/// Pairs of a subject and a user that are watched at most.
const MOST_PAIRS: usize = 65_536;

impl Changes {
    pub(crate) fn new(bound: ChangeBound) -> Self {
        Self {
            bound,
            watched: Mutex::default(),
            loops: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Counts one change that `user` asks for at `now_ms`.
    pub(crate) fn take(&self, subject: &str, user: &UserId, now_ms: u64) -> Result<(), TooOften> {
        let length = u64::try_from(self.bound.window.as_millis()).unwrap_or(u64::MAX);
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.sweep(now_ms, length);
        let crowded = watched.pairs.len() >= MOST_PAIRS;
        let key = (subject.to_owned(), user.clone());
        let window = match watched.pairs.get_mut(&key) {
            Some(window) => window,
            None if crowded => return Ok(()),
            None => watched.pairs.entry(key).or_insert(Window::new(now_ms, false)),
        };
        // A clock that was set back begins a new window too.
        let age = now_ms.checked_sub(window.since_ms).filter(|age| *age < length);
        let Some(age) = age else {
            *window = Window::new(now_ms, window.full);
            window.changes = 1;
            return Ok(());
        };
        if window.changes < self.bound.changes {
            window.changes += 1;
            return Ok(());
        }
        let first = !window.loops && !window.full;
        window.full = true;
        drop(watched);
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.loops.fetch_add(u64::from(first), Ordering::Relaxed);
        Err(TooOften { wait: Duration::from_millis(length - age), first })
    }

    pub(crate) fn bound(&self) -> ChangeBound {
        self.bound
    }

    pub(crate) fn loops(&self) -> ChangeLoops {
        ChangeLoops {
            loops: self.loops.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

impl Watched {
    /// Forgets who was quiet for a window, once a window.
    fn sweep(&mut self, now_ms: u64, length: u64) {
        if now_ms.abs_diff(self.swept_ms) < length {
            return;
        }
        self.swept_ms = now_ms;
        // One window more, in which a loop that was slowed down is still the same loop.
        let kept = length.saturating_mul(2);
        self.pairs.retain(|_, window| now_ms.abs_diff(window.since_ms) < kept);
    }
}

impl Window {
    fn new(since_ms: u64, loops: bool) -> Self {
        Self { since_ms, changes: 0, loops, full: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(changes: u32) -> Changes {
        Changes::new(ChangeBound { changes, window: Duration::from_secs(10) })
    }

    fn user(name: &str) -> UserId {
        UserId::new(name)
    }

    #[test]
    fn a_window_takes_so_many_and_the_next_one_as_many_again() {
        let changes = changes(2);
        let take = |now_ms| changes.take("C1", &user("alice"), now_ms);
        assert_eq!([take(1_000), take(1_500)], [Ok(()), Ok(())]);
        let wait = |ms, first| Err(TooOften { wait: Duration::from_millis(ms), first });
        assert_eq!(take(2_000), wait(9_000, true));
        assert_eq!(take(10_999), wait(1, false));
        assert_eq!([take(11_000), take(11_001)], [Ok(()), Ok(())]);
        assert_eq!(changes.loops(), ChangeLoops { loops: 1, refused: 2 });
    }

    #[test]
    fn a_loop_that_goes_on_is_one_and_after_a_quiet_window_another() {
        let changes = changes(1);
        let take = |now_ms| changes.take("C1", &user("alice"), now_ms).map_err(|e| e.first);
        assert_eq!([take(0), take(1)], [Ok(()), Err(true)]);
        assert_eq!([take(10_000), take(10_001)], [Ok(()), Err(false)]);
        assert_eq!([take(20_000), take(20_001)], [Ok(()), Err(false)]);
        assert_eq!(take(30_000), Ok(()), "a window that is not full");
        assert_eq!([take(40_000), take(40_001)], [Ok(()), Err(true)]);
        assert_eq!(changes.loops().loops, 2);
    }

    #[test]
    fn calls_and_users_are_counted_apart() {
        let changes = changes(1);
        for call in ["C1", "C2"] {
            for name in ["alice", "bob"] {
                assert_eq!(changes.take(call, &user(name), 5), Ok(()));
            }
        }
        assert!(changes.take("C2", &user("bob"), 6).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_refuses_nothing_for_long() {
        let changes = changes(1);
        assert_eq!(changes.take("C1", &user("alice"), 1_000_000), Ok(()));
        assert_eq!(changes.take("C1", &user("alice"), 5), Ok(()));
        assert!(changes.take("C1", &user("alice"), 6).is_err());
    }

    #[test]
    fn who_is_quiet_is_forgotten_and_who_is_too_many_is_not_counted() {
        let changes = changes(1);
        for n in 0..=MOST_PAIRS {
            assert_eq!(changes.take(&n.to_string(), &user("robot"), 10_000), Ok(()));
        }
        let kept = |changes: &Changes| changes.watched.lock().unwrap().pairs.len();
        assert_eq!(kept(&changes), MOST_PAIRS);
        assert!(changes.take("0", &user("robot"), 10_001).is_err());
        let last = MOST_PAIRS.to_string();
        assert_eq!(changes.take(&last, &user("robot"), 10_001), Ok(()), "nobody counts");
        assert_eq!(changes.take(&last, &user("robot"), 30_000), Ok(()));
        assert_eq!(kept(&changes), 1);
    }
}
