//! The description of the notifications against the notifications.
//!
//! [`Centre::heard`] holds every notification of every test against it; here are those that were
//! written down before, in `tests/golden`, and what makes the check worth something.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use encke_gateway::{ASYNCAPI, GatewayConfig, OPENAPI, SmsSpelling};
use encke_testkit::schema::{conforms, resolved};
use serde_json::Value;

use crate::support::{CALLS, Centre, SMS, TEVENTS};

/// Both documents in one, so that a reference from the one to the other is one inside of it.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = ASYNCAPI.replace("openapi.json#/components/", "#/components/");
    assert!(!text.contains("openapi.json#"), "a reference to something else than a component");
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    let resources: Value = serde_json::from_str(OPENAPI).unwrap();
    for (name, schema) in resources["components"]["schemas"].as_object().unwrap() {
        assert_eq!(schemas.insert(name.clone(), schema.clone()), None, "{name} is there twice");
    }
    document
});

/// Why `data` is none of the messages described of `channel`, if it is none.
pub(crate) fn described(channel: &str, data: &Value) -> Result<(), String> {
    let document = &*DOCUMENT;
    let channels = document["channels"].as_object().unwrap();
    let described = channels
        .values()
        .find(|described| described["address"] == channel)
        .ok_or_else(|| format!("{channel} is not described"))?;
    let mut problems = Vec::new();
    for message in described["messages"].as_object().unwrap().values() {
        let payload = &resolved(document, message)["payload"];
        match conforms(document, payload, data) {
            Ok(()) => return Ok(()),
            Err(problem) => problems.push(problem),
        }
    }
    Err(format!("{channel} has no such message: {problems:?}"))
}

/// The notifications of a conversation that was written down.
fn told(transcript: &str) -> impl Iterator<Item = (&str, Value)> {
    transcript.lines().filter_map(|line| line.strip_prefix("> ")).map(|line| {
        let mut parts = line.splitn(3, ' ').skip(1);
        let (channel, data) = (parts.next().unwrap(), parts.next().unwrap());
        (channel, serde_json::from_str(data).unwrap())
    })
}

#[test]
fn each_golden_notification_is_described() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (mut documented, mut ours) = (0, 0);
    for file in fs::read_dir(&golden).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let message: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let channel = message["channel"].as_str().unwrap();
        let data = &message["data"];
        assert_eq!(described(channel, data), Ok(()), "{}", file.display());
        documented += 1;
    }
    let conversations =
        ["voice", "agent", "media"].map(|folder| fs::read_dir(golden.join(folder)).unwrap());
    for file in conversations.into_iter().flatten().map(|entry| entry.unwrap().path()) {
        for (channel, data) in told(&fs::read_to_string(&file).unwrap()) {
            assert_eq!(described(channel, &data), Ok(()), "{}: {data}", file.display());
            ours += 1;
        }
    }
    assert!(documented >= 4 && ours >= 100, "{documented} {ours}");
}

#[test]
fn what_is_not_described_is_found() {
    let golden = include_str!("../golden/voice/user_data.txt");
    let of = |channel| told(golden).find(|(told, _)| *told == channel).unwrap().1;
    let call = of(CALLS);
    for (channel, data, path, value) in [
        (CALLS, &call, "/messageType", Value::from("CallStateChange")),
        (CALLS, &call, "/notificationType", Value::from("PropertiesUpdated")),
        (CALLS, &call, "/call/duration", Value::from(0)),
        (CALLS, &call, "/call", serde_json::json!({"id": "CALL1", "state": "Dialing"})),
        (TEVENTS, &of(TEVENTS), "/time", Value::from("0")),
    ] {
        let mut wrong = data.clone();
        *wrong.pointer_mut(path).unwrap() = value;
        assert!(described(channel, &wrong).is_err(), "{path}");
    }
    let mut more = call.clone();
    more["call"]["colour"] = "green".into();
    assert!(described(CALLS, &more).is_err());
    assert!(described(SMS, &call).is_err());
    assert!(described("/v2/me/others", &call).is_err());
}

#[tokio::test]
async fn the_other_spelling_and_metrics_are_described_as_well() {
    let config = GatewayConfig::default().sms_spelling(SmsSpelling::Smssession).metrics(true);
    let centre = Centre::with(config).await;
    let session = crate::sms::offered(&centre, Some("hello")).await;
    let path = format!("/api/v2/me/smsessions/{session}");
    centre.accepted("alice", &path, r#"{"operationName":"Accept","nickname":"Alice"}"#).await;
    let heard = centre.heard_by("alice", "/v2/me/smssessions").await;
    assert_eq!(heard.len(), 4, "the offer and three of the acceptance");
    for data in heard {
        let mut data: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(described("/v2/me/smssessions", &data), Ok(()));
        let members = data.as_object_mut().unwrap();
        assert!(members["metrics"].is_object());
        members.retain(|name, _| !name.starts_with("smssession"));
        assert!(described("/v2/me/smssessions", &data).is_err(), "nothing of the session: {data}");
    }
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"}}"#;
    centre.accepted("alice", "/api/v2/me/devices/15000/calls", dial).await;
    assert_eq!(centre.heard_by("bob", CALLS).await.len(), 1);
}
