//! SMS sessions from beginning to end, in invented time.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use encke_calls::{
    Bound, Command, EntryKind, Event, Limits, Nickname, Number, Operation, ParticipantKind,
    Refusal, SeededIds, SmsAction, SmsActor, SmsId, SmsOffer, SmsSession, SmsState, State,
    UserData, UserDataChange, UserName, decide, evolve,
};

struct House {
    state: State,
    now_ms: u64,
    ids: SeededIds,
}

impl House {
    fn new(limits: Limits) -> Self {
        Self { state: State::new(limits), now_ms: 1000, ids: SeededIds::new(1) }
    }

    fn run(&mut self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = decide(&self.state, command, self.now_ms, &mut self.ids)?;
        for event in &events {
            evolve(&mut self.state, event).unwrap();
        }
        self.now_ms += 1000;
        Ok(events)
    }

    fn offer(&mut self) -> SmsId {
        match self.run(&Command::OfferSms(offer())).unwrap().remove(0) {
            Event::Sms(event) => event.session,
            other => unreachable!("{other:?}"),
        }
    }

    fn agent(&mut self, id: &SmsId, action: SmsAction) -> Result<(), Refusal> {
        self.act(id, SmsActor::Agent(user("alice")), action)
    }

    fn customer(&mut self, id: &SmsId, action: SmsAction) -> Result<(), Refusal> {
        self.act(id, SmsActor::Customer, action)
    }

    fn act(&mut self, id: &SmsId, by: SmsActor, action: SmsAction) -> Result<(), Refusal> {
        self.run(&Command::OperateSms { session: id.clone(), by, action }).map(|_| ())
    }

    fn change(&mut self, id: &SmsId, change: UserDataChange) -> Result<usize, Refusal> {
        let agent = user("alice");
        let command = Command::ChangeSmsUserData { session: id.clone(), agent, change };
        self.run(&command).map(|events| events.len())
    }

    fn session(&self, id: &SmsId) -> &SmsSession {
        self.state.sms(id.as_str()).unwrap()
    }
}

fn house() -> House {
    House::new(Limits::default())
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn data(object: &str) -> UserData {
    UserData::parse(object).unwrap()
}

fn offer() -> SmsOffer {
    SmsOffer {
        to: user("alice"),
        from: Number::new("+15550100").unwrap(),
        nickname: Some(Nickname::new("Sam").unwrap()),
        text: Some("hello".into()),
        user_data: data(r#"{"Service Type":1,"a":1,"a":2}"#),
    }
}

fn say(text: &str) -> SmsAction {
    SmsAction::SendMessage { text: text.into() }
}

fn accept() -> SmsAction {
    SmsAction::Accept { nickname: None }
}

fn not_possible(operation: Operation, state: SmsState) -> Result<(), Refusal> {
    Err(Refusal::InvalidState { operation, state: state.as_str() })
}

#[test]
fn an_offer_invites_the_agent_and_holds_the_first_text() {
    let mut house = house();
    let id = house.offer();
    let session = house.session(&id);
    assert_eq!(
        (session.state, session.created_at_ms, session.version),
        (SmsState::Invited, 1000, 1)
    );
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
    assert_eq!(house.state.live_sessions_of(&user("alice")), 1);
}

#[test]
fn both_sides_write_and_the_transcript_tells_who() {
    let mut house = house();
    let id = house.offer();
    house.customer(&id, say("anybody there?")).unwrap();
    house.agent(&id, SmsAction::Accept { nickname: Nickname::new("Al").ok() }).unwrap();
    house.agent(&id, say("yes")).unwrap();
    house.customer(&id, say("good")).unwrap();
    let session = house.session(&id);
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
    let id = house.offer();
    house.agent(&id, SmsAction::Reject).unwrap();
    let session = house.session(&id);
    assert_eq!((session.state, session.completed_at_ms), (SmsState::Completed, Some(2000)));
    assert!(session.participants.is_empty() && session.capabilities().is_empty());
    assert_eq!(house.state.live_sessions(), 0);
    let late = house.agent(&id, accept());
    assert_eq!(late, not_possible(Operation::Accept, SmsState::Completed));
    let late = house.customer(&id, say("?"));
    assert_eq!(late, not_possible(Operation::SendMessage, SmsState::Completed));
}

#[test]
fn an_agent_who_left_can_only_complete_and_change_data() {
    let mut house = house();
    let id = house.offer();
    assert_eq!(house.agent(&id, say("x")), not_possible(Operation::SendMessage, SmsState::Invited));
    house.agent(&id, accept()).unwrap();
    house.agent(&id, SmsAction::Leave).unwrap();
    assert_eq!(house.session(&id).state, SmsState::LeftChat);
    assert_eq!(house.session(&id).participant(ParticipantKind::Agent), None);
    assert_eq!(
        house.agent(&id, say("x")),
        not_possible(Operation::SendMessage, SmsState::LeftChat)
    );
    let unheard = house.customer(&id, say("x"));
    assert_eq!(unheard, not_possible(Operation::SendMessage, SmsState::LeftChat));
    assert_eq!(house.change(&id, UserDataChange::Update(data(r#"{"a":3}"#))), Ok(1));
    house.agent(&id, SmsAction::Complete).unwrap();
    assert!(house.session(&id).is_completed());
}

#[test]
fn a_customer_who_left_ends_nothing() {
    let mut house = house();
    let id = house.offer();
    house.agent(&id, accept()).unwrap();
    house.customer(&id, SmsAction::Leave).unwrap();
    let session = house.session(&id);
    assert_eq!(session.state, SmsState::Chatting);
    assert_eq!(session.participant(ParticipantKind::Customer), None);
    let gone = house.customer(&id, say("x"));
    assert_eq!(gone, not_possible(Operation::SendMessage, SmsState::Chatting));
    house.agent(&id, say("bye")).unwrap();
    house.agent(&id, SmsAction::Complete).unwrap();
}

#[test]
fn user_data_of_a_session_never_repeats_a_key() {
    let mut house = house();
    let id = house.offer();
    assert_eq!(house.change(&id, UserDataChange::Attach(data(r#"{"a":"x","b":1}"#))), Ok(1));
    assert_eq!(house.session(&id).user_data, data(r#"{"Service Type":1,"a":"x","b":1}"#));
    let keys = vec!["Service Type".to_owned(), "z".to_owned()];
    assert_eq!(house.change(&id, UserDataChange::DeleteKeys(keys)), Ok(1));
    assert_eq!(house.change(&id, UserDataChange::DeleteKeys(vec!["z".into()])), Ok(0));
    assert_eq!(house.session(&id).user_data, data(r#"{"a":"x","b":1}"#));
    let pair = house.change(&id, UserDataChange::DeletePair("a".into())).map(|_| ());
    assert_eq!(pair, not_possible(Operation::DeleteUserDataPair, SmsState::Invited));
}

#[test]
fn only_the_agent_of_a_session_finds_it() {
    let mut house = house();
    let id = house.offer();
    let bob = || SmsActor::Agent(user("bob"));
    assert_eq!(house.act(&id, bob(), accept()), Err(Refusal::NotFound));
    let agent = user("bob");
    let change = UserDataChange::Clear;
    let command = Command::ChangeSmsUserData { session: id.clone(), agent, change };
    assert_eq!(house.run(&command), Err(Refusal::NotFound));
    assert_eq!(house.customer(&SmsId::new("X").unwrap(), say("x")), Err(Refusal::NotFound));
}

#[test]
fn bounds_of_sessions_are_kept() {
    let limits =
        Limits::default().sessions(2).sessions_per_user(1).transcript_entries(4).text_bytes(5);
    let mut house = House::new(limits);
    let id = house.offer();
    let limit = |what, limit| Refusal::TooMany { what, limit };
    let refused = house.run(&Command::OfferSms(offer()));
    assert_eq!(refused, Err(limit(Bound::SessionsOfUser, 1)));
    let other = SmsOffer { to: user("bob"), ..offer() };
    house.run(&Command::OfferSms(other.clone())).unwrap();
    let refused = house.run(&Command::OfferSms(other));
    assert_eq!(refused, Err(limit(Bound::Sessions, 2)));
    let refused = house.customer(&id, say("123456"));
    assert_eq!(refused, Err(Refusal::TextTooLong { bytes: 6, limit: 5 }));
    house.customer(&id, say("3")).unwrap();
    house.customer(&id, say("4")).unwrap();
    let refused = house.customer(&id, say("5"));
    assert_eq!(refused, Err(limit(Bound::TranscriptEntries, 4)));
    house.agent(&id, accept()).unwrap();
    assert_eq!(house.session(&id).transcript.len(), 5);
}
