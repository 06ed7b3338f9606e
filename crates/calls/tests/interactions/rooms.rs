//! Several agents in one SMS session or chat: each with his own state and view.

use encke_calls::{
    Asking, Bound, Command, EntryKind, Interaction, InteractionAction as Action, InteractionOffer,
    InteractionState as Now, Limits, Medium, Operation, Refusal, UserDataChange,
};

use crate::house::{House, accept, ask, data, house, not_possible, offer, say, user};

const ROOMS: [Medium; 2] = [Medium::Sms, Medium::Chat];

#[test]
fn who_is_invited_joins_and_each_has_his_own_state() {
    for medium in ROOMS {
        let mut house = house();
        let key = house.accepted(medium);
        house.agent(&key, "alice", ask(Asking::Invite, "bob")).unwrap();
        assert_eq!(house.seat(&key, "alice"), Now::Chatting);
        assert_eq!(house.seat(&key, "bob"), Now::Invited);
        assert_eq!(house.there(&key), ["Sam", "alice"], "who is asked is not there yet");
        house.agent(&key, "bob", accept()).unwrap();
        house.agent(&key, "bob", say("hi")).unwrap();
        assert_eq!(house.there(&key), ["Sam", "alice", "bob"]);
        house.agent(&key, "alice", Action::Leave).unwrap();
        assert_eq!(house.seat(&key, "alice"), Now::Completed, "a conference remains");
        house.agent(&key, "bob", Action::Leave).unwrap();
        assert_eq!(house.seat(&key, "bob"), Now::LeftChat, "none remains");
        assert!(!house.interaction(&key).is_completed());
        house.agent(&key, "bob", Action::Complete).unwrap();
        assert!(house.interaction(&key).is_completed());
        assert_eq!(
            house.lines(&key),
            [
                "Sam ParticipantJoined",
                "Sam Text hello",
                "alice ParticipantJoined",
                "bob ParticipantJoined",
                "bob Text hi",
                "alice ParticipantLeft",
                "bob ParticipantLeft"
            ]
        );
    }
}

#[test]
fn who_has_left_a_conference_sees_nothing_of_what_comes_after() {
    let mut house = house();
    let key = house.accepted(Medium::Chat);
    house.agent(&key, "alice", ask(Asking::Invite, "bob")).unwrap();
    house.agent(&key, "bob", accept()).unwrap();
    house.agent(&key, "alice", Action::LeaveAndComplete).unwrap();
    house.change(&key, Some("bob"), UserDataChange::Update(data(r#"{"secret":1}"#))).unwrap();
    house.outside(&key, say("later")).unwrap();
    let late = house.change(&key, Some("alice"), UserDataChange::Clear);
    assert_eq!(late, not_possible(Operation::DeleteUserData, Now::Completed));
    let chat: &Interaction = house.interaction(&key);
    let (alice, bob) = (chat.seat("alice").unwrap(), chat.seat("bob").unwrap());
    assert_eq!(chat.user_data_of(alice), &data(r#"{"Service Type":1,"a":2}"#));
    assert!(chat.user_data_of(bob).packed_bytes() > chat.user_data_of(alice).packed_bytes());
    assert_eq!(chat.transcript_of(alice).last().unwrap().kind, EntryKind::ParticipantLeft);
    assert_eq!(chat.transcript_of(bob).last().unwrap().text.as_deref(), Some("later"));
    assert!(chat.participants_of(alice).is_empty());
}

#[test]
fn who_comes_again_has_rejoined() {
    let mut house = house();
    let key = house.accepted(Medium::Sms);
    for expected in ["bob ParticipantJoined", "bob ParticipantRejoined"] {
        house.agent(&key, "alice", ask(Asking::Invite, "bob")).unwrap();
        house.agent(&key, "bob", accept()).unwrap();
        assert_eq!(house.lines(&key).last().unwrap(), expected);
        house.agent(&key, "bob", Action::Complete).unwrap();
        assert_eq!(house.lines(&key).last().unwrap(), "bob ParticipantLeft");
    }
    assert_eq!(house.interaction(&key).seats.len(), 2);
}

#[test]
fn who_is_consulted_is_hidden_from_the_customer() {
    let mut house = house();
    let key = house.accepted(Medium::Chat);
    house.agent(&key, "alice", ask(Asking::Consult, "bob")).unwrap();
    house.agent(&key, "bob", accept()).unwrap();
    house.agent(&key, "bob", say("say yes")).unwrap();
    let lines = &house.interaction(&key).transcript;
    let hidden: Vec<bool> = lines.iter().map(|line| line.from.hidden).collect();
    assert_eq!(hidden, [false, false, false, true, true]);
    // Whoever he gives it to is hidden as well.
    house.agent(&key, "bob", ask(Asking::Transfer, "carol")).unwrap();
    assert!(house.interaction(&key).seat("carol").unwrap().hidden);
    assert_eq!(house.seat(&key, "alice"), Now::Chatting);
    house.agent(&key, "carol", accept()).unwrap();
    house.agent(&key, "alice", Action::Leave).unwrap();
    assert_eq!(house.seat(&key, "alice"), Now::LeftChat, "nobody stays whom the customer knows");
}

#[test]
fn a_transfer_that_nobody_wants_comes_back() {
    for medium in [Medium::Sms, Medium::Chat, Medium::Email, Medium::Workitem, Medium::Facebook] {
        let mut house = house();
        let key = house.accepted(medium);
        house.agent(&key, "alice", ask(Asking::Transfer, "bob")).unwrap();
        assert_eq!(
            (house.seat(&key, "alice"), house.seat(&key, "bob")),
            (Now::Completed, Now::Invited)
        );
        assert_eq!(house.there(&key), ["Sam"]);
        house.agent(&key, "bob", Action::Reject).unwrap();
        assert_eq!(
            (house.seat(&key, "alice"), house.seat(&key, "bob")),
            (Now::Invited, Now::Completed)
        );
        assert!(!house.interaction(&key).is_completed());
        house.agent(&key, "alice", Action::Reject).unwrap();
        assert!(house.interaction(&key).is_completed(), "it has nowhere to go back to");
    }
}

#[test]
fn an_invitation_that_is_turned_down_changes_nothing_for_who_is_there() {
    let mut house = house();
    let key = house.accepted(Medium::Sms);
    house.agent(&key, "alice", ask(Asking::Invite, "bob")).unwrap();
    house.agent(&key, "bob", Action::Reject).unwrap();
    assert_eq!(
        (house.seat(&key, "alice"), house.seat(&key, "bob")),
        (Now::Chatting, Now::Completed)
    );
    assert_eq!(house.there(&key), ["Sam", "alice"]);
}

#[test]
fn nobody_is_asked_who_takes_part_or_has_no_room_or_beyond_the_bound() {
    let mut house = House::new(Limits::default().interactions_per_user(1));
    let key = house.accepted(Medium::Sms);
    for (agent, expected) in
        [("alice", Err(Refusal::TakesPart)), ("bob", Ok(1)), ("bob", Err(Refusal::TakesPart))]
    {
        let asked = house.agent(&key, "alice", ask(Asking::Invite, agent));
        assert_eq!(asked, expected, "{agent}");
    }
    let other = InteractionOffer { to: user("carol"), ..offer(Medium::Chat) };
    house.run(&Command::OfferInteraction(other)).unwrap();
    let refused = house.agent(&key, "alice", ask(Asking::Transfer, "carol"));
    assert_eq!(refused, Err(Refusal::DestinationBusy));

    let mut house = self::house();
    let key = house.accepted(Medium::Sms);
    for n in 1..Interaction::MAX_AGENTS {
        house.agent(&key, "alice", ask(Asking::Invite, &format!("agent{n}"))).unwrap();
    }
    let refused = house.agent(&key, "alice", ask(Asking::Invite, "one more"));
    let limit = Interaction::MAX_AGENTS;
    assert_eq!(refused, Err(Refusal::TooMany { what: Bound::Agents, limit }));
}

#[test]
fn who_writes_is_told_once_and_a_text_ends_it() {
    let mut house = house();
    let key = house.accepted(Medium::Chat);
    let typing = |started| Action::Type { started };
    let before = house.lines(&key);
    assert_eq!(house.agent(&key, "alice", typing(false)), Ok(0));
    assert_eq!(house.agent(&key, "alice", typing(true)), Ok(1));
    assert_eq!(house.agent(&key, "alice", typing(true)), Ok(0));
    assert_eq!(house.outside(&key, typing(true)), Ok(1));
    assert_eq!(house.interaction(&key).typing.len(), 2);
    assert_eq!(house.lines(&key), before, "it is told and not kept");
    house.agent(&key, "alice", say("x")).unwrap();
    assert_eq!(house.interaction(&key).typing.len(), 1);
    house.outside(&key, Action::Leave).unwrap();
    assert!(house.interaction(&key).typing.is_empty());
}

#[test]
fn a_url_is_one_that_a_browser_may_follow() {
    let mut house = house();
    let key = house.accepted(Medium::Sms);
    let send = |url: &str| Action::SendUrl { url: url.into() };
    house.agent(&key, "alice", send("https://example.com/a?b#c")).unwrap();
    assert_eq!(house.lines(&key).last().unwrap(), "alice PushUrl https://example.com/a?b#c");
    for bad in ["", "javascript:alert(1)", "https://", "http://a b", "HTTPS:/x", "http://\u{e9}"] {
        assert_eq!(house.agent(&key, "alice", send(bad)), Err(Refusal::NoUrl), "{bad}");
    }
}

#[test]
fn a_disposition_stands_in_the_user_data_and_focus_changes_nothing() {
    let mut house = house();
    let key = house.accepted(Medium::Sms);
    let disposition = Action::SetDisposition { disposition: "re\"solved".into() };
    house.agent(&key, "alice", disposition).unwrap();
    let expected = data(r#"{"Service Type":1,"a":2,"DISP_KEY":"re\"solved"}"#);
    assert_eq!(house.interaction(&key).user_data, expected);
    let before = house.interaction(&key).clone();
    house.agent(&key, "alice", Action::SetInFocus).unwrap();
    let mut after = house.interaction(&key).clone();
    assert_eq!(after.version, before.version + 1);
    after.version = before.version;
    assert_eq!(after, before);
}
