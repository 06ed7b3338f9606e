//! Settings of the shell.

use std::collections::HashSet;
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
}

impl Default for CoreConfig {
    fn default() -> Self {
        Self {
            dns: HashSet::new(),
            limits: Limits::default(),
            queue: 4096,
            retention: Duration::from_secs(600),
            retained: 10_000,
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

    /// How many ended calls and interactions are kept at most, whatever their age. Default 10,000.
    /// The oldest go first.
    #[must_use]
    pub fn retained(mut self, ended: usize) -> Self {
        self.retained = ended;
        self
    }
}
