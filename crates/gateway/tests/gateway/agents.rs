//! The state of an agent: what was posted, what was answered and who was told what, text for text;
//! and random requests against a model of four agents.
//!
//! The files in `tests/golden/agent` are what the gateway sent when they were read and found right.
//! With `ENCKE_GOLDEN=write` in the environment they are written anew, to be read again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use encke_broker::UserId;
use encke_gateway::{Device, Directory, User};
use encke_journal::Fault;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{Centre, DEVICES, at, directory, dn, golden};

const ME: &str = "/api/v2/me";
const VOICE: &str = "/api/v2/me/channels/voice";
const DEVICE: &str = "/api/v2/me/devices/15000";

const START: &str = r#"{"operationName":"StartContactCenterSession","channels":["voice"]}"#;
const END: &str = r#"{"operationName":"EndContactCenterSession"}"#;
const READY: &str = r#"{"operationName":"Ready"}"#;
const NOT_READY: &str = r#"{"operationName":"NotReady"}"#;

const BOBS: &str = "/api/v2/me/devices/15001";
const CALLS_OF_ALICE: &str = "/api/v2/me/devices/15000/calls";
const DIAL_BOB: &str = r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"}}"#;
const DND_ON: &str = r#"{"operationName":"DoNotDisturbOn"}"#;

/// One request: the path, and the body; an empty one to read.
type Step = (&'static str, &'static str);

#[tokio::test]
async fn each_state_has_its_conversation() {
    let conversations: [(&str, &[Step]); 7] = [
        ("session", &[(DEVICE, ""), (ME, START), (ME, START), (DEVICE, ""), (ME, END), (ME, END)]),
        ("ready", &[(ME, START), (VOICE, READY), (VOICE, READY), (VOICE, NOT_READY)]),
        (
            "not_ready",
            &[
                (ME, START),
                (VOICE, r#"{"operationName":"NotReady","reasonCode":"lunch"}"#),
                (DEVICE, ""),
                (VOICE, r#"{"operationName":"AfterCallWork","wrapUpTime":"0"}"#),
                (VOICE, r#"{"operationName":"AuxWork"}"#),
                (VOICE, NOT_READY),
            ],
        ),
        (
            "do_not_disturb",
            &[
                (BOBS, DND_ON),
                (CALLS_OF_ALICE, DIAL_BOB),
                (BOBS, DND_ON),
                (BOBS, r#"{"operationName":"DoNotDisturbOff"}"#),
                (CALLS_OF_ALICE, DIAL_BOB),
            ],
        ),
        (
            "forward_calls",
            &[
                (BOBS, r#"{"operationName":"ForwardCallsOn","destination":"15002"}"#),
                (CALLS_OF_ALICE, DIAL_BOB),
                (BOBS, r#"{"operationName":"ForwardCallsOn","destination":"15000"}"#),
                (CALLS_OF_ALICE, DIAL_BOB),
                (BOBS, r#"{"operationName":"ForwardCallsOff"}"#),
                (BOBS, ""),
            ],
        ),
        ("all_channels", &[(ME, START), (ME, READY), (ME, NOT_READY)]),
        ("logged_out", &[(VOICE, READY), (ME, NOT_READY), (ME, START), (ME, END), (VOICE, READY)]),
    ];
    for (name, steps) in conversations {
        let held = conversation(steps).await;
        assert_eq!(golden(&format!("agent/{name}"), &held), None);
    }
}

/// What alice asks, or bob of his phone, what is answered, and what anybody is told.
async fn conversation(steps: &[Step]) -> String {
    let centre = Centre::open().await;
    let mut text = String::new();
    let mut ids: Vec<String> = Vec::new();
    for (path, body) in steps {
        let user = if *path == BOBS { "bob" } else { "alice" };
        let (method, answer) = match *body {
            "" => ("GET", centre.get(user, path).await),
            body => ("POST", centre.post(user, path, body).await),
        };
        let asked = format!("{user} {method} {path} {body}");
        writeln!(text, "{}\n< {} {}", asked.trim_end(), answer.http, answer.body).unwrap();
        for heard in centre.heard().await {
            writeln!(text, "> {} {} {}", heard.user, heard.channel, heard.data).unwrap();
            ids.extend(
                ["call.id", "call.connId"]
                    .map(|id| at(&heard.data, id).unwrap_or_default().trim_matches('"').to_owned()),
            );
        }
    }
    for id in ids.iter().filter(|id| !id.is_empty()) {
        text = text.replace(id, if id.len() == 32 { "CALL" } else { "CONN" });
    }
    text
}

#[tokio::test]
async fn each_bad_setting_of_a_device_has_its_answer() {
    let centre = Centre::open().await;
    let to = |to: &str| format!(r#"{{"operationName":"ForwardCallsOn","destination":{to}}}"#);
    for (path, body, code, message) in [
        (BOBS, DND_ON.to_owned(), 6, "device '15001' does not exist or is not the user's"),
        (
            DEVICE,
            r#"{"operationName":"ForwardCallsOn"}"#.to_owned(),
            1,
            "required parameter 'destination' is missing (a string)",
        ),
        (
            DEVICE,
            to(r#"{"phoneNumber":"1"}"#),
            10,
            "parameter 'destination' must be a string, not an object",
        ),
        (DEVICE, to("\"\""), 10, "parameter 'destination': a number must not be empty"),
        (DEVICE, to("\"15000\""), 10, "a line cannot call itself"),
        (
            DEVICE,
            READY.to_owned(),
            10,
            "operation 'Ready' does not exist on a device; it has DoNotDisturbOn, \
             DoNotDisturbOff, ForwardCallsOn, ForwardCallsOff",
        ),
    ] {
        let (_, given, text) = centre.post("alice", path, &body).await.refused();
        assert_eq!((given, text.as_str()), (code, message), "{body}");
    }
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn a_call_that_is_forwarded_is_told_to_who_rings_and_not_to_who_forwards() {
    let centre = Centre::open().await;
    let forward = r#"{"operationName":"ForwardCallsOn","destination":"15002"}"#;
    centre.accepted("bob", BOBS, forward).await;
    centre.heard().await;
    centre.accepted("alice", CALLS_OF_ALICE, DIAL_BOB).await;
    let heard = centre.heard().await;
    let told: Vec<_> = heard.iter().map(|heard| heard.user.as_str()).collect();
    assert_eq!(told, ["alice", "carol"]);
    assert!(heard.iter().all(|heard| at(&heard.data, "call.dnis") == Some("\"15001\"")));
}

#[tokio::test]
async fn each_bad_request_for_a_state_has_its_answer() {
    let centre = Centre::open().await;
    let long = format!(r#"{{"operationName":"NotReady","reasonCode":"{}"}}"#, "x".repeat(65));
    for (user, path, body, code, message) in [
        ("alice", "chat", READY, 6, "channel 'chat' does not exist or is not the user's"),
        ("robot", "voice", READY, 6, "channel 'voice' does not exist or is not the user's"),
        (
            "alice",
            "voice",
            &long,
            10,
            "parameter 'reasonCode': a reason of 65 bytes exceeds 64 bytes",
        ),
        (
            "alice",
            "voice",
            r#"{"operationName":"NotReady","reasonCode":7}"#,
            10,
            "parameter 'reasonCode' must be a string, not a number",
        ),
        (
            "alice",
            "voice",
            r#"{"operationName":"OutToLunch"}"#,
            10,
            "operation 'OutToLunch' does not exist on a channel; it has Ready, NotReady, \
             AfterCallWork, AuxWork",
        ),
        (
            "alice",
            "voice",
            READY,
            2,
            "the agent is logged out; a contact-centre session begins with logging in",
        ),
    ] {
        let answer = centre.post(user, &format!("/api/v2/me/channels/{path}"), body).await;
        let (_, given, text) = answer.refused();
        assert_eq!((given, text.as_str()), (code, message), "{body}");
    }
    assert_eq!(centre.post("robot", ME, READY).await.refused().1, 6);
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn a_state_that_cannot_be_stored_is_not_shown() {
    let centre = Centre::open().await;
    centre.accepted("alice", ME, START).await;
    centre.heard().await;
    let before = centre.get("alice", DEVICE).await.body;
    centre.journal.fail(Fault::Full);
    assert_eq!(centre.post("alice", VOICE, READY).await.refused().0, 503);
    assert_eq!(centre.post("alice", ME, END).await.refused().0, 503);
    assert_eq!(centre.get("alice", DEVICE).await.body, before);
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn who_is_not_ready_can_be_called_and_can_call() {
    let centre = Centre::open().await;
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"}}"#;
    centre.accepted("bob", ME, START).await;
    centre.accepted("alice", "/api/v2/me/devices/15000/calls", dial).await;
    let dial = dial.replace("15001", "15002");
    centre.accepted("bob", "/api/v2/me/devices/15001/calls", &dial).await;
    assert_eq!(centre.core.calls_of(&dn("15001")).len(), 2);
}

#[tokio::test]
async fn a_state_is_that_of_all_phones_and_each_is_told_of() {
    let people = || {
        let phones = ["15000", "15001"].map(|number| Device::new(dn(number)));
        let alice = phones.into_iter().fold(User::new(UserId::new("alice")), User::device);
        Directory::new([alice]).unwrap()
    };
    let centre = Centre::peopled(people()).await;
    centre.accepted("alice", ME, START).await;
    let heard = centre.heard_by("alice", DEVICES).await;
    let numbers: Vec<_> = heard.iter().map(|data| shown(data).0).collect();
    assert_eq!(numbers, ["15000", "15001"]);
}

/// The number of the one device of a notification, and the state there.
fn shown(data: &str) -> (String, String) {
    let devices: Vec<serde_json::Value> =
        serde_json::from_str(at(data, "devices").unwrap()).unwrap();
    assert_eq!(devices.len(), 1, "{data}");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let state = &devices[0]["userState"];
    let state = format!("{} {}", text(&state["state"]), text(&state["workMode"]));
    (text(&devices[0]["phoneNumber"]), state.trim_end().to_owned())
}

const PEOPLE: [(&str, &str); 3] = [("alice", "15000"), ("bob", "15001"), ("carol", "15002")];

/// What the model makes of a request: the state after it, or the refusal.
fn model(before: &'static str, body: &str) -> Result<&'static str, u64> {
    let there = before != "LoggedOut";
    match body {
        START if there => Ok(before),
        START => Ok("NotReady"),
        END => Ok("LoggedOut"),
        _ if !there => Err(2),
        READY => Ok("Ready"),
        NOT_READY => Ok("NotReady"),
        body if body.contains("AuxWork") => Ok("NotReady AuxWork"),
        _ => Ok("NotReady AfterCallWork"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Each change is told once, to him whose state it is, and to nobody else; the whole is told
    /// again as it was.
    #[test]
    fn requests_for_states_do_what_the_model_does(
        steps in prop::collection::vec(
            (
                select(PEOPLE.to_vec()),
                select(vec![
                    (ME, START),
                    (ME, END),
                    (ME, READY),
                    (VOICE, READY),
                    (VOICE, NOT_READY),
                    (VOICE, r#"{"operationName":"AuxWork"}"#),
                    (VOICE, r#"{"operationName":"AfterCallWork"}"#),
                ]),
            ),
            0..40,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let centre = Centre::open().await;
            let mut states: BTreeMap<&str, &str> = BTreeMap::new();
            let mut all = Vec::new();
            for ((user, number), (path, body)) in steps {
                let before = *states.get(user).unwrap_or(&"LoggedOut");
                let expected = model(before, body);
                let answer = centre.post(user, path, body).await;
                let heard = centre.heard().await;
                let told: Vec<_> = heard
                    .iter()
                    .map(|h| (h.user.clone(), h.channel.as_str(), shown(&h.data)))
                    .collect();
                match expected {
                    Err(code) => {
                        assert_eq!(answer.refused().1, code);
                        assert_eq!(told, []);
                    }
                    Ok(after) if after == before => assert_eq!(told, []),
                    Ok(after) => {
                        let after_at_phone = (number.to_owned(), after.to_owned());
                        assert_eq!(told, [(user.to_owned(), DEVICES, after_at_phone)]);
                        states.insert(user, after);
                    }
                }
                all.extend(heard);
            }
            assert_eq!(centre.sent_again(directory(), 0).await, (all, vec![]));
        });
    }
}
