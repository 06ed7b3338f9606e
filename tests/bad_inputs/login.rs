//! Requests without a login, or with a wrong one: 403 and `statusCode` 20, and no prompt.

use encke_testkit::{Login, Request};

use crate::case::{Case, failure};
use crate::ground::World;

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let me = || Request::new("GET", "/api/v2/me");
    let refused = |name, request: &Request| {
        Case::new(name, request, 403, &failure(20, "Access denied*"))
            .header("www-authenticate", None)
    };
    let operation = r#"{"operationName":"DeleteUserData"}"#;
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","id":"1","supportedConnectionTypes":["long-polling"]}]"#;
    let connect = format!(
        r#"[{{"channel":"/meta/connect","clientId":"{}","connectionType":"long-polling","id":"1"}}]"#,
        world.gws.client
    );
    vec![
        Case::new("no credentials", &me(), 403, &failure(20, "Access denied"))
            .header("www-authenticate", None),
        refused("a wrong password", &me().login(&Login::new("alice", "wrong"))),
        refused("an empty password", &me().login(&Login::new("alice", ""))),
        refused("an unknown user", &me().login(&Login::demo("mallory"))),
        refused("another case of the name", &me().login(&Login::demo("Alice"))),
        refused("credentials that are not base64", &me().header("authorization", "Basic %%%%")),
        refused("credentials without a colon", &me().header("authorization", "Basic YWxpY2U=")),
        refused("another scheme", &me().header("authorization", "Bearer YWxpY2U6ZGVtbw==")),
        refused("a scheme alone", &me().header("authorization", "Basic")),
        refused("a made-up session cookie", &me().header("cookie", "JSESSIONID=0123456789abcdef")),
        refused(
            "an operation without credentials",
            &Request::json(&format!("/api/v2/me/calls/{}", world.call), operation),
        ),
        refused(
            "an unknown path without credentials",
            &Request::new("GET", "/api/v2/no/such/thing"),
        ),
        refused(
            "a GWS handshake without credentials",
            &Request::json("/api/v2/notifications/handshake", handshake),
        ),
        refused(
            "a GWS connect with a session's client id and no credentials",
            &Request::json("/api/v2/notifications/connect", connect)
                .header("cookie", &world.gws.cookie),
        ),
    ]
}
