//! One message that was delivered.

use std::fmt;
use std::sync::Arc;

use encke_bayeux::ChannelName;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::replay::Position;

/// What may be missing in front of a message.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Gap {
    /// Nothing that this client knows of.
    #[default]
    None,
    /// The subscription's queue was full and this many messages were dropped from it.
    Dropped(u64),
    /// The server dropped this many messages of the session, since its queue was full. It does not
    /// say of which channels: some may have been for this subscription.
    ///
    /// Observed: Encke's `ext.dropped` in connect replies, for channels that are set up so.
    Server(u64),
    /// The session was lost, a new one subscribed again, and the server keeps no log of these
    /// channels: what was published in between is missing.
    Session,
    /// The subscription was to go on at a position, and the server does not keep everything any
    /// more that came after it.
    Log,
}

/// What a message takes besides its bytes.
const OVERHEAD_BYTES: usize = 64;

/// A message as it was delivered. Cheap to clone.
#[derive(Clone)]
pub struct Message {
    shared: Arc<Shared>,
    gap: Gap,
    /// The log that the position is from.
    epoch: Option<u64>,
    /// Up to here nothing is missing once this message was handled.
    reached: Option<u64>,
}

struct Shared {
    channel: ChannelName,
    data: Box<RawValue>,
    ext: Option<Box<RawValue>>,
    /// The position's number, read as the message came if the server keeps a log.
    id: Option<u64>,
}

impl Message {
    pub(crate) fn new(
        channel: ChannelName,
        data: Option<&RawValue>,
        ext: Option<&RawValue>,
        logged: bool,
    ) -> Self {
        let data = data.unwrap_or(RawValue::NULL).to_owned();
        let id = if logged { Position::read(ext, &data) } else { None };
        let ext = ext.map(ToOwned::to_owned);
        let shared = Shared { channel, data, ext, id };
        Self { shared: Arc::new(shared), gap: Gap::None, epoch: None, reached: None }
    }

    /// The channel that it was published on.
    pub fn channel(&self) -> &ChannelName {
        &self.shared.channel
    }

    /// The payload as the JSON text that the server sent; `null` if it sent none.
    pub fn data(&self) -> &RawValue {
        &self.shared.data
    }

    /// The payload, read as a `T`.
    ///
    /// # Errors
    ///
    /// If the payload does not have the shape of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data().get())
    }

    /// The extension object as JSON text.
    pub fn ext(&self) -> Option<&RawValue> {
        self.shared.ext.as_deref()
    }

    /// What may be missing between this message and the one before it on the same subscription.
    pub fn gap(&self) -> Gap {
        self.gap
    }

    /// Where the message stands in the server's log, if the server keeps one.
    pub fn position(&self) -> Option<Position> {
        let id = self.number().or_else(|| Position::read(self.ext(), self.data()))?;
        Some(Position::of(id, self.epoch))
    }

    /// The number of its position, if the server keeps a log.
    pub(crate) fn number(&self) -> Option<u64> {
        self.shared.id
    }

    /// The same message with something missing in front of it.
    pub(crate) fn after(&self, gap: Gap) -> Self {
        Self { gap, ..self.clone() }
    }

    /// Where to go on once this message and all before it were handled. Behind the message, unless
    /// older ones may still come.
    pub(crate) fn resumption(&self) -> Option<Position> {
        Some(Position::of(self.reached?, self.epoch))
    }

    /// The same message as one of this log, with which everything up to `reached` has come.
    pub(crate) fn received(&self, epoch: Option<u64>, reached: Option<u64>) -> Self {
        Self { epoch, reached, ..self.clone() }
    }

    /// What the message takes of a queue's bound.
    pub(crate) fn bytes(&self) -> usize {
        self.data().get().len() + self.ext().map_or(0, |ext| ext.get().len())
    }

    /// About what it takes in memory, of what is allowed beyond bounds.
    pub(crate) fn cost(&self) -> usize {
        self.bytes() + OVERHEAD_BYTES
    }
}

/// Names the channel and the size; payloads do not belong into logs.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("channel", self.channel())
            .field("bytes", &self.bytes())
            .field("gap", &self.gap)
            .finish_non_exhaustive()
    }
}
