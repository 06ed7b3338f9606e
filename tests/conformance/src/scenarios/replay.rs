//! Replay: what was published while nobody listened.
//!
//! Documented: Salesforce's streaming API, "Message Durability": `ext.replay` on the handshake and
//! by channel on a subscribe, `-1` for what is new, `-2` for all that is kept, or a position, after
//! which everything follows. Positions grow and are opaque; they stand in `data.event.replayId`, or
//! in `ext.replay` of the message. Scenarios run below a channel that the target keeps
//! (`--replay-root`), and are skipped where there is none.

use serde_json::{Value, json};

use crate::answer::Received;
use crate::client::{Client, having};
use crate::lab::Lab;
use crate::scenario::{Scenario, scenarios};
use crate::verdict::{Outcome, PASS, Stop, check, failed, skipped, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    scenarios! { "replay";
        "R1" Expected a_handshake_tells_of_it;
        "R2" Expected every_message_has_a_position_that_grows;
        "R3" Expected minus_one_is_what_comes_from_now_on;
        "R4" Expected minus_two_is_all_that_is_kept;
        "R5" Expected a_position_is_where_it_goes_on;
        "R5" Expected a_position_outlives_its_session;
        "R5" Expected the_newest_position_brings_nothing_twice;
        "R6" Expected old_and_new_meet_without_gap_or_double;
        "R7" Expected an_entry_for_another_channel_is_ignored;
        "R8" Expected what_is_no_position_is_refused_by_name;
        "R9" Expected a_wildcard_is_replayed_in_order;
        "R10" Expected channels_of_one_subscribe_have_a_position_each;
        "R11" Expected a_publisher_cannot_forge_a_position;
        "R12" Expected replayed_messages_are_acknowledged_like_others;
        "R13" Varies the_answer_to_a_subscribe;
        "R14" Expected who_does_not_ask_gets_what_is_new;
    }
}

/// A channel of this run that the target keeps.
fn channel(lab: &Lab, rest: &str) -> Result<String, Stop> {
    let root = lab.target().replay.as_deref();
    let root = root.ok_or_else(|| skipped("replay is not offered, or --replay-root not given"))?;
    Ok(format!("{root}{}", lab.channel(rest)))
}

/// A client that asked for replay on its handshake.
async fn client(lab: &Lab) -> Result<Client, Stop> {
    asking(lab, json!({"replay": true})).await
}

async fn asking(lab: &Lab, ext: Value) -> Result<Client, Stop> {
    let client = lab.stranger();
    let reply = client.ask(having(client.handshake(), "ext", ext)).await?;
    client.adopt(&reply)?;
    client.first_connect().await?;
    Ok(client)
}

fn subscription(client: &Client, channels: impl Into<Value>, from: Value) -> Value {
    having(client.subscription(channels), "ext", json!({"replay": from}))
}

async fn replay(client: &Client, channel: &str, from: impl Into<Value>) -> Result<Received, Stop> {
    let from: Value = from.into();
    client.must(subscription(client, channel, json!({channel: from}))).await
}

fn position(message: &Received) -> Result<u64, Stop> {
    let places = [message.at(&["ext", "replay"]), message.at(&["data", "event", "replayId"])];
    let found = places.into_iter().find_map(Value::as_u64);
    found.ok_or_else(|| failed(format!("no position in {}", message.raw)))
}

fn positions(messages: &[Received]) -> Result<Vec<u64>, Stop> {
    messages.iter().map(position).collect()
}

/// Objects, since some servers write positions into the data.
async fn publish(publisher: &Client, channel: &str, numbers: &[u64]) -> Result<(), Stop> {
    for number in numbers {
        publisher.publish(channel, json!({"n": number})).await?;
    }
    Ok(())
}

fn numbers(messages: &[Received]) -> Vec<u64> {
    messages.iter().filter_map(|message| message.at(&["data", "n"]).as_u64()).collect()
}

/// What a new client gets that begins at `from`, up to now.
async fn what_follows(
    lab: &Lab,
    channel: &str,
    from: impl Into<Value>,
) -> Result<Vec<Received>, Stop> {
    let reader = client(lab).await?;
    replay(&reader, channel, from).await?;
    reader.rest(&lab.client().await?).await
}

async fn a_handshake_tells_of_it(lab: Lab) -> Outcome {
    channel(&lab, "/a")?;
    let client = lab.stranger();
    let reply = client.ask(having(client.handshake(), "ext", json!({"replay": true}))).await?;
    check!(*reply.at(&["ext", "replay"]) == true, "ext is {}", reply.at(&["ext"]));
    PASS
}

async fn every_message_has_a_position_that_grows(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let (reader, publisher) = (client(&lab).await?, lab.client().await?);
    replay(&reader, &channel, -1).await?;
    publish(&publisher, &channel, &[1, 2, 3]).await?;
    let positions = positions(&reader.receive(3).await?)?;
    check!(positions.is_sorted_by(|a, b| a < b), "positions are {positions:?}");
    PASS
}

async fn minus_one_is_what_comes_from_now_on(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let (reader, publisher) = (client(&lab).await?, lab.client().await?);
    publish(&publisher, &channel, &[1]).await?;
    replay(&reader, &channel, -1).await?;
    publish(&publisher, &channel, &[2]).await?;
    let received = numbers(&reader.rest(&publisher).await?);
    check!(received == [2], "received {received:?}");
    PASS
}

async fn minus_two_is_all_that_is_kept(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let publisher = lab.client().await?;
    publish(&publisher, &channel, &[1, 2, 3]).await?;
    let received = what_follows(&lab, &channel, -2).await?;
    check!(numbers(&received) == [1, 2, 3], "received {:?}", numbers(&received));
    positions(&received)?;
    PASS
}

async fn a_position_is_where_it_goes_on(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let publisher = lab.client().await?;
    publish(&publisher, &channel, &[1, 2, 3, 4]).await?;
    let all = what_follows(&lab, &channel, -2).await?;
    for (place, position) in positions(&all)?.into_iter().enumerate() {
        let rest = numbers(&what_follows(&lab, &channel, position).await?);
        let expected: Vec<u64> = (place as u64 + 2..=4).collect();
        check!(rest == expected, "after {position} came {rest:?} instead of {expected:?}");
    }
    PASS
}

async fn a_position_outlives_its_session(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let (reader, publisher) = (client(&lab).await?, lab.client().await?);
    replay(&reader, &channel, -1).await?;
    publish(&publisher, &channel, &[1]).await?;
    let seen = position(&reader.receive_one().await?)?;
    reader.leave().await;
    publish(&publisher, &channel, &[2, 3]).await?;
    let received = numbers(&what_follows(&lab, &channel, seen).await?);
    check!(received == [2, 3], "received {received:?}");
    PASS
}

async fn the_newest_position_brings_nothing_twice(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let publisher = lab.client().await?;
    publish(&publisher, &channel, &[1, 2]).await?;
    let newest = positions(&what_follows(&lab, &channel, -2).await?)?;
    let newest = newest.last().copied().ok_or_else(|| failed("nothing is kept"))?;
    let received = what_follows(&lab, &channel, newest).await?;
    check!(received.is_empty(), "{} messages", received.len());
    PASS
}

async fn old_and_new_meet_without_gap_or_double(lab: Lab) -> Outcome {
    const COUNT: u64 = 60;
    let channel = channel(&lab, "/a")?;
    let publisher = lab.client().await?;
    let publishing = async {
        for number in 1..=COUNT {
            publish(&publisher, &channel, &[number]).await?;
        }
        Ok::<(), Stop>(())
    };
    let reading = async {
        let reader = client(&lab).await?;
        replay(&reader, &channel, -2).await?;
        reader.receive(COUNT as usize).await
    };
    let (published, received) = tokio::join!(publishing, reading);
    published?;
    let received = numbers(&received?);
    let expected: Vec<u64> = (1..=COUNT).collect();
    check!(received == expected, "received {received:?}");
    PASS
}

async fn an_entry_for_another_channel_is_ignored(lab: Lab) -> Outcome {
    let (ours, other) = (channel(&lab, "/a")?, channel(&lab, "/b")?);
    let (reader, publisher) = (client(&lab).await?, lab.client().await?);
    publish(&publisher, &ours, &[1]).await?;
    publish(&publisher, &other, &[2]).await?;
    reader.must(subscription(&reader, ours.as_str(), json!({&ours: -2, &other: -2}))).await?;
    let received = numbers(&reader.rest(&publisher).await?);
    check!(received == [1], "received {received:?}");
    PASS
}

async fn what_is_no_position_is_refused_by_name(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let (reader, publisher) = (client(&lab).await?, lab.client().await?);
    publish(&publisher, &channel, &[1]).await?;
    for never in [json!(9_007_199_254_740_000_u64), json!(-3)] {
        let request = subscription(&reader, channel.as_str(), json!({&channel: never}));
        let reply = reader.refused(request).await?;
        let error = reply.error();
        check!(error.starts_with("400::The replayId"), "error is {error}");
    }
    replay(&reader, &channel, -2).await?;
    let received = numbers(&reader.rest(&publisher).await?);
    check!(received == [1], "after a refusal came {received:?}");
    PASS
}

async fn a_wildcard_is_replayed_in_order(lab: Lab) -> Outcome {
    let publisher = lab.client().await?;
    for (number, name) in (1..).zip(["/x/a", "/x/b", "/x/a", "/x/c", "/x/b"]) {
        publish(&publisher, &channel(&lab, name)?, &[number]).await?;
    }
    let received = what_follows(&lab, &channel(&lab, "/x/*")?, -2).await?;
    check!(numbers(&received) == [1, 2, 3, 4, 5], "received {:?}", numbers(&received));
    let positions = positions(&received)?;
    check!(positions.is_sorted_by(|a, b| a < b), "positions are {positions:?}");
    PASS
}

async fn channels_of_one_subscribe_have_a_position_each(lab: Lab) -> Outcome {
    let (first, second) = (channel(&lab, "/a")?, channel(&lab, "/b")?);
    let (reader, publisher) = (client(&lab).await?, lab.client().await?);
    publish(&publisher, &first, &[1]).await?;
    publish(&publisher, &second, &[2]).await?;
    let from = json!({&first: -1, &second: -2});
    reader.must(subscription(&reader, json!([&first, &second]), from)).await?;
    publish(&publisher, &first, &[3]).await?;
    let received = numbers(&reader.rest(&publisher).await?);
    check!(received == [2, 3], "received {received:?}");
    PASS
}

async fn a_publisher_cannot_forge_a_position(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let (reader, publisher) = (client(&lab).await?, lab.client().await?);
    replay(&reader, &channel, -1).await?;
    let forged = having(
        publisher.publication(&channel, json!({"n": 1})),
        "ext",
        json!({"replay": 1, "k": 2}),
    );
    publisher.must(forged).await?;
    let message = reader.receive_one().await?;
    check!(position(&message)? != 1, "the forged position came: {}", message.raw);
    check!(*message.at(&["ext", "k"]) == 2, "the rest of ext is gone: {}", message.raw);
    check!(message.raw.matches("\"replay\"").count() <= 1, "two positions: {}", message.raw);
    PASS
}

async fn replayed_messages_are_acknowledged_like_others(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    if !lab.target().ack {
        return Err(skipped("the ack extension is not offered"));
    }
    let (reader, publisher) =
        (asking(&lab, json!({"replay": true, "ack": true})).await?, lab.client().await?);
    publish(&publisher, &channel, &[1, 2]).await?;
    replay(&reader, &channel, -2).await?;
    let connect =
        |batch: u64| having(reader.connect(json!({"timeout": 0})), "ext", json!({"ack": batch}));
    for _ in 0..2 {
        // Batch 1 was the first connect; what came in later ones is not acknowledged.
        reader.taken();
        reader.must(connect(1)).await?;
        let received = numbers(&reader.taken());
        check!(received == [1, 2], "received {received:?}");
    }
    PASS
}

async fn the_answer_to_a_subscribe(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let (reader, publisher) = (client(&lab).await?, lab.client().await?);
    publish(&publisher, &channel, &[1]).await?;
    let reply = replay(&reader, &channel, -2).await?;
    varies(match reply.at(&["ext", "replay", &channel]) {
        Value::Null => "says nothing of what follows",
        told if told["newest"].is_u64() && told["status"] == "kept" => "says what follows",
        _ => "another answer",
    })
}

async fn who_does_not_ask_gets_what_is_new(lab: Lab) -> Outcome {
    let channel = channel(&lab, "/a")?;
    let (reader, publisher) = (lab.client().await?, lab.client().await?);
    publish(&publisher, &channel, &[1]).await?;
    reader.subscribe(channel.as_str()).await?;
    publish(&publisher, &channel, &[2]).await?;
    let received = numbers(&reader.rest(&publisher).await?);
    check!(received == [2], "received {received:?}");
    PASS
}
