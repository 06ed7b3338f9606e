//! Telling a client how its clock differs from the server's.
//!
//! A client sends its time, and from the second round on its estimate of lag and offset; the reply
//! says when the message came and how long the answer took, the hold of a connect included. A
//! client whose estimate is good enough gets no answer.
//!
//! # Sources
//!
//! Documented: CometD's timesync extension. Observed: CometD 3.1 to 8 answer within 25 ms not at
//! all, the first round and the older form without `l` always.

use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

/// Within this error, in milliseconds, a client's estimate is good enough.
const ACCURACY_MS: i64 = 25;

/// What a client says of its clock, in milliseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimeSync {
    /// `tc`: its time.
    sent: i64,
    /// `l`: its estimate of the lag; the older form has none.
    lag: Option<i64>,
    /// `o`: its estimate of the offset.
    offset: i64,
}

impl TimeSync {
    /// Reads `ext.timesync`; `None` if it is not what clients send.
    pub fn read(raw: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire {
            tc: Number,
            l: Option<Number>,
            o: Option<Number>,
        }
        // An array would do for an object otherwise.
        let object = Some(raw.get()).filter(|json| json.starts_with('{'))?;
        let Wire { tc, l, o } = serde_json::from_str(object).ok()?;
        Some(Self {
            sent: whole(&tc)?,
            lag: l.as_ref().and_then(whole),
            offset: o.as_ref().and_then(whole).unwrap_or(0),
        })
    }

    /// The reply's `ext.timesync` to a message that came at `received_ms` since 1970 and was
    /// answered `spent_ms` later; `None` where the client knows well enough.
    pub fn answer(&self, received_ms: u64, spent_ms: u64) -> Option<String> {
        let Self { sent, lag, offset } = *self;
        let Some(lag) = lag else {
            return Some(format!(r#"{{"tc":{sent},"ts":{received_ms},"p":{spent_ms}}}"#));
        };
        let received = i64::try_from(received_ms).unwrap_or(i64::MAX);
        let error = sent.saturating_add(offset).saturating_add(lag).saturating_sub(received);
        (lag == 0 || error.unsigned_abs() >= ACCURACY_MS.unsigned_abs())
            .then(|| format!(r#"{{"tc":{sent},"ts":{received_ms},"p":{spent_ms},"a":{error}}}"#))
    }
}

/// A number of milliseconds without its fraction.
fn whole(number: &Number) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is as good")]
    number.as_i64().or_else(|| number.as_f64().map(|number| number as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(wire: &str, received_ms: u64, spent_ms: u64) -> Option<String> {
        let raw = RawValue::from_string(wire.to_owned()).unwrap();
        TimeSync::read(&raw).and_then(|sync| sync.answer(received_ms, spent_ms))
    }

    #[test]
    fn a_client_learns_its_error_until_it_is_small() {
        let first = answer(r#"{"tc":1000,"l":0,"o":0}"#, 1100, 5).unwrap();
        assert_eq!(first, r#"{"tc":1000,"ts":1100,"p":5,"a":-100}"#);
        assert_eq!(answer(r#"{"tc":1000,"l":10,"o":66}"#, 1100, 5), None);
        let off = answer(r#"{"tc":1000,"l":10,"o":65}"#, 1100, 5).unwrap();
        assert_eq!(off, r#"{"tc":1000,"ts":1100,"p":5,"a":-25}"#);
        let old = answer(r#"{"tc":1000.7}"#, 1100, 5).unwrap();
        assert_eq!(old, r#"{"tc":1000,"ts":1100,"p":5}"#);
    }

    #[test]
    fn what_is_no_timesync_gets_none() {
        for wire in ["1", "{}", r#"{"tc":"1"}"#, "[]", "[1,0,0]", "null", r#"{"tc":null}"#] {
            assert_eq!(answer(wire, 1, 1), None, "{wire}");
        }
        assert!(answer(r#"{"tc":1e300,"l":-1e300,"o":9e18}"#, u64::MAX, u64::MAX).is_some());
    }
}
