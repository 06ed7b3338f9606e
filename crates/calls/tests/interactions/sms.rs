//! SMS sessions with one agent, as they were before there was anything else.

use encke_calls::{
    Bound, Command, EntryKind, InteractionAction as Action, InteractionId, InteractionKey,
    InteractionOffer, InteractionState as Now, Limits, Medium, Nickname, Operation,
    ParticipantKind, Refusal, UserDataChange,
};

use crate::house::{House, accept, data, house, not_possible, offer, say, user};

const SMS: Medium = Medium::Sms;

#[test]
fn an_offer_invites_the_agent_and_holds_the_first_text() {
    let mut house = house();
    let id = house.offered(SMS);
    let session = house.interaction(&id);
    assert_eq!((session.state(), session.created_at_ms, session.version), (Now::Invited, 1000, 1));
    assert_eq!(session.user_data, data(r#"{"Service Type":1,"a":2}"#));
    let names: Vec<&str> =
        session.participants.iter().map(|participant| participant.nickname.as_str()).collect();
    assert_eq!(names, ["Sam"]);
    let lines: Vec<_> = session
        .transcript
        .iter()
        .map(|line| (line.index, line.kind, line.text.as_deref()))
        .collect();
    let expected = [(0, EntryKind::ParticipantJoined, None), (1, EntryKind::Text, Some("hello"))];
    assert_eq!(lines, expected);
    assert_eq!(house.state.live_interactions_of(&user("alice")), 1);
}

#[test]
fn both_sides_write_and_the_transcript_tells_who() {
    let mut house = house();
    let id = house.offered(SMS);
    house.outside(&id, say("anybody there?")).unwrap();
    house.agent(&id, "alice", Action::Accept { nickname: Nickname::new("Al").ok() }).unwrap();
    house.agent(&id, "alice", say("yes")).unwrap();
    house.outside(&id, say("good")).unwrap();
    let session = house.interaction(&id);
    let lines: Vec<_> = session
        .transcript
        .iter()
        .map(|line| (line.from.nickname.as_str(), line.text.as_deref(), line.at_ms))
        .collect();
    let expected = [
        ("Sam", None, 1000),
        ("Sam", Some("hello"), 1000),
        ("Sam", Some("anybody there?"), 2000),
        ("Al", None, 3000),
        ("Al", Some("yes"), 4000),
        ("Sam", Some("good"), 5000),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_rejected_offer_is_complete_and_empty() {
    let mut house = house();
    let id = house.offered(SMS);
    house.agent(&id, "alice", Action::Reject).unwrap();
    let session = house.interaction(&id);
    assert_eq!((session.state(), session.completed_at_ms), (Now::Completed, Some(2000)));
    assert!(session.participants.is_empty() && session.seats[0].state.is_final());
    assert_eq!(house.state.live_interactions(), 0);
    let late = house.agent(&id, "alice", accept());
    assert_eq!(late, not_possible(Operation::Accept, Now::Completed));
    let late = house.outside(&id, say("?"));
    assert_eq!(late, not_possible(Operation::SendMessage, Now::Completed));
}

#[test]
fn an_agent_who_left_can_only_complete_and_change_data() {
    let mut house = house();
    let id = house.offered(SMS);
    assert_eq!(
        house.agent(&id, "alice", say("x")),
        not_possible(Operation::SendMessage, Now::Invited)
    );
    house.agent(&id, "alice", accept()).unwrap();
    house.agent(&id, "alice", Action::Leave).unwrap();
    assert_eq!(house.interaction(&id).state(), Now::LeftChat);
    let agent = |other: &encke_calls::Participant| other.kind == ParticipantKind::Agent;
    assert!(!house.interaction(&id).participants.iter().any(agent));
    assert_eq!(
        house.agent(&id, "alice", say("x")),
        not_possible(Operation::SendMessage, Now::LeftChat)
    );
    let unheard = house.outside(&id, say("x"));
    assert_eq!(unheard, not_possible(Operation::SendMessage, Now::LeftChat));
    assert_eq!(house.change(&id, Some("alice"), UserDataChange::Update(data(r#"{"a":3}"#))), Ok(1));
    house.agent(&id, "alice", Action::Complete).unwrap();
    assert!(house.interaction(&id).is_completed());
}

#[test]
fn a_customer_who_left_ends_nothing() {
    let mut house = house();
    let id = house.offered(SMS);
    house.agent(&id, "alice", accept()).unwrap();
    house.outside(&id, Action::Leave).unwrap();
    let session = house.interaction(&id);
    assert_eq!(session.state(), Now::Chatting);
    assert_eq!(session.customer(), None);
    let gone = house.outside(&id, say("x"));
    assert_eq!(gone, not_possible(Operation::SendMessage, Now::Chatting));
    house.agent(&id, "alice", say("bye")).unwrap();
    house.agent(&id, "alice", Action::Complete).unwrap();
}

#[test]
fn user_data_of_a_session_never_repeats_a_key() {
    let mut house = house();
    let id = house.offered(SMS);
    assert_eq!(
        house.change(&id, Some("alice"), UserDataChange::Attach(data(r#"{"a":"x","b":1}"#))),
        Ok(1)
    );
    assert_eq!(house.interaction(&id).user_data, data(r#"{"Service Type":1,"a":"x","b":1}"#));
    let keys = vec!["Service Type".to_owned(), "z".to_owned()];
    assert_eq!(house.change(&id, Some("alice"), UserDataChange::DeleteKeys(keys)), Ok(1));
    assert_eq!(
        house.change(&id, Some("alice"), UserDataChange::DeleteKeys(vec!["z".into()])),
        Ok(0)
    );
    assert_eq!(house.interaction(&id).user_data, data(r#"{"a":"x","b":1}"#));
    let pair = house.change(&id, Some("alice"), UserDataChange::DeletePair("a".into()));
    assert_eq!(pair, not_possible(Operation::DeleteUserDataPair, Now::Invited));
}

#[test]
fn only_who_has_a_part_in_it_finds_it() {
    let mut house = house();
    let id = house.offered(SMS);
    assert_eq!(house.agent(&id, "bob", accept()), Err(Refusal::NotFound));
    assert_eq!(house.change(&id, Some("bob"), UserDataChange::Clear), Err(Refusal::NotFound));
    let other = InteractionKey { id: InteractionId::new("X").unwrap(), ..id.clone() };
    assert_eq!(house.outside(&other, say("x")), Err(Refusal::NotFound));
    let other = InteractionKey { medium: Medium::Chat, ..id };
    assert_eq!(house.agent(&other, "alice", accept()), Err(Refusal::NotFound));
    assert_eq!(house.change(&other, None, UserDataChange::Clear), Err(Refusal::NotFound));
}

#[test]
fn bounds_are_those_of_all_media_together() {
    let limits = Limits::default()
        .interactions(2)
        .interactions_per_user(1)
        .transcript_entries(4)
        .text_bytes(5);
    let mut house = House::new(limits);
    let id = house.offered(SMS);
    let limit = |what, limit| Refusal::TooMany { what, limit };
    let refused = house.run(&Command::OfferInteraction(offer(SMS)));
    assert_eq!(refused, Err(limit(Bound::InteractionsOfUser, 1)));
    let other = InteractionOffer { to: user("bob"), medium: Medium::Chat, ..offer(SMS) };
    house.run(&Command::OfferInteraction(other.clone())).unwrap();
    let refused = house.run(&Command::OfferInteraction(other));
    assert_eq!(refused, Err(limit(Bound::Interactions, 2)));
    let refused = house.outside(&id, say("123456"));
    assert_eq!(refused, Err(Refusal::TextTooLong { bytes: 6, limit: 5 }));
    house.outside(&id, say("3")).unwrap();
    house.outside(&id, say("4")).unwrap();
    let refused = house.outside(&id, say("5"));
    assert_eq!(refused, Err(limit(Bound::TranscriptEntries, 4)));
    house.agent(&id, "alice", accept()).unwrap();
    assert_eq!(house.interaction(&id).transcript.len(), 5);
}
