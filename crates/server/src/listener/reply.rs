//! Writing the response to a parked poll: HTTP/1.1 framing of an answer whose size is known.
//!
//! Head and body leave together, in one call to the kernel where they fit.

use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::header::CONNECTION;
use http::response::Parts;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use httpdate::HttpDate;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::answer::Answer;

/// Room for the head of a usual answer.
const HEAD: usize = 384;

/// Body that is copied behind its head; a longer one is handed to the kernel beside it.
const COPIED: usize = 8 << 10;

/// Writes `answer`, and that the connection `closes` where it does. `unix_ms` is the time of day.
///
/// # Errors
///
/// The stream's. The answer's body fails only if it is no whole one.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    answer: Answer,
    closes: bool,
    unix_ms: u64,
) -> io::Result<()> {
    let (mut parts, body) = answer.into_parts();
    let body = whole(body).await?;
    let date = HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_millis(unix_ms));
    parts.headers.remove(CONNECTION);
    let copied = if body.len() > COPIED { 0 } else { body.len() };
    let mut text = BytesMut::with_capacity(HEAD + copied);
    head(&mut (&mut text).writer(), &parts)?;
    let closes = if closes { "connection: close\r\n" } else { "" };
    write!((&mut text).writer(), "content-length: {}\r\ndate: {date}\r\n{closes}\r\n", body.len())?;
    if copied == body.len() {
        text.extend_from_slice(&body);
        stream.write_all(&text).await?;
    } else {
        stream.write_all_buf(&mut text.chain(body)).await?;
    }
    stream.flush().await
}

/// The bytes of a body. That of a poll is one frame, which need not be copied.
async fn whole(mut body: Body) -> io::Result<Bytes> {
    let first = match body.frame().await {
        Some(frame) => frame.map_err(io::Error::other)?.into_data().unwrap_or_default(),
        None => Bytes::new(),
    };
    if body.is_end_stream() {
        return Ok(first);
    }
    let rest = body.collect().await.map_err(io::Error::other)?.to_bytes();
    Ok(if rest.is_empty() { first } else { [first, rest].concat().into() })
}

/// The status line and the headers of the answer itself.
fn head(text: &mut impl io::Write, Parts { status, headers, .. }: &Parts) -> io::Result<()> {
    write!(text, "HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or(""))?;
    for (name, value) in headers {
        text.write_all(name.as_str().as_bytes())?;
        text.write_all(b": ")?;
        text.write_all(value.as_bytes())?;
        text.write_all(b"\r\n")?;
    }
    Ok(())
}
