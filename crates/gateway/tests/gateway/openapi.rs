//! The description of the surface against the surface: what it says is what a client meets.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use encke_calls::{
    Actor, CallAction, CallId, Command, InteractionAction, InteractionActor, UserName,
};
use encke_gateway::{GatewayConfig, OPENAPI, Operation};
use encke_journal::Fault;
use encke_testkit::schema::{conforms, resolved};
use serde_json::Value;

use crate::support::{CALL, Centre, request};

/// Ids that are random, as the examples have them.
const SESSION: &str = "007TIa9bKXy4eD5Q";
const PARTICIPANTS: [&str; 2] = ["0053C8D7E1A90F24", "0053C8D7E1A90F25"];

/// A path as described, with an id.
fn filled(path: &str, id: &str) -> String {
    path.replace("{mediaType}", "openmedia").replace("{id}", id)
}

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// Every operation of the document: its path, its method, what is said of it.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters");
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// The schemas of the bodies that may be posted, by `operationName`.
fn bodies<'a>(document: &'a Value, operation: &'a Value) -> BTreeMap<&'a str, &'a Value> {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let schema = resolved(document, body);
    let mapping = schema["discriminator"]["mapping"].as_object().unwrap();
    let choices = schema["oneOf"].as_array().unwrap();
    assert_eq!(mapping.len(), choices.len());
    choices
        .iter()
        .map(|choice| {
            let body = resolved(document, choice);
            let name = body["properties"]["operationName"]["const"].as_str().unwrap();
            assert_eq!(mapping[name], choice["$ref"]);
            (name, body)
        })
        .collect()
}

#[tokio::test]
async fn each_path_has_the_methods_described_and_no_other() {
    let centre = Centre::open().await;
    let document = document();
    let mut methods: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, method, _) in operations(&document) {
        methods.entry(path).or_default().push(match method {
            "get" => "GET,HEAD",
            "post" => "POST",
            other => panic!("{other}"),
        });
    }
    for (path, methods) in methods {
        for end in ["", "/"] {
            let path = format!("{}{end}", filled(path, "x"));
            let answer = centre.send(request(Method::PUT, &path, ""), Some("alice")).await;
            assert_eq!(answer.http, 405, "{path}");
            assert_eq!(answer.headers["allow"], methods.join(","), "{path}");
        }
    }
}

#[tokio::test]
async fn each_path_knows_the_operations_described_and_no_other() {
    let centre = Centre::open().await;
    let document = document();
    let mut described = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        if method != "post" {
            continue;
        }
        let bodies = bodies(&document, operation);
        described.extend(bodies.keys().copied());
        for name in Operation::ALL.map(Operation::name) {
            let body = format!(r#"{{"operationName":"{name}"}}"#);
            let answer = centre.post("erin", &filled(path, "x"), &body).await.body;
            let unknown = answer.contains("does not exist on") || answer.contains("has no ");
            assert_eq!(!unknown, bodies.contains_key(name), "{name} at {path}: {answer}");
        }
    }
    let posted: BTreeSet<_> = Operation::ALL
        .into_iter()
        .filter(|operation| *operation != Operation::Unknown)
        .map(Operation::name)
        .filter(|name| !name.starts_with("Get"))
        .collect();
    assert_eq!(described, posted);
}

#[test]
fn both_spellings_are_described_alike() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let mut pairs = 0;
    for (path, item) in paths.iter().filter(|(path, _)| path.contains("/smsessions")) {
        let other = paths[&path.replace("smsessions", "smssessions")].to_string();
        assert_eq!(other.replace("DoubleS\"", "\""), item.to_string(), "{path}");
        pairs += 1;
    }
    assert_eq!(pairs, 4);
}

#[tokio::test]
async fn each_example_of_a_request_is_accepted() {
    let centre = Centre::open().await;
    let document = document();
    centre.dialled("{}").await;
    let session = crate::sms::offered(&centre, Some("hello")).await;
    let rejected = crate::sms::offered(&centre, None).await;
    let mut examples: BTreeMap<(&str, &str), &Value> = operations(&document)
        .filter(|(_, method, _)| *method == "post")
        .flat_map(|(path, _, operation)| {
            bodies(&document, operation).into_iter().map(move |(name, body)| ((path, name), body))
        })
        .collect();

    let own = "/api/v2/me/calls/{id}";
    let sms = "/api/v2/me/smsessions/{id}";
    let settings = &["DoNotDisturbOn", "DoNotDisturbOff", "ForwardCallsOn", "ForwardCallsOff"];
    let channel = &["Ready", "NotReady", "AfterCallWork", "AuxWork"];
    let change = &["AttachUserData", "UpdateUserData", "DeleteUserDataPair", "DeleteUserData"];
    let change_sms = &["AttachUserData", "UpdateUserData", "DeleteUserData"];
    let recording =
        ["StartCallRecording", "PauseCallRecording", "ResumeCallRecording", "StopCallRecording"];
    let script: [(&str, &str, &str, &[&str]); 18] = [
        ("alice", "/api/v2/me", "", &["StartContactCenterSession", "Ready", "NotReady"]),
        ("alice", "/api/v2/me/channels/{id}", "voice", channel),
        ("alice", "/api/v2/me/devices/{id}", "15000", settings),
        ("alice", "/api/v2/me/devices/{id}/calls", "15000", &["Dial"]),
        ("alice", own, CALL, change),
        ("robot", "/api/v2/calls/{id}", CALL, change),
        ("bob", own, CALL, &["Answer"]),
        ("alice", own, CALL, &["SendDtmf", "MuteCall", "UnmuteCall", "Hold", "Retrieve"]),
        ("alice", own, CALL, &recording),
        ("alice", own, CALL, &["SingleStepConference", "RemoveParticipantFromConference"]),
        ("alice", sms, &session, &["Accept", "SendMessage", "SendUrl", "SetDisposition"]),
        ("alice", sms, &session, &["SetInFocus", "SendStartTypingNotification"]),
        ("alice", sms, &session, &["SendStopTypingNotification"]),
        ("alice", sms, &session, change_sms),
        ("erin", "/api/v2/smsessions/{id}", &session, change_sms),
        ("alice", sms, &session, &["Leave", "Complete"]),
        ("alice", sms, &rejected, &["Reject"]),
        ("alice", "/api/v2/me", "", &["EndContactCenterSession"]),
    ];
    for (user, path, id, names) in script {
        for name in names {
            let schema = examples.remove(&(path, *name)).unwrap();
            let body = &schema["examples"][0];
            assert_eq!(conforms(&document, schema, body), Ok(()), "{name} at {path}");
            centre.accepted(user, &filled(path, id), &body.to_string()).await;
        }
    }
    for spelling in &crate::media::SPELLINGS {
        let path = format!("/api/v2/me/{}/{{id}}", spelling.path);
        let path = path.replace("openmedia/openmedia", "openmedia/{mediaType}");
        let of_others = path.replace("/me/", "/");
        // Each operation has one of its own, in the state in which it is possible.
        let all: Vec<(&str, &str)> = examples
            .keys()
            .filter(|(described, _)| *described == path || *described == of_others)
            .copied()
            .collect();
        for (described, name) in all {
            let schema = examples.remove(&(described, name)).unwrap();
            let body = &schema["examples"][0];
            assert_eq!(conforms(&document, schema, body), Ok(()), "{name} at {described}");
            let id = crate::media::offered(&centre, spelling.medium, Some("hello")).await;
            let before: &[&str] = match name {
                "Accept" | "Reject" => &[],
                "PullFromWorkbin" => &["Accept", "PlaceInWorkbin"],
                _ => &["Accept"],
            };
            for before in before {
                let body = format!(r#"{{"operationName":"{before}"}}"#);
                assert_eq!(centre.post("alice", &filled(&path, &id), &body).await.http, 200);
            }
            let user = if described == path { "alice" } else { "erin" };
            let asked = filled(described, &id);
            let answer = centre.post(user, &asked, &body.to_string()).await;
            assert_eq!(answer.http, 200, "{name} at {described}: {}", answer.body);
            let response = &document["paths"][described]["post"]["responses"]["200"]["content"];
            let answered: Value = serde_json::from_str(&answer.body).unwrap();
            let schema = &response["application/json"]["schema"];
            assert_eq!(conforms(&document, schema, &answered), Ok(()), "{name} at {described}");
            let key = centre.core.interaction(&id).unwrap().key();
            for agent in ["alice", "bob"] {
                for action in [InteractionAction::Reject, InteractionAction::Complete] {
                    let by = InteractionActor::Agent(UserName::new(agent).unwrap());
                    let interaction = key.clone();
                    let command = Command::OperateInteraction { interaction, by, action };
                    // One of them ends it.
                    drop(centre.core.submit(command).await);
                }
            }
        }
    }
    // What ends a call needs one of its own each time.
    for names in [
        &["Hangup"][..],
        &["ClearCall"],
        &["SingleStepTransfer"],
        &["InitiateTransfer", "SwapCalls", "CompleteTransfer"],
        &["InitiateConference", "CompleteConference"],
    ] {
        let id = crate::consults::talking(&centre).await;
        for name in names {
            let schema = examples.remove(&(own, *name)).unwrap();
            let body = &schema["examples"][0];
            assert_eq!(conforms(&document, schema, body), Ok(()), "{name}");
            centre.accepted("alice", &own.replace("{id}", &id), &body.to_string()).await;
        }
        let clear = Command::Operate {
            call: CallId::new(id).unwrap(),
            by: Actor::Dn(crate::support::dn("15001")),
            action: CallAction::Clear,
        };
        // Some have ended it.
        drop(centre.core.submit(clear).await);
    }
    // The other spelling has the same description and the same handlers.
    let others = ["/smssessions", "/facebooksessions", "/twitters"];
    examples.retain(|(path, _), _| !others.iter().any(|other| path.contains(other)));
    assert!(examples.is_empty(), "{examples:?}");
}

/// How to get the answer of an example: its name, who asks, method, path as described, what stands
/// for `{id}`, query and body.
type Row<'a> = (&'a str, Option<&'a str>, Method, &'a str, &'a str, &'a str, &'a str);

fn rows(session: &str) -> Vec<Row<'_>> {
    let alice = Some("alice");
    let call = "/api/v2/me/calls/{id}";
    let calls = "/api/v2/me/calls";
    let sms = "/api/v2/me/smsessions";
    let get = |name, path, id, query| (name, alice, Method::GET, path, id, query, "");
    let post = |name, path, id, body| (name, alice, Method::POST, path, id, "", body);
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice","fax"]}"#;
    vec![
        get("me", "/api/v2/me", "", ""),
        get("meWithSubresources", "/api/v2/me", "", "?subresources=*"),
        post("partlyAccepted", "/api/v2/me", "", start),
        get("callUris", calls, "", ""),
        get("callFields", calls, "", "?fields=id,state,userData"),
        get("call", call, CALL, ""),
        get("deviceUris", "/api/v2/me/devices", "", ""),
        get("devices", "/api/v2/me/devices", "", "?fields=*"),
        get("device", "/api/v2/me/devices/{id}", "15000", ""),
        get("smsUris", sms, "", ""),
        get("smsSessions", sms, "", "?fields=*"),
        get("smsSession", "/api/v2/me/smsessions/{id}", session, ""),
        get("smsMessages", "/api/v2/me/smsessions/{id}/messages", session, ""),
        get("version", "/api/v2/diagnostics/version", "", ""),
        post("missingParameter", call, CALL, r#"{"operationName":"AttachUserData"}"#),
        post("notJson", call, CALL, "{operationName"),
        post("invalidState", call, CALL, r#"{"operationName":"Answer"}"#),
        post("unknownOperation", call, CALL, r#"{"operationName":"Transfer"}"#),
        get("repeatedParameter", calls, "", "?fields=id&fields=state"),
        ("notAuthenticated", None, Method::GET, calls, "", "", ""),
        post("noPermission", "/api/v2/calls/{id}", CALL, "{}"),
        get("noCall", call, "none", ""),
        get("noDevice", "/api/v2/devices/{id}", "15001", ""),
        get("noSession", "/api/v2/smsessions/{id}", "none", ""),
        post("accepted", call, CALL, r#"{"operationName":"DeleteUserData"}"#),
    ]
}

#[tokio::test]
async fn each_example_of_an_answer_is_what_is_answered() {
    let centre = Centre::with(GatewayConfig::default().external_url("https://encke.example.com"));
    let centre = centre.await;
    let document = document();
    centre.dialled(r#"{"AccountNumber":"12345"}"#).await;
    let session = crate::sms::offered(&centre, Some("Where is my order?")).await;
    let path = format!("/api/v2/me/smsessions/{session}");
    centre.accepted("alice", &path, r#"{"operationName":"Accept","nickname":"Alice"}"#).await;
    centre.pass(63_000);
    let mut random = vec![(session.clone(), SESSION)];
    let read: Value = serde_json::from_str(&centre.get("alice", &path).await.body).unwrap();
    for (participant, id) in
        read["smsession"]["participants"].as_array().unwrap().iter().zip(PARTICIPANTS)
    {
        random.push((participant["participantId"].as_str().unwrap().to_owned(), id));
    }

    let mut rows = rows(&session);
    let attach = r#"{"operationName":"AttachUserData","userData":{"k":"v"}}"#;
    let call = "/api/v2/me/calls/{id}";
    rows.push(("notStored", Some("alice"), Method::POST, call, CALL, "", attach));
    let mut shown = BTreeSet::new();
    for (name, user, method, path, id, query, body) in rows {
        if name == "notStored" {
            centre.journal.fail(Fault::Full);
        }
        let described = &document["paths"][path][method.as_str().to_ascii_lowercase()];
        let asked = format!("{}{query}", filled(path, id));
        let answer = centre.send(request(method, &asked, body), user).await;
        let body = random.iter().fold(answer.body, |body, (id, known)| body.replace(id, known));
        let body: Value = serde_json::from_str(&body).unwrap();
        let response = resolved(&document, &described["responses"][answer.http.to_string()]);
        let content = &response["content"]["application/json"];
        assert_eq!(conforms(&document, &content["schema"], &body), Ok(()), "{name}");
        assert_eq!(resolved(&document, &content["examples"][name])["value"], body, "{name}");
        shown.insert(name.to_owned());
    }
    let described = document["components"]["examples"].as_object().unwrap();
    assert_eq!(shown, described.keys().cloned().collect(), "each example is held here");
}

#[tokio::test]
async fn a_call_with_one_side_outside_is_described_as_well() {
    let centre = Centre::open().await;
    let document = document();
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"+15550100"}}"#;
    centre.accepted("alice", "/api/v2/me/devices/15000/calls", dial).await;
    let id = centre.core.calls_of(&crate::support::dn("15000"))[0].id.clone();
    let schema = &document["components"]["schemas"]["CallAnswer"];
    for action in [None, Some(CallAction::Answer), Some(CallAction::Hangup)] {
        if let Some(action) = action {
            let call = CallId::new(id.as_str()).unwrap();
            centre.submit(Command::Operate { call, by: Actor::Outside, action }).await;
        }
        let body = centre.get("alice", &format!("/api/v2/me/calls/{id}")).await.body;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(conforms(&document, schema, &body), Ok(()));
    }
}
