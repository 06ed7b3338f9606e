//! Nobody hears of another user's calls, whatever is subscribed, forged or published.

use encke_testkit::{Agent, DEADLINE, Delivery, GWS, Launch, Login, PLAIN, Peer, Server};
use serde_json::json;

/// Every pattern that covers the private channel.
const COVERING: [&str; 5] = ["/v2/me/calls", "/v2/me/*", "/v2/me/**", "/v2/**", "/**"];
/// Patterns that look as if they did.
const BESIDE: [&str; 4] = ["/v2/*", "/*", "/v2/me", "/v2/me/call"];

#[tokio::test]
async fn every_covering_pattern_receives_and_no_other() {
    let server = Launch::demo().start().await;
    let mut covering = Vec::new();
    for pattern in COVERING {
        covering.push(Peer::desk(&server, "bob", &[pattern]).await);
    }
    let mut all = Peer::desk(&server, "bob", &COVERING).await;
    let mut beside = Peer::desk(&server, "bob", &[]).await;
    for pattern in BESIDE {
        // A pattern may be refused or match nothing; it must not match.
        beside.subscribe(pattern).await;
    }
    change_a_call(&server).await;
    for (desk, pattern) in covering.iter_mut().zip(COVERING) {
        let told = of_calls(desk).await;
        assert_eq!(told.len(), 2, "ringing and one change through {pattern}: {told:#?}");
    }
    let told = of_calls(&mut all).await;
    assert_eq!(told.len(), 2, "one copy each through five patterns: {told:#?}");
    assert_eq!(beside.drain().await, []);
}

#[tokio::test]
async fn another_user_hears_nothing_through_any_pattern() {
    let server = Launch::demo().start().await;
    let mut stranger = Peer::desk(&server, "dave", &COVERING).await;
    for pattern in BESIDE {
        stranger.subscribe(pattern).await;
    }
    let mut anonymous = Peer::up(&server, PLAIN, None, &["/**"]).await;
    for pattern in COVERING.iter().chain(&BESIDE) {
        anonymous.subscribe(pattern).await;
    }
    let mut party = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
    change_a_call(&server).await;
    assert_eq!(party.expect(2, DEADLINE).await.len(), 2);
    assert_eq!(stranger.drain().await, []);
    assert_eq!(anonymous.drain().await, []);
}

#[tokio::test]
async fn a_forged_client_id_opens_nothing() {
    let server = Launch::demo().start().await;
    let mut desk = Peer::desk(&server, "bob", &["/v2/me/calls"]).await;
    for (endpoint, login) in [(GWS, Some(Login::demo("dave"))), (PLAIN, None)] {
        let mut forger = Peer::up(&server, endpoint, login, &[]).await;
        forger.forge_client_id(desk.client_id());
        refuse_everything(&mut forger).await;
    }
    // The same browser, that is the same cookie, but another login.
    let mut forger = desk.twin().await;
    forger.log_in(Login::demo("dave"));
    refuse_everything(&mut forger).await;
    change_a_call(&server).await;
    assert_eq!(desk.expect(2, DEADLINE).await.len(), 2, "the true session is unharmed");
}

#[tokio::test]
async fn a_client_cannot_publish_to_the_private_channels() {
    let server = Launch::demo().start().await;
    let mut victim = Peer::desk(&server, "bob", &COVERING).await;
    let mut own = Peer::desk(&server, "alice", &COVERING).await;
    let mut anonymous = Peer::up(&server, PLAIN, None, &[]).await;
    for channel in ["/v2/me/calls", "/v2/me/*", "/v2/me/**", "/v2/me/smsessions", "/v2/me/x/y"] {
        for peer in [&mut own, &mut anonymous] {
            let reply = peer.publish(channel, r#"{"forged":true}"#).await;
            assert_eq!(reply["successful"], false, "{channel}: {reply}");
            // Forbidden, or for a wildcard not even a name.
            let code = reply["error"].as_str().and_then(|error| error.split(':').next());
            let expected = if channel.contains('*') { "405" } else { "403" };
            assert_eq!(code, Some(expected), "{channel}: {reply}");
        }
    }
    assert_eq!(victim.drain().await, []);
    assert_eq!(own.drain().await, []);
}

/// Everything that came, which is on the channel of calls: T-events reach who names them only.
async fn of_calls(desk: &mut Peer) -> Vec<Delivery> {
    let mut told = desk.expect(2, DEADLINE).await;
    told.extend(desk.drain().await);
    assert!(told.iter().all(|delivery| delivery.channel == "/v2/me/calls"), "{told:#?}");
    told
}

/// Alice dials bob and attaches a pair: two notifications for each of the two.
async fn change_a_call(server: &Server) {
    let mut alice = Agent::new(server, "alice");
    let call = alice.dial("15001").await;
    let attach = json!({"operationName": "AttachUserData", "userData": {"secret": "of two"}});
    alice.operate(&call, &attach).await;
}

/// Every verb of a session is answered as if the session did not exist.
async fn refuse_everything(forger: &mut Peer) {
    for message in [
        json!({"channel": "/meta/connect", "connectionType": "long-polling"}),
        json!({"channel": "/meta/subscribe", "subscription": "/v2/me/calls"}),
        json!({"channel": "/meta/unsubscribe", "subscription": "/v2/me/calls"}),
        json!({"channel": "/anything", "data": 1}),
        json!({"channel": "/meta/disconnect"}),
    ] {
        let reply = forger.ask(message.clone()).await;
        assert_eq!(reply["error"], "402::session_unknown", "{message}: {reply}");
    }
    assert_eq!(forger.take(), []);
}
