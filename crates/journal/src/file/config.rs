//! Settings of a journal in a file.

use std::error::Error;
use std::fmt;

use crate::Limits;

/// Settings of a [`FileJournal`](crate::FileJournal).
#[derive(Clone, Debug)]
pub struct FileConfig {
    limits: Limits,
    queue: usize,
    group: usize,
    cache_bytes: usize,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self { limits: Limits::default(), queue: 1024, group: 256, cache_bytes: 64 << 20 }
    }
}

impl FileConfig {
    /// Bounds on single calls. Default [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many commands may wait for the writer, and how many queries for the reader. Default
    /// 1024. When a queue is full, callers wait; nothing is dropped.
    #[must_use]
    pub fn queue(mut self, commands: usize) -> Self {
        self.queue = commands;
        self
    }

    /// Most commands in one transaction. Default 256. More means fewer syncs under load, and a
    /// longer wait for the first of a group. A group also ends once it holds
    /// [`Limits::batch_bytes`].
    #[must_use]
    pub fn group(mut self, commands: usize) -> Self {
        self.group = commands;
        self
    }

    /// Memory for pages of the file, in bytes. Default 64 MiB. A journal is mostly written at its
    /// end and read once at start, so more helps little.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    pub(super) fn check(self) -> Result<Checked, ConfigError> {
        let Self { limits, queue, group, cache_bytes } = self;
        for (setting, value) in [("queue", queue), ("group", group)] {
            if value == 0 {
                return Err(ConfigError::Zero { setting });
            }
        }
        Ok(Checked { limits, queue, group, cache_bytes })
    }
}

/// Settings that were checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub(super) limits: Limits,
    pub(super) queue: usize,
    pub(super) group: usize,
    pub(super) cache_bytes: usize,
}

/// What is wrong with a [`FileConfig`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A queue or a group of nothing would stop the journal.
    Zero {
        /// Name of the setting.
        setting: &'static str,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { setting } => write!(f, "journal setting {setting} must not be 0"),
        }
    }
}

impl Error for ConfigError {}
