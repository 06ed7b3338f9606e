//! The cookies of one browser.

use std::sync::{Arc, Mutex, PoisonError};

/// A browser: what it was given by `Set-Cookie` it shows with every request. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser(Arc<Mutex<Vec<(String, String)>>>);

impl Browser {
    /// Takes the value of a `Set-Cookie` header; attributes are not looked at.
    pub(crate) fn take(&self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            self.set(name.trim(), value.trim());
        }
    }

    /// Adds or replaces a cookie.
    pub(crate) fn set(&self, name: &str, value: &str) {
        let mut cookies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.retain(|(known, _)| known != name);
        cookies.push((name.to_owned(), value.to_owned()));
    }

    /// The value of a `Cookie` header, if there is any cookie.
    pub(crate) fn header(&self) -> Option<String> {
        let cookies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_shown_until_it_is_replaced() {
        let browser = Browser::default();
        assert_eq!(browser.header(), None);
        browser.take("a=1; Path=/; HttpOnly");
        browser.take("b=2");
        browser.take("a=3; Path=/");
        assert_eq!(browser.header().unwrap(), "b=2; a=3");
    }
}
