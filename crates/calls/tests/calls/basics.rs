//! Calls from beginning to end, in invented time.

use encke_calls::{
    Bound, CallAction, CallHappening, CallId, CallType, Command, ConnId, Digits, Event,
    EvolveError, ImportedCall, Limits, NewParty, Operation, PartyState, Profile, Purpose,
    Recording, Refusal, Requester, Role, Situation, UserDataChange, evolve,
};

use PartyState::{Dialing, Established, Held, Released, Ringing};

use crate::house::{House, OUTSIDE, data, dn, house, not_possible, number};

#[test]
fn an_internal_call_is_dialled_answered_held_by_both_and_hung_up() {
    let mut house = house();
    let id = house.dial("15001");
    let call = house.call(&id);
    assert_eq!((call.call_type, call.dnis.clone()), (CallType::Internal, Some(number("15001"))));
    assert_eq!((call.ani.clone(), call.call_uuid()), (None, &id));
    assert_eq!(call.party(&dn("15001")).unwrap().since_ms, 1000);
    let others: Vec<&str> =
        call.others(call.party(&dn("15000")).unwrap()).map(|party| party.number.as_str()).collect();
    assert_eq!(others, ["15001"]);
    let steps = [
        ("15001", CallAction::Answer, [Established, Established]),
        ("15000", CallAction::Hold, [Held, Established]),
        ("15001", CallAction::Hold, [Held, Held]),
        ("15000", CallAction::Retrieve, [Established, Held]),
        ("15001", CallAction::SendDtmf(Digits::new("1").unwrap()), [Established, Held]),
        ("15001", CallAction::Hangup, [Released, Released]),
    ];
    assert_eq!(house.states(&id), [Dialing, Ringing]);
    for (by, action, after) in steps {
        let operation = action.operation();
        let result = house.operate(&id, by, action);
        if operation == Operation::SendDtmf {
            assert_eq!(result, not_possible(Operation::SendDtmf, Held));
        } else {
            assert_eq!(result, Ok(()), "{operation}");
        }
        assert_eq!(house.states(&id), after, "{operation}");
    }
    assert_eq!(house.call(&id).released_at_ms, Some(6000));
    assert_eq!(house.call(&id).version, 6);
    assert_eq!(house.state.live_calls(), 0);
}

#[test]
fn an_inbound_call_knows_its_caller_and_ends_when_he_gives_up() {
    let mut house = house();
    let to = dn("15001");
    let inbound = Command::Inbound { to, from: number("+15550100"), user_data: data("{}") };
    let id = house.begin(&inbound);
    let call = house.call(&id);
    assert_eq!((call.call_type, call.ani.clone()), (CallType::Inbound, Some(number("+15550100"))));
    assert_eq!(call.outside_party().unwrap().role, Role::Origin);
    assert_eq!(
        house.operate(&id, "15001", CallAction::Hangup),
        not_possible(Operation::Hangup, Ringing)
    );
    house.operate(&id, OUTSIDE, CallAction::Hangup).unwrap();
    assert_eq!(house.states(&id), [Released, Released]);
}

#[test]
fn a_call_to_an_unknown_number_goes_outside() {
    let mut house = house();
    let id = house.dial("+15550100");
    assert_eq!(house.call(&id).call_type, CallType::Outbound);
    assert_eq!(house.states(&id), [Dialing, Ringing]);
    house.operate(&id, OUTSIDE, CallAction::Answer).unwrap();
    assert_eq!(house.states(&id), [Established, Established]);
    assert_eq!(
        house.operate(&id, OUTSIDE, CallAction::Hold),
        not_possible(Operation::Hold, Established)
    );
    let turned_down = house.dial("+15550101");
    house.operate(&turned_down, OUTSIDE, CallAction::Hangup).unwrap();
    assert!(house.call(&turned_down).is_released());
}

#[test]
fn a_line_can_call_neither_itself_nor_from_nowhere_nor_a_busy_line() {
    let mut house = House::new(Limits::default().calls_per_dn(2));
    let mut dial = |from: &str, to: &str| {
        house
            .run(&Command::Dial { from: dn(from), to: number(to), user_data: data("{}") })
            .map(|_| ())
    };
    assert_eq!(dial("15000", "15000"), Err(Refusal::DialToSelf));
    assert_eq!(dial("17777", "15000"), Err(Refusal::UnknownDn));
    dial("15000", "15001").unwrap();
    dial("15000", "15001").unwrap();
    assert_eq!(dial("15002", "15001"), Err(Refusal::DestinationBusy));
    let limit = Refusal::TooMany { what: Bound::CallsOfDn, limit: 2 };
    assert_eq!(dial("15000", "+15550100"), Err(limit));
}

#[test]
fn who_has_no_part_in_a_call_does_not_find_it() {
    let mut house = house();
    let id = house.dial("15001");
    assert_eq!(house.operate(&id, "15002", CallAction::Hangup), Err(Refusal::NotFound));
    assert_eq!(house.operate(&id, OUTSIDE, CallAction::Hangup), Err(Refusal::NotFound));
    let change = || UserDataChange::Attach(data("{}"));
    let stranger = Requester::Party(dn("15002"));
    assert_eq!(house.change(&id, stranger, change()), Err(Refusal::NotFound));
    let unknown = CallId::new("X").unwrap();
    assert_eq!(house.operate(&unknown, "15000", CallAction::Hangup), Err(Refusal::NotFound));
}

#[test]
fn a_third_party_changes_user_data_until_the_call_ends() {
    let mut house = house();
    let id = house.dial("15001");
    let third = || Requester::ThirdParty(dn("7777"));
    let change = || UserDataChange::Update(data(r#"{"a":1}"#));
    let events = house.change(&id, third(), change()).unwrap();
    let Event::Call(event) = &events[0] else { unreachable!() };
    let expected = CallHappening::UserDataChanged { requester: third(), change: change() };
    assert_eq!(event.what, expected);
    let posing = Requester::ThirdParty(dn("15001"));
    let events = house.change(&id, posing, change()).unwrap();
    let Event::Call(event) = &events[0] else { unreachable!() };
    let requester = Requester::Party(dn("15001"));
    assert_eq!(event.what, CallHappening::UserDataChanged { requester, change: change() });
    house.operate(&id, "15000", CallAction::Hangup).unwrap();
    assert_eq!(
        house.change(&id, third(), change()).map(|_| ()),
        not_possible(Operation::UpdateUserData, Released)
    );
}

#[test]
fn nothing_is_possible_after_the_end() {
    let mut house = house();
    let id = house.dial("15001");
    house.operate(&id, "15000", CallAction::Hangup).unwrap();
    let before = house.call(&id).clone();
    for action in [CallAction::Answer, CallAction::Hold, CallAction::Hangup] {
        let operation = action.operation();
        assert_eq!(house.operate(&id, "15000", action), not_possible(operation, Released));
    }
    let attached = house.attach(&id, "{}").map(|_| ());
    assert_eq!(attached, not_possible(Operation::AttachUserData, Released));
    assert_eq!(*house.call(&id), before);
}

#[test]
fn what_a_deletion_does_not_find_is_no_event() {
    let mut house = house();
    let id = house.dial("15001");
    let mut change =
        |change| house.change(&id, Requester::Party(dn("15000")), change).unwrap().len();
    assert_eq!(change(UserDataChange::DeletePair("a".into())), 0);
    assert_eq!(change(UserDataChange::Clear), 0);
    assert_eq!(change(UserDataChange::Attach(data(r#"{"a":1,"b":2}"#))), 1);
    assert_eq!(change(UserDataChange::Update(data(r#"{"a":1}"#))), 1);
    assert_eq!(change(UserDataChange::DeleteKeys(vec!["z".into()])), 0);
    assert_eq!(change(UserDataChange::DeletePair("a".into())), 1);
    assert_eq!(change(UserDataChange::Clear), 1);
    assert!(house.call(&id).user_data.is_empty());
}

#[test]
fn a_deletion_is_recorded_with_the_keys_that_were_there() {
    let mut house = house();
    let id = house.dial("15001");
    house.attach(&id, r#"{"a":1,"b":2,"c":3}"#).unwrap();
    let keys = ["z", "b", "a", "b"].map(String::from).to_vec();
    let requester = Requester::Party(dn("15000"));
    let events = house.change(&id, requester, UserDataChange::DeleteKeys(keys)).unwrap();
    let Event::Call(event) = &events[0] else { unreachable!() };
    let CallHappening::UserDataChanged { change, .. } = &event.what else { unreachable!() };
    assert_eq!(*change, UserDataChange::DeleteKeys(vec!["a".into(), "b".into()]));
}

#[test]
fn user_data_beyond_a_bound_is_refused_and_nothing_changes() {
    let limits = Limits::default().user_data_bytes(40).key_bytes(8).user_data_depth(3);
    let mut house = House::new(limits);
    let id = house.dial("15001");
    // 1 + 15 + 4 = 20 bytes each
    house.attach(&id, r#"{"a":"1234567890123"}"#).unwrap();
    house.attach(&id, r#"{"b":"1234567890123"}"#).unwrap();
    let before = house.call(&id).clone();
    let cases = [
        (r#"{"c":1}"#, Refusal::TooLarge { bytes: 46, limit: 40 }),
        (r#"{"123456789":1}"#, Refusal::KeyTooLong { bytes: 9, limit: 8 }),
        (r#"{"a":[[[]]]}"#, Refusal::TooDeep { depth: 4, limit: 3 }),
    ];
    for (object, refusal) in cases {
        assert_eq!(house.attach(&id, object), Err(refusal), "{object}");
    }
    assert_eq!(*house.call(&id), before);
    let requester = Requester::Party(dn("15001"));
    let smaller = UserDataChange::Update(data(r#"{"a":[[]]}"#));
    house.change(&id, requester, smaller).unwrap();
    let user_data = data(r#"{"a":"1234567890123","b":"1234567890123","c":1}"#);
    let dial = Command::Dial { from: dn("15000"), to: number("15001"), user_data };
    assert_eq!(house.run(&dial), Err(Refusal::TooLarge { bytes: 46, limit: 40 }));
}

#[test]
fn nesting_of_sixty_four_is_the_default_bound() {
    let mut house = house();
    let id = house.dial("15001");
    let nested =
        |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    house.attach(&id, &nested(64)).unwrap();
    let refusal = Refusal::TooDeep { depth: 65, limit: 64 };
    assert_eq!(house.attach(&id, &nested(65)), Err(refusal));
    let refusal = Refusal::TooDeep { depth: 7000, limit: 64 };
    assert_eq!(house.attach(&id, &nested(7000)), Err(refusal));
}

#[test]
fn a_conference_of_another_core_goes_on_until_one_is_left() {
    let mut house = house();
    let party = |line: &str, state| NewParty {
        dn: Some(dn(line)),
        number: number(line),
        state,
        role: Role::Destination,
    };
    let import = |parties| ImportedCall {
        id: CallId::new("C1").unwrap(),
        conn_id: ConnId::new("0071").unwrap(),
        call_type: CallType::Internal,
        dnis: None,
        ani: None,
        parties,
        user_data: data("{}"),
    };
    let parties = vec![
        party("15000", Established),
        party("15001", Held),
        party("15002", Ringing),
        party("15003", Released),
    ];
    let id = house.begin(&Command::Import(import(parties)));
    house.operate(&id, "15002", CallAction::Answer).unwrap();
    house.operate(&id, "15000", CallAction::Hangup).unwrap();
    assert_eq!(house.states(&id), [Released, Held, Established, Released]);
    house.operate(&id, "15001", CallAction::Hangup).unwrap();
    assert!(house.call(&id).is_released());

    let again = Command::Import(import(vec![party("15000", Established)]));
    assert_eq!(house.run(&again), Err(Refusal::Exists));
    for parties in [
        vec![],
        vec![party("15000", Released)],
        vec![party("15000", Held), party("15000", Established)],
    ] {
        let id = CallId::new("C2").unwrap();
        let bad = Command::Import(ImportedCall { id, ..import(parties) });
        assert_eq!(house.run(&bad), Err(Refusal::InvalidParties));
    }
}

#[test]
fn no_call_has_more_parties_than_notifications_can_be_numbered_for() {
    let mut house = House::new(Limits::default().parties(1000));
    let party = |n: usize| NewParty {
        dn: None,
        number: number(&n.to_string()),
        state: Established,
        role: Role::Destination,
    };
    let import = |parties: usize| ImportedCall {
        id: CallId::new(format!("C{parties}")).unwrap(),
        conn_id: ConnId::new("0071").unwrap(),
        call_type: CallType::Internal,
        dnis: None,
        ani: None,
        parties: (0..parties).map(party).collect(),
        user_data: data("{}"),
    };
    let limit = Limits::MAX_PARTIES;
    let refused = house.run(&Command::Import(import(limit + 1)));
    assert_eq!(refused, Err(Refusal::TooMany { what: Bound::Parties, limit }));
    let events = house.run(&Command::Import(import(limit))).unwrap();

    // Nor does one come out of a journal.
    let Event::Call(mut event) = events[0].clone() else { unreachable!("{events:?}") };
    event.call = CallId::new("C0").unwrap();
    let CallHappening::Started { parties, .. } = &mut event.what else { unreachable!() };
    parties.push(party(limit));
    let error = evolve(&mut house.state, &Event::Call(event)).unwrap_err();
    assert!(matches!(error, EvolveError::TooManyParties(_)), "{error}");
}

#[test]
fn the_samples_list_the_operations_in_this_order() {
    let spelled = |state| {
        let shown = Situation::plain(state).shown(Profile::Documented, false);
        shown.map(Operation::as_str).collect::<Vec<_>>()
    };
    let dialing = [
        "UpdateUserData",
        "SendDtmf",
        "AttachUserData",
        "DeleteUserDataPair",
        "DeleteUserData",
        "Hangup",
    ];
    assert_eq!(spelled(Dialing), dialing);
    let ringing =
        ["Answer", "UpdateUserData", "DeleteUserData", "DeleteUserDataPair", "AttachUserData"];
    assert_eq!(spelled(Ringing), ringing);
    assert!(spelled(Released).is_empty());
}

/// What the documents list, situation by situation; the order of a list means nothing.
#[test]
fn each_documented_situation_has_its_list() {
    const USER_DATA: [&str; 4] =
        ["AttachUserData", "UpdateUserData", "DeleteUserData", "DeleteUserDataPair"];
    const OTHERS: [&str; 4] =
        ["SingleStepTransfer", "SingleStepConference", "InitiateTransfer", "InitiateConference"];
    let plain = Situation::plain;
    let consulting = Situation { purpose: Some(Purpose::Transfer), ..plain(Held) };
    let recording = |recording| Situation { recording, ..plain(Established) };
    let (documented, live) = (Profile::Documented, Profile::Live);
    let rows: [(Situation, Profile, bool, &[&str], bool); 10] = [
        (plain(Dialing), documented, false, &["SendDtmf", "Hangup"], false),
        (plain(Ringing), documented, false, &["Answer"], false),
        (plain(Ringing), live, false, &["Answer", "ClearCall"], false),
        (plain(Established), documented, false, &["Hold", "Hangup", "SendDtmf"], true),
        (plain(Established), live, false, &["Hold", "Hangup", "SendDtmf", "ClearCall"], true),
        (plain(Held), documented, false, &["Retrieve", "Hangup"], true),
        (consulting, documented, false, &["CompleteTransfer", "SwapCalls", "Hangup"], true),
        (
            recording(Recording::Off),
            documented,
            true,
            &["Hold", "Hangup", "SendDtmf", "StartCallRecording"],
            true,
        ),
        (
            recording(Recording::Recording),
            documented,
            true,
            &["Hold", "Hangup", "SendDtmf", "PauseCallRecording", "StopCallRecording"],
            true,
        ),
        (
            recording(Recording::Paused),
            documented,
            true,
            &["Hold", "Hangup", "SendDtmf", "ResumeCallRecording", "StopCallRecording"],
            true,
        ),
    ];
    for (situation, profile, recorded, own, others) in rows {
        let others = if others { &OTHERS[..] } else { &[] };
        let mut expected = [own, others, &USER_DATA].concat();
        let shown = situation.shown(profile, recorded);
        let mut shown: Vec<_> = shown.map(Operation::as_str).collect();
        expected.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, expected, "{situation:?} {profile:?}");
    }
    for profile in [documented, live, Profile::Everything] {
        assert_eq!(plain(Released).shown(profile, true).count(), 0);
    }
}
