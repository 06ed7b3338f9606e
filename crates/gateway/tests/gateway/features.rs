//! What a user is, may use and is on: users, features and channels.

use encke_broker::UserId;
use encke_calls::Medium;
use encke_gateway::{Device, Directory, Feature, Features, GatewayConfig, User};

use crate::media::{SPELLINGS, offered};
use crate::support::{CALL, Centre, at, directory, dn};

/// Alice has only these features; everybody else has all.
async fn with_features(features: Features) -> Centre {
    let people = directory();
    let others = people.users().filter(|user| user.name().as_str() != "alice").cloned();
    let alice =
        User::new(UserId::new("alice")).device(Device::new(dn("15000"))).with_features(features);
    let directory = Directory::new(others.chain([alice])).unwrap();
    Centre::peopled_with(directory, GatewayConfig::default().recording(true)).await
}

fn operation(name: &str) -> String {
    format!(r#"{{"operationName":"{name}","userData":{{}},"channels":["voice"]}}"#)
}

#[tokio::test]
async fn an_operation_without_its_feature_is_refused_and_reading_is_not() {
    let call = format!("/api/v2/me/calls/{CALL}");
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"15002"}}"#;
    let rows = |session: &str| {
        [
            (Feature::Voice, call.clone(), operation("AttachUserData")),
            (Feature::Voice, "/api/v2/me/channels/voice".into(), operation("Ready")),
            (Feature::Voice, "/api/v2/me".into(), operation("NotReady")),
            (Feature::Voice, "/api/v2/me/devices/15000".into(), operation("DoNotDisturbOn")),
            (Feature::Voice, "/api/v2/me/devices/15000/calls".into(), dial.into()),
            (Feature::VoiceRecording, call.clone(), operation("StartCallRecording")),
            (
                Feature::Multimedia,
                format!("/api/v2/me/smsessions/{session}"),
                operation("AttachUserData"),
            ),
        ]
    };
    for lacking in Feature::ALL {
        let has = Feature::ALL.into_iter().filter(|feature| *feature != lacking);
        let centre = with_features(has.collect()).await;
        centre.dialled("{}").await;
        let answer = r#"{"operationName":"Answer"}"#;
        centre.accepted("bob", &call, answer).await;
        let session = crate::sms::offered(&centre, None).await;
        centre.heard().await;
        for (needed, path, body) in rows(&session) {
            if needed != lacking {
                continue;
            }
            let text = format!("the user does not have the feature '{}'", needed.id());
            assert_eq!(centre.post("alice", &path, &body).await.refused(), (403, 5, text));
        }
        assert!(centre.heard().await.is_empty(), "nothing happened");
        for path in [&call, "/api/v2/me/devices", "/api/v2/me/channels", "/api/v2/me/smsessions"] {
            assert_eq!(centre.get("alice", path).await.http, 200, "{path}");
        }
        let end = r#"{"operationName":"EndContactCenterSession"}"#;
        centre.accepted("alice", "/api/v2/me", end).await;
    }
}

#[tokio::test]
async fn capabilities_list_what_the_features_allow() {
    let call = format!("/api/v2/me/calls/{CALL}");
    for (features, listed, recording) in [
        (Features::default(), true, true),
        ([Feature::Voice].into_iter().collect(), true, false),
        (Features::NONE, false, false),
    ] {
        let centre = with_features(features).await;
        centre.dialled("{}").await;
        centre.accepted("bob", &call, r#"{"operationName":"Answer"}"#).await;
        let seen = centre.get("alice", &call).await.body;
        let capabilities = at(&seen, "call.capabilities").unwrap();
        assert_eq!(capabilities.contains("Hangup"), listed, "{capabilities}");
        assert_eq!(capabilities.contains("StartCallRecording"), recording, "{capabilities}");
        let bobs = centre.get("bob", &call).await.body;
        assert!(at(&bobs, "call.capabilities").unwrap().contains("StartCallRecording"));
    }
}

#[tokio::test]
async fn an_offer_can_be_turned_down_without_the_feature_that_it_needs() {
    for spelling in &SPELLINGS {
        let centre = with_features(Features::NONE).await;
        let id = offered(&centre, spelling.medium, Some("hello")).await;
        let told = centre.heard_by("alice", spelling.channel).await;
        let path = format!("/api/v2/me/{}/{id}", spelling.path);
        let read = centre.get("alice", &path).await.body;
        for seen in [&told[0], &read] {
            let listed = at(seen, spelling.key).and_then(|one| at(one, "capabilities"));
            assert_eq!(listed, Some(r#"["Reject"]"#), "{seen}");
        }
        let (http, code, _) = centre.post("alice", &path, &operation("Accept")).await.refused();
        assert_eq!((http, code), (403, 5), "{path}");
        assert_eq!(centre.post("alice", &path, &operation("Reject")).await.http, 200, "{path}");
    }
}

#[tokio::test]
async fn who_acts_for_others_needs_the_feature_himself() {
    let people = directory();
    let others = people.users().filter(|user| !["erin", "robot"].contains(&user.name().as_str()));
    // The robot is no user: whoever let it in knows it.
    let erin = User::new(UserId::new("erin")).device(Device::new(dn("15009")));
    let people = Directory::new(others.cloned().chain([erin.with_features(Features::NONE)]));
    let centre = Centre::peopled(people.unwrap()).await;
    centre.dialled("{}").await;
    let session = offered(&centre, Medium::Sms, None).await;
    centre.heard().await;
    let update =
        r#"{"operationName":"UpdateUserData","userData":{"k":"new"},"thirdPartyDn":"7777"}"#;
    for (path, feature) in [
        (format!("/api/v2/calls/{CALL}"), "api-voice"),
        (format!("/api/v2/smsessions/{session}"), "api-multimedia"),
    ] {
        let text = format!("the user does not have the feature '{feature}'");
        assert_eq!(centre.post("erin", &path, update).await.refused(), (403, 5, text));
        assert!(centre.heard().await.is_empty(), "nothing happened");
        centre.accepted("robot", &path, update).await;
        assert!(!centre.heard().await.is_empty());
    }
}

#[tokio::test]
async fn a_session_starts_on_the_channels_that_the_features_allow() {
    let centre = with_features([Feature::Multimedia].into_iter().collect()).await;
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice","sms"]}"#;
    let answer = centre.post("alice", "/api/v2/me", start).await;
    assert_eq!((answer.http, at(&answer.body, "statusCode")), (200, Some("7")));
    assert!(at(&answer.body, "failed").unwrap().contains(r#""channel":"voice""#));
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn features_are_those_of_the_user() {
    let centre = with_features([Feature::Voice].into_iter().collect()).await;
    let url = "http://127.0.0.1:8080/api/v2/features/api-voice";
    let uris = centre.get("alice", "/api/v2/me/features").await.body;
    assert_eq!(uris, format!(r#"{{"statusCode":0,"uris":["{url}"]}}"#));
    let one = centre.get("alice", "/api/v2/features/api-voice?fields=id,path").await.body;
    let feature = r#"{"id":"api-voice","path":"/features/api-voice"}"#;
    assert_eq!(at(&one, "feature"), Some(feature));
    for id in ["api-multimedia", "api-fly"] {
        assert_eq!(centre.get("alice", &format!("/api/v2/features/{id}")).await.http, 404, "{id}");
    }
    let all = centre.get("bob", "/api/v2/me?subresources=features").await.body;
    let ids: Vec<_> = Feature::ALL.map(Feature::id).to_vec();
    let shown: serde_json::Value =
        serde_json::from_str(at(&all, "user.features").unwrap()).unwrap();
    let shown: Vec<_> =
        shown.as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert_eq!(shown, ids);
}

#[tokio::test]
async fn the_voice_channel_has_the_state_of_the_agent() {
    let centre = Centre::open().await;
    let state = |name| {
        let centre = &centre;
        async move {
            let path = "/api/v2/me/channels/voice?fields=channel,phoneNumber,userState";
            let body = centre.get(name, path).await.body;
            at(&body, "channel.userState").map(str::to_owned)
        }
    };
    assert!(state("alice").await.unwrap().contains(r#""state":"LoggedOut""#));
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice"]}"#;
    centre.accepted("alice", "/api/v2/me", start).await;
    let lunch = r#"{"operationName":"NotReady","reasonCode":"lunch"}"#;
    centre.accepted("alice", "/api/v2/me/channels/voice", lunch).await;
    let list = centre.get("alice", "/api/v2/me/channels?fields=*").await.body;
    assert_eq!(
        at(&list, "channels"),
        Some(
            r#"[{"channel":"voice","phoneNumber":"15000","switchName":"encke","userState":{"id":"900D55CC-2BB0-431F-8BF9-D3525B383BE6","displayName":"Not Ready","state":"NotReady","reasonCode":"lunch"}}]"#
        )
    );
    // Who has no phone has no channel.
    assert_eq!(centre.get("robot", "/api/v2/me/channels/voice").await.http, 404);
    let none = centre.get("robot", "/api/v2/me/channels?fields=*").await.body;
    assert_eq!(at(&none, "channels"), Some("[]"));
    assert_eq!(centre.get("alice", "/api/v2/me/channels/chat").await.http, 404);
}

#[tokio::test]
async fn a_user_is_where_his_address_points_and_others_are_for_supervisors() {
    let centre = Centre::open().await;
    let me = centre.get("alice", "/api/v2/me").await.body;
    let uri = at(&me, "user.uri").unwrap().trim_matches('"').to_owned();
    let path = uri.strip_prefix("http://127.0.0.1:8080").unwrap();
    assert_eq!(centre.get("alice", path).await.body, me);
    for (user, http) in [("alice", 200), ("bob", 404), ("erin", 200), ("robot", 200)] {
        assert_eq!(centre.get(user, path).await.http, http, "{user}");
        assert_eq!(centre.get(user, "/api/v2/users/alice").await.http, http, "{user}");
    }
    assert_eq!(centre.get("erin", "/api/v2/users/nobody").await.http, 404);
}
