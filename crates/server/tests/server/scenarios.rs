//! Scenarios through the front door: begun, watched, stopped, and the same for the same seed.

use std::collections::BTreeMap;

use encke_testkit::{DEADLINE, Delivery, GWS, Login, Peer, Request, Response, eventually};
use serde_json::{Value, json};

use crate::house::House;

async fn begin(house: &House, body: &Value) -> Response {
    house.ask(&Request::json("/sim/v1/scenarios", body.to_string())).await
}

async fn begun(house: &House, body: &Value) -> String {
    let answer = begin(house, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.value()["id"].as_str().unwrap().to_owned()
}

async fn show(house: &House, id: &str) -> Value {
    house.ask(&Request::new("GET", &format!("/sim/v1/scenarios/{id}"))).await.value()
}

async fn ended(house: &House, id: &str) -> Value {
    eventually("the scenario ends", DEADLINE, || async {
        let shown = show(house, id).await;
        if shown["state"] == "ended" { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await
}

/// Two calls and a dialogue, in a second of ours.
fn scenario(beside_human: bool) -> Value {
    json!({
        "name": "short", "duration": 20, "speed": 40,
        "agents": [
            {"user": "alice", "beside_human": beside_human},
            {"user": "bob", "beside_human": beside_human},
        ],
        "calls": [{
            "name": "calls", "to": ["alice"], "from": "+1555{digits:7}", "at": [1, 12],
            "patience": 60, "talk": [2, 4], "answers_after": [1, 2],
            "data": {"Id": "{number:1-1000000}"},
            "steps": [
                {"do": "attach", "data": {"Note": "{digits:8}"}},
                {"do": "update", "third_party": "7777", "data": {"Id": "{digits:8}"}},
                {"do": "consult", "to": ["bob"], "then": "transfer", "takes": [1, 2]},
            ],
        }],
        "sms": [{
            "to": ["bob"], "from": "+1555{digits:7}", "nickname": "Kim", "text": "{digits:8}?", "at": [2],
            "lines": [
                {"by": "agent", "text": "{digits:8}!"},
                {"by": "customer", "text": "{one:Yes|No|Perhaps} {digits:8}"},
            ],
        }],
    })
}

/// What a desk hears of each call or session, in order and without what differs from run to run.
fn heard(desk: Vec<Delivery>) -> BTreeMap<String, Vec<String>> {
    let mut order = Vec::new();
    let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for delivery in desk {
        let data = delivery.data();
        let call = &data["call"];
        let (id, line) = if call.is_object() {
            let line = json!([
                data["notificationType"],
                call["state"],
                call["userData"],
                call["ani"],
                call["participants"],
                call["capabilities"]
            ]);
            (call["id"].to_string(), line)
        } else if data["smsession"].is_object() {
            let session = &data["smsession"];
            let line = json!([data["notificationType"], session["state"], session["userData"]]);
            (session["id"].to_string(), line)
        } else if data["messages"].is_array() {
            let said = data["messages"].as_array().unwrap().iter();
            let line: Value = said.map(|one| json!([one["type"], one["text"]])).collect();
            (data["smsessionPath"].to_string(), line)
        } else {
            continue;
        };
        if !order.contains(&id) {
            order.push(id.clone());
        }
        // Ids are random: a call is the first, the second and so on that this desk heard of.
        let place = order.iter().position(|known| *known == id).unwrap();
        heard.entry(format!("{place}")).or_default().push(line.to_string());
    }
    heard
}

async fn run(seed: u64) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, Vec<String>>) {
    let house = House::demo().await;
    let mut desks = Vec::new();
    for user in ["alice", "bob"] {
        let mut peer = Peer::at(house.address, GWS, Some(Login::demo(user))).await;
        peer.handshake().await;
        assert_eq!(peer.subscribe("/v2/me/*").await["successful"], true);
        desks.push(peer);
    }
    let id = begun(&house, &json!({"scenario": scenario(true), "seed": seed})).await;
    let shown = ended(&house, &id).await;
    assert_eq!((&shown["failed"], &shown["seed"]), (&json!(0), &json!(seed)), "{shown}");
    assert_eq!(shown["done"], shown["steps"], "{shown}");
    assert!(shown["at"].as_f64().unwrap() > 12.0, "{shown}");
    // Everything was committed by then; what is on its way comes with the next polls.
    let mut all = Vec::new();
    for peer in &mut desks {
        let mut come = peer.drain().await;
        loop {
            let more = peer.drain().await;
            if more.is_empty() {
                break;
            }
            come.extend(more);
        }
        all.push(heard(come));
    }
    house.end().await;
    let bob = all.pop().unwrap();
    (all.pop().unwrap(), bob)
}

#[tokio::test]
async fn the_same_seed_is_heard_the_same_and_another_one_is_not() {
    let first = run(7).await;
    assert_eq!(first.0.len(), 4, "two calls and two consultations: {:#?}", first.0);
    assert_eq!(first, run(7).await);
    assert_ne!(first, run(8).await);
}

#[tokio::test]
async fn a_robot_does_not_act_for_a_user_whose_desk_is_open() {
    let house = House::demo().await;
    let mut peer = Peer::at(house.address, GWS, Some(Login::demo("alice"))).await;
    peer.handshake().await;
    let body = json!({"seed": 1, "scenario": {
        "name": "x", "duration": 100, "agents": [{"user": "alice"}],
        "calls": [{"to": ["alice"], "from": "+1", "at": [0], "answers_after": 0.1, "patience": 60}],
    }});
    let id = begun(&house, &body).await;
    let calls = || async {
        let request = Request::new("GET", "/api/v2/me/calls?fields=*").login(&Login::demo("alice"));
        house.ask(&request).await.value()["calls"].clone()
    };
    let passed = |shown: &Value| shown["passed"].as_u64().unwrap();
    eventually("the robot has stood back", DEADLINE, || async {
        let shown = show(&house, &id).await;
        // Neither did he log in, nor get ready.
        if passed(&shown) == 2 && shown["done"] == 1 { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    assert_eq!(calls().await[0]["state"], "Ringing");
    let call = calls().await[0]["id"].as_str().unwrap().to_owned();
    let answer =
        Request::json(&format!("/api/v2/me/calls/{call}"), r#"{"operationName":"Answer"}"#);
    assert_eq!(house.ask(&answer.login(&Login::demo("alice"))).await.status, 200);
    eventually("the answer is noticed", DEADLINE, || async {
        let shown = show(&house, &id).await;
        if passed(&shown) == 3 { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    let stop = Request::new("DELETE", &format!("/sim/v1/scenarios/{id}"));
    assert_eq!(house.ask(&stop).await.value(), json!({"statusCode": 0}));
    let shown = ended(&house, &id).await;
    assert_eq!(shown["alive"], 0);
    assert_eq!(calls().await, json!([]), "the caller has gone");
    house.end().await;
}

#[tokio::test]
async fn built_in_ones_are_listed_begun_by_name_and_bounded() {
    let house = House::demo().await;
    let list = || async { house.ask(&Request::new("GET", "/sim/v1/scenarios")).await.value() };
    let known = list().await;
    let names: Vec<&str> = known["builtIn"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["quiet-morning", "call-storm", "sms-afternoon", "bad-day"]);
    assert_eq!(known["running"], json!([]));
    for _ in 0..8 {
        begun(&house, &json!({"name": "quiet-morning", "speed": 0.5})).await;
    }
    let ninth = begin(&house, &json!({"name": "quiet-morning"})).await;
    assert_eq!((ninth.status, &ninth.value()["statusCode"]), (500, &json!(4)));
    let running = list().await["running"].clone();
    assert_eq!(running.as_array().unwrap().len(), 8);
    assert_eq!((&running[7]["name"], &running[7]["speed"]), (&json!("quiet-morning"), &json!(0.5)));
    // The server ends although they are played.
    house.end().await;
}

#[tokio::test]
async fn what_cannot_be_played_is_named() {
    let house = House::demo().await;
    for (body, status, code, named) in [
        (json!({}), 400, 1, "name"),
        (json!({"name": "nonsense"}), 404, 6, "built-in"),
        (json!({"name": "bad-day", "scenario": {}}), 400, 10, "not both"),
        (json!({"name": "bad-day", "seed": "x"}), 400, 10, "seed"),
        (json!({"name": "bad-day", "speed": 0}), 400, 10, "speed"),
        (json!({"scenario": {"name": "x"}}), 400, 10, "duration"),
        (
            json!({"scenario": {"name": "x", "duration": 1, "agents": [{"user": "mallory"}]}}),
            400,
            10,
            "mallory",
        ),
    ] {
        let answer = begin(&house, &body).await;
        let seen = answer.value();
        assert_eq!((answer.status, &seen["statusCode"]), (status, &json!(code)), "{body}: {seen}");
        assert!(seen["statusMessage"].as_str().unwrap().contains(named), "{body}: {seen}");
    }
    for method in ["GET", "DELETE"] {
        let answer = house.ask(&Request::new(method, "/sim/v1/scenarios/77")).await;
        assert_eq!((answer.status, &answer.value()["statusCode"]), (404, &json!(6)));
    }
    house.end().await;
}

#[tokio::test]
async fn what_fails_is_counted_and_the_scenario_goes_on() {
    let house = House::demo().await;
    let fault = Request::json("/sim/v1/faults", r#"{"journal":"fail"}"#);
    assert_eq!(house.ask(&fault).await.status, 200);
    let body = json!({"seed": 1, "scenario": {
        "name": "x", "duration": 1, "calls": [{"to": ["alice"], "from": "+1", "at": [0, 0, 0]}],
    }});
    let shown = ended(&house, &begun(&house, &body).await).await;
    assert_eq!((&shown["failed"], &shown["passed"]), (&json!(3), &json!(6)), "{shown}");
    assert_eq!(shown["errors"].as_object().unwrap().len(), 1, "{shown}");
    house.end().await;
}
