//! A feature of the user, as `features` shows it.
//!
//! # Sources
//!
//! Observed: GWS 8.5.202 for the members. The texts are ours.

use serde::Serialize;

use crate::config::GatewayConfig;
use crate::features::Feature;

/// One element of `features`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeatureView {
    id: &'static str,
    display_name: &'static str,
    description: &'static str,
    auto_assign_on_contact_center_create: bool,
    uri: String,
    path: String,
}

impl FeatureView {
    pub(crate) fn new(feature: Feature, config: &GatewayConfig) -> Self {
        let path = format!("/features/{}", feature.id());
        Self {
            id: feature.id(),
            display_name: feature.display_name(),
            description: feature.description(),
            auto_assign_on_contact_center_create: true,
            uri: config.address(&path),
            path,
        }
    }
}
