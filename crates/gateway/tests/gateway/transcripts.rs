//! Whole conversations, one for each operation on a call: what was posted, what was answered, and
//! who was told what, in that order, text for text.
//!
//! The files in `tests/golden/voice` are what the gateway sent when they were read and found right.
//! With `ENCKE_GOLDEN=write` in the environment they are written anew, to be read again.

use std::fmt::Write as _;

use encke_calls::Profile;
use encke_gateway::GatewayConfig;

use crate::support::{Centre, at, golden};

/// One request: by whom, on the how manyeth call of the conversation (from 1; 0 is his phone), and
/// the body.
type Step = (&'static str, usize, &'static str);

const DIAL: Step = (
    "alice",
    0,
    r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"},"userData":{"k":"v"}}"#,
);
const ANSWER: Step = ("bob", 1, r#"{"operationName":"Answer"}"#);
const ASKED_ANSWERS: Step = ("carol", 2, r#"{"operationName":"Answer"}"#);

#[tokio::test]
async fn each_operation_has_its_conversation() {
    let transfer = (
        "bob",
        1,
        r#"{"operationName":"InitiateTransfer","destination":{"phoneNumber":"15002"},"userData":{"why":"billing"}}"#,
    );
    let conference = (
        "bob",
        1,
        r#"{"operationName":"InitiateConference","destination":{"phoneNumber":"15002"}}"#,
    );
    let joins = (
        "alice",
        1,
        r#"{"operationName":"SingleStepConference","destination":{"phoneNumber":"15002"}}"#,
    );
    let joined = ("carol", 1, r#"{"operationName":"Answer"}"#);
    let conversations: [(&str, &[Step]); 17] = [
        ("dial", &[DIAL]),
        ("answer", &[DIAL, ANSWER]),
        ("hangup", &[DIAL, ANSWER, ("bob", 1, r#"{"operationName":"Hangup"}"#)]),
        ("clear_call", &[DIAL, ("bob", 1, r#"{"operationName":"ClearCall"}"#)]),
        (
            "hold_and_retrieve",
            &[
                DIAL,
                ANSWER,
                ("alice", 1, r#"{"operationName":"Hold"}"#),
                ("alice", 1, r#"{"operationName":"Retrieve"}"#),
            ],
        ),
        ("send_dtmf", &[DIAL, ("alice", 1, r#"{"operationName":"SendDtmf","digits":"12#"}"#)]),
        (
            "mute",
            &[
                DIAL,
                ANSWER,
                ("bob", 1, r#"{"operationName":"MuteCall"}"#),
                ("bob", 1, r#"{"operationName":"MuteCall"}"#),
                ("bob", 1, r#"{"operationName":"UnmuteCall"}"#),
            ],
        ),
        (
            "single_step_transfer",
            &[
                DIAL,
                ANSWER,
                (
                    "bob",
                    1,
                    r#"{"operationName":"SingleStepTransfer","destination":{"phoneNumber":"15002"},"userData":{"why":"billing"}}"#,
                ),
                joined,
            ],
        ),
        (
            "transfer",
            &[
                DIAL,
                ANSWER,
                transfer,
                ASKED_ANSWERS,
                ("bob", 2, r#"{"operationName":"CompleteTransfer"}"#),
            ],
        ),
        (
            "transfer_given_up",
            &[
                DIAL,
                ANSWER,
                transfer,
                ASKED_ANSWERS,
                ("bob", 2, r#"{"operationName":"Hangup"}"#),
                ("bob", 1, r#"{"operationName":"Retrieve"}"#),
            ],
        ),
        (
            "swap_calls",
            &[
                DIAL,
                ANSWER,
                transfer,
                ASKED_ANSWERS,
                ("bob", 1, r#"{"operationName":"SwapCalls"}"#),
            ],
        ),
        ("single_step_conference", &[DIAL, ANSWER, joins, joined]),
        (
            "conference",
            &[
                DIAL,
                ANSWER,
                conference,
                ASKED_ANSWERS,
                ("bob", 1, r#"{"operationName":"CompleteConference"}"#),
                ("alice", 1, r#"{"operationName":"Hangup"}"#),
            ],
        ),
        (
            "remove_participant_from_conference",
            &[
                DIAL,
                ANSWER,
                joins,
                joined,
                (
                    "bob",
                    1,
                    r#"{"operationName":"RemoveParticipantFromConference","participant":"15002"}"#,
                ),
            ],
        ),
        (
            "recording",
            &[
                DIAL,
                ANSWER,
                ("bob", 1, r#"{"operationName":"StartCallRecording"}"#),
                ("bob", 1, r#"{"operationName":"PauseCallRecording"}"#),
                ("bob", 1, r#"{"operationName":"ResumeCallRecording"}"#),
                ("bob", 1, r#"{"operationName":"StopCallRecording"}"#),
            ],
        ),
        (
            "user_data",
            &[
                DIAL,
                ANSWER,
                ("alice", 1, r#"{"operationName":"AttachUserData","userData":{"k":"w","n":1.10}}"#),
                ("bob", 1, r#"{"operationName":"UpdateUserData","userData":{"k":"x"}}"#),
                ("bob", 1, r#"{"operationName":"DeleteUserDataPair","key":"k"}"#),
                ("alice", 1, r#"{"operationName":"DeleteUserData"}"#),
            ],
        ),
        (
            "too_late",
            &[
                DIAL,
                ANSWER,
                ("bob", 1, r#"{"operationName":"Hangup"}"#),
                (
                    "bob",
                    1,
                    r#"{"operationName":"InitiateTransfer","destination":{"phoneNumber":"15002"}}"#,
                ),
                ("carol", 1, r#"{"operationName":"Answer"}"#),
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, steps) in conversations {
        let held = conversation(GatewayConfig::default().recording(true), steps).await;
        wrong.extend(golden(&format!("voice/{name}"), &held));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn capabilities_are_those_of_the_profile() {
    for (profile, ringing, established) in [
        (Profile::Documented, false, false),
        (Profile::Live, true, false),
        (Profile::Everything, true, true),
    ] {
        let config = GatewayConfig::default().capabilities(profile);
        let centre = Centre::with(config).await;
        centre.accepted("alice", "/api/v2/me/devices/15000/calls", DIAL.2).await;
        let heard = centre.heard_by("bob", crate::support::CALLS).await;
        let capabilities = at(&heard[0], "call.capabilities").unwrap();
        assert_eq!(capabilities.contains("ClearCall"), ringing, "{profile:?}: {capabilities}");
        assert!(!capabilities.contains("NoAnswer"), "{profile:?}: {capabilities}");
        let id = at(&heard[0], "call.id").unwrap().trim_matches('"').to_owned();
        centre.accepted("bob", &format!("/api/v2/me/calls/{id}"), ANSWER.2).await;
        let heard = centre.heard_by("bob", crate::support::CALLS).await;
        let capabilities = at(&heard[0], "call.capabilities").unwrap();
        assert_eq!(capabilities.contains("MuteCall"), established, "{profile:?}: {capabilities}");
    }
}

/// What is posted, answered and told, with known ids.
async fn conversation(config: GatewayConfig, steps: &[Step]) -> String {
    let centre = Centre::with(config).await;
    let mut text = String::new();
    // Ids of calls and of connections, in the order of their appearance.
    let mut ids: Vec<String> = Vec::new();
    for (user, call, body) in steps {
        let path = match call {
            0 => "/api/v2/me/devices/15000/calls".to_owned(),
            nth => format!("/api/v2/me/calls/{}", ids[2 * (nth - 1)]),
        };
        let answer = centre.post(user, &path, body).await;
        writeln!(text, "{user} POST {path} {body}\n< {} {}", answer.http, answer.body).unwrap();
        for heard in centre.heard().await {
            writeln!(text, "> {} {} {}", heard.user, heard.channel, heard.data).unwrap();
            for id in ["call.id", "call.connId"] {
                let Some(id) = at(&heard.data, id) else { continue };
                let id = id.trim_matches('"').to_owned();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        centre.pass(1_500);
    }
    for (nth, pair) in (1..).zip(ids.chunks(2)) {
        text =
            text.replace(&pair[0], &format!("CALL{nth}")).replace(&pair[1], &format!("CONN{nth}"));
    }
    text
}
