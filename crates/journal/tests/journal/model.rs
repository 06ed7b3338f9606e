//! Random operations against a journal and against a list, which must agree at every step.

use std::collections::BTreeMap;

use crate::homes::{Home, key, show};
use encke_journal::{Append, AppendError, Limits, Position, Version};
use futures::executor::block_on;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Operation {
    Append(Vec<Part>),
    Forget(Vec<u8>),
    Snapshot { key: u8, until: u64, length: usize },
    Read { key: u8, after: u64 },
    Scan { after: u64, limit: usize },
    Reopen,
}

/// One key's share of a batch. `off` is how far its expectation is from the truth.
#[derive(Clone, Debug)]
struct Part {
    key: u8,
    off: u64,
    lengths: Vec<usize>,
}

fn operation() -> impl Strategy<Value = Operation> {
    let off = prop_oneof![9 => Just(0_u64), 1 => 1_u64..3];
    let part = (0..4_u8, off, vec(0..40_usize, 0..4)).prop_map(|(key, off, lengths)| Part {
        key,
        off,
        lengths,
    });
    prop_oneof![
        6 => vec(part, 0..4).prop_map(Operation::Append),
        1 => vec(0..5_u8, 0..3).prop_map(Operation::Forget),
        2 => (0..4_u8, 0..9_u64, 0..40_usize)
            .prop_map(|(key, until, length)| Operation::Snapshot { key, until, length }),
        2 => (0..5_u8, 0..12_u64).prop_map(|(key, after)| Operation::Read { key, after }),
        2 => (0..40_u64, 0..12_usize).prop_map(|(after, limit)| Operation::Scan { after, limit }),
        1 => Just(Operation::Reopen),
    ]
}

/// The obvious journal: entries by position, as [`show`] writes them.
#[derive(Clone, Default)]
struct Model {
    head: u64,
    versions: BTreeMap<u8, u64>,
    entries: BTreeMap<u64, (u8, Place, String)>,
}

impl Model {
    fn version(&self, key: u8) -> u64 {
        self.versions.get(&key).copied().unwrap_or_default()
    }

    fn push(&mut self, key: u8, record: &str) {
        self.head += 1;
        let version = self.version(key) + 1;
        self.versions.insert(key, version);
        self.entries.insert(self.head, (key, (version, false), record.to_owned()));
    }

    fn forget(&mut self, key: u8) {
        self.versions.remove(&key);
        self.entries.retain(|_, (other, ..)| *other != key);
    }

    fn snapshot(&mut self, key: u8, until: u64, record: &str) {
        let entries = self.entries.values_mut();
        let mut of_key = entries.filter(|(owner, place, _)| *owner == key && place.0 == until);
        let Some((_, place, text)) = of_key.next().filter(|(_, place, _)| !place.1) else { return };
        (*place, *text) = ((until, true), record.to_owned());
        self.entries.retain(|_, (owner, (version, _), _)| *owner != key || *version >= until);
    }

    fn shown(&self, wanted: impl Fn(u64, u8, u64) -> bool, limit: usize) -> Vec<String> {
        self.entries
            .iter()
            .filter(|(position, (key, place, _))| wanted(**position, *key, place.0))
            .map(|(position, (key, (version, is_snapshot), record))| {
                let star = if *is_snapshot { "*" } else { "" };
                format!("{position} {} {version}{star} {record}", name(*key))
            })
            .take(limit)
            .collect()
    }
}

/// The version of an entry, and whether it is a snapshot.
type Place = (u64, bool);

/// Names of which one begins with another.
fn name(key: u8) -> String {
    "k".repeat(usize::from(key) + 1)
}

async fn step(home: &mut Home, model: &mut Model, operation: Operation) {
    match operation {
        Operation::Append(parts) => {
            // What the model would be, and whether every expectation on the way is right.
            let mut next = model.clone();
            let mut conflict = None;
            let mut batch = Vec::new();
            for (number, Part { key: owner, off, lengths }) in parts.into_iter().enumerate() {
                let (actual, expected) = (next.version(owner), next.version(owner) + off);
                if off > 0 && conflict.is_none() {
                    conflict = Some((name(owner), expected, actual));
                }
                let records: Vec<_> =
                    lengths.iter().map(|length| number.to_string().repeat(*length)).collect();
                for record in &records {
                    next.push(owner, record);
                }
                batch.push(Append {
                    key: key(&name(owner)),
                    expected: Version::new(expected),
                    records: records.into_iter().map(Into::into).collect(),
                });
            }
            match (home.journal.append(batch).await, conflict) {
                (Ok(position), None) => {
                    assert_eq!(position.get(), next.head);
                    *model = next;
                }
                (Err(AppendError::Conflict { key, expected, actual }), Some(predicted)) => {
                    assert_eq!((key.to_string(), expected.get(), actual.get()), predicted);
                }
                (answer, predicted) => panic!("{answer:?}, predicted conflict {predicted:?}"),
            }
        }
        Operation::Forget(keys) => {
            let names = keys.iter().map(|owner| key(&name(*owner))).collect();
            home.journal.forget(names).await.unwrap();
            for owner in keys {
                model.forget(owner);
            }
        }
        Operation::Snapshot { key: owner, until, length } => {
            let record = "s".repeat(length);
            let of = key(&name(owner));
            let version = model.version(owner);
            match home.journal.snapshot(&of, Version::new(until), record.clone().into()).await {
                Ok(()) => {
                    assert!(until <= version, "{until} of {version}");
                    model.snapshot(owner, until, &record);
                }
                Err(AppendError::Conflict { key, expected, actual }) => {
                    assert_eq!((key, expected.get(), actual.get()), (of, until, version));
                    assert!(until > version);
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        Operation::Read { key: owner, after } => {
            let read = home.journal.read(&key(&name(owner)), Version::new(after)).await.unwrap();
            let wanted = |_, key, version| key == owner && version > after;
            assert_eq!(show(&read), model.shown(wanted, usize::MAX));
        }
        Operation::Scan { after, limit } => {
            let page = home.journal.scan(Position::new(after), limit).await.unwrap();
            assert_eq!(show(&page), model.shown(|position, _, _| position > after, limit));
        }
        Operation::Reopen => home.reopen().await,
    }
    assert_eq!(home.journal.stats().head.get(), model.head);
}

fn run(mut home: Home, operations: Vec<Operation>) {
    block_on(async {
        let mut model = Model::default();
        for operation in operations {
            step(&mut home, &mut model, operation).await;
        }
        home.reopen().await;
        let all = home.journal.scan(Position::ZERO, usize::MAX).await.unwrap();
        assert_eq!(show(&all), model.shown(|_, _, _| true, usize::MAX));
    });
}

proptest! {
    #[test]
    fn memory_matches_the_model(operations in vec(operation(), 0..60)) {
        run(Home::memory(Limits::default()), operations);
    }
}

proptest! {
    // Each operation is a sync of a real file.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn file_matches_the_model(operations in vec(operation(), 0..60)) {
        run(Home::file(Limits::default()), operations);
    }
}
