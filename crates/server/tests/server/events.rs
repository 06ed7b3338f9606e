//! Channels read without a Bayeux library.

use encke_testkit::{DEADLINE, Login, Request, eventually};
use tokio::time::timeout;

use crate::house::House;

const EVENTS: &str = "/api/v2/notifications/events?channel=/v2/me/**";

fn stream(user: &str) -> Request {
    Request::new("GET", EVENTS).header("accept", "text/event-stream").login(&Login::demo(user))
}

#[tokio::test]
async fn a_user_reads_their_calls_as_events_until_the_drain() {
    let house = House::demo().await;
    let [mut alice, mut bob] = [house.open().await, house.open().await];
    for (connection, user) in [(&mut alice, "alice"), (&mut bob, "bob")] {
        connection.send(&stream(user).encode()).await.unwrap();
        connection.read_until("\r\n\r\n").await.unwrap();
    }
    let call = Request::json("/sim/v1/calls", r#"{"to":"15000","from":"+15550100"}"#);
    assert_eq!(house.ask(&call).await.status, 200);
    let told = alice.read_until("\"Ringing\"").await.unwrap();
    assert!(told.contains(r#"data: {"channel":"/v2/me/calls","data":{"#), "{told}");
    eventually("two streams are sessions", DEADLINE, || async {
        let page = house.ask(&Request::new("GET", "/metrics")).await.text();
        let sessions = "encke_sessions{endpoint=\"notifications\"} 2";
        if page.contains(sessions) { Ok(()) } else { Err(page) }
    })
    .await;
    let ended = house.stop();
    let last = bob.read_until("0\r\n\r\n").await.unwrap();
    assert!(last.contains("retry: ") && !last.contains("Ringing"), "{last}");
    timeout(DEADLINE, ended).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn events_need_a_login_and_an_origin_and_may_be_switched_off() {
    let house = House::demo().await;
    let nobody = Request::new("GET", EVENTS).header("accept", "text/event-stream");
    assert_eq!(house.ask(&nobody).await.status, 403);
    let foreign = stream("alice").header("origin", "https://evil.example.org");
    assert_eq!(house.ask(&foreign).await.status, 403);
    let fetched = Request::new("GET", EVENTS)
        .login(&Login::demo("alice"))
        .header("accept", "*/*")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(house.ask(&fetched).await.status, 403);
    house.end().await;
    let house = House::with(|settings| settings.bayeux.views = false).await;
    assert_eq!(house.ask(&stream("alice")).await.status, 405);
    house.end().await;
}

#[tokio::test]
async fn a_supervisor_reads_the_trace_of_all_calls_until_the_drain() {
    let house = House::demo().await;
    let trace = |user: &str| Request::new("GET", "/api/v2/tevents").login(&Login::demo(user));
    assert_eq!(house.ask(&trace("alice")).await.status, 403);
    let mut erin = house.open().await;
    erin.send(&trace("erin").encode()).await.unwrap();
    erin.read_until("the trace begins").await.unwrap();
    let call = Request::json("/sim/v1/calls", r#"{"to":"15000","from":"+15550100"}"#);
    let call = house.ask(&call).await.value()["id"].as_str().unwrap().to_owned();
    let update = r#"{"operationName":"UpdateUserData","userData":{"k":"v"}}"#;
    let update = Request::json(&format!("/api/v2/me/calls/{call}"), update);
    assert_eq!(house.ask(&update.login(&Login::demo("alice"))).await.status, 200);
    let told = erin.read_until(r#""userData":{"k":"v"}"#).await.unwrap();
    assert!(told.contains("event: EventAttachedDataChanged"), "{told}");
    assert!(told.contains(r#""thisDN":"15000","thirdPartyDN":"15000""#), "{told}");
    let ended = house.stop();
    erin.read_until("0\r\n\r\n").await.unwrap();
    timeout(DEADLINE, ended).await.unwrap().unwrap().unwrap();
}
