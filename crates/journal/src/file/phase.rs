//! Whether the journal still works: one word that every part of it watches.
//!
//! | Phase      | Meaning                      | Left when                     | Next       |
//! |------------|------------------------------|-------------------------------|------------|
//! | `Open`     | commands are taken           | the disk fails, the file is   | `Poisoned` |
//! |            |                              | damaged, a thread dies        |            |
//! | `Open`     |                              | close or drop                 | `Closed`   |
//! | `Poisoned` | reads only                   | close or drop                 | `Closed`   |
//! | `Closed`   | what is queued is still done |                               |            |

use std::sync::Arc;
use std::thread;

use tokio::sync::watch;

use crate::{AppendError, ReadError};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Open,
    Poisoned,
    Closed,
}

/// The phase of one journal; its handle and its threads share it.
#[derive(Debug)]
pub(super) struct Phase(watch::Sender<State>);

impl Phase {
    pub(super) fn open() -> Self {
        Self(watch::Sender::new(State::Open))
    }

    /// Answers whether the journal was open until now.
    pub(super) fn poison(&self) -> bool {
        self.0.send_if_modified(|state| match state {
            // Open => Poisoned
            State::Open => {
                *state = State::Poisoned;
                true
            }
            State::Poisoned | State::Closed => false,
        })
    }

    pub(super) fn is_poisoned(&self) -> bool {
        *self.0.borrow() == State::Poisoned
    }

    pub(super) fn close(&self) {
        // any => Closed
        self.0.send_replace(State::Closed);
    }

    /// Why a write was dropped by a writer that is gone.
    pub(super) fn write_dropped(&self) -> AppendError {
        match *self.0.borrow() {
            // A writer that is gone while the journal is open is one that panics just now.
            State::Open | State::Poisoned => AppendError::Poisoned,
            State::Closed => AppendError::Closed,
        }
    }

    /// Why a read was dropped by a reader that is gone.
    pub(super) fn read_dropped(&self) -> ReadError {
        match *self.0.borrow() {
            State::Open | State::Poisoned => ReadError::Poisoned,
            State::Closed => ReadError::Closed,
        }
    }

    /// Ends when the journal is poisoned or closed.
    pub(super) async fn writes_end(&self) {
        self.reached(|state| *state != State::Open).await;
    }

    /// Ends when the journal is closed.
    pub(super) async fn reads_end(&self) {
        self.reached(|state| *state == State::Closed).await;
    }

    async fn reached(&self, condition: impl FnMut(&State) -> bool) {
        // The sender lives in `self`, so the wait cannot end for the lack of one.
        drop(self.0.subscribe().wait_for(condition).await);
    }
}

/// Poisons the journal if the thread that holds it panics.
#[derive(Debug)]
pub(super) struct PanicGuard(pub(super) Arc<Phase>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!(
                thread = thread::current().name().unwrap_or_default(),
                "journal thread panicked, the journal takes no more appends"
            );
            self.0.poison();
        }
    }
}
