//! Habits in Bayeux: what handshakes, connects and messages of real clients look like.

use encke_testkit::{Agent, DEADLINE, GWS, Launch, Login, Peer};
use serde_json::{Value, json};

async fn alice(server: &encke_testkit::Server) -> Peer {
    Peer::new(server, GWS, Some(Login::demo("alice"))).await
}

/// `minimumVersion` is absent (Java, Faye), or 0.9; connection types of strangers stand there; `ext.ack`
/// is `true` or there is no `ext`.
#[tokio::test]
async fn every_handshake_that_real_clients_send_is_served() {
    let server = Launch::demo().start().await;
    let mut peer = alice(&server).await;
    for rest in [
        json!({"supportedConnectionTypes": ["long-polling"]}),
        json!({"minimumVersion": "0.9", "supportedConnectionTypes": ["long-polling"]}),
        json!({"supportedConnectionTypes": ["in-process", "long-polling", "callback-polling"]}),
        json!({"supportedConnectionTypes": ["long-polling"], "ext": {"ack": true}}),
        json!({"supportedConnectionTypes": ["long-polling"], "ext": {}}),
        json!({"supportedConnectionTypes": ["long-polling"], "advice": {"timeout": 60000, "interval": 0}}),
    ] {
        let mut message = json!({"channel": "/meta/handshake", "version": "1.0"});
        message.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let reply = peer.ask(message).await;
        assert_eq!(reply["successful"], true, "{rest}: {reply}");
        // The client's own default is no wish to be obeyed.
        assert_eq!(reply["advice"]["timeout"], 30_000, "{rest}: {reply}");
    }
}

/// python-bayeux, aiocometd and gobayeux do not ask for it, and one takes its time-out from the advice.
#[tokio::test]
async fn the_first_connect_is_answered_at_once_with_advice_also_unasked() {
    let server = Launch::demo().start().await;
    let mut peer = alice(&server).await;
    peer.handshake().await;
    // A poll is held for 30 seconds, and nobody waits here for so long.
    let reply = tokio::time::timeout(DEADLINE, peer.connect(None)).await.unwrap().unwrap();
    assert_eq!(
        (&reply["successful"], &reply["advice"]["reconnect"]),
        (&json!(true), &json!("retry"))
    );
    assert!(reply["advice"]["timeout"].is_u64(), "{reply}");
}

/// Faye sends them in one body: the connect must not hold the others back.
#[tokio::test]
async fn a_connect_and_a_subscribe_in_one_body_are_answered_together() {
    let server = Launch::demo().start().await;
    let mut peer = alice(&server).await;
    peer.handshake().await;
    for (first, hold) in [(true, json!({"timeout": 0})), (false, json!({}))] {
        let mut batch = vec![
            json!({"channel": "/meta/connect", "connectionType": "long-polling", "advice": hold}),
            json!({"channel": "/meta/subscribe", "subscription": "/v2/me/calls"}),
        ];
        if first {
            batch.reverse();
        }
        let replies = peer.send(batch).await.unwrap();
        assert_eq!(replies.len(), 2, "{replies:?}");
        assert!(replies.iter().all(|reply| reply["successful"] == true), "{replies:?}");
    }
}

/// aiocometd and Faye tell a reply from an event by `successful` alone, and read events for `data`.
#[tokio::test]
async fn events_never_say_successful_and_replies_always_do() {
    let server = Launch::demo().start().await;
    let mut peer = Peer::desk(&server, "alice", &["/v2/me/*"]).await;
    Agent::new(&server, "bob").dial("15000").await;
    for event in peer.expect(1, DEADLINE).await {
        let event = event.message();
        assert!(event.get("successful").is_none() && event["data"].is_object(), "{event}");
        assert!(event.get("clientId").is_none(), "{event}");
    }
    for message in [
        json!({"channel": "/meta/subscribe", "subscription": "/v2/me/calls"}),
        json!({"channel": "/meta/subscribe"}),
        json!({"channel": "/meta/unsubscribe", "subscription": "/v2/me/calls"}),
        json!({"channel": "/v2/me/calls", "data": {}}),
        json!({"channel": "/meta/disconnect"}),
    ] {
        let reply = peer.ask(message.clone()).await;
        assert!(reply["successful"].is_boolean(), "{message}: {reply}");
    }
}

/// The acknowledge extension of some libraries adds `ext` to every message, and old clients send what
/// nobody asked for.
#[tokio::test]
async fn members_that_nobody_knows_are_accepted_and_not_echoed() {
    let server = Launch::demo().start().await;
    let mut peer = alice(&server).await;
    peer.handshake().await;
    let reply = peer
        .ask(json!({"channel": "/meta/subscribe", "subscription": "/v2/me/calls", "ext": {},
            "timestamp": "now", "color": "blue"}))
        .await;
    assert_eq!(reply["successful"], true, "{reply}");
    assert!(reply.get("color").is_none(), "{reply}");
}

/// The Java client sends one, and must not be hurt by the answer.
#[tokio::test]
async fn a_connect_after_the_disconnect_gets_402_and_is_not_told_to_come_back() {
    let server = Launch::demo().start().await;
    let mut peer = Peer::desk(&server, "alice", &[]).await;
    assert_eq!(peer.disconnect().await["successful"], true);
    let late = peer.connect(Some(0)).await.unwrap();
    assert_eq!(late["successful"], false);
    assert!(late["error"].as_str().unwrap().starts_with("402:"), "{late}");
    assert_ne!(late["advice"]["reconnect"], Value::from("retry"), "{late}");
}

/// baiocas acknowledges `null` first, JavaScript 0; a reply has the number although it has no events.
#[tokio::test]
async fn the_first_acknowledgement_may_be_null_or_0() {
    let server = Launch::demo().start().await;
    for first in [Value::Null, json!(0)] {
        let mut peer = alice(&server).await;
        peer.handshake_with(&json!({"ack": true})).await;
        let reply = peer
            .ask(json!({"channel": "/meta/connect", "connectionType": "long-polling",
                "ext": {"ack": first}, "advice": {"timeout": 0}}))
            .await;
        assert_eq!(reply["successful"], true, "{reply}");
        assert!(reply["ext"]["ack"].is_u64(), "{reply}");
    }
}
