//! The result of a remote call.
//!
//! A client calls by publishing on a service channel. The publish is answered like any other; the
//! result is a message of its own on the same channel, with the call's id and `successful`, and
//! always with `data`: that is how clients tell it from the answer to the publish.
//!
//! # Sources
//!
//! Observed: CometD 5 to 8, and `remoteCall` of the JavaScript library 3.1 to 9, which takes the
//! first message with `data` and the id of a pending call.

use bytes::Bytes;

use crate::channel::ChannelName;
use crate::text;

/// Renders a result. `data` is JSON text and goes out as it is.
pub fn render(channel: &ChannelName, id: Option<&str>, data: &str, successful: bool) -> Bytes {
    let mut out = Vec::with_capacity(channel.as_str().len() + data.len() + 64);
    out.extend_from_slice(b"{\"channel\":");
    text::push_string(&mut out, channel.as_str());
    if let Some(id) = id {
        out.extend_from_slice(b",\"id\":");
        text::push_string(&mut out, id);
    }
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(data.as_bytes());
    out.extend_from_slice(b",\"successful\":");
    out.extend_from_slice(if successful { b"true}" } else { b"false}" });
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_has_data_and_the_id_of_its_call() {
        let channel = ChannelName::new("/service/sum").unwrap();
        assert_eq!(
            render(&channel, Some("7"), "1.10", true),
            r#"{"channel":"/service/sum","id":"7","data":1.10,"successful":true}"#
        );
        assert_eq!(
            render(&channel, None, "null", false),
            r#"{"channel":"/service/sum","data":null,"successful":false}"#
        );
    }
}
