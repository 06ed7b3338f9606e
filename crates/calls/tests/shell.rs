//! The core over a journal: order, durability, failure and fullness.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use encke_calls::{
    Actor, Bound, CallAction, CallHappening, CallId, CallType, Change, Clock, Command,
    CommandError, ConnId, Contact, Core, CoreConfig, Destination, Details, Digits, Dn, Duplicates,
    ImportedCall, InteractionAction, InteractionActor, InteractionId, InteractionKey,
    InteractionOffer, InteractionState, Limits, Medium, NewParty, Number, Observer, OpenError,
    Outcome, PartyState, Purpose, Refusal, Requester, Role, Subject, UserData, UserDataChange,
    UserName,
};
use encke_journal::{Append, Fault, FaultyJournal, Journal, Key, MemoryJournal, Position, Version};
use futures::FutureExt;
use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

#[derive(Debug, Default)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Change>>);

impl Recorder {
    fn seen(&self) -> Vec<Change> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Recorder {
    fn committed(&self, change: &Change) {
        self.0.lock().unwrap().push(change.clone());
    }
}

struct Bench {
    core: Core,
    clock: Arc<SetClock>,
    recorder: Arc<Recorder>,
    writer: JoinHandle<()>,
}

impl Bench {
    async fn open(journal: &Arc<dyn Journal>, config: CoreConfig) -> Self {
        let clock = Arc::new(SetClock::default());
        let recorder = Arc::new(Recorder::default());
        let observers: Vec<Arc<dyn Observer>> = vec![recorder.clone()];
        let config = config.dns(["15000", "15001"].map(dn));
        let opened = Core::open(Arc::clone(journal), config, clock.clone(), observers).await;
        let (core, writer) = opened.unwrap();
        Self { core, clock, recorder, writer: tokio::spawn(writer) }
    }

    async fn dial(&self, data: &str) -> CallId {
        let outcome = self.core.submit(dial(data)).await.unwrap();
        call_id(&outcome)
    }

    async fn close(self) {
        self.core.close().await;
        self.writer.await.unwrap();
    }
}

fn memory() -> Arc<dyn Journal> {
    Arc::new(MemoryJournal::new())
}

fn faulty() -> (Arc<FaultyJournal>, Arc<dyn Journal>) {
    let faulty = Arc::new(FaultyJournal::new(memory()));
    (faulty.clone(), faulty)
}

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

fn data(text: &str) -> UserData {
    UserData::parse(text).unwrap()
}

fn json(data: &UserData) -> String {
    let mut out = String::new();
    data.write_json(&mut out, Duplicates::All);
    out
}

fn dial(user_data: &str) -> Command {
    Command::Dial { from: dn("15000"), to: number("15001"), user_data: data(user_data) }
}

fn attach(call: &CallId, user_data: &str) -> Command {
    Command::ChangeUserData {
        call: call.clone(),
        requester: Requester::Party(dn("15000")),
        change: UserDataChange::Attach(data(user_data)),
    }
}

fn operate(call: &CallId, by: &str, action: CallAction) -> Command {
    Command::Operate { call: call.clone(), by: Actor::Dn(dn(by)), action }
}

fn call_id(outcome: &Outcome) -> CallId {
    match &outcome.subject {
        Subject::Call(id) => id.clone(),
        other => panic!("not a call: {other}"),
    }
}

#[tokio::test]
async fn an_accepted_command_is_visible_to_readers_at_once() {
    let bench = Bench::open(&memory(), CoreConfig::default()).await;
    bench.clock.0.store(1000, Ordering::Relaxed);
    let outcome = bench.core.submit(dial(r#"{"a":1}"#)).await.unwrap();
    let id = call_id(&outcome);
    let call = bench.core.call(id.as_str()).unwrap();
    assert_eq!(outcome.conn_id.as_ref(), Some(&call.conn_id));
    assert_eq!((call.version, call.created_at_ms), (1, 1000));
    assert_eq!(call.party(&dn("15001")).unwrap().state, PartyState::Ringing);
    assert_eq!(bench.core.calls_of(&dn("15000")), [Arc::clone(&call)]);
    assert_eq!(bench.core.calls_of(&dn("15001")), [call]);
    bench.core.submit(operate(&id, "15001", CallAction::Answer)).await.unwrap();
    bench.core.submit(operate(&id, "15001", CallAction::Hangup)).await.unwrap();
    assert!(bench.core.calls_of(&dn("15000")).is_empty());
    assert!(bench.core.call(id.as_str()).unwrap().is_released());
    bench.close().await;
}

#[tokio::test]
async fn observers_are_told_in_commit_order_with_references() {
    let bench = Bench::open(&memory(), CoreConfig::default()).await;
    let calls = [bench.dial("{}").await, bench.dial("{}").await];
    let sent = (0..200_u64).map(|n| {
        let call = &calls[usize::try_from(n % 2).unwrap()];
        bench.core.submit_referenced(attach(call, &format!(r#"{{"k":{n}}}"#)), n)
    });
    for result in join_all(sent).await {
        assert!(result.unwrap().changed);
    }
    bench.core.close().await;
    let seen = bench.recorder.seen();
    assert_eq!(seen.len(), 202);
    for (n, change) in (0..200_u64).zip(&seen[2..]) {
        let Change::Call(change) = change else { panic!("{change:?}") };
        assert_eq!(change.reference, Some(n));
        assert_eq!(change.after.user_data.get("k"), Some(n.to_string().as_str()));
        let before = change.before.as_ref().unwrap();
        assert_eq!(before.version + 1, change.after.version);
    }
    assert!(bench.core.stats().batches < 202, "{:?}", bench.core.stats());
}

#[tokio::test]
async fn a_reopened_core_has_the_same_state_digit_for_digit() {
    let journal = memory();
    let bench = Bench::open(&journal, CoreConfig::default()).await;
    let digits =
        r#"{"a":1.10,"b":9223372036854775808,"c":12345678901234567890123,"c":[1.0,{"d":-0.0}]}"#;
    let id = bench.dial(digits).await;
    bench.core.submit(attach(&id, r#"{"a":1e400}"#)).await.unwrap();
    bench.core.submit(operate(&id, "15001", CallAction::Answer)).await.unwrap();
    bench.core.submit(operate(&id, "15000", CallAction::Hold)).await.unwrap();
    let dtmf = CallAction::SendDtmf(Digits::new("12#").unwrap());
    bench.core.submit(operate(&id, "15001", dtmf)).await.unwrap();
    let sms = offer(&bench.core, "alice").await;
    let accept = InteractionAction::Accept { nickname: None };
    bench.core.submit(by_agent(&sms, "alice", accept)).await.unwrap();
    let before = (bench.core.call(id.as_str()), bench.core.interaction(&sms));
    bench.close().await;

    let again = Bench::open(&journal, CoreConfig::default()).await;
    let after = (again.core.call(id.as_str()), again.core.interaction(&sms));
    assert_eq!(before, after);
    let call = after.0.unwrap();
    assert_eq!(json(&call.user_data), digits.replace("}]}", r#"}],"a":1e400}"#));
    assert_eq!(again.core.calls_of(&dn("15001")), [call]);
    let user = UserName::new("alice").unwrap();
    assert_eq!(again.core.interactions_of(&user), [after.1.unwrap()]);
    again.core.submit(attach(&id, r#"{"z":1}"#)).await.unwrap();
    again.close().await;
}

#[tokio::test]
async fn a_failing_journal_changes_nothing_and_heals() {
    let (faults, journal) = faulty();
    let bench = Bench::open(&journal, CoreConfig::default()).await;
    let id = bench.dial(r#"{"a":1}"#).await;
    let before = bench.core.call(id.as_str());
    faults.fail(Fault::Full);
    let lost = join_all([
        bench.core.submit(attach(&id, r#"{"b":2}"#)),
        bench.core.submit(attach(&id, r#"{"c":3}"#)),
        bench.core.submit(operate(&id, "15001", CallAction::Answer)),
        bench.core.submit(dial("{}")),
    ]);
    for result in lost.await {
        assert_eq!(result, Err(CommandError::Unavailable));
    }
    assert!(!bench.core.healthy());
    assert_eq!(bench.core.call(id.as_str()), before);
    assert_eq!(bench.core.stats().live_calls, 1);
    // What is refused for itself is still refused as such.
    let refused = bench.core.submit(operate(&id, "15001", CallAction::Hold)).await;
    assert!(matches!(refused, Err(CommandError::Refused(Refusal::InvalidState { .. }))));
    faults.heal();
    bench.core.submit(attach(&id, r#"{"d":4}"#)).await.unwrap();
    assert!(bench.core.healthy());
    let after = bench.core.call(id.as_str()).unwrap();
    assert_eq!((json(&after.user_data).as_str(), after.version), (r#"{"a":1,"d":4}"#, 2));
    bench.core.close().await;
    assert_eq!(bench.recorder.seen().len(), 2);
}

#[tokio::test]
async fn a_core_that_nobody_writes_to_finds_out_that_the_journal_is_well_again() {
    let (faults, journal) = faulty();
    let bench = Bench::open(&journal, CoreConfig::default()).await;
    let id = bench.dial("{}").await;
    faults.fail(Fault::Full);
    let lost = bench.core.submit(attach(&id, r#"{"a":1}"#)).await;
    assert_eq!(lost, Err(CommandError::Unavailable));
    bench.core.sweep().await;
    assert!(!bench.core.healthy());
    faults.heal();
    bench.core.sweep().await;
    assert!(bench.core.healthy());
    // The probe leaves nothing behind that a later start would stumble over.
    let entries = journal.scan(Position::ZERO, 100).await.unwrap();
    assert!(entries.iter().all(|entry| entry.key.as_str().starts_with("call/")), "{entries:?}");
    bench.core.close().await;
}

#[tokio::test]
async fn a_lost_answer_is_caught_up_with() {
    let (faults, journal) = faulty();
    let bench = Bench::open(&journal, CoreConfig::default()).await;
    let id = bench.dial("{}").await;
    faults.fail_next(1, Fault::AnswerLost);
    let unclear = bench.core.submit(attach(&id, r#"{"a":1}"#)).await;
    assert_eq!(unclear, Err(CommandError::Unavailable));
    assert_eq!(json(&bench.core.call(id.as_str()).unwrap().user_data), "{}");
    // The journal has the record, which the next attempt runs into.
    let conflict = bench.core.submit(attach(&id, r#"{"b":2}"#)).await;
    assert_eq!(conflict, Err(CommandError::Unavailable));
    bench.core.submit(attach(&id, r#"{"c":3}"#)).await.unwrap();
    let call = bench.core.call(id.as_str()).unwrap();
    assert_eq!((json(&call.user_data).as_str(), call.version), (r#"{"a":1,"c":3}"#, 3));
    bench.core.close().await;
    assert_eq!(bench.recorder.seen().len(), 3);
}

/// Whoever does not look at answers keeps nobody else out.
#[tokio::test]
async fn what_is_held_for_a_command_is_free_once_it_has_left_the_queue() {
    let (faults, journal) = faulty();
    let bench = Bench::open(&journal, CoreConfig::default()).await;
    let (gate, reached) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let pause = (Arc::clone(&gate), Arc::clone(&reached));
    faults.delay(move || {
        let (gate, reached) = pause.clone();
        async move {
            reached.add_permits(1);
            gate.acquire().await.unwrap().forget();
        }
        .boxed()
    });
    let places = Arc::new(Semaphore::new(2));
    let place = || Arc::clone(&places).try_acquire_owned().unwrap();
    let first = bench.core.queue(dial("{}"), place()).await.unwrap();
    // The writer waits for the journal now, so the second one stays in the queue.
    reached.acquire().await.unwrap().forget();
    let second = bench.core.queue(dial("{}"), place()).await.unwrap();
    assert_eq!(places.available_permits(), 1, "the first one has left the queue");
    gate.add_permits(100);
    bench.core.sweep().await;
    assert_eq!(places.available_permits(), 2, "nobody has looked at an answer");
    first.await.unwrap();
    second.await.unwrap();
    bench.close().await;
}

#[tokio::test]
async fn a_full_queue_is_answered_busy() {
    let (faults, journal) = faulty();
    let bench = Bench::open(&journal, CoreConfig::default().queue(2)).await;
    let (gate, reached) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let pause = (Arc::clone(&gate), Arc::clone(&reached));
    faults.delay(move || {
        let (gate, reached) = pause.clone();
        async move {
            reached.add_permits(1);
            gate.acquire().await.unwrap().forget();
        }
        .boxed()
    });
    let first = tokio::spawn({
        let core = bench.core.clone();
        async move { core.submit(dial("{}")).await }
    });
    // The writer waits for the journal now, so nothing more leaves the queue.
    reached.acquire().await.unwrap().forget();
    let waiting = [0, 1].map(|_| {
        let core = bench.core.clone();
        tokio::spawn(async move { core.submit(dial("{}")).await })
    });
    while bench.core.stats().waiting < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.core.submit(dial("{}")).await, Err(CommandError::Busy));
    assert_eq!(bench.core.stats().busy, 1);
    gate.add_permits(100);
    first.await.unwrap().unwrap();
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    bench.close().await;
}

#[tokio::test]
async fn ended_calls_are_kept_for_a_while_and_then_forgotten() {
    let journal = memory();
    let config = CoreConfig::default().retention(Duration::from_secs(60)).retained(2);
    let bench = Bench::open(&journal, config.clone()).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = bench.dial("{}").await;
        bench.core.submit(operate(&id, "15000", CallAction::Hangup)).await.unwrap();
        ids.push(id);
    }
    let late = bench.core.submit(attach(&ids[2], "{}")).await;
    assert!(matches!(late, Err(CommandError::Refused(Refusal::InvalidState { .. }))), "{late:?}");
    bench.core.sweep().await;
    assert_eq!(bench.core.call(ids[0].as_str()), None);
    assert!(bench.core.call(ids[1].as_str()).is_some());
    bench.clock.0.store(60_000, Ordering::Relaxed);
    let live = bench.dial("{}").await;
    bench.core.sweep().await;
    assert_eq!(bench.core.call(ids[2].as_str()), None);
    let late = bench.core.submit(attach(&ids[2], "{}")).await;
    assert_eq!(late, Err(CommandError::Refused(Refusal::NotFound)));
    assert_eq!((bench.core.stats().forgotten, bench.core.stats().ended), (3, 0));
    bench.close().await;
    let again = Bench::open(&journal, config).await;
    assert_eq!(again.core.stats().live_calls, 1);
    assert!(again.core.call(live.as_str()).is_some());
    again.close().await;
}

#[tokio::test]
async fn a_call_of_another_core_is_imported_as_it_is() {
    let bench = Bench::open(&memory(), CoreConfig::default()).await;
    let party = |line: Option<&str>, state, role| NewParty {
        dn: line.map(dn),
        number: number(line.unwrap_or("+15550100")),
        state,
        role,
    };
    let imported = ImportedCall {
        id: CallId::new("01RCC3N118B1V0SL8O7GK2LAES00000R").unwrap(),
        conn_id: ConnId::new("007102719818001b").unwrap(),
        call_type: CallType::Inbound,
        dnis: Some(number("800")),
        ani: None,
        parties: vec![
            party(None, PartyState::Established, Role::Origin),
            party(Some("15000"), PartyState::Held, Role::Destination),
        ],
        user_data: data(r#"{"k":"v"}"#),
    };
    let outcome = bench.core.submit(Command::Import(imported.clone())).await.unwrap();
    assert_eq!(outcome.conn_id, Some(imported.conn_id.clone()));
    let call = bench.core.calls_of(&dn("15000"));
    assert_eq!((call.len(), call[0].id.clone()), (1, imported.id.clone()));
    let again = bench.core.submit(Command::Import(imported.clone())).await;
    assert_eq!(again, Err(CommandError::Refused(Refusal::Exists)));
    bench.core.submit(operate(&imported.id, "15000", CallAction::Retrieve)).await.unwrap();
    bench.close().await;
}

#[tokio::test]
async fn lines_can_be_set_while_it_runs() {
    let bench = Bench::open(&memory(), CoreConfig::default()).await;
    let inbound = || Command::Inbound {
        to: dn("15002"),
        from: number("+15550100"),
        user_data: UserData::new(),
    };
    let refused = bench.core.submit(inbound()).await;
    assert_eq!(refused, Err(CommandError::Refused(Refusal::UnknownDn)));
    bench.core.set_dns([dn("15002")]);
    assert!(bench.core.submit(inbound()).await.unwrap().changed);
    bench.close().await;
}

#[tokio::test]
async fn a_closed_core_answers_stopped_and_reads_go_on() {
    let bench = Bench::open(&memory(), CoreConfig::default()).await;
    let id = bench.dial("{}").await;
    bench.core.close().await;
    bench.writer.await.unwrap();
    assert_eq!(bench.core.submit(dial("{}")).await, Err(CommandError::Stopped));
    assert!(!bench.core.healthy());
    assert!(bench.core.call(id.as_str()).is_some());
    bench.core.sweep().await;
}

#[tokio::test]
async fn an_observer_that_holds_the_core_is_let_go() {
    #[derive(Debug)]
    struct Holder(#[expect(dead_code, reason = "it is there to be held")] Core);
    impl Observer for Holder {
        fn committed(&self, _: &Change) {}
    }
    let bench = Bench::open(&memory(), CoreConfig::default()).await;
    let holder = Arc::new(Holder(bench.core.clone()));
    let weak = Arc::downgrade(&holder);
    bench.core.observe(holder);
    bench.dial("{}").await;
    bench.writer.abort();
    bench.writer.await.unwrap_err();
    assert!(weak.upgrade().is_none());
}

#[tokio::test]
async fn a_journal_that_no_core_wrote_is_not_opened() {
    let cases: [(&str, &[u8]); 4] = [
        ("call/C1", b"{}"),
        ("call/C1", br#"{"v":9,"event":{}}"#),
        ("call/C1", br#"{"v":1,"event":{"sms":{"session":"S1","at_ms":1,"what":"rejected"}}}"#),
        ("sms/S1", br#"{"v":1,"event":{"sms":{"session":"S1","at_ms":1,"what":"rejected"}}}"#),
    ];
    for (key, record) in cases {
        let journal = memory();
        append(&journal, key, record).await;
        let clock = Arc::new(SetClock::default());
        let opened = Core::open(journal, CoreConfig::default(), clock, Vec::new()).await;
        let error = opened.map(|_| ()).unwrap_err();
        let first = Position::new(1);
        match error {
            OpenError::Record { position, .. }
            | OpenError::Event { position, .. }
            | OpenError::Misplaced { position } => assert_eq!(position, first),
            other => panic!("{other:?}"),
        }
    }
    let journal = memory();
    append(&journal, "other/1", b"not ours").await;
    Bench::open(&journal, CoreConfig::default()).await.close().await;
}

async fn append(journal: &Arc<dyn Journal>, key: &str, record: &'static [u8]) {
    let key = Key::new(key).unwrap();
    let records = vec![bytes::Bytes::from_static(record)];
    journal.append(vec![Append { key, expected: Version::ZERO, records }]).await.unwrap();
}

#[tokio::test]
async fn an_sms_session_runs_to_its_end() {
    let bench = Bench::open(&memory(), CoreConfig::default()).await;
    let sms = offer(&bench.core, "alice").await;
    let state = |bench: &Bench| bench.core.interaction(&sms).unwrap().state();
    assert_eq!(state(&bench), InteractionState::Invited);
    let stranger = by_agent(&sms, "bob", InteractionAction::Accept { nickname: None });
    let refused = bench.core.submit(stranger).await;
    assert_eq!(refused, Err(CommandError::Refused(Refusal::NotFound)));
    for (action, after) in [
        (InteractionAction::Accept { nickname: None }, InteractionState::Chatting),
        (InteractionAction::SendMessage { text: "hello".into() }, InteractionState::Chatting),
        (InteractionAction::Leave, InteractionState::LeftChat),
        (InteractionAction::Complete, InteractionState::Completed),
    ] {
        bench.core.submit(by_agent(&sms, "alice", action)).await.unwrap();
        assert_eq!(state(&bench), after);
    }
    assert!(bench.core.interactions_of(&UserName::new("alice").unwrap()).is_empty());
    bench.close().await;
}

#[tokio::test]
async fn limits_come_from_the_configuration() {
    let config = CoreConfig::default().limits(Limits::default().calls(1));
    let bench = Bench::open(&memory(), config).await;
    bench.dial("{}").await;
    let refused = bench.core.submit(dial("{}")).await;
    let limit = Refusal::TooMany { what: Bound::Calls, limit: 1 };
    assert_eq!(refused, Err(CommandError::Refused(limit)));
    bench.core.close().await;
    let Change::Call(change) = &bench.recorder.seen()[0] else { panic!() };
    assert!(matches!(change.event.what, CallHappening::Started { .. }));
}

async fn offer(core: &Core, to: &str) -> String {
    let offer = InteractionOffer {
        medium: Medium::Sms,
        to: UserName::new(to).unwrap(),
        from: Contact::new("+15550100").unwrap(),
        details: Details::default(),
        nickname: None,
        text: Some("hi".into()),
        user_data: UserData::new(),
    };
    match core.submit(Command::OfferInteraction(offer)).await.unwrap().subject {
        Subject::Interaction(key) => key.id.as_str().to_owned(),
        other => panic!("not an interaction: {other}"),
    }
}

fn by_agent(session: &str, agent: &str, action: InteractionAction) -> Command {
    let id = InteractionId::new(session).unwrap();
    Command::OperateInteraction {
        interaction: InteractionKey { medium: Medium::Sms, id },
        by: InteractionActor::Agent(UserName::new(agent).unwrap()),
        action,
    }
}

#[tokio::test]
async fn a_line_that_rings_for_too_long_is_let_go_also_after_a_restart_with_other_settings() {
    let journal = memory();
    let rings = |ms| CoreConfig::default().limits(Limits::default().no_answer_ms(ms));
    let bench = Bench::open(&journal, rings(Some(1_000))).await;
    let (early, late) = (bench.dial("{}").await, bench.dial("{}").await);
    bench.clock.0.store(999, Ordering::Relaxed);
    bench.core.tick().await;
    assert_eq!(bench.core.stats().live_calls, 2);
    bench.core.submit(operate(&late, "15001", CallAction::Answer)).await.unwrap();
    bench.close().await;

    let bench = Bench::open(&journal, rings(None)).await;
    bench.clock.0.store(1_000, Ordering::Relaxed);
    let unending = bench.dial("{}").await;
    bench.core.tick().await;
    bench.core.tick().await;
    assert!(bench.core.call(early.as_str()).unwrap().is_released());
    assert!(!bench.core.call(late.as_str()).unwrap().is_released());
    let seen = bench.recorder.seen();
    assert_eq!(seen.len(), 2, "told once: {seen:?}");
    bench.clock.0.store(u64::MAX, Ordering::Relaxed);
    bench.core.tick().await;
    assert!(!bench.core.call(unending.as_str()).unwrap().is_released());
    bench.close().await;
}

#[tokio::test]
async fn both_calls_of_a_consultation_change_together_or_not_at_all() {
    let (faulty, journal) = faulty();
    let bench = Bench::open(&journal, CoreConfig::default()).await;
    let call = bench.dial("{}").await;
    bench.core.submit(operate(&call, "15001", CallAction::Answer)).await.unwrap();
    let ask = || {
        let asked = Destination { number: number("+15550100"), user_data: data("{}") };
        operate(&call, "15001", CallAction::Consult(Purpose::Transfer, asked))
    };
    faulty.fail(Fault::Full);
    assert_eq!(bench.core.submit(ask()).await, Err(CommandError::Unavailable));
    let line = dn("15001");
    assert_eq!(bench.core.calls_of(&line).len(), 1);
    assert_eq!(bench.core.call(call.as_str()).unwrap().version, 2);
    faulty.heal();
    let outcome = bench.core.submit(ask()).await.unwrap();
    assert_eq!(call_id(&outcome), call, "the command was about the first call");
    assert_eq!(bench.core.calls_of(&line).len(), 2);
    let positions: Vec<_> = bench.recorder.seen().iter().map(|c| c.position().get()).collect();
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    bench.close().await;
}
