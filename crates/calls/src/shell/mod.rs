//! The model with a journal behind it and readers around it.
//!
//! One task, the [`Writer`], owns the [`State`](crate::State) and takes commands from a bounded
//! queue. It takes what is waiting, decides each command on what the ones before it would leave
//! behind, and appends all events to the journal at once. Only when the journal has answered are
//! the new values shown to readers, then the senders are answered, and then the observers are told,
//! in the order of the commits. When the journal fails, everything is as it was before the batch.
//!
//! | The journal         | What senders get                        | `healthy`               | Readers        |
//! |---------------------|-----------------------------------------|-------------------------|----------------|
//! | takes records       | an [`Outcome`] or a refusal             | true                    | what is stored |
//! | fails               | [`CommandError::Unavailable`], refusals | false                   | what is stored |
//! | takes records again | as at first                             | true, after the next    | what is stored |
//! |                     |                                         | append or sweep         |                |
//!
//! A key per call (`call/<id>`), per interaction (`sms/<id>`, `chat/<id>`, ...) and per line and era
//! (`line/<era>/<number>`) holds its events. Other keys in the
//! journal are left alone.
//!
//! When a key has had so many events, one record takes their place that says all that they said, a
//! [`Snapshot`](crate::Snapshot): so what a long call costs, on disk and at the next start, has a bound.
//!
//! Every [`Change`] carries the position of its record. It says which of two changes came first,
//! also across restarts, and it is how an [`Observer`] that keeps what it passes on is told again,
//! when a core is opened, of what it may have missed.

mod batch;
mod catching_up;
mod change;
mod clock;
mod condensing;
mod config;
mod core;
mod due;
mod error;
mod feed;
mod forgetting;
mod kept;
mod record_key;
mod replay;
mod retention;
mod run;
mod snapshots;
mod stats;
mod writer;

pub use self::core::{Core, Outcome, Writer};
pub use change::{CallChange, Change, InteractionChange, LineChange, Observer};
pub use clock::{Clock, SystemClock};
pub use config::CoreConfig;
pub use encke_journal::Position;
pub use error::{CommandError, OpenError};
pub use feed::Queued;
pub use kept::Kept;
pub use record_key::of as journal_key;
pub use replay::replay_record;
pub use stats::CoreStats;
