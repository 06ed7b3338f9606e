//! The acknowledgement extension: nothing is lost between server and client.
//!
//! Documented: CometD's manual, "Acknowledge extension". Skipped where a handshake that asks for
//! it does not get it.

use serde_json::{Value, json};

use crate::Expectation::Expected;
use crate::answer::{Answer, Received};
use crate::client::{Client, having};
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::verdict::{Outcome, PASS, Stop, check, failed, skipped};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = scenarios! { "ack";
        "H329" Expected asking_gets_it;
        "H330" Expected where_it_is_missing_nothing_speaks_of_it;
        "H329" Expected who_does_not_ask_does_not_get_it;
        "H331" Expected batches_begin_at_one_and_grow;
        "H332" Expected what_is_not_acknowledged_comes_again;
        "H332" Expected what_comes_again_comes_at_once;
        "H333" Expected what_is_acknowledged_does_not_come_again;
        "H334" Expected old_and_new_come_in_order;
        "H335" Expected a_connect_without_ack_acknowledges_nothing;
        "H336" Expected a_batch_of_the_future_acknowledges_everything;
        "H336" Expected a_text_as_batch_is_ignored;
        "H337" Expected nothing_is_lost_with_a_cut_hold, on(On::Polling);
        "H338" Expected a_publish_reply_carries_no_messages, on(On::Polling);
        "H342" Expected a_new_session_begins_at_one;
        "H344" Expected a_timeout_of_zero_is_obeyed;
        "H345" Expected nothing_is_lost_when_connects_overlap, on(On::Polling);
        "H332" Expected a_hundred_messages_survive_lost_replies;
    };
    for (name, value) in [
        ("a_text_does_not_ask_for_it", json!("true")),
        ("a_number_does_not_ask_for_it", json!(1)),
        ("false_does_not_ask_for_it", json!(false)),
        ("null_does_not_ask_for_it", Value::Null),
    ] {
        list.push(Scenario::new("ack", "H329", Expected, name, move |lab| {
            is_not_asked_for(lab, value.clone())
        }));
    }
    list
}

fn needed(lab: &Lab) -> Result<(), Stop> {
    if lab.target().ack { Ok(()) } else { Err(skipped("the ack extension is not offered")) }
}

async fn shake(client: &Client, ack: Value) -> Result<Received, Stop> {
    let request = having(client.handshake(), "ext", json!({"ack": ack}));
    let reply = client.ask(request).await?;
    client.adopt(&reply)?;
    Ok(reply)
}

/// A connect with `ext.ack` and the answer to it.
async fn connect(client: &Client, ack: Value, advice: Value) -> Result<Answer, Stop> {
    let request = having(client.connect(advice), "ext", json!({"ack": ack}));
    let answer = client.send(&[request]).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "refused: {}", answer.body);
    Ok(answer)
}

fn batch(answer: &Answer) -> Result<u64, Stop> {
    let reply = answer.reply("/meta/connect")?;
    let batch = reply.at(&["ext", "ack"]).as_u64();
    batch.ok_or_else(|| failed(format!("no ext.ack in {}", reply.raw)))
}

fn numbers(answer: &Answer) -> Vec<u64> {
    answer.events().iter().filter_map(|event| event.at(&["data"]).as_u64()).collect()
}

fn at_once() -> Value {
    json!({"timeout": 0})
}

/// A subscriber with the extension after its first connect, a publisher, and the first batch.
async fn pair(lab: &Lab, channel: &str) -> Result<(Client, Client, u64), Stop> {
    needed(lab)?;
    let subscriber = lab.stranger();
    shake(&subscriber, json!(true)).await?;
    let first = batch(&connect(&subscriber, json!(0), at_once()).await?)?;
    subscriber.subscribe(channel).await?;
    Ok((subscriber, lab.client().await?, first))
}

async fn publish(publisher: &Client, channel: &str, data: &[u64]) -> Result<(), Stop> {
    for number in data {
        publisher.publish(channel, *number).await?;
    }
    Ok(())
}

async fn asking_gets_it(lab: Lab) -> Outcome {
    needed(&lab)?;
    let reply = shake(&lab.stranger(), json!(true)).await?;
    let ack = reply.at(&["ext", "ack"]);
    check!(*ack == true || ack["enabled"] == true, "ext.ack is {ack}");
    PASS
}

async fn where_it_is_missing_nothing_speaks_of_it(lab: Lab) -> Outcome {
    if lab.target().ack {
        return Err(skipped("the ack extension is offered"));
    }
    let client = lab.stranger();
    let reply = shake(&client, json!(true)).await?;
    check!(reply.at(&["ext", "ack"]).is_null(), "a promise: {}", reply.raw);
    let answer = connect(&client, json!(0), at_once()).await?;
    let reply = answer.reply("/meta/connect")?;
    check!(reply.at(&["ext", "ack"]).is_null(), "a batch: {}", reply.raw);
    PASS
}

async fn who_does_not_ask_does_not_get_it(lab: Lab) -> Outcome {
    needed(&lab)?;
    let client = lab.client().await?;
    let reply = client.must(client.connect(at_once())).await?;
    check!(reply.at(&["ext", "ack"]).is_null(), "a batch: {}", reply.raw);
    PASS
}

async fn is_not_asked_for(lab: Lab, value: Value) -> Outcome {
    needed(&lab)?;
    let client = lab.stranger();
    let reply = shake(&client, value).await?;
    check!(reply.at(&["ext", "ack"]).is_null(), "granted: {}", reply.raw);
    let reply = client.must(client.connect(at_once())).await?;
    check!(reply.at(&["ext", "ack"]).is_null(), "a batch: {}", reply.raw);
    PASS
}

async fn batches_begin_at_one_and_grow(lab: Lab) -> Outcome {
    let (client, _, first) = pair(&lab, &lab.channel("/a")).await?;
    let second = batch(&connect(&client, json!(first), at_once()).await?)?;
    let third = batch(&connect(&client, json!(second), at_once()).await?)?;
    check!([first, second, third] == [1, 2, 3], "{first}, {second}, {third}");
    PASS
}

async fn what_is_not_acknowledged_comes_again(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    publish(&publisher, &channel, &[1, 2, 3]).await?;
    let once = numbers(&connect(&client, json!(first), at_once()).await?);
    let again = numbers(&connect(&client, json!(first), at_once()).await?);
    check!(once == [1, 2, 3] && again == once, "first {once:?}, then {again:?}");
    PASS
}

async fn what_comes_again_comes_at_once(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    publish(&publisher, &channel, &[1]).await?;
    connect(&client, json!(first), at_once()).await?;
    let request = having(client.connect(Value::Null), "ext", json!({"ack": first}));
    let answer = client.begin(request).answer(lab.at_once()).await?;
    check!(numbers(&answer) == [1], "received {:?}", numbers(&answer));
    PASS
}

async fn what_is_acknowledged_does_not_come_again(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    publish(&publisher, &channel, &[1]).await?;
    let second = batch(&connect(&client, json!(first), at_once()).await?)?;
    let third = connect(&client, json!(second), at_once()).await?;
    check!(numbers(&third).is_empty(), "received {:?}", numbers(&third));
    PASS
}

async fn old_and_new_come_in_order(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    publish(&publisher, &channel, &[1, 2, 3]).await?;
    connect(&client, json!(first), at_once()).await?;
    publish(&publisher, &channel, &[4]).await?;
    let all = numbers(&connect(&client, json!(first), at_once()).await?);
    check!(all == [1, 2, 3, 4], "received {all:?}");
    PASS
}

async fn a_connect_without_ack_acknowledges_nothing(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    publish(&publisher, &channel, &[1]).await?;
    connect(&client, json!(first), at_once()).await?;
    let answer = client.send(&[client.connect(at_once())]).await?;
    check!(numbers(&answer) == [1], "received {:?}", numbers(&answer));
    PASS
}

async fn a_batch_of_the_future_acknowledges_everything(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    publish(&publisher, &channel, &[1]).await?;
    connect(&client, json!(first), at_once()).await?;
    let answer = connect(&client, json!(99), at_once()).await?;
    check!(numbers(&answer).is_empty(), "received {:?}", numbers(&answer));
    PASS
}

async fn a_text_as_batch_is_ignored(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    publish(&publisher, &channel, &[1]).await?;
    connect(&client, json!(first), at_once()).await?;
    let answer = connect(&client, json!("x"), at_once()).await?;
    check!(numbers(&answer) == [1], "received {:?}", numbers(&answer));
    PASS
}

async fn nothing_is_lost_with_a_cut_hold(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    let request = having(client.connect(Value::Null), "ext", json!({"ack": first}));
    client.hold_with(request).await?.cut().await;
    publish(&publisher, &channel, &[1, 2]).await?;
    let mut received = numbers(&connect(&client, json!(first), at_once()).await?);
    received.dedup();
    check!(received == [1, 2], "received {received:?}");
    PASS
}

async fn a_publish_reply_carries_no_messages(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, _, first) = pair(&lab, &channel).await?;
    let answer = client.send(&[client.publication(&channel, 7)]).await?;
    check!(answer.events().is_empty(), "it does: {}", answer.body);
    let answer = connect(&client, json!(first), at_once()).await?;
    check!(numbers(&answer) == [7], "received {:?}", numbers(&answer));
    PASS
}

async fn a_new_session_begins_at_one(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, _) = pair(&lab, &channel).await?;
    publish(&publisher, &channel, &[1]).await?;
    shake(&client, json!(true)).await?;
    let answer = connect(&client, json!(0), at_once()).await?;
    check!(batch(&answer)? == 1, "batch {}", batch(&answer)?);
    check!(numbers(&answer).is_empty(), "received {:?}", numbers(&answer));
    PASS
}

async fn a_timeout_of_zero_is_obeyed(lab: Lab) -> Outcome {
    let (client, _, first) = pair(&lab, &lab.channel("/a")).await?;
    let request = having(client.connect(at_once()), "ext", json!({"ack": first}));
    let answer = client.begin(request).answer(lab.at_once()).await?;
    batch(&answer)?;
    PASS
}

async fn nothing_is_lost_when_connects_overlap(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    let request = || having(client.connect(Value::Null), "ext", json!({"ack": first}));
    let older = client.hold_with(request()).await?;
    let newer = client.hold_with(request()).await?;
    publish(&publisher, &channel, &[1, 2]).await?;
    let answer = newer.answer(lab.at_once()).await?;
    drop(older);
    let mut received = numbers(&answer);
    received.extend(numbers(&connect(&client, json!(batch(&answer)?), at_once()).await?));
    check!(received == [1, 2], "received {received:?}");
    PASS
}

async fn a_hundred_messages_survive_lost_replies(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher, first) = pair(&lab, &channel).await?;
    let all: Vec<u64> = (1..=100).collect();
    let mut known = first;
    let mut received = Vec::new();
    for block in all.chunks(10) {
        publish(&publisher, &channel, block).await?;
        // The client behaves as if the first of two replies had never come.
        connect(&client, json!(known), at_once()).await?;
        let answer = connect(&client, json!(known), at_once()).await?;
        received.extend(numbers(&answer));
        known = batch(&answer)?;
    }
    check!(received == all, "received {received:?}");
    PASS
}
