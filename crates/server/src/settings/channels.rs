//! Settings of channels: `[[channels]]` tables, the first whose pattern matches counts.

use serde::{Deserialize, Serialize};

/// `[[channels]]`: what holds for the channels of one endpoint that a pattern matches.
///
/// The first table of an endpoint whose pattern matches a channel counts for it; where none does,
/// the defaults hold.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ChannelTable {
    /// A channel, or a tree of them: `/news/latest`, `/news/*` (one segment more), `/news/**`.
    pub pattern: String,
    /// `cometd` or `notifications`. Default `cometd`.
    #[serde(default)]
    pub endpoint: Endpoint,
    /// How long a message may wait for others to leave with. Default 0 ms: it leaves at once. At
    /// most `bayeux.max_lazy_ms`. CometD: lazy channels, `lazyTimeout`.
    #[serde(default)]
    pub lazy_ms: u64,
    /// Whether a publisher that is subscribed gets its own messages. Default yes.
    /// CometD: `broadcastToPublisher`.
    #[serde(default = "yes")]
    pub broadcast_to_publisher: bool,
    /// What happens when a message does not fit into a session's queue. Default `cut`.
    #[serde(default)]
    pub overflow: OverflowPolicy,
    /// How long messages are kept for sessions that come back. Default: nothing is kept, but
    /// 1,800,000 ms on `/v2/me/**` of the notifications endpoint, with or without a table; there 0
    /// keeps nothing. With a data folder they are kept on disk as well, and are there after a
    /// restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_age_ms: Option<u64>,
    /// How many messages are kept of one channel, or of one channel of one user where it is
    /// private. Default 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_messages: Option<usize>,
    /// How many bytes are kept of all channels of the table. Default 67,108,864.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_bytes: Option<usize>,
    /// Whether positions are written into the payload too, as `data.event.replayId`. Default no.
    #[serde(default)]
    pub stamp_data: bool,
}

impl ChannelTable {
    /// A table that changes nothing yet for the channels of `/cometd` that `pattern` matches.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            endpoint: Endpoint::default(),
            lazy_ms: 0,
            broadcast_to_publisher: true,
            overflow: OverflowPolicy::default(),
            replay_age_ms: None,
            replay_messages: None,
            replay_bytes: None,
            stamp_data: false,
        }
    }
}

fn yes() -> bool {
    true
}

/// One of the two Bayeux endpoints.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// The generic one at `/cometd`.
    #[default]
    Cometd,
    /// The one at `/api/v2/notifications`.
    Notifications,
}

/// What happens when a message does not fit into a session's queue.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverflowPolicy {
    /// The session is ended and its client told to shake hands again.
    #[default]
    Cut,
    /// The oldest waiting messages make room; the client is told how many went.
    DropOldest,
    /// The message does not reach this session; the client is told how many it missed.
    Refuse,
}
