//! What was published, kept for sessions that come back.
//!
//! Owns the positions of a broker: one ascending sequence over all channels that a rule keeps. A
//! younger log begins above everything that an older one can have given out, at its epoch, so that
//! a position tells by itself whether this log knows it.
//!
//! A message belongs to the stream of its channel, or of its channel and user where it was
//! delivered to one. Bounds are those of the channel's rule: age and number for each stream, bytes
//! for all of them together; the oldest go first. What went is remembered as a horizon, so the
//! question "was anything missed since" has an exact answer on channels where nothing happens.
//! Streams that are empty leave nothing behind but their scope's horizon.
//!
//! Pure: positions are handed out in the order of the calls, and time is an argument.
//!
//! # Bounds
//!
//! Those of the rules, and [`SCOPES`] users whose horizons are kept apart though nothing else of
//! them is; beyond, they share the horizon of all.
//!
//! # Sources
//!
//! Observed: Salesforce's streaming endpoint, for ids that grow with gaps and mean nothing else.

mod read;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use encke_bayeux::{ChannelName, event};

use crate::channel_rule::{ChannelRule, Retention};
use crate::user::UserId;
use crate::wall::WallClock;

pub(crate) use read::{Reader, Want};

/// Users whose horizons are kept though none of their messages is.
const SCOPES: usize = 65_536;

/// One message of the log.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) position: u64,
    pub(crate) channel: ChannelName,
    /// Whose message it is, where it was delivered to one user.
    pub(crate) user: Option<UserId>,
    /// The message as it was published.
    pub(crate) text: Bytes,
    /// When, in milliseconds of the broker's time of day.
    pub(crate) at_ms: u64,
    /// The message with its position, made for the first one who wants it and shared by all.
    positioned: OnceLock<Bytes>,
}

impl Entry {
    pub(crate) fn new(
        position: u64,
        channel: ChannelName,
        user: Option<UserId>,
        text: Bytes,
        at_ms: u64,
    ) -> Self {
        Self { position, channel, user, text, at_ms, positioned: OnceLock::new() }
    }

    /// The message with its position.
    pub(crate) fn positioned(&self) -> &Bytes {
        self.positioned.get_or_init(|| event::with_position(&self.text, self.position))
    }
}

/// Messages of one channel, or of one channel and user, in order.
#[derive(Debug)]
struct Stream {
    rule: usize,
    entries: VecDeque<Arc<Entry>>,
    /// Everything of this stream up to here may be gone.
    horizon: u64,
}

/// The streams of one user, or of everybody.
#[derive(Debug, Default)]
struct Scope {
    streams: HashMap<Arc<str>, Stream>,
    horizons: Horizons,
}

/// For each rule, up to where messages of streams that are not there may be gone.
#[derive(Clone, Debug, Default)]
struct Horizons(Vec<u64>);

impl Horizons {
    fn of(&self, rule: usize) -> u64 {
        self.0.get(rule).copied().unwrap_or(0)
    }

    fn raise(&mut self, rule: usize, to: u64) {
        if self.0.len() <= rule {
            self.0.resize(rule + 1, 0);
        }
        if let Some(horizon) = self.0.get_mut(rule) {
            *horizon = (*horizon).max(to);
        }
    }

    fn raise_all(&mut self, rules: usize, to: u64) {
        (0..rules).for_each(|rule| self.raise(rule, to));
    }
}

/// What one rule keeps.
#[derive(Debug)]
struct Kept {
    rule: ChannelRule,
    retention: Retention,
    entries: BTreeMap<u64, Arc<Entry>>,
    bytes: usize,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Log {
    wall: WallClock,
    epoch: u64,
    newest: u64,
    /// The newest position that is not kept any more.
    gone: u64,
    rules: Vec<Kept>,
    scopes: HashMap<Option<UserId>, Scope>,
    /// For scopes that are not there.
    horizons: Horizons,
    waiting: Vec<Waker>,
}

impl Log {
    /// An empty log for those of `rules` that keep anything; `None` if none does.
    pub(crate) fn new(rules: &[ChannelRule], epoch: u64, wall: WallClock) -> Option<Self> {
        let keeps = |rule: &ChannelRule| {
            rule.settings.replay.map(|retention| Kept {
                rule: rule.clone(),
                retention,
                entries: BTreeMap::new(),
                bytes: 0,
            })
        };
        let rules: Vec<_> = rules.iter().filter_map(keeps).collect();
        let mut horizons = Horizons::default();
        horizons.raise_all(rules.len(), epoch);
        (!rules.is_empty()).then(|| Self {
            wall,
            epoch,
            newest: epoch,
            gone: epoch,
            rules,
            scopes: HashMap::new(),
            horizons,
            waiting: Vec::new(),
        })
    }

    /// Where positions begin: none of this log's is as small.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The newest position there is, the epoch if there is none.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// The newest position that is not kept any more.
    pub(crate) fn gone(&self) -> u64 {
        self.gone
    }

    /// The longest age of anything that is kept, and the most bytes of everything.
    pub(crate) fn retention(&self) -> (Duration, usize) {
        let retentions = || self.rules.iter().map(|kept| kept.retention);
        let age = retentions().map(|retention| retention.age).max().unwrap_or_default();
        let bytes = retentions().map(|retention| retention.bytes);
        (age, bytes.fold(0, usize::saturating_add))
    }

    /// Messages kept, and their bytes.
    pub(crate) fn amount(&self) -> (usize, usize) {
        let sum =
            |(messages, bytes), kept: &Kept| (messages + kept.entries.len(), bytes + kept.bytes);
        self.rules.iter().fold((0, 0), sum)
    }

    /// Takes over an epoch and a newest position, and that everything up to `horizon` is gone.
    ///
    /// For a log that goes on where an earlier one, which was kept elsewhere, ended.
    pub(crate) fn adopt(&mut self, epoch: u64, newest: u64, horizon: u64) {
        self.epoch = epoch;
        self.newest = newest.max(epoch);
        self.gone = horizon.max(epoch);
        // What this log said for itself, being younger, is not true of that one.
        self.horizons = Horizons::default();
        self.scopes.clear();
        self.raise_horizons(self.gone);
    }

    /// Positions up to `newest` are taken.
    pub(crate) fn skip_to(&mut self, newest: u64) {
        self.newest = self.newest.max(newest);
    }

    /// Says that messages up to `until` may be missing though they were never here.
    pub(crate) fn missing(&mut self, until: u64) {
        self.raise_horizons(until);
        self.gone = self.gone.max(until);
        self.newest = self.newest.max(until);
    }

    fn raise_horizons(&mut self, to: u64) {
        let rules = self.rules.len();
        self.horizons.raise_all(rules, to);
        for scope in self.scopes.values_mut() {
            scope.horizons.raise_all(rules, to);
            for stream in scope.streams.values_mut() {
                stream.horizon = stream.horizon.max(to);
            }
        }
    }

    /// Adds a message behind all others. `position` must be greater than the newest; `None` is the
    /// next one. `None` is returned where it is not, or where no rule keeps the channel.
    pub(crate) fn append(
        &mut self,
        channel: &ChannelName,
        user: Option<&UserId>,
        text: Bytes,
        position: Option<u64>,
        now_ms: u64,
    ) -> Option<Arc<Entry>> {
        let position = position.unwrap_or(self.newest + 1);
        if position <= self.newest {
            return None;
        }
        let place = self.rules.iter().position(|kept| kept.rule.pattern.matches(channel))?;
        let entry = Arc::new(Entry::new(position, channel.clone(), user.cloned(), text, now_ms));
        self.newest = position;
        let kept = self.rules.get_mut(place)?;
        let (most, bytes) = (kept.retention.messages, kept.retention.bytes);
        kept.bytes += entry.text.len();
        kept.entries.insert(position, Arc::clone(&entry));
        let fallback = &self.horizons;
        let scope = self
            .scopes
            .entry(entry.user.clone())
            .or_insert_with(|| Scope { streams: HashMap::new(), horizons: fallback.clone() });
        let horizon = scope.horizons.of(place);
        let stream = scope.streams.entry(entry.channel.shared()).or_insert_with(|| Stream {
            rule: place,
            entries: VecDeque::new(),
            horizon,
        });
        stream.entries.push_back(Arc::clone(&entry));
        if stream.entries.len() > most
            && let Some(oldest) = stream.entries.front().map(|oldest| oldest.position)
        {
            self.evict(place, oldest);
        }
        while self.rules.get(place).is_some_and(|kept| kept.bytes > bytes)
            && let Some(oldest) = self.oldest(place)
        {
            self.evict(place, oldest.position);
        }
        self.expire(now_ms);
        Some(entry)
    }

    /// Milliseconds since 1970.
    pub(crate) fn unix_ms(&self, now: Instant) -> u64 {
        self.wall.unix_ms(now)
    }

    /// Lets go of what is too old.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        for place in 0..self.rules.len() {
            while let Some(oldest) = self.oldest(place)
                && let Some(kept) = self.rules.get(place)
                && Duration::from_millis(now_ms.saturating_sub(oldest.at_ms)) > kept.retention.age
            {
                self.evict(place, oldest.position);
            }
        }
    }

    /// Who waits for messages, to be woken when the log is free again.
    pub(crate) fn wakers(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.waiting)
    }

    /// Messages after a position, whoever's they are, in order.
    pub(crate) fn after(&self, after: u64, most: usize) -> Vec<Arc<Entry>> {
        let mut found: Vec<_> = self
            .rules
            .iter()
            .flat_map(|kept| kept.entries.range(after + 1..).take(most))
            .map(|(_, entry)| Arc::clone(entry))
            .collect();
        found.sort_unstable_by_key(|entry| entry.position);
        found.truncate(most);
        found
    }

    /// The same; pending while there are none.
    pub(crate) fn poll_after(
        &mut self,
        after: u64,
        most: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Vec<Arc<Entry>>> {
        let found = self.after(after, most);
        if found.is_empty() {
            // Whoever asks again and again waits once.
            if !self.waiting.iter().any(|waiting| waiting.will_wake(cx.waker())) {
                self.waiting.push(cx.waker().clone());
            }
            return Poll::Pending;
        }
        Poll::Ready(found)
    }

    fn oldest(&self, place: usize) -> Option<Arc<Entry>> {
        self.rules.get(place)?.entries.first_key_value().map(|(_, entry)| Arc::clone(entry))
    }

    /// Lets go of the oldest message of a stream.
    fn evict(&mut self, place: usize, position: u64) {
        let Some(entry) = self.rules.get_mut(place).and_then(|kept| kept.entries.remove(&position))
        else {
            return;
        };
        if let Some(kept) = self.rules.get_mut(place) {
            kept.bytes -= entry.text.len();
        }
        self.gone = self.gone.max(position);
        let Some(scope) = self.scopes.get_mut(&entry.user) else { return };
        let Some(stream) = scope.streams.get_mut(entry.channel.as_str()) else { return };
        stream.entries.pop_front();
        stream.horizon = position;
        if stream.entries.is_empty() {
            scope.horizons.raise(stream.rule, position);
            scope.streams.remove(entry.channel.as_str());
            self.forget_scopes();
        }
    }

    /// Keeps the number of scopes bounded.
    fn forget_scopes(&mut self) {
        if self.scopes.len() <= SCOPES {
            return;
        }
        let (horizons, rules) = (&mut self.horizons, self.rules.len());
        self.scopes.retain(|_, scope| {
            let stays = !scope.streams.is_empty();
            if !stays {
                (0..rules).for_each(|rule| horizons.raise(rule, scope.horizons.of(rule)));
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests;
