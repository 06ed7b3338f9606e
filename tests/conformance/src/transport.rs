//! The ways to a server that the suite knows.

use std::fmt;

/// A transport by its Bayeux connection type.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    /// POSTs of JSON arrays.
    LongPolling,
    /// GETs with `jsonp` and `message`, answered by scripts.
    CallbackPolling,
    /// Text frames over one upgraded connection.
    WebSocket,
}

impl Transport {
    /// Every transport that the suite knows.
    pub const ALL: [Self; 3] = [Self::LongPolling, Self::CallbackPolling, Self::WebSocket];

    /// The Bayeux connection type.
    pub fn name(self) -> &'static str {
        match self {
            Self::LongPolling => "long-polling",
            Self::CallbackPolling => "callback-polling",
            Self::WebSocket => "websocket",
        }
    }

    /// Whether messages leave only in answer to a request.
    pub(crate) fn polls(self) -> bool {
        !matches!(self, Self::WebSocket)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
