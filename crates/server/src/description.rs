//! The surfaces described for machines: `/openapi.json` and `/asyncapi.json`, which refers to it, and
//! `/api/bayeux/v1/openapi.json` and `/api/feed/v1/openapi.json`.
//!
//! The documents are the gateway's and the API's; here they get addresses beside them, where nobody
//! has to log in to read them. The first two are part of every server, with or without the desk; the
//! others are there where the API and the feed are.

use std::sync::LazyLock;

use blake2::{Blake2s256, Digest};
use encke::gateway::{ASYNCAPI, OPENAPI};
use http::header::ALLOW;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::answer::{self, Answer};
use crate::{api, feed, pages};

/// Where the description of the API is.
pub(crate) const API: &str = "/api/bayeux/v1/openapi.json";

/// Where the description of the feed is.
pub(crate) const FEED: &str = "/api/feed/v1/openapi.json";

/// One document.
#[derive(Debug)]
pub(crate) struct Document {
    text: &'static str,
    hash: [u8; 32],
}

impl Document {
    fn new(text: &'static str) -> Self {
        Self { text, hash: Blake2s256::digest(text).into() }
    }
}

static OF_GATEWAY: LazyLock<Document> = LazyLock::new(|| Document::new(OPENAPI));
static OF_NOTIFICATIONS: LazyLock<Document> = LazyLock::new(|| Document::new(ASYNCAPI));
static OF_API: LazyLock<Document> = LazyLock::new(|| Document::new(api::DESCRIPTION));
static OF_FEED: LazyLock<Document> = LazyLock::new(|| Document::new(feed::DESCRIPTION));

/// The document at a path; `None` for any other path.
pub(crate) fn of(path: &str, has_api: bool, has_feed: bool) -> Option<&'static Document> {
    match path {
        "/openapi.json" => Some(&OF_GATEWAY),
        "/asyncapi.json" => Some(&OF_NOTIFICATIONS),
        API if has_api => Some(&OF_API),
        FEED if has_feed => Some(&OF_FEED),
        _ => None,
    }
}

/// Answers with a document.
pub(crate) fn answer(document: &'static Document, method: &Method, headers: &HeaderMap) -> Answer {
    if matches!(*method, Method::GET | Method::HEAD) {
        let text = || document.text.into();
        return pages::revalidated(&document.hash, "application/json", headers, text);
    }
    let mut refused = answer::status(StatusCode::METHOD_NOT_ALLOWED, 10, "this is read with GET");
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    refused
}
