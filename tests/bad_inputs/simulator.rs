//! The simulator's own failures.

use encke_testkit::Request;

use crate::case::{Case, failure};
use crate::ground::World;

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let row = |name, path: &str, body: &str, status, code| {
        Case::new(
            name,
            &Request::json(&format!("/sim/v1/{path}"), body),
            status,
            &failure(code, "*"),
        )
    };
    let call = format!("calls/{}", world.call);
    let sms = format!("smssessions/{}", world.sms);
    vec![
        row("JSON cut short", "calls", r#"{"to":"#, 400, 1),
        row("an array", "calls", "[]", 400, 10),
        row("a call to nobody", "calls", r#"{"from":"+15550100"}"#, 400, 1),
        row("a call to an unknown number", "calls", r#"{"to":"99999","from":"+15550100"}"#, 404, 6),
        row(
            "a call with bad user data",
            "calls",
            r#"{"to":"15002","from":"+15550100","userData":[]}"#,
            400,
            10,
        ),
        row("an unknown call", "calls/nope", r#"{"operationName":"Hangup"}"#, 404, 6),
        row("no operation", &call, "{}", 400, 1),
        row("an unknown operation", &call, r#"{"operationName":"Frobnicate"}"#, 400, 10),
        row("an SMS to nobody", "smssessions", r#"{"from":"+15550100","text":"x"}"#, 400, 1),
        row(
            "an SMS to an unknown user",
            "smssessions",
            r#"{"to":"mallory","from":"+15550100","nickname":"n","text":"x"}"#,
            404,
            6,
        ),
        row("an unknown SMS session", "smssessions/nope", r#"{"operationName":"Leave"}"#, 404, 6),
        row("a message without text", &sms, r#"{"operationName":"SendMessage"}"#, 400, 1),
        row("a fault that does not exist", "faults", r#"{"nonsense":true}"#, 400, 10),
        row("an unknown path", "nothing", "{}", 404, 6),
    ]
}
