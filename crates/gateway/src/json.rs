//! An object written member by member, where names are only known at run time.
//!
//! Fixed resources are serde types; this is for what surrounds them. Member values are JSON text
//! already and go in as they are.

/// Room for some short members.
const ROOM: usize = 128;

/// An object in the making.
#[derive(Clone, Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(ROOM);
        text.push('{');
        Self(text)
    }

    /// Adds a member whose value is JSON text.
    pub(crate) fn with(mut self, name: &str, json: &str) -> Self {
        // What follows a long member is mostly short.
        self.0.reserve(name.len() + json.len() + ROOM);
        self.name(name);
        self.0.push_str(json);
        self
    }

    /// Adds a member whose value is JSON text, if there is one.
    pub(crate) fn with_some(self, name: &str, json: Option<&str>) -> Self {
        match json {
            Some(json) => self.with(name, json),
            None => self,
        }
    }

    /// Adds a member whose value is a string.
    pub(crate) fn with_text(mut self, name: &str, text: &str) -> Self {
        self.name(name);
        push_quoted(&mut self.0, text);
        self
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_quoted(&mut self.0, name);
        self.0.push(':');
    }

    /// The text of the whole object.
    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A string as JSON.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_quoted(&mut json, text);
    json
}

/// Appends a string as JSON. Most have nothing in them that must be escaped.
fn push_quoted(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        json.push_str(&serde_json::Value::from(text).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_of_their_adding() {
        let object = Object::new().with("b", "1.10").with_text("a", "\"x\"").finish();
        assert_eq!(object, r#"{"b":1.10,"a":"\"x\""}"#);
        assert_eq!(Object::new().finish(), "{}");
    }

    #[test]
    fn texts_are_escaped_where_they_have_to_be() {
        for text in ["", "plain", "a\"b\\c", "\n\t\u{0}\u{1f}\u{7f}", "\u{e9}\u{1f600}\u{2028}"] {
            assert_eq!(quoted(text), serde_json::Value::from(text).to_string());
        }
    }
}
