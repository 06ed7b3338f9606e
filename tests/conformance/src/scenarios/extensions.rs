//! Other extensions, and services.
//!
//! Documented: CometD's manual, "Timesync extension", "Binary extension", "Remote calls". An
//! extension that the target does not have is skipped.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::client::having;
use crate::lab::Lab;
use crate::scenario::{Scenario, scenarios};
use crate::verdict::{Outcome, PASS, Stop, check, skipped, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    scenarios! { "extensions";
        "H346" Expected timesync_tells_the_servers_time;
        "H347" Expected timesync_is_silent_when_the_clocks_agree;
        "H347" Expected timesync_speaks_when_the_clocks_differ;
        "H348" Expected timesync_without_lag_is_always_answered;
        "H352" Expected binary_data_passes_through;
        "H353" Expected every_character_of_z85_passes_through;
        "H349" Varies a_timestamp_of_the_publisher;
        "H24" Expected ext_of_a_request_is_not_echoed;
        "H134" Expected ext_of_a_publish_is_not_in_the_reply;
        "H383" Expected a_call_of_an_unknown_service_gets_the_publish_reply_alone;
        "H127" Expected a_service_message_without_data_is_no_error;
        "H127" Expected a_deep_service_name_is_no_error;
        "H127" Required a_service_message_reaches_no_other_session;
        "H127" Expected service_messages_and_broadcasts_mix_in_a_body;
    }
}

fn milliseconds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the extension is about the time of day")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// The server's `ext.timesync` for ours, on a connect.
async fn timesync(lab: &Lab, ours: Value) -> Result<Value, Stop> {
    let client = lab.client().await?;
    let request = having(client.connect(json!({"timeout": 0})), "ext", json!({"timesync": ours}));
    Ok(client.must(request).await?.at(&["ext", "timesync"]).clone())
}

/// Goes on if the target has the extension.
async fn has_timesync(lab: &Lab) -> Result<(), Stop> {
    let reply = timesync(lab, json!({"tc": milliseconds() - 100_000, "l": 0, "o": 0})).await?;
    if reply.is_null() { Err(skipped("the timesync extension is not offered")) } else { Ok(()) }
}

async fn timesync_tells_the_servers_time(lab: Lab) -> Outcome {
    has_timesync(&lab).await?;
    let ours = milliseconds();
    let reply = timesync(&lab, json!({"tc": ours, "l": 0, "o": 0})).await?;
    check!(reply["tc"] == ours, "tc is {}", reply["tc"]);
    let theirs = reply["ts"].as_u64().unwrap_or(0);
    // Both clocks are those of machines that keep the time of day.
    check!(theirs.abs_diff(ours) < 600_000, "ts is {theirs}, ours is {ours}");
    check!(reply["p"].as_f64().is_some_and(|p| p >= 0.0), "p is {}", reply["p"]);
    let accuracy = reply["a"].as_i64();
    check!(accuracy == Some(ours as i64 - theirs as i64), "a is {accuracy:?}");
    PASS
}

async fn timesync_is_silent_when_the_clocks_agree(lab: Lab) -> Outcome {
    has_timesync(&lab).await?;
    let first = timesync(&lab, json!({"tc": milliseconds(), "l": 0, "o": 0})).await?;
    let offset = -first["a"].as_i64().unwrap_or(0);
    let reply = timesync(&lab, json!({"tc": milliseconds(), "l": 5, "o": offset - 5})).await?;
    let accuracy = reply["a"].as_i64().unwrap_or(0).abs();
    check!(reply.is_null() || accuracy >= 25, "an answer at {accuracy} ms");
    PASS
}

async fn timesync_speaks_when_the_clocks_differ(lab: Lab) -> Outcome {
    has_timesync(&lab).await?;
    let reply = timesync(&lab, json!({"tc": milliseconds() - 60_000, "l": 5, "o": 0})).await?;
    check!(reply["ts"].is_u64(), "no answer: {reply}");
    PASS
}

async fn timesync_without_lag_is_always_answered(lab: Lab) -> Outcome {
    has_timesync(&lab).await?;
    let reply = timesync(&lab, json!({"tc": milliseconds()})).await?;
    for name in ["tc", "ts", "p"] {
        check!(reply[name].is_number(), "no {name}: {reply}");
    }
    PASS
}

async fn passes_through(lab: Lab, text: &str) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let data = json!({"data": text, "last": true, "meta": {"n": 1}});
    let request = publisher.message(&channel, json!({"data": data, "ext": {"binary": {}}}));
    publisher.must(request).await?;
    let event = subscriber.receive_one().await?;
    check!(*event.at(&["data"]) == data, "data came as {}", event.at(&["data"]));
    check!(*event.at(&["ext", "binary"]) == json!({}), "ext came as {}", event.at(&["ext"]));
    PASS
}

async fn binary_data_passes_through(lab: Lab) -> Outcome {
    passes_through(lab, "HelloWorld").await
}

async fn every_character_of_z85_passes_through(lab: Lab) -> Outcome {
    let alphabet = concat!(
        "0123456789abcdefghijklmnopqrstuvwxyz",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    );
    passes_through(lab, alphabet).await
}

async fn a_timestamp_of_the_publisher(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let stamp = "Sun, 06 Nov 1994 08:49:37 GMT";
    publisher.must(having(publisher.publication(&channel, 1), "timestamp", stamp)).await?;
    let event = subscriber.receive_one().await?;
    varies(match event.at(&["timestamp"]) {
        Value::Null => "left out",
        kept if kept == stamp => "passed on",
        _ => "replaced",
    })
}

async fn ext_of_a_request_is_not_echoed(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    for request in [
        client.connect(json!({"timeout": 0})),
        client.subscription(lab.channel("/a")),
        client.unsubscription(lab.channel("/a")),
    ] {
        let reply = client.must(having(request, "ext", json!({"secret": "s3cret"}))).await?;
        check!(!reply.raw.contains("s3cret"), "echoed: {}", reply.raw);
    }
    PASS
}

async fn ext_of_a_publish_is_not_in_the_reply(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let request = having(client.publication(&lab.channel("/a"), 1), "ext", json!({"k": "s3cret"}));
    let reply = client.must(request).await?;
    check!(!reply.raw.contains("s3cret"), "echoed: {}", reply.raw);
    PASS
}

async fn a_call_of_an_unknown_service_gets_the_publish_reply_alone(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let channel = format!("/service{}", lab.channel("/call"));
    let answer = client.send(&[client.publication(&channel, json!({"x": 1}))]).await?;
    check!(answer.only()?.is_success(), "refused: {}", answer.body);
    let received = client.rest(&lab.client().await?).await?;
    check!(received.is_empty(), "{} messages", received.len());
    PASS
}

async fn a_service_message_without_data_is_no_error(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let channel = format!("/service{}", lab.channel("/x"));
    let answer = client.post(Value::from(vec![client.message(&channel, Value::Null)]).to_string());
    let answer = answer.await?;
    check!(answer.status == 200, "HTTP {}", answer.status);
    let reply = answer.reply(&channel)?;
    check!(reply.is_success() || reply.code() == "402", "refused: {}", reply.raw);
    PASS
}

async fn a_deep_service_name_is_no_error(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.publish(&format!("/service{}", lab.channel("/a/b/c/d")), 1).await?;
    PASS
}

async fn a_service_message_reaches_no_other_session(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel("/**")).await?;
    let channel = format!("/service{}", lab.channel("/x"));
    subscriber.ask(subscriber.subscription(channel.as_str())).await?;
    publisher.ask(publisher.publication(&channel, 1)).await?;
    let received = subscriber.rest(&publisher).await?;
    check!(received.is_empty(), "{} messages", received.len());
    PASS
}

async fn service_messages_and_broadcasts_mix_in_a_body(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let service = format!("/service{}", lab.channel("/x"));
    let body = [
        publisher.publication(&service, 1),
        publisher.publication(&channel, 2),
        publisher.publication(&service, 3),
    ];
    let answer = publisher.send(&body).await?;
    check!(answer.replies().iter().all(|reply| reply.is_success()), "refused: {}", answer.body);
    let event = subscriber.receive_one().await?;
    check!(event.data() == Some("2"), "received {}", event.raw);
    PASS
}
