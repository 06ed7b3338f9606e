//! One message out, acknowledged before the next.
//!
//! A publisher speaks for a session on a connection of its own, as browsers do, so that the
//! session's poll stays held. Messages leave strictly one after the other: their order at the
//! server is the order of their numbers.

use encke_bayeux::ChannelName;

use crate::connection::Connection;
use crate::request::{self, json_string};
use crate::session::{ANSWER_DEADLINE, Identity, SessionError, accepted_publish};

/// Publishes for one session on one channel.
#[derive(Debug)]
pub(crate) struct Publisher {
    identity: Identity,
    connection: Connection,
    channel: ChannelName,
    /// The message up to its data.
    before: String,
    body: String,
}

impl Publisher {
    /// Opens the connection.
    pub(crate) async fn open(
        identity: Identity,
        channel: &ChannelName,
    ) -> Result<Self, SessionError> {
        let connection = Connection::open(identity.target.address(), None).await?;
        let before = format!(
            r#"[{{"channel":{},"clientId":{},"id":"4","data":"#,
            json_string(channel.as_str()),
            json_string(&identity.client_id),
        );
        Ok(Self { identity, connection, channel: channel.clone(), before, body: String::new() })
    }

    /// Publishes `data`, which is JSON text, and waits for the server's yes.
    pub(crate) async fn publish(&mut self, data: &str) -> Result<(), SessionError> {
        self.body.clear();
        self.body.push_str(&self.before);
        self.body.push_str(data);
        self.body.push_str("}]");
        let request = request::post(&self.identity.target, &self.identity.cookies, &self.body);
        let answer = async {
            self.connection.send(&request).await?;
            self.connection.receive().await
        };
        let response = tokio::time::timeout(ANSWER_DEADLINE, answer)
            .await
            .map_err(|_| SessionError::Late)??;
        let close = response.close;
        accepted_publish(response.status, &response.body, &self.channel)?;
        if close {
            self.connection = Connection::open(self.identity.target.address(), None).await?;
        }
        Ok(())
    }
}
