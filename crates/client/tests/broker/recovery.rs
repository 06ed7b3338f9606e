//! Cut connections, held polls that end, and servers that come back.

use std::time::Duration;

use encke_broker::Config;
use encke_client::{CloseReason, Failure, Gap, PublishError, Status};
use encke_transport::HttpConfig;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use crate::support::{Server, Way, both_ways, data, eventually, next, reach, soon};

both_ways! {
    a_server_that_comes_back_on_its_port_gets_a_new_session_with_all_subscriptions,
    a_client_may_be_started_before_its_server,
    a_cut_poll_is_taken_up_again_and_nothing_is_lost,
    a_stream_of_messages_survives_cuts_at_any_moment,
    a_poll_that_ends_by_itself_is_followed_by_the_next,
    what_cannot_be_sent_in_time_is_given_back,
    leaving_does_not_wait_behind_what_cannot_be_sent,
    a_session_that_the_server_dropped_is_replaced,
    a_draining_server_lets_its_clients_come_back_by_themselves,
}

async fn a_server_that_comes_back_on_its_port_gets_a_new_session_with_all_subscriptions(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let mut exact = client.subscribe("/a").await.unwrap();
    let mut deep = client.subscribe("/b/**").await.unwrap();
    let mut status = client.status();
    let address = server.stop().await;
    reach(&mut status, |status| matches!(status, Status::Interrupted { .. })).await;
    let server = Server::start_at(way, address, Config::default()).await;
    reach(&mut status, |status| matches!(status, Status::Connected { session: 2.. })).await;
    eventually("both patterns", || server.broker.patterns() == 2).await;
    server.publish("/a", "1");
    server.publish("/b/c/d", "2");
    server.publish("/a", "3");
    let first = next(&mut exact).await;
    assert_eq!((first.data().get(), first.gap()), ("1", Gap::Session));
    assert_eq!(next(&mut deep).await.gap(), Gap::Session);
    let second = next(&mut exact).await;
    assert_eq!((second.data().get(), second.gap()), ("3", Gap::None));
}

async fn a_client_may_be_started_before_its_server(way: Way) {
    let server = Server::start(way).await;
    let builder = server.client();
    let address = server.stop().await;
    let (client, driver) = builder.connect().unwrap();
    let _driver = tokio::spawn(driver);
    let mut status = client.status();
    reach(&mut status, |status| matches!(status, Status::Interrupted { .. })).await;
    let early = tokio::spawn({
        let client = client.clone();
        async move { client.subscribe("/a").await }
    });
    let server = Server::start_at(way, address, Config::default()).await;
    let mut subscription = soon("subscription", early).await.unwrap().unwrap();
    server.publish("/a", "1");
    assert_eq!(data(&mut subscription).await, "1");
}

async fn a_cut_poll_is_taken_up_again_and_nothing_is_lost(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    for round in 0..10 {
        server.held(1).await;
        server.freeze();
        server.cut();
        server.held(0).await;
        server.publish("/a", &round.to_string());
        server.thaw();
        let message = next(&mut subscription).await;
        assert_eq!((message.data().get(), message.gap()), (round.to_string().as_str(), Gap::None));
    }
    assert_eq!(server.broker.stats().handshakes, 1);
}

/// Acknowledged: what was written into a connection that then broke is sent again.
async fn a_stream_of_messages_survives_cuts_at_any_moment(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    let mut published = 0;
    for _ in 0..20 {
        for _ in 0..25 {
            published += 1;
            server.publish("/a", &published.to_string());
            tokio::task::yield_now().await;
        }
        server.cut();
    }
    for n in 1..=published {
        let message = next(&mut subscription).await;
        assert_eq!((message.data().get(), message.gap()), (n.to_string().as_str(), Gap::None));
    }
    assert_eq!(server.broker.stats().handshakes, 1);
}

async fn a_poll_that_ends_by_itself_is_followed_by_the_next(way: Way) {
    let server =
        Server::start_with(way, Config::default().timeout(Duration::from_millis(50))).await;
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    let before = server.broker.stats().messages_in;
    eventually("more polls", || server.broker.stats().messages_in > before + 5).await;
    server.publish("/a", "1");
    assert_eq!(data(&mut subscription).await, "1");
    assert_eq!(*client.status().borrow(), Status::Connected { session: 1 });
}

#[tokio::test]
async fn two_connections_are_enough_and_are_used_again() {
    let server =
        Server::start_with(Way::LongPolling, Config::default().timeout(Duration::from_millis(20)))
            .await;
    let (client, _driver) = server.connect().await;
    for number in 0..20 {
        client.publish("/a", &number).await.unwrap();
    }
    let before = server.requests().len();
    eventually("more polls", || server.requests().len() > before + 10).await;
    assert!(server.accepted() <= 2, "{} connections", server.accepted());
}

async fn what_cannot_be_sent_in_time_is_given_back(way: Way) {
    let server = Server::start(way).await;
    let builder = server.client().operation_timeout(Duration::from_millis(200));
    server.stop().await;
    let (client, driver) = builder.connect().unwrap();
    let _driver = tokio::spawn(driver);
    let published = soon("timeout", client.publish("/a", &1)).await;
    assert_eq!(published, Err(PublishError::TimedOut));
    let refused = client.status().borrow().clone();
    assert!(
        matches!(refused, Status::Interrupted { why: Failure::Unreachable(_), .. }),
        "{refused:?}"
    );
}

async fn leaving_does_not_wait_behind_what_cannot_be_sent(way: Way) {
    let server = Server::start(way).await;
    let builder = server.client().queue_bounds(1, 1000);
    server.stop().await;
    let (client, driver) = builder.connect().unwrap();
    let driver = tokio::spawn(driver);
    let mut publishes: FuturesUnordered<_> = (0..200).map(|_| client.publish("/a", &1)).collect();
    assert!(futures::poll!(publishes.next()).is_pending());
    soon("farewell", client.disconnect()).await;
    while let Some(published) = soon("outcome", publishes.next()).await {
        assert_eq!(published, Err(PublishError::Closed));
    }
    assert_eq!(soon("driver", driver).await.unwrap(), CloseReason::Asked);
    soon("nothing", client.disconnect()).await;
}

async fn a_session_that_the_server_dropped_is_replaced(way: Way) {
    let config =
        Config::default().timeout(Duration::from_secs(30)).max_interval(Duration::from_millis(50));
    let server = Server::start_with(way, config).await;
    let builder = server.client().backoff(Duration::from_millis(400), Duration::from_millis(400));
    let (client, _driver) = crate::support::up(builder).await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    let mut status = client.status();
    server.held(1).await;
    server.freeze();
    server.cut();
    eventually("expired", || server.broker.stats().sessions == 0).await;
    server.thaw();
    reach(&mut status, |status| matches!(status, Status::Connected { session: 2 })).await;
    eventually("pattern", || server.broker.patterns() == 1).await;
    server.publish("/a", "1");
    assert_eq!(next(&mut subscription).await.gap(), Gap::Session);
}

async fn a_draining_server_lets_its_clients_come_back_by_themselves(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    server.held(1).await;
    server.broker.begin_drain(crate::support::now());
    server.held(0).await;
    let mut subscription = client.status();
    let address = server.stop().await;
    let _server = Server::start_at(way, address, Config::default()).await;
    reach(&mut subscription, |status| matches!(status, Status::Connected { session: 2.. })).await;
}

#[tokio::test]
async fn a_server_without_websocket_is_met_by_long_polling() {
    let server = Server::start(Way::LongPolling).await;
    let (client, _driver) = crate::support::up(server.client().websocket(true)).await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    server.publish("/a", "1");
    assert_eq!(data(&mut subscription).await, "1");
    let requests = server.requests();
    assert_eq!(requests[0]["upgrade"], "websocket");
    assert!(requests[1..].iter().all(|headers| headers.get("upgrade").is_none()));
    assert_eq!(server.broker.stats().handshakes, 1);
}

#[tokio::test]
async fn a_session_moves_from_websocket_to_long_polling_when_sockets_are_refused() {
    let server = Server::start(Way::WebSocket).await;
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    server.held(1).await;
    server.refuse_sockets();
    server.freeze();
    server.cut();
    server.held(0).await;
    server.publish("/a", "1");
    server.thaw();
    let message = next(&mut subscription).await;
    assert_eq!((message.data().get(), message.gap()), ("1", Gap::None));
    assert_eq!(*client.status().borrow(), Status::Connected { session: 1 });
    let requests = server.requests();
    assert!(requests.last().unwrap().get("upgrade").is_none());
}

#[tokio::test]
async fn a_silent_socket_is_kept_alive_by_its_pongs() {
    let ping = Duration::from_millis(200);
    let http = HttpConfig::default().ping_interval(ping);
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::start_as_told(Way::WebSocket, any, Config::default(), http).await;
    let (client, _driver) = server.connect().await;
    let mut status = client.status();
    server.held(1).await;
    status.mark_unchanged();
    // Silence is what is tested here.
    let silence = tokio::time::timeout(5 * ping, status.changed()).await;
    assert!(silence.is_err(), "{:?}", *status.borrow());
    assert_eq!(server.requests().len(), 1);
}
