//! What a handle asks of the driver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use encke_bayeux::ChannelPattern;
use tokio::sync::oneshot;

use crate::machine::{Outcome, Publication, Wish};
use crate::queue::Queue;

/// Where an operation's end goes. Nobody may be waiting there any more.
pub(crate) type Answer = oneshot::Sender<Outcome>;

/// The name of one subscription within its client.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct SubscriberId(pub(crate) u64);

/// A request and when it was made; time in front of the driver counts.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) command: Command,
    pub(crate) at: Instant,
}

/// One request of a handle.
#[derive(Debug)]
pub(crate) enum Command {
    Subscribe {
        id: SubscriberId,
        pattern: ChannelPattern,
        wish: Wish,
        queue: Arc<Queue>,
        answer: Answer,
    },
    Unsubscribe {
        id: SubscriberId,
        answer: Answer,
    },
    Publish {
        group: Vec<(Publication, Answer)>,
    },
    Call {
        publication: Publication,
        timeout: Duration,
        answer: Answer,
    },
}
