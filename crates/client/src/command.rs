//! What a handle asks of the driver.

use std::sync::Arc;
use std::time::Duration;

use encke_bayeux::ChannelPattern;
use tokio::sync::oneshot;

use crate::machine::{Outcome, Publication};
use crate::queue::Queue;
use crate::replay::ReplayFrom;

/// Where an operation's end goes. Nobody may be waiting there any more.
pub(crate) type Answer = oneshot::Sender<Outcome>;

/// The name of one subscription within its client.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct SubscriberId(pub(crate) u64);

/// One request of a handle.
#[derive(Debug)]
pub(crate) enum Command {
    Subscribe {
        id: SubscriberId,
        pattern: ChannelPattern,
        from: Option<ReplayFrom>,
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
    Disconnect {
        answer: Answer,
    },
}
