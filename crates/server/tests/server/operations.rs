//! Health, readiness, version and metrics, here or on a listener of their own.

use encke_testkit::{Connection, Request};

use crate::house::{House, me_as};

#[tokio::test]
async fn machines_are_told_what_they_ask() {
    let house = House::demo().await;
    assert_eq!(house.ask(&Request::new("GET", "/healthz")).await.status, 200);
    let ready = house.ask(&Request::new("GET", "/readyz")).await;
    assert_eq!((ready.status, &ready.value()["ready"]), (200, &true.into()));
    let version = house.ask(&Request::new("GET", "/version")).await;
    assert_eq!(version.value()["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(house.ask(&Request::new("POST", "/readyz")).await.status, 405);

    house.ask(&me_as("alice")).await;
    let page = house.ask(&Request::new("GET", "/metrics")).await.text();
    for line in [
        "encke_logins_total{outcome=\"right\"} 1",
        "encke_rest_requests_total{operation=\"GetMe\",code=\"0\"} 1",
        "encke_sessions{endpoint=\"cometd\"} 0",
        "encke_held_polls{endpoint=\"notifications\"} 0",
        "encke_queue_bytes{endpoint=\"notifications\"} 0",
        "encke_messages_in_total{endpoint=\"notifications\"} 0",
        "encke_bayeux_limited_total{endpoint=\"cometd\",limit=\"handshakes\"} 0",
        "encke_messages_overflowed_total{endpoint=\"cometd\",policy=\"drop-oldest\"} 0",
        "encke_publish_to_write_seconds_bucket{le=\"+Inf\",endpoint=\"cometd\"} 0",
        "encke_journal_append_seconds_count 0",
        "encke_build_info{version=",
        "encke_connections 1",
        "encke_process_resident_memory_bytes ",
        "# EOF",
    ] {
        assert!(page.contains(line), "{line} in\n{page}");
    }
    house.end().await;
}

#[tokio::test]
async fn operations_may_have_a_listener_of_their_own() {
    let house =
        House::with(|settings| settings.operations.listen = "127.0.0.1:0".parse().ok()).await;
    assert_eq!(house.ask(&Request::new("GET", "/metrics")).await.status, 404);
    let mut connection = Connection::open(house.operations.unwrap()).await.unwrap();
    for (path, status) in [("/metrics", 200), ("/readyz", 200), ("/api/v2/me", 404), ("/", 404)] {
        let answer = connection.exchange(&Request::new("GET", path)).await.unwrap();
        assert_eq!(answer.status, status, "{path}");
    }
    house.end().await;
}
