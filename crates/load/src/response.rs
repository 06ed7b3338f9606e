//! Bytes that come in: where a response ends, and what it says.
//!
//! [`frame`] looks at what has arrived so far and does no IO. It knows bodies by content length
//! and by chunks (RFC 9112, 6.2 and 7.1), skips interim responses, and refuses a body that ends
//! with the connection: a poll's connection is to be used again.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Most bytes of a response, head and framing included.
pub(crate) const MAX_RESPONSE_BYTES: usize = 16 << 20;

/// Most bytes of a head.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// One response, borrowed from what was read.
#[derive(Debug, PartialEq)]
pub(crate) struct Response<'a> {
    /// The status code.
    pub(crate) status: u16,
    /// Header lines, without the status line.
    pub(crate) headers: &'a str,
    /// The body without its framing.
    pub(crate) body: Cow<'a, [u8]>,
    /// Bytes of the whole response.
    pub(crate) length: usize,
    /// Whether the server will close the connection.
    pub(crate) close: bool,
}

impl<'a> Response<'a> {
    /// Values of all headers of this name, trimmed.
    pub(crate) fn values(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        values(self.headers, name)
    }
}

pub(crate) fn values<'a>(headers: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.split('\n').filter_map(move |line| {
        let key = line.as_bytes().get(..name.len())?;
        if line.as_bytes().get(name.len()) != Some(&b':')
            || !key.eq_ignore_ascii_case(name.as_bytes())
        {
            return None;
        }
        line.get(name.len() + 1..).map(str::trim)
    })
}

/// Status, header lines and length of the head at the beginning of `bytes`.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<(u16, &str, usize)>, ResponseError> {
    let Some(length) = head_end(bytes) else {
        let longest = if bytes.len() > MAX_HEAD_BYTES { Some(bytes.len()) } else { None };
        return longest.map_or(Ok(None), |length| Err(ResponseError::TooLong(length)));
    };
    let head = bytes.get(..length).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| ResponseError::Head)?;
    let line = memchr::memchr(b'\n', head.as_bytes()).ok_or(ResponseError::Head)?;
    let (status_line, headers) = head.split_at(line + 1);
    let status = status(status_line.trim_end()).ok_or(ResponseError::Head)?;
    Ok(Some((status, headers, length)))
}

/// The response at the beginning of `bytes`; `None` if more bytes are needed.
pub(crate) fn frame(bytes: &[u8]) -> Result<Option<Response<'_>>, ResponseError> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some((status, headers, head_length)) = head(rest)? else { return Ok(None) };
        at += head_length;
        if (100..200).contains(&status) {
            continue;
        }
        let framing = Framing::read(headers)?;
        let close = framing.close || rest.starts_with(b"HTTP/1.0");
        let Some((body, length)) = body(bytes, at, status, framing)? else { return Ok(None) };
        return Ok(Some(Response { status, headers, body, length, close }));
    }
}

/// Bytes up to and with the empty line.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let window = bytes.get(..bytes.len().min(MAX_HEAD_BYTES))?;
    // Lines are long: the end of one is found faster than four bytes are looked for everywhere.
    memchr::memchr_iter(b'\n', window)
        .find(|at| window.get(at.saturating_sub(3)..=*at) == Some(b"\r\n\r\n"))
        .map(|at| at + 1)
}

fn status(line: &str) -> Option<u16> {
    let mut parts = line.split(' ');
    parts.next().filter(|version| version.starts_with("HTTP/1."))?;
    parts.next().filter(|code| code.len() == 3)?.parse().ok()
}

/// A body without its framing, and the length of the whole response; `None` if bytes are missing.
type Framed<'a> = Result<Option<(Cow<'a, [u8]>, usize)>, ResponseError>;

/// The body that begins at `at`, and the length of the whole response.
fn body(bytes: &[u8], at: usize, status: u16, framing: Framing) -> Framed<'_> {
    if status == 204 || status == 304 {
        return Ok(Some((Cow::Borrowed(&[]), at)));
    }
    if framing.chunked {
        return chunks(bytes, at);
    }
    let length = framing.length.ok_or(ResponseError::Unframed)?;
    if length > MAX_RESPONSE_BYTES {
        return Err(ResponseError::TooLong(length));
    }
    Ok(bytes.get(at..at + length).map(|body| (Cow::Borrowed(body), at + length)))
}

/// What the headers say about the body and the connection, found in one walk.
#[derive(Clone, Copy, Debug, Default)]
struct Framing {
    length: Option<usize>,
    chunked: bool,
    close: bool,
}

impl Framing {
    fn read(headers: &str) -> Result<Self, ResponseError> {
        let mut framing = Self::default();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', headers.as_bytes()) {
            let line = headers.get(start..end).unwrap_or_default();
            start = end + 1;
            // The first letter leaves few lines to look at.
            if !matches!(line.as_bytes().first(), Some(b'C' | b'c' | b'T' | b't')) {
                continue;
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                framing.length = Some(value.parse().map_err(|_| ResponseError::Head)?);
            } else if name.eq_ignore_ascii_case("connection") {
                framing.close |= value.eq_ignore_ascii_case("close");
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                framing.chunked |= value.eq_ignore_ascii_case("chunked");
            }
        }
        Ok(framing)
    }
}

fn chunks(bytes: &[u8], mut at: usize) -> Framed<'_> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut total = 0;
    loop {
        let Some((line, after)) = line(bytes, at) else { return Ok(None) };
        let size = std::str::from_utf8(line).map_err(|_| ResponseError::Chunk)?;
        let size = size.split(';').next().unwrap_or(size).trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| ResponseError::Chunk)?;
        total += size.min(MAX_RESPONSE_BYTES + 1);
        if total > MAX_RESPONSE_BYTES {
            return Err(ResponseError::TooLong(total));
        }
        at = after;
        if size == 0 {
            break;
        }
        let end = at + size;
        match bytes.get(end..end + 2) {
            None => return Ok(None),
            Some(b"\r\n") => {}
            Some(_) => return Err(ResponseError::Chunk),
        }
        ranges.push(at..end);
        at = end + 2;
    }
    // Trailers, up to an empty line.
    loop {
        let Some((trailer, after)) = line(bytes, at) else { return Ok(None) };
        at = after;
        if trailer.is_empty() {
            break;
        }
    }
    let part = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
    let body = match ranges.as_slice() {
        [] => Cow::Borrowed(&[][..]),
        [one] => Cow::Borrowed(part(one)),
        many => Cow::Owned(many.iter().flat_map(part).copied().collect()),
    };
    Ok(Some((body, at)))
}

/// The line that begins at `at`, and where the next one begins.
fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..)?;
    let length = rest.windows(2).position(|two| two == b"\r\n")?;
    Some((rest.get(..length)?, at + length + 2))
}

/// Why bytes are no response. All of these are the server's mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ResponseError {
    /// The head is no HTTP/1 head.
    Head,
    /// Neither a content length nor chunks.
    Unframed,
    /// A chunk breaks the grammar.
    Chunk,
    /// A WebSocket frame that no server should send.
    Frame,
    /// Longer than what is accepted.
    TooLong(usize),
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("the head of a response is broken"),
            Self::Unframed => f.write_str("a response has neither a content length nor chunks"),
            Self::Chunk => f.write_str("a chunk of a response is broken"),
            Self::Frame => f.write_str("a WebSocket frame is broken"),
            Self::TooLong(_) => f.write_str("a response is too long"),
        }
    }
}

impl std::error::Error for ResponseError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames a response and makes sure that no beginning of it is taken for the whole.
    fn whole(text: &str) -> Response<'_> {
        for cut in 0..text.len() {
            assert_eq!(frame(&text.as_bytes()[..cut]), Ok(None), "after {cut} bytes");
        }
        let response = frame(text.as_bytes()).unwrap().unwrap();
        assert_eq!(response.length, text.len());
        response
    }

    #[test]
    fn a_content_length_ends_a_body() {
        let text = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nset-cookie:  c=d \r\n\
                    content-length: 4\r\n\r\nbody";
        let response = whole(text);
        assert_eq!((response.status, &*response.body), (200, &b"body"[..]));
        assert_eq!(response.values("Set-Cookie").collect::<Vec<_>>(), ["a=b", "c=d"]);
        assert!(!response.close);
        let more = format!("{text}HTTP/1.1 ");
        assert_eq!(frame(more.as_bytes()).unwrap().unwrap().length, text.len());
    }

    #[test]
    fn chunks_end_with_an_empty_one() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                    3;x=y\r\nab\r\r\n0A\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
        assert_eq!(&*whole(text).body, b"ab\r0123456789");
        let one = "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n";
        assert!(matches!(whole(one).body, Cow::Borrowed(b"[]")));
        let none = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        assert_eq!(&*whole(none).body, b"");
    }

    #[test]
    fn interim_responses_are_skipped() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(whole(text).status, 408);
    }

    #[test]
    fn a_server_may_say_that_it_closes() {
        assert!(whole("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n").close);
        assert!(whole("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").close);
        assert!(whole("HTTP/1.1 204 None\r\nconnection: close\r\n\r\n").close);
    }

    #[test]
    fn broken_responses_are_refused() {
        for (text, error) in [
            ("SMTP 220\r\n\r\n", ResponseError::Head),
            ("HTTP/1.1 2000 OK\r\n\r\n", ResponseError::Head),
            ("HTTP/1.1 200 OK\r\n\r\n", ResponseError::Unframed),
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", ResponseError::Head),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", ResponseError::Chunk),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", ResponseError::Chunk),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                ResponseError::TooLong(99_999_999_999),
            ),
        ] {
            assert_eq!(frame(text.as_bytes()), Err(error), "{text:?}");
        }
        assert!(matches!(frame(&vec![b'a'; 70_000]), Err(ResponseError::TooLong(_))));
    }
}
