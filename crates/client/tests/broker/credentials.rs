//! Who the client says it is, and what it keeps for the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use encke_client::{CloseReason, Failure, Freshness, Status};

use crate::support::{Server, Way, both_ways, data, eventually, reach, soon, up};

#[tokio::test]
async fn credentials_and_headers_go_with_every_request() {
    let server = Server::start(Way::LongPolling).await;
    server.guard("Basic YWxpY2U6c2VjcmV0");
    let builder = server.client().basic_auth("alice", "secret").header("X-Tenant", "7");
    let (client, _driver) = up(builder).await;
    client.publish("/a", &1).await.unwrap();
    let requests = server.requests();
    assert!(requests.len() >= 3);
    for headers in &requests {
        assert_eq!(headers["authorization"], "Basic YWxpY2U6c2VjcmV0");
        assert_eq!(headers["x-tenant"], "7");
        assert_eq!(headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn wrong_credentials_close_the_client_after_one_attempt() {
    let server = Server::start(Way::LongPolling).await;
    server.guard("Basic YWxpY2U6c2VjcmV0");
    let (client, driver) = server.client().basic_auth("alice", "wrong").connect().unwrap();
    let driver = tokio::spawn(driver);
    assert_eq!(soon("refusal", client.ready()).await.unwrap_err().0, CloseReason::Rejected(401));
    assert_eq!(soon("driver", driver).await.unwrap(), CloseReason::Rejected(401));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn credentials_that_are_withdrawn_close_the_client() {
    let server = Server::start(Way::LongPolling).await;
    let (client, driver) = server.connect().await;
    let mut status = client.status();
    server.held(1).await;
    server.guard("Basic YWxpY2U6c2VjcmV0");
    server.cut();
    reach(&mut status, |status| matches!(status, Status::Closed(_))).await;
    assert_eq!(soon("driver", driver).await.unwrap(), CloseReason::Rejected(401));
}

#[tokio::test]
async fn cookies_of_the_server_come_back() {
    let server = Server::start(Way::LongPolling).await;
    let (client, _driver) = server.connect().await;
    client.publish("/a", &1).await.unwrap();
    let requests = server.requests();
    assert!(requests[0].get("cookie").is_none());
    for headers in &requests[1..] {
        let cookie = headers["cookie"].to_str().unwrap();
        assert!(cookie.starts_with("BAYEUX_BROWSER="), "{cookie}");
    }
}

#[tokio::test]
async fn credentials_and_cookies_go_with_the_upgrade_too() {
    let server = Server::start(Way::WebSocket).await;
    server.guard("Basic YWxpY2U6c2VjcmV0");
    let builder = server.client().basic_auth("alice", "secret").header("X-Tenant", "7");
    let (client, _driver) = up(builder).await;
    client.publish("/a", &1).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["authorization"], "Basic YWxpY2U6c2VjcmV0");
    assert_eq!(requests[0]["x-tenant"], "7");
}

#[tokio::test]
async fn wrong_credentials_close_a_client_of_both_ways() {
    let server = Server::start(Way::WebSocket).await;
    server.guard("Basic YWxpY2U6c2VjcmV0");
    let (client, driver) = server.client().basic_auth("alice", "wrong").connect().unwrap();
    let _driver = tokio::spawn(driver);
    assert_eq!(soon("refusal", client.ready()).await.unwrap_err().0, CloseReason::Rejected(401));
    assert_eq!(server.requests().len(), 2, "once each way");
}

both_ways! { a_token_that_is_withdrawn_is_renewed_and_nothing_else_changes }

async fn a_token_that_is_withdrawn_is_renewed_and_nothing_else_changes(way: Way) {
    const TOKENS: [&str; 3] = ["Bearer 1", "Bearer 2", "Bearer 3"];
    let server = Server::start(way).await;
    server.guard(TOKENS[0]);
    let token = Arc::new(AtomicUsize::new(0));
    let builder = server.client().authorization({
        let token = Arc::clone(&token);
        move |freshness| {
            let renewed = usize::from(freshness == Freshness::New);
            let number = token.fetch_add(renewed, Ordering::SeqCst) + renewed;
            async move { TOKENS.get(number).copied().map(String::from).ok_or("no more tokens") }
        }
    });
    let (client, driver) = up(builder).await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    let mut status = client.status();
    for session in 2..=3 {
        server.held(1).await;
        server.guard(TOKENS[session - 1]);
        server.cut();
        let session = session as u64;
        reach(&mut status, |status| *status == Status::Connected { session }).await;
        eventually("pattern", || server.broker.patterns() == 1).await;
        server.publish("/a", "1");
        assert_eq!(data(&mut subscription).await, "1");
    }
    server.guard("Bearer none");
    server.cut();
    let failing = |status: &Status| {
        matches!(status, Status::Interrupted { why: Failure::Credentials(_), .. })
    };
    reach(&mut status, failing).await;
    driver.abort();
}
