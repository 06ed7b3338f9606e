//! The log of a broker, from outside: read, kept elsewhere, and filled again.
//!
//! One lock orders what is published on channels that are kept: it is held from the moment a
//! message gets its position until it was offered to every queue, so positions are delivered in
//! their order. It is taken before the locks of the index and of sessions, and nobody is woken or
//! told of anything while it is held. Channels that no rule keeps never meet it.
//!
//! Owns what a position means to somebody who says where to begin. How sessions are fed from there
//! is in `feed`, how messages get into the log in `publish`.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use encke_bayeux::{ChannelName, ChannelPattern, Failure, ReplayAnswer, ReplayFrom, ReplayStatus};

use crate::broker::{Broker, lock};
use crate::log::{Entry, Log, Reader, Want};
use crate::user::UserId;

/// A message of a broker's log, as it is kept elsewhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Logged {
    /// Its position.
    pub position: u64,
    /// Its channel.
    pub channel: ChannelName,
    /// Whose message it is, where it was delivered to one user.
    pub user: Option<UserId>,
    /// The message as it was published, without its position: JSON text.
    pub text: Bytes,
    /// When it was published, in milliseconds since 1970.
    pub at_unix_ms: u64,
}

impl Logged {
    fn of(entry: &Entry) -> Self {
        Self {
            position: entry.position,
            channel: entry.channel.clone(),
            user: entry.user.clone(),
            text: entry.text.clone(),
            at_unix_ms: entry.at_ms,
        }
    }
}

/// What a log has of some channels.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct History {
    /// What the messages are to the position that was asked for.
    pub answer: ReplayAnswer,
    /// Messages with their positions, in order: JSON text.
    pub messages: Vec<(u64, Bytes)>,
    /// Everything up to this position is here, or was not asked for.
    pub reached: u64,
    /// Whether more follow.
    pub more: bool,
}

impl Broker {
    /// Where the positions of this broker's log begin; `None` if no rule keeps anything.
    pub fn epoch(&self) -> Option<u64> {
        Some(self.log()?.epoch())
    }

    /// The newest position of the log, and the newest that it does not keep any more.
    pub fn log_bounds(&self) -> Option<(u64, u64)> {
        let log = self.log()?;
        Some((log.newest(), log.gone()))
    }

    /// The longest age of anything that the log keeps, and the most bytes of everything: what a
    /// copy of it elsewhere needs to keep. `None` if no rule keeps anything.
    pub fn log_retention(&self) -> Option<(Duration, usize)> {
        Some(self.log()?.retention())
    }

    /// Fills the log with what an earlier one had, before there are sessions.
    ///
    /// `epoch`, `newest` and `horizon` are that log's; everything up to `horizon` is gone. Entries
    /// come in order; those that no rule keeps any more are left out. Does nothing where no rule
    /// keeps anything.
    pub fn restore(
        &self,
        epoch: u64,
        newest: u64,
        horizon: u64,
        entries: impl IntoIterator<Item = Logged>,
    ) {
        let Some(mut log) = self.log() else { return };
        log.adopt(epoch, horizon, horizon);
        for entry in entries {
            let Logged { position, channel, user, text, at_unix_ms } = entry;
            let kept = log.append(&channel, user.as_ref(), text, Some(position), at_unix_ms);
            drop(kept);
        }
        log.skip_to(newest);
        self.shared.settled.store(log.newest(), Ordering::Release);
    }

    /// Says that messages up to the position `until` may be missing in the log.
    pub fn log_misses(&self, until: u64) {
        if let Some(mut log) = self.log() {
            log.missing(until);
            self.shared.settled.fetch_max(log.newest(), Ordering::AcqRel);
        }
    }

    /// Messages of the log after a position, whoever's they are, in order, at most `most`.
    pub fn logged(&self, after: u64, most: usize) -> Vec<Logged> {
        let entries = self.log().map(|log| log.after(after, most)).unwrap_or_default();
        entries.iter().map(|entry| Logged::of(entry)).collect()
    }

    /// The same; pending, never ready with nothing, while there are none.
    ///
    /// The task is woken when one comes. Whoever publishes wakes it, so if it can do with looking
    /// now and then, [`logged`](Self::logged) is easier on publishers. Pending for ever where no
    /// rule keeps anything.
    pub fn poll_logged(&self, after: u64, most: usize, cx: &mut Context<'_>) -> Poll<Vec<Logged>> {
        let Some(mut log) = self.log() else { return Poll::Pending };
        let entries = log.poll_after(after, most, cx);
        entries.map(|entries| entries.iter().map(|entry| Logged::of(entry)).collect())
    }

    /// Reads the log as `user`: what came after `from` on the channels of `pattern`.
    ///
    /// At most `most` messages, and of those at most the bytes of one response, but at least one if
    /// there is one. Whether the user may read there is for the caller to decide.
    ///
    /// # Errors
    ///
    /// [`Failure::ReplayIdInvalid`] if the log never gave out the position, and the valid range.
    pub fn history(
        &self,
        user: Option<&UserId>,
        pattern: &ChannelPattern,
        from: &ReplayFrom,
        most: usize,
    ) -> Result<History, (Failure, ReplayAnswer)> {
        let Some(log) = self.log() else {
            let answer =
                ReplayAnswer { status: ReplayStatus::None, epoch: 0, oldest: None, newest: 0 };
            return Ok(History { answer, messages: Vec::new(), reached: 0, more: false });
        };
        let begun = self.begin(&log, user, pattern, from)?;
        let bytes = self.config().response_bytes;
        let reader = self.reader(user);
        let page = log.read(reader, std::slice::from_ref(&begun.want), 0, most.max(1), bytes);
        let messages = page.entries.iter().map(|e| (e.position, e.positioned().clone())).collect();
        let more = !page.complete;
        Ok(History { answer: begun.answer, messages, reached: page.reached, more })
    }

    pub(crate) fn log(&self) -> Option<MutexGuard<'_, Log>> {
        self.shared.log.as_ref().map(lock)
    }

    /// Whether handshakes offer replay.
    pub(crate) fn keeps_log(&self) -> bool {
        self.shared.log.is_some()
    }

    pub(crate) fn reader<'a>(&'a self, user: Option<&'a UserId>) -> Reader<'a> {
        Reader { user, named_only: &self.config().named_only }
    }

    /// What `from` means to a subscription of `user`.
    pub(crate) fn begin(
        &self,
        log: &Log,
        user: Option<&UserId>,
        pattern: &ChannelPattern,
        from: &ReplayFrom,
    ) -> Result<Begun, (Failure, ReplayAnswer)> {
        let reader = self.reader(user);
        let (epoch, newest) = (log.epoch(), log.newest());
        let oldest = log.oldest_of(reader, pattern);
        let answer = |status| ReplayAnswer { status, epoch, oldest, newest };
        let begin = |status, from, told| {
            Ok(Begun {
                answer: answer(status),
                want: Want { pattern: pattern.clone(), from },
                told,
            })
        };
        let invalid = || {
            let shown = from.to_string().into_boxed_str();
            Err((Failure::ReplayIdInvalid(shown), answer(ReplayStatus::Refused)))
        };
        match *from {
            ReplayFrom::Invalid(_) => invalid(),
            _ if !log.keeps(pattern) => begin(ReplayStatus::None, newest, 0),
            ReplayFrom::New => begin(ReplayStatus::New, newest, 0),
            ReplayFrom::Kept => {
                let want = [Want { pattern: pattern.clone(), from: epoch }];
                // What is gone already is not missed by who takes what there is.
                let told = log.horizon(reader, &want).unwrap_or(0);
                begin(ReplayStatus::Kept, epoch, told)
            }
            ReplayFrom::After { position, epoch: theirs } => {
                if position > newest || theirs.is_some_and(|theirs| theirs > epoch) {
                    return invalid();
                }
                let want = [Want { pattern: pattern.clone(), from: position }];
                let older = position < epoch || theirs.is_some_and(|theirs| theirs < epoch);
                match log.horizon(reader, &want) {
                    Some(told) => begin(ReplayStatus::Gap, position, told),
                    None if older => begin(ReplayStatus::Gap, position, 0),
                    None => begin(ReplayStatus::Resumed, position, 0),
                }
            }
        }
    }
}

/// Where a subscription begins.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) answer: ReplayAnswer,
    pub(crate) want: Want,
    /// What the answer owns up to as missing.
    pub(crate) told: u64,
}
