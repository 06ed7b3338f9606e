//! What one user's desks see of one call, and when.

use encke_testkit::{Agent, DEADLINE, Delivery, Launch, Peer};
use serde_json::{Value, json};

const CALLS: &[&str] = &["/v2/me/calls"];

#[tokio::test]
async fn each_party_is_told_once_with_its_own_view() {
    let server = Launch::demo().start().await;
    let mut alice_desk = Peer::desk(&server, "alice", CALLS).await;
    let mut bob_desk = Peer::desk(&server, "bob", CALLS).await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    alice.operate(&call, &attach(&json!({"AccountNumber": "12345"}))).await;
    for (desk, number, other, state) in [
        (&mut alice_desk, "15000", "15001", "Dialing"),
        (&mut bob_desk, "15001", "15000", "Ringing"),
    ] {
        let told = desk.expect(2, DEADLINE).await;
        let [first, second] = told.as_slice() else { panic!("two messages: {told:#?}") };
        for delivery in [first, second] {
            assert_eq!(delivery.channel, "/v2/me/calls");
            let data = delivery.data();
            assert_eq!(data["phoneNumber"], number);
            assert_eq!(data["call"]["state"], state);
            assert_eq!(data["call"]["participants"][0]["phoneNumber"], other);
            assert_eq!(data["call"]["id"], call);
        }
        assert_eq!(first.data()["notificationType"], "StatusChange");
        assert!(first.data()["call"].get("userData").is_none(), "{}", first.text);
        assert_eq!(second.data()["notificationType"], "AttachedDataChanged");
        assert_eq!(second.data()["call"]["userData"], json!({"AccountNumber": "12345"}));
        assert_eq!(desk.drain().await, []);
    }
}

#[tokio::test]
async fn both_tabs_of_a_user_are_told_and_one_outlives_the_other() {
    let server = Launch::demo().start().await;
    let mut first = Peer::desk(&server, "bob", CALLS).await;
    let mut second = Peer::desk(&server, "bob", CALLS).await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    assert_eq!(kinds(&first.expect(1, DEADLINE).await), ["StatusChange"]);
    assert_eq!(kinds(&second.expect(1, DEADLINE).await), ["StatusChange"]);
    assert_eq!(first.disconnect().await["successful"], true);
    alice.operate(&call, &attach(&json!({"k": "v"}))).await;
    assert_eq!(kinds(&second.expect(1, DEADLINE).await), ["AttachedDataChanged"]);
    let gone = first.connect(Some(0)).await.expect("an answer");
    assert_eq!(gone["error"], "402::session_unknown");
}

#[tokio::test]
async fn user_data_keeps_order_repeats_digits_and_types() {
    let server = Launch::demo().start().await;
    let mut desk = Peer::desk(&server, "bob", CALLS).await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let path = format!("me/calls/{call}");
    let pairs = r#""z":1.10,"a":9223372036854775808,"key with spaces":[true,null,{"n":1e5}]"#;
    for (body, expected) in [
        (
            format!(r#"{{"operationName":"AttachUserData","userData":{{{pairs}}}}}"#),
            Some(pairs.into()),
        ),
        (
            r#"{"operationName":"AttachUserData","userData":{"z":"again"}}"#.into(),
            Some(format!(r#"{pairs},"z":"again""#)),
        ),
        (
            r#"{"operationName":"UpdateUserData","userData":{"z":2,"new":{}}}"#.into(),
            Some(format!(r#"{},"new":{{}}"#, pairs.replace("1.10", "2"))),
        ),
        (
            r#"{"operationName":"DeleteUserDataPair","key":"key with spaces"}"#.into(),
            Some(r#""z":2,"a":9223372036854775808,"new":{}"#.to_owned()),
        ),
        (r#"{"operationName":"DeleteUserData"}"#.into(), None),
    ] {
        let answer = alice.post(&path, &body).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"statusCode":0}"#));
        let told = loop {
            let told = desk.expect(1, DEADLINE).await;
            if kinds(&told) != ["StatusChange"] {
                break told;
            }
        };
        let text = &told.last().expect("a message").text;
        match expected {
            Some(pairs) => {
                assert!(text.contains(&format!(r#""userData":{{{pairs}}}"#)), "{body}: {text}");
            }
            None => assert!(!text.contains("userData"), "{body}: {text}"),
        }
    }
}

#[tokio::test]
async fn deleting_a_key_that_is_not_there_is_accepted_and_tells_nobody() {
    let server = Launch::demo().start().await;
    let mut desk = Peer::desk(&server, "bob", CALLS).await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    alice.operate(&call, &attach(&json!({"k": "v"}))).await;
    alice.operate(&call, &json!({"operationName": "DeleteUserDataPair", "key": "none"})).await;
    alice.operate(&call, &attach(&json!({"end": true}))).await;
    let told = desk.expect(3, DEADLINE).await;
    assert_eq!(kinds(&told), ["StatusChange", "AttachedDataChanged", "AttachedDataChanged"]);
    assert_eq!(told[2].data()["call"]["userData"], json!({"k": "v", "end": true}));
}

#[tokio::test]
async fn what_happens_between_two_polls_waits_for_the_next() {
    let server = Launch::demo().start().await;
    let mut desk = Peer::desk(&server, "bob", CALLS).await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    for n in 1..=20 {
        alice
            .operate(&call, &json!({"operationName": "UpdateUserData", "userData": {"n": n}}))
            .await;
    }
    let told = desk.expect(21, DEADLINE).await;
    let numbers: Vec<Value> =
        told[1..].iter().map(|delivery| delivery.data()["call"]["userData"]["n"].clone()).collect();
    assert_eq!(numbers, (1..=20).map(Value::from).collect::<Vec<_>>());
}

fn attach(data: &Value) -> Value {
    json!({"operationName": "AttachUserData", "userData": data})
}

fn kinds(told: &[Delivery]) -> Vec<String> {
    let kind =
        |delivery: &Delivery| delivery.data()["notificationType"].as_str().map(str::to_owned);
    told.iter().map(|delivery| kind(delivery).expect("a notification type")).collect()
}

#[tokio::test]
async fn a_desk_that_starts_as_workspace_does_finds_its_state() {
    let server = Launch::demo().start().await;
    let mut bob = Agent::new(&server, "bob");
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["voice"]});
    let started = bob.post("me", &start.to_string()).await;
    assert_eq!((started.status, &started.value()["statusCode"]), (200, &json!(0)));
    let mut desk = Peer::desk(&server, "bob", &["/v2/me/*"]).await;
    let call = Agent::new(&server, "alice").dial("15001").await;
    // Workspace writes a card of the party into every call that rings.
    let card = json!({"WWE_PARTY_15001": {"username": "bob", "path": "/users/1"}});
    let update = json!({"operationName": "UpdateUserData", "userData": card});
    bob.operate(&call, &update).await;
    bob.operate(&call, &json!({"operationName": "Answer"})).await;
    let told = desk.expect(3, DEADLINE).await;
    let calls: Vec<_> = told.iter().filter(|d| d.channel == "/v2/me/calls").cloned().collect();
    assert_eq!(kinds(&calls), ["StatusChange", "AttachedDataChanged", "StatusChange"]);
    let last = &calls[2].data()["call"];
    assert_eq!((&last["state"], &last["userData"]), (&json!("Established"), &card));
    for path in ["me?subresources=*", "me/?subresources=*", "me?subresources=devices,calls"] {
        let user = &bob.get(path).await["user"];
        assert_eq!(user["userName"], "bob", "{path}");
        assert_eq!(user["devices"][0]["phoneNumber"], "15001", "{path}");
        assert_eq!(user["calls"][0]["id"], call, "{path}");
    }
    let uris = bob.get("me/calls").await;
    let uri = format!("{}/api/v2/me/calls/{call}", server.url());
    assert_eq!(uris, json!({"statusCode": 0, "uris": [uri]}));
}
