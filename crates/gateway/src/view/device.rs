//! A phone, as `devices` shows it.
//!
//! Agent state, do-not-disturb and forwarding are not kept yet: the members that would show them
//! hold the values of a plain phone that is ready, and `capabilities` lists nothing.

use serde::Serialize;

use crate::config::GatewayConfig;
use crate::directory::Device;

/// One element of `devices`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceView<'a> {
    id: String,
    device_state: &'static str,
    user_state: UserState,
    phone_number: &'a str,
    description: &'static str,
    e164_number: &'static str,
    telephony_network: &'static str,
    do_not_disturb: &'static str,
    capabilities: [&'static str; 0],
    channels: [&'static str; 1],
    dynamic_phone_number: &'static str,
    uri: String,
    path: String,
}

/// The standard state that a GWS shows for an agent who takes calls.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UserState {
    id: &'static str,
    display_name: &'static str,
    state: &'static str,
}

impl<'a> DeviceView<'a> {
    pub(crate) fn new(device: &'a Device, config: &GatewayConfig) -> Self {
        Self {
            id: device.id().to_string(),
            device_state: "Active",
            user_state: UserState {
                id: "9430250E-0A1B-421F-B372-F29E69366DED",
                display_name: "Ready",
                state: "Ready",
            },
            phone_number: device.dn().as_str(),
            description: "",
            e164_number: "",
            telephony_network: "Private",
            do_not_disturb: "Off",
            capabilities: [],
            channels: ["voice"],
            dynamic_phone_number: "",
            uri: config.device_uri(device.id()),
            path: format!("/devices/{}", device.id()),
        }
    }
}
