//! Members of `ext` that this server understands.
//!
//! `ext` is a free object. A broker reads the members of the extensions it offers and ignores the
//! rest; on published messages it is passed on untouched.
//!
//! # Sources
//!
//! Documented: CometD's acknowledge extension. Observed: exactly `true` switches it on; clients
//! send `0`, `-1` or `null` with the first connect.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What a message says about acknowledgement.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ack {
    /// Nothing that counts.
    #[default]
    Silent,
    /// `true`: the client wants it, on a handshake.
    Wanted,
    /// The last batch that arrived, on a connect.
    Received(u64),
}

impl Ack {
    /// Reads `ext.ack`.
    pub fn read(ext: Option<&RawValue>) -> Self {
        #[derive(Deserialize)]
        struct Members {
            #[serde(default)]
            ack: Value,
        }
        let members = ext.and_then(|ext| serde_json::from_str::<Members>(ext.get()).ok());
        match members.map(|members| members.ack) {
            Some(Value::Bool(true)) => Self::Wanted,
            Some(Value::Number(batch)) => batch.as_u64().map_or(Self::Silent, Self::Received),
            _ => Self::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_and_batch_numbers_count() {
        for (ext, ack) in [
            (r#"{"ack":true}"#, Ack::Wanted),
            (r#"{"ack":"true"}"#, Ack::Silent),
            (r#"{"ack":false}"#, Ack::Silent),
            (r#"{"ack":null}"#, Ack::Silent),
            (r#"{"ack":7,"x":1}"#, Ack::Received(7)),
            (r#"{"ack":-1}"#, Ack::Silent),
            ("{}", Ack::Silent),
        ] {
            let raw = RawValue::from_string(ext.to_owned()).unwrap();
            assert_eq!(Ack::read(Some(&raw)), ack, "{ext}");
        }
        assert_eq!(Ack::read(None), Ack::Silent);
    }
}
