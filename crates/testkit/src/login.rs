//! Who a peer says it is, and the cookies it was given.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A name and a password for HTTP Basic.
#[derive(Clone, Debug)]
pub struct Login {
    user: String,
    password: String,
}

impl Login {
    /// A login with these credentials.
    pub fn new(user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned() }
    }

    /// One of the demo's people, who all share a password.
    pub fn demo(user: &str) -> Self {
        Self::new(user, "demo")
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The value of the `Authorization` header.
    pub fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

/// The cookies of one browser: the last value given for each name, in order of arrival.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Takes the value of a `Set-Cookie` header; its attributes are ignored.
    pub(crate) fn accept(&mut self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            self.0.retain(|(known, _)| known != name.trim());
            self.0.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }

    /// The value of the `Cookie` header, if there is any cookie.
    pub(crate) fn header(&self) -> Option<String> {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_value_replaces_the_old_one() {
        let mut cookies = Cookies::default();
        assert_eq!(cookies.header(), None);
        cookies.accept("A=1; Path=/; HttpOnly");
        cookies.accept("B=2");
        cookies.accept("A=3; Path=/");
        assert_eq!(cookies.header().as_deref(), Some("B=2; A=3"));
    }

    #[test]
    fn credentials_are_encoded_as_basic() {
        assert_eq!(Login::demo("alice").basic(), "Basic YWxpY2U6ZGVtbw==");
    }
}
