//! Settings of voice calls, as they are felt over REST.

use std::collections::BTreeSet;

use encke_server::settings::{Capabilities, ConsultData};
use encke_testkit::{DEADLINE, Login, Request, eventually};
use serde_json::{Value, json};

use crate::house::House;

async fn get(house: &House, user: &str, path: &str) -> Value {
    let request = Request::new("GET", &format!("/api/v2/{path}")).login(&Login::demo(user));
    house.ask(&request).await.value()
}

async fn accepted(house: &House, user: &str, path: &str, body: Value) {
    let request = Request::json(&format!("/api/v2/{path}"), body.to_string());
    let answer = house.ask(&request.login(&Login::demo(user))).await;
    assert_eq!(answer.value(), json!({"statusCode": 0}), "{body}");
}

/// The calls a user is on.
async fn calls(house: &House, user: &str) -> Vec<Value> {
    get(house, user, "me/calls?fields=*").await["calls"].as_array().unwrap().clone()
}

/// Alice dials Bob; the path of the call.
async fn dialled(house: &House) -> String {
    let dial = json!({"operationName": "Dial", "destination": {"phoneNumber": "15001"},
        "userData": {"k": "v"}});
    accepted(house, "alice", "me/devices/15000/calls", dial).await;
    format!("me/calls/{}", calls(house, "alice").await[0]["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_line_rings_for_as_long_as_it_is_set() {
    let house = House::with(|settings| settings.calls.no_answer_ms = 2_000).await;
    let call = dialled(&house).await;
    eventually("the call ends", DEADLINE, async || {
        let state = get(&house, "alice", &call).await["call"]["state"].clone();
        if state == "Released" { Ok(()) } else { Err(state.to_string()) }
    })
    .await;
    assert_eq!(calls(&house, "bob").await, Vec::<Value>::new());
    house.end().await;
}

#[tokio::test]
async fn capabilities_and_consultations_are_as_they_are_set() {
    let house = House::with(|settings| {
        settings.gws.capabilities = Capabilities::All;
        settings.calls.consult_user_data = ConsultData::Separate;
    })
    .await;
    let call = dialled(&house).await;
    accepted(&house, "bob", &call, json!({"operationName": "Answer"})).await;
    let seen = get(&house, "bob", &call).await["call"].clone();
    let listed: BTreeSet<&str> = seen["capabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert!(listed.is_superset(&BTreeSet::from(["MuteCall", "ClearCall", "StartCallRecording"])));

    let ask = json!({"operationName": "InitiateTransfer", "destination": {"phoneNumber": "15002"},
        "userData": {"why": 1}});
    accepted(&house, "bob", &call, ask).await;
    let asked = calls(&house, "carol").await;
    assert_eq!((asked.len(), &asked[0]["userData"]), (1, &json!({"why": 1})));
    house.end().await;
}
