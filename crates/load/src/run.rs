//! What every workload is told, and why one cannot run.

use std::fmt;
use std::io;
use std::time::Duration;

use encke_bayeux::ChannelName;

use crate::process::{Process, ProcessError};
use crate::source::DescriptorError;
use crate::target::Target;

/// Whom to load, with how many sessions, for how long.
#[derive(Clone, Debug)]
pub struct Common {
    pub(crate) target: Target,
    pub(crate) channel: ChannelName,
    pub(crate) sessions: usize,
    pub(crate) length: Duration,
    pub(crate) ramp: Ramp,
    pub(crate) process: Option<Process>,
    pub(crate) threads: usize,
    pub(crate) late: Duration,
    pub(crate) drain: Duration,
}

/// How sessions are brought up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ramp {
    pub(crate) at_once: usize,
    pub(crate) limit: Duration,
}

impl Common {
    /// `sessions` sessions, each subscribed to `channel`, for `length` after all are up.
    pub fn new(target: Target, channel: ChannelName, sessions: usize, length: Duration) -> Self {
        let ramp = Ramp { at_once: 64, limit: Duration::from_secs(120) };
        let (late, drain) = (Duration::from_secs(5), Duration::from_secs(10));
        Self {
            target,
            channel,
            sessions: sessions.max(1),
            length,
            ramp,
            process: None,
            threads: 1,
            late,
            drain,
        }
    }

    /// How many sessions are set up at the same time, and how long that may take altogether.
    ///
    /// Default 64 and 120 s. Sessions that are not up by then are counted as errors.
    #[must_use]
    pub fn ramp(mut self, at_once: usize, limit: Duration) -> Self {
        self.ramp = Ramp { at_once: at_once.max(1), limit };
        self
    }

    /// Threads that serve the sessions. Default 1; with a server on the same machine they compete.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Latency from which on a delivery counts as late. Default 5 s.
    #[must_use]
    pub fn late(mut self, late: Duration) -> Self {
        self.late = late;
        self
    }

    /// Longest wait for what is still owed after the last message. Default 10 s.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// The server's process, to read its memory and CPU time. Default: neither is reported.
    #[must_use]
    pub fn process(mut self, process: Process) -> Self {
        self.process = Some(process);
        self
    }
}

/// Why a run did not take place.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// This process may not have so many connections.
    Descriptors(DescriptorError),
    /// The server's process cannot be measured, or ours.
    Process(ProcessError),
    /// Not one session came up; the text says why the first did not.
    NoSession(String),
    /// The publisher did not come up.
    NoPublisher(String),
    /// Agents cannot log in or calls cannot be made; the text says why.
    NoCall(String),
    /// A thread that serves sessions did not start, or cannot wait for sockets.
    Thread(io::Error),
    /// Such a thread panicked.
    Broken,
}

impl From<DescriptorError> for RunError {
    fn from(error: DescriptorError) -> Self {
        Self::Descriptors(error)
    }
}

impl From<ProcessError> for RunError {
    fn from(error: ProcessError) -> Self {
        Self::Process(error)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptors(_) => f.write_str("too many sessions for this process"),
            Self::Process(_) => f.write_str("memory and CPU time cannot be read"),
            Self::NoSession(reason) => write!(f, "not one session came up: {reason}"),
            Self::NoPublisher(reason) => write!(f, "the publisher did not come up: {reason}"),
            Self::NoCall(reason) => f.write_str(reason),
            Self::Thread(_) => f.write_str("a thread for sessions does not work"),
            Self::Broken => f.write_str("a thread for sessions broke"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Descriptors(error) => Some(error),
            Self::Process(error) => Some(error),
            Self::Thread(error) => Some(error),
            Self::NoSession(_) | Self::NoPublisher(_) | Self::NoCall(_) | Self::Broken => None,
        }
    }
}
