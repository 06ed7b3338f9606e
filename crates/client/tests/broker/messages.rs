//! Subscribing, publishing, leaving.

use std::sync::Arc;
use std::time::Duration;

use encke_bayeux::ChannelPattern;
use encke_broker::{Config, Rules};
use encke_client::{
    CallError, CloseReason, End, Gap, Overflow, PublishError, SubscribeError, SubscribeOptions,
};
use futures::StreamExt as _;

use crate::support::{Server, Way, both_ways, data, ended, eventually, next, soon};

both_ways! {
    what_is_published_reaches_every_subscription_that_matches,
    payloads_can_be_read_as_types,
    payloads_arrive_as_they_were_written,
    many_messages_of_two_clients_arrive_in_order,
    a_batch_goes_out_together_with_one_result_each,
    mistakes_of_the_caller_never_reach_the_server,
    a_refused_subscription_says_why_and_leaves_nothing_behind,
    an_ended_subscription_gets_nothing_more_and_the_server_forgets_it,
    a_dropped_subscribe_leaves_nothing_behind,
    a_slow_reader_loses_the_oldest_messages_or_its_subscription,
    leaving_ends_the_session_the_streams_and_the_driver,
    dropping_every_handle_leaves_too,
    dropping_the_driver_ends_everything,
    being_sent_away_by_the_server_is_the_end,
    a_call_that_nobody_answers_times_out,
}

async fn what_is_published_reaches_every_subscription_that_matches(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let mut exact = client.subscribe("/a/b").await.unwrap();
    let mut one = client.subscribe("/a/*").await.unwrap();
    let mut deep = client.subscribe("/a/**").await.unwrap();
    let mut twin = client.subscribe("/a/b").await.unwrap();
    client.publish("/a/b/c", "deep").await.unwrap();
    client.publish("/other", "none").await.unwrap();
    client.publish("/a/b", &7).await.unwrap();
    assert_eq!(data(&mut deep).await, "\"deep\"");
    for subscription in [&mut exact, &mut one, &mut deep, &mut twin] {
        let message = next(subscription).await;
        assert_eq!((message.channel().as_str(), message.data().get()), ("/a/b", "7"));
        assert_eq!(message.gap(), Gap::None);
    }
}

async fn payloads_can_be_read_as_types(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let mut numbers = client.subscribe("/n").await.unwrap().typed::<u32>();
    for payload in ["1", "\"two\"", "3"] {
        server.publish("/n", payload);
    }
    let first = soon("number", numbers.next()).await.unwrap().unwrap();
    assert_eq!((first.data, first.message.channel().as_str()), (1, "/n"));
    let mistyped = soon("error", numbers.next()).await.unwrap().unwrap_err();
    assert_eq!(mistyped.message.data().get(), "\"two\"");
    assert_eq!(soon("number", numbers.next()).await.unwrap().unwrap().data, 3);
    soon("reply", numbers.get_mut().unsubscribe()).await.unwrap();
    ended(&mut numbers).await;
}

async fn payloads_arrive_as_they_were_written(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    let payload = r#"{"z":1.10, "a":12345678901234567890123, "s":"\u00e9\u2028"}"#;
    let raw = serde_json::value::RawValue::from_string(payload.to_owned()).unwrap();
    client.publish("/a", &raw).await.unwrap();
    assert_eq!(data(&mut subscription).await, payload);
}

async fn many_messages_of_two_clients_arrive_in_order(way: Way) {
    const MESSAGES: u32 = 5000;
    let server = Server::start(way).await;
    let (reader, _reading) = server.connect().await;
    let (writer, _writing) = server.connect().await;
    let options = SubscribeOptions::default().queue_messages(MESSAGES as usize);
    let mut subscription = reader.subscribe_with("/n", options).await.unwrap();
    let numbers: Vec<u32> = (0..MESSAGES).collect();
    for numbers in numbers.chunks(200) {
        let mut batch = writer.batch();
        for number in numbers {
            batch = batch.publish("/n", number).unwrap();
        }
        assert!(soon("replies", batch.send()).await.iter().all(Result::is_ok));
    }
    for number in 0..MESSAGES {
        assert_eq!(next(&mut subscription).await.json::<u32>().unwrap(), number);
    }
}

async fn a_batch_goes_out_together_with_one_result_each(way: Way) {
    let rules = Rules::default().reserved(vec![ChannelPattern::new("/mine/**").unwrap()]);
    let server = Server::start_with(way, Config::default().policy(Arc::new(rules))).await;
    let (client, _driver) = server.connect().await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    let before = server.requests().len();
    let batch = client.batch().publish("/a", &1).unwrap().publish("/mine/x", &2).unwrap();
    let results = soon("results", batch.publish("/a", &3).unwrap().send()).await;
    assert_eq!(results[0], Ok(()));
    assert!(matches!(results[1], Err(PublishError::Refused(_))), "{results:?}");
    assert_eq!(results[2], Ok(()));
    assert_eq!(
        (data(&mut subscription).await, data(&mut subscription).await),
        ("1".into(), "3".into())
    );
    // The batch, and at most the connects that its messages answered.
    assert!(server.requests().len() <= before + 3);
    assert!(client.batch().send().await.is_empty());
}

async fn mistakes_of_the_caller_never_reach_the_server(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let messages = server.broker.stats().messages_in;
    assert!(matches!(client.subscribe("a").await, Err(SubscribeError::Pattern(_))));
    assert!(matches!(client.subscribe("/meta/*").await, Err(SubscribeError::Meta)));
    let wildcard = client.subscribe("/service/*").await.map(|_| ());
    assert_eq!(wildcard, Err(SubscribeError::ServiceWildcard));
    assert!(matches!(client.publish("/a/*", &1).await, Err(PublishError::Channel(_))));
    assert!(matches!(client.publish("/meta/x", &1).await, Err(PublishError::Meta)));
    let call = client.call::<u32>("/a", &1).await;
    assert!(matches!(call, Err(CallError::NotService)));
    assert!(server.broker.stats().messages_in <= messages + 1, "one connect at most");
}

async fn a_refused_subscription_says_why_and_leaves_nothing_behind(way: Way) {
    let rules = Rules::default().anonymous(true).reserved(vec![]);
    let private = vec![ChannelPattern::new("/me/**").unwrap()];
    let config = Config::default().private(private).policy(Arc::new(rules));
    let server = Server::start_with(way, config).await;
    let (client, _driver) = server.connect().await;
    let refused = client.subscribe("/me/calls").await;
    let Err(SubscribeError::Refused(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.code(), Some(403));
}

async fn an_ended_subscription_gets_nothing_more_and_the_server_forgets_it(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let mut first = client.subscribe("/a").await.unwrap();
    let second = client.subscribe("/a").await.unwrap();
    client.publish("/a", &1).await.unwrap();
    assert_eq!(data(&mut first).await, "1");
    soon("reply", first.unsubscribe()).await.unwrap();
    assert_eq!(first.end(), Some(End::Unsubscribed));
    ended(&mut first).await;
    assert_eq!(server.broker.patterns(), 1);
    drop(second);
    eventually("unsubscribed", || server.broker.patterns() == 0).await;
}

async fn a_dropped_subscribe_leaves_nothing_behind(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    {
        let mut subscribing = Box::pin(client.subscribe("/a"));
        assert!(futures::poll!(subscribing.as_mut()).is_pending());
    }
    let other = client.subscribe("/b").await.unwrap();
    eventually("one pattern", || server.broker.patterns() == 1).await;
    drop(other);
}

async fn a_slow_reader_loses_the_oldest_messages_or_its_subscription(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let few = SubscribeOptions::default().queue_messages(2);
    let mut lossy = client.subscribe_with("/a", few).await.unwrap();
    let mut strict = client.subscribe_with("/a", few.overflow(Overflow::End)).await.unwrap();
    let mut last = client.subscribe("/a").await.unwrap();
    for number in 1..=5 {
        client.publish("/a", &number).await.unwrap();
    }
    for number in 1..=5 {
        assert_eq!(data(&mut last).await, number.to_string());
    }
    let message = next(&mut lossy).await;
    assert_eq!((message.data().get(), message.gap()), ("4", Gap::Dropped(3)));
    assert_eq!(next(&mut lossy).await.gap(), Gap::None);
    assert_eq!((data(&mut strict).await, data(&mut strict).await), ("1".into(), "2".into()));
    ended(&mut strict).await;
    assert_eq!(strict.end(), Some(End::Overflow));
}

async fn leaving_ends_the_session_the_streams_and_the_driver(way: Way) {
    let server = Server::start(way).await;
    let (client, driver) = server.connect().await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    server.held(1).await;
    soon("farewell", client.disconnect()).await;
    assert_eq!(soon("driver", driver).await.unwrap(), CloseReason::Asked);
    let stats = server.broker.stats();
    assert_eq!((stats.sessions, stats.held, stats.expired), (0, 0, 0));
    ended(&mut subscription).await;
    assert_eq!(subscription.end(), Some(End::Closed(CloseReason::Asked)));
    assert_eq!(client.publish("/a", &1).await, Err(PublishError::Closed));
    assert!(matches!(client.subscribe("/a").await, Err(SubscribeError::Closed)));
    assert_eq!(client.ready().await.unwrap_err().0, CloseReason::Asked);
    client.disconnect().await;
}

async fn dropping_every_handle_leaves_too(way: Way) {
    let server = Server::start(way).await;
    let (client, driver) = server.connect().await;
    let subscription = client.subscribe("/a").await.unwrap();
    drop(client);
    server.publish("/a", "1");
    drop(subscription);
    assert_eq!(soon("driver", driver).await.unwrap(), CloseReason::Asked);
    assert_eq!(server.broker.stats().sessions, 0);
}

async fn dropping_the_driver_ends_everything(way: Way) {
    let server = Server::start(way).await;
    let (client, driver) = server.connect().await;
    let mut subscription = client.subscribe("/a").await.unwrap();
    driver.abort();
    ended(&mut subscription).await;
    assert_eq!(subscription.end(), Some(End::Closed(CloseReason::Dropped)));
    assert_eq!(client.publish("/a", &1).await, Err(PublishError::Closed));
    assert_eq!(client.ready().await.unwrap_err().0, CloseReason::Dropped);
}

async fn being_sent_away_by_the_server_is_the_end(way: Way) {
    let user = encke_broker::UserId::new("alice");
    let server = Server::start_as(way, "alice").await;
    let (client, driver) = server.connect().await;
    server.held(1).await;
    assert_eq!(server.broker.disconnect_user(&user, crate::support::now()), 1);
    assert_eq!(soon("driver", driver).await.unwrap(), CloseReason::Ended);
    drop(client);
}

async fn a_call_that_nobody_answers_times_out(way: Way) {
    let server = Server::start(way).await;
    let (client, _driver) = server.connect().await;
    let within = Duration::from_millis(100);
    let called = client.call_within::<u32>("nobody", &1, within).await;
    assert!(matches!(called, Err(CallError::TimedOut)), "{called:?}");
}
