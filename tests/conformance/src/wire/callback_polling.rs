//! Callback-polling: a GET per body, answered by a script that calls a function.

use futures::future::BoxFuture;

use super::long_polling::{Idle, exchange};
use super::{Fault, Wire};
use crate::answer::{Answer, Received};
use crate::clock;
use crate::cookies::Browser;
use crate::http::Request;
use crate::target::Endpoint;

/// A browser that loads scripts.
#[derive(Clone, Debug)]
pub(crate) struct CallbackPolling {
    endpoint: Endpoint,
    browser: Browser,
    idle: Idle,
}

impl CallbackPolling {
    /// A wire that shows and keeps the cookies of `browser`.
    pub(crate) fn new(endpoint: Endpoint, browser: Browser) -> Self {
        Self { endpoint, browser, idle: Idle::default() }
    }
}

impl Wire for CallbackPolling {
    fn post(&self, body: String) -> BoxFuture<'static, Result<Answer, Fault>> {
        let Self { endpoint, browser, idle } = self.clone();
        Box::pin(async move {
            let target = format!("{}?jsonp=cb&message={}", endpoint.path, encoded(&body));
            let mut request = Request::new("GET", &target);
            if let Some(cookies) = browser.header() {
                request = request.header("Cookie", &cookies);
            }
            let begun = clock::now();
            let response = exchange(&endpoint, &idle, &request).await?;
            response.all("set-cookie").for_each(|cookie| browser.take(cookie));
            let script = response.text();
            Ok(Answer {
                status: response.status,
                messages: argument(&script, "cb").and_then(|json| Answer::decode(json.as_bytes())),
                headers: response.headers,
                took: begun.elapsed(),
                body: script,
            })
        })
    }

    fn pushed(&self) -> Vec<Received> {
        Vec::new()
    }

    fn another(&self) -> Box<dyn Wire> {
        Box::new(Self::new(self.endpoint.clone(), self.browser.clone()))
    }
}

/// The argument of the one call that the script makes. An empty comment may stand before it.
fn argument<'a>(script: &'a str, function: &str) -> Option<&'a str> {
    let script = script.trim();
    let call = script.strip_prefix("/**/").unwrap_or(script).strip_prefix(function)?;
    call.trim_end_matches(';').strip_prefix('(')?.strip_suffix(')')
}

/// A text as a value of a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_is_found_with_and_without_decoration() {
        assert_eq!(argument("cb([1])", "cb"), Some("[1]"));
        assert_eq!(argument("/**/cb([1]);", "cb"), Some("[1]"));
        assert_eq!(argument("other([1])", "cb"), None);
    }

    #[test]
    fn everything_but_unreserved_characters_is_encoded() {
        assert_eq!(encoded("a b\u{e9}"), "a%20b%C3%A9");
    }
}
