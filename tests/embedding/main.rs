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
    /// Handshake, first connect, subscription.
    async fn up(example: &Example, path: &'static str, user: &'static str, channel: &str) -> Self {
        let connection = Connection::open(example.address).await.expect("a connection");
        let mut client = Self { connection, path, user, id: String::new() };
        let hello = client.send(json!({"channel": "/meta/handshake", "version": "1.0"})).await;
        client.id = hello[0]["clientId"].as_str().expect("a session").to_owned();
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
    let mut bob = Client::up(&example, "/cometd", "bob", "/**").await;
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
