//! One published message on its way to its receivers: rendered once, shared by all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use encke_bayeux::{ChannelName, ClientId, event};

use crate::log::Entry;
use crate::outbox::Queued;

/// The parts of a message that is yet to be rendered; texts are JSON and go out as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Draft<'a> {
    pub(crate) data: Option<&'a str>,
    pub(crate) ext: Option<&'a str>,
    pub(crate) timestamp: Option<&'a str>,
    /// How long it may wait for others to leave with, where its channel is not asked.
    pub(crate) within: Option<Duration>,
}

impl Draft<'_> {
    pub(crate) fn render(&self, channel: &ChannelName) -> Bytes {
        event::render(channel, self.data, self.ext, self.timestamp)
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
}

impl Event {
    /// A message for everybody who listens.
    pub(crate) fn new(text: Bytes, at: Instant) -> Self {
        Self { text, at, entry: None, not_to: None, lazy: None }
    }

    /// A message that is kept.
    pub(crate) fn kept(entry: Arc<Entry>, at: Instant) -> Self {
        Self { entry: Some(Arc::clone(&entry)), ..Self::new(entry.text.clone(), at) }
    }

    /// The same message, which may wait this long.
    pub(crate) fn lazy(mut self, within: Option<Duration>) -> Self {
        self.lazy = within;
        self
    }

    /// What goes into the queue of a session, which wants to know positions or does not.
    pub(crate) fn queued(&self, with_position: bool) -> Queued {
        let entry = self.entry.as_ref().filter(|_| with_position);
        let text = entry.map_or(&self.text, |entry| entry.positioned()).clone();
        Queued { text, at: Some(self.at) }
    }
}
