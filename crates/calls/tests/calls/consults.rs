//! Transfers, conferences and the calls that are made to ask first.

use encke_calls::{
    Bound, Call, CallAction, CallId, CallType, Command, ConsultUserData, Destination, Duplicates,
    Limits, Operation, PartyState, Profile, Purpose, RecordAction, Recording, Refusal, Requester,
    UserDataChange,
};

use PartyState::{Dialing, Established, Held, Released, Ringing};

use crate::house::{House, OUTSIDE, data, dn, house, not_possible, number};

const A: &str = "15000";
const B: &str = "15001";
const C: &str = "15002";

fn to(dn: &str) -> Destination {
    Destination { number: number(dn), user_data: data("{}") }
}

/// A and B talk.
fn talking(house: &mut House) -> CallId {
    let call = house.dial(B);
    house.operate(&call, B, CallAction::Answer).unwrap();
    call
}

/// A and B talk, and B asks C, who rings.
fn asking(house: &mut House, purpose: Purpose) -> (CallId, CallId) {
    let call = talking(house);
    house.operate(&call, B, CallAction::Consult(purpose, to(C))).unwrap();
    let link = house.call(&call).party(&dn(B)).unwrap().consult.clone().unwrap();
    (call, link.call)
}

fn shown(house: &House, call: &CallId, line: &str) -> Vec<&'static str> {
    let call = house.call(call);
    let situation = call.situation(call.party(&dn(line)).unwrap());
    situation.shown(Profile::Documented, false).map(Operation::as_str).collect()
}

fn object(call: &Call) -> String {
    let mut object = String::new();
    call.user_data.write_json(&mut object, Duplicates::All);
    object
}

fn others<'a>(call: &'a Call, line: &str) -> Vec<&'a str> {
    let party = call.party(&dn(line)).unwrap();
    call.others(party).map(|other| other.number.as_str()).collect()
}

#[test]
fn a_single_step_transfer_puts_somebody_else_in_the_place() {
    let mut house = house();
    let call = talking(&mut house);
    let destination = Destination { number: number(C), user_data: data(r#"{"why":"billing"}"#) };
    house.operate(&call, B, CallAction::SingleStepTransfer(destination)).unwrap();
    assert_eq!(house.states(&call), [Established, Released, Ringing]);
    assert_eq!(others(house.call(&call), A), [C], "who left is gone for the others");
    assert_eq!(others(house.call(&call), B), [A], "and sees whom it left");
    assert_eq!(object(house.call(&call)), r#"{"why":"billing"}"#);
    house.operate(&call, C, CallAction::Answer).unwrap();
    assert_eq!(house.states(&call), [Established, Released, Established]);
    let back = CallAction::SingleStepTransfer(to(B));
    house.operate(&call, C, back).unwrap();
    assert_eq!(house.states(&call), [Established, Ringing, Released], "a line has one place");
    house.operate(&call, A, CallAction::Hangup).unwrap();
    assert!(house.call(&call).is_released());
}

#[test]
fn a_transfer_to_who_is_there_already_is_refused() {
    let mut house = house();
    let call = talking(&mut house);
    for action in [
        CallAction::SingleStepTransfer(to(A)),
        CallAction::SingleStepConference(to(A)),
        CallAction::Consult(Purpose::Transfer, to(A)),
    ] {
        assert_eq!(house.operate(&call, B, action), Err(Refusal::OnTheCall));
    }
    let own = CallAction::Consult(Purpose::Transfer, to(B));
    assert_eq!(house.operate(&call, B, own), Err(Refusal::DialToSelf));
    let ringing = house.dial(C);
    let early = CallAction::SingleStepTransfer(to(B));
    assert_eq!(
        house.operate(&ringing, C, early),
        not_possible(Operation::SingleStepTransfer, Ringing)
    );
}

#[test]
fn a_consultation_is_a_call_of_its_own_tied_to_the_first() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Transfer);
    assert_eq!(house.states(&call), [Established, Held]);
    assert_eq!(house.states(&consult), [Dialing, Ringing]);
    let made = house.call(&consult);
    assert_eq!(made.call_type, CallType::Consult);
    let tie = made.consult.as_ref().unwrap();
    assert_eq!((&tie.parent, tie.by.as_str(), tie.is_open), (&call, B, true));
    // The documents' sample: as a held call, with these two in place of Retrieve.
    let first = shown(&house, &call, B);
    for (operation, there) in [
        ("CompleteTransfer", true),
        ("SwapCalls", true),
        ("Hangup", true),
        ("Retrieve", false),
        ("InitiateTransfer", true),
        ("CompleteConference", false),
    ] {
        assert_eq!(first.contains(&operation), there, "{operation} in {first:?}");
    }
    assert!(shown(&house, &consult, B).contains(&"CompleteTransfer"));
    assert!(!shown(&house, &consult, C).contains(&"CompleteTransfer"), "who is asked has no say");
    assert!(!shown(&house, &consult, B).contains(&"InitiateTransfer"), "one asks on one call");
}

#[test]
fn a_second_consultation_makes_the_first_an_ordinary_call() {
    let mut house = house();
    let (call, first) = asking(&mut house, Purpose::Transfer);
    house.operate(&first, C, CallAction::Answer).unwrap();
    let outside = CallAction::Consult(Purpose::Conference, to("+15550199"));
    house.operate(&call, B, outside).unwrap();
    let second = house.call(&call).party(&dn(B)).unwrap().consult.clone().unwrap();
    assert_ne!(second.call, first);
    assert_eq!(second.purpose, Purpose::Conference);
    assert!(shown(&house, &first, B).contains(&"Hold"));
    let named = CallAction::Complete(Purpose::Transfer, Some(first.clone()));
    assert_eq!(house.operate(&call, B, named), Err(Refusal::NoSuchConsultation));
    house.operate(&call, B, CallAction::Complete(Purpose::Conference, None)).unwrap();
    assert_eq!(others(house.call(&call), A), [B, "+15550199"]);
    assert_eq!(house.states(&first), [Established, Established]);
}

#[test]
fn a_completed_transfer_joins_who_was_asked_with_who_waits() {
    for on_the_consultation in [false, true] {
        let mut house = house();
        let (call, consult) = asking(&mut house, Purpose::Transfer);
        house.operate(&consult, C, CallAction::Answer).unwrap();
        let asked_on = if on_the_consultation { &consult } else { &call };
        house.operate(asked_on, B, CallAction::Complete(Purpose::Transfer, None)).unwrap();
        assert_eq!(house.states(&call), [Established, Released, Established]);
        assert_eq!(house.states(&consult), [Released, Released]);
        assert_eq!(others(house.call(&call), A), [C]);
        assert_eq!(others(house.call(&call), C), [A]);
        assert!(house.call(&call).parties.iter().all(|party| party.consult.is_none()));
        house.operate(&call, C, CallAction::Hangup).unwrap();
        assert!(house.call(&call).is_released());
    }
}

#[test]
fn a_transfer_can_be_completed_while_it_rings() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Transfer);
    house.operate(&consult, B, CallAction::Complete(Purpose::Transfer, None)).unwrap();
    assert_eq!(house.states(&call), [Established, Released, Ringing]);
    house.operate(&call, C, CallAction::Answer).unwrap();
    assert_eq!(house.states(&call), [Established, Released, Established]);
}

#[test]
fn a_completed_conference_has_three_of_whom_one_can_be_removed() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Conference);
    house.operate(&consult, C, CallAction::Answer).unwrap();
    house.operate(&call, B, CallAction::Complete(Purpose::Conference, None)).unwrap();
    assert_eq!(house.states(&call), [Established, Established, Established]);
    assert!(house.call(&consult).is_released());
    assert_eq!(others(house.call(&call), B), [A, C]);
    assert!(shown(&house, &call, B).contains(&"RemoveParticipantFromConference"));
    let stranger = CallAction::Remove(number("15009"));
    assert_eq!(house.operate(&call, B, stranger), Err(Refusal::NoSuchParticipant));
    house.operate(&call, B, CallAction::Remove(number(C))).unwrap();
    assert_eq!(house.states(&call), [Established, Established, Released]);
    let two = CallAction::Remove(number(A));
    assert_eq!(
        house.operate(&call, B, two),
        not_possible(Operation::RemoveParticipantFromConference, Established)
    );
}

#[test]
fn a_single_step_conference_goes_on_when_one_leaves() {
    let mut house = house();
    let call = talking(&mut house);
    house.operate(&call, A, CallAction::SingleStepConference(to(C))).unwrap();
    assert_eq!(house.states(&call), [Established, Established, Ringing]);
    house.operate(&call, C, CallAction::Answer).unwrap();
    house.operate(&call, A, CallAction::Hangup).unwrap();
    assert_eq!(house.states(&call), [Released, Established, Established]);
}

#[test]
fn swapping_changes_which_call_is_talked_on() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Transfer);
    house.operate(&consult, C, CallAction::Answer).unwrap();
    assert_eq!((house.states(&call)[1], house.states(&consult)[0]), (Held, Established));
    house.operate(&call, B, CallAction::Swap).unwrap();
    assert_eq!((house.states(&call)[1], house.states(&consult)[0]), (Established, Held));
    house.operate(&consult, B, CallAction::Swap).unwrap();
    assert_eq!((house.states(&call)[1], house.states(&consult)[0]), (Held, Established));
}

#[test]
fn who_went_back_meanwhile_is_on_hold_for_who_answers() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Transfer);
    house.operate(&call, B, CallAction::Swap).unwrap();
    assert_eq!((house.states(&call)[1], house.states(&consult)[0]), (Established, Dialing));
    house.operate(&consult, C, CallAction::Answer).unwrap();
    assert_eq!((house.states(&call)[1], house.states(&consult)[0]), (Established, Held));
}

#[test]
fn a_consultation_that_ends_leaves_the_first_call_as_it_was() {
    for (ends, by) in [(CallAction::Hangup, B), (CallAction::Hangup, C), (CallAction::Clear, B)] {
        let mut house = house();
        let (call, consult) = asking(&mut house, Purpose::Transfer);
        house.operate(&consult, C, CallAction::Answer).unwrap();
        house.operate(&consult, by, ends.clone()).unwrap();
        assert!(house.call(&consult).is_released());
        assert_eq!(house.states(&call), [Established, Held]);
        assert!(shown(&house, &call, B).contains(&"Retrieve"), "{ends:?} by {by}");
        house.operate(&call, B, CallAction::Retrieve).unwrap();
    }
}

#[test]
fn a_consultation_outlives_the_first_call_as_an_ordinary_one() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Transfer);
    house.operate(&consult, C, CallAction::Answer).unwrap();
    house.operate(&call, A, CallAction::Hangup).unwrap();
    assert!(house.call(&call).is_released());
    assert_eq!(house.states(&consult), [Established, Established]);
    let now = shown(&house, &consult, B);
    assert!(now.contains(&"Hold") && !now.contains(&"CompleteTransfer"), "{now:?}");
    let parent = house.call(&consult).consult.as_ref().map(|tie| tie.parent.clone());
    assert_eq!(parent, Some(call), "where it came from stays known");
}

#[test]
fn who_does_not_answer_in_time_stops_ringing() {
    let mut house = house();
    let call = house.dial(B);
    house.run(&Command::GiveUp { call: call.clone(), dn: dn(B) }).unwrap();
    assert_eq!(house.states(&call), [Released, Released]);
    let call = talking(&mut house);
    let late = Command::GiveUp { call, dn: dn(B) };
    let refused = not_possible(Operation::NoAnswer, Established);
    assert_eq!(house.run(&late).map(|_| ()), refused);
}

#[test]
fn clearing_ends_the_call_for_everybody() {
    let mut house = house();
    let call = talking(&mut house);
    house.operate(&call, A, CallAction::SingleStepConference(to(C))).unwrap();
    house.operate(&call, C, CallAction::Answer).unwrap();
    house.operate(&call, B, CallAction::Clear).unwrap();
    assert_eq!(house.states(&call), [Released, Released, Released]);
    let ringing = house.dial(C);
    house.operate(&ringing, C, CallAction::Clear).unwrap();
    assert!(house.call(&ringing).is_released());
}

#[test]
fn muting_twice_changes_nothing() {
    let mut house = house();
    let call = talking(&mut house);
    let mute = |house: &mut House, action| {
        house.run(&Command::Operate {
            call: call.clone(),
            by: encke_calls::Actor::Dn(dn(A)),
            action,
        })
    };
    assert_eq!(mute(&mut house, CallAction::Mute).unwrap().len(), 1);
    assert!(mute(&mut house, CallAction::Mute).unwrap().is_empty());
    assert!(house.call(&call).party(&dn(A)).unwrap().muted);
    assert!(!house.call(&call).party(&dn(B)).unwrap().muted, "the other one is heard");
    assert_eq!(mute(&mut house, CallAction::Unmute).unwrap().len(), 1);
}

#[test]
fn a_recording_is_told_by_user_data() {
    let mut house = house();
    let call = talking(&mut house);
    for (action, recording, told) in [
        (RecordAction::Start, Recording::Recording, r#"{"GSIP_RECORD":"ON"}"#),
        (RecordAction::Pause, Recording::Paused, r#"{"GSIP_RECORD":"PAUSED"}"#),
        (RecordAction::Resume, Recording::Recording, r#"{"GSIP_RECORD":"ON"}"#),
        (RecordAction::Stop, Recording::Stopped, "{}"),
    ] {
        house.operate(&call, A, CallAction::Record(action)).unwrap();
        assert_eq!(house.call(&call).recording, recording);
        assert_eq!(object(house.call(&call)), told);
    }
    let pause = house.operate(&call, A, CallAction::Record(RecordAction::Pause));
    assert_eq!(pause, not_possible(Operation::PauseCallRecording, Established));
}

#[test]
fn user_data_reaches_a_consultation_as_it_is_set() {
    for (mode, begins, joint) in [
        (ConsultUserData::Inherited, r#"{"a":1}"#, false),
        (ConsultUserData::Joint, r#"{"a":1}"#, true),
        (ConsultUserData::Separate, "{}", false),
    ] {
        let mut house = House::new(Limits::default().consult_user_data(mode));
        let call = talking(&mut house);
        house.attach(&call, r#"{"a":1}"#).unwrap();
        house.operate(&call, B, CallAction::Consult(Purpose::Transfer, to(C))).unwrap();
        let consult = house.call(&call).party(&dn(B)).unwrap().consult.clone().unwrap().call;
        assert_eq!(object(house.call(&consult)), begins, "{mode:?}");
        let change = UserDataChange::Update(data(r#"{"b":2}"#));
        house.change(&consult, Requester::Party(dn(C)), change).unwrap();
        let first = object(house.call(&call));
        assert_eq!(first, if joint { r#"{"a":1,"b":2}"# } else { r#"{"a":1}"# }, "{mode:?}");
        house.operate(&consult, C, CallAction::Answer).unwrap();
        house.operate(&consult, B, CallAction::Complete(Purpose::Transfer, None)).unwrap();
        assert_eq!(object(house.call(&call)), first, "the first call keeps its data");
    }
}

#[test]
fn somebody_outside_can_be_asked_and_joined() {
    let mut house = house();
    let call = talking(&mut house);
    house.operate(&call, B, CallAction::Consult(Purpose::Conference, to("+15550199"))).unwrap();
    let consult = house.call(&call).party(&dn(B)).unwrap().consult.clone().unwrap().call;
    house.operate(&consult, OUTSIDE, CallAction::Answer).unwrap();
    house.operate(&call, B, CallAction::Complete(Purpose::Conference, None)).unwrap();
    assert_eq!(others(house.call(&call), A), [B, "+15550199"]);
    house.operate(&call, OUTSIDE, CallAction::Hangup).unwrap();
    assert_eq!(house.states(&call), [Established, Established, Released]);
}

#[test]
fn a_call_on_which_only_outsiders_ring_is_over() {
    let mut house = house();
    let call = house.dial(B);
    house.operate(&call, B, CallAction::Answer).unwrap();
    for outside in ["+15550198", "+15550199"] {
        house.operate(&call, A, CallAction::SingleStepConference(to(outside))).unwrap();
    }
    house.operate(&call, A, CallAction::Hangup).unwrap();
    assert_eq!(house.call(&call).live_parties(), 3, "B is still there");
    house.operate(&call, B, CallAction::Hangup).unwrap();
    assert!(house.state.call(call.as_str()).is_none_or(|call| call.live_parties() == 0));
}

#[test]
fn everybody_who_came_to_a_consultation_comes_over() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Conference);
    house.operate(&consult, C, CallAction::Answer).unwrap();
    let expert = CallAction::SingleStepConference(to("+15550199"));
    house.operate(&consult, C, expert).unwrap();
    house.operate(&call, B, CallAction::Complete(Purpose::Conference, None)).unwrap();
    assert_eq!(house.states(&call), [Established, Established, Established, Ringing]);
    assert_eq!(house.states(&consult), [Released, Released, Released]);
    house.operate(&call, OUTSIDE, CallAction::Answer).unwrap();
    assert_eq!(others(house.call(&call), A), [B, C, "+15550199"]);
}

#[test]
fn there_has_to_be_room_for_who_comes_over() {
    let mut house = House::new(Limits::default().parties(3));
    let (call, consult) = asking(&mut house, Purpose::Conference);
    house.operate(&consult, C, CallAction::Answer).unwrap();
    house.operate(&consult, C, CallAction::SingleStepConference(to("+15550199"))).unwrap();
    let complete = CallAction::Complete(Purpose::Conference, None);
    let refused = Err(Refusal::TooMany { what: Bound::Parties, limit: 3 });
    assert_eq!(house.operate(&call, B, complete), refused);
    assert!(!house.call(&consult).is_released());
}

#[test]
fn who_is_asked_and_asks_somebody_keeps_that_call() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Transfer);
    house.operate(&consult, C, CallAction::Answer).unwrap();
    let further = CallAction::Consult(Purpose::Transfer, to("+15550199"));
    house.operate(&consult, C, further).unwrap();
    let further = house.call(&consult).party(&dn(C)).unwrap().consult.clone().unwrap().call;
    house.operate(&call, B, CallAction::Complete(Purpose::Transfer, None)).unwrap();
    assert_eq!(house.states(&call), [Established, Released, Held]);
    assert_eq!(house.states(&further), [Dialing, Ringing]);
    assert!(!house.call(&further).consult.as_ref().unwrap().is_open);
}

#[test]
fn a_consultation_that_is_named_is_the_only_one_meant() {
    let mut house = house();
    let (call, consult) = asking(&mut house, Purpose::Transfer);
    let complete = |named: &CallId| CallAction::Complete(Purpose::Transfer, Some(named.clone()));
    assert_eq!(house.operate(&call, B, complete(&call)), Err(Refusal::NoSuchConsultation));
    assert_eq!(house.operate(&call, B, complete(&consult)), Ok(()));
}

#[test]
fn who_left_keeps_what_it_saw() {
    let mut house = house();
    let call = talking(&mut house);
    house.attach(&call, r#"{"before":1}"#).unwrap();
    house.operate(&call, B, CallAction::SingleStepTransfer(to(C))).unwrap();
    house.attach(&call, r#"{"after":2}"#).unwrap();
    house.operate(&call, A, CallAction::Record(RecordAction::Start)).unwrap();
    let call = house.call(&call);
    let of = |line: &str| {
        let party = call.party(&dn(line)).unwrap();
        let mut text = String::new();
        call.user_data_of(party).write_json(&mut text, Duplicates::All);
        (text, call.recording_of(party))
    };
    assert_eq!(of(B), (r#"{"before":1}"#.to_owned(), Recording::Off));
    let now = r#"{"before":1,"after":2,"GSIP_RECORD":"ON"}"#.to_owned();
    assert_eq!(of(A), (now, Recording::Recording));
}

#[test]
fn joint_user_data_is_one_over_all_tied_calls_and_bounded_on_each() {
    let mode = Limits::default().consult_user_data(ConsultUserData::Joint).user_data_bytes(60);
    let mut house = House::new(mode);
    let call = talking(&mut house);
    let why = Destination { number: number(C), user_data: data(r#"{"why":1}"#) };
    house.operate(&call, B, CallAction::Consult(Purpose::Transfer, why)).unwrap();
    let consult = house.call(&call).party(&dn(B)).unwrap().consult.clone().unwrap().call;
    assert_eq!(object(house.call(&call)), r#"{"why":1}"#, "what is given with it is for both");
    house.operate(&consult, C, CallAction::Answer).unwrap();
    house.operate(&consult, C, CallAction::Consult(Purpose::Transfer, to("+15550199"))).unwrap();
    let further = house.call(&consult).party(&dn(C)).unwrap().consult.clone().unwrap().call;
    let change = |object: &str| UserDataChange::Attach(data(object));
    let requester = || Requester::Party(dn(A));
    let events = house.change(&call, requester(), change(r#"{"k":2}"#)).unwrap();
    assert_eq!(events.len(), 3);
    for id in [&call, &consult, &further] {
        assert_eq!(object(house.call(id)), r#"{"why":1,"k":2}"#);
    }
    // One of the calls has more than the others, and no room.
    house.operate(&further, OUTSIDE, CallAction::Answer).unwrap();
    house.operate(&further, C, CallAction::Record(RecordAction::Start)).unwrap();
    let large = change(&format!(r#"{{"l":"{}"}}"#, "x".repeat(25)));
    let refused = house.change(&call, requester(), large);
    assert!(matches!(refused, Err(Refusal::TooLarge { .. })), "{refused:?}");
    assert_eq!(object(house.call(&call)), r#"{"why":1,"k":2}"#);
}

#[test]
fn joint_user_data_that_comes_with_an_operation_is_set_on_all_tied_calls() {
    let mode = Limits::default().consult_user_data(ConsultUserData::Joint).user_data_bytes(60);
    let mut house = House::new(mode);
    let (call, consult) = asking(&mut house, Purpose::Transfer);
    house.operate(&consult, C, CallAction::Answer).unwrap();
    let with = |to: &str, object: &str| Destination { number: number(to), user_data: data(object) };
    let on = |house: &House, calls: &[&CallId], object: &str| {
        for id in calls {
            assert_eq!(self::object(house.call(id)), object);
        }
    };
    // A consultation from a consultation.
    let ask = CallAction::Consult(Purpose::Transfer, with("+15550199", r#"{"a":1}"#));
    house.operate(&consult, C, ask).unwrap();
    let further = house.call(&consult).party(&dn(C)).unwrap().consult.clone().unwrap().call;
    on(&house, &[&call, &consult, &further], r#"{"a":1}"#);
    // Somebody joins the first call.
    let join = |object| CallAction::SingleStepConference(with("+15550100", object));
    house.operate(&call, A, join(r#"{"b":2}"#)).unwrap();
    on(&house, &[&call, &consult, &further], r#"{"a":1,"b":2}"#);
    // A refusal for one of them is one for all.
    house.operate(&further, OUTSIDE, CallAction::Answer).unwrap();
    house.operate(&further, C, CallAction::Record(RecordAction::Start)).unwrap();
    let large = join(r#"{"l":"xxxxxxxxxxxxxxxxxxxxxxxxx"}"#);
    let refused = house.operate(&call, A, large);
    assert!(matches!(refused, Err(Refusal::TooLarge { .. })), "{refused:?}");
    house.operate(&further, C, CallAction::Record(RecordAction::Stop)).unwrap();
    // Who ties the first two leaves the first, and the tie ends with that; the other one stays.
    let leave = CallAction::SingleStepTransfer(with("+15550101", r#"{"c":3}"#));
    house.operate(&call, B, leave).unwrap();
    on(&house, &[&call], r#"{"a":1,"b":2,"c":3}"#);
    on(&house, &[&consult, &further], r#"{"a":1,"b":2}"#);
    house.operate(&further, C, CallAction::SingleStepConference(with(A, r#"{"d":4}"#))).unwrap();
    on(&house, &[&consult, &further], r#"{"a":1,"b":2,"d":4}"#);
}

#[test]
fn that_a_call_is_recorded_is_not_inherited() {
    let mut house = house();
    let call = talking(&mut house);
    house.operate(&call, B, CallAction::Record(RecordAction::Start)).unwrap();
    house.attach(&call, r#"{"k":1}"#).unwrap();
    house.operate(&call, B, CallAction::Consult(Purpose::Transfer, to(C))).unwrap();
    let consult = house.call(&call).party(&dn(B)).unwrap().consult.clone().unwrap().call;
    assert_eq!(object(house.call(&consult)), r#"{"k":1}"#);
    assert_eq!(house.call(&consult).recording, Recording::Off);
    house.operate(&call, B, CallAction::Clear).unwrap();
    assert_eq!(house.call(&call).recording, Recording::Stopped, "it ends with the call");
}

#[test]
fn a_line_rings_until_its_time_is_over_or_it_answers() {
    let mut house = House::new(Limits::default().no_answer_ms(Some(15_000)));
    let overdue = |house: &House, now_ms| -> Vec<(CallId, String)> {
        let due = house.state.overdue(now_ms);
        due.map(|(call, dn)| (call.clone(), dn.as_str().to_owned())).collect()
    };
    let first = house.dial(B);
    let second = house.dial(C);
    assert_eq!(overdue(&house, 15_999), []);
    assert_eq!(overdue(&house, 16_000), [(first.clone(), B.to_owned())]);
    assert_eq!(overdue(&house, u64::MAX).len(), 2);
    house.operate(&first, B, CallAction::Answer).unwrap();
    assert_eq!(overdue(&house, u64::MAX), [(second.clone(), C.to_owned())]);
    house.operate(&second, A, CallAction::Hangup).unwrap();
    assert_eq!(overdue(&house, u64::MAX), []);
    // Who comes over while it rings keeps its time.
    house.operate(&first, B, CallAction::Consult(Purpose::Transfer, to(C))).unwrap();
    let until = overdue(&house, u64::MAX);
    let at = house.now_ms + 14_000;
    house.now_ms += 5_000;
    house.operate(&first, B, CallAction::Complete(Purpose::Transfer, None)).unwrap();
    assert_eq!(until.len(), 1);
    assert_eq!(overdue(&house, at - 1), []);
    assert_eq!(overdue(&house, at), [(first, C.to_owned())]);
}
