//! How the response to one request is to be written: plain or as a script, compressed or not.

use std::sync::Arc;

use encke_broker::Delivery;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, SET_COOKIE, VARY};
use http::{HeaderValue, Response, StatusCode};

use crate::body::ReplyBody;
use crate::callback::Callback;
use crate::config::HttpConfig;
use crate::{compress, cookie, refusal};

/// Small: a held poll keeps one.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) config: Arc<HttpConfig>,
    pub(crate) callback: Option<Box<Callback>>,
    pub(crate) takes_gzip: bool,
}

impl Form {
    /// The response that carries `delivery`.
    pub(crate) fn respond(&self, delivery: Delivery) -> Response<ReplyBody> {
        let Self { config, callback, takes_gzip } = self;
        let set_cookie =
            delivery.browser().and_then(|browser| cookie::write(&config.cookie, browser));
        let body = delivery.body();
        let text = callback.as_ref().map_or_else(|| body.clone(), |callback| callback.wrap(&body));
        let large = config.compress_above.is_some_and(|above| text.len() > above);
        let small = (large && *takes_gzip).then(|| compress::gzip(&text)).flatten();
        let is_compressed = small.is_some();
        let text = small.unwrap_or(text);
        let mut response = Response::new(ReplyBody::delivery(delivery, text));
        let headers = response.headers_mut();
        refusal::set_json(headers);
        if callback.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript;charset=UTF-8"));
        }
        if is_compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if let Some(cookie) = set_cookie {
            headers.insert(SET_COOKIE, cookie);
        }
        response
    }

    /// The status of a poll that a newer one of its session took the place of.
    pub(crate) fn superseded_status(&self) -> StatusCode {
        self.config.superseded_status
    }
}
