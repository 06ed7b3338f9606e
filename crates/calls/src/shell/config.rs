//! Settings of the shell.

use std::collections::HashSet;
use std::num::NonZeroU64;
use std::time::Duration;

use crate::{Dn, Limits};

/// Settings of a [`Core`](crate::Core).
#[derive(Clone, Debug)]
pub struct CoreConfig {
    pub(super) dns: HashSet<Dn>,
    pub(super) limits: Limits,
    pub(super) queue: usize,
    pub(super) retention: Duration,
    pub(super) retained: usize,
    pub(super) snapshot_after: Option<NonZeroU64>,
}

impl Default for CoreConfig {
    fn default() -> Self {
        Self {
            dns: HashSet::new(),
            limits: Limits::default(),
            queue: 4096,
            retention: Duration::from_secs(600),
            retained: 10_000,
            snapshot_after: NonZeroU64::new(256),
        }
    }
}

impl CoreConfig {
    /// The lines that are ours from the start. Default none; see also
    /// [`Core::set_dns`](crate::Core::set_dns).
    #[must_use]
    pub fn dns(mut self, dns: impl IntoIterator<Item = Dn>) -> Self {
        self.dns = dns.into_iter().collect();
        self
    }

    /// Bounds of the model.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Commands that may wait for the writer. Default 4096, at least 1. Beyond it a command is
    /// answered [`Busy`](crate::CommandError::Busy) at once.
    #[must_use]
    pub fn queue(mut self, commands: usize) -> Self {
        self.queue = commands.max(1);
        self
    }

    /// How long ended calls and interactions are kept, so that a late operation is told of the end.
    /// Default 10 minutes. They are forgotten some time later, when a number of them is due or
    /// with the next [`Core::sweep`](crate::Core::sweep).
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Events of a call, an interaction or a line after which one record takes their place. Default
    /// 256; `None` for never.
    ///
    /// At the next start a call costs one record and fewer than so many events, about 4 us of CPU
    /// time each. Each time costs a write of the whole call between two batches. A file that has a
    /// snapshot is not read by versions that know none.
    #[must_use]
    pub fn snapshot_after(mut self, events: Option<NonZeroU64>) -> Self {
        self.snapshot_after = events;
        self
    }

    /// How many ended calls and interactions are kept at most, whatever their age. Default 10,000.
    /// The oldest go first.
    #[must_use]
    pub fn retained(mut self, ended: usize) -> Self {
        self.retained = ended;
        self
    }
}
