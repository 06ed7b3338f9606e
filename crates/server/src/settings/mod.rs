//! What an operator may set: one TOML file, the environment above it, the command line on top.
//!
//! [`Settings`] is the plain form: integers with a unit in their name, strings, defaults. It is
//! converted once, before anything is bound, by [`Config::from_settings`](crate::Config).
//! Nothing else in the house reads a file or the environment for settings.
//!
//! `ENCKE_SECTION__KEY` overrides `key` of `[section]`; deeper tables take one more `__` each.
//! Variables without `__` are not ours and are left alone. A key that does not exist is refused,
//! and the error names the key path and where it stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

mod api;
mod channels;
mod error;
mod feed;
mod messaging;
mod network;
mod people;
mod rules;
mod token;
mod transports;

pub use api::{ApiKeySettings, ApiOperation, ApiSettings};
pub use channels::{ChannelTable, Endpoint, OverflowPolicy};
pub use error::SettingsError;
pub use feed::FeedSettings;
pub use messaging::{
    ActiveBy, BayeuxSettings, CallSettings, Capabilities, CometdSettings, ConsultData,
    DeskSettings, DuplicateKeys, ErrorTexts, GwsSettings, JournalSettings, SimulatorSettings,
    SmsSpelling, Transport, UserDataSettings,
};
pub use network::{
    CorsSettings, ForwardedHeader, LimitSettings, LogFormat, LogSettings, OperationsSettings,
    ServerSettings, TlsSettings,
};
pub use people::{LoginSettings, RoleName, SameSite, Secret, SessionSettings, UserSettings};
pub use rules::{ChannelOperation, RuleSettings};
pub use token::{JwtSettings, TokenAlgorithm, TokenUsers};
pub use transports::{BrowserCookieSettings, CookieBinding, WebSocketSettings};

/// Everything that can be set, section by section.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Settings {
    /// `[server]`
    pub server: ServerSettings,
    /// `[operations]`
    pub operations: OperationsSettings,
    /// `[tls]`
    pub tls: TlsSettings,
    /// `[cors]`
    pub cors: CorsSettings,
    /// `[limits]`
    pub limits: LimitSettings,
    /// `[log]`
    pub log: LogSettings,
    /// `[login]`
    pub login: LoginSettings,
    /// `[session]`
    pub session: SessionSettings,
    /// `[api]`
    pub api: ApiSettings,
    /// `[feed]`
    pub feed: FeedSettings,
    /// `[bayeux]`
    pub bayeux: BayeuxSettings,
    /// `[cometd]`
    pub cometd: CometdSettings,
    /// `[websocket]`
    pub websocket: WebSocketSettings,
    /// `[browser_cookie]`
    pub browser_cookie: BrowserCookieSettings,
    /// `[[channels]]`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelTable>,
    /// `[journal]`
    pub journal: JournalSettings,
    /// `[calls]`
    pub calls: CallSettings,
    /// `[gws]`
    pub gws: GwsSettings,
    /// `[user_data]`
    pub user_data: UserDataSettings,
    /// `[simulator]`
    pub simulator: SimulatorSettings,
    /// `[desk]`
    pub desk: DeskSettings,
    /// `[[rules]]`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleSettings>,
    /// `[users.NAME]`
    pub users: BTreeMap<String, UserSettings>,
}

impl Settings {
    /// Reads `file`, if there is one, and the environment over `base`, then the users file.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if a file cannot be read or parsed, a key does not exist, a value has
    /// the wrong type, or a user stands in both files.
    pub fn load(base: &Self, file: Option<&Path>) -> Result<Self, SettingsError> {
        let mut figment = Figment::from(Serialized::defaults(base));
        if let Some(file) = file {
            readable(file)?;
            figment = figment.merge(Toml::file_exact(file));
        }
        figment = figment
            .merge(Env::prefixed("ENCKE_").filter(|name| name.as_str().contains("__")).split("__"));
        let mut settings: Self =
            figment.extract().map_err(|error| SettingsError::invalid(&error, &figment))?;
        settings.add_users_file()?;
        Ok(settings)
    }

    /// The same settings with every secret replaced by a remark, fit to be printed.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut shown = self.clone();
        for user in shown.users.values_mut() {
            user.password_hash = Secret::new("(not shown)");
        }
        for key in shown.api.keys.values_mut() {
            key.sha256 = Secret::new("(not shown)");
        }
        shown
    }

    fn add_users_file(&mut self) -> Result<(), SettingsError> {
        let Some(file) = self.login.users_file.clone() else {
            return Ok(());
        };
        readable(&file)?;
        let figment = Figment::from(Toml::file_exact(&file));
        let more: people::UsersFile =
            figment.extract().map_err(|error| SettingsError::invalid(&error, &figment))?;
        for (name, user) in more.users {
            if self.users.insert(name.clone(), user).is_some() {
                return Err(SettingsError::UserTwice { name, file });
            }
        }
        Ok(())
    }
}

/// The provider takes a missing file for an empty one; an operator who names a file means it.
fn readable(file: &Path) -> Result<(), SettingsError> {
    match fs::File::open(file) {
        Ok(_) => Ok(()),
        Err(cause) => Err(SettingsError::Unreadable { file: file.to_owned(), cause }),
    }
}

#[cfg(test)]
mod tests;
