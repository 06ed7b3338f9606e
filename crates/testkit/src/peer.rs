//! A small Bayeux long-polling client.
//!
//! A [`Peer`] does nothing by itself: the test drives each request, so what happens between two of
//! them is known. Every message that a response carries is kept in order, whichever request it
//! rode on, with its text as it stood on the wire. Polls and everything else share one connection;
//! for a request beside a held poll, use a second peer or [`Peer::twin`].

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::login::Cookies;
use crate::{Connection, Login, Request, Response, Server};

/// The Bayeux endpoint of GWS.
pub const GWS: &str = "/api/v2/notifications";
/// The generic Bayeux endpoint.
pub const PLAIN: &str = "/cometd";

/// A delivered message.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The channel it came on.
    pub channel: String,
    /// The whole message as it stood in the response.
    pub text: String,
}

impl Delivery {
    /// The whole message.
    pub fn message(&self) -> Value {
        serde_json::from_str(&self.text).expect("a delivered message was parsed before")
    }

    /// Its `data` member; null if there is none.
    pub fn data(&self) -> Value {
        self.message()["data"].take()
    }
}

/// One client, from its handshake on.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    connection: Connection,
    endpoint: String,
    login: Option<Login>,
    cookies: Cookies,
    client_id: String,
    last_id: u64,
    inbox: VecDeque<Delivery>,
}

impl Peer {
    /// A peer that has sent nothing yet.
    pub async fn new(server: &Server, endpoint: &str, login: Option<Login>) -> Self {
        Self::at(server.address(), endpoint, login).await
    }

    /// The same for a server that listens here.
    pub async fn at(address: SocketAddr, endpoint: &str, login: Option<Login>) -> Self {
        Self {
            address,
            connection: Connection::open(address).await.expect("the server accepts"),
            endpoint: endpoint.to_owned(),
            login,
            cookies: Cookies::default(),
            client_id: String::new(),
            last_id: 0,
            inbox: VecDeque::new(),
        }
    }

    /// Shakes hands, subscribes and does the first connect: a client that is up.
    ///
    /// # Panics
    ///
    /// If any of it is refused.
    pub async fn up(
        server: &Server,
        endpoint: &str,
        login: Option<Login>,
        channels: &[&str],
    ) -> Self {
        let mut peer = Self::new(server, endpoint, login).await;
        peer.handshake().await;
        for channel in channels {
            let reply = peer.subscribe(channel).await;
            assert_eq!(reply["successful"], true, "subscription to {channel}: {reply}");
        }
        let reply = peer.connect(Some(0)).await.expect("the first connect is answered");
        assert_eq!(reply["successful"], true, "first connect: {reply}");
        peer
    }

    /// An agent's desk on the GWS endpoint.
    pub async fn desk(server: &Server, user: &str, channels: &[&str]) -> Self {
        Self::up(server, GWS, Some(Login::demo(user)), channels).await
    }

    /// A second connection of the same session, for a request beside a held poll.
    pub async fn twin(&self) -> Self {
        Self {
            address: self.address,
            connection: Connection::open(self.address).await.expect("the server accepts"),
            endpoint: self.endpoint.clone(),
            login: self.login.clone(),
            cookies: self.cookies.clone(),
            client_id: self.client_id.clone(),
            last_id: self.last_id + 1_000_000,
            inbox: VecDeque::new(),
        }
    }

    /// The client id of its session.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Pretends to be the session of this client id.
    pub fn forge_client_id(&mut self, client_id: &str) {
        client_id.clone_into(&mut self.client_id);
    }

    /// The value of a cookie it was given.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name)
    }

    /// Relies on its cookies alone from now on.
    pub fn forget_login(&mut self) {
        self.login = None;
    }

    /// Shows these credentials from now on, and no session cookie that came with others.
    pub fn log_in(&mut self, login: Login) {
        self.cookies.forget("JSESSIONID");
        self.login = Some(login);
    }

    /// Shakes hands.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub async fn handshake(&mut self) {
        self.handshake_with(&Value::Null).await;
    }

    /// Shakes hands with this `ext`; the reply.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub async fn handshake_with(&mut self, ext: &Value) -> Value {
        let mut message = json!({
            "channel": "/meta/handshake",
            "version": "1.0",
            "minimumVersion": "1.0",
            "supportedConnectionTypes": ["long-polling"],
            "advice": {"timeout": 60000, "interval": 0},
        });
        if !ext.is_null() {
            message["ext"] = ext.clone();
        }
        let reply = self.ask(message).await;
        assert_eq!(reply["successful"], true, "handshake: {reply}");
        reply["clientId"].as_str().expect("a client id").clone_into(&mut self.client_id);
        reply
    }

    /// Subscribes to a channel or pattern; the reply.
    pub async fn subscribe(&mut self, channel: &str) -> Value {
        self.ask(json!({"channel": "/meta/subscribe", "subscription": channel})).await
    }

    /// Unsubscribes; the reply.
    pub async fn unsubscribe(&mut self, channel: &str) -> Value {
        self.ask(json!({"channel": "/meta/unsubscribe", "subscription": channel})).await
    }

    /// Publishes JSON text as it is; the reply.
    pub async fn publish(&mut self, channel: &str, data: &str) -> Value {
        let id = self.next_id();
        let body = format!(
            r#"[{{"channel":"{channel}","clientId":"{}","id":"{id}","data":{data}}}]"#,
            self.client_id
        );
        let mut replies = self.post(body).await.expect("a publish is answered");
        assert_eq!(replies.len(), 1, "one reply to one publish: {replies:?}");
        replies.remove(0)
    }

    /// Ends the session; the reply.
    pub async fn disconnect(&mut self) -> Value {
        self.ask(json!({"channel": "/meta/disconnect"})).await
    }

    /// One poll, held for as long as the server does or for `hold_ms`; the reply.
    ///
    /// # Errors
    ///
    /// The connection's, and any status but 200.
    pub async fn connect(&mut self, hold_ms: Option<u64>) -> io::Result<Value> {
        let mut message = json!({"channel": "/meta/connect", "connectionType": "long-polling"});
        if let Some(timeout) = hold_ms {
            message["advice"] = json!({"timeout": timeout});
        }
        let replies = self.send(vec![message]).await?;
        replies
            .into_iter()
            .find(|reply| reply["channel"] == "/meta/connect")
            .ok_or_else(|| io::Error::other("no reply to a connect"))
    }

    /// Polls until `count` messages lie in the inbox, then takes all that are there.
    ///
    /// # Panics
    ///
    /// Past the deadline, with what had come.
    pub async fn expect(&mut self, count: usize, deadline: Duration) -> Vec<Delivery> {
        let polling = async {
            while self.inbox.len() < count {
                let reply = self.connect(None).await.expect("a poll is answered");
                assert_eq!(reply["successful"], true, "poll: {reply}");
            }
        };
        if timeout(deadline, polling).await.is_err() {
            panic!(
                "{} of {count} messages within {deadline:?}: {:#?}",
                self.inbox.len(),
                self.inbox
            );
        }
        self.take()
    }

    /// Asks once without being held, then takes all that has come: what is queued now.
    pub async fn drain(&mut self) -> Vec<Delivery> {
        let reply = self.connect(Some(0)).await.expect("a poll is answered");
        assert_eq!(reply["successful"], true, "poll: {reply}");
        self.take()
    }

    /// Takes what has come so far, in order.
    pub fn take(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.inbox).into()
    }

    /// Sends one message with the session's id and its own; its reply.
    ///
    /// # Panics
    ///
    /// If there is not exactly one reply.
    pub async fn ask(&mut self, message: Value) -> Value {
        let channel = message["channel"].clone();
        let mut replies = self.send(vec![message]).await.expect("a message is answered");
        assert_eq!(replies.len(), 1, "one reply to one message on {channel}: {replies:?}");
        replies.remove(0)
    }

    /// Sends a batch, each message with the session's id and its own; the replies in order.
    ///
    /// # Errors
    ///
    /// The connection's, and any status but 200.
    pub async fn send(&mut self, mut messages: Vec<Value>) -> io::Result<Vec<Value>> {
        for message in &mut messages {
            message["id"] = json!(self.next_id());
            if message["channel"] != "/meta/handshake" {
                message["clientId"] = json!(self.client_id);
            }
        }
        self.post(Value::from(messages).to_string()).await
    }

    /// Posts a body as it is; the replies in order, the deliveries into the inbox.
    ///
    /// # Errors
    ///
    /// The connection's, and any status but 200.
    pub async fn post(&mut self, body: String) -> io::Result<Vec<Value>> {
        let response = self.post_raw(body).await?;
        if response.status != 200 {
            return Err(io::Error::other(format!("{} {}", response.status, response.text())));
        }
        self.sort(&response)
    }

    /// Posts a body as it is; the response as it is.
    ///
    /// # Errors
    ///
    /// The connection's.
    pub async fn post_raw(&mut self, body: String) -> io::Result<Response> {
        let mut request = Request::json(&self.endpoint, body);
        if let Some(login) = &self.login {
            request = request.login(login);
        }
        if let Some(cookies) = self.cookies.header() {
            request = request.header("cookie", &cookies);
        }
        let response = self.connection.exchange(&request).await?;
        for (name, value) in &response.headers {
            if name == "set-cookie" {
                self.cookies.accept(value);
            }
        }
        Ok(response)
    }

    /// Tells replies, which have `successful`, from deliveries, which never do.
    fn sort(&mut self, response: &Response) -> io::Result<Vec<Value>> {
        #[derive(Deserialize)]
        struct Head {
            channel: Option<String>,
            successful: Option<bool>,
        }
        let messages: Vec<&RawValue> = serde_json::from_slice(&response.body)?;
        let mut replies = Vec::new();
        for message in messages {
            let head: Head = serde_json::from_str(message.get())?;
            match (head.successful, head.channel) {
                (None, Some(channel)) => {
                    self.inbox.push_back(Delivery { channel, text: message.get().to_owned() });
                }
                _ => replies.push(serde_json::from_str(message.get())?),
            }
        }
        Ok(replies)
    }

    fn next_id(&mut self) -> String {
        self.last_id += 1;
        self.last_id.to_string()
    }
}
