//! Streams of server-sent events and pages of history, over both versions of HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "support code of tests, which clippy takes for library code"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use encke_bayeux::{ChannelName, ChannelPattern, Failure};
use encke_broker::{
    Asking, Broker, ChannelRule, ChannelSettings, Config, Policy, Retention, Rules, UserId,
    Verdict, Via, WallClock,
};
use encke_transport::{Authenticated, BayeuxService, HttpConfig, Roles, Until, drive};
use http::{Extensions, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// A server whose requests are anonymous, or all of one user.
async fn serve(
    config: Config,
    http: HttpConfig,
    user: Option<&'static str>,
) -> (SocketAddr, Broker) {
    let said = move |extensions: &mut Extensions| {
        if let Some(user) = user {
            extensions.insert(Authenticated(UserId::new(user)));
        }
    };
    serve_as(config, http, said).await
}

/// A server around which `said` tells who asks.
async fn serve_as(
    config: Config,
    http: HttpConfig,
    said: impl Fn(&mut Extensions) + Clone + Send + Sync + 'static,
) -> (SocketAddr, Broker) {
    let broker = Broker::new(config).unwrap();
    let service = BayeuxService::new(broker.clone(), http);
    tokio::spawn(drive(broker.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (service, said) = (service.clone(), said.clone());
            let service = hyper::service::service_fn(move |mut request: Request<_>| {
                said(request.extensions_mut());
                service.call(request)
            });
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                // A client that goes away is no failure.
                drop(server.serve_connection(TokioIo::new(socket), service).await);
            });
        }
    });
    (address, broker)
}

fn views() -> HttpConfig {
    HttpConfig::default().views(true)
}

/// The answer to a GET over HTTP/1.1, or over HTTP/2 where `two`.
async fn get_over(
    two: bool,
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
) -> Response<Incoming> {
    let socket = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let mut request = Request::get(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let answer = async {
        if two {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        } else {
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(socket).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        }
    };
    timeout(PATIENCE, answer).await.expect("in time")
}

async fn get(address: SocketAddr, path: &str) -> Response<Incoming> {
    get_over(false, address, path, &[]).await
}

async fn body(response: Response<Incoming>) -> String {
    let bytes = timeout(PATIENCE, response.into_body().collect()).await.expect("in time");
    String::from_utf8(bytes.unwrap().to_bytes().to_vec()).unwrap()
}

/// A stream that is being read.
struct Events {
    body: Incoming,
    read: String,
}

impl Events {
    async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::over(false, address, path, headers).await
    }

    async fn over(two: bool, address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let response = get_over(two, address, path, headers).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream;charset=UTF-8");
        Self { body: response.into_body(), read: String::new() }
    }

    /// The next event or comment, without its blank line; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let mut event: String = self.read.drain(..end + 2).collect();
                event.truncate(end);
                return Some(event);
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("in time")?;
            let data = frame.unwrap().into_data().unwrap();
            self.read.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    async fn expect(&mut self, event: &str) {
        assert_eq!(self.next().await.as_deref(), Some(event));
    }
}

fn name(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests over real sockets live in real time")]
fn publish(broker: &Broker, channel: &str, data: &str) {
    broker.publish(&name(channel), data, Instant::now()).unwrap();
}

/// Waits until the broker's counters are as wanted.
async fn eventually(broker: &Broker, wanted: impl Fn(&encke_broker::Stats) -> bool) {
    let reached = async {
        while !wanted(&broker.stats()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("{:?}", broker.stats()));
}

fn kept(pattern: &str, messages: usize) -> Config {
    let mut settings = ChannelSettings::default();
    settings.replay = Some(Retention { age: Duration::from_secs(600), messages, bytes: 1 << 20 });
    let rule = ChannelRule::new(ChannelPattern::new(pattern).unwrap(), settings);
    Config::default().channels(vec![rule]).wall(WallClock::new(clock(), 0))
}

#[tokio::test]
async fn messages_are_events_over_both_versions_of_http() {
    let (address, broker) = serve(Config::default(), views(), None).await;
    for two in [false, true] {
        let path = "/cometd/events?channel=/a/*&channel=/b";
        let accept = [("accept", "text/event-stream")];
        let mut events = Events::over(two, address, path, &accept).await;
        events.expect(":").await;
        publish(&broker, "/a/x", r#"{"z":1.10}"#);
        publish(&broker, "/c", "0");
        publish(&broker, "/b", "[1,\r\n2,\n3]");
        events.expect(r#"data: {"channel":"/a/x","data":{"z":1.10}}"#).await;
        let lines = "data: {\"channel\":\"/b\",\"data\":[1,\ndata: 2,\ndata: 3]}";
        events.expect(lines).await;
        assert_eq!(broker.snapshot(10, clock()).sessions[0].via, Via::EventStream);
        drop(events);
        eventually(&broker, |stats| stats.sessions == 0).await;
    }
    assert_eq!(broker.patterns(), 0, "a reader that has left leaves nothing behind");
}

#[expect(clippy::disallowed_methods, reason = "tests over real sockets live in real time")]
fn clock() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn a_reader_that_comes_back_goes_on_where_it_was() {
    let (address, broker) = serve(kept("/a", 100), views(), None).await;
    let path = "/cometd/events?channel=/a&channel=/b";
    let mut events = Events::open(address, path, &[]).await;
    let first = events.next().await.unwrap();
    let told: Value =
        serde_json::from_str(first.strip_prefix("event: replay\ndata: ").unwrap()).unwrap();
    assert_eq!((&told["/a"]["status"], &told["/b"]["status"]), (&json!("new"), &json!("none")));
    publish(&broker, "/a", "1");
    publish(&broker, "/b", "0");
    let event = events.next().await.unwrap();
    let (id, data) = event.split_once('\n').unwrap();
    let id = id.strip_prefix("id: ").unwrap();
    let with_position = format!(r#"data: {{"channel":"/a","data":1,"ext":{{"replay":{id}}}}}"#);
    assert_eq!(data, with_position);
    events.expect(r#"data: {"channel":"/b","data":0}"#).await;
    drop(events);
    publish(&broker, "/a", "2");
    // The header is newer than the address.
    let path = "/cometd/events?channel=/a&last-event-id=-2";
    let mut events = Events::open(address, path, &[("last-event-id", id)]).await;
    assert!(events.next().await.unwrap().contains(r#""status":"resumed""#));
    assert!(events.next().await.unwrap().contains(r#""data":2,"#));
    let mut events = Events::open(address, path, &[]).await;
    assert!(events.next().await.unwrap().contains(r#""status":"kept""#));
    assert!(events.next().await.unwrap().contains(r#""data":1,"#));
}

#[tokio::test]
async fn what_cannot_be_resumed_begins_anew_and_says_so() {
    let (address, broker) = serve(kept("/a", 1), views(), None).await;
    for (id, status) in [("12345678", "refused"), ("nonsense", "refused"), ("0", "gap")] {
        for _ in 0..3 {
            publish(&broker, "/a", "\"old\"");
        }
        let headers = [("last-event-id", id)];
        let mut events = Events::open(address, "/events?channel=/a", &headers).await;
        let told = events.next().await.unwrap();
        assert!(told.contains(&format!(r#""status":"{status}""#)), "{told}");
        publish(&broker, "/a", "\"new\"");
        while !events.next().await.unwrap().contains("new") {}
    }
}

#[tokio::test]
async fn a_stream_with_nothing_to_say_is_kept_alive_by_comments() {
    let http = views().ping_interval(Duration::from_millis(20));
    let (address, broker) = serve(Config::default(), http, None).await;
    let mut events = Events::open(address, "/events?channel=/a", &[]).await;
    for _ in 0..3 {
        events.expect(":").await;
    }
    publish(&broker, "/a", "1");
    while events.next().await.unwrap() == ":" {}
}

#[tokio::test]
async fn a_drain_ends_a_stream_with_a_pause_and_newcomers_are_told_to_come_back() {
    let (address, broker) = serve(Config::default(), views(), None).await;
    let mut events = Events::open(address, "/events?channel=/a", &[]).await;
    events.expect(":").await;
    publish(&broker, "/a", "1");
    broker.begin_drain(clock());
    events.expect(r#"data: {"channel":"/a","data":1}"#).await;
    let pause = events.next().await.unwrap();
    let pause: u64 = pause.strip_prefix("retry: ").unwrap().parse().unwrap();
    assert!((3000..5000).contains(&pause));
    assert_eq!(events.next().await, None);
    let mut late = Events::open(address, "/events?channel=/a", &[]).await;
    late.expect("retry: 3000").await;
    assert_eq!(late.next().await, None);
}

#[tokio::test]
async fn a_slow_reader_is_cut_and_others_are_not() {
    let config = Config::default().queue(100, 1 << 20);
    let (address, broker) = serve(config, views(), None).await;
    let mut quick = Events::open(address, "/events?channel=/a", &[]).await;
    let mut slow = Events::open(address, "/events?channel=/a", &[]).await;
    for events in [&mut quick, &mut slow] {
        events.expect(":").await;
    }
    let data = json!("x".repeat(50_000)).to_string();
    // The kernel and the engine take some before the queue does.
    let mut published = 0;
    while broker.stats().overflowed == 0 {
        publish(&broker, "/a", &data);
        published += 1;
        assert!(quick.next().await.is_some());
        assert!(published < 5_000, "never cut");
    }
    eventually(&broker, |stats| stats.sessions == 1 && stats.queue_bytes == 0).await;
    let mut received = 0;
    while slow.next().await.is_some() {
        received += 1;
    }
    assert!(received < published, "what was cut off did not come");
}

#[tokio::test]
async fn a_stream_is_judged_like_a_subscription() {
    let reserved = vec![ChannelPattern::new("/reserved/**").unwrap()];
    let policy = Rules::default().anonymous(false).reserved(reserved);
    let config = || Config::default().policy(Arc::new(policy.clone()));
    let (anonymous, _) = serve(config(), views(), None).await;
    let (alice, broker) = serve(config().sessions_per_user(Some(1)), views(), Some("alice")).await;
    for (address, path, status, error) in [
        (anonymous, "/events?channel=/a", 403, "403::handshake_denied"),
        (
            alice,
            "/events?channel=/a&channel=/reserved/x",
            403,
            "403:denied_by_security_policy:subscribe_denied",
        ),
        (alice, "/events", 400, "400::parameter channel is missing"),
        (alice, "/events?channel=a", 400, "400::a channel begins with / and has a segment"),
    ] {
        let response = get(address, path).await;
        assert_eq!(response.status(), status, "{path}");
        let told: Value = serde_json::from_str(&body(response).await).unwrap();
        assert_eq!(told, json!([{"successful": false, "error": error}]));
    }
    eventually(&broker, |stats| stats.sessions == 0).await;
    let picky = [("accept", "application/json")];
    let response = get_over(false, alice, "/events?channel=/a", &picky).await;
    assert_eq!(response.status(), 406);
    let _first = Events::open(alice, "/events?channel=/a", &[]).await;
    let mut second = Events::open(alice, "/events?channel=/a", &[]).await;
    second.expect("retry: 3000").await;
}

#[tokio::test]
async fn a_stream_ends_with_the_login_that_opened_it() {
    let until = clock() + Duration::from_millis(400);
    let said = move |said: &mut Extensions| {
        said.insert(Until(until));
    };
    let (address, broker) = serve_as(Config::default(), views(), said).await;
    let mut events = Events::open(address, "/events?channel=/a", &[]).await;
    events.expect(":").await;
    publish(&broker, "/a", "1");
    events.expect(r#"data: {"channel":"/a","data":1}"#).await;
    assert_eq!(events.next().await, None);
    assert!(clock() >= until, "not before");
    eventually(&broker, |stats| stats.sessions == 0).await;
}

/// Says of everybody without a login that it is alice, keeps `/staff` for editors, and has room for
/// so many handshakes.
#[derive(Debug)]
struct Doorkeeper(AtomicUsize);

impl Policy for Doorkeeper {
    fn can_handshake(&self, _: &Asking<'_>) -> bool {
        true
    }

    fn judge_handshake(&self, _: &Asking<'_>) -> Verdict {
        let left =
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() {
            return Verdict::grant().user(UserId::new("alice"));
        }
        let wait = Duration::from_millis(7001);
        Verdict::deny().failure(Failure::TooManyHandshakesOfAddress(wait))
    }

    fn can_subscribe(&self, asking: &Asking<'_>, pattern: &ChannelPattern) -> bool {
        let is_editor = asking.roles.iter().any(|role| **role == *"editor");
        asking.user.is_some() && (is_editor || pattern.as_str() != "/staff")
    }

    fn can_publish(&self, _: &Asking<'_>, _: &ChannelName) -> bool {
        true
    }
}

#[tokio::test]
async fn both_views_are_of_the_user_whom_the_policy_names() {
    let config = kept("/me/**", 100)
        .private(vec![ChannelPattern::new("/me/**").unwrap()])
        .policy(Arc::new(Doorkeeper(AtomicUsize::new(100))));
    let (address, broker) = serve(config, views(), None).await;
    for (user, data) in [("bob", "1"), ("alice", "2")] {
        broker.deliver_to_user(&UserId::new(user), &name("/me/inbox"), data, clock());
    }
    let (status, page) = history(address, "channel=/me/inbox").await;
    assert_eq!(status, 200, "{page}");
    assert_eq!((&page["messages"][0]["data"], &page["messages"][1]), (&json!(2), &Value::Null));
    let path = "/events?channel=/me/inbox&last-event-id=-2";
    let mut events = Events::open(address, path, &[]).await;
    events.next().await.unwrap();
    let first = events.next().await.unwrap();
    assert!(first.contains(r#""data":2,"#), "{first}");
}

#[tokio::test]
async fn both_views_tell_the_policy_what_the_user_is() {
    for (roles, status) in [(vec![], 403), (vec!["reader", "editor"], 200)] {
        let roles = Roles(roles.into_iter().map(Arc::from).collect());
        let config = Config::default().policy(Arc::new(Doorkeeper(AtomicUsize::new(100))));
        let (address, _) =
            serve_as(config, views(), move |said| drop(said.insert(roles.clone()))).await;
        assert_eq!(get(address, "/events?channel=/staff").await.status(), status);
        assert_eq!(get(address, "/history?channel=/staff").await.status(), status);
    }
}

#[tokio::test]
async fn who_opens_too_many_streams_is_told_when_to_come_back() {
    let config = Config::default().policy(Arc::new(Doorkeeper(AtomicUsize::new(1))));
    let (address, _) = serve(config, views(), None).await;
    let mut first = Events::open(address, "/events?channel=/a", &[]).await;
    first.expect(":").await;
    let mut second = Events::open(address, "/events?channel=/a", &[]).await;
    second.expect("retry: 7001").await;
    assert_eq!(second.next().await, None);
    let response = get(address, "/history?channel=/a").await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "8");
    assert!(body(response).await.contains("429::too_many_handshakes_of_address"));
}

#[tokio::test]
async fn views_are_served_where_they_are_switched_on() {
    let (address, _) = serve(Config::default(), HttpConfig::default(), None).await;
    for path in ["/events?channel=/a", "/history?channel=/a"] {
        assert_eq!(get(address, path).await.status(), 405, "{path}");
    }
}

async fn history(address: SocketAddr, query: &str) -> (u16, Value) {
    let response = get(address, &format!("/cometd/history?{query}")).await;
    let status = response.status().as_u16();
    (status, serde_json::from_str(&body(response).await).unwrap())
}

#[tokio::test]
async fn history_comes_page_by_page() {
    let (address, broker) = serve(kept("/a", 100), views(), None).await;
    for number in 1..=5 {
        publish(&broker, "/a", &number.to_string());
    }
    let (status, page) = history(address, "channel=/a&limit=2").await;
    assert_eq!((status, &page["status"], &page["more"]), (200, &json!("kept"), &json!(true)));
    assert_eq!(page["messages"][0], json!({"channel": "/a", "data": 1, "ext": {"replay": 1}}));
    let mut data = Vec::new();
    let mut after = -2;
    loop {
        let (_, page) = history(address, &format!("channel=/a&after={after}&limit=2")).await;
        let messages = page["messages"].as_array().unwrap();
        data.extend(messages.iter().map(|message| message["data"].as_i64().unwrap()));
        after = page["reached"].as_i64().unwrap();
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(data, [1, 2, 3, 4, 5]);
    let (_, page) = history(address, "channel=/b").await;
    assert_eq!((&page["status"], &page["messages"]), (&json!("none"), &json!([])));
    let (status, told) = history(address, "channel=/a&after=99").await;
    assert_eq!(status, 400);
    assert!(told[0]["error"].as_str().unwrap().starts_with("400::The replayId {99}"), "{told}");
    for query in ["", "channel=/a&channel=/b", "channel=/a&limit=0", "channel=/a&limit=1001"] {
        assert_eq!(history(address, query).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn history_of_private_channels_is_the_users_own() {
    let config = kept("/me/**", 100)
        .private(vec![ChannelPattern::new("/me/**").unwrap()])
        .policy(Arc::new(Rules::default().anonymous(false)));
    let (address, broker) = serve(config, views(), Some("alice")).await;
    for (user, data) in [("alice", "1"), ("bob", "2")] {
        broker.deliver_to_user(&UserId::new(user), &name("/me/inbox"), data, clock());
    }
    let (_, page) = history(address, "channel=/me/inbox").await;
    assert_eq!(page["messages"][0]["data"], 1);
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
}
