//! The outside world: callers, customers, third parties and faults.

use encke_testkit::{DEADLINE, Login, Request, Response, eventually};
use serde_json::{Value, json};

use crate::house::House;

async fn simulate(house: &House, path: &str, body: Value) -> Response {
    house.ask(&Request::json(&format!("/sim/v1/{path}"), body.to_string())).await
}

async fn get(house: &House, user: &str, path: &str) -> Value {
    let request = Request::new("GET", &format!("/api/v2/{path}")).login(&Login::demo(user));
    house.ask(&request).await.value()
}

async fn operate(house: &House, user: &str, path: &str, body: Value) -> Response {
    let request = Request::json(&format!("/api/v2/{path}"), body.to_string());
    house.ask(&request.login(&Login::demo(user))).await
}

#[tokio::test]
async fn inbound_call_rings_is_changed_by_a_third_party_and_ends_outside() {
    let house = House::demo().await;
    let body = json!({"to": "15000", "from": "+15550100", "userData": {"Case": 7}});
    let begun = simulate(&house, "calls", body).await;
    assert_eq!((begun.status, &begun.value()["statusCode"]), (200, &json!(0)));
    let id = begun.value()["id"].as_str().unwrap().to_owned();
    assert!(begun.value()["connId"].is_string());
    let path = format!("me/calls/{id}");
    let call = get(&house, "alice", &path).await["call"].clone();
    assert_eq!((&call["state"], &call["userData"]), (&json!("Ringing"), &json!({"Case": 7})));

    let answer = operate(&house, "alice", &path, json!({"operationName": "Answer"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let attach = json!({"operationName": "AttachUserData", "thirdPartyDn": "7777",
        "userData": {"Seen": true}});
    let attached = simulate(&house, &format!("calls/{id}"), attach).await;
    assert_eq!(attached.status, 200, "{}", attached.text());
    let call = get(&house, "alice", &path).await["call"].clone();
    assert_eq!(call["userData"], json!({"Case": 7, "Seen": true}));

    let hangup = json!({"operationName": "Hangup"});
    let ended = simulate(&house, &format!("calls/{id}"), hangup.clone()).await;
    assert_eq!(ended.value(), json!({"statusCode": 0}));
    let late = simulate(&house, &format!("calls/{id}"), hangup).await;
    assert_eq!((late.status, &late.value()["statusCode"]), (400, &json!(2)));
    house.end().await;
}

#[tokio::test]
async fn customer_writes_and_leaves() {
    let house = House::demo().await;
    let offer = json!({"to": "alice", "from": "+15550100", "nickname": "Cust", "text": "Hello"});
    let offered = simulate(&house, "smssessions", offer).await.value();
    let id = offered["id"].as_str().unwrap().to_owned();
    let path = format!("me/smsessions/{id}");
    let accepted = operate(&house, "alice", &path, json!({"operationName": "Accept"})).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    for body in [
        json!({"operationName": "SendMessage", "text": "Still there?"}),
        json!({"operationName": "Leave"}),
    ] {
        let done = simulate(&house, &format!("smssessions/{id}"), body).await;
        assert_eq!(done.value(), json!({"statusCode": 0}));
    }
    house.end().await;
}

#[tokio::test]
async fn each_medium_is_offered_and_its_customer_acts() {
    let house = House::demo().await;
    for (medium, place, key, state) in [
        ("sms", "smsessions", "smsession", "Chatting"),
        ("chat", "chats", "chat", "Chatting"),
        ("email", "emails", "email", "Processing"),
        ("workitem", "workitems", "workitem", "Processing"),
        ("openmedia", "openmedia/fax", "openmedia", "Processing"),
        ("im", "im-sessions", "imSession", "Talking"),
        ("facebook", "facebooksession", "facebooksession", "Chatting"),
        ("twitter", "twitter", "twitter", "Processing"),
    ] {
        let offer = json!({"medium": medium, "to": "alice", "from": "sam@example.com",
            "nickname": "Sam", "subject": "Order 7", "text": "Hello", "mediaType": "fax",
            "address": "help@example.com", "userData": {"Case": 7}});
        let offered = simulate(&house, "interactions", offer).await.value();
        let id = offered["id"].as_str().unwrap_or_else(|| panic!("{medium}: {offered}"));
        let path = format!("me/{place}/{id}");
        let accepted = operate(&house, "alice", &path, json!({"operationName": "Accept"})).await;
        assert_eq!(accepted.status, 200, "{medium}: {}", accepted.text());
        let resource = get(&house, "alice", &path).await[key].clone();
        assert_eq!(
            (&resource["state"], &resource["userData"]),
            (&json!(state), &json!({"Case": 7}))
        );
        let write = json!({"operationName": "SendMessage", "text": "Still there?"});
        let written = simulate(&house, &format!("interactions/{id}"), write).await;
        let talks = matches!(medium, "sms" | "chat" | "im" | "facebook");
        assert_eq!(written.status, if talks { 200 } else { 400 }, "{medium}: {}", written.text());
    }
    let email = json!({"medium": "email", "to": "bob", "from": "sam@example.com"});
    let id = simulate(&house, "interactions", email).await.value();
    let id = id["id"].as_str().unwrap().to_owned();
    let revoke = json!({"operationName": "Revoke"});
    let revoked = simulate(&house, &format!("interactions/{id}"), revoke).await;
    assert_eq!(revoked.value(), json!({"statusCode": 0}));
    let email = get(&house, "bob", &format!("me/emails/{id}")).await["email"].clone();
    assert_eq!(email["state"], json!("Revoked"));
    let sms =
        simulate(&house, &format!("smssessions/{id}"), json!({"operationName": "Leave"})).await;
    assert_eq!(sms.status, 404, "an e-mail is no SMS session");
    house.end().await;
}

#[tokio::test]
async fn what_cannot_be_simulated_is_named() {
    let house = House::demo().await;
    for (path, body, status, code) in [
        ("calls", json!({"from": "+15550100"}), 400, 1),
        ("calls", json!([]), 400, 10),
        ("calls", json!({"to": 15000, "from": "+15550100"}), 400, 10),
        ("calls", json!({"to": "99999", "from": "+15550100"}), 404, 6),
        ("calls/nope", json!({"operationName": "Hangup"}), 404, 6),
        ("smssessions", json!({"to": "mallory", "from": "+1", "text": "x"}), 404, 6),
        ("interactions", json!({"to": "alice", "from": "x"}), 400, 1),
        ("interactions", json!({"medium": "fax", "to": "alice", "from": "x"}), 400, 10),
        ("interactions/nope", json!({"operationName": "Leave"}), 404, 6),
        ("faults", json!({"nonsense": true}), 400, 10),
        ("faults", json!({"journal": "delay"}), 400, 1),
        ("nothing", json!({}), 404, 6),
    ] {
        let answer = simulate(&house, path, body.clone()).await;
        assert_eq!(
            (answer.status, &answer.value()["statusCode"]),
            (status, &json!(code)),
            "{path} {body}: {}",
            answer.text()
        );
    }
    let cut = house.ask(&Request::json("/sim/v1/calls", "{\"to\":")).await;
    assert_eq!((cut.status, &cut.value()["statusCode"]), (400, &json!(1)));
    let long = house.ask(&Request::json("/sim/v1/calls", "x".repeat(300_000))).await;
    assert_eq!((long.status, &long.value()["statusCode"]), (413, &json!(10)));
    let announced = b"POST /sim/v1/calls HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n";
    let mut connection = house.open().await;
    connection.send(announced).await.unwrap();
    assert_eq!(connection.receive("POST").await.unwrap().status, 413, "without waiting for it");
    let get = house.ask(&Request::new("GET", "/sim/v1/calls")).await;
    assert_eq!(get.status, 405);
    house.end().await;
}

#[tokio::test]
async fn failing_journal_turns_readiness_red_until_a_write_works_again() {
    let house = House::demo().await;
    let call = json!({"to": "15000", "from": "+15550100"});
    assert_eq!(simulate(&house, "faults", json!({"journal": "fail"})).await.status, 200);
    let refused = simulate(&house, "calls", call.clone()).await;
    assert_eq!((refused.status, &refused.value()["statusCode"]), (503, &json!(4)));
    let readiness = |wanted: u16| {
        let house = &house;
        move || async move {
            let seen = house.ask(&Request::new("GET", "/readyz")).await.status;
            if seen == wanted { Ok(()) } else { Err(seen.to_string()) }
        }
    };
    eventually("/readyz turns red", DEADLINE, readiness(503)).await;
    assert_eq!(get(&house, "alice", "me/calls").await["statusCode"], 0, "reads go on");
    assert_eq!(simulate(&house, "faults", json!({"journal": "ok"})).await.status, 200);
    assert_eq!(simulate(&house, "calls", call).await.status, 200);
    eventually("/readyz turns green", DEADLINE, readiness(200)).await;
    house.end().await;
}

#[tokio::test]
async fn simulator_is_absent_where_it_is_switched_off() {
    let house = House::with(|settings| settings.simulator.enabled = false).await;
    let answer = simulate(&house, "calls", json!({"to": "15000", "from": "+15550100"})).await;
    assert_eq!(answer.status, 404);
    house.end().await;
}
