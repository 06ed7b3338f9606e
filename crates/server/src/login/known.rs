//! What a request's sender is known by, and what the answer gives them.

use std::sync::Arc;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use super::sessions::SessionId;
use super::who::Who;

pub(super) const CSRF_HEADER_NAME: &str = "x-csrf-header";
pub(super) const CSRF_TOKEN: &str = "x-csrf-token";

/// A user, and what the answer gives them.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) who: Who,
    /// What is counted, where somebody has proved who they are with this request.
    pub(crate) outcome: Option<&'static str>,
    pub(crate) given: Given,
}

/// The browser session that a user came with or was given, as the answer tells it.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(super) session: Option<SessionId>,
    pub(super) csrf_token: Option<Arc<str>>,
    pub(super) set_cookie: Option<HeaderValue>,
}

impl Known {
    /// Somebody who came with a session, or without one and is not given one.
    pub(super) fn new(who: Who, given: Given) -> Self {
        Self { who, outcome: None, given }
    }
}

impl Given {
    /// Whether an answer has a cookie to tell.
    pub(crate) fn has_cookie(&self) -> bool {
        self.set_cookie.is_some()
    }

    /// The new cookie, or the end of the old one, as a response gives it.
    pub(crate) fn into_cookie(self) -> Option<HeaderValue> {
        self.set_cookie
    }

    /// Puts that into a response.
    pub(crate) fn give_cookie(&self, headers: &mut HeaderMap) {
        if let Some(cookie) = &self.set_cookie {
            headers.append(SET_COOKIE, cookie.clone());
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
