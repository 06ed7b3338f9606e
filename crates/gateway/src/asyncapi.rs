//! The notifications described for machines: an `AsyncAPI` 3 document, kept by hand.
//!
//! It covers the channels below `/v2/me` and what is told there, and says in prose how Bayeux
//! carries it; nothing of `/cometd`. Schemas of resources are those of the `OpenAPI` document, to
//! which it refers as `openapi.json` beside it. It cannot drift unseen: its channels are held
//! against those of the projection, and each notification of the gateway's tests, the golden ones
//! among them, against the schemas of its channel.

/// The description as JSON text.
///
/// Its references to [`OPENAPI`](crate::OPENAPI) are relative: to be served as `asyncapi.json` in
/// the folder where that one is `openapi.json`.
pub const ASYNCAPI: &str = include_str!("asyncapi.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn it_names_its_format_and_the_version_of_this_crate() {
        let document: Value = serde_json::from_str(ASYNCAPI).unwrap();
        assert_eq!(document["asyncapi"], "3.0.0");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn the_server_sends_every_message_of_every_channel() {
        let document: Value = serde_json::from_str(ASYNCAPI).unwrap();
        let operations = document["operations"].as_object().unwrap();
        let channels = document["channels"].as_object().unwrap();
        assert_eq!(operations.len(), channels.len());
        for operation in operations.values() {
            assert_eq!(operation["action"], "send");
            let channel = operation["channel"]["$ref"].as_str().unwrap();
            let messages = document.pointer(&channel[1..]).unwrap()["messages"].as_object();
            let sent: BTreeSet<String> = messages
                .unwrap()
                .keys()
                .map(|message| format!("{channel}/messages/{message}"))
                .collect();
            let said: BTreeSet<String> = operation["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|message| message["$ref"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(said, sent);
        }
    }
}
