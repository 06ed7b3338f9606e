//! Bayeux over `WebSocket` to a real hyper server, with tungstenite as the peer.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "support code of tests, which clippy takes for library code"
)]

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use encke_bayeux::ChannelName;
use encke_broker::{Broker, Config};
use encke_transport::{BayeuxService, HttpConfig, SocketConfig, Until, drive};
use futures::{SinkExt as _, StreamExt as _};
use hyper::service::Service as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, client_async};

async fn serve(config: Config, http: HttpConfig) -> (SocketAddr, Broker) {
    serve_until(config, http, None).await
}

/// A server to which everybody's proof of who they are ends at the same time.
async fn serve_until(
    config: Config,
    http: HttpConfig,
    until: Option<Until>,
) -> (SocketAddr, Broker) {
    let broker = Broker::new(config).unwrap();
    let service = BayeuxService::new(broker.clone(), http).websocket(TokioExecutor::new());
    tokio::spawn(drive(broker.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let server = hyper::server::conn::http1::Builder::new();
            let service = service.clone();
            let service = hyper::service::service_fn(move |mut request: http::Request<_>| {
                if let Some(until) = until {
                    request.extensions_mut().insert(until);
                }
                service.call(request)
            });
            let connection = server.serve_connection(TokioIo::new(socket), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    (address, broker)
}

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = client_async(format!("ws://{address}/cometd"), stream).await.unwrap();
        Self(socket)
    }

    async fn write(&mut self, messages: Value) {
        self.0.send(Message::text(messages.to_string())).await.unwrap();
    }

    /// The next text frame.
    async fn read(&mut self) -> Vec<Value> {
        loop {
            match self.next().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(20), self.0.next());
        next.await.expect("a frame in time").expect("an open socket").unwrap()
    }

    async fn close_code(&mut self) -> CloseCode {
        loop {
            if let Message::Close(Some(frame)) = self.next().await {
                return frame.code;
            }
        }
    }

    /// Handshake, first connect, and a subscription to `/a`.
    async fn up(&mut self) -> String {
        self.write(json!([{"channel": "/meta/handshake", "version": "1.0"}])).await;
        let id = self.read().await[0]["clientId"].as_str().unwrap().to_owned();
        self.write(json!([{"channel": "/meta/connect", "clientId": id, "id": "1"}])).await;
        assert_eq!(self.read().await[0]["successful"], true);
        let subscribe =
            json!([{"channel": "/meta/subscribe", "clientId": id, "subscription": "/a"}]);
        self.write(subscribe).await;
        assert_eq!(self.read().await[0]["successful"], true);
        id
    }
}

fn publish(broker: &Broker, data: &str) {
    broker.publish(&ChannelName::new("/a").unwrap(), data, now()).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test happens now")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[tokio::test]
async fn messages_are_pushed_while_a_connect_is_held() {
    let config = Config::default().timeout(Duration::from_millis(300));
    let (address, broker) = serve(config, HttpConfig::default()).await;
    let mut socket = Socket::open(address).await;
    let id = socket.up().await;
    socket.write(json!([{"channel": "/meta/connect", "clientId": id, "id": "2"}])).await;
    publish(&broker, "1.10");
    let Message::Text(text) = socket.next().await else { panic!("no text") };
    assert_eq!(text.as_str(), r#"[{"channel":"/a","data":1.10}]"#);
    let reply = json!({"channel": "/meta/connect", "id": "2", "successful": true});
    assert_eq!(socket.read().await, [reply]);
    assert_eq!(broker.stats().messages_out, 1);
}

#[tokio::test]
async fn a_superseded_connect_is_answered_too() {
    let (address, broker) = serve(Config::default(), HttpConfig::default()).await;
    let mut socket = Socket::open(address).await;
    let id = socket.up().await;
    let connect = |n| json!([{"channel": "/meta/connect", "clientId": id, "id": n}]);
    socket.write(connect("2")).await;
    socket.write(connect("3")).await;
    assert_eq!(socket.read().await[0]["id"], "2");
    let now =
        json!([{"channel": "/meta/connect", "clientId": id, "id": "4", "advice": {"timeout": 0}}]);
    socket.write(now).await;
    let mut answered = [socket.read().await[0]["id"].clone(), socket.read().await[0]["id"].clone()];
    answered.sort_by_key(Value::to_string);
    assert_eq!(answered, ["3", "4"]);
    assert_eq!((broker.stats().held, broker.stats().superseded), (0, 2));
}

#[tokio::test]
async fn a_session_moves_to_the_socket_that_names_it_and_the_old_one_closes() {
    let (address, broker) = serve(Config::default(), HttpConfig::default()).await;
    let (mut old, mut new) = (Socket::open(address).await, Socket::open(address).await);
    let id = old.up().await;
    new.write(json!([{"channel": "/meta/connect", "clientId": id, "advice": {"timeout": 0}}]))
        .await;
    assert_eq!(new.read().await[0]["successful"], true);
    assert_eq!(old.close_code().await, CloseCode::Normal);
    publish(&broker, "7");
    assert_eq!(new.read().await[0]["data"], 7);
}

#[tokio::test]
async fn what_is_no_batch_closes_with_a_reason() {
    let (address, broker) = serve(Config::default(), HttpConfig::default().body_bytes(1000)).await;
    for (frame, code) in [
        (Message::text("[{\"channel\":"), CloseCode::Invalid),
        (Message::text("1"), CloseCode::Invalid),
        (Message::text(format!("[{}]", " ".repeat(1000))), CloseCode::Size),
    ] {
        let mut socket = Socket::open(address).await;
        socket.0.send(frame).await.unwrap();
        assert_eq!(socket.close_code().await, code);
    }
    assert_eq!(broker.stats().sessions, 0);
}

#[tokio::test]
async fn a_message_has_a_bound_of_its_own() {
    let mut socket = SocketConfig::default();
    socket.message_bytes = Some(500);
    let http = HttpConfig::default().socket(socket);
    let (address, _) = serve(Config::default(), http).await;
    let mut socket = Socket::open(address).await;
    socket.0.send(Message::text(" ".repeat(501))).await.unwrap();
    assert_eq!(socket.close_code().await, CloseCode::Size);
}

#[tokio::test]
async fn a_frame_may_be_kept_to_so_many_messages() {
    let mut socket = SocketConfig::default();
    socket.messages_per_frame = NonZeroUsize::new(2);
    let http = HttpConfig::default().socket(socket);
    let (address, broker) = serve(Config::default(), http).await;
    let mut socket = Socket::open(address).await;
    let id = socket.up().await;
    let publish = |data| json!({"channel": "/a", "clientId": id, "data": data, "id": "p"});
    socket.write(json!([publish(1), publish(2), publish(3)])).await;
    let datas = |frame: &[Value]| frame.iter().map(|m| m["data"].clone()).collect::<Vec<_>>();
    assert_eq!(datas(&socket.read().await), [json!(1), json!(2)]);
    assert_eq!(datas(&socket.read().await), [json!(3)]);
    let replies = socket.read().await;
    assert_eq!(replies.len(), 3);
    assert!(replies.iter().all(|reply| reply["successful"] == true), "{replies:?}");
    assert_eq!(broker.stats().messages_out, 3);
}

#[tokio::test]
async fn a_socket_may_be_kept_to_its_own_handshake() {
    let mut socket = SocketConfig::default();
    socket.handshake_required = true;
    let http = HttpConfig::default().socket(socket);
    let (address, _) = serve(Config::default(), http).await;
    let mut first = Socket::open(address).await;
    let id = first.up().await;
    let mut second = Socket::open(address).await;
    second.write(json!([{"channel": "/meta/connect", "clientId": id}])).await;
    assert_eq!(second.read().await[0]["error"], "402::session_unknown");
    assert_ne!(second.up().await, id);
}

#[tokio::test]
async fn a_subprotocol_that_is_wanted_has_to_be_offered() {
    let mut socket = SocketConfig::default();
    socket.protocol = Some("bayeux".to_owned());
    let http = HttpConfig::default().socket(socket);
    let (address, _) = serve(Config::default(), http).await;
    for (offered, taken) in [(None, false), (Some("chat"), false), (Some("chat, bayeux"), true)] {
        let mut request = format!("ws://{address}/cometd").into_client_request().unwrap();
        if let Some(offered) = offered {
            let value = offered.parse().unwrap();
            request.headers_mut().insert("sec-websocket-protocol", value);
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let opened = client_async(request, stream).await;
        assert_eq!(opened.is_ok(), taken, "{offered:?}");
        if let Ok((_, response)) = opened {
            assert_eq!(response.headers()["sec-websocket-protocol"], "bayeux");
        }
    }
}

#[tokio::test]
async fn old_keep_alives_and_strange_frames_are_harmless() {
    let (address, _) = serve(Config::default(), HttpConfig::default()).await;
    let mut socket = Socket::open(address).await;
    socket.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    socket.0.send(Message::text("")).await.unwrap();
    socket.write(json!([])).await;
    assert_eq!(socket.read().await, [] as [Value; 0]);
    socket.up().await;
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_dropped() {
    let http = HttpConfig::default().ping_interval(Duration::from_millis(30));
    let (address, _) = serve(Config::default(), http).await;
    let mut socket = Socket::open(address).await;
    assert!(matches!(socket.next().await, Message::Ping(_)));
    // Not reading on means that no pong is ever sent.
    let quiet = async {
        let mut stream = socket.0.into_inner();
        let mut rest = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await
    };
    let ended = tokio::time::timeout(Duration::from_secs(20), quiet).await;
    assert!(ended.is_ok(), "the server keeps a silent peer");
}

#[tokio::test]
async fn a_drain_closes_sockets_after_what_they_still_have_to_get() {
    let (address, broker) = serve(Config::default(), HttpConfig::default()).await;
    let mut socket = Socket::open(address).await;
    socket.up().await;
    publish(&broker, "1");
    #[expect(clippy::disallowed_methods, reason = "a test drains now")]
    broker.begin_drain(std::time::Instant::now());
    assert_eq!(socket.read().await[0]["data"], 1);
    assert_eq!(socket.close_code().await, CloseCode::Away);
}

#[tokio::test]
async fn an_upgrade_that_is_not_served_is_refused_at_once() {
    let broker = Broker::new(Config::default()).unwrap();
    let service = BayeuxService::new(broker, HttpConfig::default());
    let request = http::Request::get("/cometd").header("upgrade", "websocket");
    let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
    assert_eq!(service.serve(request).await.status(), 400);
}

#[tokio::test]
async fn a_socket_ends_with_the_proof_of_who_it_is_for() {
    let until = Until(now() + Duration::from_millis(200));
    let (address, _broker) =
        serve_until(Config::default(), HttpConfig::default(), Some(until)).await;
    let mut socket = Socket::open(address).await;
    let id = socket.up().await;
    socket.write(json!([{"channel": "/meta/connect", "clientId": id, "id": "2"}])).await;
    assert_eq!(socket.close_code().await, CloseCode::Policy);
    assert!(now() >= until.0);
}
