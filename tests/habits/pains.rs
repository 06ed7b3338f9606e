//! Pains of those who wrote desktops, where no other test shows what happens here.

use encke_testkit::{Agent, DEADLINE, GWS, Launch, Login, Peer, Request};
use serde_json::{Value, json};

async fn attach(agent: &mut Agent, call: &str, data: Value) {
    agent.operate(call, &json!({"operationName": "AttachUserData", "userData": data})).await;
}

/// The simulator of others removed the last pair where the key was not there.
#[tokio::test]
async fn deleting_a_missing_key_leaves_every_pair() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    attach(&mut alice, &call, json!({"a": 1, "b": 2})).await;
    alice.operate(&call, &json!({"operationName": "DeleteUserDataPair", "key": "c"})).await;
    assert_eq!(alice.call(&call).await["userData"], json!({"a": 1, "b": 2}));
}

/// The same simulator had both parties share what one of them changed, and sent a number.
#[tokio::test]
async fn duration_is_a_string_that_goes_on_also_for_changes_of_user_data() {
    let server = Launch::demo().start().await;
    let mut bob = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    // A whole second has to pass, since that is the unit.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    attach(&mut alice, &call, json!({"a": 1})).await;
    let told = bob.expect(2, DEADLINE).await;
    let seconds = |place: usize| {
        let duration = told[place].data()["call"]["duration"].clone();
        duration.as_str().expect("a string").parse::<u64>().expect("whole seconds")
    };
    assert!(seconds(1) >= 1 && seconds(1) > seconds(0), "{told:?}");
}

/// Nobody is who he says he is in a cookie of his own making.
#[tokio::test]
async fn a_cookie_of_ones_own_making_is_nobody() {
    let server = Launch::demo().start().await;
    for cookie in ["WWE_CODE=alice", "JSESSIONID=alice", "user=alice"] {
        let me = Request::new("GET", "/api/v2/me").header("cookie", cookie);
        let answer = server.request(&me).await;
        assert_eq!((answer.status, &answer.value()["statusCode"]), (403, &json!(20)), "{cookie}");
    }
}

/// A fake that answers whatever is asked teaches the wrong thing.
#[tokio::test]
async fn an_unknown_operation_is_refused_by_name_and_not_with_501() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let answer = alice.post(&format!("me/calls/{call}"), r#"{"operationName":"Frobnicate"}"#).await;
    assert_eq!((answer.status, &answer.value()["statusCode"]), (400, &json!(10)));
    assert!(
        answer.value()["statusMessage"].to_string().contains("Frobnicate"),
        "{}",
        answer.text()
    );
}

/// Handshake, subscribe, then read: what happens in between is in the answer or comes as a message.
#[tokio::test]
async fn what_happens_between_subscribe_and_read_is_in_one_of_the_two() {
    let server = Launch::demo().start().await;
    let mut desk = Peer::new(&server, GWS, Some(Login::demo("bob"))).await;
    desk.handshake().await;
    assert_eq!(desk.subscribe("/v2/me/*").await["successful"], true);
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let mut bob = Agent::new(&server, "bob");
    let read = bob.get("me?subresources=calls").await;
    assert_eq!(read["user"]["calls"][0]["id"], call);
    attach(&mut alice, &call, json!({"after": "the read"})).await;
    let told = desk.expect(2, DEADLINE).await;
    assert_eq!(told[0].data()["call"]["id"], call);
    assert_eq!(told[1].data()["call"]["userData"], json!({"after": "the read"}));
}

/// Who leaves and comes back shakes hands again, and is no other agent for it.
#[tokio::test]
async fn a_new_handshake_does_not_log_the_agent_in_again() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["voice"]});
    alice.must("me", &start).await;
    alice.must("me/channels/voice", &json!({"operationName": "Ready"})).await;
    drop(Peer::desk(&server, "alice", &["/v2/me/*"]).await);
    let mut back = Peer::desk(&server, "alice", &["/v2/me/*"]).await;
    let state = alice.get("me/devices?fields=*").await["devices"][0]["userState"]["state"].take();
    assert_eq!(state, "Ready");
    assert!(back.drain().await.is_empty(), "nobody tells of what did not happen");
    // Who starts a session that is there already stays as he is.
    alice.must("me", &start).await;
    let state = alice.get("me/devices?fields=*").await["devices"][0]["userState"]["state"].take();
    assert_eq!(state, "Ready");
}

/// Both parties have the same id for a call, and it stays through a transfer.
#[tokio::test]
async fn a_call_keeps_its_id_through_a_transfer() {
    let server = Launch::demo().start().await;
    let mut desks = Vec::new();
    for user in ["alice", "bob", "carol"] {
        desks.push(Peer::desk(&server, user, &["/v2/me/calls"]).await);
    }
    let call = Agent::new(&server, "alice").dial("15001").await;
    let mut bob = Agent::new(&server, "bob");
    bob.operate(&call, &json!({"operationName": "Answer"})).await;
    let to =
        json!({"operationName": "SingleStepTransfer", "destination": {"phoneNumber": "15002"}});
    bob.operate(&call, &to).await;
    let mut conn_ids = Vec::new();
    for (desk, count) in desks.iter_mut().zip([3, 3, 1]) {
        for told in desk.expect(count, DEADLINE).await {
            let seen = told.data()["call"].clone();
            assert_eq!((&seen["id"], &seen["callUuid"]), (&json!(call), &json!(call)), "{seen}");
            conn_ids.push(seen["connId"].to_string());
        }
    }
    conn_ids.dedup();
    assert_eq!(conn_ids.len(), 1, "{conn_ids:?}");
}

/// A number that is given as a string is one, and the other way round; keys may have spaces.
#[tokio::test]
async fn keys_with_spaces_and_values_of_every_kind_come_back_as_they_were() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let data = json!({"New key": "63", "number": 63, "nested": {"a b": {"c": [1, "1"]}}});
    attach(&mut alice, &call, data.clone()).await;
    assert_eq!(alice.call(&call).await["userData"], data);
}
