//! The service behind real sockets: a hyper server on a port of its own, bytes in and bytes out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "support code of tests, which clippy takes for library code"
)]

use std::net::SocketAddr;
use std::time::Duration;

use encke_bayeux::ChannelName;
use encke_broker::{Broker, Config, UserId};
use encke_transport::{Authenticated, BayeuxService, HttpConfig, drive};
use hyper::service::Service as _;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A server whose requests are anonymous, or all of one user.
async fn serve(
    config: Config,
    http: HttpConfig,
    user: Option<&'static str>,
) -> (SocketAddr, Broker) {
    let broker = Broker::new(config).unwrap();
    let service = BayeuxService::new(broker.clone(), http);
    tokio::spawn(drive(broker.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            let service = hyper::service::service_fn(move |mut request: http::Request<_>| {
                if let Some(user) = user {
                    request.extensions_mut().insert(Authenticated(UserId::new(user)));
                }
                service.call(request)
            });
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(socket), service));
        }
    });
    (address, broker)
}

struct Connection(TcpStream);

struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Response {
    fn json(&self) -> Vec<Value> {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| {
            line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
        })?;
        line.split_once(':').map(|(_, value)| value.trim())
    }
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn write(&mut self, method: &str, headers: &str, body: &[u8]) {
        let head = format!(
            "{method} /cometd/x HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        );
        self.0.write_all(head.as_bytes()).await.unwrap();
        self.0.write_all(body).await.unwrap();
    }

    async fn read(&mut self) -> Response {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            let byte = self.0.read_u8().await.expect("the connection ended");
            bytes.push(byte);
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut response = Response {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: Vec::new(),
        };
        let length = response.header("content-length").map_or(0, |value| value.parse().unwrap());
        response.body = vec![0; length];
        self.0.read_exact(&mut response.body).await.unwrap();
        response
    }

    async fn post(&mut self, headers: &str, body: &[u8]) -> Response {
        self.write("POST", headers, body).await;
        self.read().await
    }

    async fn send(&mut self, messages: Value) -> Vec<Value> {
        self.post("", messages.to_string().as_bytes()).await.json()
    }

    async fn shake(&mut self) -> String {
        let replies = self.send(json!([{"channel": "/meta/handshake", "version": "1.0"}])).await;
        replies[0]["clientId"].as_str().unwrap().to_owned()
    }

    /// Handshake, first connect and a subscription.
    async fn up(&mut self, pattern: &str) -> String {
        let id = self.shake().await;
        self.send(json!({"channel": "/meta/connect", "clientId": id})).await;
        self.send(json!({"channel": "/meta/subscribe", "clientId": id, "subscription": pattern}))
            .await;
        id
    }
}

/// Waits until `probe` says so; the deadline is far beyond what a healthy machine needs.
async fn eventually(what: &str, mut probe: impl FnMut() -> bool) {
    let patience = async {
        while !probe() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), patience).await.expect(what);
}

#[tokio::test]
async fn a_message_answers_the_held_connect_on_its_socket() {
    let (address, broker) = serve(Config::default(), HttpConfig::default(), None).await;
    let mut client = Connection::open(address).await;
    let id = client.up("/a").await;
    let connect = json!({"channel": "/meta/connect", "clientId": id}).to_string();
    client.write("POST", "", connect.as_bytes()).await;
    eventually("held", || broker.stats().held == 1).await;
    let now = {
        #[expect(clippy::disallowed_methods, reason = "a test publishes now")]
        std::time::Instant::now()
    };
    broker.publish(&ChannelName::new("/a").unwrap(), "1.10", now).unwrap();
    let response = client.read().await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json;charset=UTF-8"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert!(response.body.starts_with(br#"[{"channel":"/a","data":1.10},"#));
    let stats = broker.stats();
    assert_eq!((stats.held, stats.messages_out), (0, 1));
}

#[tokio::test]
async fn a_hold_ends_by_itself() {
    let config = Config::default().timeout(Duration::from_millis(200));
    let (address, _) = serve(config, HttpConfig::default(), None).await;
    let mut client = Connection::open(address).await;
    let id = client.up("/a").await;
    let replies = client.send(json!({"channel": "/meta/connect", "clientId": id, "id": "9"})).await;
    assert_eq!(replies, [json!({"channel": "/meta/connect", "id": "9", "successful": true})]);
}

#[tokio::test]
async fn the_end_of_a_connection_is_noticed_and_its_messages_wait() {
    let (address, broker) = serve(Config::default(), HttpConfig::default(), None).await;
    let mut client = Connection::open(address).await;
    let id = client.up("/a").await;
    let connect = json!({"channel": "/meta/connect", "clientId": id}).to_string();
    client.write("POST", "", connect.as_bytes()).await;
    eventually("held", || broker.stats().held == 1).await;
    drop(client);
    eventually("noticed", || broker.stats().held == 0).await;
    let mut again = Connection::open(address).await;
    again.send(json!({"channel": "/a", "clientId": id, "data": 1})).await;
    let replies = again.send(json!({"channel": "/meta/connect", "clientId": id})).await;
    assert_eq!(replies[0]["data"], 1);
}

#[tokio::test]
async fn a_superseded_connect_is_answered_with_its_status() {
    let (address, broker) = serve(Config::default(), HttpConfig::default(), None).await;
    let (mut old, mut new) = (Connection::open(address).await, Connection::open(address).await);
    let id = old.up("/a").await;
    let connect = json!({"channel": "/meta/connect", "clientId": id}).to_string();
    old.write("POST", "", connect.as_bytes()).await;
    eventually("held", || broker.stats().held == 1).await;
    new.write("POST", "", connect.as_bytes()).await;
    let response = old.read().await;
    assert_eq!((response.status, response.body.len()), (409, 0));
    assert_eq!(broker.stats().held, 1);
}

#[tokio::test]
async fn the_first_handshake_sets_the_browser_cookie() {
    let (address, _) = serve(Config::default(), HttpConfig::default(), None).await;
    let mut client = Connection::open(address).await;
    let hello = br#"[{"channel":"/meta/handshake"}]"#;
    let response = client.post("", hello).await;
    let cookie = response.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("BAYEUX_BROWSER=") && cookie.ends_with("; Path=/; HttpOnly"));
    let value = cookie.split(';').next().unwrap();
    let again = client.post(&format!("Cookie: A=1;{value}\r\n"), hello).await;
    assert!(again.header("set-cookie").is_none());
}

#[tokio::test]
async fn sessions_belong_to_the_authenticated_user() {
    let (address, broker) = serve(Config::default(), HttpConfig::default(), Some("alice")).await;
    let mut client = Connection::open(address).await;
    client.up("/a").await;
    let now = {
        #[expect(clippy::disallowed_methods, reason = "a test publishes now")]
        std::time::Instant::now()
    };
    let channel = ChannelName::new("/a").unwrap();
    assert_eq!(broker.deliver_to_user(&UserId::new("alice"), &channel, "1", now), 1);
    assert_eq!(broker.deliver_to_user(&UserId::new("bob"), &channel, "1", now), 0);
}

#[tokio::test]
async fn bodies_are_taken_whatever_their_type_says() {
    let (address, _) = serve(Config::default(), HttpConfig::default(), None).await;
    let mut client = Connection::open(address).await;
    for headers in [
        "",
        "Content-Type: application/json\r\n",
        "Content-Type: application/json;charset=UTF-8\r\n",
        "Content-Type: text/plain; charset=\"utf-8\"\r\n",
    ] {
        let response = client.post(headers, br#"{"channel":"/meta/handshake"}"#).await;
        assert_eq!((response.status, response.json().len()), (200, 1), "{headers}");
    }
}

#[tokio::test]
async fn what_is_no_batch_gets_a_status_and_the_connection_lives_on() {
    let (address, _) = serve(Config::default(), HttpConfig::default().body_bytes(1000), None).await;
    let mut client = Connection::open(address).await;
    let large = vec![b' '; 1001];
    let cases: [(&str, &str, &[u8], u16); 9] = [
        ("POST", "", b"", 400),
        ("POST", "", b"[]", 400),
        ("POST", "", b"null", 400),
        ("POST", "", b"[{\"channel\":", 400),
        ("POST", "", b"[\"\xff\"]", 400),
        ("POST", "Content-Encoding: gzip\r\n", b"{}", 415),
        ("POST", "Content-Type: application/json;charset=nope\r\n", b"{}", 415),
        ("GET", "", b"", 405),
        ("PUT", "", b"[]", 405),
    ];
    for (method, headers, body, status) in cases {
        client.write(method, headers, body).await;
        let response = client.read().await;
        assert_eq!(response.status, status, "{method} {headers} {body:?}");
        let reply = &response.json()[0];
        assert_eq!(reply["successful"], false);
        assert!(reply["error"].as_str().unwrap().starts_with(&format!("{status}::")));
    }
    client.write("OPTIONS", "", b"").await;
    assert_eq!(client.read().await.status, 200);
    client.shake().await;
    assert_eq!(client.post("", &large).await.status, 413);
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let http = HttpConfig::default().body_timeout(Duration::from_millis(50));
    let (address, _) = serve(Config::default(), http, None).await;
    let mut client = Connection::open(address).await;
    let head = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n[";
    client.0.write_all(head).await.unwrap();
    assert_eq!(client.read().await.status, 408);
}

#[tokio::test]
async fn a_burst_is_compressed_for_who_takes_it() {
    let http = HttpConfig::default().compress_above(Some(1000));
    let (address, broker) = serve(Config::default(), http, None).await;
    let mut connection = Connection::open(address).await;
    let client = connection.up("/a").await;
    let data = json!("x".repeat(500)).to_string();
    let poll = json!([{"channel": "/meta/connect", "clientId": client, "advice": {"timeout": 0}}])
        .to_string();
    for (messages, header, compressed) in [
        (3, "Accept-Encoding: gzip\r\n", true),
        (3, "", false),
        (1, "Accept-Encoding: gzip\r\n", false),
    ] {
        for _ in 0..messages {
            #[expect(clippy::disallowed_methods, reason = "a test publishes now")]
            let now = std::time::Instant::now();
            broker.publish(&ChannelName::new("/a").unwrap(), &data, now).unwrap();
        }
        let response = connection.post(header, poll.as_bytes()).await;
        assert_eq!(
            response.header("content-encoding") == Some("gzip"),
            compressed,
            "{}",
            response.head
        );
        if compressed {
            assert!(response.body.len() < 300, "{} bytes", response.body.len());
        } else {
            assert_eq!(response.json().len(), messages + 1);
        }
    }
}
