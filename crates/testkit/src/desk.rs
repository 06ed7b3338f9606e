//! A desk that remembers the position of the last notification it showed.
//!
//! It outlives its sessions, its connections and the server: [`Desk::come_back`] shakes hands anew
//! and subscribes where it left off.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::peer::GWS;
use crate::{DEADLINE, Login, Peer};

/// One desk with one subscription on the GWS endpoint.
#[derive(Debug)]
pub struct Desk {
    user: String,
    channel: String,
    position: Option<u64>,
    shown: Vec<(u64, Value)>,
    session: Option<Peer>,
}

impl Desk {
    /// A desk of one of the demo's people that has shown nothing yet.
    pub fn new(user: &str, channel: &str) -> Self {
        let (user, channel) = (user.to_owned(), channel.to_owned());
        Self { user, channel, position: None, shown: Vec::new(), session: None }
    }

    /// The position it would go on from.
    pub fn position(&self) -> Option<u64> {
        self.position
    }

    /// Position and data of every notification shown so far, in order.
    pub fn shown(&self) -> &[(u64, Value)] {
        &self.shown
    }

    /// Shakes hands, subscribes where it left off, and takes everything there is; what the server
    /// says of its log.
    ///
    /// # Panics
    ///
    /// If anything is refused, or a notification comes without a position or out of order.
    pub async fn come_back(&mut self, address: SocketAddr) -> Value {
        let mut peer = Peer::at(address, GWS, Some(Login::demo(&self.user))).await;
        let reply = peer.handshake_with(&json!({"replay": true})).await;
        assert_eq!(reply["ext"]["replay"], true, "the endpoint keeps a log: {reply}");
        let from = self.position.map_or(json!(-1), |position| json!(position));
        let subscribe = json!({
            "channel": "/meta/subscribe", "subscription": self.channel,
            "ext": {"replay": {&self.channel: from}},
        });
        let mut reply = peer.ask(subscribe).await;
        assert_eq!(reply["successful"], true, "{} at {from}: {reply}", self.user);
        self.session = Some(peer);
        let all = async { while !self.poll(Some(0)).await.expect("a poll is answered") {} };
        timeout(DEADLINE, all).await.expect("the desk catches up");
        reply["ext"]["replay"][&self.channel].take()
    }

    /// One poll, held for as long as the server does or for `hold_ms`; whether it took all there
    /// was.
    ///
    /// # Errors
    ///
    /// The connection's, and any status but 200.
    ///
    /// # Panics
    ///
    /// As [`come_back`](Self::come_back), or without a session.
    pub async fn poll(&mut self, hold_ms: Option<u64>) -> io::Result<bool> {
        let peer = self.session.as_mut().expect("a session");
        let reply = peer.connect(hold_ms).await?;
        assert_eq!(reply["successful"], true, "{reply}");
        for delivery in peer.take() {
            let mut message = delivery.message();
            let position = message["ext"]["replay"].as_u64().expect("a message has a position");
            assert!(self.position < Some(position), "{position} after {:?}", self.position);
            self.position = Some(position);
            self.shown.push((position, message["data"].take()));
        }
        // What was published meanwhile may be in the response and beyond what it says.
        let settled = reply["ext"]["replay"].as_u64();
        self.position = self.position.max(settled);
        Ok(settled.is_some())
    }

    /// Polls until `count` notifications have been shown.
    ///
    /// # Panics
    ///
    /// Past the deadline, with what was shown.
    pub async fn expect(&mut self, count: usize, deadline: Duration) {
        let polling = async {
            while self.shown.len() < count {
                self.poll(None).await.expect("a poll is answered");
            }
        };
        let polled = timeout(deadline, polling).await;
        assert!(polled.is_ok(), "{count} notifications were expected: {:#?}", self.shown);
    }

    /// Polls until the server is gone.
    pub async fn listen(&mut self) {
        while self.poll(None).await.is_ok() {}
    }

    /// Goes away without a word; its session stays behind, or is gone with the server.
    pub fn leave(&mut self) {
        self.session = None;
    }
}
