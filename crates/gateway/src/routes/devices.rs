//! `/api/v2/me/devices`: the caller's phones, what is set at them, and dialling from one of them.
//!
//! A device is named by its id or, because people type it, by its DN. Phones of others do not
//! exist for the caller.

use axum::extract::State;
use encke_calls::{Command, LineSettings};

use super::features::needs;
use super::outcome::outcome;
use super::{By, Id, Payload, me};
use crate::counts::Operation;
use crate::directory::{Device, User};
use crate::features::Feature;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::request::{DEVICE_OPERATIONS, Fields, Query, SETTING_OPERATIONS, shortened};
use crate::status::Failure;
use crate::view::{DeviceView, render};

/// `GET /api/v2/me/devices`.
pub(super) async fn list(State(gateway): State<Gateway>, By(caller): By, query: Query) -> Reply {
    let answer = || {
        let user = me::user(&gateway, &caller)?;
        let devices = user.devices().iter();
        Ok(match query.fields()? {
            Fields::Uris => {
                let uris: Vec<_> = devices.map(|d| gateway.config().device_uri(d.id())).collect();
                Reply::with("uris", &render(&uris))
            }
            fields => {
                let devices: Vec<_> = with_settings(&gateway, user).collect();
                let views =
                    devices.iter().map(|(d, set)| DeviceView::new(d, set, gateway.config()));
                Reply::with("devices", &fields.of_all(views))
            }
        })
    };
    Reply::from(answer()).counted_as(Operation::GetDevices)
}

/// `GET /api/v2/me/devices/{id}`, also without `/me`, where `deviceUri` points.
pub(super) async fn read(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    query: Query,
) -> Reply {
    let answer = || {
        let device = device(me::user(&gateway, &caller)?, &id)?;
        let settings = gateway.core().line(device.dn());
        let view = DeviceView::new(device, &settings, gateway.config());
        Ok(Reply::with("device", &query.fields()?.of(&view)))
    };
    Reply::from(answer()).counted_as(Operation::GetDevices)
}

/// `POST /api/v2/me/devices/{id}`.
pub(super) async fn set(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    Payload(payload): Payload,
) -> Reply {
    let asked = SETTING_OPERATIONS.ask(payload, gateway.config().body_depth, |action, _| {
        let user = me::user(&gateway, &caller)?;
        let lines = vec![device(user, &id)?.dn().clone()];
        needs(user, Feature::Voice)?;
        Ok(Command::OperateLines { lines, action })
    });
    outcome(asked, |command| gateway.core().submit(command)).await
}

/// `POST /api/v2/me/devices/{id}/calls`.
pub(super) async fn dial(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    Payload(payload): Payload,
) -> Reply {
    let depth = gateway.config().body_depth;
    let asked = DEVICE_OPERATIONS.ask(payload, depth, |(to, user_data), _| {
        let user = me::user(&gateway, &caller)?;
        let from = device(user, &id)?.dn().clone();
        needs(user, Feature::Voice)?;
        Ok(Command::Dial { from, to, user_data })
    });
    outcome(asked, |command| gateway.core().submit(command)).await
}

/// The caller's phones for `subresources`.
pub(super) fn all(gateway: &Gateway, user: &User) -> String {
    let devices: Vec<_> = with_settings(gateway, user).collect();
    Fields::All.of_all(devices.iter().map(|(d, set)| DeviceView::new(d, set, gateway.config())))
}

fn with_settings<'a>(
    gateway: &'a Gateway,
    user: &'a User,
) -> impl Iterator<Item = (&'a Device, LineSettings)> {
    user.devices().iter().map(|device| (device, gateway.core().line(device.dn())))
}

fn device<'a>(user: &'a User, id: &str) -> Result<&'a Device, Failure> {
    user.devices()
        .iter()
        .find(|device| device.dn().as_str() == id || device.id().to_string() == id)
        .ok_or_else(|| {
            let id = shortened(id);
            Failure::not_found(format!("device '{id}' does not exist or is not the user's"))
        })
}
