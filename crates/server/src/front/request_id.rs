//! A client's name for its request, given back in the answer and written to the log, so that both
//! sides' logs can be joined.
//!
//! Every answer has it that is given at once, refusals included; a poll that is held does not, since
//! nothing of its request is kept.

use http::{HeaderMap, HeaderName, HeaderValue};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is given back, in bytes. A longer one is passed over.
const MAX_BYTES: usize = 128;

/// The id of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// The id, if the request has one.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let id = headers.get(HEADER).filter(|id| id.len() <= MAX_BYTES)?;
        // A copy of its own: the one in the request shares the read buffer of the connection.
        HeaderValue::from_bytes(id.as_bytes()).ok().map(Self)
    }

    /// The id as text; what is no ASCII is not shown.
    pub(super) fn text(&self) -> &str {
        self.0.to_str().unwrap_or("(not text)")
    }

    /// Puts the id into an answer.
    pub(super) fn give_back(self, headers: &mut HeaderMap) {
        headers.insert(HEADER, self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_given_back_unless_it_is_too_long() {
        let with = |id: &str| {
            let mut asked = HeaderMap::new();
            asked.insert(HEADER, HeaderValue::from_str(id).unwrap());
            let mut answer = HeaderMap::new();
            if let Some(id) = RequestId::of(&asked) {
                id.give_back(&mut answer);
            }
            answer.get(HEADER).map(|id| id.to_str().unwrap().to_owned())
        };
        let longest = "x".repeat(MAX_BYTES);
        assert_eq!(with("r-17"), Some("r-17".to_owned()));
        assert_eq!(with(&longest), Some(longest.clone()));
        assert_eq!(with(&format!("{longest}x")), None);
        assert_eq!(RequestId::of(&HeaderMap::new()), None);
    }
}
