//! An object written member by member, where names are only known at run time.
//!
//! Fixed resources are serde types; this is for what surrounds them. Member values are JSON text
//! already and go in as they are.

/// An object in the making.
#[derive(Clone, Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self(String::from("{"))
    }

    /// Adds a member whose value is JSON text.
    pub(crate) fn with(mut self, name: &str, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
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
    pub(crate) fn with_text(self, name: &str, text: &str) -> Self {
        self.with(name, &quoted(text))
    }

    /// The text of the whole object.
    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A string as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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
}
