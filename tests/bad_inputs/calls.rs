//! Operations on calls and devices that cannot be done.

use encke_testkit::{Login, Request};

use crate::case::{Case, failure};
use crate::ground::World;

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let mut cases = bodies(world);
    cases.extend(user_data(world));
    cases.extend(states(world));
    cases.extend(dialling(world));
    cases.extend(elsewhere(world));
    cases
}

/// What is not an operation at all.
fn bodies(world: &World) -> Vec<Case> {
    let path = format!("me/calls/{}", world.call);
    let row = |name, body: &[u8], code, message| Case::rest(name, &path, body, 400, code, message);
    let deep = format!(r#"{{"operationName":{}{}}}"#, "[".repeat(600), "]".repeat(600));
    let request = |body: &str| {
        Request::new("POST", &format!("/api/v2/{path}")).login(&Login::demo("alice")).body(body)
    };
    let gzip =
        request("x").header("content-type", "application/json").header("content-encoding", "gzip");
    vec![
        row("an empty body", b"", 1, "the body is empty; a JSON object is expected"),
        row("blanks", b" \r\n", 1, "the body is empty; a JSON object is expected"),
        row(
            "JSON cut short",
            br#"{"operationName":"#,
            1,
            "the body is not JSON: line 1, column 17",
        ),
        row(
            "trailing garbage",
            br#"{"operationName":"DeleteUserData"} x"#,
            1,
            "the body is not JSON*",
        ),
        row(
            "a trailing comma",
            br#"{"operationName":"DeleteUserData",}"#,
            1,
            "the body is not JSON*",
        ),
        row("single quotes", b"{'operationName':'DeleteUserData'}", 1, "the body is not JSON*"),
        row(
            "invalid UTF-8",
            b"{\"operationName\":\"\xff\"}",
            1,
            "the body is not JSON: it is not UTF-8",
        ),
        row("an array", b"[]", 10, "the body is an array; a JSON object is expected"),
        row("a string", br#""x""#, 10, "the body is a string; a JSON object is expected"),
        row("null", b"null", 10, "the body is null; a JSON object is expected"),
        row("600 levels", deep.as_bytes(), 10, "the body nests deeper than * levels"),
        row("no operation", b"{}", 1, "required parameter 'operationName' is missing (a string)"),
        row(
            "a number as operation",
            br#"{"operationName":5}"#,
            10,
            "parameter 'operationName' must be a string, not a number",
        ),
        row(
            "null as operation",
            br#"{"operationName":null}"#,
            10,
            "parameter 'operationName' must be a string, not null",
        ),
        row(
            "two operations",
            br#"{"operationName":"Hangup","operationName":"Hangup"}"#,
            10,
            "parameter 'operationName' is given more than once",
        ),
        row("an unknown operation", br#"{"operationName":"Frobnicate"}"#, 10, "*Frobnicate*"),
        row("an operation in another case", br#"{"operationName":"hangup"}"#, 10, "*hangup*"),
        row("an empty operation", br#"{"operationName":""}"#, 10, "*"),
        Case::new("a compressed body", &gzip, 400, &failure(1, "the body is not JSON*")),
    ]
}

/// The four operations on user data.
fn user_data(world: &World) -> Vec<Case> {
    let path = format!("me/calls/{}", world.call);
    let row = |name, body: &str, code, message| Case::rest(name, &path, body, 400, code, message);
    let big = format!(
        r#"{{"operationName":"AttachUserData","userData":{{"k":"{}"}}}}"#,
        "x".repeat(16_001)
    );
    let missing = "required parameter 'userData' is missing (an object)";
    vec![
        row("attach nothing", r#"{"operationName":"AttachUserData"}"#, 1, missing),
        row("update nothing", r#"{"operationName":"UpdateUserData"}"#, 1, missing),
        row(
            "attach null",
            r#"{"operationName":"AttachUserData","userData":null}"#,
            10,
            "parameter 'userData' must be an object, not null",
        ),
        row(
            "attach an array",
            r#"{"operationName":"AttachUserData","userData":[]}"#,
            10,
            "parameter 'userData' must be an object, not an array",
        ),
        row(
            "attach a string",
            r#"{"operationName":"AttachUserData","userData":"{}"}"#,
            10,
            "parameter 'userData' must be an object, not a string",
        ),
        row(
            "update a number",
            r#"{"operationName":"UpdateUserData","userData":7}"#,
            10,
            "parameter 'userData' must be an object, not a number",
        ),
        row("attach more than 16,000 bytes", &big, 10, "*16000*"),
        row("update to more than 16,000 bytes", &big.replace("Attach", "Update"), 10, "*16000*"),
        row(
            "delete a pair without its key",
            r#"{"operationName":"DeleteUserDataPair"}"#,
            1,
            "required parameter 'key' is missing (a string)",
        ),
        row(
            "delete a pair by a number",
            r#"{"operationName":"DeleteUserDataPair","key":1}"#,
            10,
            "parameter 'key' must be a string, not a number",
        ),
        row(
            "delete a pair the multimedia way",
            r#"{"operationName":"DeleteUserDataPair","keys":["a"]}"#,
            1,
            "DeleteUserDataPair takes the parameter 'key' (a string), not 'keys'",
        ),
    ]
}

/// Operations that the state of the call forbids.
fn states(world: &World) -> Vec<Case> {
    let row = |name, call: &str, operation: &str, state: &str| {
        let body = format!(r#"{{"operationName":"{operation}","userData":{{"a":"b"}}}}"#);
        let message = format!("operation {operation} is not possible in state {state}");
        Case::rest(name, &format!("me/calls/{call}"), body, 400, 2, &message)
    };
    let tones = |name, parameters: &str, code, message: &str| {
        let body = format!(r#"{{"operationName":"SendDtmf"{parameters}}}"#);
        Case::rest(name, &format!("me/calls/{}", world.call), body, 400, code, message)
    };
    let others = |name, operation: &str, parameters: &str, code, message: &str| {
        let body = format!(r#"{{"operationName":"{operation}"{parameters}}}"#);
        Case::rest(name, &format!("me/calls/{}", world.call), body, 400, code, message)
    };
    let to = |number: &str| format!(r#","destination":{{"phoneNumber":"{number}"}}"#);
    vec![
        others(
            "transfer to nobody",
            "SingleStepTransfer",
            "",
            1,
            "required parameter 'destination' is missing (an object)",
        ),
        others(
            "ask a number that is none",
            "InitiateTransfer",
            r#","destination":{"phoneNumber":15001}"#,
            10,
            "parameter 'destination.phoneNumber' must be a string, not a number",
        ),
        others(
            "user data that is no object",
            "InitiateConference",
            &format!(r#"{},"userData":[]"#, to("15002")),
            10,
            "parameter 'userData' must be an object, not an array",
        ),
        others(
            "a consultation that is no text",
            "CompleteTransfer",
            r#","consultCallUri":7"#,
            10,
            "parameter 'consultCallUri' must be a string, not a number",
        ),
        others(
            "a consultation that names nothing",
            "CompleteConference",
            r#","consultCallUri":"../../etc/passwd?""#,
            10,
            "*",
        ),
        others(
            "remove nobody",
            "RemoveParticipantFromConference",
            "",
            1,
            "required parameter 'participant' is missing (a string)",
        ),
        row("transfer while dialling", &world.call, "SwapCalls", "Dialing"),
        row("complete nothing", &world.call, "CompleteTransfer", "Dialing"),
        row("record while dialling", &world.call, "StartCallRecording", "Dialing"),
        row("mute while dialling", &world.call, "MuteCall", "Dialing"),
        row("clear twice", &world.released, "ClearCall", "Released"),
        row("answer one's own dialling", &world.call, "Answer", "Dialing"),
        row("hold while dialling", &world.call, "Hold", "Dialing"),
        row("retrieve while dialling", &world.call, "Retrieve", "Dialing"),
        row("hang up twice", &world.released, "Hangup", "Released"),
        row("delete after release", &world.released, "DeleteUserData", "Released"),
        row("attach after release", &world.released, "AttachUserData", "Released"),
        tones("tones without digits", "", 1, "required parameter 'digits' is missing (a string)"),
        tones("tones that are none", r#","digits":"12x""#, 10, "*"),
    ]
}

/// Dialling from a device.
fn dialling(world: &World) -> Vec<Case> {
    let mine = format!("me/devices/{}/calls", world.device);
    let dial =
        |destination: &str| format!(r#"{{"operationName":"Dial","destination":{destination}}}"#);
    let row = |name, body: String, code, message| Case::rest(name, &mine, body, 400, code, message);
    let good = dial(r#"{"phoneNumber":"15003"}"#);
    vec![
        row(
            "dial nowhere",
            r#"{"operationName":"Dial"}"#.into(),
            1,
            "required parameter 'destination' is missing (an object)",
        ),
        row(
            "dial a string",
            dial(r#""15001""#),
            10,
            "parameter 'destination' must be an object, not a string",
        ),
        row(
            "dial an empty destination",
            dial("{}"),
            1,
            "required parameter 'destination.phoneNumber' is missing (a string)",
        ),
        row(
            "dial a number that is a number",
            dial(r#"{"phoneNumber":15001}"#),
            10,
            "parameter 'destination.phoneNumber' must be a string, not a number",
        ),
        row("dial an empty number", dial(r#"{"phoneNumber":""}"#), 10, "*"),
        row(
            "dial with bad user data",
            r#"{"operationName":"Dial","destination":{"phoneNumber":"15003"},"userData":[1]}"#
                .into(),
            10,
            "parameter 'userData' must be an object, not an array",
        ),
        row(
            "another operation on a device",
            r#"{"operationName":"Answer"}"#.into(),
            10,
            "*Answer*",
        ),
        Case::rest(
            "dial from an unknown device",
            "me/devices/631608b3-ceb1-472b-ba05-2ae39555b0d1/calls",
            good.clone(),
            404,
            6,
            "*",
        ),
        Case::rest("dial from no device", "me/devices/x/calls", good.clone(), 404, 6, "*"),
        Case::rest(
            "dial from another's device",
            &format!("me/devices/{}/calls", world.foreign_device),
            good,
            404,
            6,
            "*",
        ),
    ]
}

/// Calls and paths that are not there, or not for this user.
fn elsewhere(world: &World) -> Vec<Case> {
    let hangup = r#"{"operationName":"Hangup"}"#;
    let attach = r#"{"operationName":"AttachUserData","userData":{"a":"b"}}"#;
    let alice = Login::demo("alice");
    let get = |path: &str| Request::new("GET", path).login(&alice);
    let third_party = |user: &str, call: &str, body: &str| {
        Request::json(&format!("/api/v2/calls/{call}"), body).login(&Login::demo(user))
    };
    let mine = format!("/api/v2/me/calls/{}", world.call);
    let other_method = |name, method: &str, path: &str| {
        let request = Request::new(method, path).login(&alice);
        let message = format!("{method} is not possible on this resource");
        Case::new(name, &request, 405, &failure(10, &message)).header("allow", Some("*"))
    };
    vec![
        Case::rest(
            "an unknown call",
            "me/calls/01RCC3N118B1V0SL8O7GK2LAES00000R",
            hangup,
            404,
            6,
            "*",
        ),
        Case::rest("a call id that is none", "me/calls/..%2f..%2fx", hangup, 404, 6, "*"),
        Case::rest(
            "a call of others",
            &format!("me/calls/{}", world.foreign_call),
            hangup,
            404,
            6,
            "*",
        ),
        Case::new(
            "reading a call of others",
            &get(&format!("/api/v2/me/calls/{}", world.foreign_call)),
            404,
            &failure(6, "*"),
        ),
        Case::new(
            "a third party without the role",
            &third_party("alice", &world.foreign_call, attach),
            403,
            &failure(5, "*"),
        ),
        Case::new(
            "a supervisor and an unknown call",
            &third_party("erin", "nope", attach),
            404,
            &failure(6, "*"),
        ),
        Case::new(
            "a supervisor without user data",
            &third_party("erin", &world.call, r#"{"operationName":"AttachUserData"}"#),
            400,
            &failure(1, "required parameter 'userData' is missing (an object)"),
        ),
        Case::new(
            "a supervisor hanging up",
            &third_party("erin", &world.call, hangup),
            400,
            &failure(10, "*Hangup*"),
        ),
        Case::new(
            "an unknown path",
            &get("/api/v2/no/such/thing"),
            404,
            &failure(6, "* notifications (CometD) are at /api/v2/notifications"),
        ),
        Case::new("a path above the version", &get("/api/v3/me"), 404, "-"),
        other_method("PUT on a call", "PUT", &mine),
        other_method("DELETE on a call", "DELETE", &mine),
        other_method("PATCH on a call", "PATCH", &mine),
        other_method("POST on a list", "POST", "/api/v2/me/calls"),
        Case::new(
            "a field list given twice",
            &get("/api/v2/me/calls?fields=id&fields=state"),
            400,
            &failure(10, "parameter 'fields' is given more than once"),
        ),
        Case::rest(
            "an unknown operation on me",
            "me",
            r#"{"operationName":"Nope"}"#,
            400,
            10,
            "*Nope*",
        ),
    ]
}
