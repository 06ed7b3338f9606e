//! A published message, rendered once for all who receive it, and its position in a log.
//!
//! Only `channel`, `data`, `ext` and a textual `timestamp` reach a subscriber. Everything else a
//! publisher may have written (`advice`, `successful`, `error`, `subscription`, `clientId`, `id`,
//! unknown members) stays here: clients obey injected advice, so it must not travel.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Delivery event messages". Observed: CometD 3.1 to 8, Faye 1.4 and
//! cometd-nodejs-server pass every member on; clients take a message without `data` for a reply,
//! so an event without it gets `"data":null` here.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::channel::ChannelName;
use crate::text;

/// Renders the event of a publish.
///
/// `data`, `ext` and `timestamp` are JSON text and go out as they are.
pub fn render(
    channel: &ChannelName,
    data: Option<&str>,
    ext: Option<&str>,
    timestamp: Option<&str>,
) -> Bytes {
    let data = data.unwrap_or("null");
    let length = channel.as_str().len()
        + data.len()
        + ext.map_or(0, |ext| ext.len() + 7)
        + timestamp.map_or(0, |timestamp| timestamp.len() + 13)
        + 24;
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(b"{\"channel\":");
    text::push_string(&mut out, channel.as_str());
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(data.as_bytes());
    for (name, value) in [(&b",\"ext\":"[..], ext), (&b",\"timestamp\":"[..], timestamp)] {
        if let Some(value) = value {
            out.extend_from_slice(name);
            out.extend_from_slice(value.as_bytes());
        }
    }
    out.push(b'}');
    Bytes::from(out)
}

/// A rendered event with the position it has in a log, as `ext.replay`.
///
/// The rest of `ext` stays; a position that a publisher wrote there does not.
pub fn with_position(event: &[u8], position: u64) -> Bytes {
    #[derive(Deserialize)]
    struct Parts<'a> {
        #[serde(borrow, default)]
        ext: Option<&'a RawValue>,
    }
    let text = std::str::from_utf8(event).unwrap_or_default();
    let ext = serde_json::from_str::<Parts<'_>>(text).ok().and_then(|parts| parts.ext);
    let place = ext.and_then(|ext| text::place_of(text, ext.get()));
    let mut out = String::with_capacity(text.len() + 40);
    if let Some((ext, place)) = ext.zip(place) {
        out.push_str(text.get(..place.start).unwrap_or_default());
        out.push_str(&with_number(ext.get(), "replay", position));
        out.push_str(text.get(place.end..).unwrap_or_default());
    } else {
        out.push_str(text.strip_suffix('}').unwrap_or(text));
        // Writing to a string cannot fail.
        let _ = write!(out, ",\"ext\":{{\"replay\":{position}}}}}");
    }
    Bytes::from(out)
}

/// `data` with the position it has in a log, as `event.replayId`; `None` if it is no object.
///
/// What else stands in `data` stays byte for byte; `event` is made where there is none, and given
/// another value where it is no object.
///
/// # Sources
///
/// Observed: messages of Salesforce's streaming endpoint, and the clients made for it.
pub fn stamp(data: &str, position: u64) -> Option<String> {
    let data = data.trim_ascii();
    data.starts_with('{').then_some(())?;
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(data).ok()?;
    let Some(event) = members.get("event") else {
        return Some(with_member(data, &format!("\"event\":{{\"replayId\":{position}}}")));
    };
    let place = text::place_of(data, event.get())?;
    let stamped = if event.get().starts_with('{') {
        with_number(event.get(), "replayId", position)
    } else {
        format!("{{\"replayId\":{position}}}")
    };
    Some([data.get(..place.start)?, &stamped, data.get(place.end..)?].concat())
}

/// The object with this member at its end, in the place of any of that name.
fn with_number(object: &str, name: &str, number: u64) -> String {
    let member = format!("\"{name}\":{number}");
    if !object.contains(name) && !object.contains('\\') {
        return with_member(object, &member);
    }
    let members: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(object).unwrap_or_default();
    let kept = members.iter().filter(|(key, _)| *key != name);
    let mut out = String::from("{");
    for (key, value) in kept {
        out.push_str(&text::quoted(key));
        out.push(':');
        out.push_str(value.get());
        out.push(',');
    }
    out.push_str(&member);
    out.push('}');
    out
}

/// The object with one member more.
fn with_member(object: &str, member: &str) -> String {
    let open = object.trim_ascii_end().strip_suffix('}').unwrap_or(object).trim_ascii_end();
    let comma = if open.ends_with('{') { "" } else { "," };
    format!("{open}{comma}{member}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_goes_out_as_it_came() {
        let channel = ChannelName::new("/a").unwrap();
        assert_eq!(
            render(&channel, Some("{\"z\":1.10, \"a\":1E400}"), None, None),
            r#"{"channel":"/a","data":{"z":1.10, "a":1E400}}"#
        );
        assert_eq!(
            render(&channel, None, Some("{\"k\":1}"), Some("\"now\"")),
            r#"{"channel":"/a","data":null,"ext":{"k":1},"timestamp":"now"}"#
        );
    }

    #[test]
    fn a_position_joins_what_a_publisher_wrote_and_replaces_what_it_forged() {
        let channel = ChannelName::new("/a").unwrap();
        for (ext, timestamp, expected) in [
            (None, None, r#"{"channel":"/a","data":1.10,"ext":{"replay":7}}"#),
            (Some("{}"), None, r#"{"channel":"/a","data":1.10,"ext":{"replay":7}}"#),
            (
                Some(r#"{"k":1.0 , "x":"}"}"#),
                Some("\"now\""),
                r#"{"channel":"/a","data":1.10,"ext":{"k":1.0 , "x":"}","replay":7},"timestamp":"now"}"#,
            ),
            (
                Some(r#"{"replay":99,"k":[2]}"#),
                None,
                r#"{"channel":"/a","data":1.10,"ext":{"k":[2],"replay":7}}"#,
            ),
            (
                Some(r#"{"repl\u0061y":99}"#),
                None,
                r#"{"channel":"/a","data":1.10,"ext":{"replay":7}}"#,
            ),
        ] {
            let plain = render(&channel, Some("1.10"), ext, timestamp);
            assert_eq!(with_position(&plain, 7), expected, "{ext:?}");
        }
        // What looks like an ext inside data is data.
        let data = r#"{"ext":{"replay":1}}"#;
        let plain = render(&channel, Some(data), None, None);
        let expected = format!(r#"{{"channel":"/a","data":{data},"ext":{{"replay":7}}}}"#);
        assert_eq!(with_position(&plain, 7), expected);
    }

    #[test]
    fn a_stamp_leaves_the_rest_of_data_as_it_was() {
        for (data, expected) in [
            ("{}", Some(r#"{"event":{"replayId":7}}"#)),
            (r#"{"n":1.10 }"#, Some(r#"{"n":1.10,"event":{"replayId":7}}"#)),
            (
                r#"{"event":{"createdDate":"x"},"payload":{"a":1e5}}"#,
                Some(r#"{"event":{"createdDate":"x","replayId":7},"payload":{"a":1e5}}"#),
            ),
            (r#"{"event":{"replayId":1},"b":2}"#, Some(r#"{"event":{"replayId":7},"b":2}"#)),
            (r#"{"event":5}"#, Some(r#"{"event":{"replayId":7}}"#)),
            (r#"{"event":null}"#, Some(r#"{"event":{"replayId":7}}"#)),
            ("[1]", None),
            ("1", None),
            ("\"{}\"", None),
        ] {
            assert_eq!(stamp(data, 7).as_deref(), expected, "{data}");
        }
    }
}
