//! Every way to be refused, with the exact answer; nothing of it changes or tells anything.

use axum::http::Method;
use encke_journal::Fault;

use crate::support::{CALL, Centre, request};

const NO_JSON: &str = "the body is not JSON: line 1, column 2";

#[tokio::test]
async fn each_bad_operation_on_a_call_has_its_answer() {
    let call = format!("/api/v2/me/calls/{CALL}");
    let data_of = |bytes: usize| {
        format!(
            r#"{{"operationName":"AttachUserData","userData":{{"k":"{}"}}}}"#,
            "x".repeat(bytes)
        )
    };
    let too_large = data_of(16_000);
    let nested = format!(
        r#"{{"operationName":"AttachUserData","userData":{}1{}}}"#,
        r#"{"a":"#.repeat(40),
        "}".repeat(40)
    );
    let rows: &[(&str, u64, &str)] = &[
        ("", 1, "the body is empty; a JSON object is expected"),
        ("{x", 1, NO_JSON),
        (r#"{"operationName":"Answer""#, 1, "the body is not JSON: line 1, column 25"),
        ("[]", 10, "the body is an array; a JSON object is expected"),
        ("null", 10, "the body is null; a JSON object is expected"),
        ("{}", 1, "required parameter 'operationName' is missing (a string)"),
        (r#"{"operationName":1}"#, 10, "parameter 'operationName' must be a string, not a number"),
        (r#"{"operationName":null}"#, 10, "parameter 'operationName' must be a string, not null"),
        (
            r#"{"operationName":"Hold","operationName":"Hangup"}"#,
            10,
            "parameter 'operationName' is given more than once",
        ),
        (
            r#"{"operationName":"attachuserdata"}"#,
            10,
            "operation 'attachuserdata' does not exist on a call; it has Answer, Hold, Retrieve, \
             Hangup, ClearCall, SwapCalls, SendDtmf, MuteCall, UnmuteCall, SingleStepTransfer, \
             InitiateTransfer, CompleteTransfer, SingleStepConference, InitiateConference, \
             CompleteConference, RemoveParticipantFromConference, StartCallRecording, \
             StopCallRecording, PauseCallRecording, ResumeCallRecording, AttachUserData, \
             UpdateUserData, DeleteUserData, DeleteUserDataPair",
        ),
        (
            r#"{"operationName":"AttachUserData"}"#,
            1,
            "required parameter 'userData' is missing (an object)",
        ),
        (
            r#"{"operationName":"UpdateUserData","userData":null}"#,
            10,
            "parameter 'userData' must be an object, not null",
        ),
        (
            r#"{"operationName":"UpdateUserData","userData":[1]}"#,
            10,
            "parameter 'userData' must be an object, not an array",
        ),
        (
            r#"{"operationName":"UpdateUserData","userData":"{}"}"#,
            10,
            "parameter 'userData' must be an object, not a string",
        ),
        (
            r#"{"operationName":"AttachUserData","userData":{},"userData":{}}"#,
            10,
            "parameter 'userData' is given more than once",
        ),
        (&too_large, 10, "user data of 16007 bytes exceeds 16000 bytes"),
        (&nested, 10, "the body nests deeper than 32 levels"),
        (
            r#"{"operationName":"DeleteUserDataPair"}"#,
            1,
            "required parameter 'key' is missing (a string)",
        ),
        (
            r#"{"operationName":"DeleteUserDataPair","key":7}"#,
            10,
            "parameter 'key' must be a string, not a number",
        ),
        (
            r#"{"operationName":"DeleteUserDataPair","keys":["a"]}"#,
            1,
            "DeleteUserDataPair takes the parameter 'key' (a string), not 'keys'",
        ),
        (
            r#"{"operationName":"DeleteUserData","keys":["a"]}"#,
            1,
            "on a call DeleteUserData removes all user data and takes no 'keys'; to remove one \
             key use DeleteUserDataPair with parameter 'key' (a string)",
        ),
        (
            r#"{"operationName":"DeleteUserData","key":"a"}"#,
            1,
            "on a call DeleteUserData removes all user data and takes no 'key'; to remove one \
             key use DeleteUserDataPair with parameter 'key' (a string)",
        ),
        (r#"{"operationName":"SendDtmf"}"#, 1, "required parameter 'digits' is missing (a string)"),
        (
            r#"{"operationName":"SendDtmf","digits":"x"}"#,
            10,
            "parameter 'digits': a row of digits holds a character it must not have",
        ),
        (r#"{"operationName":"Answer"}"#, 2, "operation Answer is not possible in state Dialing"),
        (
            r#"{"operationName":"Retrieve"}"#,
            2,
            "operation Retrieve is not possible in state Dialing",
        ),
    ];
    let centre = Centre::open().await;
    centre.dialled(r#"{"a":1}"#).await;
    for (body, code, text) in rows {
        let answer = centre.post("alice", &call, body).await;
        assert_eq!(answer.refused(), (400, *code, (*text).to_owned()), "{body}");
    }
    assert!(centre.heard().await.is_empty());
    let user_data = &centre.core.call(CALL).unwrap().user_data;
    assert_eq!((user_data.len(), user_data.get("a")), (1, Some("1")));
}

#[tokio::test]
async fn each_bad_dial_has_its_answer() {
    let rows = [
        (
            "15000",
            r#"{"operationName":"Dial"}"#,
            400,
            1,
            "required parameter 'destination' is missing (an object)",
        ),
        (
            "15000",
            r#"{"operationName":"Dial","destination":"15001"}"#,
            400,
            10,
            "parameter 'destination' must be an object, not a string",
        ),
        (
            "15000",
            r#"{"operationName":"Dial","destination":{}}"#,
            400,
            1,
            "required parameter 'destination.phoneNumber' is missing (a string)",
        ),
        (
            "15000",
            r#"{"operationName":"Dial","destination":{"phoneNumber":15001}}"#,
            400,
            10,
            "parameter 'destination.phoneNumber' must be a string, not a number",
        ),
        (
            "15000",
            r#"{"operationName":"Dial","destination":{"phoneNumber":""}}"#,
            400,
            10,
            "parameter 'destination.phoneNumber': a number must not be empty",
        ),
        (
            "15000",
            r#"{"operationName":"Dial","destination":{"phoneNumber":"15000"}}"#,
            400,
            10,
            "a line cannot call itself",
        ),
        (
            "15000",
            r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"},"userData":[]}"#,
            400,
            10,
            "parameter 'userData' must be an object, not an array",
        ),
        (
            "15000",
            r#"{"operationName":"Answer"}"#,
            400,
            10,
            "operation 'Answer' does not exist on a device; it has Dial",
        ),
        (
            "15001",
            r#"{"operationName":"Dial","destination":{"phoneNumber":"15002"}}"#,
            404,
            6,
            "device '15001' does not exist or is not the user's",
        ),
    ];
    let centre = Centre::open().await;
    for (device, body, http, code, text) in rows {
        let answer =
            centre.post("alice", &format!("/api/v2/me/devices/{device}/calls"), body).await;
        assert_eq!(answer.refused(), (http, code, text.to_owned()), "{body}");
    }
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn each_bad_operation_on_an_sms_session_has_its_answer() {
    let operations = "it has Accept, Reject, SendMessage, SendUrl, SendStartTypingNotification, \
                      SendStopTypingNotification, Transfer, Invite, Consult, Leave, \
                      LeaveAndComplete, Complete, SetDisposition, SetInFocus, AttachUserData, \
                      UpdateUserData, DeleteUserData";
    let hold = format!("operation 'Hold' does not exist on an SMS session; {operations}");
    let rows: &[(&str, u64, &str)] = &[
        (r#"{"operationName":"Hold"}"#, 10, &hold),
        (
            r#"{"operationName":"DeleteUserData"}"#,
            1,
            "required parameter 'keys' is missing (an array)",
        ),
        (
            r#"{"operationName":"DeleteUserData","key":"k"}"#,
            1,
            "on an SMS session DeleteUserData takes the parameter 'keys' (an array of strings), \
             not 'key'",
        ),
        (
            r#"{"operationName":"DeleteUserData","keys":"k"}"#,
            10,
            "parameter 'keys' must be an array, not a string",
        ),
        (
            r#"{"operationName":"DeleteUserData","keys":[1]}"#,
            10,
            "parameter 'keys' must be an array of strings only",
        ),
        (
            r#"{"operationName":"DeleteUserDataPair","key":"k"}"#,
            10,
            "an SMS session has no DeleteUserDataPair; use DeleteUserData with parameter 'keys' \
             (an array of strings)",
        ),
        (
            r#"{"operationName":"SendMessage"}"#,
            1,
            "required parameter 'text' is missing (a string)",
        ),
        (
            r#"{"operationName":"SendMessage","text":"x"}"#,
            2,
            "operation SendMessage is not possible in state Invited",
        ),
        (
            r#"{"operationName":"Accept","nickname":7}"#,
            10,
            "parameter 'nickname' must be a string, not a number",
        ),
        (
            r#"{"operationName":"Accept","nickname":""}"#,
            10,
            "parameter 'nickname': a nickname must not be empty",
        ),
    ];
    let centre = Centre::open().await;
    let id = crate::sms::offered(&centre, None).await;
    centre.heard().await;
    for (body, code, text) in rows {
        let answer = centre.post("alice", &format!("/api/v2/me/smsessions/{id}"), body).await;
        assert_eq!(answer.refused(), (400, *code, (*text).to_owned()), "{body}");
    }
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn what_is_not_the_users_does_not_exist() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let id = crate::sms::offered(&centre, None).await;
    centre.heard().await;
    let rows = [
        (
            format!("/api/v2/me/calls/{CALL}"),
            format!("call '{CALL}' does not exist or is not the user's"),
        ),
        ("/api/v2/me/calls/none".into(), "call 'none' does not exist or is not the user's".into()),
        (
            "/api/v2/me/calls/a%20b%2F".into(),
            "call 'a b/' does not exist or is not the user's".into(),
        ),
        ("/api/v2/me/calls/%ff".into(), "the id in the path is not text".into()),
        (
            format!("/api/v2/me/smsessions/{id}"),
            format!("SMS session '{id}' does not exist or is not the user's"),
        ),
    ];
    for (path, text) in rows {
        let body = r#"{"operationName":"UpdateUserData","userData":{"k":"v"}}"#;
        let answer = centre.post("carol", &path, body).await;
        assert_eq!(answer.refused(), (404, 6, text), "{path}");
    }
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn an_operation_after_the_end_is_late_and_not_unknown() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let path = format!("/api/v2/me/calls/{CALL}");
    centre.accepted("alice", &path, r#"{"operationName":"Hangup"}"#).await;
    let body = r#"{"operationName":"AttachUserData","userData":{"k":"v"}}"#;
    assert_eq!(
        centre.post("bob", &path, body).await.refused(),
        (400, 2, "operation AttachUserData is not possible in state Released".into())
    );
}

#[tokio::test]
async fn an_empty_user_data_is_accepted() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let path = format!("/api/v2/me/calls/{CALL}");
    for name in ["AttachUserData", "UpdateUserData"] {
        let body = format!(r#"{{"operationName":"{name}","userData":{{}}}}"#);
        centre.accepted("alice", &path, &body).await;
    }
}

#[tokio::test]
async fn nobody_is_answered_without_a_login() {
    let centre = Centre::open().await;
    for (method, path) in [
        (Method::GET, "/api/v2/me"),
        (Method::GET, "/api/v2/me/calls"),
        (Method::POST, "/api/v2/me/calls/x"),
        (Method::POST, "/api/v2/calls/x"),
        (Method::GET, "/api/v2/diagnostics/version"),
    ] {
        let answer = centre.send(request(method, path, "{}"), None).await;
        assert_eq!(
            answer.refused(),
            (403, 20, "Access denied: nobody is logged in".into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_user_whom_the_directory_does_not_know_has_no_permission() {
    let centre = Centre::open().await;
    assert_eq!(
        centre.get("mallory", "/api/v2/me").await.refused(),
        (403, 5, "user 'mallory' is not in the directory".into())
    );
}

#[tokio::test]
async fn an_unknown_path_is_told_where_notifications_are() {
    let centre = Centre::open().await;
    for path in ["/api/v2", "/api/v2/", "/api/v2/me/faxes", "/api/v2/cometd/handshake"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = centre.send(request(method, path, "{}"), Some("alice")).await;
            let (http, code, text) = answer.refused();
            assert_eq!((http, code), (404, 6), "{path}");
            assert!(text.contains("/api/v2/notifications"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_named_and_the_right_ones_are_listed() {
    let centre = Centre::open().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/api/v2/me/calls/x", "GET,HEAD,POST"),
        (Method::POST, "/api/v2/me/calls", "GET,HEAD"),
        (Method::GET, "/api/v2/me/devices/15000/calls", "POST"),
        (Method::PUT, "/api/v2/me", "GET,HEAD,POST"),
    ] {
        let answer = centre.send(request(method.clone(), path, "{}"), Some("alice")).await;
        let text = format!("{method} is not possible on this resource");
        assert_eq!(answer.refused(), (405, 10, text), "{path}");
        assert_eq!(answer.headers["allow"], allowed, "{path}");
    }
}

#[tokio::test]
async fn bad_queries_have_their_answers() {
    let centre = Centre::open().await;
    let id = crate::sms::offered(&centre, None).await;
    for (path, text) in [
        (
            "/api/v2/me/calls?fields=*&fields=id".into(),
            "parameter 'fields' is given more than once",
        ),
        (
            "/api/v2/me?subresources=a&subresources=b".into(),
            "parameter 'subresources' is given more than once",
        ),
        (
            format!("/api/v2/me/smsessions/{id}/messages?startIndex=-1"),
            "parameter 'startIndex' must be a whole number from 0",
        ),
        (
            format!("/api/v2/me/smsessions/{id}/messages?count=many"),
            "parameter 'count' must be a whole number from 0",
        ),
    ] {
        assert_eq!(centre.get("alice", &path).await.refused(), (400, 10, text.into()), "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_stored_is_a_503_and_told_to_nobody() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let path = format!("/api/v2/me/calls/{CALL}");
    let body = r#"{"operationName":"AttachUserData","userData":{"k":"v"}}"#;
    centre.journal.fail(Fault::Full);
    let answer = centre.post("alice", &path, body).await;
    let text = "changes cannot be stored at the moment";
    assert_eq!(answer.refused(), (503, 4, text.into()));
    assert!(centre.get("alice", &path).await.body.contains("Dialing"), "reads go on");
    centre.journal.heal();
    assert!(centre.heard().await.is_empty());
    centre.accepted("alice", &path, body).await;
    assert_eq!(centre.heard().await.len(), 4);
}
