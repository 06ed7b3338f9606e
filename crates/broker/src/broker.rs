//! The broker: one handle over everything shared.
//!
//! Owns the maps of sessions, users and subscriptions, the timer, the counters and the drain, and
//! wakes whom a session machine lets go. Each thing that is done with them has a file of its own:
//! [`crate::membership`] has sessions and subscriptions come and go, [`crate::publish`] sends messages,
//! [`crate::queue`] takes them out, [`crate::directed`] speaks to one session. What a request body
//! means is decided in [`crate::conversation`].
//!
//! Promises that nobody is woken or told of anything while a lock is held. Reads no clock: time moves
//! when [`Broker::tick`] says so.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use encke_bayeux::{Advice, BrowserId, ClientId};

use crate::cell::{Cell, Subscriber};
use crate::config::{Config, ConfigError};
use crate::effect::{Due, Released};
use crate::index::Index;
use crate::listener::RemovedBecause;
use crate::log::Log;
use crate::stats::{Counters, Stats, add, sub};
use crate::storm::Storm;
use crate::tally::Tally;
use crate::user::UserId;
use crate::wheel::Wheel;

/// Positions that a log has at its disposal for each millisecond of its life, so that a younger log
/// begins above an older one.
const POSITIONS_PER_MS: u64 = 1024;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) sessions: DashMap<ClientId, Arc<Cell>>,
    pub(crate) users: DashMap<UserId, Vec<Arc<Cell>>>,
    pub(crate) index: Index<Subscriber>,
    /// Held connects by browser.
    pub(crate) browsers: Arc<Tally<BrowserId>>,
    /// Sessions by address, where those are bounded.
    pub(crate) addresses: Arc<Tally<IpAddr>>,
    /// `None` where every handshake is served.
    pub(crate) storm: Option<Mutex<Storm>>,
    wheel: Mutex<Wheel<ClientId>>,
    counters: Counters,
    publishes: AtomicU64,
    numbers: AtomicU64,
    draining: AtomicBool,
    /// `None` where no rule keeps anything.
    pub(crate) log: Option<Mutex<Log>>,
    /// The newest position of the log that was offered to every queue.
    pub(crate) settled: AtomicU64,
}

/// A Bayeux broker. Cheap to clone; all clones are the same broker.
///
/// # Examples
///
/// ```
/// use encke_bayeux::ChannelName;
/// use encke_broker::{Broker, Config};
/// use std::time::Instant;
///
/// # #[allow(clippy::disallowed_methods)]
/// # fn main() {
/// let broker = Broker::new(Config::default()).unwrap();
/// let news = ChannelName::new("/news").unwrap();
/// let reached = broker.publish(&news, r#"{"headline":"perihelion"}"#, Instant::now()).unwrap();
/// assert_eq!(reached, 0);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Broker {
    pub(crate) shared: Arc<Shared>,
}

impl Broker {
    /// Makes a broker without sessions.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the configuration contradicts itself.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let log = config.wall.and_then(|wall| {
            let epoch = wall.begun().saturating_mul(POSITIONS_PER_MS);
            Log::new(&config.channels, epoch, wall)
        });
        let storm = config.handshake_rate.map(|rate| Mutex::new(Storm::new(rate)));
        let shared = Shared {
            config,
            sessions: DashMap::new(),
            users: DashMap::new(),
            index: Index::new(),
            browsers: Tally::new(),
            addresses: Tally::new(),
            storm,
            wheel: Mutex::new(Wheel::new()),
            counters: Counters::default(),
            publishes: AtomicU64::new(1),
            numbers: AtomicU64::new(1),
            draining: AtomicBool::new(false),
            settled: AtomicU64::new(log.as_ref().map_or(0, Log::newest)),
            log: log.map(Mutex::new),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Moves time on: ends holds whose time is up and sessions whose client stayed silent.
    ///
    /// Call it about every 50 ms; [`now`](Instant) must not go backwards.
    pub fn tick(&self, now: Instant) {
        if let Some(mut log) = self.log() {
            let now_ms = log.unix_ms(now);
            log.expire(now_ms);
        }
        let due = lock(&self.shared.wheel).due(now);
        for id in due {
            let Some(cell) = self.shared.sessions.get(&id).map(|cell| Arc::clone(&cell)) else {
                continue;
            };
            let due = cell.lock().handle_deadline(self.config(), now);
            match due {
                Due::Look { held, link, at } => {
                    self.arm(id, at, now);
                    self.wake(&cell, held);
                    if let Some(link) = link {
                        link.wake();
                    }
                }
                Due::Expired => {
                    add(&self.counters().expired, 1);
                    self.remove(&cell, RemovedBecause::Expired);
                }
            }
        }
    }

    /// Answers every held connect and refuses new handshakes from now on.
    ///
    /// Clients are advised to come back after a pause, spread over two seconds by their ids.
    pub fn begin_drain(&self, now: Instant) {
        self.shared.draining.store(true, Ordering::SeqCst);
        let cells: Vec<_> = self.shared.sessions.iter().map(|cell| Arc::clone(&cell)).collect();
        for cell in cells {
            let (released, link) = cell.lock().drain(self.config(), now);
            self.wake(&cell, released);
            if let Some(link) = link {
                link.wake();
            }
        }
    }

    /// Whether [`Broker::begin_drain`] was called.
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::SeqCst)
    }

    /// The connection types that handshakes name.
    pub fn connection_types(&self) -> &[&'static str] {
        &self.config().connection_types
    }

    /// A snapshot of the counters.
    pub fn stats(&self) -> Stats {
        let log = self.log().map_or((0, 0), |log| log.amount());
        self.counters().snapshot(self.shared.sessions.len(), log)
    }

    /// Patterns that somebody is subscribed to.
    pub fn patterns(&self) -> usize {
        self.shared.index.patterns()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// A number that no session had before.
    pub(crate) fn next_number(&self) -> u64 {
        self.shared.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A number that no publish had before.
    pub(crate) fn next_publish(&self) -> u64 {
        self.shared.publishes.fetch_add(1, Ordering::Relaxed)
    }

    /// What a client is told while the server drains: come back, spread over two seconds.
    pub(crate) fn drain_advice(&self, client: ClientId) -> Advice {
        let spread =
            client.as_str().bytes().fold(0_u64, |sum, byte| sum * 31 % 2000 + u64::from(byte));
        let config = self.config();
        config.retry(config.interval + Duration::from_millis(spread % 2000))
    }

    /// Counts a hold that is over, wakes it and tells of it. No lock may be held.
    pub(crate) fn wake(&self, cell: &Cell, released: Option<Released>) {
        if let Some(released) = released {
            self.wake_only(released);
            self.tell(cell);
        }
    }

    /// The same, where listeners are told later.
    pub(crate) fn wake_only(&self, released: Released) {
        sub(&self.counters().held, 1);
        released.wake();
    }

    /// Makes the timer look at a session at `at`.
    pub(crate) fn arm(&self, id: ClientId, at: Option<Instant>, now: Instant) {
        if let Some(at) = at {
            lock(&self.shared.wheel).insert(id, at, now);
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
