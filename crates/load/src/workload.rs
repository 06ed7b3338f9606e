//! The workloads, and how each becomes a job.

use std::sync::Arc;
use std::time::Duration;

use crate::desk::Desk;
use crate::job::{Job, Kind, Traffic, random};
use crate::pace::Pace;
use crate::payload::MIN_BYTES;
use crate::run::Common;

/// Rooms of the chat that `CometD`'s load tool imitates.
pub const ROOMS: usize = 100;

/// Rooms that each client of it is in.
pub const ROOMS_PER_CLIENT: usize = 10;

/// Messages that leave in one request of it.
pub const BATCH: usize = 10;

/// Bytes of text of one of its messages, and of the stamp beside it.
pub const ROOMS_PAYLOAD_BYTES: usize = 50 + MIN_BYTES;

/// What sessions do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Workload {
    /// Hold a poll each; nothing is published.
    Hold,
    /// All subscribe to one channel; one publisher.
    Fanout {
        /// How fast.
        pace: Pace,
        /// Bytes of `data`.
        payload_bytes: usize,
    },
    /// Each subscribes to a channel of its own; messages go to random ones.
    Unicast {
        /// How fast.
        pace: Pace,
        /// Bytes of `data`.
        payload_bytes: usize,
        /// Publishers, each for its share of the channels.
        publishers: usize,
    },
    /// A chat: each is in some rooms; batches of messages go to random rooms.
    ///
    /// The pattern of the load tool of `CometD` for Java ("Benchmarking CometD"): 100 rooms, 10 per
    /// client, batches of 10, a text of 50 bytes. Different from it, a room has one publisher, so
    /// that the order of its messages is defined.
    Rooms {
        /// How fast, in messages; a batch counts as so many as it has.
        pace: Pace,
        /// Bytes of `data`.
        payload_bytes: usize,
        /// Publishers, each for its share of the rooms.
        publishers: usize,
        /// Rooms.
        rooms: usize,
        /// Rooms that each client is in.
        rooms_per_client: usize,
        /// Messages in one request.
        batch: usize,
    },
    /// Agents with a call on the desk; user data changes at random calls.
    Calls {
        /// How fast.
        pace: Pace,
        /// Bytes of the value that changes.
        payload_bytes: usize,
        /// Connections that changes are requested on, each for its share of the agents.
        publishers: usize,
    },
}

impl Workload {
    /// The name on the command line and in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Fanout { .. } => "fanout",
            Self::Unicast { .. } => "unicast",
            Self::Rooms { .. } => "rooms",
            Self::Calls { .. } => "calls",
        }
    }

    /// Publishers that a run with so many sessions has.
    pub(crate) fn publishers(&self, sessions: usize) -> usize {
        match self {
            Self::Hold => 0,
            Self::Fanout { .. } => 1,
            Self::Unicast { publishers, .. } | Self::Calls { publishers, .. } => {
                (*publishers).clamp(1, sessions.max(1))
            }
            Self::Rooms { publishers, rooms, .. } => (*publishers).clamp(1, (*rooms).max(1)),
        }
    }

    /// The job; `desks` are those of the agents, for calls.
    pub(crate) fn job(&self, common: &Common, late: Duration, desks: Vec<Desk>) -> Job {
        let sessions = common.sessions;
        let (kind, streams, batch) = match self {
            Self::Hold | Self::Fanout { .. } => (Kind::Shared, 1, 1),
            Self::Unicast { .. } => (Kind::Own, sessions, 1),
            Self::Rooms { rooms, rooms_per_client, batch, .. } => {
                (Kind::Rooms((*rooms_per_client).max(1)), (*rooms).max(1), (*batch).max(1))
            }
            Self::Calls { .. } => (Kind::Desks(desks), sessions, 1),
        };
        let traffic = self.pace().map(|(pace, payload_bytes)| Traffic {
            pace,
            publishers: self.publishers(sessions),
            batch,
            payload_bytes: payload_bytes.max(MIN_BYTES),
        });
        Job {
            target: Arc::new(common.target.clone()),
            run: u32::try_from(random() >> 32).unwrap_or_default(),
            channel: common.channel.as_str().to_owned(),
            kind,
            sessions,
            streams,
            traffic,
            late,
        }
    }

    fn pace(&self) -> Option<(Pace, usize)> {
        match self {
            Self::Hold => None,
            Self::Fanout { pace, payload_bytes }
            | Self::Unicast { pace, payload_bytes, .. }
            | Self::Rooms { pace, payload_bytes, .. }
            | Self::Calls { pace, payload_bytes, .. } => Some((*pace, *payload_bytes)),
        }
    }
}
