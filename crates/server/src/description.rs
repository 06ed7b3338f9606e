//! `/openapi.json`: the REST surface described for machines.
//!
//! The document is the gateway's; here it gets an address beside `/api/v2`, where nobody has to
//! log in to read it. It is part of every server, with or without the desk.

use std::sync::LazyLock;

use blake2::{Blake2s256, Digest};
use encke::gateway::OPENAPI;
use http::header::ALLOW;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::answer::{self, Answer};
use crate::pages;

static HASH: LazyLock<[u8; 32]> = LazyLock::new(|| Blake2s256::digest(OPENAPI).into());

/// Answers for the one path, or `None` for any other.
pub(crate) fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Option<Answer> {
    if path != "/openapi.json" {
        return None;
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        return Some(pages::revalidated(&HASH, "application/json", headers, || OPENAPI.into()));
    }
    let mut refused = answer::status(StatusCode::METHOD_NOT_ALLOWED, 10, "this is read with GET");
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    Some(refused)
}
