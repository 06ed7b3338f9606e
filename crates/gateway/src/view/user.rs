//! The user himself, as `GET /api/v2/me` shows him.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::caller::Role;
use crate::config::GatewayConfig;
use crate::directory::{User, contact_center_id};

/// The `user` member, with the sub-resources that were asked for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserView<'a> {
    id: String,
    user_name: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    email_address: &'static str,
    roles: Vec<&'static str>,
    enabled: bool,
    change_password_on_first_login: bool,
    contact_center_id: String,
    uri: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) devices: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls: Option<Box<RawValue>>,
    /// Interactions, by the name of their list.
    #[serde(flatten)]
    pub(crate) interactions: BTreeMap<&'static str, Box<RawValue>>,
}

impl<'a> UserView<'a> {
    pub(crate) fn new(user: &'a User, config: &GatewayConfig) -> Self {
        let path = format!("/users/{}", user.id());
        Self {
            id: user.id().to_string(),
            user_name: user.name().as_str(),
            first_name: user.first_name(),
            last_name: user.last_name(),
            email_address: "",
            roles: user.granted().iter().map(Role::name).collect(),
            enabled: true,
            change_password_on_first_login: false,
            contact_center_id: contact_center_id(&config.site).to_string(),
            uri: config.address(&path),
            path,
            devices: None,
            calls: None,
            interactions: BTreeMap::new(),
        }
    }
}
