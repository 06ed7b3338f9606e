//! One published message on its way to its receivers: rendered once, shared by all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use encke_bayeux::{ChannelName, ClientId, event};

use crate::backlog::Queued;
use crate::cell::Cell;
use crate::channel_rule::{ChannelSettings, Overflow};
use crate::config::Config;
use crate::log::Entry;

/// The parts of a message that is yet to be rendered; texts are JSON and go out as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Draft<'a> {
    pub(crate) data: Option<&'a str>,
    pub(crate) ext: Option<&'a str>,
    pub(crate) timestamp: Option<&'a str>,
    /// How long it may wait for others to leave with, where its channel is not asked.
    pub(crate) within: Option<Duration>,
    /// The session that publishes it; `None` is code.
    pub(crate) from: Option<&'a Cell>,
}

impl Draft<'_> {
    /// With the time of day, if messages are to carry it and the publisher has not said it.
    pub(crate) fn render(&self, channel: &ChannelName, config: &Config, now: Instant) -> Bytes {
        let stamp = config.timestamp(now).filter(|_| self.timestamp.is_none());
        let stamp = stamp.map(|stamp| format!("\"{stamp}\""));
        event::render(channel, self.data, self.ext, self.timestamp.or(stamp.as_deref()))
    }
}

/// A message and whom it must not reach.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The message as JSON text.
    pub(crate) text: Bytes,
    /// When it was published.
    pub(crate) at: Instant,
    /// Its place in the log, if its channel is kept.
    pub(crate) entry: Option<Arc<Entry>>,
    /// The session that published it and is not to get it back.
    pub(crate) not_to: Option<ClientId>,
    /// How long it may wait for others to leave with; `None` is not at all.
    pub(crate) lazy: Option<Duration>,
    /// What happens where it does not fit into a queue.
    pub(crate) overflow: Overflow,
}

impl Event {
    /// A message for everybody who listens.
    pub(crate) fn new(text: Bytes, at: Instant) -> Self {
        Self { text, at, entry: None, not_to: None, lazy: None, overflow: Overflow::Cut }
    }

    /// A message that is kept.
    pub(crate) fn kept(entry: Arc<Entry>, at: Instant) -> Self {
        let event = Self::new(entry.text.clone(), at);
        Self { entry: Some(entry), ..event }
    }

    /// The same message, treated as the settings of its channel say, and as lazy as `within` says
    /// where it does.
    pub(crate) fn on(
        mut self,
        settings: &ChannelSettings,
        within: Option<Duration>,
        config: &Config,
    ) -> Self {
        self.overflow = settings.overflow;
        self.lazy = config.laziness(within.or(settings.lazy));
        self
    }

    /// What goes into the queue of a session, which wants to know positions or does not.
    pub(crate) fn queued(&self, with_position: bool) -> Queued {
        let entry = self.entry.as_ref().filter(|_| with_position);
        let text = entry.map_or(&self.text, |entry| entry.positioned()).clone();
        let lossy = self.overflow == Overflow::DropOldest;
        Queued { text, at: Some(self.at), lossy }
    }
}
