//! Bodies and HTTP around them: what is JSON, what is not, and what HTTP allows.
//!
//! Specified: RFC 9110 and 9112 for HTTP, RFC 8259 for JSON. Observed: CometD answers some broken
//! bodies with 500 or an empty 200; a server should say 400.

use std::time::Duration;

use serde_json::Value;

use crate::Expectation::{Expected, Varies, Want};
use crate::http::{Request, Response};
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::transport::Transport;
use crate::verdict::{Outcome, PASS, Stop, check, failed, varies};

/// A handshake for requests that are made by hand.
pub(super) const HANDSHAKE: &str = concat!(
    r#"[{"channel":"/meta/handshake","id":"1","version":"1.0","minimumVersion":"1.0","#,
    r#""supportedConnectionTypes":["long-polling"]}]"#
);

/// Bodies that are no batch of messages, and must be told so by a status of 4xx.
const BROKEN: [(&str, &str, &[u8]); 17] = [
    ("H182", "half_a_message", br#"[{"channel":"#),
    ("H182", "a_word", b"hello"),
    ("H181", "nothing", b""),
    ("H181", "blanks", b"   \r\n "),
    ("H184", "a_number", b"1"),
    ("H184", "a_text", br#""x""#),
    ("H184", "true", b"true"),
    ("H183", "null", b"null"),
    ("H184", "an_array_of_null", b"[null]"),
    ("H184", "an_array_of_numbers", b"[1]"),
    ("H167", "an_array_in_an_array", b"[[]]"),
    ("H186", "garbage_behind_the_array", br#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}] x"#),
    ("H186", "two_arrays", b"[][]"),
    ("H182", "single_quotes", br"[{'channel':'/meta/handshake'}]"),
    ("H182", "a_comment", b"/*[]*/"),
    ("H187", "invalid_utf_8", b"[{\"channel\":\"/meta/handshake\",\"version\":\"1.0\",\"id\":\"\xff\xfe\",\"supportedConnectionTypes\":[\"long-polling\"]}]"),
    ("H187", "a_raw_control_character", b"[{\"channel\":\"/meta/handshake\",\"version\":\"1.0\",\"id\":\"a\x01\",\"supportedConnectionTypes\":[\"long-polling\"]}]"),
];

/// Methods that do not carry messages.
const METHODS: [&str; 5] = ["GET", "PUT", "DELETE", "PATCH", "HEAD"];

/// Paths below the endpoint's that clients append.
const SUFFIXES: [(&str, &str); 7] = [
    ("a_slash", "/"),
    ("handshake", "/handshake"),
    ("connect", "/connect"),
    ("subscribe", "/subscribe"),
    ("disconnect", "/disconnect"),
    ("two_words", "/x/y"),
    ("a_query", "?a=b"),
];

/// Content types that clients send, or that a server has no reason to refuse.
const TYPES: [(&str, Option<&str>); 6] = [
    ("json", Some("application/json")),
    ("json_and_utf_8", Some("application/json;charset=UTF-8")),
    ("json_and_a_quoted_charset", Some("application/json; charset=\"utf-8\"")),
    ("text_json", Some("text/json")),
    ("plain_text", Some("text/plain;charset=UTF-8")),
    ("nothing", None),
];

pub(super) fn scenarios() -> Vec<Scenario> {
    let only = On::Only(Transport::LongPolling);
    let mut list = Vec::new();
    for (observation, name, body) in BROKEN {
        let title = format!("{name}_as_body_is_a_client_error");
        list.push(Scenario::new("framing", observation, Want, title, move |lab| broken(lab, body)));
    }
    for method in METHODS {
        let title = format!("{}_without_messages_is_a_client_error", method.to_lowercase());
        list.push(Scenario::new("framing", "H189", Expected, title, move |lab| {
            method_is_refused(lab, method)
        }));
    }
    for (name, suffix) in SUFFIXES {
        let title = format!("the_url_with_{name}_is_served");
        list.push(Scenario::new("framing", "H173", Expected, title, move |lab| async move {
            let path = lab.target().endpoint.below(suffix);
            is_handshake(&lab.request(&Request::json(&path, HANDSHAKE)).await?)
        }));
    }
    for (name, value) in TYPES {
        let title = format!("{name}_as_content_type_is_served");
        list.push(Scenario::new("framing", "H174", Expected, title, move |lab| async move {
            let mut request = Request::new("POST", &lab.target().endpoint.path).body(HANDSHAKE);
            if let Some(value) = value {
                request = request.header("Content-Type", value);
            }
            is_handshake(&lab.request(&request).await?)
        }));
    }
    for (name, value, expectation) in [
        ("latin_1", "iso-8859-1", Varies),
        ("greek", "iso-8859-7", Varies),
        ("utf_16", "utf-16", Varies),
        ("an_unknown", "nope", Varies),
    ] {
        let title = format!("{name}_charset");
        list.push(Scenario::new("framing", "H175 H176 H177", expectation, title, move |lab| {
            charset(lab, value)
        }));
    }
    list.extend(scenarios! { "framing";
        "H179" Varies a_bare_object;
        "H180" Varies an_empty_array;
        "H185" Varies an_array_of_an_empty_object;
        "H186" Varies a_trailing_comma;
        "H187" Varies a_byte_order_mark;
        "H188" Varies a_compressed_body;
        "H198" Varies a_form;
        "H178" Required a_letter_split_between_two_segments;
        "H190" Varies options;
        "H192" Required the_response_says_json;
        "H192" Required the_response_is_utf_8;
        "H192" Want the_response_is_not_to_be_stored;
        "H192" Want the_response_is_not_to_be_sniffed;
        "H193" Required the_connection_goes_on_after_a_reply;
        "H193" Required the_connection_goes_on_after_a_hold;
        "H194" Required two_pipelined_requests_are_answered_in_order;
        "H195" Required http_1_0_is_answered_and_closed;
        "H196" Required a_chunked_body_is_read;
        "H196" Required a_body_in_tiny_chunks_is_read;
        "H197" Required expect_100_continue_gets_an_answer;
        "H199" Required a_slow_body_is_served_and_disturbs_nobody;
        "H200" Expected a_huge_header_is_refused;
        "H200" Expected a_huge_request_line_is_refused;
        "H201" Varies a_path_beside_the_endpoint;
        "H203" Required half_a_body_and_a_close_do_no_harm;
        "H205" Required an_error_tells_nothing_of_the_inside;
        "H192" Required no_cookie_comes_with_an_error;
        "H193" Required header_names_are_not_case_sensitive;
        "H182" Required no_http_at_all_is_refused;
        "H196" Required length_and_chunks_together_are_not_smuggled;
        "H182" Required two_different_lengths_are_refused;
        "H192" Required a_length_or_chunks_frame_the_response;
    });
    list.into_iter().map(|scenario| scenario.on(only)).collect()
}

/// Sees that the response is a successful handshake.
pub(super) fn is_handshake(response: &Response) -> Outcome {
    check!(response.status == 200, "HTTP {}", response.status);
    let replies: Value = serde_json::from_slice(&response.body)
        .map_err(|error| failed(format!("no JSON ({error}): {}", response.text())))?;
    check!(replies[0]["successful"] == true, "no success: {replies}");
    check!(replies[0]["clientId"].is_string(), "no clientId: {replies}");
    PASS
}

fn post(lab: &Lab, body: impl Into<Vec<u8>>) -> Request {
    Request::json(&lab.target().endpoint.path, body)
}

async fn broken(lab: Lab, body: &'static [u8]) -> Outcome {
    let response = lab.request(&post(&lab, body)).await?;
    check!((400..500).contains(&response.status), "HTTP {}", response.status);
    PASS
}

async fn method_is_refused(lab: Lab, method: &'static str) -> Outcome {
    let response = lab.request(&Request::new(method, &lab.target().endpoint.path)).await?;
    check!((400..500).contains(&response.status), "HTTP {}", response.status);
    PASS
}

/// What a server makes of a status and a body that it need not support.
fn served_or_refused(response: &Response) -> Outcome {
    match response.status {
        200 => {
            is_handshake(response)?;
            varies("served")
        }
        status @ 400..=499 => varies(format!("HTTP {status}")),
        status => Err(failed(format!("HTTP {status}"))),
    }
}

async fn charset(lab: Lab, name: &'static str) -> Outcome {
    let body = if name == "utf-16" {
        HANDSHAKE.encode_utf16().flat_map(u16::to_be_bytes).collect()
    } else {
        HANDSHAKE.as_bytes().to_vec()
    };
    let kind = format!("application/json;charset={name}");
    let request = Request::new("POST", &lab.target().endpoint.path);
    let response = lab.request(&request.header("Content-Type", &kind).body(body)).await?;
    served_or_refused(&response)
}

async fn a_bare_object(lab: Lab) -> Outcome {
    let object = HANDSHAKE.trim_start_matches('[').trim_end_matches(']');
    served_or_refused(&lab.request(&post(&lab, object)).await?)
}

async fn an_empty_array(lab: Lab) -> Outcome {
    let response = lab.request(&post(&lab, "[]")).await?;
    match (response.status, response.text().trim()) {
        (200, "[]") => varies("an empty array"),
        (status @ 400..=499, _) => varies(format!("HTTP {status}")),
        (status, text) => Err(failed(format!("HTTP {status} {text}"))),
    }
}

async fn an_array_of_an_empty_object(lab: Lab) -> Outcome {
    let response = lab.request(&post(&lab, "[{}]")).await?;
    match response.status {
        200 => {
            let replies: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            check!(replies[0]["successful"] == false, "not refused: {replies}");
            varies(replies[0]["error"].as_str().unwrap_or("refused without error"))
        }
        status @ 400..=499 => varies(format!("HTTP {status}")),
        status => Err(failed(format!("HTTP {status}"))),
    }
}

async fn a_trailing_comma(lab: Lab) -> Outcome {
    let body = format!("{},]", HANDSHAKE.trim_end_matches("}]").to_owned() + "}");
    served_or_refused(&lab.request(&post(&lab, body)).await?)
}

async fn a_byte_order_mark(lab: Lab) -> Outcome {
    served_or_refused(&lab.request(&post(&lab, format!("\u{feff}{HANDSHAKE}"))).await?)
}

async fn a_compressed_body(lab: Lab) -> Outcome {
    // An empty gzip member: no messages, so a server that decompresses refuses it as well.
    let empty: [u8; 20] = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let request = post(&lab, empty.to_vec()).header("Content-Encoding", "gzip");
    let response = lab.request(&request).await?;
    match response.status {
        status @ 400..=499 => varies(format!("HTTP {status}")),
        status => Err(failed(format!("HTTP {status}"))),
    }
}

async fn a_form(lab: Lab) -> Outcome {
    let body = format!("message={}", crate::wire::encoded(HANDSHAKE));
    let request = Request::new("POST", &lab.target().endpoint.path)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body);
    served_or_refused(&lab.request(&request).await?)
}

async fn send(connection: &mut crate::http::Connection, bytes: &[u8]) -> Result<(), Stop> {
    connection.send(bytes).await.map_err(|error| failed(format!("cannot send: {error}")))
}

/// Sends the pieces of an encoded request one after the other with a pause between them.
async fn in_pieces(lab: &Lab, pieces: &[&[u8]], pause: Duration) -> Result<Response, Stop> {
    let mut connection = lab.connection().await?;
    for piece in pieces {
        send(&mut connection, piece).await?;
        tokio::time::sleep(pause).await;
    }
    lab.response(&mut connection).await
}

async fn a_letter_split_between_two_segments(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let body = Value::from(vec![publisher.publication(&channel, "\u{e9}")]).to_string();
    let mut request = post(&lab, body);
    if let Some(cookies) = publisher.browser().header() {
        request = request.header("Cookie", &cookies);
    }
    let bytes = request.encode(&lab.target().endpoint.authority());
    let at = bytes.windows(2).position(|pair| pair == [0xc3, 0xa9]);
    let at = at.ok_or_else(|| failed("no such letter"))? + 1;
    let (one, two) = bytes.split_at(at);
    let response = in_pieces(&lab, &[one, two], Duration::from_millis(60)).await?;
    check!(response.status == 200, "HTTP {}", response.status);
    let event = subscriber.receive_one().await?;
    check!(*event.at(&["data"]) == "\u{e9}", "it came as {:?}", event.data());
    PASS
}

async fn options(lab: Lab) -> Outcome {
    let response = lab.request(&Request::new("OPTIONS", &lab.target().endpoint.path)).await?;
    check!(response.status < 500, "HTTP {}", response.status);
    varies(format!("HTTP {}", response.status))
}

async fn the_response_says_json(lab: Lab) -> Outcome {
    let response = lab.request(&post(&lab, HANDSHAKE)).await?;
    let kind = response.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let media = kind.split(';').next().unwrap_or_default().trim().to_owned();
    check!(media == "application/json", "it says {kind:?}");
    PASS
}

async fn the_response_is_utf_8(lab: Lab) -> Outcome {
    let response = lab.request(&post(&lab, HANDSHAKE)).await?;
    let kind = response.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let charset = kind.split("charset=").nth(1).map(|charset| charset.trim_matches('"'));
    check!(charset.is_none_or(|charset| charset == "utf-8"), "it says {kind:?}");
    check!(String::from_utf8(response.body).is_ok(), "the body is not");
    PASS
}

async fn the_response_is_not_to_be_stored(lab: Lab) -> Outcome {
    let response = lab.request(&post(&lab, HANDSHAKE)).await?;
    let says = response.header("cache-control").unwrap_or_default();
    check!(says.contains("no-store"), "Cache-Control is {says:?}");
    PASS
}

async fn the_response_is_not_to_be_sniffed(lab: Lab) -> Outcome {
    let response = lab.request(&post(&lab, HANDSHAKE)).await?;
    let says = response.header("x-content-type-options").unwrap_or_default();
    check!(says.eq_ignore_ascii_case("nosniff"), "X-Content-Type-Options is {says:?}");
    PASS
}

async fn the_connection_goes_on_after_a_reply(lab: Lab) -> Outcome {
    let mut connection = lab.connection().await?;
    for _ in 0..3 {
        is_handshake(&lab.exchange(&mut connection, &post(&lab, HANDSHAKE)).await?)?;
    }
    PASS
}

async fn the_connection_goes_on_after_a_hold(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let body = Value::from(vec![client.connect(serde_json::json!({"timeout": 300}))]).to_string();
    let mut request = post(&lab, body);
    if let Some(cookies) = client.browser().header() {
        request = request.header("Cookie", &cookies);
    }
    let mut connection = lab.connection().await?;
    let held = lab.exchange(&mut connection, &request).await?;
    check!(held.status == 200, "HTTP {}", held.status);
    is_handshake(&lab.exchange(&mut connection, &post(&lab, HANDSHAKE)).await?)
}

async fn two_pipelined_requests_are_answered_in_order(lab: Lab) -> Outcome {
    let host = lab.target().endpoint.authority();
    let mut bytes = Vec::new();
    for id in ["p1", "p2"] {
        let body = HANDSHAKE.replace("\"id\":\"1\"", &format!("\"id\":\"{id}\""));
        bytes.extend(post(&lab, body).encode(&host));
    }
    let mut connection = lab.connection().await?;
    send(&mut connection, &bytes).await?;
    for id in ["p1", "p2"] {
        let response = lab.response(&mut connection).await?;
        let replies: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        check!(replies[0]["id"] == id, "{replies} instead of {id}");
    }
    PASS
}

async fn http_1_0_is_answered_and_closed(lab: Lab) -> Outcome {
    let mut request = post(&lab, HANDSHAKE);
    request.version = "HTTP/1.0";
    let response = lab.request(&request).await?;
    check!(response.closes() || response.header("content-length").is_none(), "it stays open");
    is_handshake(&response)
}

/// A request whose body is chunked in pieces of this size.
fn chunked(lab: &Lab, size: usize) -> Vec<u8> {
    let request = post(lab, "").header("Transfer-Encoding", "chunked");
    let mut bytes = request.head(&lab.target().endpoint.authority()).into_bytes();
    for chunk in HANDSHAKE.as_bytes().chunks(size) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

async fn a_chunked_body_is_read(lab: Lab) -> Outcome {
    let mut connection = lab.connection().await?;
    send(&mut connection, &chunked(&lab, 40)).await?;
    is_handshake(&lab.response(&mut connection).await?)
}

async fn a_body_in_tiny_chunks_is_read(lab: Lab) -> Outcome {
    let mut connection = lab.connection().await?;
    send(&mut connection, &chunked(&lab, 1)).await?;
    is_handshake(&lab.response(&mut connection).await?)
}

async fn expect_100_continue_gets_an_answer(lab: Lab) -> Outcome {
    let request = post(&lab, HANDSHAKE).header("Expect", "100-continue");
    let head = request.head(&lab.target().endpoint.authority());
    let pieces = [head.as_bytes(), HANDSHAKE.as_bytes()];
    is_handshake(&in_pieces(&lab, &pieces, Duration::from_millis(200)).await?)
}

async fn a_slow_body_is_served_and_disturbs_nobody(lab: Lab) -> Outcome {
    let bytes = post(&lab, HANDSHAKE).encode(&lab.target().endpoint.authority());
    let head = bytes.len() - HANDSHAKE.len();
    let (head, body) = bytes.split_at(head);
    let mut pieces = vec![head];
    pieces.extend(body.chunks(20));
    let slow = in_pieces(&lab, &pieces, Duration::from_millis(120));
    let (slow, other) = futures::join!(slow, lab.client());
    let other = other?;
    other.publish(&lab.channel("/a"), 1).await?;
    is_handshake(&slow?)
}

/// Too much is refused by a status or by closing, not served and not waited for.
fn too_much(result: Result<Response, Stop>) -> Outcome {
    match result {
        Ok(response) => {
            check!((400..500).contains(&response.status), "HTTP {}", response.status);
        }
        Err(Stop::Failed(problem)) => {
            check!(!problem.contains("within"), "neither answer nor close: {problem}");
        }
        Err(skipped) => return Err(skipped),
    }
    PASS
}

async fn a_huge_header_is_refused(lab: Lab) -> Outcome {
    let request = post(&lab, HANDSHAKE).header("X-Filler", &"x".repeat(1 << 20));
    too_much(lab.request(&request).await)
}

async fn a_huge_request_line_is_refused(lab: Lab) -> Outcome {
    let path = format!("{}?{}", lab.target().endpoint.path, "x".repeat(1 << 20));
    too_much(lab.request(&Request::json(&path, HANDSHAKE)).await)
}

async fn a_path_beside_the_endpoint(lab: Lab) -> Outcome {
    let path = format!("{}x-not-there", lab.target().endpoint.path);
    let response = lab.request(&Request::json(&path, HANDSHAKE)).await?;
    match response.status {
        404 => varies("HTTP 404"),
        200 => varies("served"),
        status @ 400..=499 => varies(format!("HTTP {status}")),
        status => Err(failed(format!("HTTP {status}"))),
    }
}

async fn half_a_body_and_a_close_do_no_harm(lab: Lab) -> Outcome {
    let bytes = post(&lab, HANDSHAKE).encode(&lab.target().endpoint.authority());
    for length in [bytes.len() - 1, bytes.len() / 2, 10] {
        let mut connection = lab.connection().await?;
        send(&mut connection, bytes.get(..length).unwrap_or_default()).await?;
        drop(connection);
    }
    lab.client().await?.publish(&lab.channel("/a"), 1).await?;
    PASS
}

async fn an_error_tells_nothing_of_the_inside(lab: Lab) -> Outcome {
    for body in ["[{", "[null]", "[]", r#"[{"channel":5}]"#] {
        let response = lab.request(&post(&lab, body)).await?;
        let text = response.text();
        for mark in ["at java.", "Exception", "node_modules", ".js:", ".rs:", "panicked", "\tat "] {
            check!(!text.contains(mark), "the answer to {body} tells: {text}");
        }
    }
    PASS
}

async fn no_cookie_comes_with_an_error(lab: Lab) -> Outcome {
    let response = lab.request(&post(&lab, "[{")).await?;
    check!(response.header("set-cookie").is_none(), "a cookie with HTTP {}", response.status);
    PASS
}

async fn header_names_are_not_case_sensitive(lab: Lab) -> Outcome {
    let path = &lab.target().endpoint.path;
    let request = Request::new("POST", path)
        .header("cOnTeNt-TyPe", "application/json")
        .header("CONTENT-LENGTH", &HANDSHAKE.len().to_string())
        .body(HANDSHAKE);
    is_handshake(&lab.request(&request).await?)
}

async fn no_http_at_all_is_refused(lab: Lab) -> Outcome {
    let mut connection = lab.connection().await?;
    send(&mut connection, b"[{\"channel\":\"/meta/handshake\"}]\r\n\r\n").await?;
    too_much(lab.response(&mut connection).await)
}

async fn length_and_chunks_together_are_not_smuggled(lab: Lab) -> Outcome {
    // By length the body is the whole of the chunks; by chunks a second request follows.
    let host = lab.target().endpoint.authority();
    let inner = post(&lab, HANDSHAKE).encode(&host);
    let request = post(&lab, "")
        .header("Transfer-Encoding", "chunked")
        .header("Content-Length", &(5 + inner.len()).to_string());
    let mut bytes = request.head(&host).into_bytes();
    bytes.extend(b"0\r\n\r\n");
    bytes.extend(inner);
    let mut connection = lab.connection().await?;
    send(&mut connection, &bytes).await?;
    let response = lab.response(&mut connection).await;
    // Read as an empty chunked body or refused: no session either way from the first response.
    match response {
        Ok(response) => check!(response.status >= 400, "HTTP {}", response.status),
        Err(problem) => check!(!problem.to_string().contains("within"), "{problem}"),
    }
    PASS
}

async fn two_different_lengths_are_refused(lab: Lab) -> Outcome {
    let request = post(&lab, HANDSHAKE)
        .header("Content-Length", &HANDSHAKE.len().to_string())
        .header("Content-Length", "5");
    too_much(lab.request(&request).await)
}

async fn a_length_or_chunks_frame_the_response(lab: Lab) -> Outcome {
    let response = lab.request(&post(&lab, HANDSHAKE)).await?;
    let framed = ["content-length", "transfer-encoding"];
    let framed = framed.iter().filter(|name| response.header(name).is_some()).count();
    check!(framed == 1, "{framed} of Content-Length and Transfer-Encoding");
    PASS
}
