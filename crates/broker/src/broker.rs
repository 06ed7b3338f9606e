//! The broker: one handle over everything shared.
//!
//! Owns the maps of sessions, users and subscriptions and carries out what the session machines
//! decide: index changes, wake-ups, timer entries, counts. What a request body means is decided in
//! [`crate::conversation`].

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dashmap::DashMap;
use encke_bayeux::{
    Advice, BrowserId, ChannelKind, ChannelName, ChannelPattern, ClientId, Failure, Reconnect,
    event,
};

use crate::config::{Config, ConfigError};
use crate::hold::Release;
use crate::index::Index;
use crate::listener::RemovedBecause;
use crate::outbox::{Amount, Queued, Taken};
use crate::session::{Due, Ended, Offered, Released, Session};
use crate::stats::{Counters, Stats, add, sub};
use crate::user::UserId;
use crate::wheel::Wheel;

/// What a client is sent when the server ends its session.
const DISCONNECT: &[u8] = b"{\"channel\":\"/meta/disconnect\",\"successful\":true}";

/// One session and its lock. Who it is never changes and is read without the lock.
pub(crate) struct Cell {
    pub(crate) id: ClientId,
    pub(crate) user: Option<UserId>,
    session: Mutex<Session>,
}

impl Cell {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("client", &self.id)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// A subscriber in the index: a session, compared by identity.
#[derive(Clone, Debug)]
struct Subscriber(Arc<Cell>);

impl PartialEq for Subscriber {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Debug)]
struct Shared {
    config: Config,
    sessions: DashMap<ClientId, Arc<Cell>>,
    users: DashMap<UserId, Vec<Arc<Cell>>>,
    index: Index<Subscriber>,
    wheel: Mutex<Wheel<ClientId>>,
    counters: Counters,
    publishes: AtomicU64,
    draining: AtomicBool,
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
    shared: Arc<Shared>,
}

impl Broker {
    /// Makes a broker without sessions.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the configuration contradicts itself.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let shared = Shared {
            config,
            sessions: DashMap::new(),
            users: DashMap::new(),
            index: Index::new(),
            wheel: Mutex::new(Wheel::new()),
            counters: Counters::default(),
            publishes: AtomicU64::new(1),
            draining: AtomicBool::new(false),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Publishes from code: no policy is asked, every subscriber receives. Returns how many.
    ///
    /// `data` is JSON text and goes out as it is.
    ///
    /// # Errors
    ///
    /// [`PublishError`] for channels that are not for broadcasts.
    pub fn publish(
        &self,
        channel: &ChannelName,
        data: &str,
        now: Instant,
    ) -> Result<usize, PublishError> {
        if channel.kind() != ChannelKind::Broadcast {
            return Err(PublishError::NotBroadcast);
        }
        if self.is_private(channel) {
            return Err(PublishError::Private);
        }
        Ok(self.broadcast(channel, event::render(channel, Some(data), None, None), now))
    }

    /// Delivers to every session of `user` with a subscription that matches `channel`.
    ///
    /// The channel may be private or not; other users never see the message. `data` is JSON text
    /// and goes out as it is. Returns how many sessions got it.
    pub fn deliver_to_user(
        &self,
        user: &UserId,
        channel: &ChannelName,
        data: &str,
        now: Instant,
    ) -> usize {
        let mut round = Round::new(self, event::render(channel, Some(data), None, None), now);
        let named_only = self.config().named_only.contains(channel);
        if let Some(cells) = self.shared.users.get(user) {
            for cell in cells.iter() {
                round.offer(cell, 0, |session| session.listens_to(channel, named_only));
            }
        }
        round.finish()
    }

    /// Ends every session of `user`; held connects are told to stay away. Returns how many.
    pub fn disconnect_user(&self, user: &UserId, now: Instant) -> usize {
        let cells = self.shared.users.get(user).map(|cells| cells.clone()).unwrap_or_default();
        for cell in &cells {
            let text = Bytes::from_static(DISCONNECT);
            if cell.lock().append(Queued { text, at: now }, self.config()) {
                self.count_queued(1, DISCONNECT.len());
            }
            self.remove(cell, RemovedBecause::Server);
        }
        cells.len()
    }

    /// Moves time on: ends holds whose time is up and sessions whose client stayed silent.
    ///
    /// Call it about every 50 ms; [`now`](Instant) must not go backwards.
    pub fn tick(&self, now: Instant) {
        let due = lock(&self.shared.wheel).due(now);
        for id in due {
            let Some(cell) = self.shared.sessions.get(&id).map(|cell| Arc::clone(&cell)) else {
                continue;
            };
            let due = cell.lock().handle_deadline(self.config(), now);
            match due {
                Due::Nothing => {}
                Due::Later(at) => self.arm(id, Some(at), now),
                Due::TimedOut(released, at) => {
                    self.arm(id, Some(at), now);
                    self.wake(Some(released));
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
            let (released, link) = {
                let mut session = cell.lock();
                (session.release(Release::Draining, self.config(), now), session.nudge_link())
            };
            self.wake(released);
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
        self.counters().snapshot(self.shared.sessions.len())
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

    pub(crate) fn is_private(&self, channel: &ChannelName) -> bool {
        self.config().private.iter().any(|private| private.matches(channel))
    }

    /// What a client is told while the server drains: come back, spread over two seconds.
    pub(crate) fn drain_advice(&self, client: ClientId) -> Advice {
        let spread =
            client.as_str().bytes().fold(0_u64, |sum, byte| sum * 31 % 2000 + u64::from(byte));
        Advice {
            interval: Some(self.config().interval + Duration::from_millis(spread % 2000)),
            timeout: Some(self.config().timeout),
            ..Advice::only(Reconnect::Retry)
        }
    }

    /// Finds the session that a request may use.
    pub(crate) fn find(
        &self,
        client: Option<&str>,
        user: Option<&UserId>,
        browser: Option<&BrowserId>,
    ) -> Option<Arc<Cell>> {
        let id = ClientId::parse(client?)?;
        let cell = self.shared.sessions.get(&id).map(|cell| Arc::clone(&cell))?;
        let admitted =
            cell.user.as_ref() == user && (user.is_some() || cell.lock().admits(browser));
        admitted.then_some(cell)
    }

    /// Adds a session after a handshake.
    pub(crate) fn add_session(
        &self,
        id: ClientId,
        user: Option<&UserId>,
        session: Session,
        now: Instant,
    ) -> Result<(), Failure> {
        if self.shared.sessions.len() >= self.config().sessions {
            return Err(Failure::TooManySessions);
        }
        let cell = Arc::new(Cell { id, user: user.cloned(), session: Mutex::new(session) });
        if let Some(user) = user {
            let mut cells = self.shared.users.entry(user.clone()).or_default();
            if self.config().sessions_per_user.is_some_and(|most| cells.len() >= most) {
                return Err(Failure::TooManySessions);
            }
            cells.push(Arc::clone(&cell));
        }
        let arm = cell.lock().arm();
        self.shared.sessions.insert(id, cell);
        self.arm(id, arm, now);
        add(&self.counters().handshakes, 1);
        tracing::debug!(client = ?id, user = user.map(UserId::as_str), "session added");
        if let Some(listener) = &self.config().listener {
            listener.session_added(id, user);
        }
        Ok(())
    }

    /// Ends a session and removes every trace of it but what a held connect still has to say.
    pub(crate) fn remove(&self, cell: &Arc<Cell>, because: RemovedBecause) {
        let Some(Ended { subscriptions, held, link }) = cell.lock().end(because) else {
            return;
        };
        self.shared.sessions.remove(&cell.id);
        if let Some(user) = &cell.user {
            self.shared.users.remove_if_mut(user, |_, cells| {
                if let Some(place) = cells.iter().position(|other| Arc::ptr_eq(other, cell)) {
                    cells.swap_remove(place);
                }
                cells.is_empty()
            });
        }
        for pattern in &subscriptions {
            self.unindex(cell, pattern);
        }
        // The last response of a session takes its queue along: the held connect's, the link's or that
        // of the disconnect. Where there is none, or its client is too slow, the queue is lost.
        let last_response =
            held.is_some() || link.is_some() || because == RemovedBecause::Disconnected;
        if because == RemovedBecause::Overflow || !last_response {
            self.drop_queue(cell);
        }
        tracing::debug!(client = ?cell.id, ?because, "session removed");
        self.wake(held);
        if let Some(link) = link {
            link.wake();
        }
        if let Some(listener) = &self.config().listener {
            listener.session_removed(cell.id, cell.user.as_ref(), because);
        }
    }

    /// Subscribes; the session's own list is the truth, the index follows it.
    pub(crate) fn subscribe(
        &self,
        cell: &Arc<Cell>,
        pattern: &ChannelPattern,
    ) -> Result<(), Failure> {
        let limit = self.config().subscriptions_per_session;
        let added = cell.lock().subscribe(pattern, limit).ok_or(Failure::TooManySubscriptions)?;
        if !added {
            return Ok(());
        }
        if !self.lies_in_private(pattern) {
            self.shared.index.subscribe(pattern, Subscriber(Arc::clone(cell)));
            // Whoever removed the subscription meanwhile found nothing in the index to remove.
            if !cell.lock().has(pattern) {
                self.unindex(cell, pattern);
                return Ok(());
            }
        }
        if let Some(listener) = &self.config().listener {
            listener.subscribed(cell.id, cell.user.as_ref(), pattern);
        }
        Ok(())
    }

    /// Unsubscribes; whether there was a subscription does not matter.
    pub(crate) fn unsubscribe(&self, cell: &Arc<Cell>, pattern: &ChannelPattern) {
        if cell.lock().unsubscribe(pattern) {
            self.unindex(cell, pattern);
            if let Some(listener) = &self.config().listener {
                listener.unsubscribed(cell.id, cell.user.as_ref(), pattern);
            }
        }
    }

    /// Whether a pattern can match nothing but private channels.
    pub(crate) fn lies_in_private(&self, pattern: &ChannelPattern) -> bool {
        self.config().private.iter().any(|private| private.contains(pattern))
    }

    /// Hands an event to every subscriber of `channel` once.
    pub(crate) fn broadcast(&self, channel: &ChannelName, text: Bytes, now: Instant) -> usize {
        add(&self.counters().published, 1);
        let publish = self.shared.publishes.fetch_add(1, Ordering::Relaxed);
        let mut round = Round::new(self, text, now);
        self.shared.index.visit(channel, |Subscriber(cell)| round.offer(cell, publish, |_| true));
        round.finish()
    }

    /// Takes what the next response may carry.
    pub(crate) fn take(&self, cell: &Cell) -> Taken {
        let (taken, gone, last) = {
            let mut session = cell.lock();
            let (taken, gone) = session.take(self.config());
            (taken, gone, session.is_gone())
        };
        self.count_gone(gone);
        if last {
            // Nothing follows the last response of a session.
            self.drop_queue(cell);
        }
        taken
    }

    /// Puts back what could not be written, and wakes the connect that is held by now.
    pub(crate) fn put_back(&self, cell: &Arc<Cell>, taken: Taken, now: Instant) {
        let count = taken.messages.len();
        if count == 0 {
            return;
        }
        let mut session = cell.lock();
        let Some(back) = session.put_back(taken) else {
            add(&self.counters().messages_dropped, count);
            return;
        };
        let released = session.release(Release::Messages, self.config(), now);
        drop(session);
        self.count_queued(back.messages, back.bytes);
        add(&self.counters().messages_requeued, count);
        self.wake(released);
    }

    /// Counts a hold that is over and wakes it. No lock may be held.
    pub(crate) fn wake(&self, released: Option<Released>) {
        if let Some(released) = released {
            sub(&self.counters().held, 1);
            released.wake();
        }
    }

    /// Drops what an ended session still had to receive.
    pub(crate) fn drop_queue(&self, cell: &Cell) {
        let (gone, unsent) = cell.lock().clear();
        self.count_gone(gone);
        add(&self.counters().messages_dropped, unsent);
    }

    /// Makes the timer look at a session at `at`.
    pub(crate) fn arm(&self, id: ClientId, at: Option<Instant>, now: Instant) {
        if let Some(at) = at {
            lock(&self.shared.wheel).insert(id, at, now);
        }
    }

    fn unindex(&self, cell: &Arc<Cell>, pattern: &ChannelPattern) {
        if !self.lies_in_private(pattern) {
            self.shared.index.unsubscribe(pattern, &Subscriber(Arc::clone(cell)));
        }
    }

    fn count_queued(&self, messages: usize, bytes: usize) {
        add(&self.counters().queue_messages, messages);
        add(&self.counters().queue_bytes, bytes);
    }

    pub(crate) fn count_gone(&self, gone: Amount) {
        sub(&self.counters().queue_messages, gone.messages);
        sub(&self.counters().queue_bytes, gone.bytes);
    }
}

/// One event on its way into many queues; wakes and cuts when every lock is free again.
struct Round<'a> {
    broker: &'a Broker,
    text: Bytes,
    now: Instant,
    reached: usize,
    released: Vec<Released>,
    linked: Vec<Waker>,
    full: Vec<Arc<Cell>>,
    idle: Vec<(ClientId, Instant)>,
}

impl<'a> Round<'a> {
    fn new(broker: &'a Broker, text: Bytes, now: Instant) -> Self {
        let (released, linked, full, idle) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { broker, text, now, reached: 0, released, linked, full, idle }
    }

    fn offer(&mut self, cell: &Arc<Cell>, publish: u64, wants: impl FnOnce(&Session) -> bool) {
        let mut session = cell.lock();
        if !wants(&session) {
            return;
        }
        let message = Queued { text: self.text.clone(), at: self.now };
        match session.offer(message, publish, self.broker.config()) {
            Offered::Queued(None) => self.reached += 1,
            Offered::Queued(Some(released)) => {
                self.reached += 1;
                self.released.push(released);
                self.idle.extend(session.arm().map(|at| (cell.id, at)));
            }
            Offered::Linked(waker) => {
                self.reached += 1;
                self.linked.extend(waker);
            }
            Offered::Overflow => self.full.push(Arc::clone(cell)),
            Offered::Double | Offered::Gone => {}
        }
    }

    fn finish(self) -> usize {
        let broker = self.broker;
        broker.count_queued(self.reached, self.reached * self.text.len());
        for (id, at) in self.idle {
            broker.arm(id, Some(at), self.now);
        }
        for released in self.released {
            broker.wake(Some(released));
        }
        self.linked.into_iter().for_each(Waker::wake);
        for cell in &self.full {
            tracing::warn!(client = ?cell.id, "session cut: its queue is full");
            add(&broker.counters().overflowed, 1);
            broker.remove(cell, RemovedBecause::Overflow);
        }
        self.reached
    }
}

/// Why a publish from code was refused. The caller's mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PublishError {
    /// Meta and service channels are not broadcast.
    NotBroadcast,
    /// The channel is private to users; use [`Broker::deliver_to_user`].
    Private,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotBroadcast => "meta and service channels are not broadcast",
            Self::Private => "the channel is private to users",
        })
    }
}

impl std::error::Error for PublishError {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
