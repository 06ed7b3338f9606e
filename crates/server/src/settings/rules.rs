//! Settings of who may do what on which channels.

use serde::{Deserialize, Serialize};

use super::Endpoint;

/// `[[rules]]`: who may subscribe to which channels and publish on them.
///
/// Rules are looked at in order, and the first one that names the channel, whoever asks and what
/// they want to do decides. Where none does, everybody may do it on the generic endpoint, and only
/// subscribe on the notifications endpoint.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RuleSettings {
    /// Channels, such as `/chat/**`.
    pub pattern: String,
    /// Of which endpoint. Default `cometd`.
    #[serde(default)]
    pub endpoint: Endpoint,
    /// For users with one of these roles. Default: whatever the roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// For these users too; `*` is everybody with a login. Default: nobody besides.
    /// With neither roles nor users the rule is for everybody, strangers included.
    #[serde(default)]
    pub users: Vec<String>,
    /// `subscribe`, `publish`. Default none.
    #[serde(default)]
    pub allow: Vec<ChannelOperation>,
    /// `subscribe`, `publish`. Default none.
    #[serde(default)]
    pub deny: Vec<ChannelOperation>,
}

impl RuleSettings {
    /// A rule that says nothing yet about these channels of the generic endpoint.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            endpoint: Endpoint::Cometd,
            roles: Vec::new(),
            users: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
        }
    }
}

/// What a client does with a channel.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelOperation {
    /// Subscribe to it, or to a pattern that it matches.
    Subscribe,
    /// Publish on it.
    Publish,
}
