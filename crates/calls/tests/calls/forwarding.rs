//! Lines that are not to be disturbed, and lines whose calls go elsewhere.

use std::collections::BTreeMap;

use encke_calls::{
    CallAction, CallType, Command, Destination, Line, LineAction, PartyState, Purpose, Refusal,
};
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::sample::select;

use crate::house::{House, OUTSIDE, data, dn, house, number};

fn set(house: &mut House, line: &str, action: LineAction) -> Result<(), Refusal> {
    house.run(&Command::OperateLines { lines: vec![dn(line)], action }).map(|_| ())
}

fn forward(house: &mut House, line: &str, to: &str) {
    set(house, line, LineAction::Forward(Some(number(to)))).unwrap();
}

fn dial(house: &mut House, to: &str) -> Result<(), Refusal> {
    let dial = Command::Dial { from: dn("15000"), to: number(to), user_data: data("{}") };
    house.run(&dial).map(|_| ())
}

fn inbound(house: &mut House, to: &str) -> Result<(), Refusal> {
    let from = number("+15550100");
    house.run(&Command::Inbound { to: dn(to), from, user_data: data("{}") }).map(|_| ())
}

#[test]
fn a_line_that_is_not_to_be_disturbed_cannot_be_called_and_can_call() {
    let mut house = house();
    set(&mut house, "15001", LineAction::DoNotDisturb(true)).unwrap();
    assert_eq!(dial(&mut house, "15001"), Err(Refusal::DoNotDisturb));
    assert_eq!(inbound(&mut house, "15001"), Err(Refusal::DoNotDisturb));
    set(&mut house, "15000", LineAction::DoNotDisturb(true)).unwrap();
    let call = house.dial("15002");
    house.operate(&call, "15002", CallAction::Answer).unwrap();
    let to = || Destination { number: number("15001"), user_data: data("{}") };
    for action in [
        CallAction::SingleStepTransfer(to()),
        CallAction::SingleStepConference(to()),
        CallAction::Consult(Purpose::Transfer, to()),
    ] {
        assert_eq!(house.operate(&call, "15000", action), Err(Refusal::DoNotDisturb));
    }
    set(&mut house, "15001", LineAction::DoNotDisturb(false)).unwrap();
    house.dial("15001");
}

#[test]
fn a_call_rings_where_it_is_forwarded_and_tells_what_was_dialled() {
    let mut house = house();
    forward(&mut house, "15001", "15002");
    let id = house.dial("15001");
    let call = house.call(&id);
    assert_eq!(call.party(&dn("15001")), None);
    assert_eq!(call.party(&dn("15002")).unwrap().state, PartyState::Ringing);
    assert_eq!((call.call_type, call.dnis.clone()), (CallType::Internal, Some(number("15001"))));
    set(&mut house, "15001", LineAction::Forward(None)).unwrap();
    assert_eq!(house.states(&id), [PartyState::Dialing, PartyState::Ringing], "it rings on");
    let id = house.dial("15001");
    assert!(house.call(&id).party(&dn("15001")).is_some());
}

#[test]
fn a_call_from_inside_may_be_forwarded_outside_and_one_from_outside_not() {
    let mut house = house();
    forward(&mut house, "15001", "+15550123");
    let id = house.dial("15001");
    assert_eq!(house.call(&id).call_type, CallType::Outbound);
    house.operate(&id, OUTSIDE, CallAction::Answer).unwrap();
    assert_eq!(inbound(&mut house, "15001"), Err(Refusal::ForwardedOutside));
}

#[test]
fn a_transfer_goes_where_the_destination_is_forwarded() {
    let mut house = house();
    forward(&mut house, "15001", "15002");
    let call = house.begin(&Command::Inbound {
        to: dn("15000"),
        from: number("+15550100"),
        user_data: data("{}"),
    });
    house.operate(&call, "15000", CallAction::Answer).unwrap();
    let to = Destination { number: number("15001"), user_data: data("{}") };
    house.operate(&call, "15000", CallAction::SingleStepTransfer(to.clone())).unwrap();
    assert_eq!(house.call(&call).party(&dn("15002")).unwrap().state, PartyState::Ringing);
    house.operate(&call, "15002", CallAction::Answer).unwrap();
    let join = CallAction::SingleStepConference(to.clone());
    assert_eq!(house.operate(&call, "15002", join), Err(Refusal::OnTheCall));
    let ask = CallAction::Consult(Purpose::Transfer, to);
    assert_eq!(house.operate(&call, "15002", ask), Err(Refusal::OnTheCall));
}

#[test]
fn a_circle_of_forwarding_ends() {
    let mut house = house();
    let itself = LineAction::Forward(Some(number("15001")));
    assert_eq!(set(&mut house, "15001", itself), Err(Refusal::DialToSelf));
    forward(&mut house, "15001", "15002");
    forward(&mut house, "15002", "15001");
    assert_eq!(dial(&mut house, "15001"), Err(Refusal::ForwardingLoop));
    assert_eq!(inbound(&mut house, "15002"), Err(Refusal::ForwardingLoop));
    forward(&mut house, "15002", "15000");
    assert_eq!(dial(&mut house, "15001"), Err(Refusal::ForwardingLoop), "back to who calls");
}

#[test]
fn a_forwarded_line_is_as_busy_as_where_its_calls_ring() {
    let mut house = House::new(encke_calls::Limits::default().calls_per_dn(1));
    inbound(&mut house, "15002").unwrap();
    forward(&mut house, "15001", "15002");
    assert_eq!(dial(&mut house, "15001"), Err(Refusal::DestinationBusy));
    forward(&mut house, "15002", "15001");
    set(&mut house, "15002", LineAction::Forward(None)).unwrap();
    set(&mut house, "15001", LineAction::Forward(None)).unwrap();
    dial(&mut house, "15001").unwrap();
}

const NUMBERS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "+15550100"];

/// Where a call rings by the rule: follow, and stop in a circle or after too many steps.
fn rings(
    forwards: &BTreeMap<&'static str, &'static str>,
    silent: &[&'static str],
    to: &'static str,
) -> Result<&'static str, Refusal> {
    let mut passed = vec![to];
    let mut at = to;
    while let Some(next) = forwards.get(at) {
        at = next;
        if passed.contains(&at) || passed.len() > Line::MAX_FORWARDS {
            return Err(Refusal::ForwardingLoop);
        }
        passed.push(at);
    }
    match at {
        "15000" => Err(Refusal::ForwardingLoop),
        at if silent.contains(&at) => Err(Refusal::DoNotDisturb),
        at => Ok(at),
    }
}

proptest! {
    #[test]
    fn calls_ring_where_the_rule_has_them(
        forwards in btree_map(
            select(NUMBERS[..11].to_vec()),
            select([&NUMBERS[..], &["15000"]].concat()),
            0..11,
        ),
        silent in prop::sample::subsequence(NUMBERS[..11].to_vec(), 0..4),
        to in select(NUMBERS.to_vec()),
    ) {
        let forwards: BTreeMap<_, _> =
            forwards.into_iter().filter(|(from, to)| from != to).collect();
        let mut house = house();
        let lines = NUMBERS[..11].iter().chain(&["15000"]);
        house.state.set_dns(lines.map(|line| dn(line)).collect::<std::collections::HashSet<_>>());
        for (line, to) in &forwards {
            forward(&mut house, line, to);
        }
        for line in &silent {
            set(&mut house, line, LineAction::DoNotDisturb(true)).unwrap();
        }
        let rung = dial(&mut house, to).map(|()| {
            let call = house.state.calls().next().unwrap();
            call.parties[1].number.as_str().to_owned()
        });
        prop_assert_eq!(rung, rings(&forwards, &silent, to).map(str::to_owned));
    }
}
