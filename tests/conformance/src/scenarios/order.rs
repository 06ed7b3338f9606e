//! Bodies of several messages: who is answered, in which order.
//!
//! Observed throughout; Bayeux 1.0 says only that a body is an array.

use serde_json::{Value, json};

use crate::client::{having, lacking};
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::verdict::{Outcome, PASS, check, failed, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    scenarios! { "order";
        "H161" Required each_message_of_a_body_has_its_reply;
        "H161" Varies replies_and_messages_of_a_mixed_body, on(On::Polling);
        "H161" Expected replies_come_in_the_order_of_their_requests;
        "H161" Required messages_of_a_body_act_in_their_order;
        "H162" Expected first_connect_and_subscribe_in_one_body;
        "H162" Varies order_of_first_connect_and_subscribe, on(On::Polling);
        "H163" Expected a_foreign_client_id_behind_the_own_is_refused;
        "H164" Expected an_own_client_id_behind_a_foreign_one_is_refused;
        "H165" Required two_publishes_of_a_body_arrive_in_order;
        "H166" Expected a_malformed_message_spares_its_neighbours;
        "H169" Expected a_publish_behind_its_subscribe_is_delivered;
        "H170" Expected a_connect_and_a_publish_are_answered_together;
        "H171" Required a_publish_and_a_disconnect_are_answered_in_order;
        "H172" Expected the_same_id_twice_is_answered_twice;
        "H161" Expected an_unsubscribe_between_two_publishes_counts;
        "H161" Required a_refused_message_does_not_stop_the_next;
    }
}

async fn each_message_of_a_body_has_its_reply(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let body = [
        client.subscription(lab.channel("/a")),
        client.publication(&lab.channel("/b"), 1),
        client.unsubscription(lab.channel("/a")),
    ];
    let answer = client.send(&body).await?;
    for request in &body {
        let replied = answer.replies().iter().any(|reply| reply.at(&["id"]) == &request["id"]);
        check!(replied, "no reply to {request}");
    }
    PASS
}

/// `[subscribe, publish, connect, publish, unsubscribe, publish]` on one channel.
fn mixed(client: &crate::client::Client, channel: &str) -> Vec<Value> {
    vec![
        client.subscription(channel),
        client.publication(channel, 1),
        client.connect(json!({"timeout": 0})),
        client.publication(channel, 2),
        client.unsubscription(channel),
        client.publication(channel, 3),
    ]
}

async fn replies_and_messages_of_a_mixed_body(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let answer = client.send(&mixed(&client, &channel)).await?;
    let shape: Vec<_> = answer
        .served()?
        .iter()
        .map(|message| match message.channel() {
            _ if !message.is_reply() => "message",
            "/meta/connect" => "connect",
            "/meta/subscribe" => "subscribe",
            "/meta/unsubscribe" => "unsubscribe",
            _ => "publish",
        })
        .collect();
    check!(shape.iter().filter(|kind| **kind != "message").count() == 6, "shape {shape:?}");
    varies(shape.join(" "))
}

async fn replies_come_in_the_order_of_their_requests(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let body = mixed(&client, &channel);
    let answer = client.send(&body).await?;
    let asked: Vec<_> = body.iter().map(|request| &request["id"]).collect();
    let replied: Vec<_> = answer.replies().iter().map(|reply| reply.at(&["id"])).collect();
    check!(replied == asked, "asked {asked:?}, answered {replied:?}");
    PASS
}

async fn messages_of_a_body_act_in_their_order(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    client.send(&mixed(&client, &channel)).await?;
    let received = client.rest(&lab.client().await?).await?;
    let data: Vec<_> = received.iter().filter_map(|event| event.data()).collect();
    check!(data == ["1", "2"], "received {data:?}");
    PASS
}

async fn first_connect_and_subscribe_in_one_body(lab: Lab) -> Outcome {
    let client = lab.shaken().await?;
    let body = [client.connect(json!({"timeout": 0})), client.subscription(lab.channel("/a"))];
    let answer = client.send(&body).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "no connect: {}", answer.body);
    check!(answer.reply("/meta/subscribe")?.is_success(), "no subscribe: {}", answer.body);
    PASS
}

async fn order_of_first_connect_and_subscribe(lab: Lab) -> Outcome {
    let client = lab.shaken().await?;
    let body = [client.connect(json!({"timeout": 0})), client.subscription(lab.channel("/a"))];
    let answer = client.send(&body).await?;
    let channels: Vec<_> = answer.replies().iter().map(|r| r.channel().to_owned()).collect();
    match channels.first().map(String::as_str) {
        Some("/meta/connect") => varies("connect first, as asked"),
        Some("/meta/subscribe") => varies("connect last"),
        other => Err(failed(format!("first is {other:?}"))),
    }
}

async fn a_foreign_client_id_behind_the_own_is_refused(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (victim, attacker) = lab.pair(&channel).await?;
    let stolen = having(
        attacker.publication(&channel, "stolen"),
        "clientId",
        victim.client_id().unwrap_or_default(),
    );
    let answer = attacker.send(&[attacker.publication(&channel, "own"), stolen]).await?;
    let fates: Vec<_> = answer.replies().iter().map(|reply| reply.is_success()).collect();
    check!(fates == [true, false], "successful: {fates:?}");
    let received = victim.rest(&attacker).await?;
    check!(received.len() == 1, "{} messages", received.len());
    PASS
}

async fn an_own_client_id_behind_a_foreign_one_is_refused(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let foreign = having(client.publication(&channel, 1), "clientId", "nope");
    let answer = client.send(&[foreign, client.publication(&channel, 2)]).await?;
    let fates: Vec<_> = answer.replies().iter().map(|reply| reply.is_success()).collect();
    check!(fates == [false, false], "successful: {fates:?}");
    PASS
}

async fn two_publishes_of_a_body_arrive_in_order(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let body = [publisher.publication(&channel, 1), publisher.publication(&channel, 2)];
    publisher.send(&body).await?;
    let received = subscriber.receive(2).await?;
    let data: Vec<_> = received.iter().filter_map(|event| event.data()).collect();
    check!(data == ["1", "2"], "received {data:?}");
    PASS
}

async fn a_malformed_message_spares_its_neighbours(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let body = [
        client.publication(&channel, 1),
        lacking(client.publication(&channel, 2), "channel"),
        client.publication(&channel, 3),
    ];
    let answer = client.send(&body).await?;
    let fates: Vec<_> = answer.replies().iter().map(|reply| reply.is_success()).collect();
    check!(fates == [true, false, true], "successful: {fates:?}");
    PASS
}

async fn a_publish_behind_its_subscribe_is_delivered(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let body = [client.subscription(channel.as_str()), client.publication(&channel, 1)];
    client.send(&body).await?;
    client.receive_one().await?;
    PASS
}

async fn a_connect_and_a_publish_are_answered_together(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    client.subscribe(channel.as_str()).await?;
    let body = [client.connect(Value::Null), client.publication(&channel, 1)];
    let posted = client.post(Value::from(body.to_vec()).to_string());
    let answer = tokio::time::timeout(lab.at_once(), posted).await;
    let answer = answer.map_err(|_| failed("not answered at once"))??;
    check!(answer.replies().len() == 2, "{} replies", answer.replies().len());
    PASS
}

async fn a_publish_and_a_disconnect_are_answered_in_order(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let leaving = client.message("/meta/disconnect", Value::Null);
    let answer = client.send(&[client.publication(&channel, 1), leaving]).await?;
    let channels: Vec<_> = answer.replies().iter().map(|r| r.channel().to_owned()).collect();
    check!(channels == [channel.as_str(), "/meta/disconnect"], "replies on {channels:?}");
    PASS
}

async fn the_same_id_twice_is_answered_twice(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let request = having(client.publication(&channel, 1), "id", "twice");
    let answer = client.send(&[request.clone(), request]).await?;
    let count = answer.replies().iter().filter(|reply| *reply.at(&["id"]) == "twice").count();
    check!(count == 2, "{count} replies");
    PASS
}

async fn an_unsubscribe_between_two_publishes_counts(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, other) = lab.pair(&channel).await?;
    let body = [
        client.publication(&channel, 1),
        client.unsubscription(channel.as_str()),
        client.publication(&channel, 2),
    ];
    client.send(&body).await?;
    let received = client.rest(&other).await?;
    let data: Vec<_> = received.iter().filter_map(|event| event.data()).collect();
    check!(data == ["1"], "received {data:?}");
    PASS
}

async fn a_refused_message_does_not_stop_the_next(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let body = [client.subscription("/meta/connect"), client.publication(&channel, 1)];
    let answer = client.send(&body).await?;
    check!(answer.reply("/meta/subscribe")?.is_refusal(), "not refused: {}", answer.body);
    check!(answer.reply(&channel)?.is_success(), "the next one too: {}", answer.body);
    PASS
}
