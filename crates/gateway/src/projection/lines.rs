//! Notifications on `/v2/me/devices` of what is set at a line.
//!
//! # Sources
//!
//! - Documented: Web Services API, `Ready` and the other states of the Voice API, for
//!   `DeviceStateChangeMessage` with the device in `devices`. `ChannelStateChangeMessageV2` is
//!   documented for channels of other media only, none of which has a state here.
//! - Observed: GWS 8.5.202 for the order of the members.

use encke_calls::LineChange;

use super::{Began, Projection};
use crate::json::Object;
use crate::view::{DeviceView, render};

impl Projection {
    /// Tells the owner of the line, if it has one.
    pub(super) fn line_changed(&self, change: &LineChange, began: &Began) {
        let Some(place) = began.next_place() else { return };
        let line = &*change.after;
        let Some(owner) = self.directory.owner(&line.id.dn) else { return };
        let device = owner.devices().iter().find(|device| *device.dn() == line.id.dn);
        let views: Vec<_> = device
            .iter()
            .map(|device| DeviceView::new(device, &line.settings, &self.config))
            .collect();
        let message = Object::new()
            .with("devices", &render(&views))
            .with_text("messageType", "DeviceStateChangeMessage");
        self.deliver(owner.name(), &self.channels.devices, &self.finish(message, began), place);
    }
}
