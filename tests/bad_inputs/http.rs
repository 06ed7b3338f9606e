//! Requests that are bad before anybody looks at their meaning.

use encke_testkit::{Login, Request};

use crate::case::{Case, failure};
use crate::ground::World;

/// The rows.
pub fn cases(_: &World) -> Vec<Case> {
    let get = |path: &str| Request::new("GET", path);
    let post =
        |path: &str, rest: &str| format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{rest}");
    let long = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(100_000));
    let header = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(600_000));
    let many = format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "a: b\r\n".repeat(500));
    let login = Login::demo("alice");
    let announced = format!(
        "content-type: application/json\r\nauthorization: {}\r\ncontent-length: 100000000\r\n\r\n",
        login.basic()
    );
    let call = "/api/v2/me/calls/nope";
    let large = Request::json(call, "x".repeat(300_000)).login(&login);
    let too_large = failure(10, "the body is longer than 262144 bytes");
    vec![
        Case::new("a file that is not there", &get("/desk/no-such-file.js"), 404, "-"),
        Case::new("a path out of the desk", &get("/desk/../../../../etc/passwd"), 404, "-"),
        Case::new("the same, encoded", &get("/desk/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), 404, "-"),
        Case::new("the same, encoded slash", &get("/desk/..%2f..%2f..%2fetc%2fpasswd"), 404, "-"),
        Case::new("an unknown path", &get("/no/such/thing"), 404, "-"),
        Case::new("a path beside the endpoint", &get("/cometdx"), 404, "-"),
        Case::raw("not HTTP", "hello\r\n\r\n", 400, "-"),
        Case::raw("no such version", "GET / HTTP/7.0\r\n\r\n", 400, "-"),
        Case::raw("a header without a colon", "GET / HTTP/1.1\r\nhost localhost\r\n\r\n", 400, "-"),
        Case::raw("a header with a bad name", "GET / HTTP/1.1\r\nho st: x\r\n\r\n", 400, "-"),
        Case::raw("a very long path", long, 431, "-"),
        Case::raw("a very long header", header, 431, "-"),
        Case::raw("very many headers", many, 431, "-"),
        Case::raw(
            "a length that is none",
            post("/cometd", "content-length: many\r\n\r\n"),
            400,
            "-",
        ),
        Case::raw(
            "two lengths",
            post("/cometd", "content-length: 2\r\ncontent-length: 3\r\n\r\n[]x"),
            400,
            "-",
        ),
        Case::raw(
            "a chunk size that is none",
            post("/cometd", "transfer-encoding: chunked\r\n\r\nzz\r\n"),
            400,
            "-",
        ),
        Case::raw(
            "a Bayeux body announced as too large",
            post("/cometd", &announced),
            413,
            r#"[{"successful":false,"error":"413::*"}]"#,
        ),
        Case::raw("an operation announced as too large", post(call, &announced), 413, &too_large),
        Case::raw("the same for the simulator", post("/sim/v1/calls", &announced), 413, &too_large),
        Case::new("an operation that is too large", &large, 413, &too_large).may_close(),
    ]
}
