//! Snapshots in the journal: what is recovered with them is what is recovered from all events, and
//! what they cost and must not touch.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use encke_calls::{
    Actor, CallAction, CallId, CallType, Change, Command, CommandError, ConnId, Contact, Core,
    CoreConfig, Details, Dn, ImportedCall, InteractionAction, InteractionActor, InteractionKey,
    InteractionOffer, Kept, Limits, LineAction, Medium, NewParty, Number, Observer, PartyState,
    Requester, Role, State, Subject, SystemClock, UserData, UserDataChange, UserName, Writer,
    replay_record,
};
use encke_journal::{
    Append, AppendError, Entry, Fault, FaultyJournal, FileConfig, FileJournal, Journal, Key,
    MemoryJournal, Position, ReadError, Stats, Version,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tempfile::TempDir;
use tokio::task::JoinHandle;

const NUMBERS: [&str; 3] = ["15000", "15001", "15002"];

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

/// A journal beside one that has every event.
#[derive(Debug)]
struct Twin {
    journal: Arc<dyn Journal>,
    whole: MemoryJournal,
}

impl Twin {
    fn of(journal: Arc<dyn Journal>) -> Arc<Self> {
        Arc::new(Self { journal, whole: MemoryJournal::new() })
    }
}

impl Journal for Twin {
    fn append(&self, batch: Vec<Append>) -> BoxFuture<'_, Result<Position, AppendError>> {
        async move {
            let stored = self.journal.append(batch.clone()).await?;
            assert_eq!(self.whole.append(batch).await.unwrap(), stored);
            Ok(stored)
        }
        .boxed()
    }

    fn read(&self, key: &Key, after: Version) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.journal.read(key, after)
    }

    fn scan(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.journal.scan(after, limit)
    }

    fn tail(&self, after: Position) -> BoxStream<'static, Result<Entry, ReadError>> {
        self.journal.tail(after)
    }

    fn forget(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<(), AppendError>> {
        async move {
            // In this order, so that who is killed here leaves both on their way.
            self.whole.forget(keys.clone()).await.unwrap();
            self.journal.forget(keys).await
        }
        .boxed()
    }

    fn snapshot(
        &self,
        key: &Key,
        until: Version,
        record: Bytes,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        self.journal.snapshot(key, until, record)
    }

    fn stats(&self) -> Stats {
        self.journal.stats()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.journal.close()
    }
}

/// Keeps what it is told up to a place, and wants to be told again of the rest.
#[derive(Debug)]
struct Keeper {
    after: Position,
    kept: Kept,
    changes: Mutex<Vec<Change>>,
    forgotten: Mutex<Option<Position>>,
}

impl Keeper {
    fn after(after: Position) -> Arc<Self> {
        let (changes, forgotten) = Default::default();
        Arc::new(Self { after, kept: Kept::new(after), changes, forgotten })
    }

    fn told(&self) -> (Vec<Change>, Option<Position>) {
        (self.changes.lock().unwrap().clone(), *self.forgotten.lock().unwrap())
    }
}

impl Observer for Keeper {
    fn committed(&self, change: &Change) {
        self.changes.lock().unwrap().push(change.clone());
    }

    fn again_after(&self) -> Option<Position> {
        Some(self.after)
    }

    fn kept(&self) -> Option<Position> {
        Some(self.kept.get())
    }

    fn forgotten(&self, until: Position) {
        *self.forgotten.lock().unwrap() = Some(until);
    }
}

async fn open(
    journal: Arc<dyn Journal>,
    every: Option<u64>,
    observers: Vec<Arc<dyn Observer>>,
) -> (Core, Writer) {
    let config = CoreConfig::default()
        .dns(NUMBERS.map(dn))
        .limits(Limits::default())
        .retained(2)
        .snapshot_after(every.and_then(NonZeroU64::new));
    Core::open(journal, config, Arc::new(SystemClock), observers).await.unwrap()
}

async fn run(journal: &Arc<dyn Journal>, every: Option<u64>) -> (Core, JoinHandle<()>) {
    let (core, writer) = open(Arc::clone(journal), every, Vec::new()).await;
    (core, tokio::spawn(writer))
}

/// Gives the writer time between batches.
async fn pause(core: &Core) {
    for _ in 0..300 {
        core.sweep().await;
    }
}

async fn entries(journal: &dyn Journal) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let after = all.last().map_or(Position::ZERO, |entry| entry.position);
        let page = journal.scan(after, 1000).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// All there is, by name and as text, which shows every detail but texts and user data; those are
/// compared as records.
async fn recovered(journal: &dyn Journal) -> BTreeMap<String, Vec<u8>> {
    let mut state = State::new(Limits::default());
    for entry in entries(journal).await {
        replay_record(&mut state, &entry).unwrap();
    }
    held(&state)
}

fn held(state: &State) -> BTreeMap<String, Vec<u8>> {
    let calls = state.calls().map(|call| Subject::Call(call.id.clone()));
    let interactions = state.interactions().map(|one| Subject::Interaction(one.key()));
    let lines = state.lines().map(|line| Subject::Line(line.id.clone()));
    let all = calls.chain(interactions).chain(lines);
    let record = |subject: &Subject| encke_calls::Snapshot::of(state, subject).unwrap().to_record();
    all.map(|subject| (subject.to_string(), record(&subject))).collect()
}

async fn dial(core: &Core, n: usize) -> Result<CallId, CommandError> {
    let dial = Command::Dial {
        from: dn(NUMBERS[n % 3]),
        to: Number::new(NUMBERS[(n + 1) % 3]).unwrap(),
        user_data: UserData::parse(r#"{"a":1.10}"#).unwrap(),
    };
    match core.submit(dial).await?.subject {
        Subject::Call(id) => Ok(id),
        other => panic!("no call: {other}"),
    }
}

fn attach(call: &CallId, n: u64) -> Command {
    Command::ChangeUserData {
        call: call.clone(),
        requester: Requester::ThirdParty(dn("7777")),
        change: UserDataChange::Update(UserData::parse(&format!(r#"{{"n":{n}}}"#)).unwrap()),
    }
}

fn operate(call: &CallId, n: usize, action: CallAction) -> Command {
    Command::Operate { call: call.clone(), by: Actor::Dn(dn(NUMBERS[n % 3])), action }
}

#[tokio::test]
async fn what_a_long_call_costs_has_a_bound() {
    let twin = Twin::of(Arc::new(MemoryJournal::new()));
    let journal: Arc<dyn Journal> = twin.clone();
    let (core, writer) = run(&journal, Some(100)).await;
    let call = dial(&core, 0).await.unwrap();
    let mut most = 0;
    for n in 0..2050 {
        core.submit(attach(&call, n)).await.unwrap();
        most = most.max(entries(&*twin.journal).await.len());
    }
    assert!(most < 210, "{most} records at a time");
    pause(&core).await;
    let left = entries(&*twin.journal).await;
    assert_eq!((left.len(), left[0].is_snapshot, left[0].version.get()), (52, true, 2000));
    assert_eq!(core.stats().snapshots, 20);
    assert_eq!(recovered(&*twin.journal).await, recovered(&twin.whole).await);
    core.close().await;
    writer.await.unwrap();
    let (again, _writer) = run(&journal, Some(100)).await;
    assert_eq!(again.call(call.as_str()), core.call(call.as_str()));
}

#[tokio::test]
async fn without_a_number_of_events_none_is_taken() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let (core, _writer) = run(&journal, None).await;
    let call = dial(&core, 0).await.unwrap();
    for n in 0..600 {
        core.submit(attach(&call, n)).await.unwrap();
    }
    pause(&core).await;
    assert_eq!((entries(&*journal).await.len(), core.stats().snapshots), (601, 0));
}

/// Damage of one call's records costs that call its snapshots and nobody a change.
#[tokio::test]
async fn of_what_is_damaged_none_is_taken_and_none_tried_again() {
    let faults = Arc::new(FaultyJournal::new(Arc::new(MemoryJournal::new())));
    let journal: Arc<dyn Journal> = faults.clone();
    let (core, _writer) = run(&journal, Some(10)).await;
    let hurt = dial(&core, 0).await.unwrap();
    let sound = dial(&core, 1).await.unwrap();
    let key = encke_calls::journal_key(&Subject::Call(hurt.clone()));
    faults.damage(key.clone());
    for n in 0..99 {
        core.submit(attach(&hurt, n)).await.unwrap();
        core.submit(attach(&sound, n)).await.unwrap();
    }
    pause(&core).await;
    assert!(core.healthy());
    assert_eq!(core.stats().snapshots, 10);
    assert_eq!(faults.stats().failed, 1, "one attempt, which is one line in the log");
    assert_eq!(faults.read(&key, Version::ZERO).await.unwrap().len(), 100);
}

/// As after an upgrade: nobody took any before.
#[tokio::test]
async fn a_start_takes_those_that_are_missing_a_piece_at_a_time() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let (core, writer) = run(&journal, None).await;
    let calls = [dial(&core, 0).await.unwrap(), dial(&core, 1).await.unwrap()];
    for n in 0..199 {
        core.submit(attach(&calls[n % 2], n as u64)).await.unwrap();
    }
    core.close().await;
    writer.await.unwrap();
    let before = recovered(&*journal).await;
    let (core, _writer) = run(&journal, Some(10)).await;
    pause(&core).await;
    assert_eq!(core.stats().snapshots, 20);
    assert_eq!(entries(&*journal).await.len(), 2 + 1, "101 and 100 events");
    assert_eq!(recovered(&*journal).await, before);
}

/// Who does not say how far it keeps things keeps nothing.
#[derive(Debug)]
struct Silent;
impl Observer for Silent {
    fn committed(&self, _: &Change) {}
    fn again_after(&self) -> Option<Position> {
        Some(Position::new(45))
    }
}

#[tokio::test]
async fn nothing_is_replaced_that_may_be_asked_for_again() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let keeper = Keeper::after(Position::ZERO);
    let observers: Vec<Arc<dyn Observer>> = vec![keeper.clone(), Arc::new(Silent)];
    let (core, writer) = open(Arc::clone(&journal), Some(10), observers).await;
    tokio::spawn(writer);
    let call = dial(&core, 0).await.unwrap();
    for n in 0..99 {
        core.submit(attach(&call, n)).await.unwrap();
    }
    for (kept, first, records) in
        [(0, 1, 100), (9, 1, 100), (10, 10, 91), (29, 20, 81), (99, 40, 61)]
    {
        keeper.kept.set(Position::new(kept));
        pause(&core).await;
        let left = entries(&*journal).await;
        assert_eq!((left[0].position.get(), left.len()), (first, records), "kept to {kept}");
    }
    core.close().await;
    // As with a log that was put back to what it was before.
    let old = Keeper::after(Position::new(12));
    let recent = Keeper::after(Position::new(40));
    let observers: Vec<Arc<dyn Observer>> = vec![old.clone(), recent.clone()];
    drop(open(Arc::clone(&journal), None, observers).await);
    for (keeper, forgotten) in [(old, Some(Position::new(40))), (recent, None)] {
        let told = keeper.told();
        let places: Vec<_> = told.0.iter().map(|change| change.position().get()).collect();
        assert_eq!((places, told.1), ((41..=100).collect(), forgotten));
    }
}

#[tokio::test]
async fn a_disk_that_takes_no_snapshot_stops_nobody() {
    let faults = Arc::new(FaultyJournal::new(Arc::new(MemoryJournal::new())));
    let journal: Arc<dyn Journal> = faults.clone();
    let (core, _writer) = run(&journal, Some(10)).await;
    let call = dial(&core, 0).await.unwrap();
    for n in 0..9 {
        core.submit(attach(&call, n)).await.unwrap();
        if n == 7 {
            // The next command's event is stored, its snapshot is not.
            let gate = Arc::clone(&faults);
            let times = Mutex::new(0);
            faults.delay(move || {
                let mut times = times.lock().unwrap();
                *times += 1;
                if *times == 2 {
                    gate.fail_next(1, Fault::Io);
                }
                futures::future::ready(()).boxed()
            });
        }
    }
    pause(&core).await;
    assert!(core.healthy());
    assert_eq!((entries(&*journal).await.len(), core.stats().snapshots), (10, 0));
    faults.heal();
    // The next one stands for those before as well.
    for n in 0..10 {
        core.submit(attach(&call, n)).await.unwrap();
    }
    pause(&core).await;
    assert_eq!((entries(&*journal).await.len(), core.stats().snapshots), (1, 1));
}

#[tokio::test]
async fn a_call_is_not_given_the_snapshot_of_one_that_had_its_name() {
    let twin = Twin::of(Arc::new(MemoryJournal::new()));
    let journal: Arc<dyn Journal> = twin.clone();
    let keeper = Keeper::after(Position::ZERO);
    let (core, writer) = open(Arc::clone(&journal), Some(5), vec![keeper.clone()]).await;
    tokio::spawn(writer);
    let import = |n: usize| {
        let party = |place: usize, role| NewParty {
            dn: Some(dn(NUMBERS[place])),
            number: Number::new(NUMBERS[place]).unwrap(),
            state: PartyState::Established,
            role,
        };
        Command::Import(ImportedCall {
            id: CallId::new("C1").unwrap(),
            conn_id: ConnId::new("0071").unwrap(),
            call_type: CallType::Internal,
            dnis: None,
            ani: None,
            parties: vec![party(n, Role::Origin), party(n + 1, Role::Destination)],
            user_data: UserData::new(),
        })
    };
    let call = CallId::new("C1").unwrap();
    core.submit(import(0)).await.unwrap();
    for n in 0..6 {
        core.submit(attach(&call, n)).await.unwrap();
    }
    core.submit(operate(&call, 0, CallAction::Hangup)).await.unwrap();
    // Two that ended later are kept, so it is forgotten.
    for _ in 0..2 {
        let other = dial(&core, 2).await.unwrap();
        core.submit(operate(&other, 2, CallAction::Hangup)).await.unwrap();
    }
    core.sweep().await;
    assert_eq!(core.call("C1"), None);
    core.submit(import(1)).await.unwrap();
    for n in 10..16 {
        core.submit(attach(&call, n)).await.unwrap();
    }
    keeper.kept.set(core.told());
    pause(&core).await;
    assert_eq!(core.stats().snapshots, 1);
    assert_eq!(recovered(&*twin.journal).await, recovered(&twin.whole).await);
}

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    Dial(usize),
    Operate(Index, usize, Index),
    Attach(Index, u64),
    Offer,
    Interaction(Index, Index),
    Line(usize, bool),
    /// The observer keeps so much more of what it was told, in percent.
    Keep(u64),
    Sweep,
    /// The next write fails in this way.
    Fail(Fault),
    /// The process dies, so many turns later.
    Kill(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_usize).prop_map(Step::Dial),
        6 => (any::<Index>(), 0..3_usize, any::<Index>()).prop_map(|(a, b, c)| Step::Operate(a, b, c)),
        12 => (any::<Index>(), 0..5_u64).prop_map(|(call, n)| Step::Attach(call, n)),
        2 => Just(Step::Offer),
        5 => (any::<Index>(), any::<Index>()).prop_map(|(one, what)| Step::Interaction(one, what)),
        6 => (0..3_usize, any::<bool>()).prop_map(|(line, on)| Step::Line(line, on)),
        6 => (0..=100_u64).prop_map(Step::Keep),
        2 => Just(Step::Sweep),
        2 => prop_oneof![Just(Fault::Full), Just(Fault::Io)].prop_map(Step::Fail),
        3 => (0..6_usize).prop_map(Step::Kill),
    ]
}

fn actions() -> [CallAction; 5] {
    [
        CallAction::Answer,
        CallAction::Hold,
        CallAction::Retrieve,
        CallAction::Hangup,
        CallAction::Mute,
    ]
}

/// A core that dies and comes back, on a journal with snapshots and beside one without.
struct World {
    twin: Arc<Twin>,
    faults: Arc<FaultyJournal>,
    every: u64,
    keeper: Arc<Keeper>,
    core: Core,
    writer: JoinHandle<()>,
    calls: Vec<CallId>,
    interactions: Vec<InteractionKey>,
}

impl World {
    async fn new(home: Arc<dyn Journal>, every: u64) -> Self {
        let twin = Twin::of(home);
        let faults = Arc::new(FaultyJournal::new(Arc::clone(&twin) as Arc<dyn Journal>));
        let keeper = Keeper::after(Position::ZERO);
        let (core, writer) =
            open(faults.clone(), Some(every), vec![keeper.clone() as Arc<dyn Observer>]).await;
        let writer = tokio::spawn(writer);
        let (calls, interactions) = Default::default();
        Self { twin, faults, every, keeper, core, writer, calls, interactions }
    }

    async fn step(&mut self, step: Step) {
        let picked = |index: &Index, of: &[CallId]| (!of.is_empty()).then(|| index.get(of).clone());
        // Refusals and failures are part of it.
        let command = match step {
            Step::Dial(n) => {
                self.calls.extend(dial(&self.core, n).await.ok());
                return;
            }
            Step::Operate(call, by, action) => picked(&call, &self.calls)
                .map(|call| operate(&call, by, action.get(&actions()).clone())),
            Step::Attach(call, n) => picked(&call, &self.calls).map(|call| attach(&call, n)),
            Step::Offer => {
                let media = [Medium::Sms, Medium::Chat, Medium::Im];
                let offer = Command::OfferInteraction(InteractionOffer {
                    medium: media[self.interactions.len() % media.len()],
                    to: UserName::new("alice").unwrap(),
                    from: Contact::new("+15550100").unwrap(),
                    details: Details::default(),
                    nickname: None,
                    text: Some("hello".into()),
                    user_data: UserData::new(),
                });
                if let Ok(outcome) = self.core.submit(offer).await
                    && let Subject::Interaction(key) = outcome.subject
                {
                    self.interactions.push(key);
                }
                return;
            }
            Step::Interaction(one, what) if !self.interactions.is_empty() => {
                let what = [
                    InteractionAction::Accept { nickname: None },
                    InteractionAction::SendMessage { text: "text".into() },
                    InteractionAction::SendMessage { text: "more".into() },
                    InteractionAction::Complete,
                ]
                .get(what.index(4))
                .cloned()
                .unwrap();
                let by = InteractionActor::Agent(UserName::new("alice").unwrap());
                let interaction = one.get(&self.interactions).clone();
                Some(Command::OperateInteraction { interaction, by, action: what })
            }
            Step::Interaction(..) => None,
            Step::Line(line, on) => Some(Command::OperateLines {
                lines: vec![dn(NUMBERS[line])],
                action: if on { LineAction::Ready } else { LineAction::NotReady(None) },
            }),
            Step::Keep(percent) => {
                let (kept, told) = (self.keeper.kept.get().get(), self.core.told().get());
                let more = told.saturating_sub(kept) * percent / 100;
                self.keeper.kept.set(Position::new(kept + more));
                None
            }
            Step::Sweep => {
                self.core.sweep().await;
                None
            }
            Step::Fail(fault) => {
                self.faults.fail_next(1, fault);
                None
            }
            Step::Kill(turns) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                self.kill().await;
                None
            }
        };
        if let Some(command) = command {
            drop(self.core.submit(command).await);
        }
    }

    /// The process dies and comes back; what it finds is what it would find without snapshots.
    async fn kill(&mut self) {
        self.writer.abort();
        drop((&mut self.writer).await);
        self.faults.heal();
        // What was on its way is done.
        self.twin.journal.append(Vec::new()).await.unwrap();
        self.compare().await;
        let again_after = self.keeper.kept.get();
        self.keeper = Keeper::after(again_after);
        let observers: Vec<Arc<dyn Observer>> = vec![self.keeper.clone()];
        let (core, writer) = open(self.faults.clone(), Some(self.every), observers).await;
        let reference = Keeper::after(again_after);
        let whole = Whole(Arc::clone(&self.twin));
        let observers: Vec<Arc<dyn Observer>> = vec![reference.clone()];
        let (expected, unused) = open(Arc::new(whole), None, observers).await;
        drop(unused);
        assert_eq!(self.keeper.told(), reference.told());
        for call in &self.calls {
            assert_eq!(core.call(call.as_str()), expected.call(call.as_str()));
        }
        for InteractionKey { id, .. } in &self.interactions {
            assert_eq!(core.interaction(id.as_str()), expected.interaction(id.as_str()));
        }
        for line in NUMBERS {
            assert_eq!(core.line(&dn(line)), expected.line(&dn(line)));
            assert_eq!(core.calls_of(&dn(line)).len(), expected.calls_of(&dn(line)).len());
        }
        assert_eq!(core.told(), expected.told());
        (self.core, self.writer) = (core, tokio::spawn(writer));
    }

    async fn compare(&self) {
        let left = entries(&*self.twin.journal).await;
        assert_eq!(recovered(&*self.twin.journal).await, recovered(&self.twin.whole).await);
        let snapshots: HashSet<_> =
            left.iter().filter(|entry| entry.is_snapshot).map(|entry| entry.position).collect();
        assert!(snapshots.iter().all(|place| *place <= self.keeper.kept.get()), "{snapshots:?}");
    }
}

/// The journal with every event, to be read.
#[derive(Debug)]
struct Whole(Arc<Twin>);

impl Journal for Whole {
    fn append(&self, _: Vec<Append>) -> BoxFuture<'_, Result<Position, AppendError>> {
        panic!("nobody writes here")
    }

    fn read(&self, key: &Key, after: Version) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.0.whole.read(key, after)
    }

    fn scan(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.0.whole.scan(after, limit)
    }

    fn tail(&self, after: Position) -> BoxStream<'static, Result<Entry, ReadError>> {
        self.0.whole.tail(after)
    }

    fn forget(&self, _: Vec<Key>) -> BoxFuture<'_, Result<(), AppendError>> {
        panic!("nobody writes here")
    }

    fn snapshot(&self, _: &Key, _: Version, _: Bytes) -> BoxFuture<'_, Result<(), AppendError>> {
        panic!("nobody writes here")
    }

    fn stats(&self) -> Stats {
        self.0.whole.stats()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.whole.close()
    }
}

fn history(home: Arc<dyn Journal>, every: u64, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(home, every).await;
        for step in steps {
            world.step(step).await;
        }
        world.kill().await;
        world.core.close().await;
        world.compare().await;
        world.twin.journal.close().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn with_snapshots_is_as_without(every in 1..6_u64, steps in vec(step(), 0..150)) {
        history(Arc::new(MemoryJournal::new()), every, steps);
    }
}

proptest! {
    // Each step is a sync of a real file.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn with_snapshots_is_as_without_in_a_file(every in 1..6_u64, steps in vec(step(), 0..80)) {
        let folder = TempDir::new().unwrap();
        let home = FileJournal::open(folder.path(), FileConfig::default()).unwrap();
        history(Arc::new(home), every, steps);
    }
}
