//! Settings of the HTTP API for back ends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Secret;

/// `[api]`: the HTTP API for back ends at `/api/bayeux/v1`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ApiSettings {
    /// Whether it is served. Default off. Users with the role `service` may use it, and whoever
    /// has one of the keys.
    pub enabled: bool,
    /// Largest body. Default 1,048,576 bytes; beyond it 413.
    pub max_body_bytes: usize,
    /// Most messages of a batch. Default 1,000; beyond it 413.
    pub max_batch_messages: usize,
    /// `[api.keys.NAME]`: keys, one for each back end.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, ApiKeySettings>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            max_body_bytes: 1_048_576,
            max_batch_messages: 1_000,
            keys: BTreeMap::new(),
        }
    }
}

/// `[api.keys.NAME]`: one key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ApiKeySettings {
    /// SHA-256 of the key in hexadecimal digits, as `encke make-api-key` prints it.
    pub sha256: Secret,
    /// What the key is for. Default: everything.
    #[serde(default = "everything")]
    pub operations: Vec<ApiOperation>,
    /// The sources whose calls may be fed with the key, at `/api/feed/v1`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feed: Vec<String>,
}

impl ApiKeySettings {
    /// A key for everything but feeds.
    pub fn new(sha256: Secret) -> Self {
        Self { sha256, operations: everything(), feed: Vec::new() }
    }
}

fn everything() -> Vec<ApiOperation> {
    ApiOperation::ALL.to_vec()
}

/// What a back end does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ApiOperation {
    /// Publishes to all subscribers of a channel.
    Publish,
    /// Publishes to the sessions of one user.
    Deliver,
    /// Ends the sessions of a user.
    Disconnect,
    /// Asks which users are there.
    Presence,
    /// Lists channels.
    Channels,
    /// Lists sessions.
    Sessions,
}

impl ApiOperation {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Publish,
        Self::Deliver,
        Self::Disconnect,
        Self::Presence,
        Self::Channels,
        Self::Sessions,
    ];

    /// The name as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Deliver => "deliver",
            Self::Disconnect => "disconnect",
            Self::Presence => "presence",
            Self::Channels => "channels",
            Self::Sessions => "sessions",
        }
    }
}
