//! What a request's sender is known by, and what the answer gives them.

use std::sync::Arc;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use super::sessions::SessionId;
use super::who::Who;

pub(super) const CSRF_HEADER_NAME: &str = "x-csrf-header";
pub(super) const CSRF_TOKEN: &str = "x-csrf-token";

/// A user, and the browser session they came with or were given.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) who: Who,
    /// What is counted, where somebody has proved who they are with this request.
    pub(crate) outcome: Option<&'static str>,
    pub(super) session: Option<SessionId>,
    pub(super) csrf_token: Option<Arc<str>>,
    pub(super) set_cookie: Option<HeaderValue>,
}

impl Known {
    /// Somebody who came without a session and is not given one.
    pub(super) fn without_session(who: Who) -> Self {
        Self { who, outcome: None, session: None, csrf_token: None, set_cookie: None }
    }

    /// The new cookie, or the end of the old one, as a response gives it.
    pub(crate) fn new_cookie(&self) -> Option<HeaderValue> {
        self.set_cookie.clone()
    }

    /// Puts that into a response.
    pub(crate) fn give_cookie(&self, headers: &mut HeaderMap) {
        if let Some(cookie) = self.new_cookie() {
            headers.append(SET_COOKIE, cookie);
        }
    }

    /// Tells the session's CSRF token and the name of the header to send it in.
    pub(crate) fn tell_csrf_token(&self, headers: &mut HeaderMap) {
        let token = self.csrf_token.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(token)) = token {
            headers.insert(CSRF_HEADER_NAME, HeaderValue::from_static("X-CSRF-TOKEN"));
            headers.insert(CSRF_TOKEN, token);
        }
    }
}
