//! What the settings change in notifications, seen at a desk.

use encke_testkit::{Agent, DEADLINE, Delivery, Launch, Peer, Request};
use serde_json::json;

#[tokio::test]
async fn metrics_are_left_out_unless_they_are_asked_for() {
    let call_of = |toml: &'static str| async move {
        let server = Launch::demo().config(toml).start().await;
        let mut desk = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
        Agent::new(&server, "alice").dial("15001").await;
        desk.expect(1, DEADLINE).await.remove(0).data()
    };
    assert!(call_of("").await.get("metrics").is_none());
    let metrics = &call_of("[gws]\nmetrics = true\n").await["metrics"]["eventProcessing"];
    for member in
        ["nodeProcessingTimeNanos", "serverGenerationTimestamp", "serverProcessingTimeTotalMs"]
    {
        assert!(metrics[member].is_number(), "{member}: {metrics}");
    }
}

#[tokio::test]
async fn repeated_keys_can_be_written_once() {
    let server = Launch::demo().config("[user_data]\nduplicates = \"last\"\n").start().await;
    let mut desk = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    for value in ["first", "second"] {
        let attach = json!({"operationName": "AttachUserData", "userData": {"k": value}});
        alice.operate(&call, &attach).await;
    }
    let told = desk.expect(3, DEADLINE).await;
    assert!(told[2].text.contains(r#""userData":{"k":"second"}"#), "{}", told[2].text);
}

#[tokio::test]
async fn each_setting_of_user_data_reaches_the_wire() {
    let toml = "[user_data]\nduplicates = \"list\"\norigin = true\nmax_changes = 2\n\
                changes_window_ms = 3600000\n";
    let server = Launch::demo().config(toml).start().await;
    let mut desk = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let attach = json!({"operationName": "AttachUserData", "userData": {"k": 1}});
    alice.operate(&call, &attach).await;
    alice.operate(&call, &attach).await;
    let told = desk.expect(3, DEADLINE).await.remove(2);
    let list = r#""userData":[{"key":"k","value":1},{"key":"k","value":1}]"#;
    assert!(told.text.contains(list), "{}", told.text);
    assert_eq!(told.data()["origin"], json!({"thirdPartyDN": "15000", "keys": ["k"]}));
    for _ in 0..3 {
        let more = alice.post(&format!("me/calls/{call}"), &attach.to_string()).await;
        assert_eq!((more.status, &more.value()["statusCode"]), (429, &json!(3)));
        assert!(more.header("retry-after").is_some());
    }
    let metrics = server.request(&Request::new("GET", "/metrics")).await.text();
    for line in ["encke_user_data_loops_total 1", "encke_user_data_changes_limited_total 3"] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    let log = server.log();
    assert_eq!(log.matches("a client changes user data in a loop").count(), 1, "{log}");
}

#[tokio::test]
async fn sms_sessions_can_be_spelt_with_a_double_s() {
    for (toml, key) in [("", "smsession"), ("[gws]\nsms_spelling = \"smssession\"\n", "smssession")]
    {
        let server = Launch::demo().config(toml).start().await;
        let channel = format!("/v2/me/{key}s");
        let mut desk = Peer::desk(&server, "alice", &["/v2/me/*"]).await;
        let offer = json!({"to": "alice", "from": "+15550100", "nickname": "C", "text": "Hi"});
        let answer = server.simulate("smssessions", &offer.to_string()).await.value();
        let id = answer["id"].as_str().expect("an id");
        let mut alice = Agent::new(&server, "alice");
        // Both spellings of the path are accepted whatever the payload's.
        let accept = json!({"operationName": "Accept", "nickname": "Alice"});
        alice.must(&format!("me/smsessions/{id}"), &accept).await;
        let attach = json!({"operationName": "AttachUserData", "userData": {"a": 1}});
        alice.must(&format!("me/smssessions/{id}"), &attach).await;
        let updated = |d: &Delivery| {
            d.data()["notificationType"] == "PropertiesUpdated" && d.channel == channel
        };
        let mut told = Vec::new();
        while !told.iter().any(updated) {
            told.extend(desk.expect(1, DEADLINE).await);
        }
        let update = told.into_iter().find(updated).expect("it is there").data();
        assert_eq!(update[key]["userData"], json!({"a": 1}), "{update}");
        let uri = update[key]["uri"].as_str().expect("a uri");
        assert!(uri.ends_with(&format!("/api/v2/{key}s/{id}")), "{uri}");
        assert_eq!(update["messageType"], "SMSsessionStateChangeMessage");
    }
}
