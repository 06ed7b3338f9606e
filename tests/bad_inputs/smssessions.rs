//! Operations on SMS sessions that cannot be done.

use crate::case::Case;
use crate::ground::World;

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let chatting = format!("me/smsessions/{}", world.sms);
    let row =
        |name, body: &str, code, message| Case::rest(name, &chatting, body, 400, code, message);
    let attach = r#"{"operationName":"AttachUserData","userData":{"a":"b"}}"#;
    let missing = "required parameter 'userData' is missing (an object)";
    let big = format!(
        r#"{{"operationName":"AttachUserData","userData":{{"k":"{}"}}}}"#,
        "x".repeat(16_001)
    );
    vec![
        row("attach nothing", r#"{"operationName":"AttachUserData"}"#, 1, missing),
        row("update nothing", r#"{"operationName":"UpdateUserData"}"#, 1, missing),
        row(
            "attach an array",
            r#"{"operationName":"AttachUserData","userData":[1]}"#,
            10,
            "parameter 'userData' must be an object, not an array",
        ),
        row("attach more than 16,000 bytes", &big, 10, "*16000*"),
        row(
            "delete without keys",
            r#"{"operationName":"DeleteUserData"}"#,
            1,
            "required parameter 'keys' is missing (an array)",
        ),
        row(
            "delete by a string",
            r#"{"operationName":"DeleteUserData","keys":"a"}"#,
            10,
            "parameter 'keys' must be an array, not a string",
        ),
        row(
            "delete by numbers",
            r#"{"operationName":"DeleteUserData","keys":[1]}"#,
            10,
            "parameter 'keys' must be an array of strings only",
        ),
        row(
            "delete the voice way",
            r#"{"operationName":"DeleteUserData","key":"a"}"#,
            1,
            "on an SMS session DeleteUserData takes the parameter 'keys' (an array of strings), not 'key'",
        ),
        row(
            "delete a pair",
            r#"{"operationName":"DeleteUserDataPair","key":"a"}"#,
            10,
            "*DeleteUserDataPair*",
        ),
        row("a voice operation", r#"{"operationName":"Hold"}"#, 10, "*Hold*"),
        row("accept twice", r#"{"operationName":"Accept","nickname":"A"}"#, 2, "*"),
        row("reject while chatting", r#"{"operationName":"Reject"}"#, 2, "*"),
        row(
            "send nothing",
            r#"{"operationName":"SendMessage"}"#,
            1,
            "required parameter 'text' is missing (a string)",
        ),
        row(
            "send a number",
            r#"{"operationName":"SendMessage","text":1}"#,
            10,
            "parameter 'text' must be a string, not a number",
        ),
        row("JSON cut short", r#"{"operationName""#, 1, "the body is not JSON*"),
        Case::rest(
            "leave before accepting",
            &format!("me/smsessions/{}", world.invited),
            r#"{"operationName":"Leave"}"#,
            400,
            2,
            "*",
        ),
        Case::rest(
            "send before accepting",
            &format!("me/smssessions/{}", world.invited),
            r#"{"operationName":"SendMessage","text":"x"}"#,
            400,
            2,
            "*",
        ),
        Case::rest("an unknown session", "me/smsessions/0000Wa9CAM6W00J", attach, 404, 6, "*"),
        Case::rest(
            "an unknown session, double s",
            "me/smssessions/0000Wa9CAM6W00J",
            attach,
            404,
            6,
            "*",
        ),
        Case::rest(
            "a session of another",
            &format!("me/smsessions/{}", world.foreign_sms),
            attach,
            404,
            6,
            "*",
        ),
        Case::rest("a call's id", &format!("me/smsessions/{}", world.call), attach, 404, 6, "*"),
    ]
}
