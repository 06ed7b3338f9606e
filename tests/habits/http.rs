//! Habits in HTTP: credentials, cookies, paths, content types.

use encke_testkit::{Agent, Connection, GWS, Launch, Login, Request, Response, Server};
use serde_json::{Value, json};

const HANDSHAKE: &str = r#"[{"channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["long-polling"],"id":"1"}]"#;

fn post(path: &str, body: &str) -> Request {
    Request::json(path, body).login(&Login::demo("alice"))
}

fn client_id(response: &Response) -> String {
    response.value()[0]["clientId"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", response.text()))
        .to_owned()
}

fn connect(client: &str, hold_ms: Option<u64>) -> String {
    let mut message = json!({"channel": "/meta/connect", "connectionType": "long-polling",
        "clientId": client, "id": "9"});
    if let Some(ms) = hold_ms {
        message["advice"] = json!({"timeout": ms});
    }
    json!([message]).to_string()
}

/// The .NET client: Basic with every request, polls included, and no cookie ever; everything to the
/// bare path; one subscription to all there is.
#[tokio::test]
async fn a_client_with_credentials_on_each_poll_and_no_cookie_hears_its_calls_once() {
    let server = Launch::demo().start().await;
    let mut poll = Connection::open(server.address()).await.unwrap();
    let client = client_id(&poll.exchange(&post(GWS, HANDSHAKE)).await.unwrap());
    let subscribe = json!([{"channel": "/meta/subscribe", "subscription": "/**", "clientId": client,
        "id": "2"}]);
    let answer = server.request(&post(GWS, &subscribe.to_string())).await;
    assert_eq!(answer.value()[0]["successful"], true, "{}", answer.text());
    let first = poll.exchange(&post(GWS, &connect(&client, None))).await.unwrap();
    assert_eq!(first.value()[0]["successful"], true, "answered at once: {}", first.text());
    // Not alice's, and so not hers to hear.
    Agent::new(&server, "bob").dial("15002").await;
    poll.send(&post(GWS, &connect(&client, None)).encode()).await.unwrap();
    Agent::new(&server, "carol").dial("15000").await;
    let told = poll.receive("POST").await.unwrap().value();
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), 2, "one event and the reply: {told:?}");
    let event = told.iter().find(|message| message["channel"] == "/v2/me/calls").unwrap();
    assert_eq!(event["data"]["phoneNumber"], "15000");
    let rest = poll.exchange(&post(GWS, &connect(&client, Some(0)))).await.unwrap().value();
    assert_eq!(rest.as_array().unwrap().len(), 1, "{rest}");
}

#[tokio::test]
async fn cookies_without_a_blank_between_them_are_read() {
    let server = Launch::demo().start().await;
    let login = server.request(&post("/api/v2/me", "{}")).await;
    let given = login.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    for cookies in [format!("A=1;{given};B=2"), format!("{given};A=1"), format!("A=1; {given}")] {
        let me = Request::new("GET", "/api/v2/me").header("cookie", &cookies);
        let answer = server.request(&me).await;
        assert_eq!(answer.status, 200, "{cookies}: {}", answer.text());
    }
}

#[tokio::test]
async fn an_empty_cookie_header_is_no_cookie() {
    let server = Launch::demo().start().await;
    let request = post(GWS, HANDSHAKE).header("cookie", "");
    let answer = server.request(&request).await;
    assert_eq!(answer.value()[0]["successful"], true, "{}", answer.text());
}

/// JavaScript posts to `/handshake`, `/connect` and a trailing slash, Java to `/subscribe` as well,
/// and others to the bare path.
#[tokio::test]
async fn every_way_to_spell_the_path_of_notifications_is_served() {
    let server = Launch::demo().start().await;
    for suffix in ["", "/", "/handshake", "/handshake/", "/connect", "/subscribe", "/59.0"] {
        let answer = server.request(&post(&format!("{GWS}{suffix}"), HANDSHAKE)).await;
        assert_eq!(answer.status, 200, "{suffix}");
        assert_eq!(answer.value()[0]["successful"], true, "{suffix}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_body_is_read_whatever_its_content_type_and_as_an_array_or_one_object() {
    let server = Launch::demo().start().await;
    let bare = HANDSHAKE.trim_start_matches('[').trim_end_matches(']');
    for body in [HANDSHAKE, bare] {
        for kind in [None, Some("application/json;charset=UTF-8"), Some("text/plain")] {
            let mut request = Request::new("POST", GWS).login(&Login::demo("alice")).body(body);
            if let Some(kind) = kind {
                request = request.header("content-type", kind);
            }
            let answer = server.request(&request).await;
            assert_eq!(answer.status, 200, "{kind:?}");
            assert!(answer.value().is_array(), "{kind:?}: {}", answer.text());
            assert_eq!(answer.value()[0]["successful"], true, "{kind:?}: {}", answer.text());
        }
    }
}

/// A response is one piece with its length, so that no letter is split between chunks.
#[tokio::test]
async fn answers_have_a_length_and_letters_of_several_bytes_arrive_whole() {
    let server = Launch::demo().start().await;
    let call = Agent::new(&server, "carol").dial("15000").await;
    let text = "\u{e4}\u{1f600}".repeat(300);
    let body = json!({"operationName": "AttachUserData", "userData": {"k": text}});
    let path = format!("/api/v2/me/calls/{call}");
    assert_eq!(server.request(&post(&path, &body.to_string())).await.status, 200);
    let answer = server.request(&Request::new("GET", &path).login(&Login::demo("alice"))).await;
    assert!(answer.header("content-length").is_some(), "{:?}", answer.headers);
    assert_eq!(answer.value()["call"]["userData"]["k"], Value::from(text));
}

/// `POST api/v2/me/...` stands in the documents without its first slash, which no client can send.
#[tokio::test]
async fn a_wrong_path_is_told_where_the_right_ones_are() {
    let server: Server = Launch::demo().start().await;
    for path in ["/api/v2/cometd", "/api/v2/me/nothing", "/api/v2/telex"] {
        let answer = server.request(&Request::new("GET", path).login(&Login::demo("alice"))).await;
        assert_eq!((answer.status, &answer.value()["statusCode"]), (404, &json!(6)), "{path}");
        let message = answer.value()["statusMessage"].to_string();
        assert!(message.contains("/api/v2/notifications"), "{path}: {message}");
    }
}
