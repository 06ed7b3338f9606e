//! The simulator's own failures.

use encke_testkit::Request;

use crate::case::{Case, failure};
use crate::ground::World;

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let row = |name, path: &str, body: &str, status, code, message: &str| {
        let request = Request::json(&format!("/sim/v1/{path}"), body);
        Case::new(name, &request, status, &failure(code, message))
    };
    let bad = |name, path: &str, body: &str, code, message: &str| {
        row(name, path, body, 400, code, message)
    };
    let call = format!("calls/{}", world.call);
    let sms = format!("smssessions/{}", world.sms);
    let calls = "operationName must be Answer, Hangup, AttachUserData, UpdateUserData, \
                 DeleteUserDataPair or DeleteUserData";
    vec![
        bad("JSON cut short", "calls", r#"{"to":"#, 1, "the body is no JSON"),
        bad("an array", "calls", "[]", 10, "the body must be a JSON object"),
        bad("a call to nobody", "calls", r#"{"from":"+15550100"}"#, 1, "to is missing"),
        bad("a call from nobody", "calls", r#"{"to":"15002"}"#, 1, "from is missing"),
        bad("a number as number", "calls", r#"{"to":15002}"#, 10, "to must be a string"),
        row(
            "a call to an unknown number",
            "calls",
            r#"{"to":"99999","from":"+15550100"}"#,
            404,
            6,
            "the line is unknown",
        ),
        bad(
            "a call with bad user data",
            "calls",
            r#"{"to":"15002","from":"+15550100","userData":[]}"#,
            10,
            "*",
        ),
        row("an unknown call", "calls/nope", r#"{"operationName":"Hangup"}"#, 404, 6, "*"),
        bad("no operation", &call, "{}", 1, "operationName is missing"),
        bad("an unknown operation", &call, r#"{"operationName":"Frobnicate"}"#, 10, calls),
        bad(
            "a third party without a number",
            &call,
            r#"{"operationName":"AttachUserData","userData":{}}"#,
            1,
            "thirdPartyDn is missing",
        ),
        bad("an SMS to nobody", "smssessions", r#"{"from":"+15550100"}"#, 1, "to is missing"),
        row(
            "an SMS to an unknown user",
            "smssessions",
            r#"{"to":"mallory","from":"+15550100","nickname":"n","text":"x"}"#,
            404,
            6,
            "there is no such user",
        ),
        row(
            "an unknown SMS session",
            "smssessions/nope",
            r#"{"operationName":"Leave"}"#,
            404,
            6,
            "*",
        ),
        bad(
            "a message without text",
            &sms,
            r#"{"operationName":"SendMessage"}"#,
            1,
            "text is missing",
        ),
        bad(
            "an interaction of no medium",
            "interactions",
            r#"{"to":"alice","from":"x"}"#,
            1,
            "medium is missing",
        ),
        bad(
            "an interaction of an unknown medium",
            "interactions",
            r#"{"medium":"fax","to":"alice","from":"x"}"#,
            10,
            "medium must be one of sms, chat, email, workitem, openmedia, im, facebook, twitter",
        ),
        row(
            "an unknown interaction",
            "interactions/nope",
            r#"{"operationName":"Leave"}"#,
            404,
            6,
            "there is no such interaction",
        ),
        bad(
            "a URL that is none",
            &sms,
            r#"{"operationName":"SendUrl","url":"javascript:x"}"#,
            10,
            "a URL begins with http:// or https:// and has no blanks",
        ),
        bad(
            "a fault that does not exist",
            "faults",
            r#"{"nonsense":true}"#,
            10,
            "a fault is `journal`, `replay` or `disconnect`",
        ),
        bad(
            "a journal fault that does not exist",
            "faults",
            r#"{"journal":"burn"}"#,
            10,
            "journal must be fail, delay or ok",
        ),
        row(
            "an unknown path",
            "nothing",
            "{}",
            404,
            6,
            "the simulator has /sim/v1/calls, /sim/v1/smssessions, /sim/v1/interactions and /sim/v1/faults",
        ),
    ]
}
