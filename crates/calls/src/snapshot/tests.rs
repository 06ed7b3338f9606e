use std::collections::HashSet;

use super::*;
use crate::{
    CallEvent, CallHappening, CallId, Dn, Event, LineAction, NewParty, Number, PartyState, Role,
    SeededIds, decide, evolve,
};
use crate::{CallType, Command, ConnId, UserData};

fn started(parties: usize) -> Event {
    let party = |n: usize| NewParty {
        dn: (n > 0).then(|| Dn::new(format!("1500{n}")).unwrap()),
        number: Number::new(format!("1500{n}")).unwrap(),
        state: if n == 2 { PartyState::Released } else { PartyState::Established },
        role: Role::Origin,
    };
    Event::Call(CallEvent {
        call: CallId::new("C1").unwrap(),
        at_ms: 5,
        what: CallHappening::Started {
            conn_id: ConnId::new("0071").unwrap(),
            call_type: CallType::Inbound,
            dnis: None,
            ani: Some(Number::new("+1").unwrap()),
            parties: (0..parties).map(party).collect(),
            user_data: UserData::parse(r#"{"a":1.10,"a":12345678901234567890123}"#).unwrap(),
            consult: None,
            rings_until_ms: None,
        },
        feed: None,
    })
}

fn state(events: &[Event]) -> State {
    let mut state = State::new(Limits::default());
    for event in events {
        evolve(&mut state, event).unwrap();
    }
    state
}

/// What stands in files: it may grow, and what is there stays.
const WRITTEN: &str = concat!(
    r#"{"v":1,"snapshot":{"call":{"id":"C1","conn_id":"0071","call_type":"Inbound","parties":["#,
    r#"{"dn":null,"number":"15000","state":"Established","since_ms":5,"role":"Origin","#,
    r#""muted":false,"consult":null,"rings_until_ms":null,"left":null,"joined":0},"#,
    r#"{"dn":"15001","number":"15001","state":"Established","since_ms":5,"role":"Origin","#,
    r#""muted":false,"consult":null,"rings_until_ms":null,"left":null,"joined":0},"#,
    r#"{"dn":"15002","number":"15002","state":"Released","since_ms":5,"role":"Origin","#,
    r#""muted":false,"consult":null,"rings_until_ms":null,"left":{"at_ms":5,"version":1,"#,
    r#""user_data":[["a",1.10],["a",12345678901234567890123]],"recording":"Off"},"joined":0}],"#,
    r#""user_data":[["a",1.10],["a",12345678901234567890123]],"dnis":null,"ani":"+1","#,
    r#""consult":null,"recording":"Off","created_at_ms":5,"released_at_ms":null,"version":1,"fed":null}}}"#,
);

#[test]
fn a_snapshot_as_it_is_written_today_is_read() {
    let state = state(&[started(3)]);
    let snapshot = Snapshot::of(&state, &started(3).subject()).unwrap();
    assert_eq!(Snapshot::from_record(WRITTEN.as_bytes()).unwrap(), snapshot);
    // What is written may have more.
    let members = |text: &str| text.split(',').map(str::to_owned).collect::<HashSet<_>>();
    let written = String::from_utf8(snapshot.to_record()).unwrap();
    assert!(members(&written).is_superset(&members(WRITTEN)), "{written}");
}

#[test]
fn unknown_members_are_passed_over_and_unknown_versions_refused() {
    let newer = WRITTEN.replace(r#""dnis":null"#, r#""dnis":null,"mood":{"x":[1]}"#);
    assert_ne!(newer, WRITTEN);
    assert_eq!(Snapshot::from_record(newer.as_bytes()), Snapshot::from_record(WRITTEN.as_bytes()));
    let other = WRITTEN.replacen(r#""v":1"#, r#""v":2"#, 1);
    let refused = Snapshot::from_record(other.as_bytes());
    assert_eq!(refused, Err(RecordError::Format { version: 2 }));
    for damaged in [&started(1).to_record()[..], b"", b"{}", &WRITTEN.as_bytes()[..200]] {
        let refused = Snapshot::from_record(damaged);
        assert!(matches!(refused, Err(RecordError::Damaged { .. })), "{refused:?}");
    }
    assert!(Event::from_record(WRITTEN.as_bytes()).is_err(), "no event either");
}

#[test]
fn what_is_there_is_not_restored_over() {
    let mut known = state(&[started(3)]);
    let snapshot = Snapshot::from_record(WRITTEN.as_bytes()).unwrap();
    let exists = EvolveError::Exists(snapshot.subject());
    assert_eq!(snapshot.clone().restore(&mut known), Err(exists));
    let mut crowd = Call::clone(known.call("C1").unwrap());
    let party = crowd.parties[0].clone();
    crowd.parties = vec![party; Limits::MAX_PARTIES + 1];
    let mut empty = State::new(Limits::default());
    let refused = Snapshot::Call(Arc::new(crowd)).restore(&mut empty);
    assert_eq!(refused, Err(EvolveError::TooManyParties(snapshot.subject())));
    assert!(empty.calls().next().is_none());
}

#[test]
fn a_line_is_restored_in_its_era_and_not_behind_it() {
    let dn = Dn::new("15000").unwrap();
    let mut before = State::new(Limits::default());
    before.set_dns(HashSet::from([dn.clone()]));
    let mut eras = Vec::new();
    let mut ids = SeededIds::new(1);
    for n in 0..=Line::ERA_CHANGES {
        let action = LineAction::DoNotDisturb(n % 2 == 0);
        let command = Command::OperateLines { lines: vec![dn.clone()], action };
        for event in decide(&before, &command, n, &mut ids).unwrap() {
            evolve(&mut before, &event).unwrap();
        }
        if n + 2 > Line::ERA_CHANGES {
            let id = before.line(&dn).unwrap().id.clone();
            eras.push(Snapshot::of(&before, &Subject::Line(id)).unwrap());
        }
    }
    let versions: Vec<_> = eras.iter().map(Snapshot::version).collect();
    assert_eq!(versions, [Line::ERA_CHANGES, 1]);
    assert_eq!(Snapshot::of(&before, &eras[0].subject()), None, "that era is over");
    let mut after = State::new(Limits::default());
    for era in &eras {
        let record = era.to_record();
        Snapshot::from_record(&record).unwrap().restore(&mut after).unwrap();
    }
    assert_eq!(after.line(&dn), before.line(&dn));
    #[cfg(feature = "shell")]
    assert!(after.past_eras().eq(before.past_eras()));
    let exists = EvolveError::Exists(eras[0].subject());
    assert_eq!(eras[0].clone().restore(&mut after), Err(exists));
}
