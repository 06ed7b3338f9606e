//! Data filters: what clients send, made harmless before others see it.
//!
//! A filter is hung on a pattern and sees the payload of each publish and each service message of a
//! client there, when it is clear that the client may send it. All whose pattern covers the channel
//! run, in the order of registration, each on what the one before left. Code is trusted and is not
//! filtered.
//!
//! # Sources
//!
//! Documented: CometD's `DataFilterMessageListener` and `NoMarkupFilter`, which replaces `<` and
//! `>`. Observed: a filter that refuses is answered with `404::message_deleted`.

use std::fmt;
use std::sync::Arc;

use encke_bayeux::{ChannelName, ChannelPattern};
use serde_json::value::RawValue;

use crate::policy::Asking;

/// What comes of a payload.
#[derive(Debug)]
pub enum Filtered {
    /// As it is.
    Keep,
    /// This instead.
    Replace(Box<RawValue>),
    /// The message goes no further; its client is told `404::message_deleted`.
    Drop,
}

/// Looks at payloads, and changes them or stops them.
///
/// Called on the thread that brought the message, under no lock; it must not block. One that panics
/// stops the message.
pub trait DataFilter: fmt::Debug + Send + Sync {
    /// Decides about one payload.
    fn filter(&self, channel: &ChannelName, data: &RawValue, from: &Asking<'_>) -> Filtered;
}

/// Writes `<` as `&lt;` and `>` as `&gt;` in every string, names of members included.
///
/// Pages that put messages into their markup unasked are then not handed anybody's elements.
/// Everything else of the payload stays byte for byte.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NoMarkup;

impl DataFilter for NoMarkup {
    fn filter(&self, _: &ChannelName, data: &RawValue, _: &Asking<'_>) -> Filtered {
        match without_markup(data.get()).map(RawValue::from_string) {
            None => Filtered::Keep,
            Some(Ok(data)) => Filtered::Replace(data),
            Some(Err(_)) => Filtered::Drop,
        }
    }
}

/// `None` if there is none. In JSON text both characters, and their escapes, stand in strings only.
fn without_markup(json: &str) -> Option<String> {
    let mut clean = String::new();
    let mut rest = json;
    while let Some(at) = rest.find(['<', '>', '\\']) {
        let (before, special) = rest.split_at(at);
        clean.push_str(before);
        let escape = special.get(..6).map(str::to_ascii_lowercase);
        let (length, written) = match (special.as_bytes(), escape.as_deref()) {
            ([b'<', ..], _) => (1, "&lt;"),
            ([b'>', ..], _) => (1, "&gt;"),
            (_, Some("\\u003c")) => (6, "&lt;"),
            (_, Some("\\u003e")) => (6, "&gt;"),
            // Whatever follows a backslash is part of the escape, another backslash too.
            _ => {
                let length = 1 + special.chars().nth(1).map_or(0, char::len_utf8);
                (length, special.get(..length).unwrap_or_default())
            }
        };
        clean.push_str(written);
        rest = special.get(length..).unwrap_or_default();
    }
    clean.push_str(rest);
    (clean != json).then_some(clean)
}

/// Filters by pattern.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters(Vec<(ChannelPattern, Arc<dyn DataFilter>)>);

impl Filters {
    pub(crate) fn add(&mut self, pattern: ChannelPattern, filter: Arc<dyn DataFilter>) {
        self.0.push((pattern, filter));
    }

    /// Runs what covers `channel` one after the other; `run` runs one.
    ///
    /// `Ok(None)` keeps the payload, an error stops the message.
    pub(crate) fn run(
        &self,
        channel: &ChannelName,
        data: &RawValue,
        mut run: impl FnMut(&dyn DataFilter, &RawValue) -> Filtered,
    ) -> Result<Option<Box<RawValue>>, Dropped> {
        let mut replaced: Option<Box<RawValue>> = None;
        for (_, filter) in self.0.iter().filter(|(pattern, _)| pattern.covers(channel)) {
            match run(&**filter, replaced.as_deref().unwrap_or(data)) {
                Filtered::Keep => {}
                Filtered::Replace(data) => replaced = Some(data),
                Filtered::Drop => return Err(Dropped),
            }
        }
        Ok(replaced)
    }
}

/// A filter stopped the message.
#[derive(Debug)]
pub(crate) struct Dropped;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_written_as_text_and_nothing_else_changes() {
        for (json, clean) in [
            (r#""<b>x</b>""#, r#""&lt;b&gt;x&lt;/b&gt;""#),
            (r#"{"<k>": [1.10, "\u003Ci\u003e"]}"#, r#"{"&lt;k&gt;": [1.10, "&lt;i&gt;"]}"#),
            (r#""\\<""#, r#""\\&lt;""#),
            (r#""\"<\"""#, r#""\"&lt;\"""#),
        ] {
            assert_eq!(without_markup(json).as_deref(), Some(clean));
        }
        for json in [r#""plain""#, r#""\\u003c""#, r#""\u003d\n""#, "1E400", r#""\u00e9 é""#] {
            assert_eq!(without_markup(json), None, "{json}");
        }
    }

    #[test]
    fn what_comes_out_has_no_markup_however_it_is_escaped() {
        for text in ["<", "\\<", "\\\\<", "a\\u003cb", "\u{e9}<\u{1f600}>"] {
            let json = serde_json::to_string(text).unwrap();
            for json in [json.clone(), json.replace('<', "\\u003c").replace('>', "\\u003E")] {
                let clean = without_markup(&json).unwrap_or(json);
                let read: String = serde_json::from_str(&clean).unwrap();
                assert_eq!(read, text.replace('<', "&lt;").replace('>', "&gt;"));
            }
        }
    }
}
