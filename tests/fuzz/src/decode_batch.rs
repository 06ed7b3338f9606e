//! A request body.

use encke_bayeux::batch::{Limits, decode};
use encke_bayeux::{ChannelName, Extensions, ReplayFrom, event};
use serde_json::Value;
use serde_json::value::RawValue;

/// Reads a body, and renders what was read in every way there is.
pub fn run(bytes: &[u8]) {
    let Ok(messages) = decode(bytes, &Limits { messages: 50, depth: 64 }) else { return };
    assert!(!messages.is_empty() && messages.len() <= 50);
    for message in &messages {
        let extensions = Extensions::read(message.ext);
        if let (Some(replay), Some(channel)) = (extensions.replay, message.channel.get()) {
            drop(ReplayFrom::read(replay, channel).map(|from| from.to_string()));
        }
        if let Some(timesync) = extensions.timesync {
            drop(timesync.answer(1, 2));
        }
        assert!(message.id_is_valid() || message.id.get().is_none_or(|id| !id.is_empty()));
        let Some(Ok(channel)) = message.channel.get().map(ChannelName::new) else { continue };
        let data = message.data.map(RawValue::get);
        let ext = message.ext.map(RawValue::get);
        let timestamp = message.timestamp.map(RawValue::get);
        let plain = event::render(&channel, data, ext, timestamp);
        // Numbers may be beyond what a value can hold; then only the form counts.
        let read =
            |text: &[u8]| serde_json::from_slice::<&RawValue>(text).map(|raw| raw.get().len());
        assert_eq!(read(&plain).expect("an event is JSON"), plain.len());
        let positioned = event::with_position(&plain, 7);
        read(&positioned).expect("an event with its position is JSON");
        if let Ok(value) = serde_json::from_slice::<Value>(&positioned) {
            assert_eq!(value["ext"]["replay"], 7, "{value}");
            assert_eq!(value["channel"], channel.as_str());
        }
        if let Some(stamped) = data.and_then(|data| event::stamp(data, 7)) {
            read(stamped.as_bytes()).expect("stamped data is JSON");
            if let Ok(value) = serde_json::from_str::<Value>(&stamped) {
                assert_eq!(value["event"]["replayId"], 7, "{value}");
            }
        }
    }
}
