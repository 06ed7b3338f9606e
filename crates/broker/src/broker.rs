//! The broker: one handle over everything shared.
//!
//! Owns the maps of sessions, users and subscriptions and carries out what the session machines
//! decide: index changes, wake-ups, timer entries, counts. What a request body means is decided in
//! [`crate::conversation`].

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use encke_bayeux::{Advice, BrowserId, ChannelKind, ChannelName, ClientId, event};

use crate::backlog::Amount;
use crate::config::{Config, ConfigError};
use crate::effect::{Due, Release, Released};
use crate::event::{Draft, Event};
use crate::index::Index;
use crate::listener::{Published, RemovedBecause};
use crate::log::Log;
use crate::outbox::Taken;
use crate::round::Round;
use crate::session::Session;
use crate::snapshot::Via;
use crate::stats::{Counters, Stats, add, sub};
use crate::storm::Storm;
use crate::tally::Tally;
use crate::user::UserId;
use crate::verdict::Verdict;
use crate::wheel::Wheel;

/// Positions that a log has at its disposal for each millisecond of its life, so that a younger log
/// begins above an older one.
const POSITIONS_PER_MS: u64 = 1024;

/// One session and its lock. Who it is never changes and is read without the lock.
pub(crate) struct Cell {
    pub(crate) id: ClientId,
    /// Counts the broker's sessions, and is no secret.
    pub(crate) number: u64,
    pub(crate) user: Option<UserId>,
    /// Whether a policy named the user; the server around the broker then knows of none.
    named: bool,
    /// What a session inside the process is for; nobody outside can use it.
    pub(crate) within: Option<Via>,
    session: Mutex<Session>,
}

/// Whose session it is.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// Nobody's in particular.
    Anybody,
    /// A user's, whom every request of the session has to prove.
    Proven(UserId),
    /// A user's, whom the policy named at the handshake.
    Named(UserId),
}

impl Owner {
    /// As the server around the broker says, or else the policy.
    pub(crate) fn of(user: Option<&UserId>, verdict: &Verdict) -> Self {
        match (user, verdict.named_user()) {
            (Some(user), _) => Self::Proven(user.clone()),
            (None, Some(user)) => Self::Named(user.clone()),
            (None, None) => Self::Anybody,
        }
    }

    /// Whoever it is, proven or named.
    pub(crate) fn into_user(self) -> Option<UserId> {
        match self {
            Self::Anybody => None,
            Self::Proven(user) | Self::Named(user) => Some(user),
        }
    }
}

impl Cell {
    pub(crate) fn new(id: ClientId, number: u64, owner: Owner, session: Session) -> Self {
        let (user, named) = match owner {
            Owner::Anybody => (None, false),
            Owner::Proven(user) => (Some(user), false),
            Owner::Named(user) => (Some(user), true),
        };
        Self { id, number, user, named, within: None, session: Mutex::new(session) }
    }

    /// The same, inside the process.
    pub(crate) fn within(self, via: Via) -> Self {
        Self { within: Some(via), ..self }
    }

    /// Whether a request of `user` from that browser, or what such a socket carries, may use the
    /// session.
    ///
    /// A user whom a policy named is nobody to the server around the broker, so the browser alone
    /// shows whose request it is, over a socket too.
    pub(crate) fn admits(
        &self,
        user: Option<&UserId>,
        browser: Option<&BrowserId>,
        socket: bool,
    ) -> bool {
        let proven = self.user.as_ref().filter(|_| !self.named);
        self.within.is_none()
            && proven == user
            && (user.is_some() || self.lock().admits(browser, socket && !self.named))
    }

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
pub(crate) struct Subscriber(pub(crate) Arc<Cell>);

impl PartialEq for Subscriber {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

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

    /// Publishes from code: no policy is asked, every subscriber receives. Returns how many.
    ///
    /// On a lazy channel the message may wait as long as the channel says.
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
        self.publish_within(channel, data, None, now)
    }

    /// Publishes from code what may wait for other messages up to `within` before it leaves.
    ///
    /// As [`Broker::publish`], whatever the settings of the channel say. `within` is cut to
    /// [`Config::max_lazy`]; zero is at once.
    ///
    /// # Errors
    ///
    /// [`PublishError`] for channels that are not for broadcasts.
    pub fn publish_lazy(
        &self,
        channel: &ChannelName,
        data: &str,
        within: Duration,
        now: Instant,
    ) -> Result<usize, PublishError> {
        self.publish_within(channel, data, Some(within), now)
    }

    fn publish_within(
        &self,
        channel: &ChannelName,
        data: &str,
        within: Option<Duration>,
        now: Instant,
    ) -> Result<usize, PublishError> {
        if channel.kind() != ChannelKind::Broadcast {
            return Err(PublishError::NotBroadcast);
        }
        if self.is_private(channel) {
            return Err(PublishError::Private);
        }
        let draft = Draft { data: Some(data), within, ..Draft::default() };
        Ok(self.broadcast(channel, &draft, None, now).unwrap_or(0))
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
        self.deliver_at(user, channel, data, None, now)
    }

    /// The same with the message's position in the log, for messages that are told again.
    ///
    /// A position that is not greater than the newest one was told before: nothing happens then.
    /// Where no rule keeps the channel, the position does not matter.
    pub fn deliver_to_user_at(
        &self,
        user: &UserId,
        channel: &ChannelName,
        data: &str,
        position: u64,
        now: Instant,
    ) -> usize {
        self.deliver_at(user, channel, data, Some(position), now)
    }

    fn deliver_at(
        &self,
        user: &UserId,
        channel: &ChannelName,
        data: &str,
        position: Option<u64>,
        now: Instant,
    ) -> usize {
        let draft = Draft { data: Some(data), ..Draft::default() };
        let named_only = self.config().named_only.contains(channel);
        let sent = self.send(channel, Some(user), &draft, position, now, |round| {
            if let Some(cells) = self.shared.users.get(user) {
                for cell in cells.iter() {
                    round.offer(cell, 0, |session| session.listens_to(channel, named_only));
                }
            }
        });
        sent.unwrap_or(0)
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

    pub(crate) fn is_private(&self, channel: &ChannelName) -> bool {
        self.config().private.iter().any(|private| private.matches(channel))
    }

    /// A number that no session had before.
    pub(crate) fn next_number(&self) -> u64 {
        self.shared.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// What a client is told while the server drains: come back, spread over two seconds.
    pub(crate) fn drain_advice(&self, client: ClientId) -> Advice {
        let spread =
            client.as_str().bytes().fold(0_u64, |sum, byte| sum * 31 % 2000 + u64::from(byte));
        let config = self.config();
        config.retry(config.interval + Duration::from_millis(spread % 2000))
    }

    /// Hands an event to every subscriber of `channel` once. `None` if an extension dropped it.
    pub(crate) fn broadcast(
        &self,
        channel: &ChannelName,
        draft: &Draft<'_>,
        not_to: Option<ClientId>,
        now: Instant,
    ) -> Option<usize> {
        add(&self.counters().published, 1);
        let publish = self.shared.publishes.fetch_add(1, Ordering::Relaxed);
        self.send(channel, None, draft, None, now, |round| {
            round.not_to(not_to);
            let index = &self.shared.index;
            index.visit(channel, |Subscriber(cell)| round.offer(cell, publish, |_| true));
        })
    }

    /// Renders a message, keeps it if a rule says so, and offers it. Returns how many got it, or
    /// `None` if an extension dropped it.
    ///
    /// What is kept is offered while the log is locked, so that everybody gets it in the order of
    /// positions.
    fn send(
        &self,
        channel: &ChannelName,
        user: Option<&UserId>,
        draft: &Draft<'_>,
        position: Option<u64>,
        now: Instant,
        offer: impl FnOnce(&mut Round<'_>),
    ) -> Option<usize> {
        let rewritten = self.pass_outgoing(channel, user, draft)?;
        let draft = rewritten.apply(draft);
        let settings = self.config().channel(channel);
        let log = if settings.replay.is_some() { self.log() } else { None };
        let Some(mut log) = log else {
            let event = Event::new(draft.render(channel, self.config(), now), now);
            let mut round = Round::new(self, event.on(settings, draft.within, self.config()));
            offer(&mut round);
            return Some(self.told(channel, user, &draft, round.finish()));
        };
        let place = position.unwrap_or(log.newest() + 1);
        let stamped = draft.data.filter(|_| settings.stamp_data);
        let stamped = stamped.and_then(|data| event::stamp(data, place));
        let draft = Draft { data: stamped.as_deref().or(draft.data), ..draft };
        let text = draft.render(channel, self.config(), now);
        let at_ms = log.unix_ms(now);
        let Some(entry) = log.append(channel, user, text, Some(place), at_ms) else {
            return Some(0);
        };
        let event = Event::kept(entry, now).on(settings, draft.within, self.config());
        let mut round = Round::new(self, event);
        offer(&mut round);
        self.shared.settled.store(place, Ordering::Release);
        let waiting = log.wakers();
        drop(log);
        waiting.into_iter().for_each(Waker::wake);
        Some(self.told(channel, user, &draft, round.finish()))
    }

    /// Tells listeners of a message that has reached so many sessions.
    fn told(
        &self,
        channel: &ChannelName,
        to: Option<&UserId>,
        draft: &Draft<'_>,
        reached: usize,
    ) -> usize {
        for listener in &self.config().listeners {
            let message = Published {
                channel,
                from: draft.from.map(|cell| cell.id),
                from_user: draft.from.and_then(|cell| cell.user.as_ref()),
                to,
                data: draft.data.unwrap_or("null"),
                reached,
            };
            self.guarded("listener", || listener.published(&message));
        }
        reached
    }

    /// Takes what the next response may carry.
    pub(crate) fn take(&self, cell: &Arc<Cell>) -> Taken {
        let taken = self.take_if(cell, |_| Some(0));
        taken.map(|(_, taken)| taken).unwrap_or_default()
    }

    /// Begins a connect reply and takes what it may carry; `None` if `counts` says that the connect
    /// does not count any more. The number of its batch comes with it, where there is one.
    ///
    /// All under one lock, so that messages are in the batch in which they travel.
    pub(crate) fn take_batch(
        &self,
        cell: &Arc<Cell>,
        counts: impl FnOnce(&Session) -> bool,
    ) -> Option<(Option<u64>, Taken)> {
        self.take_if(cell, |session| counts(session).then(|| session.begin_reply()))
    }

    /// `may` says how many missed messages the response tells of; with `None` there is none.
    fn take_if(
        &self,
        cell: &Arc<Cell>,
        may: impl FnOnce(&mut Session) -> Option<u32>,
    ) -> Option<(Option<u64>, Taken)> {
        let (batch, taken, gone, last) = {
            let mut session = cell.lock();
            let missed = may(&mut session)?;
            let (mut taken, gone) = session.take(self.config());
            taken.missed = missed;
            (session.batch(), taken, gone, session.is_gone())
        };
        self.count_gone(gone);
        if last {
            // Nothing follows the last response of a session.
            self.drop_queue(cell);
        }
        self.refill(cell, None);
        Some((batch, taken))
    }

    /// Puts back what could not be written, and wakes the link or connect that waits by now.
    pub(crate) fn put_back(&self, cell: &Arc<Cell>, taken: Taken, now: Instant) {
        let count = taken.messages.len();
        if count == 0 && taken.missed == 0 {
            return;
        }
        let mut session = cell.lock();
        let Some(back) = session.put_back(taken) else {
            add(&self.counters().messages_dropped, count);
            return;
        };
        let link = if count == 0 { None } else { session.nudge_link() };
        let released = match link {
            None if count > 0 => session.release(Release::Messages, self.config(), now),
            _ => None,
        };
        drop(session);
        self.count_queued(back.messages, back.bytes);
        add(&self.counters().messages_requeued, count);
        self.wake(cell, released);
        if let Some(link) = link {
            link.wake();
        }
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

    pub(crate) fn count_queued(&self, messages: usize, bytes: usize) {
        add(&self.counters().queue_messages, messages);
        add(&self.counters().queue_bytes, bytes);
    }

    pub(crate) fn count_gone(&self, gone: Amount) {
        sub(&self.counters().queue_messages, gone.messages);
        sub(&self.counters().queue_bytes, gone.bytes);
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

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
