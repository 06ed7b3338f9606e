//! A server that keeps a log: what was missed comes, and what is gone is owned up to.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use encke_broker::{ChannelRule, ChannelSettings, Config, Retention, WallClock};
use encke_client::{
    ChannelPattern, FilePositions, Gap, MemoryPositions, Outdated, Position, PositionStore, Replay,
    ReplayFrom, ReplayStatus, Status, SubscribeError, SubscribeOptions, Subscription,
};
use futures::FutureExt as _;
use futures::StreamExt as _;
use tokio::sync::watch;

use crate::support::{Server, Way, both_ways, data, eventually, next, now, reach, soon, up};

both_ways! {
    a_new_session_goes_on_where_the_one_before_stopped,
    a_stream_of_messages_survives_lost_sessions_and_cuts_at_any_moment,
    what_is_kept_comes_first_and_then_what_is_new,
    a_client_goes_on_where_the_one_before_had_handled,
    a_message_that_was_not_handled_comes_again,
    a_quiet_channel_is_not_missed_though_its_log_moved_on,
    a_log_that_forgot_something_is_told_before_and_with_the_next_message,
    a_log_that_is_gone_falls_back_to_what_is_kept_with_a_gap,
    a_refused_position_may_be_an_error_or_an_end,
    a_channel_without_a_log_has_a_gap_as_ever,
    overlapping_subscriptions_have_everything_once_each,
    a_slow_reader_of_a_long_log_loses_nothing,
    a_reader_that_stands_still_goes_on_in_another_session,
    two_places_of_one_pattern_are_an_error,
}

/// Keeps so many messages of every channel below `/kept`.
fn keeping(messages: usize) -> Config {
    keeping_since(messages, 1_000_000)
}

fn keeping_since(messages: usize, unix_ms: u64) -> Config {
    let kept = Retention { age: Duration::from_secs(3600), messages, bytes: 8 << 20 };
    let mut settings = ChannelSettings::default();
    settings.replay = Some(kept);
    let pattern = ChannelPattern::new("/kept/**").unwrap();
    let rule = ChannelRule::new(pattern, settings);
    Config::default().channels(vec![rule]).wall(WallClock::new(now(), unix_ms))
}

fn from(from: ReplayFrom) -> SubscribeOptions {
    SubscribeOptions::default().replay(from)
}

async fn told(subscription: &Subscription, wanted: impl FnMut(&Option<Replay>) -> bool) -> Replay {
    let mut replay: watch::Receiver<_> = subscription.replay();
    soon("replay", replay.wait_for(wanted)).await.unwrap().unwrap()
}

async fn status(subscription: &Subscription) -> ReplayStatus {
    told(subscription, Option::is_some).await.status
}

async fn caught_up(subscription: &Subscription) {
    told(subscription, |replay| replay.is_some_and(|replay| replay.caught_up)).await;
}

/// The server drops the session of the only client, which is away meanwhile.
async fn lose_session(server: &Server, meanwhile: impl FnOnce(&Server)) {
    eventually("a session", || server.broker.stats().sessions == 1).await;
    server.freeze();
    server.cut();
    eventually("expired", || server.broker.stats().sessions == 0).await;
    meanwhile(server);
    server.thaw();
}

fn forgetful(config: Config) -> Config {
    config.max_interval(Duration::from_millis(50))
}

async fn a_new_session_goes_on_where_the_one_before_stopped(way: Way) {
    let server = Server::start_with(way, forgetful(keeping(100))).await;
    let (client, _driver) = server.connect().await;
    let mut exact = client.subscribe("/kept/a").await.unwrap();
    let mut deep = client.subscribe("/kept/**").await.unwrap();
    assert_eq!(status(&exact).await, ReplayStatus::New);
    server.publish("/kept/a", "1");
    assert_eq!(data(&mut exact).await, "1");
    let mut status = client.status();
    lose_session(&server, |server| {
        server.publish("/kept/b", "2");
        server.publish("/kept/a", "3");
    })
    .await;
    reach(&mut status, |status| matches!(status, Status::Connected { session: 2.. })).await;
    server.publish("/kept/a", "4");
    for (subscription, expected) in
        [(&mut exact, vec!["3", "4"]), (&mut deep, vec!["1", "2", "3", "4"])]
    {
        for text in expected {
            let message = next(subscription).await;
            assert_eq!((message.data().get(), message.gap()), (text, Gap::None));
            assert!(message.position().is_some());
        }
        let resumed = |replay: &Option<Replay>| {
            replay.is_some_and(|replay| replay.status == ReplayStatus::Resumed && replay.caught_up)
        };
        told(subscription, resumed).await;
    }
}

async fn a_stream_of_messages_survives_lost_sessions_and_cuts_at_any_moment(way: Way) {
    let server = Server::start_with(way, forgetful(keeping(1000))).await;
    let (client, _driver) = server.connect().await;
    let options = SubscribeOptions::default().queue_messages(10_000);
    let mut subscription = client.subscribe_with("/kept/a", options).await.unwrap();
    let mut published = 0;
    let mut publish = |server: &Server, count| {
        for _ in 0..count {
            published += 1;
            server.publish("/kept/a", &published.to_string());
        }
        published
    };
    for round in 0..12 {
        publish(&server, 20);
        if round % 3 == 0 {
            lose_session(&server, |server| {
                publish(server, 20);
            })
            .await;
        } else {
            server.cut();
        }
        for _ in 0..20 {
            publish(&server, 1);
            tokio::task::yield_now().await;
        }
    }
    for n in 1..=publish(&server, 1) {
        let message = next(&mut subscription).await;
        assert_eq!((message.data().get(), message.gap()), (n.to_string().as_str(), Gap::None));
    }
    assert!(server.broker.stats().handshakes > 1);
}

async fn what_is_kept_comes_first_and_then_what_is_new(way: Way) {
    let server = Server::start_with(way, keeping(100)).await;
    server.publish("/kept/a", "1");
    let (client, _driver) = server.connect().await;
    let mut kept = client.subscribe_with("/kept/a", from(ReplayFrom::Kept)).await.unwrap();
    assert_eq!(status(&kept).await, ReplayStatus::Kept);
    server.publish("/kept/a", "2");
    let first = next(&mut kept).await;
    assert_eq!((first.data().get(), data(&mut kept).await.as_str()), ("1", "2"));
    caught_up(&kept).await;
    let after = from(ReplayFrom::After(first.position().unwrap()));
    let (other, _driver) = server.connect().await;
    let mut rest = other.subscribe_with("/kept/a", after).await.unwrap();
    assert_eq!(status(&rest).await, ReplayStatus::Resumed);
    assert_eq!(data(&mut rest).await, "2");
}

async fn a_client_goes_on_where_the_one_before_had_handled(way: Way) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("positions.json");
    let server = Server::start_with(way, keeping(100)).await;
    for (published, expected) in [(vec!["1", "2"], vec!["1", "2"]), (vec!["3"], vec!["3"])] {
        for text in published {
            server.publish("/kept/a", text);
        }
        let store = Arc::new(FilePositions::open(&path).unwrap());
        let (client, driver) = up(server.client().positions(store)).await;
        let options = from(ReplayFrom::Kept);
        let mut subscription = client.subscribe_with("/kept/a", options).await.unwrap();
        for text in expected {
            assert_eq!(data(&mut subscription).await, text);
            subscription.handled();
        }
        soon("farewell", client.disconnect()).await;
        drop((client, subscription));
        soon("driver", driver).await.unwrap();
    }
    let stored = fs::read_to_string(path).unwrap();
    assert!(stored.contains("/kept/a") && stored.contains("epoch"), "{stored}");
}

async fn a_message_that_was_not_handled_comes_again(way: Way) {
    let server = Server::start_with(way, keeping(100)).await;
    let store = Arc::new(MemoryPositions::default());
    for text in ["1", "2", "3"] {
        server.publish("/kept/a", text);
    }
    for expected in [["1", "2"], ["2", "3"]] {
        let (client, driver) = up(server.client().positions(store.clone())).await;
        let options = from(ReplayFrom::Kept);
        let mut subscription = client.subscribe_with("/kept/a", options).await.unwrap();
        // The second one is in hand when the program is killed.
        for text in expected {
            assert_eq!(data(&mut subscription).await, text);
        }
        driver.abort();
    }
}

async fn a_quiet_channel_is_not_missed_though_its_log_moved_on(way: Way) {
    let server = Server::start_with(way, keeping(3)).await;
    let store = Arc::new(MemoryPositions::default());
    let quiet = ChannelPattern::new("/kept/quiet").unwrap();
    {
        let (client, _driver) = up(server.client().positions(store.clone())).await;
        let options = from(ReplayFrom::New);
        let mut subscription = client.subscribe_with("/kept/quiet", options).await.unwrap();
        let mut busy = client.subscribe("/kept/busy").await.unwrap();
        let first = told(&subscription, Option::is_some).await.newest.unwrap();
        assert!(subscription.next().now_or_never().is_none());
        for n in 1..=10 {
            server.publish("/kept/busy", &n.to_string());
            next(&mut busy).await;
        }
        // Nobody publishes there; the position moves with the rest of the log.
        eventually("a later position", || {
            assert!(subscription.next().now_or_never().is_none());
            store.load(&quiet).is_some_and(|position| position.id() >= first + 10)
        })
        .await;
        soon("farewell", client.disconnect()).await;
    }
    server.publish("/kept/quiet", "1");
    let (client, _driver) = up(server.client().positions(store)).await;
    let options = from(ReplayFrom::New);
    let mut subscription = client.subscribe_with("/kept/quiet", options).await.unwrap();
    assert_eq!(status(&subscription).await, ReplayStatus::Resumed);
    let message = next(&mut subscription).await;
    assert_eq!((message.data().get(), message.gap()), ("1", Gap::None));
}

async fn a_log_that_forgot_something_is_told_before_and_with_the_next_message(way: Way) {
    let server = Server::start_with(way, forgetful(keeping(2))).await;
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe("/kept/a").await.unwrap();
    lose_session(&server, |server| {
        for text in ["1", "2", "3"] {
            server.publish("/kept/a", text);
        }
    })
    .await;
    let gap =
        |replay: &Option<Replay>| replay.is_some_and(|replay| replay.status == ReplayStatus::Gap);
    let replay = told(&subscription, gap).await;
    assert!(replay.oldest.is_some() && replay.epoch.is_some());
    let first = next(&mut subscription).await;
    assert_eq!((first.data().get(), first.gap()), ("2", Gap::Log));
    assert_eq!(next(&mut subscription).await.gap(), Gap::None);
}

/// A position of a younger log, such as one that a server gave out before its data was lost.
fn unknown() -> ReplayFrom {
    ReplayFrom::After(Position::new(1 << 50))
}

async fn a_log_that_is_gone_falls_back_to_what_is_kept_with_a_gap(way: Way) {
    let server = Server::start_with(way, keeping(100)).await;
    server.publish("/kept/a", "1");
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe_with("/kept/a", from(unknown())).await.unwrap();
    assert_eq!(status(&subscription).await, ReplayStatus::Gap);
    let first = next(&mut subscription).await;
    assert_eq!((first.data().get(), first.gap()), ("1", Gap::Log));
    // The same for a session: a server with a younger log, and one with an older log.
    let mut address = server.stop().await;
    for (unix_ms, newest) in [(9_000_000, "2"), (5_000_000, "3")] {
        let server = Server::start_at(way, address, keeping_since(100, unix_ms)).await;
        server.publish("/kept/a", newest);
        let message = next(&mut subscription).await;
        assert_eq!((message.data().get(), message.gap()), (newest, Gap::Log));
        server.publish("/kept/a", "0");
        assert_eq!(next(&mut subscription).await.gap(), Gap::None);
        address = server.stop().await;
    }
}

async fn a_refused_position_may_be_an_error_or_an_end(way: Way) {
    let server = Server::start_with(way, keeping(100)).await;
    let (client, _driver) = server.connect().await;
    let strict = from(unknown()).outdated(Outdated::Refuse);
    let refused = client.subscribe_with("/kept/a", strict).await;
    let Err(SubscribeError::Refused(refusal)) = refused else { panic!("{refused:?}") };
    assert!(refusal.is_unknown_position(), "{refusal}");
    let strict = from(ReplayFrom::New).outdated(Outdated::Refuse);
    let mut subscription = client.subscribe_with("/kept/a", strict).await.unwrap();
    let address = server.stop().await;
    let _server = Server::start_at(way, address, keeping_since(100, 500_000)).await;
    assert!(soon("end", subscription.next()).await.is_none());
    assert!(subscription.end().unwrap().to_string().contains("replayId"));
}

async fn a_channel_without_a_log_has_a_gap_as_ever(way: Way) {
    let server = Server::start_with(way, forgetful(keeping(100))).await;
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe_with("/other", from(ReplayFrom::Kept)).await.unwrap();
    assert_eq!(status(&subscription).await, ReplayStatus::Unlogged);
    lose_session(&server, |server| server.publish("/other", "1")).await;
    eventually("pattern", || server.broker.patterns() == 1).await;
    server.publish("/other", "2");
    let message = next(&mut subscription).await;
    assert_eq!((message.data().get(), message.gap()), ("2", Gap::Session));
}

async fn overlapping_subscriptions_have_everything_once_each(way: Way) {
    let server = Server::start_with(way, keeping(100)).await;
    let (client, _driver) = server.connect().await;
    let mut early = client.subscribe("/kept/a").await.unwrap();
    for n in 1..=5 {
        server.publish("/kept/a", &n.to_string());
        assert_eq!(data(&mut early).await, n.to_string());
    }
    let mut all = client.subscribe_with("/kept/*", from(ReplayFrom::Kept)).await.unwrap();
    server.publish("/kept/a", "6");
    for n in 1..=6 {
        assert_eq!(data(&mut all).await, n.to_string());
    }
    assert_eq!(data(&mut early).await, "6", "and what came again for the other is not seen");
}

async fn a_slow_reader_of_a_long_log_loses_nothing(way: Way) {
    const MESSAGES: usize = 3000;
    let server = Server::start_with(way, keeping(MESSAGES).queue(100, 1 << 20)).await;
    for n in 0..MESSAGES {
        server.publish("/kept/a", &n.to_string());
    }
    let (client, _driver) = server.connect().await;
    let few = from(ReplayFrom::Kept).queue_messages(50);
    let mut subscription = client.subscribe_with("/kept/a", few).await.unwrap();
    for n in 0..MESSAGES {
        let message = next(&mut subscription).await;
        assert_eq!((message.data().get(), message.gap()), (n.to_string().as_str(), Gap::None));
        if n % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.broker.stats().handshakes, 1);
}

async fn a_reader_that_stands_still_goes_on_in_another_session(way: Way) {
    let config = forgetful(keeping(1000)).timeout(Duration::from_millis(50));
    let server = Server::start_with(way, config).await;
    let (client, _driver) = server.connect().await;
    let few = from(ReplayFrom::New).queue_messages(10);
    let mut subscription = client.subscribe_with("/kept/a", few).await.unwrap();
    for n in 0..10 {
        server.publish("/kept/a", &n.to_string());
    }
    // The client asks for nothing more, and the server gives the session up.
    eventually("expired", || server.broker.stats().sessions == 0).await;
    for n in 10..100 {
        server.publish("/kept/a", &n.to_string());
    }
    for n in 0..100 {
        let message = next(&mut subscription).await;
        assert_eq!((message.data().get(), message.gap()), (n.to_string().as_str(), Gap::None));
    }
}

async fn two_places_of_one_pattern_are_an_error(way: Way) {
    let server = Server::start_with(way, keeping(100)).await;
    let (client, _driver) = server.connect().await;
    let first = client.subscribe("/kept/a").await.unwrap();
    let second = client.subscribe_with("/kept/a", from(ReplayFrom::Kept)).await;
    assert_eq!(second.map(|_| ()), Err(SubscribeError::AlreadySubscribed));
    drop(first);
    client.subscribe_with("/kept/a", from(ReplayFrom::Kept)).await.unwrap();
}
