//! User data to and from JSON.
//!
//! In records the pairs are a list of `[key, value]`, which no JSON tool can merge or reorder; in
//! requests they are the members of an object. Reading takes both.
//!
//! The values are taken raw, which works when the text is read by `serde_json` itself. Behind
//! serde's `flatten`, `untagged` or an internal tag the text is gone by then, and reading fails.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::value::RawValue;

use super::{Duplicates, Pair, UserData, UserDataError};

impl UserData {
    /// Appends the pairs to `out` as one JSON object, `{}` when there is none; as a
    /// [list](Duplicates::List) as an array, then `[]`.
    pub fn write_json(&self, out: &mut String, duplicates: Duplicates) {
        if duplicates == Duplicates::List {
            return self.write_list(out);
        }
        out.push('{');
        let hidden = self.hidden(duplicates);
        let mut separator = "";
        for (index, pair) in self.iter().enumerate() {
            if hidden.contains(&index) {
                continue;
            }
            out.push_str(separator);
            separator = ",";
            write_text(out, pair.key());
            out.push(':');
            out.push_str(pair.value());
        }
        out.push('}');
    }

    fn write_list(&self, out: &mut String) {
        out.push('[');
        for (index, pair) in self.iter().enumerate() {
            out.push_str(if index == 0 { "{\"key\":" } else { ",{\"key\":" });
            write_text(out, pair.key());
            out.push_str(",\"value\":");
            out.push_str(pair.value());
            out.push('}');
        }
        out.push(']');
    }

    // The places of pairs that a later pair of the same key hides.
    fn hidden(&self, duplicates: Duplicates) -> HashSet<usize> {
        let mut seen = HashSet::new();
        match duplicates {
            Duplicates::All | Duplicates::List => HashSet::new(),
            Duplicates::Last => self
                .iter()
                .enumerate()
                .rev()
                .filter(|(_, pair)| !seen.insert(pair.key()))
                .map(|(index, _)| index)
                .collect(),
        }
    }
}

pub(super) fn parse_object(text: &str) -> Result<UserData, UserDataError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let data =
        reader.deserialize_map(PairsVisitor).map_err(|error| UserDataError::syntax(&error))?;
    reader.end().map_err(|error| UserDataError::syntax(&error))?;
    Ok(data)
}

/// How deep arrays and objects nest in a valid JSON text: 0 for a scalar.
pub(super) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn write_text(out: &mut String, text: &str) {
    let quoted = serde_json::to_string(text).expect("a text is always representable in JSON");
    out.push_str(&quoted);
}

impl Serialize for UserData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for pair in self {
            list.serialize_element(&(&pair.key, &pair.value))?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for UserData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = UserData;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of pairs")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UserData, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<Box<RawValue>>()?;
            pairs.push(Pair { key, value });
        }
        Ok(pairs.into_iter().collect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<UserData, A::Error> {
        let mut pairs = Vec::new();
        while let Some((key, value)) = list.next_element::<(String, Box<RawValue>)>()? {
            pairs.push(Pair { key, value });
        }
        Ok(pairs.into_iter().collect())
    }
}
