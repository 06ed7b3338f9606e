//! Settings of who may come in: users, login, browser sessions.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::token::JwtSettings;

/// `[login]`: how credentials are checked and what failures cost.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct LoginSettings {
    /// A second TOML file with nothing but `[users.*]` tables, relative to the working folder.
    /// A user may stand in one of the two files only. Default none.
    pub users_file: Option<PathBuf>,
    /// Demand the CSRF token on every request that changes something, Bayeux included.
    /// Default off. GWS: `enableCsrfProtection`.
    pub csrf: bool,
    /// Password checks that run at a time, each on a thread of its own with about 20 MB.
    /// Default 2.
    pub parallel_checks: usize,
    /// Password checks that may wait for a thread. Default 256; beyond it 503.
    pub waiting_checks: usize,
    /// How long checked credentials are remembered after their last use. Default 600,000 ms.
    pub cache_ttl_ms: u64,
    /// Credentials remembered at a time. Default 10,000; beyond it the oldest tenth goes.
    pub cache_entries: usize,
    /// Failed logins of one user that may come at once. Default 10; beyond it 429.
    pub user_failures: u32,
    /// Failed logins from one address that may come at once. Default 50; beyond it 429.
    pub address_failures: u32,
    /// Time after which one failure is forgotten. Default 30,000 ms.
    pub failure_forgotten_ms: u64,
    /// `[login.jwt]`
    pub jwt: JwtSettings,
}

impl Default for LoginSettings {
    fn default() -> Self {
        Self {
            users_file: None,
            csrf: false,
            parallel_checks: 2,
            waiting_checks: 256,
            cache_ttl_ms: 600_000,
            cache_entries: 10_000,
            user_failures: 10,
            address_failures: 50,
            failure_forgotten_ms: 30_000,
            jwt: JwtSettings::default(),
        }
    }
}

/// `[session]`: the cookie that stands for a login.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SessionSettings {
    /// Name of the cookie. Default `JSESSIONID`, as GWS has it.
    pub cookie: String,
    /// `lax`, `strict` or `none`. Default `lax`. `none` needs TLS, or a proxy that has it.
    pub same_site: SameSite,
    /// Whether the cookie is for TLS only. Default: yes with `[tls]`, no without.
    pub secure: Option<bool>,
    /// Adds `Partitioned`, for a desk embedded in another site's frame. Default off.
    pub partitioned: bool,
    /// Idle time after which a session ends. Default 1,800,000 ms (30 min).
    /// GWS: `sessionMaxInactiveInterval`.
    pub max_inactive_ms: u64,
    /// The same for a session whose cookie never came back. Default 300,000 ms.
    pub unconfirmed_ms: u64,
    /// Sessions kept. Default 100,000; beyond it a login gets no cookie and needs its
    /// credentials with each request.
    pub max_sessions: usize,
    /// Sessions of one user. Default 1,000; beyond it the oldest whose cookie never came back
    /// goes, or, if there is none, the login gets no cookie.
    pub max_sessions_per_user: usize,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            cookie: "JSESSIONID".to_owned(),
            same_site: SameSite::Lax,
            secure: None,
            partitioned: false,
            max_inactive_ms: 1_800_000,
            unconfirmed_ms: 300_000,
            max_sessions: 100_000,
            max_sessions_per_user: 1_000,
        }
    }
}

/// The `SameSite` attribute of a cookie.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Sent with top-level navigation from other sites.
    #[default]
    Lax,
    /// Never sent from other sites.
    Strict,
    /// Sent always; browsers then want `Secure`.
    None,
}

/// `[users.NAME]`: one person or program that may log in.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UserSettings {
    /// PHC string as `encke hash-password` prints it.
    pub password_hash: Secret,
    /// Default: empty.
    #[serde(default)]
    pub first_name: String,
    /// Default: empty.
    #[serde(default)]
    pub last_name: String,
    /// `agent`, `supervisor`, `service`, and any that `[[rules]]` name. Default `["agent"]`.
    #[serde(default = "agent")]
    pub roles: Vec<RoleName>,
    /// Numbers of the user's phones; a number belongs to one user. Default none.
    #[serde(default)]
    pub dns: Vec<String>,
    /// What the user may use of `api-voice`, `api-voice-recording` and `api-multimedia`; an operation
    /// whose feature is not there is answered with `statusCode` 5. Default: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
}

impl UserSettings {
    /// An agent without a phone.
    pub fn new(password_hash: Secret) -> Self {
        Self {
            password_hash,
            first_name: String::new(),
            last_name: String::new(),
            roles: agent(),
            dns: Vec::new(),
            features: None,
        }
    }
}

fn agent() -> Vec<RoleName> {
    vec![RoleName::Agent]
}

/// What a user may do beyond reading what is theirs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "String", into = "String")]
pub enum RoleName {
    /// Acts on their own calls.
    Agent,
    /// Acts on the calls of others, too.
    Supervisor,
    /// A program that acts on any call and has no phone.
    Service,
    /// Means what `[[rules]]` say, and nothing else.
    Other(Box<str>),
}

impl RoleName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Service => "service",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for RoleName {
    fn from(name: String) -> Self {
        match name.as_str() {
            "agent" => Self::Agent,
            "supervisor" => Self::Supervisor,
            "service" => Self::Service,
            _ => Self::Other(name.into()),
        }
    }
}

impl From<RoleName> for String {
    fn from(role: RoleName) -> Self {
        role.as_str().to_owned()
    }
}

/// A value that is read from settings and never shown.
///
/// Debug hides it. [`Settings::without_secrets`](super::Settings::without_secrets) replaces it
/// before settings are printed.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for whoever must compare with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The content of [`LoginSettings::users_file`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UsersFile {
    pub(super) users: BTreeMap<String, UserSettings>,
}
