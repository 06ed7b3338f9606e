//! Bodies and methods that carry no Bayeux message: a status that says so, and one failed reply.

use encke_testkit::Request;

use crate::case::Case;
use crate::ground::World;

/// The rows.
pub fn cases(_: &World) -> Vec<Case> {
    let mut cases = bodies();
    cases.extend(requests());
    cases
}

fn bodies() -> Vec<Case> {
    let bad = |name, body: &[u8]| {
        let failed = r#"[{"successful":false,"error":"400::*"}]"#;
        Case::new(name, &Request::json("/cometd", body), 400, failed)
    };
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"[{{"channel":"/a","id":"1","data":{open}{close}}}]"#)
    };
    let many = format!("[{}{{}}]", "{},".repeat(1_000));
    let nameless = r#"[{"successful":false,"error":"400::channel_missing"}]"#;
    vec![
        bad("JSON cut short", br#"[{"channel":"#),
        bad("no body", b""),
        bad("blanks", b" \r\n\t"),
        bad("an empty array", b"[]"),
        bad("null", b"null"),
        bad("a string", br#""x""#),
        bad("a number", b"1"),
        bad("a boolean", b"true"),
        bad("null in an array", b"[null]"),
        bad("a number in an array", b"[1]"),
        bad("an array in an array", b"[[]]"),
        bad("a message in an array in an array", br#"[[{"channel":"/a"}]]"#),
        bad("a message and a number", br#"[{"channel":"/a","id":"1"},1]"#),
        bad("trailing garbage", br#"[{"channel":"/a","id":"1"}] x"#),
        bad("a trailing comma", br#"[{"channel":"/a","id":"1"},]"#),
        bad("invalid UTF-8", b"[{\"channel\":\"/a\",\"data\":\"\xff\xfe\"}]"),
        bad("not JSON at all", b"message=%5B%5D"),
        bad("600 levels of data", deep(600).as_bytes()),
        bad("100,000 levels of data", deep(100_000).as_bytes()),
        Case::new(
            "1,001 messages",
            &Request::json("/cometd", many),
            413,
            r#"[{"successful":false,"error":"413::*"}]"#,
        ),
        Case::new("an empty object", &Request::json("/cometd", "{}"), 200, nameless),
        Case::new("an empty object in an array", &Request::json("/cometd", "[{}]"), 200, nameless),
    ]
}

fn requests() -> Vec<Case> {
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let post = |kind: &str| Request::new("POST", "/cometd").header("content-type", kind);
    let method = |name, method: &str| {
        let failed = r#"[{"successful":false,"error":"405::messages are sent by POST"}]"#;
        Case::new(name, &Request::new(method, "/cometd"), 405, failed)
            .header("allow", Some("POST, OPTIONS"))
    };
    let unsupported = r#"[{"successful":false,"error":"415::*"}]"#;
    vec![
        Case::new(
            "an unknown charset",
            &post("application/json; charset=nope").body(handshake),
            415,
            unsupported,
        ),
        Case::new(
            "a compressed body",
            &post("application/json").header("content-encoding", "gzip").body("x"),
            415,
            unsupported,
        ),
        method("GET without a callback", "GET"),
        method("PUT", "PUT"),
        method("DELETE", "DELETE"),
        method("PATCH", "PATCH"),
        Case::new("HEAD", &Request::new("HEAD", "/cometd"), 405, "")
            .header("allow", Some("POST, OPTIONS")),
    ]
}
