//! One session of a thread with its connection and its account, and how many are in which state.
//!
//! Owns what is known of a session beside what its machine knows: since when it is in its state,
//! when it is to go on, and what it still waits for. The parts above change it; its state only by
//! way of the [share](super::share) it belongs to, which counts.

use std::time::Instant;

use crate::job::Account;
use crate::link::Link;
use crate::session::{Session, State};
use crate::shared::Shared;

/// One session and its connection.
#[derive(Debug)]
pub(super) struct Lane {
    /// Among all sessions of the run, publishers behind the others.
    pub(super) number: usize,
    /// Whether it belongs to a publisher.
    pub(super) side: bool,
    pub(super) state: State,
    pub(super) session: Session,
    pub(super) link: Option<Link>,
    pub(super) account: Account,
    /// When it entered its state, or sent its poll.
    pub(super) since: Instant,
    /// When it is to go on.
    pub(super) wake: Option<Instant>,
    /// Subscriptions that are not accepted yet.
    pub(super) awaited: usize,
    /// Whether its poll was answered and the next is not sent.
    pub(super) owes_poll: bool,
    pub(super) failures: u32,
}

impl Lane {
    pub(super) fn new(number: usize, side: bool, shared: &Shared, now: Instant) -> Self {
        let (target, cookies) = shared.job.login_of(number);
        Self {
            number,
            side,
            state: State::Down,
            session: Session::new(target, cookies),
            link: None,
            account: if side { Account::default() } else { shared.job.account_of(number) },
            since: now,
            wake: None,
            awaited: 0,
            owes_poll: false,
            failures: 0,
        }
    }
}

/// Sessions by state; of subscribers unless it says otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) rising: u64,
    pub(super) up: u64,
    pub(super) held: u64,
    pub(super) gone: u64,
    pub(super) side_up: u64,
    pub(super) side_gone: u64,
    pub(super) answered: u64,
    pub(super) read_bytes: u64,
}
