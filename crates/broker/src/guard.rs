//! Running what embedders have written.
//!
//! A hook that panics is a bug of its own and must not become somebody else's: the panic ends
//! here, is logged as an error and counted, and the hook counts as having said no. Policies and
//! authorizers then deny, extensions and filters drop, services have failed, and listeners have not
//! been told. No lock is ever held around a hook.
//!
//! A build with `panic = "abort"` ends the process instead.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::broker::Broker;
use crate::stats::add;

impl Broker {
    /// Runs a hook; `None` if it panicked.
    pub(crate) fn guarded<T>(&self, kind: &'static str, hook: impl FnOnce() -> T) -> Option<T> {
        // What a hook leaves half done is its own; ours is behind locks that no hook is called under.
        let outcome = catch_unwind(AssertUnwindSafe(hook)).ok();
        if outcome.is_none() {
            add(&self.counters().hook_panics, 1);
            tracing::error!(kind, "a hook panicked");
        }
        outcome
    }
}
