//! What is worked on rather than talked in: e-mails, work items, open media, Twitter; and IM sessions.

use encke_calls::{
    Asking, InteractionAction as Action, InteractionState as Now, Medium, Operation, UserDataChange,
};

use crate::house::{accept, ask, data, house, not_possible, say};

const ITEMS: [Medium; 4] = [Medium::Email, Medium::Workitem, Medium::Openmedia, Medium::Twitter];

#[test]
fn an_item_is_worked_on_given_away_and_completed() {
    for medium in ITEMS {
        let mut house = house();
        let key = house.offered(medium);
        assert_eq!(house.seat(&key, "alice"), Now::Invited);
        house.agent(&key, "alice", accept()).unwrap();
        assert_eq!(house.seat(&key, "alice"), Now::Processing);
        house.agent(&key, "alice", ask(Asking::Transfer, "bob")).unwrap();
        house.agent(&key, "bob", accept()).unwrap();
        assert_eq!(
            (house.seat(&key, "alice"), house.seat(&key, "bob")),
            (Now::Completed, Now::Processing)
        );
        let late = house.agent(&key, "alice", Action::Complete);
        assert_eq!(late, not_possible(Operation::Complete, Now::Completed));
        house.agent(&key, "bob", Action::Complete).unwrap();
        assert!(house.interaction(&key).is_completed());
        assert_eq!(house.state.live_interactions(), 0);
    }
}

#[test]
fn nobody_talks_in_an_item() {
    for medium in ITEMS {
        let mut house = house();
        let key = house.accepted(medium);
        for action in
            [say("x"), Action::Leave, ask(Asking::Invite, "bob"), Action::Type { started: true }]
        {
            let refused = house.agent(&key, "alice", action.clone());
            assert_eq!(refused, not_possible(action.operation(), Now::Processing));
        }
        let refused = house.outside(&key, say("x"));
        assert_eq!(refused, not_possible(Operation::SendMessage, Now::Processing));
    }
}

#[test]
fn what_nobody_has_accepted_can_be_taken_back() {
    for medium in Medium::ALL {
        let mut house = house();
        let key = house.offered(medium);
        let revoked = house.outside(&key, Action::Revoke);
        if matches!(medium, Medium::Sms | Medium::Im) {
            assert!(revoked.is_err(), "{medium}");
            continue;
        }
        assert_eq!(revoked, Ok(1));
        assert_eq!(house.seat(&key, "alice"), Now::Revoked);
        assert!(house.interaction(&key).is_completed());
        let late = house.agent(&key, "alice", accept());
        assert_eq!(late, not_possible(Operation::Accept, Now::Revoked));
        let key = house.accepted(medium);
        let refused = house.outside(&key, Action::Revoke);
        assert_eq!(refused, not_possible(Operation::Revoke, medium.working()));
    }
}

#[test]
fn a_work_item_is_put_by_and_taken_up_again() {
    let mut house = house();
    let key = house.accepted(Medium::Workitem);
    house.agent(&key, "alice", Action::PlaceInWorkbin).unwrap();
    assert_eq!(house.seat(&key, "alice"), Now::InWorkbin);
    let refused = house.agent(&key, "alice", Action::Complete);
    assert_eq!(refused, not_possible(Operation::Complete, Now::InWorkbin));
    house.change(&key, Some("alice"), UserDataChange::Update(data(r#"{"k":1}"#))).unwrap();
    house.agent(&key, "alice", Action::PullFromWorkbin).unwrap();
    assert_eq!(house.seat(&key, "alice"), Now::Processing);
}

#[test]
fn an_im_session_rings_talks_and_ends() {
    let mut house = house();
    let key = house.offered(Medium::Im);
    assert_eq!(house.seat(&key, "alice"), Now::Alerting);
    house.agent(&key, "alice", accept()).unwrap();
    assert_eq!(house.seat(&key, "alice"), Now::Talking);
    house.agent(&key, "alice", say("hi")).unwrap();
    house.outside(&key, say("ho")).unwrap();
    let refused = house.agent(&key, "alice", ask(Asking::Transfer, "bob"));
    assert_eq!(refused, not_possible(Operation::Transfer, Now::Talking));
    house.agent(&key, "alice", Action::Complete).unwrap();
    assert!(house.interaction(&key).is_completed());
}

#[test]
fn user_data_of_every_medium_is_changed_by_who_has_a_part_and_by_third_parties() {
    for medium in Medium::ALL {
        let mut house = house();
        let key = house.accepted(medium);
        let attach = UserDataChange::Attach(data(r#"{"a":3,"b":1}"#));
        assert_eq!(house.change(&key, Some("alice"), attach), Ok(1));
        let expected = data(r#"{"Service Type":1,"a":3,"b":1}"#);
        assert_eq!(house.interaction(&key).user_data, expected, "an attach is an upsert");
        let update = UserDataChange::Update(data(r#"{"b":2}"#));
        assert_eq!(house.change(&key, None, update), Ok(1));
        let keys = vec!["Service Type".into(), "none".into()];
        assert_eq!(house.change(&key, Some("alice"), UserDataChange::DeleteKeys(keys)), Ok(1));
        assert_eq!(house.interaction(&key).user_data, data(r#"{"a":3,"b":2}"#));
    }
}
