//! Remote calls: results, failures, and everything in between.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use encke_broker::{Config, Responder, service_fn};
use encke_client::{CallError, ChannelPattern, PublishError};
use futures::future::join_all;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::{Server, Way, both_ways, data, now, soon, up};

both_ways! {
    a_call_brings_its_result_as_a_type,
    a_result_keeps_its_text,
    a_service_that_fails_says_why,
    a_result_of_another_shape_is_an_error_with_the_message,
    many_calls_at_once_find_their_results_in_any_order,
    calls_beyond_the_bound_fail_at_once_and_room_comes_back,
    a_result_that_is_too_late_reaches_nobody,
    messages_of_a_service_reach_who_listens_on_its_channel,
    a_call_is_no_publish_and_a_publish_is_no_call,
}

/// Calls that nobody has answered yet.
type Waiting = Arc<Mutex<Vec<(Responder, String)>>>;

/// `echo` answers with what it was given, `fail` fails with it, `later` waits for [`answer`],
/// `tell` sends it as a message of its own.
async fn start(way: Way) -> (Server, Waiting) {
    let waiting = Waiting::default();
    let later = service_fn({
        let waiting = Arc::clone(&waiting);
        move |call, responder| {
            let data = call.data.map(|data| data.get().to_owned());
            waiting.lock().unwrap().push((responder, data.unwrap_or_default()));
        }
    });
    let service = |name: &str| ChannelPattern::new(&format!("/service/{name}")).unwrap();
    let config = Config::default()
        .service(
            service("echo"),
            service_fn(|call, responder| {
                responder.succeed(call.data.map_or("null", RawValue::get), call.now);
            }),
        )
        .service(
            service("fail"),
            service_fn(|call, responder| {
                responder.fail(call.data.map_or("null", RawValue::get), call.now);
            }),
        )
        .service(
            service("tell"),
            service_fn(|call, responder| {
                responder.deliver(call.data.map_or("null", RawValue::get), call.now);
            }),
        )
        .service(service("later"), later);
    (Server::start_with(way, config).await, waiting)
}

/// Answers everything that waits, the newest first.
fn answer(waiting: &Waiting) {
    for (responder, data) in waiting.lock().unwrap().drain(..).rev() {
        responder.succeed(&data, now());
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Sum {
    sum: i32,
}

async fn a_call_brings_its_result_as_a_type(way: Way) {
    let (server, _) = start(way).await;
    let (client, _driver) = server.connect().await;
    for service in ["echo", "/service/echo"] {
        let sum: Sum = client.call(service, &json!({"sum": 3})).await.unwrap();
        assert_eq!(sum, Sum { sum: 3 });
    }
    let nothing: Option<u32> = client.call("echo", &()).await.unwrap();
    assert_eq!(nothing, None);
}

async fn a_result_keeps_its_text(way: Way) {
    let (server, _) = start(way).await;
    let (client, _driver) = server.connect().await;
    let text = r#"{"z":1.10, "a":1E400}"#;
    let raw = RawValue::from_string(text.to_owned()).unwrap();
    let result: Box<RawValue> = client.call("echo", &raw).await.unwrap();
    assert_eq!(result.get(), text);
}

async fn a_service_that_fails_says_why(way: Way) {
    let (server, _) = start(way).await;
    let (client, _driver) = server.connect().await;
    let failed = client.call::<Value>("fail", &json!({"class": "E", "message": "m"})).await;
    let Err(CallError::Failed(message)) = failed else { panic!("{failed:?}") };
    assert_eq!(message.json::<Value>().unwrap()["message"], "m");
}

async fn a_result_of_another_shape_is_an_error_with_the_message(way: Way) {
    let (server, _) = start(way).await;
    let (client, _driver) = server.connect().await;
    let called = client.call::<Sum>("echo", "text").await;
    let Err(CallError::Mistyped(mistyped)) = called else { panic!("{called:?}") };
    assert_eq!(mistyped.message.data().get(), "\"text\"");
}

async fn many_calls_at_once_find_their_results_in_any_order(way: Way) {
    const CALLS: usize = 300;
    let (server, waiting) = start(way).await;
    let (client, _driver) = server.connect().await;
    let call = async |n: usize| (n, client.call::<usize>("later", &n).await);
    let calls = join_all((0..CALLS).map(call));
    let answering = async {
        let mut answered = 0;
        while answered < CALLS {
            answered += waiting.lock().unwrap().len();
            answer(&waiting);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let (results, ()) = soon("results", async { tokio::join!(calls, answering) }).await;
    for (n, result) in results {
        assert_eq!(result.unwrap(), n);
    }
}

async fn calls_beyond_the_bound_fail_at_once_and_room_comes_back(way: Way) {
    let (server, waiting) = start(way).await;
    let (client, _driver) = up(server.client().calls(2)).await;
    let mut calls: Vec<_> = (0..2)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { client.call::<u32>("later", &n).await })
        })
        .collect();
    crate::support::eventually("two calls", || waiting.lock().unwrap().len() == 2).await;
    let beyond = soon("refusal", client.call::<u32>("later", &2)).await;
    assert!(matches!(beyond, Err(CallError::TooMany(2))), "{beyond:?}");
    answer(&waiting);
    for call in calls.drain(..) {
        soon("result", call).await.unwrap().unwrap();
    }
    assert_eq!(client.call::<u32>("echo", &3).await.unwrap(), 3);
}

async fn a_result_that_is_too_late_reaches_nobody(way: Way) {
    let (server, waiting) = start(way).await;
    let (client, _driver) = server.connect().await;
    let mut listener = client.subscribe("/service/later").await.unwrap();
    let called = client.call_within::<u32>("later", &1, Duration::from_millis(50)).await;
    assert!(matches!(called, Err(CallError::TimedOut)), "{called:?}");
    answer(&waiting);
    assert_eq!(client.call::<u32>("echo", &2).await.unwrap(), 2);
    assert!(futures::poll!(futures::StreamExt::next(&mut listener)).is_pending());
}

async fn messages_of_a_service_reach_who_listens_on_its_channel(way: Way) {
    let (server, _) = start(way).await;
    let (client, _driver) = server.connect().await;
    let mut listener = client.subscribe("/service/tell").await.unwrap();
    client.publish("/service/tell", "hello").await.unwrap();
    assert_eq!(data(&mut listener).await, "\"hello\"");
}

async fn a_call_is_no_publish_and_a_publish_is_no_call(way: Way) {
    let (server, _) = start(way).await;
    let (client, _driver) = server.connect().await;
    // The result comes under the publish's id, and nobody waits for one.
    client.publish("/service/echo", &1).await.unwrap();
    client.publish("/service/fail", &1).await.unwrap();
    assert_eq!(client.publish("/meta/x", &1).await, Err(PublishError::Meta));
    assert_eq!(client.call::<u32>("echo", &2).await.unwrap(), 2);
}
