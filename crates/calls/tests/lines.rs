//! What is set at lines: the states of agents, their eras, and what is kept of them.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use encke_calls::{
    AgentState, Change, Clock, Command, CommandError, Core, CoreConfig, Dn, Event, Limits, Line,
    LineAction, LineChange, LineEvent, LineId, LineSettings, Number, Observer, Position, Reason,
    Refusal, SeededIds, State, Subject, WorkMode, Writer, decide, evolve,
};
use encke_journal::{
    Append, Fault, FaultyJournal, FileConfig, FileJournal, Journal, Key, MemoryJournal, Version,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const NUMBERS: [&str; 3] = ["15000", "15001", "1/5"];

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

fn not_ready(work_mode: Option<WorkMode>, reason: Option<&str>) -> AgentState {
    let reason = reason.map(|text| Reason::new(text).unwrap());
    AgentState::NotReady { work_mode, reason }
}

fn operate(lines: &[&str], action: LineAction) -> Command {
    Command::OperateLines { lines: lines.iter().map(|line| dn(line)).collect(), action }
}

fn fresh() -> State {
    let mut state = State::new(Limits::default());
    state.set_dns(HashSet::from(NUMBERS.map(dn)));
    state
}

fn run(state: &mut State, command: &Command) -> Result<Vec<Event>, Refusal> {
    let events = decide(state, command, 7, &mut SeededIds::new(1))?;
    for event in &events {
        assert_eq!(Event::from_record(&event.to_record()).as_ref(), Ok(event));
        evolve(state, event).unwrap();
    }
    Ok(events)
}

fn agent(state: &State, line: &str) -> AgentState {
    state.line(&dn(line)).map_or(AgentState::LoggedOut, |line| line.settings.agent.clone())
}

#[test]
fn an_agent_comes_is_ready_or_not_and_goes() {
    let mut state = fresh();
    let mut is = |action, expected: AgentState| {
        run(&mut state, &operate(&["15000"], action)).unwrap();
        assert_eq!(agent(&state, "15000"), expected);
    };
    is(LineAction::LogIn, not_ready(None, None));
    is(LineAction::Ready, AgentState::Ready);
    is(LineAction::LogIn, AgentState::Ready);
    let lunch = Some(Reason::new("lunch").unwrap());
    is(LineAction::NotReady(lunch), not_ready(None, Some("lunch")));
    is(LineAction::Work(WorkMode::AfterCallWork), not_ready(Some(WorkMode::AfterCallWork), None));
    is(LineAction::Work(WorkMode::AuxWork), not_ready(Some(WorkMode::AuxWork), None));
    is(LineAction::NotReady(None), not_ready(None, None));
    is(LineAction::LogOut, AgentState::LoggedOut);
    is(LineAction::LogOut, AgentState::LoggedOut);
    assert_eq!(state.line(&dn("15000")).unwrap().version, 7, "what changes nothing is no event");
}

#[test]
fn an_action_is_done_at_all_lines_or_at_none() {
    let mut state = fresh();
    run(&mut state, &operate(&["15000"], LineAction::LogIn)).unwrap();
    let all = &["15000", "15001"];
    let before = agent(&state, "15000");
    assert_eq!(run(&mut state, &operate(all, LineAction::Ready)), Err(Refusal::LoggedOut));
    let unknown = operate(&["15000", "15009"], LineAction::Ready);
    assert_eq!(run(&mut state, &unknown), Err(Refusal::UnknownDn));
    assert_eq!(run(&mut state, &operate(&[], LineAction::LogIn)), Err(Refusal::UnknownDn));
    assert_eq!(agent(&state, "15000"), before);
    // The one that is there already is not told of it.
    let events = run(&mut state, &operate(all, LineAction::LogIn)).unwrap();
    let lines: Vec<_> = events.iter().map(Event::subject).collect();
    assert_eq!(lines, [Subject::Line(LineId { dn: dn("15001"), era: 1 })]);
    let twice = operate(&["15000", "15000"], LineAction::Ready);
    assert_eq!(run(&mut state, &twice).unwrap().len(), 1);
}

#[test]
fn a_record_is_what_this_version_writes() {
    for (settings, text) in [
        (AgentState::LoggedOut, r#"{"agent":"LoggedOut"}"#),
        (AgentState::Ready, r#"{"agent":"Ready"}"#),
        (not_ready(None, None), r#"{"agent":{"NotReady":{}}}"#),
        (
            not_ready(Some(WorkMode::AuxWork), Some("7")),
            r#"{"agent":{"NotReady":{"work_mode":"AuxWork","reason":"7"}}}"#,
        ),
    ] {
        let text = format!(
            r#"{{"v":1,"event":{{"line":{{"line":{{"dn":"15000","era":3}},"at_ms":7,"settings":{text}}}}}}}"#
        );
        let event = Event::from_record(text.as_bytes()).unwrap();
        let Event::Line(line) = &event else { panic!("{event:?}") };
        assert_eq!(line.settings.agent, settings);
        assert_eq!(String::from_utf8(event.to_record()).unwrap(), text);
    }
}

#[test]
fn what_is_set_besides_is_left_out_where_it_is_not() {
    let mut state = fresh();
    let to = Number::new("15001").unwrap();
    let mut last = String::new();
    for action in [LineAction::DoNotDisturb(true), LineAction::Forward(Some(to))] {
        let events = run(&mut state, &operate(&["15000"], action)).unwrap();
        last = String::from_utf8(events[0].to_record()).unwrap();
    }
    let settings = r#""settings":{"agent":"LoggedOut","do_not_disturb":true,"forward_to":"15001"}"#;
    assert!(last.contains(settings), "{last}");
    for action in [LineAction::DoNotDisturb(false), LineAction::Forward(None)] {
        let events = run(&mut state, &operate(&["15000"], action.clone())).unwrap();
        last = String::from_utf8(events[0].to_record()).unwrap();
        assert_eq!(run(&mut state, &operate(&["15000"], action)), Ok(vec![]));
    }
    assert!(last.contains(r#""settings":{"agent":"LoggedOut"}"#), "{last}");
    // Who logs out leaves them as they are.
    run(&mut state, &operate(&["15000"], LineAction::DoNotDisturb(true))).unwrap();
    run(&mut state, &operate(&["15000"], LineAction::LogIn)).unwrap();
    run(&mut state, &operate(&["15000"], LineAction::LogOut)).unwrap();
    assert!(state.line(&dn("15000")).unwrap().settings.do_not_disturb);
}

#[test]
fn an_event_of_an_era_that_is_over_does_not_apply() {
    let mut state = fresh();
    let event = |era| {
        let line = LineId { dn: dn("15000"), era };
        Event::Line(LineEvent { line, at_ms: 1, settings: LineSettings::default() })
    };
    evolve(&mut state, &event(5)).unwrap();
    assert!(evolve(&mut state, &event(4)).is_err());
    assert_eq!(state.line(&dn("15000")).unwrap().id.era, 5);
}

fn action() -> impl Strategy<Value = LineAction> {
    select(vec![
        LineAction::LogIn,
        LineAction::LogOut,
        LineAction::Ready,
        LineAction::Ready,
        LineAction::NotReady(None),
        LineAction::NotReady(Some(Reason::new("lunch").unwrap())),
        LineAction::Work(WorkMode::AfterCallWork),
        LineAction::Work(WorkMode::AuxWork),
    ])
}

/// What an action makes of a state; `None` where it is refused.
fn model(before: &AgentState, action: &LineAction) -> Option<AgentState> {
    let out = *before == AgentState::LoggedOut;
    Some(match action {
        LineAction::LogIn if !out => before.clone(),
        LineAction::LogIn => not_ready(None, None),
        LineAction::LogOut => AgentState::LoggedOut,
        _ if out => return None,
        LineAction::Ready => AgentState::Ready,
        LineAction::NotReady(reason) => {
            AgentState::NotReady { work_mode: None, reason: reason.clone() }
        }
        LineAction::Work(mode) => not_ready(Some(*mode), None),
        other => unreachable!("{other:?}"),
    })
}

proptest! {
    #[test]
    fn actions_do_what_the_model_does(
        steps in vec((vec(select(NUMBERS.to_vec()), 1..4), action()), 0..400)
    ) {
        let mut state = fresh();
        let mut model_of: BTreeMap<&str, AgentState> =
            NUMBERS.map(|line| (line, AgentState::LoggedOut)).into();
        let mut log = Vec::new();
        // Close to the end of an era: what follows does not fill one.
        for line in NUMBERS {
            log.extend(run(&mut state, &operate(&[line], LineAction::LogIn)).unwrap());
            for turn in 0..Line::ERA_CHANGES - 4 {
                let ready = turn % 2 == 0;
                let action = if ready { LineAction::Ready } else { LineAction::NotReady(None) };
                log.extend(run(&mut state, &operate(&[line], action)).unwrap());
            }
            model_of.insert(line, agent(&state, line));
        }
        for (lines, action) in steps {
            let after: Option<Vec<_>> =
                lines.iter().map(|line| model(&model_of[line], &action)).collect();
            let events = run(&mut state, &operate(&lines, action));
            match after {
                None => prop_assert_eq!(events, Err(Refusal::LoggedOut)),
                Some(after) => {
                    let mut changed = HashSet::new();
                    for (line, after) in lines.iter().zip(after) {
                        if model_of[line] != after {
                            changed.insert(*line);
                        }
                        model_of.insert(line, after);
                    }
                    let events = events.unwrap();
                    prop_assert_eq!(events.len(), changed.len());
                    log.extend(events);
                }
            }
            for line in NUMBERS {
                prop_assert_eq!(&agent(&state, line), &model_of[line]);
                let version = state.line(&dn(line)).map_or(1, |line| line.version);
                prop_assert!((1..=Line::ERA_CHANGES).contains(&version));
            }
        }
        // The last events of each line alone lead to the same: nothing before them is needed.
        let mut again = fresh();
        let last: BTreeMap<_, _> = log
            .iter()
            .filter_map(|event| match event {
                Event::Line(event) => Some((event.line.dn.clone(), event.line.era)),
                _ => None,
            })
            .collect();
        for event in &log {
            if let Event::Line(line) = event && last[&line.line.dn] == line.line.era {
                evolve(&mut again, event).unwrap();
            }
        }
        for line in NUMBERS {
            prop_assert_eq!(state.line(&dn(line)), again.line(&dn(line)));
        }
    }
}

#[derive(Debug, Default)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Records what it is told, and wants to be told again of everything.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Change>>);

impl Recorder {
    fn seen(&self) -> Vec<LineChange> {
        let changes = self.0.lock().unwrap();
        let lines = changes.iter().map(|change| match change {
            Change::Line(change) => change.clone(),
            other => panic!("{other:?}"),
        });
        lines.collect()
    }
}

impl Observer for Recorder {
    fn committed(&self, change: &Change) {
        self.0.lock().unwrap().push(change.clone());
    }

    fn again_after(&self) -> Option<Position> {
        Some(Position::ZERO)
    }
}

async fn open(
    journal: &Arc<dyn Journal>,
    clock: &Arc<SetClock>,
    observer: &Arc<Recorder>,
) -> (Core, Writer) {
    let config = CoreConfig::default().dns(NUMBERS.map(dn)).retention(Duration::from_secs(1));
    let observers: Vec<Arc<dyn Observer>> = vec![observer.clone()];
    Core::open(Arc::clone(journal), config, clock.clone(), observers).await.unwrap()
}

async fn ready_or_not(core: &Core, changes: u64) {
    for n in 0..changes {
        let action = if n % 2 == 0 { LineAction::Ready } else { LineAction::NotReady(None) };
        assert!(core.submit(operate(&["15000"], action)).await.unwrap().changed);
    }
}

#[tokio::test]
async fn a_reopened_core_has_the_same_states_and_tells_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = || -> Arc<dyn Journal> {
        Arc::new(FileJournal::open(folder.path(), FileConfig::default()).unwrap())
    };
    let (clock, first) = (Arc::new(SetClock::default()), Arc::new(Recorder::default()));
    let journal = file();
    let (core, writer) = open(&journal, &clock, &first).await;
    tokio::spawn(writer);
    assert_eq!(core.line(&dn("15000")), LineSettings::default());
    let outcome = core.submit(operate(&["15000", "1/5"], LineAction::LogIn)).await.unwrap();
    assert!(matches!(&outcome.subject, Subject::Line(id) if id.dn == dn("15000")));
    let away = LineAction::NotReady(Some(Reason::new("lunch").unwrap()));
    core.submit(operate(&["1/5"], away)).await.unwrap();
    let same = core.submit(operate(&["15000"], LineAction::LogIn)).await.unwrap();
    assert!(!same.changed);
    core.close().await;
    let told = first.seen();
    let places: Vec<_> = told.iter().map(|change| change.position.get()).collect();
    assert_eq!(places, [1, 2, 3]);
    assert_eq!(told[1].before, None);
    assert_eq!(told[2].before.as_ref(), Some(&told[1].after));
    journal.close().await;

    let (journal, again) = (file(), Arc::new(Recorder::default()));
    let (core, _writer) = open(&journal, &clock, &again).await;
    assert_eq!(core.line(&dn("1/5")).agent, not_ready(None, Some("lunch")));
    assert_eq!(core.line(&dn("15000")).agent, not_ready(None, None));
    assert_eq!(again.seen(), told);
}

#[tokio::test]
async fn an_era_that_is_over_is_forgotten_and_the_state_stays() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let (clock, recorder) = (Arc::new(SetClock::default()), Arc::new(Recorder::default()));
    let (core, writer) = open(&journal, &clock, &recorder).await;
    tokio::spawn(writer);
    core.submit(operate(&["15000"], LineAction::LogIn)).await.unwrap();
    ready_or_not(&core, 2 * Line::ERA_CHANGES).await;
    core.sweep().await;
    let records = || async { journal.scan(Position::ZERO, 10_000).await.unwrap().len() };
    assert_eq!(records().await, 513, "who comes late is told of it");
    let before = core.line(&dn("15000"));
    core.close().await;

    // Also what was over before the core was opened.
    let (core, writer) = open(&journal, &clock, &Arc::new(Recorder::default())).await;
    tokio::spawn(writer);
    clock.0.store(1_000, Ordering::Relaxed);
    core.sweep().await;
    assert_eq!(records().await, 1);
    assert_eq!(core.line(&dn("15000")), before);
    ready_or_not(&core, Line::ERA_CHANGES + 3).await;
    clock.0.store(2_000, Ordering::Relaxed);
    core.sweep().await;
    assert_eq!(records().await, 4);
    assert_eq!(core.stats().forgotten, 3);
    core.close().await;
    let (core, _writer) = open(&journal, &clock, &Arc::new(Recorder::default())).await;
    assert_eq!(core.line(&dn("15000")).agent, AgentState::Ready);
}

#[tokio::test]
async fn a_failing_journal_changes_no_state_at_the_end_of_an_era_either() {
    let faults = Arc::new(FaultyJournal::new(Arc::new(MemoryJournal::new())));
    let journal: Arc<dyn Journal> = faults.clone();
    let (clock, recorder) = (Arc::new(SetClock::default()), Arc::new(Recorder::default()));
    let (core, writer) = open(&journal, &clock, &recorder).await;
    tokio::spawn(writer);
    core.submit(operate(&["15000"], LineAction::LogIn)).await.unwrap();
    ready_or_not(&core, Line::ERA_CHANGES - 1).await;
    let before = core.line(&dn("15000"));
    faults.fail(Fault::Full);
    let leave = operate(&["15000", "15001"], LineAction::LogOut);
    assert_eq!(core.submit(leave.clone()).await, Err(CommandError::Unavailable));
    assert_eq!(core.line(&dn("15000")), before);
    faults.heal();
    core.submit(leave).await.unwrap();
    let last = recorder.seen().last().unwrap().clone();
    assert_eq!((last.after.id.era, last.after.version), (2, 1));
    assert_eq!(last.before.map(|line| line.settings.clone()), Some(before));
    clock.0.store(1_000, Ordering::Relaxed);
    core.sweep().await;
    assert_eq!(journal.scan(Position::ZERO, 10_000).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_of_a_line_that_is_none_is_left_alone() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    for key in ["line/", "line/x/15000", "line/1/", "line/15000"] {
        let append = Append {
            key: Key::new(key).unwrap(),
            expected: Version::ZERO,
            records: vec!["not ours".into()],
        };
        journal.append(vec![append]).await.unwrap();
    }
    let recorder = Arc::new(Recorder::default());
    let (_core, _writer) = open(&journal, &Arc::new(SetClock::default()), &recorder).await;
    assert!(recorder.seen().is_empty());
}
