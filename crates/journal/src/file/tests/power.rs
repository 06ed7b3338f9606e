//! Loss of power at any moment, and disks that are really full.

use std::collections::BTreeMap;

use super::super::{store::Store, tables, upgrade, verify};
use super::platter::Platter;
use super::random::Random;
use super::*;

const CACHE: usize = 1 << 16;

fn start(platter: &Platter) -> FileJournal {
    let platter = platter.clone();
    let opener = move || Store::new(platter.clone(), CACHE);
    FileJournal::start(Box::new(opener), FileConfig::default().check().unwrap()).unwrap()
}

/// What the journal has to hold: records by position, and which of them are snapshots.
type Records = BTreeMap<u64, (String, u64, Vec<u8>, bool)>;

/// A journal beside what it has to hold.
struct Twin {
    journal: FileJournal,
    random: Random,
    head: u64,
    versions: BTreeMap<String, u64>,
    records: Records,
    /// One step in so many forgets a key.
    forgets: usize,
}

impl Twin {
    fn new(platter: &Platter, random: Random) -> Self {
        let (versions, records) = Default::default();
        Self { journal: start(platter), random, head: 0, versions, records, forgets: 10 }
    }

    fn key(&mut self) -> String {
        format!("call/{}", self.random.below(6))
    }

    /// An append, now and then one that has to be refused, or a forget, or a snapshot.
    fn step(&mut self) -> Result<(), AppendError> {
        if self.random.below(self.forgets) == 0 {
            let gone = self.key();
            block_on(self.journal.forget(vec![Key::new(gone.as_str()).unwrap()]))?;
            self.versions.remove(&gone);
            self.records.retain(|_, (key, ..)| *key != gone);
            return Ok(());
        }
        if self.random.below(5) == 0 {
            return self.snapshot();
        }
        let refused = self.random.below(8) == 0;
        let (mut head, mut versions) = (self.head, self.versions.clone());
        let mut records = Records::new();
        let mut batch = Vec::new();
        for _ in 0..=self.random.below(3) {
            let key = self.key();
            let version = versions.entry(key.clone()).or_default();
            let expected = Version::new(*version + u64::from(refused));
            let mut added = Vec::new();
            for _ in 0..=self.random.below(2) {
                (head, *version) = (head + 1, *version + 1);
                let record = vec![(head % 251) as u8; self.random.below(3000)];
                records.insert(head, (key.clone(), *version, record.clone(), false));
                added.push(record.into());
            }
            batch.push(Append { key: Key::new(key).unwrap(), expected, records: added });
        }
        match block_on(self.journal.append(batch)) {
            Ok(_) if refused => panic!("a conflict was not seen"),
            Err(AppendError::Conflict { .. }) if refused => Ok(()),
            Ok(position) => {
                assert_eq!(position.get(), head);
                (self.head, self.versions) = (head, versions);
                self.records.append(&mut records);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A snapshot of a key up to any of its versions, now and then of one it has not come to.
    fn snapshot(&mut self) -> Result<(), AppendError> {
        let key = self.key();
        let version = self.versions.get(&key).copied().unwrap_or_default();
        let until = self.random.below(usize::try_from(version).unwrap() + 2) as u64;
        let record = vec![(until % 251) as u8; self.random.below(3000)];
        let of = Key::new(key.as_str()).unwrap();
        let answer =
            block_on(self.journal.snapshot(&of, Version::new(until), record.clone().into()));
        match answer {
            Ok(()) => assert!(until <= version, "a version that is not there"),
            Err(AppendError::Conflict { .. }) if until > version => return Ok(()),
            Err(error) => return Err(error),
        }
        let standing = self.records.values_mut().find(|(of, at, ..)| *of == key && *at == until);
        if let Some(standing) = standing.filter(|(.., is_snapshot)| !is_snapshot) {
            (standing.2, standing.3) = (record, true);
            self.records.retain(|_, (of, at, ..)| *of != key || *at >= until);
        }
        Ok(())
    }
}

fn held(journal: &FileJournal) -> Records {
    let all = block_on(journal.scan(Position::ZERO, usize::MAX)).unwrap();
    let entry = |entry: Entry| {
        let (key, version) = (entry.key.to_string(), entry.version.get());
        (entry.position.get(), (key, version, entry.record.to_vec(), entry.is_snapshot))
    };
    all.into_iter().map(entry).collect()
}

/// What `image` holds once it was opened as after a loss of power, and whether it is sound then.
fn recovered(image: Vec<u8>, name: &str) -> (Records, u64) {
    let platter = Platter::holding(image);
    let journal = start(&platter);
    let (records, head) = (held(&journal), journal.stats().head.get());
    // It goes on from there.
    let next = block_on(journal.append(vec![Append {
        key: Key::new("next").unwrap(),
        expected: Version::ZERO,
        records: vec!["x".into()],
    }]));
    assert_eq!(next.unwrap().get(), head + 1, "{name}");
    drop(journal);
    let store = Store::as_it_is(platter, CACHE).unwrap();
    let mut found = Vec::new();
    verify::verify(&store, |_| Ok(()), |damage| found.push(damage.to_string())).unwrap();
    assert!(found.is_empty(), "{name}: {found:?}");
    (records, head)
}

/// Power is lost between any two writes, with any part of what was not synced on the disk: all that
/// was answered is there, nothing that was refused, and what was under way whole or not at all.
#[test]
fn a_loss_of_power_at_any_moment_keeps_what_was_answered() {
    let random = Random::new();
    let platter = Platter::default();
    let mut twin = Twin::new(&platter, random.clone());
    platter.lose_power(random, 40);
    let mut history = vec![(twin.records.clone(), twin.head)];
    for reached in 1..=120 {
        twin.step().unwrap();
        history.push((twin.records.clone(), twin.head));
        platter.reached(reached);
    }
    let outages = platter.outages();
    assert!(outages.len() > 50, "{} outages", outages.len());
    for (number, (reached, image)) in outages.into_iter().enumerate() {
        let name = format!("outage {number} after step {reached}");
        let found = recovered(image, &name);
        let whole = history.iter().skip(reached).take(2).any(|step| *step == found);
        assert!(whole, "{name}: {:?}", found.0.keys());
    }
}

/// Why a file is made under another name: after a loss of power in its first moments it may be none.
/// Whatever is there then opens empty or is refused.
#[test]
fn a_loss_of_power_while_a_file_is_made_leaves_an_empty_journal_or_none() {
    let mut random = Random::new();
    for round in 0..20 {
        let platter = Platter::default();
        // Other outages in each round.
        random.below(2);
        platter.lose_power(random.clone(), 1 + round % 3);
        drop(start(&platter));
        for (_, image) in platter.outages() {
            match Store::new(Platter::holding(image), CACHE) {
                Ok(store) => assert_eq!(store.head().unwrap(), Position::ZERO),
                Err(OpenError::NotAJournal { .. } | OpenError::Damaged(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

/// The same while a file of the first format is upgraded: it is of one format or the other.
#[test]
fn a_loss_of_power_while_a_file_is_upgraded_loses_nothing() {
    let random = Random::new();
    let platter = Platter::default();
    let database = redb::Database::builder().create_with_backend(platter.clone()).unwrap();
    let writing = database.begin_write().unwrap();
    {
        let mut entries = writing.open_table(upgrade::ENTRIES).unwrap();
        let mut index = writing.open_table(tables::INDEX).unwrap();
        for position in 1..=300 {
            entries.insert(position, ("call/1", position, [7; 100].as_slice())).unwrap();
            index.insert(("call/1", position), position).unwrap();
        }
        let mut meta = writing.open_table(tables::META).unwrap();
        meta.insert("head", 300).unwrap();
        meta.insert("format", 1).unwrap();
    }
    writing.commit().unwrap();
    drop(database);
    platter.lose_power(random, 4);
    drop(start(&platter));
    let outages = platter.outages();
    assert!(outages.len() > 10, "{} outages", outages.len());
    for (number, (_, image)) in outages.into_iter().enumerate() {
        let (records, head) = recovered(image, &format!("outage {number}"));
        assert_eq!((records.len(), head), (300, 300), "outage {number}");
    }
}

/// A disk that has so many bytes and no more: appends answer `Full`, nothing of them appears, and
/// they work again when there is room.
#[test]
fn a_disk_without_room_refuses_whole_batches_until_there_is_room() {
    let platter = Platter::default();
    let mut twin = Twin::new(&platter, Random::new());
    let mut refused = 0;
    for round in 0..4 {
        platter.hold_at_most(Some(platter.bytes()));
        // What is forgotten makes room in the file.
        twin.forgets = 1000;
        let mut in_a_row = 0;
        for _ in 0..4000 {
            match twin.step() {
                Ok(()) => in_a_row = 0,
                Err(AppendError::Full(_)) => {
                    refused += 1;
                    in_a_row += 1;
                    assert_eq!(held(&twin.journal), twin.records, "round {round}");
                }
                Err(error) => panic!("{error:?}"),
            }
            if in_a_row == 5 {
                break;
            }
        }
        assert_eq!(in_a_row, 5, "round {round}: the disk never got full");
        platter.hold_at_most(None);
        twin.forgets = 10;
        for _ in 0..20 {
            twin.step().unwrap();
        }
        assert_eq!(held(&twin.journal), twin.records, "round {round}");
    }
    assert!(refused >= 20);
    let Twin { journal, records, head, .. } = twin;
    drop(journal);
    let again = start(&platter);
    assert_eq!((held(&again), again.stats().head.get()), (records, head));
}
