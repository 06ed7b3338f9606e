//! The API for back ends: who may not use it, and bodies, queries and paths that make no sense. Each
//! refusal is `{"error":{"code","message"}}`.

use encke_testkit::{Login, Request};
use serde_json::json;

use crate::case::Case;
use crate::ground::World;

/// A key for everything, and one that only asks who is there.
const KEY: &str = "encke_0000000000000000000000000000000000000000000000000000000000000000";
const READER: &str = "encke_1111111111111111111111111111111111111111111111111111111111111111";

fn refused(name: &'static str, request: &Request, status: u16, code: &str) -> Case {
    let body = json!({"error": {"code": code, "message": "*"}});
    Case::new(name, request, status, &body.to_string()).header("set-cookie", None)
}

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let at = |path: &str| format!("/api/bayeux/v1/{path}");
    let post = |path: &str, body: &str| Request::json(&at(path), body).header("x-api-key", KEY);
    let get = |path: &str| Request::new("GET", &at(path)).header("x-api-key", KEY);
    let publish = |name, body: &str, code| refused(name, &post("publish", body), 400, code);
    let query = |name, path: &str| refused(name, &get(path), 400, "query_invalid");
    let good = r#"{"channel":"/a","data":1}"#;
    let expired = world.issuer.token("alice", -60.0);
    let bearing = format!("Bearer {expired}");
    let deep = format!(r#"{{"channel":"/a","data":{}{}}}"#, "[".repeat(600), "]".repeat(600));
    let four = format!(r#"{{"messages":[{good},{good},{good},{good}]}}"#);
    vec![
        refused("nobody", &Request::json(&at("publish"), good), 403, "access_denied"),
        Case::new(
            "a user who is no service",
            &Request::json(&at("publish"), good).login(&Login::demo("erin")),
            403,
            r#"{"error":{"code":"access_denied","message":"Access denied: the role `service` is needed"}}"#,
        ),
        refused(
            "a token that has expired",
            &Request::json(&at("publish"), good).header("authorization", &bearing),
            401,
            "invalid_token",
        ),
        refused(
            "an empty key",
            &Request::json(&at("publish"), good).header("x-api-key", ""),
            403,
            "wrong_key",
        ),
        refused(
            "a key of another length",
            &Request::json(&at("publish"), good).header("x-api-key", &KEY[..69]),
            403,
            "wrong_key",
        ),
        refused(
            "a key that is too long",
            &Request::json(&at("publish"), good).header("x-api-key", &"x".repeat(4_000)),
            403,
            "wrong_key",
        ),
        refused(
            "a key that is not for this",
            &Request::json(&at("publish"), good).header("x-api-key", READER),
            403,
            "operation_not_allowed",
        ),
        refused(
            "a page of another origin",
            &post("publish", good).header("origin", "https://evil.example.com"),
            403,
            "foreign_origin",
        ),
        publish("no body", "", "json_invalid"),
        publish("half a body", r#"{"channel":"/a","#, "json_invalid"),
        publish("two bodies", &format!("{good}{good}"), "json_invalid"),
        publish("nesting beyond the bound", &deep, "json_invalid"),
        publish("an array", &format!("[{good}]"), "body_invalid"),
        publish("no channel", r#"{"data":1}"#, "body_invalid"),
        publish("no data", r#"{"channel":"/a"}"#, "body_invalid"),
        publish("a channel that is a number", r#"{"channel":1,"data":1}"#, "body_invalid"),
        publish("a user that is a list", r#"{"channel":"/a","data":1,"user":[]}"#, "body_invalid"),
        publish(
            "a member that is not known",
            r#"{"channel":"/a","data":1,"id":1}"#,
            "body_invalid",
        ),
        publish(
            "a member that is there twice",
            r#"{"channel":"/a","data":1,"data":2}"#,
            "body_invalid",
        ),
        publish("a channel without a slash", r#"{"channel":"a","data":1}"#, "channel_invalid"),
        publish("a pattern", r#"{"channel":"/a/**","data":1}"#, "channel_invalid"),
        publish("a channel without a name", r#"{"channel":"/a//b","data":1}"#, "channel_invalid"),
        publish(
            "a meta channel",
            r#"{"channel":"/meta/connect","data":1}"#,
            "channel_not_for_messages",
        ),
        publish(
            "a service channel",
            r#"{"channel":"/service/a","data":1}"#,
            "channel_not_for_messages",
        ),
        publish(
            "a meta channel of a user",
            r#"{"channel":"/meta/connect","data":1,"user":"alice"}"#,
            "channel_not_for_messages",
        ),
        refused(
            "a body that is too long",
            &post("publish", &format!(r#"{{"channel":"/a","data":"{}"}}"#, "x".repeat(1_048_576))),
            413,
            "body_too_long",
        )
        .may_close(),
        refused(
            "a batch that is too long",
            &post("publish/batch", &four),
            413,
            "too_many_messages",
        ),
        refused("a batch of no messages", &post("publish/batch", "{}"), 400, "body_invalid"),
        Case::new(
            "messages of a batch that make no sense",
            &post("publish/batch", r#"{"messages":[7,{"channel":"/a"},{"channel":"a","data":1}]}"#),
            200,
            r#"{"results":[
                {"error":{"code":"body_invalid","message":"*"}},
                {"error":{"code":"body_invalid","message":"*"}},
                {"error":{"code":"channel_invalid","message":"*"}}]}"#,
        ),
        query("a page of no entries", "sessions?limit=0"),
        query("a page of too many entries", "channels?limit=1001"),
        query("a page of a length in words", "users?limit=many"),
        query("an endpoint that is none", "sessions?endpoint=other"),
        query("a session number in words", "sessions?after=alice"),
        query("a key that is not known", "users?page=2"),
        refused("a pattern without a slash", &get("users?channel=a"), 400, "channel_invalid"),
        refused("a user that is no text", &get("users/%ff"), 400, "path_invalid"),
        refused("another path", &get("user/alice"), 404, "no_such_path"),
        refused("another method", &get("publish"), 405, "method_not_allowed"),
        refused(
            "a method that deletes",
            &Request::new("DELETE", &at("sessions")).header("x-api-key", KEY),
            405,
            "method_not_allowed",
        ),
    ]
}
