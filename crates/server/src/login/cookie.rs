//! The session cookie on the wire.
//!
//! # Sources
//!
//! Specified: RFC 6265 sections 4.1 and 4.2; `SameSite` and `Partitioned` as browsers have them.
//! Observed: some Bayeux clients write `A=1;B=2` without a blank, and an empty `Cookie` header.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use super::sessions::SessionId;
use crate::settings::SameSite;

/// Name and attributes of the cookie.
#[derive(Clone, Debug)]
pub(crate) struct CookieForm {
    pub(crate) name: String,
    pub(crate) same_site: SameSite,
    pub(crate) secure: bool,
    pub(crate) partitioned: bool,
}

/// What a request has under the cookie's name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Sent {
    /// No such cookie.
    Nothing,
    /// A value that we never gave out.
    Stranger,
    /// The form of a session id.
    Id(SessionId),
}

impl CookieForm {
    /// The first session id among the request's cookies.
    ///
    /// Another server of the same host may use a cookie of this name: a value that is no id of
    /// ours does not hide one that is.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Sent {
        let mut sent = Sent::Nothing;
        let pairs = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        for (_, value) in pairs.filter(|(name, _)| *name == self.name) {
            match SessionId::parse(value.trim_matches('"')) {
                Some(id) => return Sent::Id(id),
                None => sent = Sent::Stranger,
            }
        }
        sent
    }

    /// The value of `Set-Cookie` that gives `id` to the browser.
    pub(crate) fn give(&self, id: &SessionId) -> Option<HeaderValue> {
        self.header(&id.to_text(), "")
    }

    /// The value of `Set-Cookie` that takes the cookie back.
    pub(crate) fn take_back(&self) -> Option<HeaderValue> {
        self.header("", "; Max-Age=0")
    }

    fn header(&self, value: &str, age: &str) -> Option<HeaderValue> {
        let Self { name, .. } = self;
        let same_site = match self.same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None => "None",
        };
        let secure = if self.secure { "; Secure" } else { "" };
        let partitioned = if self.partitioned { "; Partitioned" } else { "" };
        HeaderValue::try_from(format!(
            "{name}={value}; Path=/; HttpOnly; SameSite={same_site}{secure}{partitioned}{age}"
        ))
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(secure: bool, same_site: SameSite) -> CookieForm {
        CookieForm { name: "JSESSIONID".to_owned(), same_site, secure, partitioned: false }
    }

    fn id() -> SessionId {
        SessionId::parse(&"ab".repeat(20)).unwrap()
    }

    #[test]
    fn cookie_is_found_among_others_with_or_without_blanks() {
        let id = id();
        for text in [
            format!("JSESSIONID={}", id.to_text()),
            format!("A=1;JSESSIONID={};B=2", id.to_text()),
            format!("A=1; JSESSIONID=\"{}\"", id.to_text()),
            format!("JSESSIONID=of-another-server; JSESSIONID={}", id.to_text()),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&text).unwrap());
            assert_eq!(form(false, SameSite::Lax).read(&headers), Sent::Id(id.clone()));
        }
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static(""));
        assert_eq!(form(false, SameSite::Lax).read(&headers), Sent::Nothing);
        headers.insert(COOKIE, HeaderValue::from_static("JSESSIONID=made-up"));
        assert_eq!(form(false, SameSite::Lax).read(&headers), Sent::Stranger);
    }

    #[test]
    fn attributes_follow_the_settings() {
        let plain = form(false, SameSite::Lax).give(&id()).unwrap();
        assert_eq!(
            plain,
            format!("JSESSIONID={}; Path=/; HttpOnly; SameSite=Lax", "ab".repeat(20))
        );
        let mut form = form(true, SameSite::None);
        form.partitioned = true;
        let text = form.give(&id()).unwrap();
        assert!(text.to_str().unwrap().ends_with("; SameSite=None; Secure; Partitioned"));
        let gone = form.take_back().unwrap();
        assert!(gone.to_str().unwrap().starts_with("JSESSIONID=; "));
        assert!(gone.to_str().unwrap().ends_with("; Max-Age=0"));
    }
}
