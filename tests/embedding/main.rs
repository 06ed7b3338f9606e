//! The programs in `examples/` do what their headers say, run as anybody would run them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use encke_testkit::{Connection, DEADLINE, Request};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A running example; it dies with this value.
struct Example {
    address: SocketAddr,
    said: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Example {
    async fn start(name: &str) -> Self {
        let mut child = Command::new(binary(name))
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the example starts");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut said = BufReader::new(stdout).lines();
        let listens = async {
            while let Ok(Some(line)) = said.next_line().await {
                if let Some((_, url)) = line.split_once("listening on http://") {
                    return url.split('/').next().and_then(|address| address.parse().ok());
                }
            }
            None
        };
        let address = timeout(DEADLINE, listens).await.expect("in time");
        Self { address: address.expect("it says where it listens"), said, _child: child }
    }

    async fn says(&mut self, what: &str) {
        let heard = async {
            while let Ok(Some(line)) = self.said.next_line().await {
                if line.contains(what) {
                    return true;
                }
            }
            false
        };
        assert!(timeout(DEADLINE, heard).await.expect("in time"), "never said {what}");
    }
}

/// Cargo builds examples together with tests, into the folder beside theirs.
fn binary(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a running program has a path");
    let folder = this.ancestors().find(|path| path.ends_with("deps")).expect("a deps folder");
    let binary = folder.with_file_name("examples").join(name);
    assert!(binary.is_file(), "build the examples first: cargo build --examples");
    binary
}

/// A client on one connection, of the user that the header names.
struct Client {
    connection: Connection,
    path: &'static str,
    user: &'static str,
    id: String,
}

impl Client {
    async fn new(example: &Example, path: &'static str, user: &'static str) -> Self {
        let connection = Connection::open(example.address).await.expect("a connection");
        Self { connection, path, user, id: String::new() }
    }

    async fn shake(&mut self, ext: Value) -> Value {
        self.send(json!({"channel": "/meta/handshake", "version": "1.0", "ext": ext})).await[0]
            .take()
    }

    /// Handshake, first connect, subscription.
    async fn up(example: &Example, path: &'static str, user: &'static str, channel: &str) -> Self {
        let mut client = Self::new(example, path, user).await;
        let hello = client.shake(json!({})).await;
        client.id = hello["clientId"].as_str().expect("a session").to_owned();
        client.send(json!({"channel": "/meta/connect"})).await;
        let reply =
            client.send(json!({"channel": "/meta/subscribe", "subscription": channel})).await;
        assert_eq!(reply[0]["successful"], true);
        client
    }

    async fn send(&mut self, mut message: Value) -> Vec<Value> {
        message["clientId"] = self.id.clone().into();
        let request = Request::json(self.path, json!([message]).to_string());
        let request = request.header("X-User", self.user);
        let answer = timeout(DEADLINE, self.connection.exchange(&request)).await.expect("in time");
        serde_json::from_slice(&answer.expect("an answer").body).expect("messages")
    }

    /// The data of the next message.
    async fn next(&mut self) -> Value {
        self.send(json!({"channel": "/meta/connect"})).await[0]["data"].take()
    }
}

#[tokio::test]
async fn a_hyper_server_publishes_from_code_and_watches_subscriptions() {
    let mut example = Example::start("embed_hyper").await;
    let mut client = Client::up(&example, "/cometd", "", "/clock").await;
    example.says("subscribed to /clock").await;
    assert!(client.next().await["seconds"].is_u64());
    let mut page = Connection::open(example.address).await.expect("a connection");
    let answer = page.exchange(&Request::new("GET", "/")).await.expect("an answer");
    assert_eq!(answer.text(), "this page is mine\n");
}

#[tokio::test]
async fn an_axum_application_notifies_one_user_and_no_other() {
    let example = Example::start("embed_axum").await;
    let mut alice = Client::up(&example, "/cometd", "alice", "/me/inbox").await;
    let mut bob = Client::up(&example, "/cometd/", "bob", "/**").await;
    let mut code = Connection::open(example.address).await.expect("a connection");
    for (user, data) in [("alice", "1.10"), ("bob", "\"his own\"")] {
        let request = Request::json(&format!("/notify/{user}"), data);
        let answer = code.exchange(&request).await.expect("an answer");
        assert_eq!(answer.text(), "reached 1 sessions\n");
    }
    assert_eq!(alice.next().await.to_string(), "1.1");
    assert_eq!(bob.next().await, "his own");
}

#[tokio::test]
async fn a_foreign_core_reaches_the_desks() {
    let mut example = Example::start("call_feed").await;
    let path = "/api/v2/notifications";
    let mut alice = Client::up(&example, path, "alice", "/v2/me/calls").await;
    let notice = alice.next().await;
    assert_eq!(notice["notificationType"], "AttachedDataChanged");
    assert_eq!(notice["call"]["id"], "THEIRCALL0000000000000000000000A");
    assert_eq!(notice["call"]["userData"]["Source"], "their core");
    assert_eq!(notice["phoneNumber"], "15000");
    example.says("version").await;
}

#[tokio::test]
async fn services_answer_and_a_bot_takes_part() {
    let mut example = Example::start("embed_services").await;
    let mut client = Client::up(&example, "/cometd", "", "/chat/room").await;
    let ask = |client: &Client, channel: &str, data: Value| json!({"channel": channel, "data": data, "id": "7", "clientId": client.id});
    let call = ask(&client, "/service/echo", json!({"z": 1}));
    assert_eq!(client.send(call).await[0]["successful"], true);
    let result = client.send(json!({"channel": "/meta/connect"})).await[0].take();
    let wanted =
        json!({"channel": "/service/echo", "id": "7", "data": {"z": 1}, "successful": true});
    assert_eq!(result, wanted);
    for (data, successful) in [(json!([1, 2.5]), true), (json!("three"), false)] {
        let call = ask(&client, "/service/sum", data);
        client.send(call).await;
        let result = client.send(json!({"channel": "/meta/connect"})).await[0].take();
        assert_eq!(result["successful"], successful, "{result}");
    }
    example.says("patient with a caller: Ok(true)").await;
    let question = ask(&client, "/chat/room", json!({"name": "me", "text": "Why?"}));
    client.send(question).await;
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let messages = client.send(json!({"channel": "/meta/connect"})).await;
        heard.extend(messages.into_iter().filter(|message| message.get("data").is_some()));
    }
    assert_eq!(heard[1]["data"]["name"], "bot");
    example.says("asked: Why?").await;
    let mut page = Connection::open(example.address).await.expect("a connection");
    let who = page.exchange(&Request::new("GET", "/who")).await.expect("an answer").value();
    assert_eq!(who["room"], json!({"users": ["bot"], "sessions": 1, "anonymous": 1}));
    assert_eq!(who["broker"]["sessions"][0]["via"], "local");
    let kick = Request::json(&format!("/kick/{}", client.id), "");
    assert_eq!(page.exchange(&kick).await.expect("an answer").text(), "ended: true\n");
}

#[tokio::test]
async fn credentials_rooms_and_markup_are_looked_after() {
    let mut example = Example::start("embed_auth").await;
    let mut nobody = Client::new(&example, "/cometd", "").await;
    let refused = nobody.shake(json!({})).await;
    assert_eq!(refused["error"], "403::handshake_denied");
    assert_eq!(refused["ext"]["help"], "put your token into ext.token");
    let expired = nobody.shake(json!({"token": "expired"})).await;
    assert_eq!(expired["error"], "401::the token has expired");
    assert_eq!(expired["advice"]["reconnect"], "handshake");

    let mut alice = Client::new(&example, "/cometd", "").await;
    let hello = alice.shake(json!({"token": "alice"})).await;
    assert_eq!(hello["ext"]["welcome"], "hello alice");
    alice.id = hello["clientId"].as_str().expect("a session").to_owned();
    alice.send(json!({"channel": "/meta/connect"})).await;
    for (channel, error) in [
        ("/rooms/alice+bob", Value::Null),
        ("/rooms/bob+carol", json!("403:members_only:create_denied")),
        ("/elsewhere", json!("403:denied_by_not_granting:create_denied")),
        ("/lobby", Value::Null),
    ] {
        let subscribe = json!({"channel": "/meta/subscribe", "subscription": channel});
        assert_eq!(alice.send(subscribe).await[0]["error"], error, "{channel}");
    }
    let long = json!({"channel": "/lobby", "data": "x".repeat(5_000)});
    assert_eq!(alice.send(long).await[0]["error"], "413::at most 4000 bytes");
    let said = json!({"channel": "/rooms/alice+bob", "data": "<b>hi</b>"});
    assert_eq!(alice.send(said).await[0]["successful"], true);
    let heard = alice.send(json!({"channel": "/meta/connect"})).await[0].take();
    let marked = json!({
        "channel": "/rooms/alice+bob", "data": "&lt;b&gt;hi&lt;/b&gt;", "ext": {"from": "alice"},
    });
    assert_eq!(heard, marked);
    example.says("on /rooms/alice+bob").await;
}
