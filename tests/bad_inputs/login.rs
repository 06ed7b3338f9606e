//! Requests without a login, or with a wrong one: 403 and `statusCode` 20, and no prompt.

use encke_testkit::{Login, Request};

use crate::case::{Case, failure};
use crate::ground::World;

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let me = || Request::new("GET", "/api/v2/me");
    let refused = |name, request: &Request, why: &str| {
        Case::new(name, request, 403, &failure(20, &format!("Access denied: {why}")))
            .header("www-authenticate", None)
    };
    let operation = r#"{"operationName":"DeleteUserData"}"#;
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","id":"1","supportedConnectionTypes":["long-polling"]}]"#;
    let connect = format!(
        r#"[{{"channel":"/meta/connect","clientId":"{}","connectionType":"long-polling","id":"1"}}]"#,
        world.gws.client
    );
    let (absent, wrong, malformed) =
        ("no credentials", "wrong user or password", "malformed Authorization header");
    let basic = |name, login: Login| refused(name, &me().login(&login), wrong);
    let header =
        |name, value: &str, why: &str| refused(name, &me().header("authorization", value), why);
    vec![
        refused("no credentials", &me(), absent),
        basic("a wrong password", Login::new("alice", "wrong")),
        basic("an empty password", Login::new("alice", "")),
        basic("an unknown user", Login::demo("mallory")),
        basic("another case of the name", Login::demo("Alice")),
        header("credentials that are not base64", "Basic %%%%", malformed),
        header("credentials without a colon", "Basic YWxpY2U=", malformed),
        header("a scheme alone", "Basic", malformed),
        header(
            "another scheme",
            "Digest YWxpY2U6ZGVtbw==",
            "only Basic credentials and Bearer tokens are taken",
        ),
        refused(
            "a made-up session cookie",
            &me().header("cookie", "JSESSIONID=0123456789abcdef"),
            "the session is over",
        ),
        refused(
            "an operation without credentials",
            &Request::json(&format!("/api/v2/me/calls/{}", world.call), operation),
            absent,
        ),
        refused(
            "an unknown path without credentials",
            &Request::new("GET", "/api/v2/no/such/thing"),
            absent,
        ),
        refused(
            "a GWS handshake without credentials",
            &Request::json("/api/v2/notifications/handshake", handshake),
            absent,
        ),
        refused(
            "a GWS connect with a session's client id and no credentials",
            &Request::json("/api/v2/notifications/connect", connect)
                .header("cookie", &world.gws.cookie),
            absent,
        ),
    ]
}
