//! Where changes stand in the journal, and how observers are told again of what they may have
//! missed. Each on a journal in memory and on one in a file.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::sync::{Arc, Mutex};

use encke_calls::{
    Actor, CallAction, CallId, Change, Command, CommandError, Core, CoreConfig, Dn, Number,
    Observer, Requester, Subject, SystemClock, UserData, UserDataChange, Writer,
};
use encke_journal::{
    Append, Fault, FaultyJournal, FileConfig, FileJournal, Journal, Key, MemoryJournal, Position,
    Version,
};
use futures::future::join_all;
use tempfile::TempDir;

/// Records what it is told, and wants to be told again after a place.
#[derive(Debug, Default)]
struct Recorder {
    after: Option<Position>,
    changes: Mutex<Vec<Change>>,
    forgotten: Mutex<Vec<Position>>,
}

impl Recorder {
    fn after(place: u64) -> Arc<Self> {
        Arc::new(Self { after: Some(Position::new(place)), ..Self::default() })
    }

    fn seen(&self) -> Vec<Change> {
        self.changes.lock().unwrap().clone()
    }

    fn places(&self) -> Vec<u64> {
        self.seen().iter().map(|change| change.position().get()).collect()
    }

    fn forgotten(&self) -> Vec<u64> {
        self.forgotten.lock().unwrap().iter().map(|place| place.get()).collect()
    }
}

impl Observer for Recorder {
    fn committed(&self, change: &Change) {
        assert!(self.forgotten.lock().unwrap().is_empty(), "what is gone is said last");
        self.changes.lock().unwrap().push(change.clone());
    }

    fn again_after(&self) -> Option<Position> {
        self.after
    }

    fn forgotten(&self, until: Position) {
        self.forgotten.lock().unwrap().push(until);
    }
}

/// A journal that can be opened again, if it is in a file.
enum Home {
    Memory(Arc<dyn Journal>),
    File(TempDir),
}

impl Home {
    fn both() -> [Self; 2] {
        [Self::Memory(Arc::new(MemoryJournal::new())), Self::File(tempfile::tempdir().unwrap())]
    }

    fn journal(&self) -> Arc<dyn Journal> {
        match self {
            Self::Memory(journal) => Arc::clone(journal),
            Self::File(folder) => {
                Arc::new(FileJournal::open(folder.path(), FileConfig::default()).unwrap())
            }
        }
    }

    async fn leave(&self, journal: Arc<dyn Journal>) {
        if let Self::File(_) = self {
            journal.close().await;
        }
    }
}

async fn open(journal: &Arc<dyn Journal>, observers: &[Arc<Recorder>]) -> (Core, Writer) {
    let observers = observers.iter().map(|observer| Arc::clone(observer) as _).collect();
    let config = CoreConfig::default().dns(["15000", "15001"].map(|dn| Dn::new(dn).unwrap()));
    let config = config.retained(1);
    Core::open(Arc::clone(journal), config, Arc::new(SystemClock), observers).await.unwrap()
}

async fn run(journal: &Arc<dyn Journal>, observer: &Arc<Recorder>) -> Core {
    let (core, writer) = open(journal, &[Arc::clone(observer)]).await;
    tokio::spawn(writer);
    core
}

async fn dial(core: &Core) -> CallId {
    let dial = Command::Dial {
        from: Dn::new("15000").unwrap(),
        to: Number::new("15001").unwrap(),
        user_data: UserData::new(),
    };
    match core.submit(dial).await.unwrap().subject {
        Subject::Call(id) => id,
        other => panic!("no call: {other}"),
    }
}

fn attach(call: &CallId, n: u64) -> Command {
    Command::ChangeUserData {
        call: call.clone(),
        requester: Requester::Party(Dn::new("15000").unwrap()),
        change: UserDataChange::Attach(UserData::parse(&format!(r#"{{"n":{n}}}"#)).unwrap()),
    }
}

async fn hang_up(core: &Core, call: &CallId) {
    let by = Actor::Dn(Dn::new("15000").unwrap());
    let action = CallAction::Hangup;
    core.submit(Command::Operate { call: call.clone(), by, action }).await.unwrap();
}

/// Appends something that is not the core's.
async fn append_foreign(journal: &Arc<dyn Journal>, key: &str) {
    let append = Append {
        key: Key::new(key).unwrap(),
        expected: Version::ZERO,
        records: vec!["not ours".into()],
    };
    journal.append(vec![append]).await.unwrap();
}

#[tokio::test]
async fn a_change_carries_the_position_of_its_record() {
    for home in Home::both() {
        let journal = home.journal();
        append_foreign(&journal, "other/1").await;
        let recorder = Arc::new(Recorder::default());
        let core = run(&journal, &recorder).await;
        assert_eq!(core.told(), Position::new(1));
        let calls = [dial(&core).await, dial(&core).await];
        let commands = (0..100).map(|n| core.submit(attach(&calls[usize::from(n % 3 == 0)], n)));
        join_all(commands).await.into_iter().for_each(|result| assert!(result.unwrap().changed));
        core.close().await;
        let entries = journal.scan(Position::new(1), 1000).await.unwrap();
        let changes = recorder.seen();
        assert_eq!((entries.len(), changes.len()), (102, 102));
        for (entry, change) in entries.iter().zip(&changes) {
            let Change::Call(call) = change else { panic!("{change:?}") };
            assert_eq!(entry.position, change.position());
            assert_eq!(entry.key.as_str(), format!("call/{}", call.after.id));
            assert_eq!(entry.version.get(), call.after.version);
        }
        assert!(core.stats().batches < 102, "some were stored together: {:?}", core.stats());
        assert_eq!(core.told(), Position::new(103));
        home.leave(journal).await;
    }
}

#[tokio::test]
async fn an_observer_is_told_again_of_what_it_may_have_missed() {
    for home in Home::both() {
        let journal = home.journal();
        let first = Arc::new(Recorder::default());
        let core = run(&journal, &first).await;
        let call = dial(&core).await;
        for n in 0..9 {
            core.submit_referenced(attach(&call, n), n).await.unwrap();
        }
        core.close().await;
        home.leave(journal).await;

        let journal = home.journal();
        let again = [Recorder::after(0), Recorder::after(7), Recorder::after(10)];
        let nothing = Arc::new(Recorder::default());
        let observers: Vec<_> = again.iter().chain([&nothing]).cloned().collect();
        let (core, writer) = open(&journal, &observers).await;
        // The writer has not run yet.
        let told = first.seen();
        assert_eq!(again[0].seen(), told, "to the last detail, references included");
        assert_eq!(again[1].seen(), told[7..]);
        assert_eq!(again[2].seen(), []);
        assert_eq!(nothing.seen(), []);
        assert!(again.iter().all(|observer| observer.forgotten().is_empty()));
        tokio::spawn(writer);
        core.submit(attach(&call, 10)).await.unwrap();
        core.close().await;
        assert_eq!(again[1].places(), [8, 9, 10, 11]);
        assert_eq!(nothing.places(), [11]);
        home.leave(journal).await;
    }
}

#[tokio::test]
async fn what_is_gone_is_said_and_what_is_not_a_change_is_not_gone() {
    for home in Home::both() {
        let journal = home.journal();
        let core = run(&journal, &Arc::new(Recorder::default())).await;
        // One ended call is kept: the first goes when the second has ended.
        let calls = [dial(&core).await, dial(&core).await]; // 1, 2
        append_foreign(&journal, "other/1").await; // 3
        core.submit(attach(&calls[1], 1)).await.unwrap(); // 4
        hang_up(&core, &calls[0]).await; // 5
        core.submit(attach(&calls[1], 2)).await.unwrap(); // 6
        hang_up(&core, &calls[1]).await; // 7
        core.sweep().await;
        assert_eq!(core.call(calls[0].as_str()), None);
        append_foreign(&journal, "other/2").await; // 8
        journal.forget(vec![Key::new("other/2").unwrap()]).await.unwrap();
        core.close().await;

        let last = Recorder::after(7);
        let behind = Recorder::after(5);
        let all = Recorder::after(0);
        drop(open(&journal, &[Arc::clone(&last), Arc::clone(&behind), Arc::clone(&all)]).await);
        assert_eq!((all.places(), all.forgotten()), (vec![2, 4, 6, 7], vec![8]));
        assert_eq!((behind.places(), behind.forgotten()), (vec![6, 7], vec![8]));
        assert_eq!((last.places(), last.forgotten()), (vec![], vec![8]));

        append_foreign(&journal, "other/3").await; // 9
        let at_8 = Recorder::after(8);
        let at_4 = Recorder::after(4);
        drop(open(&journal, &[Arc::clone(&at_8), Arc::clone(&at_4)]).await);
        assert_eq!((at_8.places(), at_8.forgotten()), (vec![], vec![]));
        assert_eq!((at_4.places(), at_4.forgotten()), (vec![6, 7], vec![8]));
        home.leave(journal).await;
    }
}

#[tokio::test]
async fn what_the_journal_holds_unknown_to_the_core_is_told_in_its_place() {
    for home in Home::both() {
        let inner = home.journal();
        let faults = Arc::new(FaultyJournal::new(Arc::clone(&inner)));
        let journal: Arc<dyn Journal> = faults.clone();
        let recorder = Arc::new(Recorder::default());
        let core = run(&journal, &recorder).await;
        let calls = [dial(&core).await, dial(&core).await];
        faults.fail_next(1, Fault::AnswerLost);
        let lost = core.submit(attach(&calls[0], 3)).await;
        assert_eq!(lost, Err(CommandError::Unavailable));
        // Another call goes on, and nothing conflicts.
        core.submit(attach(&calls[1], 4)).await.unwrap();
        core.sweep().await;
        assert_eq!(recorder.places(), [1, 2, 3, 4]);
        assert_eq!(core.told(), Position::new(4));
        assert_eq!(core.call(calls[0].as_str()).unwrap().user_data.get("n"), Some("3"));
        core.submit(attach(&calls[0], 5)).await.unwrap();

        // Nobody writes: the core's own question to the journal finds it.
        faults.fail_next(1, Fault::AnswerLost);
        let lost = core.submit(attach(&calls[0], 6)).await;
        assert_eq!(lost, Err(CommandError::Unavailable));
        core.sweep().await;
        assert!(core.healthy());
        assert_eq!(recorder.places(), [1, 2, 3, 4, 5, 6]);
        core.submit(attach(&calls[0], 8)).await.unwrap();
        core.close().await;
        assert_eq!(recorder.places(), [1, 2, 3, 4, 5, 6, 8], "7 was the question");
        home.leave(inner).await;
    }
}
