//! A published message, rendered once for all who receive it.
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

use bytes::Bytes;

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
}
