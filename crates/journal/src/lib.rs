//! An ordered per-key append log with optimistic concurrency.
//!
//! A [`Journal`] holds many small logs, one for each [`Key`], in one common order. Whoever decides
//! what happens to a key says at which [`Version`] the decision was made; if the key has moved on
//! meanwhile, the append is refused and nothing is stored. Once an append is answered it is
//! durable, and only then can anybody read it: state, notifications and answers may be derived from
//! what a journal gives, and from nothing else.
//!
//! | Home               | Survives                          | For                              |
//! |--------------------|-----------------------------------|----------------------------------|
//! | [`FileJournal`]    | death of the process, loss of power | one node that keeps its own truth |
//! | [`MemoryJournal`]  | nothing                           | tests, truth kept elsewhere      |
//! | [`FaultyJournal`]  | what the home inside survives     | tests of failing and slow disks  |
//!
//! What a key costs grows with its records. Whoever knows what they mean can give it a snapshot now
//! and then, one record that takes the place of those before it, see [`Journal::snapshot`].
//!
//! A journal does not know what a record means. It has no clock that decides anything, starts no
//! task and needs no particular runtime; the file home blocks on the disk in threads of its own.
//!
//! # Examples
//!
//! ```
//! use encke_journal::{Append, AppendError, Journal, Key, MemoryJournal, Version};
//!
//! # futures::executor::block_on(async {
//! let journal = MemoryJournal::new();
//! let key = Key::new("call/1")?;
//! let ringing =
//!     Append { key: key.clone(), expected: Version::ZERO, records: vec!["ringing".into()] };
//! journal.append(vec![ringing.clone()]).await?;
//!
//! // Somebody else was here first: the second writer learns what it missed.
//! let refused = journal.append(vec![ringing]).await;
//! assert!(matches!(refused, Err(AppendError::Conflict { .. })));
//! let missed = journal.read(&key, Version::ZERO).await?;
//! assert_eq!(missed[0].record, "ringing");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod clock;
mod damage;
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

pub use damage::Damage;
pub use entry::{Append, Entry, Position, Version};
pub use error::{AppendError, Bound, ReadError};
pub use faulty::{Fault, FaultyJournal};
pub use file::{
    Compacted, ConfigError, FileConfig, FileJournal, Inspection, OpenError, Verified, compact,
};
pub use journal::Journal;
pub use key::{Key, KeyError};
pub use limits::Limits;
pub use memory::MemoryJournal;
pub use stats::{Latency, Stats};
