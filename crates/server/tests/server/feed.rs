//! The feed on a real socket: reports are answered when they are kept, once, whatever breaks.

use std::time::Duration;

use encke_server::Settings;
use encke_server::settings::{ApiKeySettings, Secret};
use encke_testkit::{DEADLINE, Desk, FeedStream, Login, Request, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::house::House;

/// SHA-256 of [`FeedStream::KEY`].
fn hash() -> &'static str {
    FeedStream::SETTINGS.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap()
}

fn enable(settings: &mut Settings) {
    settings.api.enabled = true;
    let mut key = ApiKeySettings::new(Secret::new(hash()));
    key.feed = vec!["pbx".to_owned()];
    key.operations = Vec::new();
    settings.api.keys.insert("core".to_owned(), key);
}

async fn house() -> House {
    House::with(enable).await
}

fn began(call: &str) -> Value {
    json!({"call": call, "seq": 1, "event": "began", "type": "Inbound", "ani": "+15550100",
        "dnis": "15000", "userData": {"k": "v"}, "parties": [
            {"number": "+15550100", "state": "Dialing", "role": "Origin"},
            {"dn": "15000", "state": "Ringing"}]})
}

fn update(call: &str, seq: u64, n: u64) -> Value {
    json!({"call": call, "seq": seq, "event": "update", "userData": {"n": n}})
}

fn ok(call: &str, seq: u64) -> Value {
    json!({"call": call, "seq": seq, "ok": true})
}

fn known(call: &str, seq: u64) -> Value {
    json!({"call": call, "seq": seq, "ok": true, "known": true})
}

fn text(lines: &[Value]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

fn get(path: &str) -> Request {
    Request::new("GET", &format!("/api/feed/v1/{path}")).header("x-api-key", FeedStream::KEY)
}

/// A body with its length, as `curl --data-binary` sends it.
fn batch(path: &str, body: &str) -> Request {
    Request::json(&format!("/api/feed/v1/{path}"), body).header("x-api-key", FeedStream::KEY)
}

fn lines(response: &Response) -> Vec<Value> {
    response.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn call(house: &House, user: &str, id: &str) -> Value {
    let path = format!("/api/v2/me/calls/{id}");
    let response = house.ask(&Request::new("GET", &path).login(&Login::demo(user))).await;
    response.value()["call"].clone()
}

async fn operate(house: &House, user: &str, id: &str, body: Value) -> Response {
    let request = Request::json(&format!("/api/v2/me/calls/{id}"), body.to_string());
    house.ask(&request.login(&Login::demo(user))).await
}

async fn order(house: &House, fault: Value) {
    let answer = house.ask(&Request::json("/sim/v1/faults", fault.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn answers_begin_at_once_and_come_while_the_body_does() {
    let house = house().await;
    let mut feed = FeedStream::open(house.address, "pbx").await.unwrap();
    let hello = json!({"source": "pbx", "maxLineBytes": 131_072, "maxInFlight": 512});
    assert_eq!(feed.next().await.unwrap(), Some(hello));
    feed.send(&began("c1")).await.unwrap();
    assert_eq!(feed.next().await.unwrap(), Some(ok("c1", 1)));
    let seen = call(&house, "alice", "c1@pbx").await;
    assert_eq!((&seen["state"], &seen["connId"]), (&json!("Ringing"), &json!("c1")));
    assert_eq!(seen["userData"], json!({"k": "v"}));
    feed.send_text("\n  \r\n").await.unwrap();
    let line = text(&[update("c1", 2, 7)]);
    let (start, end) = line.split_at(9);
    feed.send_text(start).await.unwrap();
    feed.send_text(end).await.unwrap();
    assert_eq!(feed.next().await.unwrap(), Some(ok("c1", 2)));
    feed.send_text(update("c1", 3, 8).to_string().as_str()).await.unwrap();
    feed.finish().await.unwrap();
    let end = json!({"end": true, "acknowledged": 3, "known": 0, "refused": 0});
    assert_eq!(feed.rest().await, [ok("c1", 3), end], "the last line needs no end");
    assert_eq!(call(&house, "alice", "c1@pbx").await["userData"]["n"], 8);
    house.end().await;
}

#[tokio::test]
async fn short_body_is_a_feed_too_and_may_be_answered_by_counts() {
    let house = house().await;
    let script = [began("c1"), update("c1", 2, 1), update("c1", 4, 2), update("c1", 3, 3)];
    let done = lines(&house.ask(&batch("pbx", &text(&script))).await);
    assert_eq!(done[1..3], [ok("c1", 1), ok("c1", 2)]);
    let gap = json!({"line": 3, "call": "c1", "seq": 4, "error": "gap", "expected": 3,
        "message": "number 3 of this call is expected, or its whole state"});
    assert_eq!(done[3..5], [gap.clone(), ok("c1", 3)]);
    assert_eq!(done[5], json!({"end": true, "acknowledged": 3, "known": 0, "refused": 1}));

    let response = house.ask(&batch("pbx?ack=count", &text(&script))).await;
    assert_eq!(response.header("content-type"), Some("application/x-ndjson"));
    let counted = lines(&response);
    let answered: Vec<u64> = counted.iter().filter_map(|line| line["answered"].as_u64()).collect();
    assert!(answered.is_sorted() && answered.last() == Some(&4), "{counted:?}");
    let end = json!({"end": true, "acknowledged": 4, "known": 3, "refused": 0});
    assert_eq!(counted.last().unwrap(), &end, "number 4 has its turn now");
    house.end().await;
}

/// A whole call.
fn script(id: &str) -> [Value; 4] {
    let attach = json!({"call": id, "seq": 2, "event": "attach", "userData": {"a": 1}});
    let ended = json!({"call": id, "seq": 4, "event": "ended"});
    [began(id), attach, update(id, 3, 3), ended]
}

#[tokio::test]
async fn sending_all_again_after_a_cut_at_any_byte_doubles_and_loses_nothing() {
    let house = house().await;
    let length = text(&script("x000")).len();
    for cut in (0..=length).step_by(23).chain([length]) {
        let id = format!("x{cut:03}");
        let script = script(&id);
        let body = text(&script);
        let mut feed = FeedStream::open(house.address, "pbx").await.unwrap();
        feed.send_text(&format!("{}\n", json!({"call": "other", "seq": 9, "event": "ended"})))
            .await
            .unwrap();
        if let Some(piece) = body.get(..cut).filter(|piece| !piece.is_empty()) {
            feed.send_text(piece).await.unwrap();
        }
        // Its own answer says that the connection works; then it is cut, in the middle of anything.
        feed.next().await.unwrap();
        feed.next().await.unwrap();
        drop(feed);
        let again = lines(&house.ask(&batch("pbx", &body)).await);
        assert_eq!(again.last().unwrap()["acknowledged"], script.len(), "{cut}: {again:?}");
        let stands = house.ask(&get(&format!("pbx/calls/{id}"))).await.value();
        let expected = json!({"call": id, "seq": 4, "version": 4, "ended": true});
        assert_eq!(stands, expected, "cut at {cut}");
    }
    house.end().await;
}

#[tokio::test]
async fn refused_lines_say_why_and_leave_the_others_alone() {
    let house = House::with(|settings| {
        enable(settings);
        settings.feed.max_depth = 5;
        settings.user_data.max_bytes = 100;
    })
    .await;
    let long = json!({"call": "c1", "seq": 2, "event": "attach",
        "userData": {"x": "y".repeat(200)}});
    let table = [
        ("{\"call\":", "json_invalid"),
        ("\u{1}", "json_invalid"),
        ("[[[[[[1]]]]]]", "too_deep"),
        ("{\"call\":\"c1\",\"seq\":2}", "line_invalid"),
        ("{\"call\":\"a@b\",\"seq\":2,\"event\":\"ended\"}", "line_invalid"),
        ("{\"call\":\"c1\",\"seq\":0,\"event\":\"ended\"}", "line_invalid"),
        ("{\"call\":\"c1\",\"seq\":-1,\"event\":\"ended\"}", "line_invalid"),
        ("{\"call\":\"c1\",\"seq\":2,\"event\":\"hold\"}", "line_invalid"),
        ("{\"call\":\"c1\",\"seq\":2,\"event\":\"ended\",\"keys\":[]}", "line_invalid"),
        ("{\"call\":\"c1\",\"seq\":2,\"event\":\"ended\",\"mood\":1}", "line_invalid"),
        ("{\"call\":\"c1\",\"seq\":2,\"event\":\"attach\",\"userData\":[]}", "line_invalid"),
        (
            "{\"call\":\"c1\",\"seq\":2,\"event\":\"parties\",\"parties\":[{\"state\":\"Held\"}]}",
            "line_invalid",
        ),
        ("{\"call\":\"c9\",\"seq\":1,\"event\":\"ended\"}", "unknown_call"),
        ("{\"call\":\"c9\",\"seq\":2,\"event\":\"ended\"}", "gap"),
        (
            "{\"call\":\"c1\",\"seq\":2,\"event\":\"parties\",\"parties\":[{\"dn\":\"15003\",\
           \"state\":\"Released\"}]}",
            "no_such_party",
        ),
        (
            "{\"call\":\"c1\",\"seq\":2,\"event\":\"parties\",\"parties\":[{\"dn\":\"15003\",\
           \"state\":\"Held\"},{\"dn\":\"15003\",\"state\":\"Held\"}]}",
            "parties_invalid",
        ),
        (&long.to_string(), "user_data_too_large"),
    ];
    let mut body = text(&[began("c1")]);
    for (line, _) in &table {
        body.push_str(line);
        body.push('\n');
    }
    body.push_str(&text(&[update("c1", 2, 1), update("c1", 1, 1)]));
    let mut answers = lines(&house.ask(&batch("pbx", &body)).await);
    let end = answers.pop().unwrap();
    assert_eq!(end, json!({"end": true, "acknowledged": 3, "known": 1, "refused": table.len()}));
    assert_eq!(answers.pop().unwrap(), known("c1", 1));
    assert_eq!(answers.pop().unwrap(), ok("c1", 2));
    for ((at, (line, code)), answer) in (2..).zip(&table).zip(&answers[2..]) {
        assert_eq!((&answer["error"], &answer["line"]), (&json!(code), &json!(at)), "{line}");
        assert!(!answer["message"].as_str().unwrap().is_empty());
    }
    let metrics = house.ask(&Request::new("GET", "/metrics")).await.text();
    for line in ["outcome=\"stored\"} 2", "outcome=\"known\"} 1", "outcome=\"refused\"} 17"] {
        assert!(metrics.contains(&format!("encke_feed_reports_total{{{line}")), "{metrics}");
    }
    house.end().await;
}

#[tokio::test]
async fn line_that_is_too_long_ends_the_stream() {
    let house = House::with(|settings| {
        enable(settings);
        settings.feed.max_line_bytes = 1_000;
    })
    .await;
    let body = format!("{}{}\n{}", text(&[began("c1")]), "x".repeat(1_001), update("c1", 2, 1));
    let answers = lines(&house.ask(&batch("pbx", &body)).await);
    assert_eq!(answers[1], ok("c1", 1));
    assert_eq!((&answers[2]["error"], &answers[2]["end"]), (&json!("line_too_long"), &json!(true)));
    assert_eq!(answers.len(), 3);
    house.end().await;
}

#[tokio::test]
async fn key_feeds_its_own_sources_and_nothing_else() {
    let house = House::with(|settings| {
        enable(settings);
        let other = ApiKeySettings::new(Secret::new("ab".repeat(32)));
        settings.api.keys.insert("billing".to_owned(), other);
    })
    .await;
    let plain = |path: &str| Request::json(&format!("/api/feed/v1/{path}"), "");
    let key = |request: Request| request.header("x-api-key", FeedStream::KEY);
    for (request, status, code) in [
        (plain("pbx"), 403, "access_denied"),
        (plain("pbx").login(&Login::demo("alice")), 403, "access_denied"),
        (plain("pbx").header("x-api-key", "encke_guess"), 403, "wrong_key"),
        (key(plain("other")), 403, "source_not_allowed"),
        (key(plain("pbx?ack=never")), 400, "query_invalid"),
        (key(plain("pbx/calls")), 405, "method_not_allowed"),
        (get("other/calls"), 403, "source_not_allowed"),
        (get("other/changes"), 403, "source_not_allowed"),
        (get("pbx/calls/none"), 404, "unknown_call"),
        (get("pbx/calls?limit=0"), 400, "query_invalid"),
        (get("pbx/calls?page=1"), 400, "query_invalid"),
        (get("pbx/changes?after=x"), 400, "query_invalid"),
        (get("pbx/changes?after=999"), 400, "position_ahead"),
        (get("pbx/nothing"), 404, "no_such_path"),
        (
            Request::new("GET", "/api/bayeux/v1/sessions").header("x-api-key", FeedStream::KEY),
            403,
            "operation_not_allowed",
        ),
    ] {
        let refused = house.ask(&request).await;
        assert_eq!(refused.status, status, "{request:?}: {}", refused.text());
        assert_eq!(refused.value()["error"]["code"], code, "{request:?}");
    }
    house.end().await;

    let none = House::with(|settings| {
        enable(settings);
        settings.api.keys.get_mut("core").unwrap().feed.clear();
        settings.api.keys.get_mut("core").unwrap().operations =
            encke_server::settings::ApiOperation::ALL.to_vec();
    })
    .await;
    assert_eq!(none.ask(&key(plain("pbx"))).await.status, 404, "no key feeds anything");
    none.end().await;
}

#[tokio::test]
async fn source_without_memory_learns_where_each_call_stands() {
    let house = house().await;
    let mut body = String::new();
    for n in 0..5 {
        body.push_str(&text(&[began(&format!("c{n}")), update(&format!("c{n}"), 2, n)]));
    }
    body.push_str(&text(&[json!({"call": "c3", "seq": 3, "event": "ended"})]));
    house.ask(&batch("pbx", &body)).await;
    let first = lines(&house.ask(&get("pbx/calls?limit=4")).await);
    let stands = |call: &str, seq: u64, ended: bool| json!({"call": call, "seq": seq, "version": seq, "ended": ended});
    assert_eq!(first[..2], [stands("c0", 2, false), stands("c1", 2, false)]);
    assert_eq!(first[3..], [stands("c3", 3, true), json!({"next": "c3"})]);
    let second = lines(&house.ask(&get("pbx/calls?limit=4&after=c3")).await);
    assert_eq!(second, [stands("c4", 2, false), json!({"next": null})]);
    house.end().await;
}

#[tokio::test]
async fn full_queue_is_waited_for_and_agents_find_a_place() {
    let house = House::with(|settings| {
        enable(settings);
        settings.calls.max_waiting = 4;
        settings.feed.max_in_flight = 50;
    })
    .await;
    house.ask(&batch("pbx", &text(&[began("a1")]))).await;
    let mut streams = tokio::task::JoinSet::new();
    for stream in 0..6 {
        let address = house.address;
        streams.spawn(async move {
            let id = format!("s{stream}");
            let mut begin = began(&id);
            begin["parties"][1]["dn"] = json!(format!("7{stream}"));
            let script: Vec<Value> =
                std::iter::once(begin).chain((2..=100).map(|n| update(&id, n, n))).collect();
            let mut feed = FeedStream::open(address, "pbx").await.unwrap();
            feed.send_text(&text(&script)).await.unwrap();
            feed.finish().await.unwrap();
            feed.rest().await.pop().unwrap()
        });
    }
    let mut changes = 0;
    while !streams.is_empty() {
        changes += 1;
        let change = json!({"operationName": "UpdateUserData", "userData": {"changes": changes}});
        let done = operate(&house, "alice", "a1@pbx", change).await;
        assert_eq!(done.status, 200, "{}", done.text());
        while let Some(end) = streams.try_join_next() {
            let end = end.unwrap();
            assert_eq!((&end["acknowledged"], &end["refused"]), (&json!(100), &json!(0)), "{end}");
        }
    }
    assert_eq!(call(&house, "alice", "a1@pbx").await["userData"]["changes"], changes);
    house.end().await;
}

#[tokio::test]
async fn body_is_not_read_while_the_journal_is_slow() {
    let house = House::with(|settings| {
        enable(settings);
        settings.feed.max_in_flight = 4;
    })
    .await;
    let feed = FeedStream::open(house.address, "pbx").await.unwrap();
    let (mut sending, mut answers) = feed.split();
    order(&house, json!({"journal": "delay", "ms": 60_000})).await;
    // Far more than sockets on both sides keep.
    let blanks = format!("{}\n", " ".repeat(99_000));
    // A server that reads, however slowly, takes one piece within that time.
    let mut stalled = false;
    for n in 1..600 {
        let piece = format!("{}{blanks}", text(&[began(&format!("c{n}"))]));
        if timeout(Duration::from_secs(3), sending.send_text(&piece)).await.is_err() {
            stalled = true;
            break;
        }
    }
    assert!(stalled, "all of it was read");
    assert_eq!(answers.next().await.unwrap().unwrap()["source"], "pbx");
    drop((sending, answers));
    drop(house);
}

#[tokio::test]
async fn failing_journal_ends_the_stream_and_nothing_is_lost() {
    let house = house().await;
    let mut feed = FeedStream::open(house.address, "pbx").await.unwrap();
    feed.send(&began("c1")).await.unwrap();
    feed.next().await.unwrap();
    assert_eq!(feed.next().await.unwrap(), Some(ok("c1", 1)));
    order(&house, json!({"journal": "fail"})).await;
    let script: Vec<Value> = (2..=50).map(|n| update("c1", n, n)).collect();
    feed.send_text(&text(&script)).await.unwrap();
    let rest = feed.rest().await;
    assert_eq!(rest.len(), 1, "nothing is acknowledged, and nothing refused: {rest:?}");
    assert_eq!((&rest[0]["error"], &rest[0]["end"]), (&json!("unavailable"), &json!(true)));
    order(&house, json!({"journal": "ok"})).await;
    let again = lines(&house.ask(&batch("pbx", &text(&script))).await);
    assert_eq!(again.last().unwrap()["acknowledged"], 49, "{again:?}");
    let stands = house.ask(&get("pbx/calls/c1")).await.value();
    assert_eq!((&stands["seq"], &stands["version"]), (&json!(50), &json!(50)));
    house.end().await;
}

#[tokio::test]
async fn desks_are_shown_what_is_fed_once_and_in_order() {
    let house = house().await;
    let mut desk = Desk::new("alice", "/v2/me/calls");
    desk.come_back(house.address).await;
    let script = [
        began("c1"),
        json!({"call": "c1", "seq": 2, "event": "parties", "parties": [
            {"number": "+15550100", "state": "Established"},
            {"dn": "15000", "state": "Established"}]}),
        update("c1", 3, 1),
        json!({"call": "c1", "seq": 4, "event": "delete", "keys": ["none"]}),
        json!({"call": "c1", "seq": 5, "event": "parties",
            "parties": [{"dn": "15001", "state": "Ringing"}]}),
        update("c1", 6, 2),
        json!({"call": "c1", "seq": 7, "event": "ended"}),
    ];
    // Each line twice, as after a break.
    for line in &script {
        house.ask(&batch("pbx", &text(&[line.clone(), line.clone()]))).await;
    }
    house.ask(&batch("pbx", &text(&script))).await;
    desk.expect(6, DEADLINE).await;
    let shown: Vec<_> = desk
        .shown()
        .iter()
        .map(|(_, data)| {
            let kind = data["notificationType"].as_str().unwrap();
            (kind.to_owned(), data["call"]["state"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [
        ("StatusChange", "Ringing"),
        ("StatusChange", "Established"),
        ("AttachedDataChanged", "Established"),
        ("ParticipantsUpdated", "Established"),
        ("AttachedDataChanged", "Established"),
        ("StatusChange", "Released"),
    ];
    let expected = expected.map(|(kind, state)| (kind.to_owned(), state.to_owned()));
    assert_eq!(shown, expected);
    let capabilities = desk.shown()[1].1["call"]["capabilities"].as_array().unwrap();
    assert!(capabilities.iter().all(|name| name.as_str().unwrap().contains("UserData")));
    desk.leave();
    house.end().await;
}

/// The next change; signs of life may come in front of it.
async fn event(changes: &mut FeedStream) -> Value {
    loop {
        let line = changes.next().await.unwrap().unwrap();
        if line.get("event").is_some() {
            return line;
        }
    }
}

#[tokio::test]
async fn change_is_one_line_however_the_agent_wrote_it() {
    let house = house().await;
    house.ask(&batch("pbx", &text(&[began("c1")]))).await;
    let mut changes = FeedStream::listen(house.address, "pbx/changes").await.unwrap();
    let body = "{\"operationName\":\"UpdateUserData\",\"userData\":\n{\"n\":{\"a\":\r\n[1,\n2]}}}";
    let request = Request::json("/api/v2/me/calls/c1@pbx", body).login(&Login::demo("alice"));
    let done = house.ask(&request).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(event(&mut changes).await["userData"], json!({"n": {"a": [1, 2]}}));
    drop(changes);
    house.end().await;
}

#[tokio::test]
async fn what_agents_change_is_told_back_and_they_change_nothing_else() {
    let house = House::with(|settings| {
        enable(settings);
        settings.feed.heartbeat_ms = 100;
    })
    .await;
    let mut changes = FeedStream::listen(house.address, "pbx/changes").await.unwrap();
    let start = changes.next().await.unwrap().unwrap();
    assert_eq!(start, json!({"position": 0}));
    let established = json!({"call": "c1", "seq": 2, "event": "parties",
        "parties": [{"dn": "15000", "state": "Established"}]});
    house.ask(&batch("pbx", &text(&[began("c1"), established]))).await;
    for operation in ["Hold", "Hangup", "ClearCall", "MuteCall"] {
        let refused = operate(&house, "alice", "c1@pbx", json!({"operationName": operation})).await;
        assert_eq!((refused.status, &refused.value()["statusCode"]), (400, &json!(2)));
    }
    for body in [
        json!({"operationName": "AttachUserData", "userData": {"k": "w"}}),
        json!({"operationName": "UpdateUserData", "userData": {"n": 1}}),
        json!({"operationName": "DeleteUserDataPair", "key": "k"}),
        json!({"operationName": "DeleteUserData"}),
    ] {
        let done = operate(&house, "alice", "c1@pbx", body).await;
        assert_eq!(done.status, 200, "{}", done.text());
    }
    house.ask(&batch("pbx", &text(&[update("c1", 3, 9)]))).await;
    let mut told = Vec::new();
    while told.len() < 4 {
        told.push(event(&mut changes).await);
    }
    let plain: Vec<Value> = told
        .iter()
        .map(|line| {
            let mut line = line.clone();
            assert!(line["atMs"].as_u64().unwrap() > 0);
            line.as_object_mut().unwrap().remove("atMs");
            line
        })
        .collect();
    let change = |position: u64, event: &str| {
        json!({"position": position, "call": "c1", "version": position, "event": event,
            "by": "15000"})
    };
    let with = |mut line: Value, name: &str, value: Value| {
        line[name] = value;
        line
    };
    assert_eq!(
        plain,
        [
            with(change(3, "attach"), "userData", json!({"k": "w"})),
            with(change(4, "update"), "userData", json!({"n": 1})),
            with(change(5, "delete"), "keys", json!(["k"])),
            change(6, "clear"),
        ]
    );
    // Signs of life come, and say how far the journal was looked at; what was fed is passed over.
    let alive = async { while changes.next().await.unwrap().unwrap() != json!({"position": 7}) {} };
    timeout(DEADLINE, alive).await.unwrap();
    drop(changes);
    let mut again = FeedStream::listen(house.address, "pbx/changes?after=4").await.unwrap();
    assert_eq!(again.next().await.unwrap(), Some(json!({"position": 4})));
    assert_eq!(event(&mut again).await, told[2]);
    assert_eq!(event(&mut again).await, told[3]);
    drop(again);
    house.end().await;
}

/// Who was away while a snapshot took the place of events is told what they led to.
#[tokio::test]
async fn changes_that_a_snapshot_stands_for_are_told_as_what_they_led_to() {
    let house = House::with(|settings| {
        enable(settings);
        settings.journal.snapshot_after = 4;
    })
    .await;
    house.ask(&batch("pbx", &text(&[began("c1"), update("c1", 2, 1)]))).await;
    for body in [
        json!({"operationName": "AttachUserData", "userData": {"k": "w"}}),
        json!({"operationName": "DeleteUserDataPair", "key": "n"}),
        json!({"operationName": "UpdateUserData", "userData": {"last": true}}),
    ] {
        let done = operate(&house, "alice", "c1@pbx", body).await;
        assert_eq!(done.status, 200, "{}", done.text());
    }
    let whole = json!({"position": 4, "call": "c1", "version": 4, "event": "whole",
        "userData": {"k": "w"}});
    let told = || async {
        let mut changes = FeedStream::listen(house.address, "pbx/changes?after=0").await.unwrap();
        let mut lines = Vec::new();
        for _ in 0..3 {
            lines.push(changes.next().await.unwrap().unwrap());
        }
        // A snapshot is taken between two batches, soon but not at once.
        if lines[1] == whole { Ok(lines) } else { Err(format!("{lines:?}")) }
    };
    let lines = encke_testkit::eventually("the snapshot is there", DEADLINE, told).await;
    assert_eq!(lines[0], json!({"position": 0}));
    assert_eq!((&lines[2]["event"], &lines[2]["position"]), (&json!("update"), &json!(5)));
    house.end().await;
}

#[tokio::test]
async fn streams_of_a_key_are_bounded() {
    let house = House::with(|settings| {
        enable(settings);
        settings.feed.max_streams_per_key = 1;
    })
    .await;
    let mut feed = FeedStream::open(house.address, "pbx").await.unwrap();
    feed.next().await.unwrap();
    let refused = house.ask(&batch("pbx", "")).await;
    assert_eq!(
        (refused.status, &refused.value()["error"]["code"]),
        (429, &json!("too_many_streams"))
    );
    assert_eq!(house.ask(&get("pbx/changes")).await.status, 429);
    drop(feed);
    let free = || async {
        let answer = house.ask(&batch("pbx", "")).await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text()) }
    };
    encke_testkit::eventually("the place is free", DEADLINE, free).await;
    house.end().await;
}

#[tokio::test]
async fn stream_that_is_silent_for_too_long_ends() {
    let house = House::with(|settings| {
        enable(settings);
        settings.feed.idle_timeout_ms = 500;
    })
    .await;
    let mut feed = FeedStream::open(house.address, "pbx").await.unwrap();
    let silent = feed.rest().await;
    assert_eq!((silent.len(), &silent[1]["error"]), (2, &json!("idle")), "{silent:?}");
    house.end().await;
}

#[tokio::test]
async fn drain_answers_what_was_read_and_ends_the_streams() {
    let house = house().await;
    let mut feed = FeedStream::open(house.address, "pbx").await.unwrap();
    let mut changes = FeedStream::listen(house.address, "pbx/changes").await.unwrap();
    feed.send(&began("c1")).await.unwrap();
    feed.next().await.unwrap();
    assert_eq!(feed.next().await.unwrap(), Some(ok("c1", 1)));
    let running = house.stop();
    let end = feed.rest().await;
    assert_eq!((end.len(), &end[0]["error"]), (1, &json!("draining")));
    let told = changes.rest().await;
    assert_eq!(told.last().unwrap()["error"], "draining");
    timeout(DEADLINE, running).await.unwrap().unwrap().unwrap();
}

/// Every block of lines in the page is fed, and answered as the block behind it says.
#[tokio::test]
async fn page_about_feeds_says_what_is_so() {
    let page = include_str!("../../../../docs/FEED.md");
    let house = house().await;
    let mut blocks = page.split("```").skip(1).step_by(2);
    let (mut fed, mut events) = (0, std::collections::BTreeSet::new());
    let parse = |block: &str| -> Vec<Value> {
        block.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    while let Some(block) = blocks.next() {
        if !block.starts_with("json feed") {
            continue;
        }
        let answers = blocks.next().filter(|next| next.starts_with("json answers"));
        let expected = parse(answers.expect("answers follow a feed"));
        let sent = parse(block);
        events.extend(sent.iter().filter_map(|line| Some(line["event"].as_str()?.to_owned())));
        let (_, body) = block.split_once('\n').unwrap();
        let response = house.ask(&batch("pbx", body)).await;
        assert_eq!(lines(&response), expected, "{block}");
        fed += 1;
    }
    assert!(fed >= 3, "the page has examples");
    assert!(events.remove("hold"), "the page shows one that is none");
    let all =
        ["attach", "began", "clear", "delete", "ended", "parties", "replace", "snapshot", "update"];
    assert_eq!(events.iter().collect::<Vec<_>>(), all);
    house.end().await;
}
