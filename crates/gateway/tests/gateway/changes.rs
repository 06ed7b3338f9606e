//! Changes of user data that say who made them, and such that never end.

use std::time::Duration;

use encke_calls::Medium;
use encke_gateway::{ChangeBound, ChangeLoops, GatewayConfig, Operation, ReturnCode};

use crate::media::{SPELLINGS, offered};
use crate::support::{CALL, CALLS, Centre, SMS, at, directory};

const UPDATE: &str = r#"{"operationName":"UpdateUserData","userData":{"k":"v","n":1}}"#;
const ACCEPT: &str = r#"{"operationName":"Accept","nickname":"Al"}"#;

fn own() -> String {
    format!("/api/v2/me/calls/{CALL}")
}

fn others() -> String {
    format!("/api/v2/calls/{CALL}")
}

#[tokio::test]
async fn who_changed_what_is_told_on_request() {
    let centre = Centre::with(GatewayConfig::default().origin(true)).await;
    centre.dialled(r#"{"a":1,"k":"old"}"#).await;
    let robot = r#"{"operationName":"AttachUserData","userData":{"a":1},"thirdPartyDn":"7777"}"#;
    let delete = r#"{"operationName":"DeleteUserData"}"#;
    for (user, path, body, origin) in [
        ("alice", own(), UPDATE, r#"{"thirdPartyDN":"15000","keys":["k","n"]}"#),
        ("bob", own(), UPDATE, r#"{"thirdPartyDN":"15001","keys":[]}"#),
        (
            "erin",
            others(),
            r#"{"operationName":"DeleteUserDataPair","key":"n"}"#,
            r#"{"thirdPartyDN":"15009","keys":["n"]}"#,
        ),
        ("robot", others(), robot, r#"{"thirdPartyDN":"7777","keys":["a"]}"#),
        ("bob", own(), delete, r#"{"thirdPartyDN":"15001","keys":["a","k"]}"#),
    ] {
        centre.accepted(user, &path, body).await;
        let heard = centre.heard().await;
        let calls: Vec<_> = heard.iter().filter(|heard| heard.channel == CALLS).collect();
        assert_eq!(calls.len(), 2, "{body}");
        for heard in calls {
            assert_eq!(at(&heard.data, "origin"), Some(origin), "{user}");
        }
    }
    // What tells of something else has no such member.
    centre.accepted("bob", &own(), r#"{"operationName":"Answer"}"#).await;
    assert!(centre.heard().await.iter().all(|heard| at(&heard.data, "origin").is_none()));
}

#[tokio::test]
async fn who_changed_what_of_an_sms_session_is_told_also_when_it_is_told_again() {
    let centre = Centre::with(GatewayConfig::default().origin(true)).await;
    let session = crate::sms::offered(&centre, None).await;
    centre.heard().await;
    let (own, others) =
        (format!("/api/v2/me/smsessions/{session}"), format!("/api/v2/smsessions/{session}"));
    let robot = r#"{"operationName":"UpdateUserData","userData":{"r":1},"thirdPartyDn":"7777"}"#;
    let nameless = r#"{"operationName":"UpdateUserData","userData":{"r":1}}"#;
    let mut told = Vec::new();
    for (user, path, body, origin) in [
        ("alice", &own, UPDATE, r#"{"thirdPartyDN":"15000","keys":["n"]}"#),
        (
            "erin",
            &others,
            r#"{"operationName":"DeleteUserData","keys":["k","x"]}"#,
            r#"{"thirdPartyDN":"15009","keys":["k"]}"#,
        ),
        ("robot", &others, robot, r#"{"thirdPartyDN":"7777","keys":["r"]}"#),
        ("robot", &others, nameless, r#"{"keys":[]}"#),
    ] {
        centre.accepted(user, path, body).await;
        let heard = centre.heard().await;
        assert_eq!((heard.len(), heard[0].channel.as_str()), (1, SMS));
        assert_eq!(at(&heard[0].data, "origin"), Some(origin), "{user}");
        told.extend(heard);
    }
    let config = GatewayConfig::default().origin(true);
    let (again, _) = centre.sent_again_with(config, directory(), 0).await;
    let changes: Vec<_> = again.into_iter().filter(|h| at(&h.data, "origin").is_some()).collect();
    assert_eq!(changes, told, "who asked is in the journal");
}

#[tokio::test]
async fn who_changed_what_is_told_of_each_medium_as_it_is_described() {
    for spelling in &SPELLINGS {
        let centre = Centre::with(GatewayConfig::default().origin(true)).await;
        let id = offered(&centre, spelling.medium, None).await;
        let path = format!("/api/v2/me/{}/{id}", spelling.path);
        assert_eq!(centre.post("alice", &path, ACCEPT).await.http, 200);
        centre.heard().await;
        assert_eq!(centre.post("alice", &path, UPDATE).await.http, 200);
        // What is heard is held against its description.
        let heard = centre.heard().await;
        let origin = r#"{"thirdPartyDN":"15000","keys":["n"]}"#;
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(at(&heard[0].data, "origin"), Some(origin), "{}", spelling.path);
    }
}

#[tokio::test]
async fn nobody_is_told_who_changed_what_unless_it_is_asked_for() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    centre.accepted("alice", &own(), UPDATE).await;
    assert!(centre.heard().await.iter().all(|heard| at(&heard.data, "origin").is_none()));
}

#[tokio::test]
async fn a_loop_is_slowed_down_and_told_when_to_go_on() {
    let bound = ChangeBound { changes: 3, window: Duration::from_millis(2_500) };
    let centre = Centre::with(GatewayConfig::default().changes(Some(bound))).await;
    centre.dialled("{}").await;
    for _ in 0..3 {
        centre.accepted("alice", &own(), UPDATE).await;
    }
    centre.heard().await;
    for (path, body) in [(own(), UPDATE), (own(), r#"{"operationName":"DeleteUserData"}"#)] {
        let refused = centre.post("alice", &path, body).await;
        let text = "more than 3 changes of this user data in 2500 ms; does a client answer every \
                    change with a change?";
        assert_eq!(refused.refused(), (429, 3, text.to_owned()));
        assert_eq!(refused.headers["retry-after"], "3", "never too early");
    }
    // What is no change goes on, and so does everybody else; a third party has its own count.
    centre.accepted("bob", &own(), UPDATE).await;
    centre.accepted("bob", &own(), r#"{"operationName":"Answer"}"#).await;
    for _ in 0..3 {
        centre.accepted("erin", &others(), UPDATE).await;
    }
    assert_eq!(centre.post("erin", &others(), UPDATE).await.http, 429);
    let loops = centre.gateway.change_loops();
    assert_eq!((loops.loops, loops.refused), (2, 3));
    let counts = centre.gateway.counts().snapshot();
    let refused = counts.iter().find(|count| {
        (count.operation, count.code) == (Operation::UpdateUserData, ReturnCode::Forbidden)
    });
    assert_eq!(refused.unwrap().requests, 2);
    centre.pass(2_500);
    centre.accepted("alice", &own(), UPDATE).await;
}

#[tokio::test]
async fn a_disposition_is_a_change_of_user_data_and_counted_as_one() {
    let bound = ChangeBound { changes: 2, window: Duration::from_secs(1) };
    let centre = Centre::with(GatewayConfig::default().changes(Some(bound))).await;
    let path = format!("/api/v2/me/chats/{}", offered(&centre, Medium::Chat, None).await);
    centre.accepted("alice", &path, ACCEPT).await;
    let disposition = r#"{"operationName":"SetDisposition","disposition":"resolved"}"#;
    for body in [disposition, UPDATE] {
        centre.accepted("alice", &path, body).await;
    }
    for body in [disposition, UPDATE] {
        assert_eq!(centre.post("alice", &path, body).await.http, 429, "{body}");
    }
    centre.pass(1_000);
    centre.accepted("alice", &path, disposition).await;
}

#[tokio::test]
async fn a_loop_on_an_sms_session_is_one_too_and_without_a_bound_there_is_none() {
    let bound = ChangeBound { changes: 1, window: Duration::from_secs(1) };
    for (bound, http) in [(Some(bound), 429), (None, 200)] {
        let centre = Centre::with(GatewayConfig::default().changes(bound)).await;
        let session = crate::sms::offered(&centre, None).await;
        for (user, path) in [("alice", "me/smsessions"), ("erin", "smsessions")] {
            let path = format!("/api/v2/{path}/{session}");
            centre.accepted(user, &path, UPDATE).await;
            assert_eq!(centre.post(user, &path, UPDATE).await.http, http, "{user}");
        }
        // Nobody fills the memory with what does not exist.
        let nothing = centre.post("erin", "/api/v2/calls/none", UPDATE).await;
        assert_eq!(nothing.http, 404);
        assert_eq!(centre.post("erin", "/api/v2/calls/none", UPDATE).await.http, 404);
        let loops = centre.gateway.change_loops();
        assert_eq!(loops == ChangeLoops::default(), bound.is_none());
    }
}
