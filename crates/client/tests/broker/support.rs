//! A broker behind a real socket, that can be stopped, started again and cut off.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use encke_bayeux::ChannelName;
use encke_broker::{Broker, Config, UserId};
use encke_client::{Client, ClientBuilder, CloseReason, Message, Status, Subscription};
use encke_transport::{Authenticated, BayeuxService, HttpConfig, ReplyBody, SocketTask, drive};
use futures::{Stream, StreamExt as _};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Far beyond what a healthy machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// How client and server talk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    LongPolling,
    WebSocket,
}

/// Runs each of these tests both ways.
macro_rules! both_ways {
    ($($name:ident),* $(,)?) => {
        mod long_polling {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::support::Way::LongPolling).await;
            })*
        }
        mod websocket {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::support::Way::WebSocket).await;
            })*
        }
    };
}
pub(crate) use both_ways;

/// The tasks of one server; they end with it.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap().spawn(task);
    }

    fn abort(&self) {
        *self.0.lock().unwrap() = JoinSet::new();
    }
}

impl Executor<SocketTask> for Tasks {
    fn execute(&self, task: SocketTask) {
        self.spawn(task);
    }
}

pub(crate) struct Server {
    way: Way,
    pub(crate) address: SocketAddr,
    pub(crate) broker: Broker,
    connections: Tasks,
    accepting: JoinHandle<()>,
    driving: JoinHandle<()>,
    front: Arc<Front>,
}

/// What stands before the broker.
#[derive(Default)]
struct Front {
    /// The headers of all requests so far.
    requests: Mutex<Vec<HeaderMap>>,
    /// Requests without this `Authorization` are answered with 401.
    guard: Mutex<Option<&'static str>>,
    /// Whose the requests are.
    user: Mutex<Option<&'static str>>,
    /// New connections are closed at once.
    frozen: AtomicBool,
    /// Upgrades are refused, as some proxies do.
    no_sockets: AtomicBool,
    accepted: AtomicUsize,
}

impl Front {
    async fn serve(
        &self,
        service: BayeuxService,
        mut request: Request<Incoming>,
    ) -> Result<Response<ReplyBody>, Infallible> {
        self.requests.lock().unwrap().push(request.headers().clone());
        let guard = *self.guard.lock().unwrap();
        let given = request.headers().get("authorization");
        let denied = guard.is_some_and(|wanted| given.is_none_or(|given| *given != wanted));
        if let Some(user) = *self.user.lock().unwrap() {
            request.extensions_mut().insert(Authenticated(UserId::new(user)));
        }
        let upgrade = request.headers().contains_key("upgrade");
        if upgrade && (denied || self.no_sockets.load(Ordering::SeqCst)) {
            // Without its header the service has nothing to upgrade.
            request.headers_mut().remove("upgrade");
        }
        let mut reply = service.call(request).await?;
        if denied {
            *reply.status_mut() = StatusCode::UNAUTHORIZED;
        }
        Ok(reply)
    }
}

impl Server {
    pub(crate) async fn start(way: Way) -> Self {
        Self::start_with(way, Config::default()).await
    }

    pub(crate) async fn start_with(way: Way, config: Config) -> Self {
        Self::start_at(way, "127.0.0.1:0".parse().unwrap(), config).await
    }

    /// Every request is this user's.
    pub(crate) async fn start_as(way: Way, user: &'static str) -> Self {
        let server = Self::start(way).await;
        *server.front.user.lock().unwrap() = Some(user);
        server
    }

    pub(crate) async fn start_at(way: Way, address: SocketAddr, config: Config) -> Self {
        Self::start_as_told(way, address, config, HttpConfig::default()).await
    }

    pub(crate) async fn start_as_told(
        way: Way,
        address: SocketAddr,
        config: Config,
        http: HttpConfig,
    ) -> Self {
        let (front, connections) = (Arc::new(Front::default()), Tasks::default());
        let (broker, service) = match way {
            Way::LongPolling => {
                let broker = Broker::new(config).unwrap();
                (broker.clone(), BayeuxService::new(broker, http))
            }
            Way::WebSocket => {
                let config = config.connection_types(vec!["websocket", "long-polling"]);
                let broker = Broker::new(config).unwrap();
                let service = BayeuxService::new(broker.clone(), http);
                (broker, service.websocket(connections.clone()))
            }
        };
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = {
            let (front, connections) = (Arc::clone(&front), connections.clone());
            tokio::spawn(async move {
                while let Ok((socket, _)) = listener.accept().await {
                    if front.frozen.load(Ordering::SeqCst) {
                        continue;
                    }
                    front.accepted.fetch_add(1, Ordering::SeqCst);
                    let (front, service) = (Arc::clone(&front), service.clone());
                    let service = service_fn(move |request| {
                        let (front, service) = (Arc::clone(&front), service.clone());
                        async move { front.serve(service, request).await }
                    });
                    connections.spawn(async move {
                        let server = hyper::server::conn::http1::Builder::new();
                        let io = TokioIo::new(socket);
                        // A client that vanishes is what some of the tests are about.
                        drop(server.serve_connection(io, service).with_upgrades().await);
                    });
                }
            })
        };
        let driving = tokio::spawn(drive(broker.clone()));
        Self { way, address, broker, connections, accepting, driving, front }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/cometd", self.address)
    }

    /// Settings of a client that is quick to come back.
    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder(&self.url())
            .websocket(self.way == Way::WebSocket)
            .backoff(Duration::from_millis(50), Duration::from_millis(200))
    }

    /// A client with a session, and its driver.
    pub(crate) async fn connect(&self) -> (Client, JoinHandle<CloseReason>) {
        up(self.client()).await
    }

    /// Cuts every connection; the broker and its sessions live on.
    pub(crate) fn cut(&self) {
        self.connections.abort();
    }

    /// Ends the server; nothing listens any more, and the sessions are gone.
    pub(crate) async fn stop(self) -> SocketAddr {
        let address = self.address;
        self.accepting.abort();
        self.driving.abort();
        self.connections.abort();
        // The listener is closed when its task has ended.
        assert!(self.accepting.await.unwrap_err().is_cancelled());
        address
    }

    pub(crate) fn publish(&self, channel: &str, data: &str) {
        self.broker.publish(&ChannelName::new(channel).unwrap(), data, now()).unwrap();
    }

    /// Waits until so many connects are held.
    pub(crate) async fn held(&self, count: u64) {
        eventually("held connects", || self.broker.stats().held == count).await;
    }

    /// Only requests with this `Authorization` pass from now on.
    pub(crate) fn guard(&self, authorization: &'static str) {
        *self.front.guard.lock().unwrap() = Some(authorization);
    }

    /// The headers of all requests so far.
    pub(crate) fn requests(&self) -> Vec<HeaderMap> {
        self.front.requests.lock().unwrap().clone()
    }

    /// Connections so far.
    pub(crate) fn accepted(&self) -> usize {
        self.front.accepted.load(Ordering::SeqCst)
    }

    /// New connections are closed at once, until it thaws.
    pub(crate) fn freeze(&self) {
        self.front.frozen.store(true, Ordering::SeqCst);
    }

    pub(crate) fn refuse_sockets(&self) {
        self.front.no_sockets.store(true, Ordering::SeqCst);
    }

    pub(crate) fn thaw(&self) {
        self.front.frozen.store(false, Ordering::SeqCst);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test publishes now")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A client with a session, and its driver.
pub(crate) async fn up(builder: ClientBuilder) -> (Client, JoinHandle<CloseReason>) {
    let (client, driver) = builder.connect().unwrap();
    let driver = tokio::spawn(driver);
    soon("a session", client.ready()).await.unwrap();
    (client, driver)
}

/// Waits for something that has to happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("no {what}"))
}

pub(crate) async fn eventually(what: &str, mut probe: impl FnMut() -> bool) {
    soon(what, async {
        while !probe() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

pub(crate) async fn next(subscription: &mut Subscription) -> Message {
    soon("message", subscription.next()).await.expect("a message")
}

/// The next payload as text.
pub(crate) async fn data(subscription: &mut Subscription) -> String {
    next(subscription).await.data().get().to_owned()
}

pub(crate) async fn ended<S: Stream + Unpin>(stream: &mut S) {
    assert!(soon("end", stream.next()).await.is_none());
}

pub(crate) async fn reach(
    status: &mut watch::Receiver<Status>,
    wanted: impl FnMut(&Status) -> bool,
) {
    soon("status", status.wait_for(wanted)).await.unwrap();
}
