//! Lines out of a body that comes in pieces.

use bytes::{Buf as _, Bytes, BytesMut};

/// A line is longer than it may be, so where the next one begins is not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooLong;

/// What has come and was not taken yet: at most the start of a line, and one piece of the body.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// So much of it holds no end of a line.
    searched: usize,
    longest: usize,
}

impl Lines {
    pub(super) fn new(longest: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, longest }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole line, without its end.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return if self.searched > self.longest { Err(TooLong) } else { Ok(None) };
        };
        let end = self.searched + at;
        self.searched = 0;
        if end > self.longest {
            return Err(TooLong);
        }
        let line = self.buffer.split_to(end).freeze();
        self.buffer.advance(1);
        Ok(Some(line))
    }

    /// What is left at the end of the body: a line that lacks its end.
    pub(super) fn rest(&mut self) -> Bytes {
        self.searched = 0;
        self.buffer.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_wherever_the_body_is_cut() {
        let body = b"{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":3}";
        for cut in 0..=body.len() {
            let mut lines = Lines::new(10);
            let mut seen = Vec::new();
            for piece in [&body[..cut], &body[cut..]] {
                lines.push(piece);
                while let Some(line) = lines.next().unwrap() {
                    seen.push(line);
                }
            }
            assert_eq!(seen, [&b"{\"a\":1}"[..], b"", b"{\"b\":2}\r"], "{cut}");
            assert_eq!(lines.rest(), &b"{\"c\":3}"[..]);
        }
    }

    #[test]
    fn line_that_is_too_long_is_found_with_and_without_its_end() {
        let mut lines = Lines::new(3);
        lines.push(b"abc\nabcd");
        assert_eq!(lines.next().unwrap().unwrap(), &b"abc"[..]);
        assert_eq!(lines.next(), Err(TooLong));
        let mut lines = Lines::new(3);
        lines.push(b"abcd\n");
        assert_eq!(lines.next(), Err(TooLong));
    }
}
