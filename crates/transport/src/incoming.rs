//! What comes in: is it a request for us, and what is its body.
//!
//! # Sources
//!
//! Observed: CometD takes any content type and none. A charset other than UTF-8 is refused here.

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method};
use http_body::Body;
use http_body_util::BodyExt;

use crate::refusal::Refusal;

/// Refuses what is no POST of plain UTF-8.
pub(crate) fn check(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if method == Method::OPTIONS {
        return Err(Refusal::Options);
    }
    if method != Method::POST {
        return Err(Refusal::Method);
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Refusal::Encoding);
    }
    let content_type = headers.get(CONTENT_TYPE);
    // What the protocol's libraries send need not be looked at closely.
    if content_type.is_some_and(|value| value == "application/json;charset=UTF-8") {
        return Ok(());
    }
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or("");
    let charset = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    match charset {
        Some(charset)
            if !["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| charset.eq_ignore_ascii_case(known)) =>
        {
            Err(Refusal::Charset)
        }
        _ => Ok(()),
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read_body<B: Body>(body: B, limit: usize) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::TooLarge(limit));
    }
    let mut body = std::pin::pin!(body);
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| Refusal::Aborted)?.into_data() else {
            continue;
        };
        let length = bytes::Buf::remaining(&data);
        if first.as_ref().map_or(0, Bytes::len) + rest.len() + length > limit {
            return Err(Refusal::TooLarge(limit));
        }
        let data = bytes::Buf::copy_to_bytes(&mut data, length);
        // Nearly every body comes in one frame, which then need not be copied.
        match &first {
            None => first = Some(data),
            Some(_) => rest.extend_from_slice(&data),
        }
    }
    let first = first.unwrap_or_default();
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}
