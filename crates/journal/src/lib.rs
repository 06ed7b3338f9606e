//! An ordered per-key append log with optimistic concurrency.

mod clock;
mod entry;
mod error;
mod faulty;
mod file;
mod journal;
mod key;
mod limits;
mod memory;
mod stats;
mod tail;

pub use entry::{Append, Entry, Position, Version};
pub use error::{AppendError, Bound, ReadError};
pub use faulty::{Fault, FaultyJournal};
pub use file::{ConfigError, FileConfig, FileJournal, OpenError};
pub use journal::Journal;
pub use key::{Key, KeyError};
pub use limits::Limits;
pub use memory::MemoryJournal;
pub use stats::{Latency, Stats};
