//! Random requests of four people on many calls, against a small model of what there is and who is
//! told of it.
//!
//! After each request: the answer is the model's; each line that the change concerns was told of it
//! once, with what it sees; nobody else was told anything. Every call that somebody is or was on
//! looks to him as the model has it, with the capabilities that the model gives; every other call
//! does not exist for him.

use std::collections::BTreeSet;

use encke_calls::{Limits, Profile};
use encke_gateway::GatewayConfig;
use proptest::prelude::*;
use proptest::sample::Index;

use self::house::{House, LINES, Line, OPERATIONS, Seen, Told};
use crate::support::{CALLS, Centre, at};

mod house;

/// A request, of which the particulars are picked when it is made.
#[derive(Clone, Debug)]
enum Step {
    Dial(Index, Index),
    /// Anything, by anybody, on any call.
    Try(Index, Index, Index, Index),
    /// Something that somebody may do.
    Do(Index, Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        1 => (index(), index()).prop_map(|(from, to)| Step::Dial(from, to)),
        2 => (index(), index(), index(), index()).prop_map(|(a, b, c, d)| Step::Try(a, b, c, d)),
        8 => (index(), index()).prop_map(|(what, other)| Step::Do(what, other)),
    ]
}

/// What a step is in this house: on which call (none to dial), by whom, what, and whom else.
type Request = (Option<usize>, Line, &'static str, Line);

fn request(step: &Step, house: &House) -> Option<Request> {
    let calls: Vec<usize> = (0..house.calls()).collect();
    Some(match step {
        Step::Dial(from, to) => (None, *from.get(&LINES), "Dial", *to.get(&LINES)),
        _ if calls.is_empty() => return None,
        Step::Try(call, line, operation, other) => {
            let operation = *operation.get(&OPERATIONS);
            (Some(*call.get(&calls)), *line.get(&LINES), operation, *other.get(&LINES))
        }
        Step::Do(what, other) => {
            let may: Vec<_> = calls
                .iter()
                .flat_map(|call| LINES.map(|line| (*call, line)))
                .flat_map(|(call, line)| {
                    house.may(call, line).into_iter().map(move |operation| (call, line, operation))
                })
                .collect();
            if may.is_empty() {
                return None;
            }
            let (call, line, operation) = *what.get(&may);
            (Some(call), line, operation, *other.get(&LINES))
        }
    })
}

/// The body of a request.
fn body(operation: &str, other: Line) -> String {
    let parameters = match operation {
        "Dial"
        | "SingleStepTransfer"
        | "SingleStepConference"
        | "InitiateTransfer"
        | "InitiateConference" => format!(r#","destination":{{"phoneNumber":"{other}"}}"#),
        "RemoveParticipantFromConference" => format!(r#","participant":"{other}""#),
        "SendDtmf" => r#","digits":"1""#.to_owned(),
        "AttachUserData" | "UpdateUserData" => format!(r#","userData":{{"k":"{other}"}}"#),
        "DeleteUserDataPair" => r#","key":"k""#.to_owned(),
        _ => String::new(),
    };
    format!(r#"{{"operationName":"{operation}"{parameters}}}"#)
}

fn name(line: Line) -> &'static str {
    match line {
        "15000" => "alice",
        "15001" => "bob",
        "15002" => "carol",
        _ => "erin",
    }
}

/// What the JSON of a `call` says.
fn read(call: &str, ids: &[String]) -> Seen {
    let text = |name| at(call, name).map(|value| value.trim_matches('"').to_owned());
    let known = |all: &[&'static str], value: String| {
        *all.iter().find(|known| **known == value).unwrap_or_else(|| panic!("{value}"))
    };
    let participants: Vec<serde_json::Value> =
        serde_json::from_str(at(call, "participants").unwrap()).unwrap();
    let others: BTreeSet<Line> = participants
        .iter()
        .map(|other| known(&LINES, other["digits"].as_str().unwrap().into()))
        .collect();
    assert_eq!(others.len(), participants.len(), "nobody is there twice: {call}");
    let states = ["Dialing", "Ringing", "Established", "Held", "Released"];
    let parent = text("parentCallPath")
        .map(|path| ids.iter().position(|id| path == format!("/calls/{id}")).unwrap());
    assert_eq!(
        text("parentCallUri"),
        parent.map(|parent| format!("http://127.0.0.1:8080/api/v2/me/calls/{}", ids[parent]))
    );
    let data = at(call, "userData").map_or_else(Vec::new, crate::support::members);
    Seen {
        state: known(&states, text("state").unwrap()),
        others,
        data: data.into_iter().map(|(key, value)| (key, value.to_owned())).collect(),
        muted: text("mute").unwrap() == "On",
        recording: text("recordingState")
            .map(|state| known(&["Recording", "Paused", "Stopped"], state)),
        parent,
    }
}

/// The house as served, and the ids of its calls in the order in which they began.
struct Served {
    centre: Centre,
    ids: Vec<String>,
}

impl Served {
    async fn open() -> Self {
        let config = GatewayConfig::default().capabilities(Profile::Everything);
        let centre = Centre::limited(config, Limits::default().calls_per_dn(1000)).await;
        Self { centre, ids: Vec::new() }
    }

    /// Makes a request; the `statusCode` of the answer, and who was told what of which call.
    async fn ask(&mut self, (call, line, operation, other): Request, house: &House) -> Vec<Told> {
        let path = match call {
            None => format!("/api/v2/me/devices/{line}/calls"),
            Some(call) => format!("/api/v2/me/calls/{}", self.ids[call]),
        };
        let answer = self.centre.post(name(line), &path, &body(operation, other)).await;
        assert!(answer.http < 500, "{}", answer.body);
        let mut told = Vec::new();
        for heard in self.centre.heard().await.into_iter().filter(|heard| heard.channel == CALLS) {
            let id = at(&heard.data, "call.id").unwrap().trim_matches('"').to_owned();
            if !self.ids.contains(&id) {
                self.ids.push(id.clone());
            }
            let call = self.ids.iter().position(|known| *known == id).unwrap();
            let whom = *LINES.iter().find(|line| name(line) == heard.user).unwrap();
            let number = at(&heard.data, "phoneNumber").unwrap();
            assert_eq!(number, format!("\"{whom}\""));
            let seen = read(at(&heard.data, "call").unwrap(), &self.ids);
            assert_eq!(Some(seen), house.seen(call, whom), "{}", heard.data);
            let kind = at(&heard.data, "notificationType").unwrap().trim_matches('"');
            let kinds = [
                "StatusChange",
                "ParticipantsUpdated",
                "AttachedDataChanged",
                "CallRecordingStateChange",
            ];
            told.push((whom, call, *kinds.iter().find(|known| **known == kind).unwrap()));
        }
        let code = serde_json::from_str::<serde_json::Value>(&answer.body).unwrap();
        let code = code["statusCode"].as_u64().unwrap();
        if code != 0 {
            assert!(told.is_empty(), "who was refused changes nothing: {told:?}");
            told.push((line, usize::try_from(code).unwrap(), "refused"));
        }
        told
    }

    /// Every call looks to everybody as the model has it.
    async fn looks_like(&self, house: &House) {
        assert_eq!(self.ids.len(), house.calls());
        for (call, id) in self.ids.iter().enumerate() {
            for line in LINES {
                let answer = self.centre.get(name(line), &format!("/api/v2/me/calls/{id}")).await;
                let Some(seen) = house.seen(call, line) else {
                    assert_eq!(answer.http, 404, "{}", answer.body);
                    continue;
                };
                let shown = at(&answer.body, "call").unwrap();
                assert_eq!(read(shown, &self.ids), seen, "{line} {shown}");
                let capabilities: Vec<String> =
                    serde_json::from_str(at(shown, "capabilities").unwrap()).unwrap();
                let shown: BTreeSet<&str> = capabilities.iter().map(String::as_str).collect();
                assert_eq!(shown.len(), capabilities.len(), "each once: {capabilities:?}");
                assert_eq!(shown, house.may(call, line), "{line} {seen:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_do_what_the_model_does(steps in prop::collection::vec(step(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut house = House::default();
            let mut served = Served::open().await;
            for (nth, step) in (1..).zip(&steps) {
                let Some(request) = request(step, &house) else { continue };
                let (call, line, operation, other) = request;
                let expected = match call {
                    None => house.dial(line, other),
                    Some(call) => house.operate(call, line, operation, other),
                };
                let mut expected = expected.unwrap_or_else(|code| {
                    vec![(line, usize::try_from(code).unwrap(), "refused")]
                });
                let mut told = served.ask(request, &house).await;
                expected.sort_unstable();
                told.sort_unstable();
                assert_eq!(told, expected, "{request:?}");
                if nth % 8 == 0 {
                    served.looks_like(&house).await;
                }
            }
            served.looks_like(&house).await;
        });
    }
}
