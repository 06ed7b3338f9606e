//! Settings of the feed for outside call-state cores.

use serde::{Deserialize, Serialize};

/// `[feed]`: bounds of the feed at `/api/feed/v1`. It is served where `[api]` is, for keys that
/// name sources in `feed`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct FeedSettings {
    /// Longest line. Default 131,072 bytes; beyond it the stream ends.
    pub max_line_bytes: usize,
    /// Deepest nesting of a line. Default 66; beyond it the line is refused.
    pub max_depth: usize,
    /// Lines of one stream that wait for the journal. Default 512; no more is read meanwhile.
    pub max_in_flight: usize,
    /// Streams of one key at a time, those that tell changes included. Default 16; beyond it 429.
    pub max_streams_per_key: usize,
    /// Longest time without a byte from the sender. Default 300,000 ms; then the stream ends.
    pub idle_timeout_ms: u64,
    /// Time between two lines of a stream that tells changes. Default 15,000 ms.
    pub heartbeat_ms: u64,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            max_line_bytes: 131_072,
            max_depth: 66,
            max_in_flight: 512,
            max_streams_per_key: 16,
            idle_timeout_ms: 300_000,
            heartbeat_ms: 15_000,
        }
    }
}
