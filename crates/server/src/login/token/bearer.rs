//! Where a request carries a token.
//!
//! | Place                                    | Taken on                                        |
//! |------------------------------------------|-------------------------------------------------|
//! | `Authorization: Bearer <token>`          | every request                                   |
//! | `?access_token=<token>` in the address   | what browsers give no headers to: a GET that    |
//! |                                          | asks for a WebSocket or for an event stream     |
//!
//! Addresses end up in logs and histories, so a token in one is not taken where a header would do.
//! A request with a token in both places is refused.
//!
//! # Sources
//!
//! Specified: RFC 6750 section 2; `text/event-stream` from the HTML standard, "Server-sent events".

use std::fmt;

use http::header::{ACCEPT, AUTHORIZATION, UPGRADE};
use http::{HeaderValue, Method, request};

use super::error::TokenError;

/// Longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 8_192;

/// A token that nobody has checked. Debug hides it.
pub(crate) struct Token(Box<str>);

impl Token {
    /// The token itself, for whoever must look into it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn for_test(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The token of a request, if it carries one.
pub(crate) fn token(head: &request::Parts) -> Result<Option<Token>, TokenError> {
    let header = head.headers.get(AUTHORIZATION);
    let in_header = header.and_then(after_scheme);
    let token: Box<str> = match (in_header, in_address(head)) {
        (Some(token), None) => {
            str::from_utf8(token).map_err(|_| TokenError::Malformed)?.trim().into()
        }
        (None, Some(token)) if header.is_none() => token,
        (None, None) => return Ok(None),
        (_, Some(_)) => return Err(TokenError::Malformed),
    };
    if token.len() > MAX_TOKEN { Err(TokenError::Malformed) } else { Ok(Some(Token(token))) }
}

/// What follows `Bearer`, if that is the scheme.
fn after_scheme(header: &HeaderValue) -> Option<&[u8]> {
    let value = header.as_bytes();
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    scheme.eq_ignore_ascii_case(b"bearer").then_some(rest)
}

fn in_address(head: &request::Parts) -> Option<Box<str>> {
    let query = head.uri.query()?;
    if head.method != Method::GET || !has_no_headers_of_its_own(head) {
        return None;
    }
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "access_token")
        .map(|(_, token)| token.into())
}

fn has_no_headers_of_its_own(head: &request::Parts) -> bool {
    let names = |header, name: &str| {
        head.headers
            .get_all(header)
            .iter()
            .filter_map(|value: &HeaderValue| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|value| {
                value.split(';').next().is_some_and(|v| v.trim().eq_ignore_ascii_case(name))
            })
    };
    names(UPGRADE, "websocket") || names(ACCEPT, "text/event-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(request: request::Builder) -> Result<Option<String>, TokenError> {
        let (head, ()) = request.body(()).unwrap().into_parts();
        token(&head).map(|token| token.map(|token| token.0.into()))
    }

    #[test]
    fn header_carries_a_token_on_every_request() {
        for value in ["Bearer a.b.c", "bearer  a.b.c ", "BEARER a.b.c"] {
            let post = http::Request::post("/cometd").header(AUTHORIZATION, value);
            assert_eq!(of(post), Ok(Some("a.b.c".to_owned())), "{value}");
        }
        for value in ["Basic YTpi", "Bearertoken", "Token a.b.c"] {
            let post = http::Request::post("/cometd").header(AUTHORIZATION, value);
            assert_eq!(of(post), Ok(None), "{value}");
        }
    }

    #[test]
    fn address_carries_a_token_where_browsers_give_no_headers() {
        let address = "/cometd?a=1&access_token=a.b%2Ec";
        let socket = || http::Request::get(address).header(UPGRADE, "websocket");
        let events = http::Request::get(address).header(ACCEPT, "text/event-stream, */*;q=0.1");
        assert_eq!(of(socket()), Ok(Some("a.b.c".to_owned())));
        assert_eq!(of(events), Ok(Some("a.b.c".to_owned())));
        assert_eq!(of(http::Request::get(address)), Ok(None));
        assert_eq!(of(http::Request::post(address).header(UPGRADE, "websocket")), Ok(None));
        assert_eq!(of(socket().header(AUTHORIZATION, "Bearer x")), Err(TokenError::Malformed));
        assert_eq!(of(socket().header(AUTHORIZATION, "Basic x")), Err(TokenError::Malformed));
    }

    #[test]
    fn token_has_a_greatest_length() {
        let long = format!("Bearer {}", "x".repeat(MAX_TOKEN + 1));
        let request = http::Request::get("/").header(AUTHORIZATION, long);
        assert_eq!(of(request), Err(TokenError::Malformed));
    }
}
