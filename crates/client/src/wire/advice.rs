//! Advice as a client reads it: what it does next, and when.
//!
//! Every advice replaces the one before it whole; what it leaves out has the client's default.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "advice". Observed: the defaults are those of CometD's JavaScript client
//! 3.1 to 9, which it also fills up with.

use std::time::Duration;

use encke_bayeux::Reconnect;
use serde_json::Value;
use serde_json::value::RawValue;

/// Longest pause and longest hold that a server can ask for: one day.
const MAX_ADVISED: Duration = Duration::from_secs(24 * 60 * 60);

/// What the server said last about how to come back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Advice {
    /// What to do next; `None` if the server did not say, or said something unknown.
    pub(crate) reconnect: Option<Reconnect>,
    /// Pause before the next connect.
    pub(crate) interval: Duration,
    /// How long the server holds a connect.
    pub(crate) timeout: Duration,
    /// How long the session outlives its last connect beyond the other two; `None` if unknown.
    pub(crate) max_interval: Option<Duration>,
}

impl Default for Advice {
    fn default() -> Self {
        Self {
            reconnect: None,
            interval: Duration::ZERO,
            timeout: Duration::from_secs(60),
            max_interval: None,
        }
    }
}

impl Advice {
    /// Reads an `advice` member. What has a wrong type counts as not sent.
    pub(crate) fn read(raw: &RawValue) -> Self {
        let Ok(Value::Object(members)) = serde_json::from_str(raw.get()) else {
            return Self::default();
        };
        let default = Self::default();
        Self {
            reconnect: match members.get("reconnect").and_then(Value::as_str) {
                Some("retry") => Some(Reconnect::Retry),
                Some("handshake") => Some(Reconnect::Handshake),
                Some("none") => Some(Reconnect::None),
                _ => None,
            },
            interval: millis(members.get("interval")).unwrap_or(default.interval),
            timeout: millis(members.get("timeout")).unwrap_or(default.timeout),
            max_interval: millis(members.get("maxInterval")).filter(|time| !time.is_zero()),
        }
    }
}

fn millis(value: Option<&Value>) -> Option<Duration> {
    let millis = value?.as_f64()?;
    if millis.is_nan() || millis < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(MAX_ADVISED).min(MAX_ADVISED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Advice {
        Advice::read(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn what_is_left_out_has_the_clients_default() {
        let advice = read(r#"{"reconnect":"handshake"}"#);
        assert_eq!(advice, Advice { reconnect: Some(Reconnect::Handshake), ..Advice::default() });
    }

    #[test]
    fn all_members_are_read() {
        let advice =
            read(r#"{"reconnect":"retry","interval":2000,"timeout":30000,"maxInterval":10000}"#);
        assert_eq!(advice.interval, Duration::from_secs(2));
        assert_eq!(advice.timeout, Duration::from_secs(30));
        assert_eq!(advice.max_interval, Some(Duration::from_secs(10)));
    }

    #[test]
    fn nonsense_counts_as_not_sent_and_huge_pauses_are_bounded() {
        for json in ["5", "[]", "null", r#"{"reconnect":"maybe","interval":-1,"timeout":"x"}"#] {
            assert_eq!(read(json), Advice::default(), "{json}");
        }
        assert_eq!(read(r#"{"interval":1e300}"#).interval, MAX_ADVISED);
    }
}
