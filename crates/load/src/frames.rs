//! WebSocket messages in a byte stream: what is sent, and where what arrives ends.
//!
//! The header of a frame and the keys of the upgrade are the library's; reading and writing is the
//! engine's, so that a socket that waits costs no buffer. A message in several frames is refused:
//! no Bayeux server sends one, and none is needed for what fits in a response.
//!
//! # Sources
//!
//! Specified: RFC 6455, 4.1 (upgrade), 5.2 (frames), 5.3 (masks). Observed: Bayeux servers push
//! messages in frames of their own and answer a request in one.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::cookie::Cookies;
use crate::response::{MAX_RESPONSE_BYTES, ResponseError};
use crate::target::Target;

/// What a frame is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Frame<'a> {
    /// A whole message.
    Text(&'a [u8]),
    /// To be answered with the same bytes.
    Ping(&'a [u8]),
    /// The server is about to close.
    Close,
    /// Nothing to do.
    Pong,
}

/// The frame at the beginning of `bytes` and its length; `None` if more bytes are needed.
pub(crate) fn frame(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, ResponseError> {
    let mut cursor = Cursor::new(bytes);
    let header = FrameHeader::parse(&mut cursor).map_err(|_| ResponseError::Frame)?;
    let Some((header, length)) = header else { return Ok(None) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MAX_RESPONSE_BYTES {
        return Err(ResponseError::TooLong(length));
    }
    if !header.is_final || header.mask.is_some() || header.rsv1 || header.rsv2 || header.rsv3 {
        return Err(ResponseError::Frame);
    }
    let start = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
    let Some(payload) = bytes.get(start..start + length) else { return Ok(None) };
    let frame = match header.opcode {
        OpCode::Data(Data::Text) => Frame::Text(payload),
        OpCode::Control(Control::Ping) => Frame::Ping(payload),
        OpCode::Control(Control::Pong) => Frame::Pong,
        OpCode::Control(Control::Close) => Frame::Close,
        _ => return Err(ResponseError::Frame),
    };
    Ok(Some((frame, start + length)))
}

/// Appends a masked frame.
pub(crate) fn write(opcode: OpCode, payload: &[u8], mask: u32, out: &mut Vec<u8>) {
    let mask = mask.to_be_bytes();
    let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
    header.format(payload.len() as u64, out).expect("writing to a Vec does not fail");
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// A text message.
pub(crate) const TEXT: OpCode = OpCode::Data(Data::Text);

/// The answer to a ping.
pub(crate) const PONG: OpCode = OpCode::Control(Control::Pong);

/// The request for an upgrade, and what the server has to answer it with.
pub(crate) fn upgrade(target: &Target, cookies: &Cookies) -> (Vec<u8>, String) {
    let key = generate_key();
    let mut head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n",
        target.path(),
        target.authority(),
    );
    crate::request::identify(target, cookies, &mut head);
    head.push_str("\r\n");
    (head.into_bytes(), derive_accept_key(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_server(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let header = FrameHeader { opcode, ..FrameHeader::default() };
        header.format(payload.len() as u64, &mut bytes).unwrap();
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn frames_end_where_they_say() {
        for length in [0, 2, 125, 126, 70_000] {
            let payload = vec![b'a'; length];
            let mut bytes = from_server(TEXT, &payload);
            let whole = bytes.len();
            for cut in [0, 1, whole / 2, whole - 1] {
                assert_eq!(frame(&bytes[..cut]), Ok(None), "{cut} of {whole}");
            }
            bytes.extend_from_slice(b"more");
            assert_eq!(frame(&bytes), Ok(Some((Frame::Text(&payload), whole))));
        }
        let ping = from_server(OpCode::Control(Control::Ping), b"x");
        assert_eq!(frame(&ping), Ok(Some((Frame::Ping(b"x"), ping.len()))));
    }

    #[test]
    fn what_is_sent_is_masked() {
        let mut bytes = Vec::new();
        write(TEXT, b"[{}]", 0x0102_0304, &mut bytes);
        assert_eq!(bytes, [0x81, 0x84, 1, 2, 3, 4, b'[' ^ 1, b'{' ^ 2, b'}' ^ 3, b']' ^ 4]);
        assert_eq!(frame(&bytes), Err(ResponseError::Frame), "servers do not mask");
    }

    #[test]
    fn pieces_and_monsters_are_refused() {
        assert_eq!(frame(&[0x01, 0x00]), Err(ResponseError::Frame), "not final");
        assert_eq!(frame(&[0x82, 0x00]), Err(ResponseError::Frame), "binary");
        assert_eq!(frame(&[0xc1, 0x00]), Err(ResponseError::Frame), "compressed");
        let monster = [0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0];
        assert!(matches!(frame(&monster), Err(ResponseError::TooLong(_))));
    }
}
