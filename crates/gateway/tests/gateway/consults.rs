//! Transfers and conferences over REST: who is told what of which call, and what nobody is told.

use encke_calls::{Actor, CallAction, CallId, Command, ConsultUserData, Limits};
use encke_gateway::GatewayConfig;

use crate::support::{CALLS, Centre, Heard, TEVENTS, at, dn};

const TRANSFER: &str =
    r#"{"operationName":"InitiateTransfer","destination":{"phoneNumber":"15002"}}"#;

fn operation(name: &str) -> String {
    format!(r#"{{"operationName":"{name}"}}"#)
}

fn path(call: &str) -> String {
    format!("/api/v2/me/calls/{call}")
}

/// Alice and Bob talk; what was heard of it is dropped.
pub(crate) async fn talking(centre: &Centre) -> String {
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"}}"#;
    centre.accepted("alice", "/api/v2/me/devices/15000/calls", dial).await;
    let call = centre.core.calls_of(&dn("15000")).last().unwrap().id.as_str().to_owned();
    centre.accepted("bob", &path(&call), &operation("Answer")).await;
    centre.heard().await;
    call
}

/// Alice and Bob talk, and Bob asks Carol; what was heard of it is dropped.
async fn asking(centre: &Centre) -> (String, String) {
    let call = talking(centre).await;
    centre.accepted("bob", &path(&call), TRANSFER).await;
    centre.heard().await;
    let consult = centre.core.calls_of(&dn("15002"))[0].id.as_str().to_owned();
    (call, consult)
}

/// Who heard what of which call: user, notificationType, state, id.
fn told(heard: &[Heard]) -> Vec<(&str, &str, &str, &str)> {
    heard
        .iter()
        .filter(|heard| heard.channel == CALLS)
        .map(|heard| {
            let member = |path| at(&heard.data, path).unwrap().trim_matches('"');
            let kind = member("notificationType");
            (heard.user.as_str(), kind, member("call.state"), member("call.id"))
        })
        .collect()
}

#[tokio::test]
async fn a_consultation_holds_the_first_call_and_names_it_to_who_asks_alone() {
    let centre = Centre::open().await;
    let call = talking(&centre).await;
    centre.accepted("bob", &path(&call), TRANSFER).await;
    let heard = centre.heard().await;
    let consult = centre.core.calls_of(&dn("15002"))[0].id.as_str().to_owned();
    assert_eq!(
        told(&heard),
        [
            ("bob", "StatusChange", "Held", &*call),
            ("bob", "StatusChange", "Dialing", &*consult),
            ("carol", "StatusChange", "Ringing", &*consult),
        ]
    );
    let parent = format!(r#""http://127.0.0.1:8080/api/v2/me/calls/{call}""#);
    assert_eq!(at(&heard[1].data, "call.parentCallUri"), Some(parent.as_str()));
    let parent = format!(r#""/calls/{call}""#);
    assert_eq!(at(&heard[1].data, "call.parentCallPath"), Some(parent.as_str()));
    assert_eq!(at(&heard[1].data, "call.callType"), Some("\"Consult\""));
    assert!(!heard[2].data.contains(&call), "carol is not on the first call: {}", heard[2].data);
    assert_eq!(centre.get("carol", &path(&call)).await.http, 404);
    assert_eq!(centre.get("alice", &path(&consult)).await.http, 404);
}

#[tokio::test]
async fn a_transfer_can_be_completed_on_either_call_and_may_name_the_consultation() {
    for (on_consult, named) in [(false, false), (false, true), (true, false), (true, true)] {
        let centre = Centre::open().await;
        let (call, consult) = asking(&centre).await;
        centre.accepted("carol", &path(&consult), &operation("Answer")).await;
        centre.heard().await;
        let on = if on_consult { &consult } else { &call };
        let uri = format!(r#","consultCallUri":"http://x/api/v2/me/calls/{consult}""#);
        let uri = if named { uri.as_str() } else { "" };
        let body = format!(r#"{{"operationName":"CompleteTransfer"{uri}}}"#);
        centre.accepted("bob", &path(on), &body).await;
        assert_eq!(
            told(&centre.heard().await),
            [
                ("bob", "StatusChange", "Released", &*consult),
                ("carol", "StatusChange", "Released", &*consult),
                ("alice", "ParticipantsUpdated", "Established", &*call),
                ("bob", "StatusChange", "Released", &*call),
                ("carol", "StatusChange", "Established", &*call),
            ]
        );
    }
}

#[tokio::test]
async fn a_consultation_that_is_named_has_to_be_one_of_this_call() {
    let centre = Centre::open().await;
    let (call, _) = asking(&centre).await;
    for (uri, refused) in [
        (call.as_str(), (404, 6, "the call that is named is no consultation of this one")),
        (
            "/api/v2/me/calls/none",
            (404, 6, "the call that is named is no consultation of this one"),
        ),
        ("/calls/", (400, 10, "parameter 'consultCallUri': a call id must not be empty")),
    ] {
        let body = format!(r#"{{"operationName":"CompleteTransfer","consultCallUri":"{uri}"}}"#);
        let (http, code, text) = centre.post("bob", &path(&call), &body).await.refused();
        assert_eq!((http, code, text.as_str()), refused, "{uri}");
    }
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn who_left_sees_what_was_there_and_not_what_comes_after() {
    let centre = Centre::open().await;
    let (call, consult) = asking(&centre).await;
    let attach = r#"{"operationName":"AttachUserData","userData":{"before":1}}"#;
    centre.accepted("alice", &path(&call), attach).await;
    centre.accepted("carol", &path(&consult), &operation("Answer")).await;
    centre.accepted("bob", &path(&call), &operation("CompleteTransfer")).await;
    centre.heard().await;
    let attach = r#"{"operationName":"AttachUserData","userData":{"after":2}}"#;
    centre.pass(10_000);
    centre.accepted("carol", &path(&call), attach).await;
    centre.accepted("carol", &path(&call), &operation("StartCallRecording")).await;
    let heard = centre.heard().await;
    assert!(heard.iter().all(|heard| heard.user != "bob"), "{heard:?}");

    let seen = centre.get("bob", &path(&call)).await.body;
    assert_eq!(at(&seen, "call.state"), Some("\"Released\""));
    assert_eq!(at(&seen, "call.userData"), Some(r#"{"before":1}"#));
    assert_eq!(at(&seen, "call.recordingState"), None);
    assert_eq!(at(&seen, "call.duration"), Some("\"0\""));
    assert!(!seen.contains("15002"), "who came later is not shown: {seen}");
    let now = centre.get("alice", &path(&call)).await.body;
    let others = at(&now, "call.participants").unwrap();
    assert!(others.contains("15002") && !others.contains("15001"), "who left is gone: {others}");
    assert_eq!(centre.get("bob", "/api/v2/me/calls").await.body, r#"{"statusCode":0,"uris":[]}"#);
}

#[tokio::test]
async fn what_is_possible_follows_a_consultation_and_its_end() {
    let centre = Centre::open().await;
    let (call, consult) = asking(&centre).await;
    let possible = |body: String| {
        let list = at(&body, "call.capabilities").unwrap();
        serde_json::from_str::<Vec<String>>(list).unwrap()
    };
    let has = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
    let first = possible(centre.get("bob", &path(&call)).await.body);
    assert!(
        has(&first, "CompleteTransfer") && has(&first, "SwapCalls") && !has(&first, "Retrieve")
    );
    centre.accepted("carol", &path(&consult), &operation("Answer")).await;
    centre.heard().await;
    centre.accepted("carol", &path(&consult), &operation("Hangup")).await;
    let heard = centre.heard().await;
    assert_eq!(
        told(&heard),
        [
            ("bob", "StatusChange", "Released", &*consult),
            ("carol", "StatusChange", "Released", &*consult),
            ("bob", "StatusChange", "Held", &*call),
        ]
    );
    let capabilities = at(&heard[2].data, "call.capabilities").unwrap();
    assert!(capabilities.contains("Retrieve") && !capabilities.contains("SwapCalls"));
    let complete = centre.post("bob", &path(&call), &operation("CompleteTransfer")).await.refused();
    assert_eq!(
        complete,
        (400, 2, "operation CompleteTransfer is not possible in state Held".into())
    );
}

#[tokio::test]
async fn bad_destinations_have_their_answers() {
    let centre = Centre::open().await;
    let call = talking(&centre).await;
    let to = |name: &str, number: &str| {
        format!(r#"{{"operationName":"{name}","destination":{{"phoneNumber":"{number}"}}}}"#)
    };
    let rows = [
        (to("InitiateTransfer", "15001"), 10, "a line cannot call itself"),
        (to("InitiateTransfer", "15000"), 2, "the destination is on the call already"),
        (to("SingleStepTransfer", "15000"), 2, "the destination is on the call already"),
        (to("SingleStepConference", "15001"), 2, "the destination is on the call already"),
        (
            operation("SingleStepTransfer"),
            1,
            "required parameter 'destination' is missing (an object)",
        ),
        (operation("SwapCalls"), 2, "operation SwapCalls is not possible in state Established"),
        (
            operation("RemoveParticipantFromConference"),
            1,
            "required parameter 'participant' is missing (a string)",
        ),
        (
            r#"{"operationName":"RemoveParticipantFromConference","participant":"15000"}"#.into(),
            2,
            "operation RemoveParticipantFromConference is not possible in state Established",
        ),
        (
            operation("PauseCallRecording"),
            2,
            "operation PauseCallRecording is not possible in state Established",
        ),
    ];
    for (body, code, text) in rows {
        assert_eq!(
            centre.post("bob", &path(&call), &body).await.refused(),
            (400, code, text.to_owned()),
            "{body}"
        );
    }
    let three = to("SingleStepConference", "15002");
    centre.accepted("bob", &path(&call), &three).await;
    let stranger = r#"{"operationName":"RemoveParticipantFromConference","participant":"7"}"#;
    assert_eq!(
        centre.post("bob", &path(&call), stranger).await.refused(),
        (400, 10, "nobody else of this number is on the call".into())
    );
}

#[tokio::test]
async fn a_line_that_does_not_answer_is_let_go_and_who_waited_is_told_of_the_failure() {
    let limits = Limits::default().no_answer_ms(Some(15_000));
    let centre = Centre::limited(GatewayConfig::default(), limits).await;
    let (call, consult) = asking(&centre).await;
    centre.pass(14_999);
    centre.core.tick().await;
    assert!(centre.heard().await.is_empty());
    centre.pass(1);
    centre.core.tick().await;
    let heard = centre.heard().await;
    assert_eq!(
        told(&heard),
        [
            ("bob", "StatusChange", "Released", &*consult),
            ("carol", "StatusChange", "Released", &*consult),
            ("bob", "StatusChange", "Held", &*call),
        ]
    );
    let failures: Vec<_> = heard.iter().filter(|heard| heard.channel != CALLS).collect();
    let [failure] = failures[..] else { panic!("{failures:?}") };
    assert_eq!((failure.user.as_str(), failure.channel.as_str()), ("bob", "/v2/me/devices"));
    let device = at(&heard[0].data, "call.deviceUri").unwrap();
    assert_eq!(at(&failure.data, "deviceUri"), Some(device));
    assert_eq!(at(&failure.data, "messageType"), Some("\"ErrorMessage\""));
    assert_eq!(at(&failure.data, "errorMessage"), Some("\"15002 did not answer\""));
    centre.core.tick().await;
    assert!(centre.heard().await.is_empty(), "once");
}

#[tokio::test]
async fn joint_user_data_is_told_on_each_call_to_who_is_on_it() {
    let limits = Limits::default().consult_user_data(ConsultUserData::Joint);
    let centre = Centre::limited(GatewayConfig::default(), limits).await;
    let (call, consult) = asking(&centre).await;
    let update = r#"{"operationName":"UpdateUserData","userData":{"k":"v"}}"#;
    centre.accepted("carol", &path(&consult), update).await;
    let heard = centre.heard().await;
    assert_eq!(
        told(&heard),
        [
            ("bob", "AttachedDataChanged", "Dialing", &*consult),
            ("carol", "AttachedDataChanged", "Ringing", &*consult),
            ("alice", "AttachedDataChanged", "Established", &*call),
            ("bob", "AttachedDataChanged", "Held", &*call),
        ]
    );
    let copies: Vec<_> = heard.iter().filter(|heard| heard.channel == TEVENTS).collect();
    // Carol and Alice do not learn of each other: on the first call Bob speaks for her.
    let copies: Vec<_> = copies
        .iter()
        .map(|copy| (copy.user.as_str(), at(&copy.data, "thirdPartyDN").unwrap()))
        .collect();
    assert_eq!(
        copies,
        [
            ("bob", "\"15002\""),
            ("carol", "\"15002\""),
            ("alice", "\"15001\""),
            ("bob", "\"15001\"")
        ]
    );
    assert!(heard.iter().all(|heard| heard.user != "alice" || !heard.data.contains("15002")));
    assert!(heard.iter().all(|heard| heard.user != "carol" || !heard.data.contains(&call)));
}

/// Who got which copy of a change: user, the call's UUID, `thisDN`, `thirdPartyDN`.
fn copies(heard: &[Heard]) -> Vec<(&str, &str, Option<&str>, &str)> {
    let copies = heard.iter().filter(|heard| heard.channel == TEVENTS);
    copies
        .map(|copy| {
            let member = |path| at(&copy.data, path).map(|text| text.trim_matches('"'));
            let third = member("thirdPartyDN").unwrap();
            (copy.user.as_str(), member("callUuid").unwrap(), member("thisDN"), third)
        })
        .collect()
}

#[tokio::test]
async fn data_that_comes_with_an_operation_is_copied_as_a_change_is() {
    let limits = Limits::default().consult_user_data(ConsultUserData::Joint);
    let centre = Centre::limited(GatewayConfig::default(), limits).await;
    let call = talking(&centre).await;
    let with = |name: &str, to: &str| {
        format!(
            r#"{{"operationName":"{name}","destination":{{"phoneNumber":"{to}"}},"userData":{{"k":"v"}}}}"#
        )
    };
    centre.accepted("bob", &path(&call), &with("InitiateTransfer", "15002")).await;
    let heard = centre.heard().await;
    let (alice, bob) = (Some("15000"), Some("15001"));
    assert_eq!(
        copies(&heard),
        [("alice", &*call, alice, "15001"), ("bob", &*call, bob, "15001")],
        "the consultation begins with its data"
    );
    let consult = centre.core.calls_of(&dn("15002"))[0].id.as_str().to_owned();
    centre.accepted("alice", &path(&call), &with("SingleStepConference", "15009")).await;
    let heard = centre.heard().await;
    assert_eq!(
        told(&heard),
        [
            ("alice", "ParticipantsUpdated", "Established", &*call),
            ("bob", "ParticipantsUpdated", "Held", &*call),
            ("erin", "StatusChange", "Ringing", &*call),
            ("bob", "AttachedDataChanged", "Dialing", &*consult),
            ("carol", "AttachedDataChanged", "Ringing", &*consult),
        ]
    );
    let (carol, erin) = (Some("15002"), Some("15009"));
    assert_eq!(
        copies(&heard),
        [
            ("alice", &*call, alice, "15000"),
            ("bob", &*call, bob, "15000"),
            ("erin", &*call, erin, "15000"),
            ("bob", &*consult, bob, "15001"),
            ("carol", &*consult, carol, "15001"),
        ]
    );
    centre.accepted("alice", &path(&call), &with("SingleStepTransfer", "+15550100")).await;
    assert_eq!(
        copies(&centre.heard().await)[..3],
        [
            ("bob", &*call, bob, "15000"),
            ("erin", &*call, erin, "15000"),
            ("alice", &*call, None, "15000"),
        ],
        "who transferred is not on the call any more"
    );
}

#[tokio::test]
async fn somebody_outside_is_asked_and_shown_as_a_participant() {
    let centre = Centre::open().await;
    let call = talking(&centre).await;
    let ask = r#"{"operationName":"InitiateConference","destination":{"phoneNumber":"+15550100"}}"#;
    centre.accepted("bob", &path(&call), ask).await;
    let consult = centre.core.calls_of(&dn("15001")).last().unwrap().id.clone();
    let seen = centre.get("bob", &path(consult.as_str())).await.body;
    assert_eq!(at(&seen, "call.ani"), Some("\"15001\""));
    let answer = |call: &CallId| Command::Operate {
        call: call.clone(),
        by: Actor::Outside,
        action: CallAction::Answer,
    };
    centre.submit(answer(&consult)).await;
    centre.accepted("bob", &path(&call), &operation("CompleteConference")).await;
    let heard = centre.heard_by("alice", CALLS).await;
    assert_eq!(at(heard.last().unwrap(), "notificationType"), Some("\"ParticipantsUpdated\""));
    assert!(heard.last().unwrap().contains(r#""e164Number":"+15550100""#));
}

#[tokio::test]
async fn a_supervisor_who_was_on_the_call_and_left_is_a_third_party() {
    let centre = Centre::open().await;
    let call = talking(&centre).await;
    let join = r#"{"operationName":"SingleStepConference","destination":{"phoneNumber":"15009"}}"#;
    centre.accepted("bob", &path(&call), join).await;
    centre.accepted("erin", &path(&call), &operation("Answer")).await;
    centre.accepted("erin", &path(&call), &operation("Hangup")).await;
    centre.heard().await;
    let update = r#"{"operationName":"UpdateUserData","userData":{"k":"v"}}"#;
    let own = centre.post("erin", &path(&call), update).await.refused();
    assert_eq!(own, (400, 2, "operation UpdateUserData is not possible in state Released".into()));
    centre.accepted("erin", &format!("/api/v2/calls/{call}"), update).await;
    let heard = centre.heard().await;
    let users = |channel: &str| -> Vec<_> {
        let on = heard.iter().filter(|heard| heard.channel == channel);
        on.map(|heard| (heard.user.as_str(), at(&heard.data, "thisDN"))).collect()
    };
    assert_eq!(users(CALLS), [("alice", None), ("bob", None)]);
    let copies = [("alice", Some("\"15000\"")), ("bob", Some("\"15001\"")), ("erin", None)];
    assert_eq!(users(TEVENTS), copies);
}
