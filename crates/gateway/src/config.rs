//! What an embedder may choose about the REST surface and the notifications.

use encke_calls::{Duplicates, Profile};
use uuid::Uuid;

/// Settings of a [`Gateway`](crate::Gateway) and of its [`Projection`](crate::Projection).
///
/// Both must be given the same settings, or an address in a notification differs from the one in
/// an answer.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    pub(crate) external_url: String,
    pub(crate) site: String,
    pub(crate) version: String,
    pub(crate) sms_spelling: SmsSpelling,
    pub(crate) duplicates: Duplicates,
    pub(crate) metrics: bool,
    pub(crate) capabilities: Profile,
    pub(crate) recording: bool,
    pub(crate) body_limit_bytes: usize,
    pub(crate) body_depth: usize,
}

/// How the SMS resource is spelled in what the gateway writes. Requests may use either spelling.
///
/// # Sources
///
/// Documented both ways: the printed "SMS Session API" has the single s in paths and payloads, the
/// online editions have the double s.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SmsSpelling {
    /// `smsession`, `/v2/me/smsessions`.
    #[default]
    Smsession,
    /// `smssession`, `/v2/me/smssessions`.
    Smssession,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            external_url: "http://127.0.0.1:8080".into(),
            site: "encke".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            sms_spelling: SmsSpelling::default(),
            duplicates: Duplicates::All,
            metrics: false,
            capabilities: Profile::default(),
            recording: false,
            body_limit_bytes: 256 * 1024,
            body_depth: 32,
        }
    }
}

impl GatewayConfig {
    /// What stands before `/api/v2` in every address the gateway writes, as a browser reaches it:
    /// scheme, host and port, and the prefix of a proxy if there is one. Default
    /// `http://127.0.0.1:8080`. A slash at the end is dropped.
    ///
    /// GWS has the setting as `externalApiUrlV2`, there with `/api/v2` in it.
    #[must_use]
    pub fn external_url(mut self, url: &str) -> Self {
        self.external_url = url.trim_end_matches('/').into();
        self
    }

    /// The site that follows the `@` in the `connId` of T-Library events. Default `encke`.
    #[must_use]
    pub fn site(mut self, site: &str) -> Self {
        self.site = site.into();
        self
    }

    /// What `GET /api/v2/diagnostics/version` answers. Default: the version of this crate.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.version = version.into();
        self
    }

    /// How the SMS resource is spelled. Default: [`SmsSpelling::Smsession`].
    #[must_use]
    pub fn sms_spelling(mut self, spelling: SmsSpelling) -> Self {
        self.sms_spelling = spelling;
        self
    }

    /// How a repeated key of user data is written. Default: every pair, in order.
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Whether a notification carries `metrics.eventProcessing`. Default: no, as in the
    /// documentation; a live GWS 8.5.202 sends it with every message.
    #[must_use]
    pub fn metrics(mut self, metrics: bool) -> Self {
        self.metrics = metrics;
        self
    }

    /// Whose lists of `capabilities` calls and interactions show. Default: those of the documented samples. What a
    /// list shows is allowed; not everything that is allowed is shown.
    #[must_use]
    pub fn capabilities(mut self, profile: Profile) -> Self {
        self.capabilities = profile;
        self
    }

    /// Whether `capabilities` show what can be done about recordings. Default: no, as for a user
    /// without the feature `api-voice-recording`.
    #[must_use]
    pub fn recording(mut self, recording: bool) -> Self {
        self.recording = recording;
        self
    }

    /// Longest body of a request, in bytes. Default 262,144. Beyond it the answer is HTTP 413.
    #[must_use]
    pub fn body_limit_bytes(mut self, bytes: usize) -> Self {
        self.body_limit_bytes = bytes;
        self
    }

    /// How many levels of objects and arrays a body may nest. Default 32. Beyond it the answer
    /// is `statusCode` 10.
    #[must_use]
    pub fn body_depth(mut self, levels: usize) -> Self {
        self.body_depth = levels;
        self
    }

    /// The address of a resource, given its path below `/api/v2`.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}/api/v2{path}", self.external_url)
    }

    pub(crate) fn device_uri(&self, id: Uuid) -> String {
        self.address(&format!("/devices/{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_external_url_has_no_slash_at_its_end() {
        assert_eq!(
            GatewayConfig::default().external_url("https://h/gws//").external_url,
            "https://h/gws"
        );
    }
}
