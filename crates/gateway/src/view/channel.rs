//! A channel and the state of the agent on it, as `channels` shows it.
//!
//! # Sources
//!
//! - Documented: Web Services API, "Channel resource", for the members. `userActivity`, which its
//!   sample has and its table does not explain, is left out.
//! - Ours: `switchName` is the name of the site. The phone is the agent's first; his state is the
//!   same at all of them.

use encke_calls::LineSettings;
use serde::Serialize;

use super::device::UserState;
use crate::config::GatewayConfig;
use crate::directory::Device;

/// One element of `channels`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelView<'a> {
    channel: &'static str,
    phone_number: &'a str,
    switch_name: &'a str,
    user_state: UserState<'a>,
}

impl<'a> ChannelView<'a> {
    /// The voice channel of an agent whose first phone this is.
    pub(crate) fn voice(
        device: &'a Device,
        settings: &'a LineSettings,
        config: &'a GatewayConfig,
    ) -> Self {
        Self {
            channel: "voice",
            phone_number: device.dn().as_str(),
            switch_name: &config.site,
            user_state: UserState::of(&settings.agent),
        }
    }
}
