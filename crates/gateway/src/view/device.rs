//! A phone, as `devices` shows it.
//!
//! # Sources
//!
//! - Documented: Web Services API, the states of the Voice API, for `userState` with `workMode`, and
//!   the ids of the states that every GWS has;
//!   `ForwardCallsOn` for `forwardTo`.
//! - Observed: GWS 8.5.202 for the state of who is logged out, and for the other members.
//! - Ours: `reasonCode`; every phone is `Active`, whether or not somebody is logged in.

use encke_calls::{AgentState, LineSettings, Number, Reason, WorkMode};
use serde::Serialize;

use crate::config::GatewayConfig;
use crate::directory::Device;

/// One element of `devices`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceView<'a> {
    id: String,
    device_state: &'static str,
    user_state: UserState<'a>,
    phone_number: &'a str,
    description: &'static str,
    e164_number: &'static str,
    telephony_network: &'static str,
    do_not_disturb: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_to: Option<&'a str>,
    capabilities: [&'static str; 2],
    channels: [&'static str; 1],
    dynamic_phone_number: &'static str,
    uri: String,
    path: String,
}

/// The state of the agent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserState<'a> {
    id: &'static str,
    display_name: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<&'a str>,
}

impl<'a> DeviceView<'a> {
    pub(crate) fn new(
        device: &'a Device,
        settings: &'a LineSettings,
        config: &GatewayConfig,
    ) -> Self {
        Self {
            id: device.id().to_string(),
            device_state: "Active",
            user_state: UserState::of(&settings.agent),
            phone_number: device.dn().as_str(),
            description: "",
            e164_number: "",
            telephony_network: "Private",
            do_not_disturb: if settings.do_not_disturb { "On" } else { "Off" },
            forward_to: settings.forward_to.as_ref().map(Number::as_str),
            capabilities: [
                if settings.do_not_disturb { "DoNotDisturbOff" } else { "DoNotDisturbOn" },
                if settings.forward_to.is_some() { "ForwardCallsOff" } else { "ForwardCallsOn" },
            ],
            channels: ["voice"],
            dynamic_phone_number: "",
            uri: config.device_uri(device.id()),
            path: format!("/devices/{}", device.id()),
        }
    }
}

impl<'a> UserState<'a> {
    pub(super) fn of(agent: &'a AgentState) -> Self {
        let (id, display_name, state, work_mode) = match agent {
            AgentState::LoggedOut => {
                ("0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB", "Offline", "LoggedOut", None)
            }
            AgentState::Ready => ("9430250E-0A1B-421F-B372-F29E69366DED", "Ready", "Ready", None),
            AgentState::NotReady { work_mode, .. } => {
                let (id, display_name, work_mode) = match work_mode {
                    None => ("900D55CC-2BB0-431F-8BF9-D3525B383BE6", "Not Ready", None),
                    Some(WorkMode::AfterCallWork) => {
                        let name = "AfterCallWork";
                        ("D3663509-3D82-4DD3-A82E-2EA8EFA02AEF", name, Some(name))
                    }
                    Some(WorkMode::AuxWork) => {
                        let name = "AuxWork";
                        ("2B36138D-C564-4562-A8CB-3C32D564F296", name, Some(name))
                    }
                };
                (id, display_name, "NotReady", work_mode)
            }
        };
        let reason_code = match agent {
            AgentState::NotReady { reason, .. } => reason.as_ref().map(Reason::as_str),
            AgentState::LoggedOut | AgentState::Ready => None,
        };
        Self { id, display_name, state, work_mode, reason_code }
    }
}
