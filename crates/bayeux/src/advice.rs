//! Advice: how a client shall come back.
//!
//! [`Advice`] is what the server writes; [`ClientAdvice`] is what a client may ask for on one
//! `/meta/connect`. Every advice that a client receives replaces the earlier one whole.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "advice". Documented: CometD's `maxInterval` and `multiple-clients`.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

use crate::text;

/// Longest hold and longest pause that a client may ask for: one day.
const MAX_ASKED: Duration = Duration::from_secs(24 * 60 * 60);

/// What a client shall do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reconnect {
    /// Send the next `/meta/connect`.
    Retry,
    /// The session is gone: shake hands again.
    Handshake,
    /// Stay away.
    None,
}

/// Advice of the server. Members that are `None` are not written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Advice {
    /// What to do next.
    pub reconnect: Reconnect,
    /// Pause before the next connect.
    pub interval: Option<Duration>,
    /// How long a connect is held.
    pub timeout: Option<Duration>,
    /// How long the session outlives the last connect; clients use it to re-handshake unasked.
    pub max_interval: Option<Duration>,
    /// Another tab of the same browser already holds a connect.
    pub multiple_clients: bool,
}

impl Advice {
    /// Advice with `reconnect` alone.
    pub const fn only(reconnect: Reconnect) -> Self {
        Self {
            reconnect,
            interval: None,
            timeout: None,
            max_interval: None,
            multiple_clients: false,
        }
    }

    /// What an unknown client is told: shake hands again, at once.
    pub const fn handshake() -> Self {
        Self { interval: Some(Duration::ZERO), ..Self::only(Reconnect::Handshake) }
    }

    /// Appends the advice as a JSON object.
    pub fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"reconnect\":\"");
        out.extend_from_slice(match self.reconnect {
            Reconnect::Retry => b"retry",
            Reconnect::Handshake => b"handshake",
            Reconnect::None => b"none",
        });
        out.push(b'"');
        for (name, value) in [
            ("interval", self.interval),
            ("timeout", self.timeout),
            ("maxInterval", self.max_interval),
        ] {
            if let Some(value) = value {
                out.extend_from_slice(b",\"");
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":");
                text::push_number(out, u64::try_from(value.as_millis()).unwrap_or(u64::MAX));
            }
        }
        if self.multiple_clients {
            out.extend_from_slice(b",\"multiple-clients\":true");
        }
        out.push(b'}');
    }
}

/// What a client asks for with the `advice` of a `/meta/connect`; it holds for that connect alone.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClientAdvice {
    /// Whether the message had an `advice` object at all; if so, the reply carries advice.
    pub present: bool,
    /// Hold no longer than this; zero asks for an answer at once.
    pub timeout: Option<Duration>,
    /// The client will pause this long before its next connect.
    pub interval: Option<Duration>,
}

impl ClientAdvice {
    /// Reads the member; what is not an object, not a number or negative counts as not sent.
    ///
    /// Observed: CometD answers wrong types with HTTP 500, other servers ignore them as we do.
    /// Fractions of milliseconds are cut.
    pub fn read(raw: Option<&RawValue>) -> Self {
        #[derive(Deserialize)]
        struct Asked {
            timeout: Option<serde_json::Value>,
            interval: Option<serde_json::Value>,
        }
        let Some(Ok(asked)) = raw.map(|raw| serde_json::from_str::<Asked>(raw.get())) else {
            return Self::default();
        };
        Self { present: true, timeout: millis(asked.timeout), interval: millis(asked.interval) }
    }
}

fn millis(value: Option<serde_json::Value>) -> Option<Duration> {
    let millis = value?.as_f64()?;
    if millis.is_nan() || millis < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(millis.trunc() / 1000.0).unwrap_or(MAX_ASKED).min(MAX_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(json: &str) -> ClientAdvice {
        ClientAdvice::read(Some(&RawValue::from_string(json.to_owned()).unwrap()))
    }

    #[test]
    fn a_client_may_ask_for_an_answer_at_once() {
        let advice = asked(r#"{"timeout":0}"#);
        assert!(advice.present);
        assert_eq!(advice.timeout, Some(Duration::ZERO));
    }

    #[test]
    fn fractions_are_cut_and_huge_wishes_are_bounded() {
        assert_eq!(asked(r#"{"timeout":1.5}"#).timeout, Some(Duration::from_millis(1)));
        assert_eq!(asked(r#"{"timeout":1e300}"#).timeout, Some(MAX_ASKED));
    }

    #[test]
    fn wrong_types_count_as_not_sent() {
        assert_eq!(asked("\"x\""), ClientAdvice::default());
        for json in [r#"{"timeout":"x"}"#, r#"{"timeout":null}"#, r#"{"timeout":-1}"#] {
            assert_eq!(asked(json), ClientAdvice { present: true, ..Default::default() }, "{json}");
        }
    }

    #[test]
    fn only_what_is_set_is_written() {
        let mut out = Vec::new();
        Advice::only(Reconnect::None).render(&mut out);
        out.push(b' ');
        Advice {
            reconnect: Reconnect::Retry,
            interval: Some(Duration::ZERO),
            timeout: Some(Duration::from_secs(30)),
            max_interval: None,
            multiple_clients: true,
        }
        .render(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"reconnect":"none"} {"reconnect":"retry","interval":0,"timeout":30000,"multiple-clients":true}"#
        );
    }
}
