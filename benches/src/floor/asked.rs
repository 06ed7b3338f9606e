//! What a body asks for, found by looking for substrings.
//!
//! Works for clients that write `channel` in front of everything else of a message and put nothing
//! that looks like it into `data`. `encke-load` and `encke-client` do.

/// One message of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked<'a> {
    Handshake,
    Connect,
    Subscribe(&'a str),
    Disconnect,
    Publish { channel: &'a str, data: &'a str },
}

/// A message and its `id`, as JSON text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Message<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) client: Option<usize>,
    pub(super) id: &'a str,
}

const CHANNEL: &str = "\"channel\":\"";

/// The messages of a body.
pub(super) fn messages(body: &str) -> impl Iterator<Item = Message<'_>> {
    body.split(CHANNEL).skip(1).filter_map(message)
}

/// A message from the value of its channel on.
fn message(text: &str) -> Option<Message<'_>> {
    let (channel, rest) = text.split_once('"')?;
    let asked = match channel {
        "/meta/handshake" => Asked::Handshake,
        "/meta/connect" => Asked::Connect,
        "/meta/subscribe" => Asked::Subscribe(quoted(rest, "\"subscription\":\"")?),
        "/meta/disconnect" => Asked::Disconnect,
        _ => Asked::Publish { channel, data: data(rest)? },
    };
    let client = quoted(rest, "\"clientId\":\"").and_then(|client| client.parse().ok());
    Some(Message { asked, client, id: quoted(rest, "\"id\":\"").unwrap_or_default() })
}

fn quoted<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = text.split_once(name)?;
    value.split_once('"').map(|(value, _)| value)
}

/// An object as `data`: to the bracket that closes it, texts skipped.
fn data(text: &str) -> Option<&str> {
    let (_, value) = text.split_once("\"data\":")?;
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return value.get(..=at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_load_tool_says_is_understood() {
        let publish = r#"[{"channel":"/a","clientId":"7","id":"4","data":{"p":"x}\"","q":[1]}}]"#;
        let found: Vec<_> = messages(publish).collect();
        let asked = Asked::Publish { channel: "/a", data: r#"{"p":"x}\"","q":[1]}"# };
        assert_eq!(found, [Message { asked, client: Some(7), id: "4" }]);
        let subscribe =
            r#"[{"channel":"/meta/subscribe","clientId":"12","subscription":"/b","id":"2"}]"#;
        let found: Vec<_> = messages(subscribe).collect();
        assert_eq!(found, [Message { asked: Asked::Subscribe("/b"), client: Some(12), id: "2" }]);
        let connect =
            r#"[{"channel":"/meta/connect","clientId":"0","connectionType":"long-polling"}]"#;
        assert_eq!(messages(connect).next().map(|message| message.asked), Some(Asked::Connect));
        assert_eq!(messages("nothing").count(), 0);
    }
}
