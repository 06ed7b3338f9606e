//! The parts put together, run, and stopped in order.
//!
//! # Start
//!
//! Address taken, journal opened, logs of messages restored, state replayed, notifications told
//! again that the logs may lack, parts made, and only then listened: whoever gets a connection gets
//! an answer.
//!
//! # Stop
//!
//! | Step | What happens                                                                     |
//! |------|----------------------------------------------------------------------------------|
//! | 1    | `/readyz` answers 503, scenarios end; everything else goes on for `drain_delay_ms` |
//! | 2    | nothing is accepted any more; connections close after the request they are in    |
//! | 3    | both brokers answer their held polls and refuse handshakes; feeds end            |
//! | 4    | after `shutdown_timeout_ms` at most, connections and sockets left are cut        |
//! | 5    | the call-state core ends, the logs of messages are completed on disk             |
//! | 6    | the journal is synced and closed                                                 |
//!
//! # Ownership
//!
//! [`Server::run`] owns every task: connections, the core's writer, the brokers' clocks, the
//! keepers of logs, the sweep of browser sessions. It ends when they have ended, and dropping it
//! aborts them.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use encke::broker::Broker;
use encke::calls::{self, Core};
use encke::gateway::{Gateway, Notify, Projection, Trace};
use encke::journal::Journal;
use encke::transport::{self, BayeuxService};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::config::Config;
use crate::feed::Feed;
use crate::front::{Cometd, Door, Front, House};
use crate::journal_gate::JournalGate;
use crate::listener::{Acceptor, Bound, Connections, Crowd, Sockets, tls_acceptor};
use crate::login::token::Tokens;
use crate::login::{self, Login, Sessions, Users, Verifier};
use crate::metrics::{self, Counted, Endpoint, Metrics};
use crate::operations::{Operations, OperationsService};
use crate::rate::Buckets;
use crate::replay::{Found, Numbering, ReplayError};
use crate::simulator::scenario::{Plan, Scenarios};
use crate::{clock, simulator};

mod error;
mod journal;
mod logs;

pub use error::{RunError, StartError};

use logs::Logs;

/// Time between two sweeps of browser sessions and of ended calls.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// Time between two looks at lines that ring; one may ring for so much longer than it may.
const TICK_EVERY: Duration = Duration::from_millis(500);

/// Connections that the operations listener serves at a time.
const OPERATIONS_CONNECTIONS: usize = 64;

/// A server that listens and waits to be run.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    operations_address: Option<SocketAddr>,
    acceptor: Acceptor,
    connections: Connections<Front>,
    operations_listener: Option<(Acceptor, Connections<OperationsService>)>,
    operations: Arc<Operations>,
    brokers: Vec<Broker>,
    feed: Option<Feed>,
    core: Core,
    journal: Arc<dyn Journal>,
    scenarios: Scenarios,
    /// Played from the beginning.
    opening: Option<Plan>,
    sockets: Sockets,
    tasks: JoinSet<()>,
    writers: JoinSet<()>,
    logs: Logs,
    trace: Trace,
    drain_delay: Duration,
    shutdown_timeout: Duration,
    secure: bool,
    /// Removed with the server, when the journal is closed.
    folder: Option<TempDir>,
}

/// Binds and runs a server until `shutdown` resolves, then drains it.
///
/// # Errors
///
/// [`RunError`]; starting is part of it.
pub async fn run(
    config: Config,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), RunError> {
    Server::bind(config).await.map_err(RunError::Start)?.run(shutdown).await
}

impl Server {
    /// Opens the journal, replays it, makes the parts, and listens.
    ///
    /// Needs a tokio runtime with timers and IO.
    ///
    /// # Errors
    ///
    /// [`StartError`] says which part did not start.
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        let tls = match &config.tls {
            Some((certificate, key)) => {
                Some(tls_acceptor(certificate, key).map_err(StartError::Tls)?)
            }
            None => None,
        };
        let bound = bind(config.listen)?;
        let operations_bound = config.operations_listen.map(bind).transpose()?;
        let address = bound.address();
        let operations_address = operations_bound.as_ref().map(Bound::address);
        let (folder, home) = journal::open(config.data.clone()).await?;
        let faults = simulator::Faults::default();
        let journal: Arc<dyn Journal> = if config.simulator {
            Arc::new(JournalGate::new(home, faults.journal.clone()))
        } else {
            home
        };

        let notifications = broker(config.notifications)?;
        let cometd = match config.cometd {
            Some(cometd) => Some((broker(cometd.broker)?, cometd.anonymous)),
            None => None,
        };
        let log_folder = logs::folder(config.data.as_ref());
        let log_gate = config.simulator.then_some(&faults.replay);
        let mut notifications_log =
            logs::find(log_folder.as_deref(), "notifications", &notifications, log_gate).await?;
        let again_after = match &mut notifications_log {
            Some(found) => {
                let head = journal.stats().head;
                restored(found.restore(&notifications, Numbering::Journal(head)).await)?
            }
            None => None,
        };
        let mut cometd_log = match &cometd {
            Some((broker, _)) => {
                logs::find(log_folder.as_deref(), "cometd", broker, log_gate).await?
            }
            None => None,
        };
        if let (Some(found), Some((broker, _))) = (&mut cometd_log, &cometd) {
            restored(found.restore(broker, Numbering::Own).await)?;
        }
        let external_url =
            config.external_url.unwrap_or_else(|| default_url(address, tls.is_some()));
        let gateway_config = config.gateway.external_url(&external_url);
        let clock: Arc<dyn calls::Clock> = Arc::new(calls::SystemClock);
        let projection = Projection::new(
            config.directory.clone(),
            Arc::new(notifications.clone()) as Arc<dyn Notify>,
            &gateway_config,
            Arc::clone(&clock),
        )
        .again_after(again_after)
        .kept(notifications_log.as_ref().map(Found::kept));
        let trace = projection.trace();
        let (core, writer) = Core::open(
            Arc::clone(&journal),
            config.calls,
            Arc::clone(&clock),
            vec![Arc::new(projection)],
        )
        .await
        .map_err(|error| StartError::part("call-state core", error))?;
        let gateway = Gateway::new(core.clone(), config.directory.clone(), gateway_config, clock)
            .tracing(trace.clone());

        let tokens = match config.tokens.map(Tokens::open) {
            Some(opened) => Some(opened.map_err(|error| StartError::part("token login", error))?),
            None => None,
        };
        let login = Arc::new(Login {
            verifier: verifier(config.checks)?,
            users: config.accounts.into_iter().collect::<Users>(),
            sessions: Sessions::new(config.sessions),
            throttle: config.throttle,
            cookie: config.cookie,
            csrf: config.csrf,
            tokens,
        });
        let crowd = Crowd::new(config.limits.connections_per_address, config.proxies.clone());
        let counted = Counted::default();
        let open = Arc::new(AtomicU64::new(0));
        let mut logs = Logs::default();
        let mut endpoints = vec![Endpoint {
            name: "notifications",
            broker: notifications.clone(),
            log: notifications_log.map(|found| logs.keep(found, &notifications, Some(&core))),
        }];
        if let Some((broker, _)) = &cometd {
            endpoints.push(Endpoint {
                name: "cometd",
                broker: broker.clone(),
                log: cometd_log.map(|found| logs.keep(found, broker, None)),
            });
        }
        let brokers: Vec<Broker> =
            endpoints.iter().map(|endpoint| endpoint.broker.clone()).collect();
        let operations = Arc::new(Operations {
            draining: AtomicBool::new(false),
            core: core.clone(),
            metrics: Metrics::new(
                &counted,
                metrics::House {
                    endpoints,
                    journal: Arc::clone(&journal),
                    core: core.clone(),
                    gateway: gateway.clone(),
                    login: Arc::clone(&login),
                    connections: Arc::clone(&open),
                    handshakes: config.handshakes,
                    crowd: crowd.clone(),
                },
            ),
        });
        // Desks are where notifications are; the first endpoint is that one.
        let desks = brokers.first().cloned();
        let scenarios = Scenarios::new(core.clone(), config.directory.clone(), desks);
        let world = simulator::World {
            scenarios: scenarios.clone(),
            core: core.clone(),
            directory: config.directory,
            faults,
            brokers: brokers.clone(),
            body_bytes: config.body_bytes,
        };
        let limits = &config.limits;
        let sockets = Sockets::new(config.max_connections);
        let service = |broker: Broker| {
            let serves = |name| broker.connection_types().contains(&name);
            let websocket = serves("websocket");
            let http = config.bayeux_http.clone().callback_polling(serves("callback-polling"));
            let service = BayeuxService::new(broker, http);
            if websocket { service.websocket(sockets.clone()) } else { service }
        };
        let feed =
            config.api.as_ref().and_then(|api| api.feed).map(|bounds| {
                Feed::new(core.clone(), Arc::clone(&journal), bounds, counted.clone())
            });
        let door = config.api.map(|api| Door {
            feed: feed.clone().map(Feed::router),
            body_bytes: api.bounds.body_bytes,
            keys: api.keys,
            router: Api::new(
                cometd.as_ref().map(|(broker, _)| broker.clone()),
                notifications.clone(),
                api.bounds,
                counted.clone(),
            )
            .router(),
        });
        let front = Front(Arc::new(House {
            api: door,
            origins: config.origins,
            proxies: config.proxies,
            by_address: Buckets::per_second(limits.address_per_second, limits.address_burst),
            by_user: Buckets::per_second(limits.user_per_second, limits.user_burst),
            notifications: service(notifications),
            cometd: cometd
                .map(|(broker, anonymous)| Cometd { service: service(broker), anonymous }),
            gateway: gateway.router(),
            simulator: config.simulator.then(|| simulator::router(world)),
            operations: operations_address.is_none().then(|| Arc::clone(&operations)),
            desk: config.desk,
            body_timeout: config.body_timeout,
            body_bytes: config.body_bytes,
            counted,
            login: Arc::clone(&login),
        }));

        let mut tasks = JoinSet::new();
        for broker in &brokers {
            tasks.spawn(transport::drive(broker.clone()));
        }
        if let Some(keys) = login.tokens.as_ref().and_then(Tokens::follow) {
            tasks.spawn(keys);
        }
        tasks.spawn(sweep(login, core.clone()));
        tasks.spawn(tick(core.clone()));
        let mut writers = JoinSet::new();
        writers.spawn(writer);
        let operations_listener = match operations_bound {
            None => None,
            Some(bound) => {
                let acceptor =
                    Acceptor::new(listen(bound)?, OPERATIONS_CONNECTIONS, config.write_timeout);
                let service = OperationsService(Arc::clone(&operations));
                let connections = Connections::new(
                    service,
                    None,
                    config.connection,
                    Arc::default(),
                    Crowd::default(),
                );
                Some((acceptor, connections))
            }
        };
        let secure = tls.is_some();
        Ok(Self {
            address,
            operations_address,
            acceptor: Acceptor::new(listen(bound)?, config.max_connections, config.write_timeout),
            connections: Connections::new(front, tls, config.connection, open, crowd),
            operations_listener,
            operations,
            brokers,
            feed,
            core,
            journal,
            scenarios,
            opening: config.opening,
            sockets,
            tasks,
            writers,
            logs,
            trace,
            drain_delay: config.drain_delay,
            shutdown_timeout: config.shutdown_timeout,
            secure,
            folder,
        })
    }

    /// Where the main listener is, with the port that was found for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the listener for operations is, if there is one.
    pub fn operations_address(&self) -> Option<SocketAddr> {
        self.operations_address
    }

    /// The main listener as a URL, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `shutdown` resolves, then drains.
    ///
    /// # Errors
    ///
    /// [`RunError::Writer`] if the call-state core ended by itself, which is a bug or a journal
    /// that cannot go on; connections are cut then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cuts everything without a drain. What was answered is on disk.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) -> Result<(), RunError> {
        let mut operating =
            self.operations_listener.take().map(|(mut acceptor, mut connections)| {
                let mut task = JoinSet::new();
                task.spawn(async move { connections.serve(&mut acceptor).await });
                task
            });
        if let Some(plan) = self.opening.take() {
            // There is room for the first one.
            self.scenarios.play(plan).unwrap_or_default();
        }
        tokio::select! {
            () = self.connections.serve(&mut self.acceptor) => {}
            () = shutdown => {}
            Some(_) = self.writers.join_next() => return Err(RunError::Writer),
        }
        self.operations.draining.store(true, Ordering::Relaxed);
        tracing::info!("draining");
        self.scenarios.close().await;
        tokio::select! {
            () = self.connections.serve(&mut self.acceptor) => {}
            () = tokio::time::sleep(self.drain_delay) => {}
        }
        drop(self.acceptor);
        let (brokers, trace) = (self.brokers, self.trace);
        let release = || {
            trace.close();
            for broker in &brokers {
                broker.begin_drain(clock::now());
            }
            if let Some(feed) = &self.feed {
                feed.begin_drain();
            }
        };
        let stopping = clock::now();
        let cut = self.connections.drain(self.shutdown_timeout, release).await;
        if cut > 0 {
            tracing::warn!(connections = cut, "cut what was left after the drain");
        }
        let left = self.shutdown_timeout.saturating_sub(clock::now() - stopping);
        if tokio::time::timeout(left, self.sockets.ended()).await.is_err() {
            let cut = self.sockets.cut().await;
            tracing::warn!(websockets = cut, "cut what was left after the drain");
        }
        self.core.close().await;
        self.logs.end().await;
        self.journal.close().await;
        self.writers.shutdown().await;
        self.tasks.shutdown().await;
        if let Some(operating) = &mut operating {
            operating.shutdown().await;
        }
        drop(self.folder);
        tracing::info!("stopped");
        Ok(())
    }
}

fn bind(address: SocketAddr) -> Result<Bound, StartError> {
    Bound::new(address).map_err(|cause| StartError::Listen { address, cause })
}

fn listen(bound: Bound) -> Result<tokio::net::TcpListener, StartError> {
    let address = bound.address();
    bound.listen().map_err(|cause| StartError::Listen { address, cause })
}

fn broker(config: encke::broker::Config) -> Result<Broker, StartError> {
    Broker::new(config.wall(clock::wall())).map_err(|error| StartError::part("broker", error))
}

fn restored<T>(restored: Result<T, ReplayError>) -> Result<T, StartError> {
    restored.map_err(|error| StartError::part("log of messages", error))
}

fn verifier(bounds: login::CheckBounds) -> Result<Verifier, StartError> {
    let decoy = login::password::hash(b"nobody has this password")
        .map_err(|error| StartError::part("login", error))?;
    Verifier::new(decoy, bounds).map_err(|error| StartError::part("login", error))
}

/// Where clients on this machine find us; an unspecified address is no address to connect to.
fn default_url(address: SocketAddr, secure: bool) -> String {
    let scheme = if secure { "https" } else { "http" };
    if address.ip().is_unspecified() {
        format!("{scheme}://localhost:{}", address.port())
    } else {
        format!("{scheme}://{address}")
    }
}

async fn tick(core: Core) {
    let mut interval = tokio::time::interval(TICK_EVERY);
    loop {
        interval.tick().await;
        core.tick().await;
    }
}

async fn sweep(login: Arc<Login>, core: Core) {
    let mut interval = tokio::time::interval(SWEEP_EVERY);
    loop {
        interval.tick().await;
        login.sessions.sweep(clock::now());
        core.sweep().await;
    }
}
