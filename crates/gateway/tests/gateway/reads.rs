//! What a client reads when it starts or has lost its notifications.

use encke_gateway::{GatewayConfig, Operation};

use crate::support::{CALL, Centre, at, members};

fn names(json: &str) -> Vec<String> {
    members(json).into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn calls_are_uris_or_whole_or_the_fields_asked_for() {
    let centre = Centre::open().await;
    centre.dialled(r#"{"k":1.10}"#).await;
    let get = |query: &'static str| {
        let centre = &centre;
        async move { centre.get("alice", &format!("/api/v2/me/calls{query}")).await.body }
    };
    let uri = format!("http://127.0.0.1:8080/api/v2/me/calls/{CALL}");
    assert_eq!(get("").await, format!(r#"{{"statusCode":0,"uris":["{uri}"]}}"#));
    assert_eq!(
        get("?fields=userData,state").await,
        r#"{"statusCode":0,"calls":[{"state":"Dialing","userData":{"k":1.10}}]}"#
    );
    let all = get("?fields=*").await;
    let whole = centre.get("alice", &format!("/api/v2/me/calls/{CALL}")).await.body;
    assert_eq!(at(&all, "calls"), Some(format!("[{}]", at(&whole, "call").unwrap()).as_str()));
    assert_eq!(
        names(at(&whole, "call").unwrap()),
        [
            "id",
            "state",
            "callUuid",
            "connId",
            "deviceUri",
            "participants",
            "dnis",
            "callType",
            "capabilities",
            "userData",
            "duration",
            "mute",
            "supervisorListeningIn",
            "monitoredUserMuted",
            "monitoring",
            "uri",
            "path"
        ]
    );
    assert_eq!(
        centre.get("carol", "/api/v2/me/calls?fields=*").await.body,
        r#"{"statusCode":0,"calls":[]}"#
    );
}

#[tokio::test]
async fn a_released_call_leaves_the_list_and_can_still_be_read() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    centre.pass(5_000);
    let path = format!("/api/v2/me/calls/{CALL}");
    centre.accepted("alice", &path, r#"{"operationName":"Hangup"}"#).await;
    centre.pass(60_000);
    assert_eq!(centre.get("alice", "/api/v2/me/calls").await.body, r#"{"statusCode":0,"uris":[]}"#);
    let read = centre.get("alice", &path).await.body;
    assert_eq!(at(&read, "call.state"), Some("\"Released\""));
    assert_eq!(at(&read, "call.duration"), Some("\"5\""), "the clock stopped with the call");
}

#[tokio::test]
async fn a_call_of_others_does_not_exist() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let (http, code, _) = centre.get("carol", &format!("/api/v2/me/calls/{CALL}")).await.refused();
    assert_eq!((http, code), (404, 6));
}

#[tokio::test]
async fn the_user_is_shown_with_the_subresources_asked_for() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let plain = centre.get("alice", "/api/v2/me").await.body;
    let user = at(&plain, "user").unwrap();
    assert_eq!(
        names(user),
        [
            "id",
            "userName",
            "firstName",
            "lastName",
            "emailAddress",
            "roles",
            "enabled",
            "changePasswordOnFirstLogin",
            "contactCenterId",
            "uri",
            "path"
        ]
    );
    assert_eq!(at(user, "userName"), Some("\"alice\""));
    assert_eq!(at(user, "roles"), Some(r#"["ROLE_AGENT"]"#));

    // As the Workspace desktop asks, slash included; what is not here is left out.
    let path = "/api/v2/me/?subresources=devices,calls,channels,interactions,chats";
    let body = centre.get("alice", path).await.body;
    assert_eq!(names(at(&body, "user").unwrap())[11..], ["devices", "calls", "chats"]);
    let calls: Vec<serde_json::Value> =
        serde_json::from_str(at(&body, "user.calls").unwrap()).unwrap();
    assert_eq!(calls[0]["id"], CALL);

    let all = centre.get("carol", "/api/v2/me?subresources=*").await.body;
    assert_eq!(
        names(at(&all, "user").unwrap())[11..],
        [
            "devices",
            "calls",
            "chats",
            "emails",
            "facebooksessions",
            "imSessions",
            "openmedia",
            "smsessions",
            "twitters",
            "workitems"
        ]
    );
    assert_eq!(at(&all, "user.calls"), Some("[]"));
}

#[tokio::test]
async fn devices_are_listed_and_each_can_be_read_where_its_uri_points() {
    let centre = Centre::open().await;
    let list = centre.get("alice", "/api/v2/me/devices").await.body;
    let uri = "http://127.0.0.1:8080/api/v2/devices/631608b3-ceb1-472b-ba05-2ae39555b0d1";
    assert_eq!(list, format!(r#"{{"statusCode":0,"uris":["{uri}"]}}"#));
    let whole = centre.get("alice", "/api/v2/me/devices?fields=*").await.body;
    let device = centre.get("alice", uri.trim_start_matches("http://127.0.0.1:8080")).await.body;
    assert_eq!(
        at(&whole, "devices"),
        Some(format!("[{}]", at(&device, "device").unwrap()).as_str())
    );
    assert_eq!(at(&device, "device.phoneNumber"), Some("\"15000\""));
    assert_eq!(at(&device, "device.userState.state"), Some("\"LoggedOut\""));
    assert_eq!(
        centre.get("robot", "/api/v2/me/devices").await.body,
        r#"{"statusCode":0,"uris":[]}"#
    );
}

#[tokio::test]
async fn addresses_begin_with_the_external_url() {
    let centre =
        Centre::with(GatewayConfig::default().external_url("https://cc.example.com/gws/")).await;
    centre.dialled("{}").await;
    let body = centre.get("alice", "/api/v2/me/calls").await.body;
    let uri = format!("https://cc.example.com/gws/api/v2/me/calls/{CALL}");
    assert_eq!(body, format!(r#"{{"statusCode":0,"uris":["{uri}"]}}"#));
}

#[tokio::test]
async fn the_version_is_that_of_the_config() {
    let centre = Centre::with(GatewayConfig::default().version("8.5.\"x\"")).await;
    let body = centre.get("alice", "/api/v2/diagnostics/version").await.body;
    assert_eq!(body, r#"{"statusCode":0,"version":"8.5.\"x\""}"#);
}

#[tokio::test]
async fn a_session_starts_with_the_channels_that_there_are() {
    let centre = Centre::open().await;
    let start = |user: &'static str, channels: &'static str| {
        let centre = &centre;
        let body =
            format!(r#"{{"operationName":"StartContactCenterSession","channels":{channels}}}"#);
        async move { centre.post(user, "/api/v2/me", &body).await }
    };
    assert_eq!(start("alice", r#"["voice"]"#).await.body, r#"{"statusCode":0}"#);
    let partly = start("alice", r#"["voice","fax"]"#).await;
    assert_eq!(partly.http, 200);
    assert_eq!(
        partly.body,
        r#"{"statusCode":7,"failed":[{"statusCode":6,"statusMessage":"the user has no such channel","channel":"fax"}],"succeeded":[{"statusCode":0,"channel":"voice"}]}"#
    );
    let media =
        r#"["voice","sms","chat","email","workitem","openmedia","im","facebook","twitter"]"#;
    assert_eq!(start("alice", media).await.body, r#"{"statusCode":0}"#);
    assert_eq!(start("robot", r#"["voice"]"#).await.refused().1, 6, "without a phone no voice");
    centre.accepted("alice", "/api/v2/me", r#"{"operationName":"EndContactCenterSession"}"#).await;
}

#[tokio::test]
async fn requests_are_counted_by_operation_and_code() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let path = format!("/api/v2/me/calls/{CALL}");
    for body in ["{}", "nonsense", r#"{"operationName":"Fly"}"#, r#"{"operationName":"Answer"}"#] {
        centre.post("bob", &path, body).await;
    }
    centre.post("bob", &path, r#"{"operationName":"Answer"}"#).await;
    centre.get("bob", "/api/v2/me").await;
    centre.get("bob", "/api/v2/nowhere").await;
    let counted: Vec<_> = centre
        .gateway
        .counts()
        .snapshot()
        .iter()
        .map(|count| (count.operation, count.code.number(), count.requests))
        .collect();
    assert_eq!(
        counted,
        [
            (Operation::Answer, 0, 1),
            (Operation::Answer, 2, 1),
            (Operation::GetMe, 0, 1),
            (Operation::Unknown, 1, 2),
            (Operation::Unknown, 6, 1),
            (Operation::Unknown, 10, 1),
        ]
    );
}

#[tokio::test]
async fn metrics_are_in_every_notification_on_request_and_true() {
    let centre = Centre::with(GatewayConfig::default().metrics(true)).await;
    centre.dialled("{}").await;
    let path = format!("/api/v2/me/calls/{CALL}");
    centre
        .accepted("alice", &path, r#"{"operationName":"AttachUserData","userData":{"a":1}}"#)
        .await;
    let heard = centre.heard_by("alice", "/v2/me/calls").await;
    let metrics: serde_json::Value =
        serde_json::from_str(at(&heard[0], "metrics.eventProcessing").unwrap()).unwrap();
    assert_eq!(metrics["serverGenerationTimestamp"], 1_767_323_045_000_u64);
    assert_eq!(metrics["serverProcessingTimeTotalMs"], 0, "the clock of this test stands still");
    assert!(metrics["nodeProcessingTimeNanos"].as_u64().unwrap() > 0);
    assert_eq!(members(&heard[0]).last().unwrap().0, "metrics");
}
