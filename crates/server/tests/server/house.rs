//! A demo server inside the test's own process.

use std::net::SocketAddr;

use encke_server::{Config, DemoOptions, RunError, Server, Settings};
use encke_testkit::{Connection, DEADLINE, Login, Request, Response};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A running server; dropping it stops it.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) operations: Option<SocketAddr>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), RunError>>,
}

impl House {
    /// The demo on a free port.
    pub(crate) async fn demo() -> Self {
        Self::with(|_| {}).await
    }

    /// The demo on a free port with other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::demo(&DemoOptions::default()).unwrap();
        settings.server.listen = "127.0.0.1:0".parse().unwrap();
        change(&mut settings);
        let server = Server::bind(Config::from_settings(&settings).unwrap()).await.unwrap();
        let (address, operations) = (server.address(), server.operations_address());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async { drop(stopped.await) }));
        Self { address, operations, stop, running }
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, request: &Request) -> Response {
        self.open().await.exchange(request).await.unwrap()
    }

    pub(crate) async fn open(&self) -> Connection {
        Connection::open(self.address).await.unwrap()
    }

    /// Begins the drain; the server's end can be awaited with what is returned.
    pub(crate) fn stop(self) -> JoinHandle<Result<(), RunError>> {
        drop(self.stop);
        self.running
    }

    /// Stops and waits for the end.
    pub(crate) async fn end(self) {
        timeout(DEADLINE, self.stop()).await.unwrap().unwrap().unwrap();
    }
}

/// `GET /api/v2/me`.
pub(crate) fn me() -> Request {
    Request::new("GET", "/api/v2/me")
}

/// `GET /api/v2/me` with the credentials of one of the demo's people.
pub(crate) fn me_as(user: &str) -> Request {
    me().login(&Login::demo(user))
}

/// The `Cookie` header for the session that a response began.
pub(crate) fn cookie(response: &Response) -> String {
    let given = response.header("set-cookie").expect("a cookie is given");
    given.split(';').next().unwrap().to_owned()
}
