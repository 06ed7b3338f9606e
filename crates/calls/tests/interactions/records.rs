//! Records of interactions, above all those of SMS sessions from when there was nothing else.

use encke_calls::{Asking, Event, InteractionAction, Limits, Medium, State, evolve};

use crate::house::{ask, house};

/// Records of two sessions as the build before this one wrote them, byte for byte.
const OLDER: [&str; 9] = [
    concat!(
        r#"{"v":1,"event":{"sms":{"session":"S1","at_ms":1,"what":{"offered":{"agent":"alice","#,
        r#""number":"+15550100","customer":{"id":"C0","nickname":"Sam","kind":"Customer"},"#,
        r#""text":"hello","user_data":[["k","v"],["n",1.10]]}}}}}"#
    ),
    concat!(
        r#"{"v":1,"event":{"sms":{"session":"S2","at_ms":2,"what":{"offered":{"agent":"alice","#,
        r#""number":"+15550101","customer":{"id":"C1","nickname":"Pat","kind":"Customer"},"#,
        r#""text":null,"user_data":[]}}}}}"#
    ),
    concat!(
        r#"{"v":1,"event":{"sms":{"session":"S1","at_ms":3,"what":{"accepted":{"agent":"#,
        r#"{"id":"A0","nickname":"Al","kind":"Agent"}}}}}}"#
    ),
    concat!(
        r#"{"v":1,"event":{"sms":{"session":"S1","at_ms":4,"what":{"message_sent":{"from":"A0","#,
        r#""text":"hi"}}}}}"#
    ),
    concat!(
        r#"{"v":1,"event":{"sms":{"session":"S1","at_ms":5,"what":{"user_data_changed":{"#,
        r#""change":{"delete_keys":["k"]}}}}}}"#
    ),
    r#"{"v":1,"event":{"sms":{"session":"S1","at_ms":6,"what":{"left":{"participant":"C0"}}}}}"#,
    r#"{"v":1,"event":{"sms":{"session":"S1","at_ms":7,"what":{"left":{"participant":"A0"}}}}}"#,
    r#"{"v":1,"event":{"sms":{"session":"S1","at_ms":8,"what":"completed"}}}"#,
    r#"{"v":1,"event":{"sms":{"session":"S2","at_ms":9,"what":"rejected"}}}"#,
];

#[test]
fn older_records_of_sms_sessions_are_read_and_written_as_they_were() {
    let mut state = State::new(Limits::default());
    let mut states = Vec::new();
    for record in OLDER {
        let event = Event::from_record(record.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(event.to_record()).unwrap(), record);
        evolve(&mut state, &event).unwrap();
        states.push(state.interaction("S1").unwrap().state().as_str());
    }
    assert_eq!(
        states,
        [
            "Invited",
            "Invited",
            "Chatting",
            "Chatting",
            "Chatting",
            "Chatting",
            "LeftChat",
            "Completed",
            "Completed"
        ]
    );
    let first = state.interaction("S1").unwrap();
    assert_eq!((first.medium, first.version, first.completed_at_ms), (Medium::Sms, 7, Some(8)));
    assert_eq!(first.seats.len(), 1);
    assert_eq!(first.seat("alice").unwrap().state.as_str(), "Completed");
    assert!(first.participants.is_empty());
    let lines: Vec<_> = first
        .transcript
        .iter()
        .map(|line| (line.from.nickname.as_str(), line.kind.as_str(), line.text.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            ("Sam", "ParticipantJoined", None),
            ("Sam", "Text", Some("hello")),
            ("Al", "ParticipantJoined", None),
            ("Al", "Text", Some("hi")),
            ("Sam", "ParticipantLeft", None),
            ("Al", "ParticipantLeft", None)
        ]
    );
    let keys: Vec<_> = first.user_data.iter().map(|pair| (pair.key(), pair.value())).collect();
    assert_eq!(keys, [("n", "1.10")]);
    assert!(state.interaction("S2").unwrap().is_completed());
}

#[test]
fn each_medium_has_records_of_its_name_and_says_who_did_it() {
    for medium in Medium::ALL {
        let mut house = house();
        let key = house.offered(medium);
        let accept = house.agent(&key, "alice", InteractionAction::Accept { nickname: None });
        assert_eq!(accept, Ok(1));
        if medium != Medium::Im {
            house.agent(&key, "alice", ask(Asking::Transfer, "bob")).unwrap();
        }
        let command = encke_calls::Command::ChangeInteractionUserData {
            interaction: key.clone(),
            agent: None,
            change: encke_calls::UserDataChange::Clear,
        };
        let event = house.run(&command).unwrap().remove(0);
        let record = String::from_utf8(event.to_record()).unwrap();
        let begin = format!(r#"{{"v":1,"event":{{"{medium}":{{"session":"{}""#, key.id);
        assert!(record.starts_with(&begin), "{record}");
        assert!(!record.contains("\"by\""), "nobody of the interaction: {record}");
        assert_eq!(Event::from_record(record.as_bytes()).unwrap(), event);
    }
    let mut house = house();
    let key = house.accepted(Medium::Chat);
    let command = encke_calls::Command::OperateInteraction {
        interaction: key.clone(),
        by: encke_calls::InteractionActor::Agent(crate::house::user("alice")),
        action: ask(Asking::Consult, "bob"),
    };
    let event = house.run(&command).unwrap().remove(0);
    let record = String::from_utf8(event.to_record()).unwrap();
    let asked = r#""what":{"asked":{"agent":"bob","asking":"consult"}},"by":"alice"}}}"#;
    assert!(record.ends_with(asked), "{record}");
}

#[test]
fn a_record_of_a_medium_that_is_not_known_is_damaged() {
    let record = OLDER[0].replacen("\"sms\"", "\"fax\"", 1);
    assert!(Event::from_record(record.as_bytes()).is_err());
}
