//! A JSON object as an ordered list of names and raw values.
//!
//! Nothing is converted: a value is the text the peer sent, so that numbers keep their digits, and
//! a repeated name stays repeated for the caller to judge.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Object;

/// The members of one object, in the order in which they were written.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of an object that this crate has rendered.
    pub(crate) fn of_rendered(json: &'a str) -> Self {
        serde_json::from_str(json).expect("a rendered resource is a JSON object")
    }

    /// Every value given under `name`.
    pub(crate) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a RawValue> + 's {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| *value)
    }

    /// The members whose name is in `names`, as JSON text in the present order.
    pub(crate) fn only(&self, names: &[String]) -> String {
        self.0
            .iter()
            .filter(|(name, _)| names.contains(name))
            .fold(Object::new(), |object, (name, value)| object.with(name, value.get()))
            .finish()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(pair) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(pair);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selection_keeps_order_digits_and_repeats() {
        let members: Members<'_> =
            serde_json::from_str(r#"{"b":1.10,"a":"x","c":true,"b":9223372036854775808}"#).unwrap();
        assert_eq!(
            members.only(&["a".into(), "b".into()]),
            r#"{"b":1.10,"a":"x","b":9223372036854775808}"#
        );
        assert_eq!(members.only(&["z".into()]), "{}");
    }
}
