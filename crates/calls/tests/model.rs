//! Random user data against an obvious model, and random commands against what must always hold.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use encke_calls::{
    Actor, Call, CallAction, CallId, CallType, Command, ConnId, ConsultUserData, Destination,
    Digits, Dn, Duplicates, Event, ImportedCall, Limits, NewParty, Number, Operation, Party,
    PartyState, Purpose, RecordAction, Refusal, Requester, Role, SeededIds, State, UserData,
    UserDataChange, decide, evolve,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const LINES: [&str; 4] = ["15000", "15001", "15002", "15003"];

fn dn(text: &str) -> Dn {
    Dn::new(text).unwrap()
}

fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

// User data against a list of pairs of texts.

type Pairs = Vec<(String, String)>;

#[derive(Clone, Debug)]
enum DataOp {
    Attach(Pairs),
    Update(Pairs),
    DeletePair(String),
    DeleteKeys(Vec<String>),
    Clear,
}

fn key() -> impl Strategy<Value = String> + Clone {
    select(vec!["a", "b", "c", "B", "with blank", "\u{e9}\"\\\n", ""]).prop_map(String::from)
}

fn value() -> impl Strategy<Value = String> + Clone {
    let scalar = prop_oneof![
        select(vec!["1.10", "9223372036854775808", "12345678901234567890123", "null", "true"])
            .prop_map(String::from),
        "\"[a-z \\[\\]{}]{0,8}\"",
        "-?[1-9][0-9]{0,30}(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?",
    ];
    scalar.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            inner.prop_map(|item| format!("{{\"k\":{item}, \"k\" : 1}}")),
        ]
    })
}

fn pairs() -> impl Strategy<Value = Pairs> + Clone {
    vec((key(), value()), 0..4)
}

fn data_op() -> impl Strategy<Value = DataOp> {
    prop_oneof![
        pairs().prop_map(DataOp::Attach),
        pairs().prop_map(DataOp::Update),
        key().prop_map(DataOp::DeletePair),
        vec(key(), 0..4).prop_map(DataOp::DeleteKeys),
        Just(DataOp::Clear),
    ]
}

fn data(pairs: &Pairs) -> UserData {
    let mut data = UserData::new();
    for (key, value) in pairs {
        data.push(key.clone(), value).unwrap();
    }
    data
}

fn listed(data: &UserData) -> Pairs {
    data.iter().map(|pair| (pair.key().to_owned(), pair.value().to_owned())).collect()
}

fn apply_to_model(model: &mut Pairs, op: &DataOp) {
    match op {
        DataOp::Attach(given) => model.extend(given.iter().cloned()),
        DataOp::Update(given) => {
            for (key, value) in given {
                let at = model.iter().position(|(old, _)| old == key).unwrap_or(model.len());
                let mut rest = model.split_off(at);
                rest.retain(|(old, _)| old != key);
                model.push((key.clone(), value.clone()));
                model.extend(rest);
            }
        }
        DataOp::DeletePair(key) => model.retain(|(old, _)| old != key),
        DataOp::DeleteKeys(keys) => model.retain(|(old, _)| !keys.contains(old)),
        DataOp::Clear => model.clear(),
    }
}

fn apply_to_data(data: &mut UserData, op: &DataOp) {
    let before = data.len();
    let removed = match op {
        DataOp::Attach(given) => return data.attach(&self::data(given)),
        DataOp::Update(given) => return data.update(&self::data(given)),
        DataOp::DeletePair(key) => data.delete_pair(key),
        DataOp::DeleteKeys(keys) => data.delete_keys(keys),
        DataOp::Clear => data.clear(),
    };
    assert_eq!(removed, before - data.len());
}

proptest! {
    #[test]
    fn user_data_matches_a_list_of_pairs(ops in vec(data_op(), 0..12)) {
        let (mut subject, mut model) = (UserData::new(), Pairs::new());
        for op in &ops {
            apply_to_model(&mut model, op);
            apply_to_data(&mut subject, op);
            prop_assert_eq!(listed(&subject), model.clone());
        }
        let mut json = String::new();
        subject.write_json(&mut json, Duplicates::All);
        prop_assert_eq!(&UserData::parse(&json).unwrap(), &subject);
        let record = serde_json::to_string(&subject).unwrap();
        prop_assert_eq!(&serde_json::from_str::<UserData>(&record).unwrap(), &subject);
        let mut last = String::new();
        subject.write_json(&mut last, Duplicates::Last);
        let values: BTreeMap<String, Box<serde_json::value::RawValue>> =
            serde_json::from_str(&last).unwrap();
        let expected: BTreeMap<String, String> = model.into_iter().collect();
        prop_assert_eq!(values.len(), UserData::parse(&last).unwrap().len());
        let values: BTreeMap<String, String> =
            values.into_iter().map(|(key, value)| (key, value.get().to_owned())).collect();
        prop_assert_eq!(values, expected);
    }

    #[test]
    fn any_text_is_user_data_or_a_typed_error(text in "[{}\\[\\]\":,a-c0-9eE.\\\\ -]{0,40}") {
        if let Ok(data) = UserData::parse(&text) {
            let mut json = String::new();
            data.write_json(&mut json, Duplicates::All);
            prop_assert_eq!(UserData::parse(&json).unwrap(), data);
        }
    }
}

// Commands against what must always hold.

/// A command whose call or session is picked among those there are when it is run.
#[derive(Clone, Debug)]
enum Step {
    Dial(&'static str, &'static str, Pairs),
    Inbound(&'static str, Pairs),
    Import(Vec<(Option<&'static str>, PartyState)>, Pairs),
    Operate(Index, Actor, CallAction),
    /// Something that a party may do, so that most steps lead somewhere.
    Do(Index, Index, Index),
    GiveUp(Index, &'static str),
    Change(Index, Requester, UserDataChange),
}

fn line() -> impl Strategy<Value = &'static str> + Clone {
    select(LINES.to_vec())
}

fn change() -> impl Strategy<Value = UserDataChange> {
    data_op().prop_map(|op| match op {
        DataOp::Attach(given) => UserDataChange::Attach(data(&given)),
        DataOp::Update(given) => UserDataChange::Update(data(&given)),
        DataOp::DeletePair(key) => UserDataChange::DeletePair(key),
        DataOp::DeleteKeys(keys) => UserDataChange::DeleteKeys(keys),
        DataOp::Clear => UserDataChange::Clear,
    })
}

fn call_actions() -> Vec<CallAction> {
    let digits = Digits::new("1").unwrap();
    vec![
        CallAction::Answer,
        CallAction::Hold,
        CallAction::Retrieve,
        CallAction::Hangup,
        CallAction::SendDtmf(digits),
        CallAction::Clear,
        CallAction::Mute,
        CallAction::Unmute,
        CallAction::Record(RecordAction::Start),
        CallAction::Record(RecordAction::Pause),
        CallAction::Record(RecordAction::Resume),
        CallAction::Record(RecordAction::Stop),
        CallAction::Complete(Purpose::Transfer, None),
        CallAction::Complete(Purpose::Conference, None),
        CallAction::Swap,
        CallAction::Remove(number("15001")),
        CallAction::Remove(number("+15550100")),
        CallAction::SingleStepTransfer(to("15002")),
        CallAction::SingleStepConference(to("15000")),
        CallAction::SingleStepConference(to("+15550100")),
        CallAction::Consult(Purpose::Transfer, to("15001")),
        CallAction::Consult(Purpose::Transfer, to("15002")),
        CallAction::Consult(Purpose::Conference, to("15000")),
        CallAction::Consult(Purpose::Transfer, to("15003")),
        CallAction::SingleStepConference(to("15003")),
        CallAction::Consult(Purpose::Conference, to("+15550100")),
    ]
}

fn to(text: &str) -> Destination {
    Destination { number: number(text), user_data: data(&vec![("to".into(), "1".into())]) }
}

fn step() -> impl Strategy<Value = Step> {
    let state = select(vec![
        PartyState::Dialing,
        PartyState::Ringing,
        PartyState::Established,
        PartyState::Held,
        PartyState::Released,
    ]);
    let actor = prop_oneof![line().prop_map(|line| Actor::Dn(dn(line))), Just(Actor::Outside)];
    let requester = prop_oneof![
        line().prop_map(|line| Requester::Party(dn(line))),
        select(vec!["15000", "7777"]).prop_map(|line| Requester::ThirdParty(dn(line))),
    ];
    let to = prop_oneof![line(), Just("+15550100")];
    let party = (proptest::option::of(line()), state);
    prop_oneof![
        2 => (line(), to, pairs()).prop_map(|(from, to, data)| Step::Dial(from, to, data)),
        1 => (line(), pairs()).prop_map(|(to, data)| Step::Inbound(to, data)),
        1 => (vec(party, 0..5), pairs()).prop_map(|(parties, data)| Step::Import(parties, data)),
        14 => (any::<Index>(), any::<Index>(), any::<Index>())
            .prop_map(|(call, party, action)| Step::Do(call, party, action)),
        6 => (any::<Index>(), actor, select(call_actions()))
            .prop_map(|(call, by, action)| Step::Operate(call, by, action)),
        1 => (any::<Index>(), line()).prop_map(|(call, line)| Step::GiveUp(call, line)),
        6 => (any::<Index>(), requester, change())
            .prop_map(|(call, requester, change)| Step::Change(call, requester, change)),
    ]
}

fn fresh(mode: ConsultUserData) -> State {
    let limits = Limits::default()
        .consult_user_data(mode)
        .no_answer_ms(Some(10))
        .calls(6)
        .calls_per_dn(3)
        .parties(4)
        .user_data_bytes(200);
    let mut state = State::new(limits);
    state.set_dns(HashSet::from(LINES.map(dn)));
    state
}

fn mode() -> impl Strategy<Value = ConsultUserData> {
    select(vec![ConsultUserData::Inherited, ConsultUserData::Joint, ConsultUserData::Separate])
}

fn calls(state: &State) -> BTreeMap<CallId, Arc<Call>> {
    state.calls().map(|call| (call.id.clone(), Arc::clone(call))).collect()
}

fn pick<K: Clone, V>(index: Index, among: &BTreeMap<K, V>) -> Option<K> {
    (!among.is_empty()).then(|| among.keys().nth(index.index(among.len())).cloned()).flatten()
}

fn command(step: Step, state: &State, now_ms: u64) -> Option<Command> {
    Some(match step {
        Step::Dial(from, to, pairs) => {
            Command::Dial { from: dn(from), to: number(to), user_data: data(&pairs) }
        }
        Step::Inbound(to, pairs) => {
            let from = number("+15550199");
            Command::Inbound { to: dn(to), from, user_data: data(&pairs) }
        }
        Step::Import(parties, pairs) => Command::Import(ImportedCall {
            id: CallId::new(format!("I{}", now_ms % 5)).unwrap(),
            conn_id: ConnId::new("00aa").unwrap(),
            call_type: CallType::Inbound,
            dnis: None,
            ani: None,
            parties: parties
                .into_iter()
                .map(|(line, state)| NewParty {
                    dn: line.map(dn),
                    number: number(line.unwrap_or("+15550100")),
                    state,
                    role: Role::Origin,
                })
                .collect(),
            user_data: data(&pairs),
        }),
        Step::Operate(call, by, action) => {
            Command::Operate { call: pick(call, &calls(state))?, by, action }
        }
        Step::Do(call, party, action) => {
            let mut live = calls(state);
            live.retain(|_, call| !call.is_released());
            let call = state.call(pick(call, &live)?.as_str())?;
            let parties: Vec<_> = call.parties.iter().filter(|party| party.is_live()).collect();
            let party = party.get(&parties);
            let may: Vec<_> = call_actions()
                .into_iter()
                .filter(|action| call.situation(party).allows(action.operation()))
                .collect();
            let by = party.dn.clone().map_or(Actor::Outside, Actor::Dn);
            let action = action.get(&may).clone();
            Command::Operate { call: call.id.clone(), by, action }
        }
        Step::GiveUp(call, line) => {
            Command::GiveUp { call: pick(call, &calls(state))?, dn: dn(line) }
        }
        Step::Change(call, requester, change) => {
            Command::ChangeUserData { call: pick(call, &calls(state))?, requester, change }
        }
    })
}

/// Every operation is accepted exactly when the capabilities list it.
fn capabilities_are_true(state: &State) {
    let ids = &mut SeededIds::new(1);
    let mut allowed = |command: &Command| match decide(state, command, 0, ids) {
        // What is said of a destination or a size is said of an operation that is possible.
        Ok(_)
        | Err(
            Refusal::TooMany { .. }
            | Refusal::TooLarge { .. }
            | Refusal::OnTheCall
            | Refusal::DialToSelf
            | Refusal::DestinationBusy
            | Refusal::NoSuchParticipant,
        ) => true,
        Err(Refusal::InvalidState { .. }) => false,
        Err(other) => unreachable!("{other:?} for {command:?}"),
    };
    let empty = || UserData::new();
    let changes = || {
        [
            UserDataChange::Attach(empty()),
            UserDataChange::Update(empty()),
            UserDataChange::DeletePair("a".into()),
            UserDataChange::Clear,
        ]
    };
    for call in state.calls() {
        for party in &call.parties {
            let Some(line) = &party.dn else { continue };
            let listed = |operation: Operation| call.situation(party).allows(operation);
            for action in call_actions() {
                let expected = listed(action.operation());
                let by = Actor::Dn(line.clone());
                let command = Command::Operate { call: call.id.clone(), by, action };
                assert_eq!(allowed(&command), expected, "{command:?}");
            }
            for change in changes() {
                let expected = listed(change.operation());
                let requester = Requester::Party(line.clone());
                let call = call.id.clone();
                let command = Command::ChangeUserData { call, requester, change };
                assert_eq!(allowed(&command), expected, "{command:?}");
            }
        }
    }
}

/// What an event may do to what was there before.
fn change_is_lawful(before: &State, after: &State) {
    for (id, call) in calls(before) {
        let now = after.call(id.as_str()).unwrap();
        if call.is_released() {
            assert_eq!(*now, call, "released is final");
        }
        for (old, new) in call.parties.iter().zip(&now.parties) {
            assert_eq!(old.dn, new.dn);
            let came_back = !old.is_live() && new.is_live();
            assert!(!came_back || new.state == PartyState::Ringing || new.since_ms > old.since_ms);
            assert!(came_back || old.since_ms == new.since_ms, "{old:?} {new:?}");
            assert!(came_back || old.left.is_none() || old.left == new.left, "{old:?} {new:?}");
        }
    }
}

/// A call and its consultation know each other, and only while both are there.
fn ties_agree(state: &State) {
    for call in state.calls() {
        for party in &call.parties {
            let Some(link) = &party.consult else { continue };
            let consult = state.call(link.call.as_str()).unwrap();
            let tie = consult.consult.as_ref().unwrap();
            assert!(party.is_live() && tie.is_open && !consult.is_released(), "{call:?}");
            assert_eq!((&tie.parent, Some(&tie.by)), (&call.id, party.dn.as_ref()));
            assert_eq!(tie.purpose, link.purpose);
            assert!(consult.party(&tie.by).unwrap().is_live());
        }
        let Some(tie) = call.consult.as_ref().filter(|tie| tie.is_open) else { continue };
        let parent = state.call(tie.parent.as_str()).unwrap();
        let link = parent.party(&tie.by).unwrap().consult.as_ref();
        assert_eq!(link.map(|link| &link.call), Some(&call.id), "{parent:?}");
    }
}

/// Who is on a call sees exactly the others who are; who left sees nobody who came later.
fn everybody_sees_who_is_there(state: &State) {
    for call in state.calls() {
        for party in &call.parties {
            let seen: Vec<_> = call.others(party).map(std::ptr::from_ref).collect();
            match &party.left {
                None => {
                    let there = call.parties.iter().filter(|other| other.is_live());
                    let there = there.map(std::ptr::from_ref);
                    let there: Vec<_> =
                        there.filter(|other| !std::ptr::eq(*other, party)).collect();
                    assert_eq!(seen, there, "{call:?}");
                }
                Some(left) => {
                    assert!(!party.is_live() && party.rings_until_ms.is_none());
                    let joined = call.others(party).map(|other| other.since_ms);
                    assert!(joined.max() <= Some(left.at_ms), "{call:?}");
                }
            }
        }
    }
}

/// A change of one call's data is one of all calls tied to it: what differs, differed before.
fn ties_share(before: &State, after: &State) {
    for call in after.calls() {
        let changed = |id: &CallId| {
            let (then, now) = (before.call(id.as_str()).unwrap(), after.call(id.as_str()).unwrap());
            (then.user_data.clone(), then.user_data != now.user_data)
        };
        let Some(tie) = call.consult.as_ref().filter(|tie| tie.is_open) else { continue };
        let ((parents, parent_changed), (consults, consult_changed)) =
            (changed(&tie.parent), changed(&call.id));
        if parents == consults {
            assert_eq!(parent_changed, consult_changed, "{call:?}");
        }
    }
}

fn bounds_hold(state: &State) {
    ties_agree(state);
    let mut ringing: Vec<_> =
        state.overdue(u64::MAX).map(|(id, dn)| (id.clone(), dn.clone())).collect();
    let rings = |party: &&Party| party.rings_until_ms.is_some();
    let mut expected: Vec<_> = state
        .calls()
        .flat_map(|call| call.parties.iter().filter(rings).map(move |party| (call, party)))
        .map(|(call, party)| (call.id.clone(), party.dn.clone().unwrap()))
        .collect();
    ringing.sort();
    expected.sort();
    assert_eq!(ringing, expected);
    for call in state.calls() {
        let live = call.parties.iter().filter(|party| party.is_live()).count();
        assert_eq!(call.is_released(), live == 0, "{call:?}");
        assert!(call.user_data.packed_bytes() <= 200);
    }
    let live_calls = state.calls().filter(|call| !call.is_released()).count();
    assert_eq!(state.live_calls(), live_calls);
    assert!(live_calls <= 6);
    for line in LINES.map(dn) {
        let on = |call: &&Arc<Call>| call.party(&line).is_some_and(Party::is_live);
        assert_eq!(state.live_calls_of(&line), state.calls().filter(on).count());
        assert!(state.live_calls_of(&line) <= 3);
    }
}

proptest! {
    #[test]
    fn commands_keep_the_rules_and_events_replay(
        steps in vec(step(), 0..80),
        seed in any::<u64>(),
        mode in mode(),
    ) {
        let mut state = fresh(mode);
        let mut ids = SeededIds::new(seed);
        let mut records = Vec::new();
        for (now_ms, step) in (1..).zip(steps) {
            let Some(command) = command(step, &state, now_ms) else { continue };
            let before = state.clone();
            let Ok(events) = decide(&state, &command, now_ms, &mut ids) else { continue };
            let subjects: HashSet<_> = events.iter().map(Event::subject).collect();
            prop_assert_eq!(subjects.len(), events.len(), "one event for each call");
            for event in &events {
                records.push(event.to_record());
                evolve(&mut state, event).unwrap();
            }
            change_is_lawful(&before, &state);
            bounds_hold(&state);
            everybody_sees_who_is_there(&state);
            capabilities_are_true(&state);
            if mode == ConsultUserData::Joint && matches!(command, Command::ChangeUserData { .. }) {
                ties_share(&before, &state);
            }
        }
        let mut replayed = fresh(mode);
        for record in &records {
            evolve(&mut replayed, &Event::from_record(record).unwrap()).unwrap();
        }
        prop_assert_eq!(calls(&replayed), calls(&state));
        bounds_hold(&replayed);
    }
}
