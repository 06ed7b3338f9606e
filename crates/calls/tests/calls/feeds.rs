//! Calls that another core keeps: its reports, numbered, once and in order.

use PartyState::{Established, Held, Released, Ringing};
use encke_calls::{
    Bound, CallAction, CallHappening, CallType, Command, ConnId, Event, FedCall, FedId, Limits,
    NewParty, Operation, PartyState, Refusal, Report, Reported, Requester, Role, Situation,
    SourceName, UserDataChange,
};

use crate::house::{House, data, dn, house, number};

fn line(text: &str, state: PartyState) -> NewParty {
    NewParty { dn: Some(dn(text)), number: number(text), state, role: Role::Destination }
}

fn outside(text: &str, state: PartyState) -> NewParty {
    NewParty { dn: None, number: number(text), state, role: Role::Origin }
}

fn whole(parties: Vec<NewParty>, user_data: &str) -> FedCall {
    FedCall {
        conn_id: None,
        call_type: CallType::Inbound,
        dnis: Some(number("15000")),
        ani: Some(number("+15550100")),
        parties,
        user_data: data(user_data),
    }
}

fn report(seq: u64, what: Reported) -> Command {
    Command::Report(Report {
        source: SourceName::new("pbx").unwrap(),
        id: FedId::new("c-1").unwrap(),
        seq,
        what,
    })
}

fn began() -> Reported {
    Reported::Began(whole(
        vec![outside("+15550100", PartyState::Dialing), line("15000", Ringing)],
        r#"{"k":1.10}"#,
    ))
}

fn parties(of: Vec<NewParty>) -> Reported {
    Reported::Parties(of)
}

fn change(change: UserDataChange) -> Reported {
    Reported::UserData { by: None, change }
}

const CALL: &str = "c-1@pbx";

fn seen(house: &House) -> (u64, u64, Vec<PartyState>) {
    let call = house.state.call(CALL).unwrap();
    let seq = call.fed.as_ref().unwrap().seq;
    (seq, call.version, call.parties.iter().map(|party| party.state).collect())
}

#[test]
fn call_is_as_its_source_reports_it() {
    let mut house = house();
    house.run(&report(1, began())).unwrap();
    let call = house.state.call(CALL).unwrap();
    assert_eq!(call.conn_id.as_str(), "c-1", "its own id is what clients see as the connection's");
    assert!(call.parties.iter().all(|party| party.rings_until_ms.is_none()));
    let talks = vec![outside("+15550100", Established), line("15000", Established)];
    house.run(&report(2, parties(talks))).unwrap();
    assert_eq!(seen(&house), (2, 2, vec![Established, Established]));
    house.run(&report(3, parties(vec![line("15000", Held), line("15001", Ringing)]))).unwrap();
    assert_eq!(seen(&house), (3, 3, vec![Established, Held, Ringing]));
    house.run(&report(4, parties(vec![line("15001", Released)]))).unwrap();
    house.run(&report(5, parties(vec![line("15001", Established)]))).unwrap();
    assert_eq!(seen(&house), (5, 5, vec![Established, Held, Established]), "to its old place");
    house.run(&report(6, parties(vec![outside("+15550100", Released)]))).unwrap();
    house.run(&report(7, Reported::Ended)).unwrap();
    assert_eq!(seen(&house), (7, 7, vec![Released; 3]));
    assert!(house.state.call(CALL).unwrap().is_released());
    assert_eq!(house.state.live_calls(), 0);
    assert_eq!(house.run(&report(8, Reported::Ended)), Err(Refusal::Ended));
}

#[test]
fn user_data_is_changed_in_every_way() {
    let mut house = house();
    house.run(&report(1, began())).unwrap();
    let steps = [
        (UserDataChange::Attach(data(r#"{"k":2}"#)), r#"{"k":1.10,"k":2}"#),
        (UserDataChange::Update(data(r#"{"k":3,"n":4}"#)), r#"{"k":3,"n":4}"#),
        (UserDataChange::DeleteKeys(vec!["n".into(), "none".into()]), r#"{"k":3}"#),
        (UserDataChange::Replace(data(r#"{"z":1,"y":2}"#)), r#"{"z":1,"y":2}"#),
        (UserDataChange::DeletePair("z".into()), r#"{"y":2}"#),
        (UserDataChange::Clear, "{}"),
    ];
    for (seq, (asked, expected)) in (2..).zip(steps) {
        let events = house.run(&report(seq, change(asked))).unwrap();
        let call = house.state.call(CALL).unwrap();
        assert_eq!((&call.user_data, call.version), (&data(expected), seq));
        let Event::Call(event) = &events[0] else { unreachable!() };
        let CallHappening::UserDataChanged { requester, .. } = &event.what else { unreachable!() };
        assert_eq!(*requester, Requester::ThirdParty(dn("pbx")));
        assert_eq!(event.feed.as_ref().unwrap().seq, seq);
        let read = Event::from_record(&events[0].to_record()).unwrap();
        assert_eq!(read, events[0], "the number is in the record");
    }
}

#[test]
fn requester_may_be_a_line_on_the_call_or_not() {
    let mut house = house();
    house.run(&report(1, began())).unwrap();
    for (seq, by, expected) in [
        (2, "15000", Requester::Party(dn("15000"))),
        (3, "15002", Requester::ThirdParty(dn("15002"))),
    ] {
        let change = UserDataChange::Attach(data("{\"a\":1}"));
        let what = Reported::UserData { by: Some(dn(by)), change };
        let events = house.run(&report(seq, what)).unwrap();
        let Event::Call(event) = &events[0] else { unreachable!() };
        let CallHappening::UserDataChanged { requester, .. } = &event.what else { unreachable!() };
        assert_eq!(*requester, expected);
    }
}

#[test]
fn what_is_known_changes_nothing_and_what_is_early_is_a_gap() {
    let mut house = house();
    let attach = |n: u64| change(UserDataChange::Attach(data(&format!("{{\"n\":{n}}}"))));
    assert_eq!(house.run(&report(2, began())), Err(Refusal::Gap { expected: 1 }));
    assert_eq!(house.run(&report(1, attach(1))), Err(Refusal::NotFound));
    house.run(&report(1, began())).unwrap();
    house.run(&report(2, attach(2))).unwrap();
    for known in [report(0, attach(0)), report(1, began()), report(2, attach(9))] {
        assert_eq!(house.run(&known), Ok(vec![]));
    }
    assert_eq!(house.run(&report(4, attach(4))), Err(Refusal::Gap { expected: 3 }));
    assert_eq!(house.run(&report(3, began())), Err(Refusal::Exists));
    house.run(&report(3, attach(3))).unwrap();
    let call = house.state.call(CALL).unwrap();
    assert_eq!((call.version, &call.user_data), (3, &data(r#"{"k":1.10,"n":2,"n":3}"#)));
}

#[test]
fn report_that_is_refused_takes_no_number() {
    let mut house = House::new(Limits::default().user_data_bytes(20));
    house.run(&report(1, began())).unwrap();
    let long = UserDataChange::Attach(data(&format!("{{\"n\":\"{}\"}}", "x".repeat(30))));
    assert!(matches!(house.run(&report(2, change(long))), Err(Refusal::TooLarge { .. })));
    let nobody = parties(vec![line("15002", Released)]);
    assert_eq!(house.run(&report(2, nobody)), Err(Refusal::NoSuchParticipant));
    let twice = parties(vec![line("15001", Ringing), line("15001", Held)]);
    assert_eq!(house.run(&report(2, twice)), Err(Refusal::InvalidParties));
    assert_eq!(seen(&house).0, 1);
    house.run(&report(2, Reported::Ended)).unwrap();
}

#[test]
fn number_goes_on_where_nothing_else_changes() {
    let mut house = house();
    house.run(&report(1, began())).unwrap();
    for (seq, what) in [
        (2, change(UserDataChange::DeletePair("none".into()))),
        (3, parties(vec![line("15000", Ringing)])),
        (4, parties(vec![])),
    ] {
        let events = house.run(&report(seq, what)).unwrap();
        let Event::Call(event) = &events[0] else { unreachable!() };
        let nothing = CallHappening::Reported { moves: vec![], joined: vec![] };
        assert_eq!(event.what, nothing);
        assert_eq!((seen(&house).0, seen(&house).1), (seq, seq));
    }
}

#[test]
fn snapshot_skips_what_was_missed_and_begins_what_is_unknown() {
    let mut house = house();
    house.run(&report(1, began())).unwrap();
    house.run(&report(2, parties(vec![line("15001", Ringing)]))).unwrap();
    let now = whole(
        vec![outside("+15550100", Established), line("15002", Held), line("15001", Released)],
        r#"{"whole":true}"#,
    );
    house.run(&report(9, Reported::Snapshot(now.clone()))).unwrap();
    // The caller talks, 15000 was not named and has left, so has 15001, and 15002 came.
    assert_eq!(seen(&house), (9, 3, vec![Established, Released, Released, Held]));
    assert_eq!(house.state.call(CALL).unwrap().user_data, data(r#"{"whole":true}"#));
    assert_eq!(house.run(&report(9, Reported::Snapshot(now.clone()))), Ok(vec![]));
    assert_eq!(house.run(&report(3, Reported::Ended)), Ok(vec![]), "it is known");

    let mut elsewhere = crate::house::house();
    let with_conn = FedCall { conn_id: Some(ConnId::new("0071").unwrap()), ..now };
    elsewhere.run(&report(9, Reported::Snapshot(with_conn))).unwrap();
    assert_eq!(seen(&elsewhere), (9, 1, vec![Established, Held, Released]));
    assert_eq!(elsewhere.state.call(CALL).unwrap().conn_id.as_str(), "0071");
    elsewhere.run(&report(10, Reported::Snapshot(whole(vec![], "{}")))).unwrap();
    assert!(elsewhere.state.call(CALL).unwrap().is_released(), "nobody is on it any more");
    let ended = Reported::Snapshot(whole(vec![], "{}"));
    assert_eq!(crate::house::house().run(&report(5, ended)), Err(Refusal::InvalidParties));
}

#[test]
fn agents_may_change_user_data_and_nothing_else() {
    let mut house = house();
    house.run(&report(1, began())).unwrap();
    house.run(&report(2, parties(vec![line("15000", Established)]))).unwrap();
    let call = house.state.call(CALL).unwrap().id.clone();
    for action in [CallAction::Hold, CallAction::Hangup, CallAction::Clear, CallAction::Mute] {
        let operation = action.operation();
        let refused = house.operate(&call, "15000", action);
        assert_eq!(refused, Err(Refusal::DecidedElsewhere { operation }));
    }
    let refused = house.operate(&call, crate::house::OUTSIDE, CallAction::Hangup);
    let operation = Operation::Hangup;
    assert_eq!(refused, Err(Refusal::DecidedElsewhere { operation }));
    house.attach(&call, r#"{"agent":1}"#).unwrap();
    assert_eq!(seen(&house), (2, 3, vec![PartyState::Dialing, Established]));
    let situation = house.call(&call).situation(house.call(&call).party(&dn("15000")).unwrap());
    assert_eq!(situation, Situation { fed: true, ..Situation::plain(Established) });
    let shown: Vec<_> = situation.shown(encke_calls::Profile::Everything, true).collect();
    assert!(!shown.is_empty() && shown.iter().all(|operation| operation.is_of_user_data()));
    // What the source reports next is not disturbed by it.
    house.run(&report(3, Reported::Ended)).unwrap();
}

#[test]
fn call_of_the_same_id_that_is_kept_here_is_not_taken_over() {
    let mut house = house();
    let own = encke_calls::ImportedCall {
        id: encke_calls::CallId::new(CALL).unwrap(),
        conn_id: ConnId::new("1").unwrap(),
        call_type: CallType::Internal,
        dnis: None,
        ani: None,
        parties: vec![line("15000", Established)],
        user_data: data("{}"),
    };
    house.run(&Command::Import(own)).unwrap();
    assert_eq!(house.run(&report(1, began())), Err(Refusal::Exists));
    assert_eq!(house.run(&report(1, Reported::Ended)), Err(Refusal::Exists));
}

/// As after a restart with a lower bound.
#[test]
fn call_with_more_parties_than_fit_by_now_goes_on() {
    let mut before = house();
    let three = vec![
        outside("+15550100", Established),
        line("15000", Established),
        line("15001", Established),
    ];
    let events = before.run(&report(1, Reported::Began(whole(three, "{}")))).unwrap();
    let mut house = House::new(Limits::default().parties(2));
    for event in &events {
        encke_calls::evolve(&mut house.state, event).unwrap();
    }
    house.run(&report(2, parties(vec![line("15000", Held)]))).unwrap();
    assert_eq!(seen(&house), (2, 2, vec![Established, Held, Established]));
    let more = house.run(&report(3, parties(vec![line("15002", Ringing)])));
    assert_eq!(more, Err(Refusal::TooMany { what: Bound::Parties, limit: 2 }));
    house.run(&report(3, parties(vec![line("15001", Released)]))).unwrap();
    house.run(&report(4, parties(vec![line("15001", Established)]))).unwrap();
    house.run(&report(5, Reported::Ended)).unwrap();
}
