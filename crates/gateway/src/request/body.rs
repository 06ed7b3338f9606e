//! The JSON body of an operation: `operationName` and its parameters.
//!
//! Every accessor answers with the failure the peer is to read. The rules, in one place:
//!
//! | What arrived                                   | `statusCode` |
//! |------------------------------------------------|--------------|
//! | nothing, or text that is not JSON              | 1            |
//! | a parameter that is not there                  | 1            |
//! | JSON that is not an object                     | 10           |
//! | a parameter of another type, or given twice    | 10           |
//! | nesting deeper than the bound                  | 10           |
//!
//! Parameters nobody asked for are ignored, since documented clients send some that have no
//! meaning here (`location`, `saveLAR`); `null` is a value of another type.
//!
//! # Sources
//!
//! Documented: GWS "Return values" 1 and 10. That bad JSON is 1 and a wrong type 10 is our choice.

use std::fmt;

use serde_json::value::RawValue;

use super::{depth, members::Members};
use crate::status::Failure;

/// A parsed body that borrows from the bytes of the request.
#[derive(Clone, Debug)]
pub(crate) struct Body<'a> {
    members: Members<'a>,
    /// What stands before a parameter's name in texts: empty, or `destination.` and the like.
    path: String,
}

impl<'a> Body<'a> {
    /// Reads a body that nests no deeper than `max_depth`.
    pub(crate) fn parse(bytes: &'a [u8], max_depth: usize) -> Result<Self, Failure> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Failure::missing("the body is empty; a JSON object is expected"));
        }
        if depth::exceeds(bytes, max_depth) {
            return Err(Failure::invalid(format!("the body nests deeper than {max_depth} levels")));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Failure::missing("the body is not JSON: it is not UTF-8"))?;
        let value: &RawValue = serde_json::from_str(text).map_err(|error| {
            Failure::missing(format!(
                "the body is not JSON: line {}, column {}",
                error.line(),
                error.column()
            ))
        })?;
        if kind(value) != Kind::Object {
            return Err(Failure::invalid(format!(
                "the body is {}; a JSON object is expected",
                kind(value).article()
            )));
        }
        let members = serde_json::from_str(value.get())
            .map_err(|_| Failure::missing("the body is not JSON: a member name is not text"))?;
        Ok(Self { members, path: String::new() })
    }

    /// The value of `operationName`.
    pub(crate) fn operation_name(&self) -> Result<String, Failure> {
        self.string("operationName")
    }

    /// Whether a parameter of this name was given, whatever it holds.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.all(name).next().is_some()
    }

    /// A required string.
    pub(crate) fn string(&self, name: &str) -> Result<String, Failure> {
        self.optional_string(name)?.ok_or_else(|| self.missing(name, Kind::String))
    }

    /// A string that may be left out.
    pub(crate) fn optional_string(&self, name: &str) -> Result<Option<String>, Failure> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        serde_json::from_str(value.get())
            .map(Some)
            .map_err(|_| self.wrong(name, Kind::String, value))
    }

    /// A required object, as its JSON text.
    pub(crate) fn object(&self, name: &str) -> Result<&'a str, Failure> {
        self.optional_object(name)?.ok_or_else(|| self.missing(name, Kind::Object))
    }

    /// An object that may be left out, as its JSON text.
    pub(crate) fn optional_object(&self, name: &str) -> Result<Option<&'a str>, Failure> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        if kind(value) == Kind::Object {
            Ok(Some(value.get()))
        } else {
            Err(self.wrong(name, Kind::Object, value))
        }
    }

    /// A required array of strings.
    pub(crate) fn strings(&self, name: &str) -> Result<Vec<String>, Failure> {
        let value = self.one(name)?.ok_or_else(|| self.missing(name, Kind::Array))?;
        if kind(value) != Kind::Array {
            return Err(self.wrong(name, Kind::Array, value));
        }
        serde_json::from_str(value.get()).map_err(|_| {
            Failure::invalid(format!(
                "parameter '{}{name}' must be an array of strings only",
                self.path
            ))
        })
    }

    /// A required object, to be read as parameters of its own.
    pub(crate) fn within(&self, name: &str) -> Result<Self, Failure> {
        let members = serde_json::from_str(self.object(name)?).map_err(|_| {
            Failure::missing(format!("parameter '{}{name}' cannot be read", self.path))
        })?;
        Ok(Self { members, path: format!("{}{name}.", self.path) })
    }

    /// A parameter whose text is not what it has to be.
    pub(crate) fn bad(&self, name: &str, error: &dyn fmt::Display) -> Failure {
        Failure::invalid(format!("parameter '{}{name}': {error}", self.path))
    }

    fn missing(&self, name: &str, expected: Kind) -> Failure {
        Failure::missing(format!(
            "required parameter '{}{name}' is missing ({})",
            self.path,
            expected.article()
        ))
    }

    fn wrong(&self, name: &str, expected: Kind, given: &RawValue) -> Failure {
        Failure::invalid(format!(
            "parameter '{}{name}' must be {}, not {}",
            self.path,
            expected.article(),
            kind(given).article()
        ))
    }

    fn one(&self, name: &str) -> Result<Option<&'a RawValue>, Failure> {
        let mut values = self.members.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Failure::invalid(format!(
                "parameter '{}{name}' is given more than once",
                self.path
            )));
        }
        Ok(first)
    }
}

/// What sort of JSON value a text is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

impl Kind {
    const fn article(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Null => "null",
        }
    }
}

/// The kind of a value that has been parsed, so its first byte decides.
fn kind(value: &RawValue) -> Kind {
    match value.get().trim_ascii_start().as_bytes().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'n') | None => Kind::Null,
        Some(_) => Kind::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::ReturnCode;

    fn refused(json: &str) -> (ReturnCode, String) {
        let failure = Body::parse(json.as_bytes(), 8).unwrap_err();
        (failure.code, failure.message)
    }

    #[test]
    fn text_that_is_not_json_is_a_missing_parameter() {
        for text in ["", " \n", "{", "nonsense", "{\"a\":1,}", "{} {}", "\u{feff}{}"] {
            assert_eq!(refused(text).0, ReturnCode::MissingParameter, "{text}");
        }
        let failure = Body::parse(b"{\"a\":\"\xff\"}", 8).unwrap_err();
        assert_eq!(failure.code, ReturnCode::MissingParameter);
    }

    #[test]
    fn json_that_is_no_object_is_told_what_it_is() {
        assert_eq!(
            refused("[]"),
            (ReturnCode::Validation, "the body is an array; a JSON object is expected".into())
        );
        for text in ["null", "1", "true", "\"x\""] {
            assert_eq!(refused(text).0, ReturnCode::Validation, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded_before_parsing() {
        let deep = "[".repeat(100_000);
        assert_eq!(refused(&deep).0, ReturnCode::Validation);
    }

    #[test]
    fn parameters_name_themselves_and_both_types() {
        let body = Body::parse(br#"{"a":1,"b":null,"c":["x",1],"d":"1","d":"2"}"#, 8).unwrap();
        let text = |failure: Failure| failure.message;
        assert_eq!(
            body.string("a").map_err(text),
            Err("parameter 'a' must be a string, not a number".into())
        );
        assert_eq!(
            body.object("b").map_err(text),
            Err("parameter 'b' must be an object, not null".into())
        );
        assert_eq!(
            body.strings("c").map_err(text),
            Err("parameter 'c' must be an array of strings only".into())
        );
        assert_eq!(
            body.string("d").map_err(text),
            Err("parameter 'd' is given more than once".into())
        );
        assert_eq!(
            body.string("e").map_err(text),
            Err("required parameter 'e' is missing (a string)".into())
        );
        assert_eq!(body.optional_string("e"), Ok(None));
    }

    #[test]
    fn inner_parameters_are_named_with_their_path() {
        let body =
            Body::parse(br#"{"destination":{"phone":"1"},"other":{"phoneNumber":5}}"#, 8).unwrap();
        assert_eq!(
            body.within("destination").unwrap().string("phoneNumber").unwrap_err().message,
            "required parameter 'destination.phoneNumber' is missing (a string)"
        );
        assert_eq!(
            body.within("other").unwrap().string("phoneNumber").unwrap_err().message,
            "parameter 'other.phoneNumber' must be a string, not a number"
        );
    }
}
