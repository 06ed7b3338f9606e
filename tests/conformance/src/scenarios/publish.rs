//! Publishing and delivery.
//!
//! Specified: Bayeux 1.0, "Publish request", "Publish response" and "Delivery of events".

use serde_json::{Value, json};

use crate::Expectation;
use crate::client::{having, lacking};
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::transport::Transport;
use crate::verdict::{Outcome, PASS, Stop, check, failed, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = scenarios! { "publish";
        "H113" Required a_publish_succeeds;
        "H113" Required the_id_comes_back;
        "H128" Expected no_id_in_no_id_out;
        "H9" Varies a_number_as_id;
        "H113" Required a_message_has_channel_and_data;
        "H113 H234" Required a_message_does_not_tell_the_publishers_client_id;
        "H113" Varies the_publishers_id_in_the_message;
        "H113" Required the_reply_has_no_data;
        "H114" Expected a_publisher_that_subscribed_gets_a_copy;
        "H114" Varies the_way_of_the_own_copy, on(On::Polling);
        "H117" Varies no_data;
        "H119" Varies no_client_id;
        "H119" Expected a_publish_of_an_unknown_client_is_refused;
        "H120" Expected no_channel_is_refused;
        "H120" Varies the_error_for_no_channel;
        "H124" Expected a_meta_channel_cannot_be_published;
        "H126" Varies a_wildcard_as_channel;
        "H127" Expected an_unknown_service_is_no_error;
        "H127" Required a_service_message_is_not_broadcast;
        "H129" Expected overlapping_subscriptions_give_one_copy;
        "H129" Required every_subscriber_gets_a_copy;
        "H130" Varies an_unknown_member;
        "H131" Want advice_of_a_publisher_is_not_delivered;
        "H132" Want an_error_of_a_publisher_is_not_delivered;
        "H132" Want successful_of_a_publisher_is_not_delivered;
        "H133" Want a_subscription_of_a_publisher_is_not_delivered;
        "H133" Varies a_subscription_in_the_reply_of_a_publish;
        "H131" Want a_client_id_inside_ext_survives;
        "H134" Expected ext_is_delivered;
        "H146" Required two_hundred_messages_arrive_once_and_in_order;
        "H147" Required a_hundred_in_one_body_are_answered_and_delivered_in_order;
        "H148" Required two_publishers_keep_their_own_order;
        "H149" Required messages_wait_for_the_next_connect;
        "H150" Expected a_thousand_messages_wait_for_the_next_connect, on(On::Only(Transport::LongPolling));
        "H155" Expected a_publisher_need_not_be_connected;
        "H156" Varies the_bare_words_meta_and_service;
        "H157" Required a_vanished_subscriber_does_not_hold_up_others;
        "H140" Expected a_message_of_100_kilobytes_arrives, on(On::Only(Transport::LongPolling));
        "H140" Varies a_message_of_five_megabytes, on(On::Only(Transport::LongPolling));
        "H141" Want three_thousand_levels_get_an_answer, on(On::Only(Transport::LongPolling));
        "H142" Want a_hundred_thousand_levels_get_an_answer, on(On::Only(Transport::LongPolling));
        "H113" Required nobody_else_gets_it;
    };
    let falsy = [
        ("null", "null"),
        ("an_empty_text", "\"\""),
        ("zero", "0"),
        ("false", "false"),
        ("an_empty_array", "[]"),
        ("an_empty_object", "{}"),
    ];
    for (name, data) in falsy {
        let name = format!("{name}_as_data_is_delivered");
        list.push(Scenario::new("publish", "H118", Expectation::Required, name, move |lab| {
            is_delivered(lab, data)
        }));
    }
    let odd = [
        ("channel", json!(5), "a_number_as_channel"),
        ("channel", Value::Null, "null_as_channel"),
        ("channel", json!([]), "an_array_as_channel"),
        ("clientId", json!(5), "a_number_as_client_id"),
        ("clientId", json!({}), "an_object_as_client_id"),
    ];
    for (member, value, name) in odd {
        let name = format!("{name}_gets_a_client_error");
        list.push(Scenario::new("publish", "H121 H122", Expectation::Want, name, move |lab| {
            odd_member_is_refused(lab, member, value.clone())
        }));
    }
    list
}

async fn a_publish_succeeds(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.publish(&lab.channel("/a"), json!({"x": 1})).await?;
    PASS
}

async fn the_id_comes_back(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(having(client.publication(&lab.channel("/a"), 1), "id", "p5")).await?;
    check!(*reply.at(&["id"]) == "p5", "another id: {}", reply.raw);
    PASS
}

async fn no_id_in_no_id_out(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(lacking(client.publication(&lab.channel("/a"), 1), "id")).await?;
    check!(!reply.has("id"), "an id out of nowhere: {}", reply.raw);
    PASS
}

async fn a_number_as_id(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.ask(having(client.publication(&lab.channel("/a"), 1), "id", 17)).await?;
    match reply.at(&["id"]) {
        Value::String(id) if id == "17" => varies("comes back as text"),
        Value::Number(id) if id.as_u64() == Some(17) => varies("comes back as a number"),
        other => Err(failed(format!("comes back as {other}"))),
    }
}

/// Publishes a message with these members added, and returns the reply and the delivered copy.
async fn published(
    lab: &Lab,
    members: Value,
) -> Result<(crate::answer::Received, crate::answer::Received), Stop> {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let mut request = publisher.publication(&channel, json!({"x": 1}));
    if let Value::Object(members) = members {
        for (name, value) in members {
            request = having(request, &name, value);
        }
    }
    let reply = publisher.must(request).await?;
    Ok((reply, subscriber.receive_one().await?))
}

async fn a_message_has_channel_and_data(lab: Lab) -> Outcome {
    let (_, event) = published(&lab, Value::Null).await?;
    check!(event.channel() == lab.channel("/a"), "another channel: {}", event.raw);
    check!(*event.at(&["data"]) == json!({"x": 1}), "other data: {}", event.raw);
    PASS
}

async fn a_message_does_not_tell_the_publishers_client_id(lab: Lab) -> Outcome {
    let (_, event) = published(&lab, Value::Null).await?;
    check!(!event.has("clientId"), "it does: {}", event.raw);
    PASS
}

async fn the_publishers_id_in_the_message(lab: Lab) -> Outcome {
    let (_, event) = published(&lab, json!({"id": "mine7"})).await?;
    match event.at(&["id"]) {
        Value::Null => varies("removed"),
        id if id == "mine7" => varies("kept"),
        _ => varies("replaced"),
    }
}

async fn the_reply_has_no_data(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    let answer = client.send(&[client.publication(&channel, 1)]).await?;
    let reply = answer.reply(&channel)?;
    check!(!reply.has("data"), "it has: {}", reply.raw);
    PASS
}

async fn a_publisher_that_subscribed_gets_a_copy(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    client.subscribe(channel.as_str()).await?;
    client.publish(&channel, 1).await?;
    client.receive_one().await?;
    PASS
}

async fn the_way_of_the_own_copy(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    client.subscribe(channel.as_str()).await?;
    let answer = client.send(&[client.publication(&channel, 1)]).await?;
    let messages = answer.served()?;
    match messages {
        [event, reply] if !event.is_reply() && reply.is_reply() => {
            varies("before the publish reply in the same response")
        }
        [reply, event] if reply.is_reply() && !event.is_reply() => {
            varies("behind the publish reply in the same response")
        }
        [_] => {
            client.receive_one().await?;
            varies("by the next connect")
        }
        other => Err(failed(format!("{} messages in the response", other.len()))),
    }
}

async fn no_data(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let reply = publisher.ask(publisher.message(&channel, Value::Null)).await?;
    if reply.is_refusal() {
        return varies(format!("refused with {}", reply.error()));
    }
    let event = subscriber.receive_one().await?;
    match event.data() {
        None => varies("delivered without data"),
        Some("null") => varies("delivered as null"),
        Some(other) => Err(failed(format!("delivered as {other}"))),
    }
}

async fn no_client_id(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let stranger = lab.stranger();
    let reply = stranger.ask(stranger.publication(&channel, 1)).await?;
    let received = subscriber.rest(&publisher).await?.len();
    match (reply.is_success(), received) {
        (true, 1) => varies("published"),
        (false, 0) => varies(format!("refused with {}", reply.error())),
        (success, count) => Err(failed(format!("success {success}, {count} delivered"))),
    }
}

async fn a_publish_of_an_unknown_client_is_refused(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let stranger = lab.stranger();
    let request = having(stranger.publication(&channel, 1), "clientId", "nope");
    let reply = stranger.ask(request).await?;
    check!(reply.is_refusal(), "published under an invented client id: {}", reply.raw);
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 0, "refused, yet delivered");
    PASS
}

async fn no_channel_is_refused(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let request = lacking(client.publication("/x", 1), "channel");
    let answer = client.post(Value::from(vec![request]).to_string()).await?;
    check!(answer.status < 500, "HTTP {}", answer.status);
    check!(answer.replies().iter().all(|reply| !reply.is_success()), "it succeeded");
    PASS
}

async fn the_error_for_no_channel(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let request = lacking(client.publication("/x", 1), "channel");
    let answer = client.post(Value::from(vec![request]).to_string()).await?;
    if answer.status != 200 {
        check!(answer.status >= 400, "HTTP {}", answer.status);
        return varies(format!("HTTP {}", answer.status));
    }
    let reply = answer.only()?;
    check!(reply.is_refusal(), "it succeeded: {}", reply.raw);
    varies(reply.error())
}

async fn a_meta_channel_cannot_be_published(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.refused(client.publication("/meta/foo", 1)).await?;
    check!(reply.code() == "403", "the code is {}", reply.error());
    PASS
}

async fn a_wildcard_as_channel(lab: Lab) -> Outcome {
    let channel = lab.channel("/*");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let reply = publisher.ask(publisher.publication(&channel, 1)).await?;
    if reply.is_refusal() {
        return varies(format!("refused with {}", reply.error()));
    }
    match subscriber.rest(&publisher).await?.iter().filter(|e| e.channel() == channel).count() {
        1 => varies("delivered under the wildcard's name"),
        0 => varies("accepted and delivered to nobody"),
        count => Err(failed(format!("{count} copies"))),
    }
}

async fn an_unknown_service_is_no_error(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.publish(&format!("/service{}", lab.channel("/x")), 1).await?;
    PASS
}

async fn a_service_message_is_not_broadcast(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel("/a")).await?;
    let channel = format!("/service{}", lab.channel("/x"));
    for pattern in [channel.as_str(), "/service/*", "/service/**"] {
        // Whether that is accepted does not matter here.
        subscriber.ask(subscriber.subscription(pattern)).await?;
    }
    publisher.ask(publisher.publication(&channel, 1)).await?;
    let received = subscriber.rest(&publisher).await?;
    check!(received.iter().all(|event| event.channel() != channel), "it was");
    PASS
}

async fn overlapping_subscriptions_give_one_copy(lab: Lab) -> Outcome {
    let channel = lab.channel("/a/b");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    subscriber.subscribe(json!([lab.channel("/**"), lab.channel("/a/*")])).await?;
    publisher.publish(&channel, 1).await?;
    let received = subscriber.rest(&publisher).await?;
    let copies = received.iter().filter(|event| event.channel() == channel).count();
    check!(copies == 1, "{copies} copies");
    PASS
}

async fn every_subscriber_gets_a_copy(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let mut subscribers = Vec::new();
    for _ in 0..5 {
        let client = lab.client().await?;
        client.subscribe(channel.as_str()).await?;
        subscribers.push(client);
    }
    lab.client().await?.publish(&channel, 1).await?;
    for subscriber in subscribers {
        subscriber.receive_one().await?;
    }
    PASS
}

async fn an_unknown_member(lab: Lab) -> Outcome {
    let (_, event) = published(&lab, json!({"foo": 1})).await?;
    varies(if event.has("foo") { "passed on" } else { "left out" })
}

async fn advice_of_a_publisher_is_not_delivered(lab: Lab) -> Outcome {
    let (_, event) = published(&lab, json!({"advice": {"reconnect": "none"}})).await?;
    check!(!event.has("advice"), "it can silence clients: {}", event.raw);
    PASS
}

/// Publishes with a member that belongs to the server, which may be refused, and sees that it does
/// not reach the subscriber.
async fn is_kept_from_subscribers(lab: Lab, name: &'static str, value: Value) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    publisher.ask(having(publisher.publication(&channel, 1), name, value)).await?;
    let received = subscriber.rest(&publisher).await?;
    for event in received {
        check!(!event.has(name), "it was: {}", event.raw);
    }
    PASS
}

async fn an_error_of_a_publisher_is_not_delivered(lab: Lab) -> Outcome {
    is_kept_from_subscribers(lab, "error", json!("403::x")).await
}

async fn successful_of_a_publisher_is_not_delivered(lab: Lab) -> Outcome {
    is_kept_from_subscribers(lab, "successful", json!(false)).await
}

async fn a_subscription_of_a_publisher_is_not_delivered(lab: Lab) -> Outcome {
    is_kept_from_subscribers(lab, "subscription", json!("/zz")).await
}

async fn a_subscription_in_the_reply_of_a_publish(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    let request = having(client.publication(&channel, 1), "subscription", "/zz");
    let reply = client.must(request).await?;
    varies(if reply.has("subscription") { "echoed" } else { "left out" })
}

async fn a_client_id_inside_ext_survives(lab: Lab) -> Outcome {
    // Only the envelope is the server's; what is inside belongs to the application.
    let (_, event) = published(&lab, json!({"ext": {"clientId": "x", "advice": {"y": 1}}})).await?;
    let kept = json!({"clientId": "x", "advice": {"y": 1}});
    check!(*event.at(&["ext"]) == kept, "ext came as {}", event.at(&["ext"]));
    PASS
}

async fn ext_is_delivered(lab: Lab) -> Outcome {
    let (_, event) = published(&lab, json!({"ext": {"k": [1, {"l": null}]}})).await?;
    check!(*event.at(&["ext"]) == json!({"k": [1, {"l": null}]}), "ext differs: {}", event.raw);
    PASS
}

fn numbers(events: &[crate::answer::Received]) -> Vec<u64> {
    events.iter().filter_map(|event| event.at(&["data"]).as_u64()).collect()
}

async fn two_hundred_messages_arrive_once_and_in_order(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let publishing = async {
        for number in 1..=200_u64 {
            publisher.publish(&channel, number).await?;
        }
        Ok::<_, Stop>(())
    };
    let (published, received) = futures::join!(publishing, subscriber.receive(200));
    published?;
    let mut received = received?;
    received.extend(subscriber.rest(&publisher).await?);
    let expected: Vec<u64> = (1..=200).collect();
    check!(numbers(&received) == expected, "received {:?}", numbers(&received));
    PASS
}

async fn a_hundred_in_one_body_are_answered_and_delivered_in_order(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let count = if lab.transport() == Transport::CallbackPolling { 20 } else { 100 };
    let body: Vec<_> = (1..=count).map(|n| publisher.publication(&channel, n)).collect();
    let ids: Vec<_> = body.iter().map(|message| message["id"].clone()).collect();
    let answer = publisher.send(&body).await?;
    let replied: Vec<_> = answer.replies().iter().map(|reply| reply.at(&["id"]).clone()).collect();
    check!(replied == ids, "replies to {replied:?}");
    let received = subscriber.rest(&publisher).await?;
    let expected: Vec<u64> = (1..=count).collect();
    check!(numbers(&received) == expected, "received {:?}", numbers(&received));
    PASS
}

async fn two_publishers_keep_their_own_order(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, one) = lab.pair(&channel).await?;
    let two = lab.client().await?;
    let publish = async |client: &crate::client::Client, base: u64| {
        for number in 0..60 {
            client.publish(&channel, base + number).await?;
        }
        Ok::<_, Stop>(())
    };
    let (a, b, received) =
        futures::join!(publish(&one, 0), publish(&two, 1000), subscriber.receive(120));
    a?;
    b?;
    let received = numbers(&received?);
    let (low, high): (Vec<u64>, Vec<u64>) = received.iter().partition(|number| **number < 1000);
    check!(low.len() == 60 && high.len() == 60, "{} and {} arrived", low.len(), high.len());
    check!(low.is_sorted() && high.is_sorted(), "out of order: {received:?}");
    PASS
}

async fn messages_wait_for_the_next_connect(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    for number in 1..=20_u64 {
        publisher.publish(&channel, number).await?;
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let received = subscriber.rest(&publisher).await?;
    let expected: Vec<u64> = (1..=20).collect();
    check!(numbers(&received) == expected, "received {:?}", numbers(&received));
    PASS
}

async fn a_thousand_messages_wait_for_the_next_connect(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    for block in 0..10_u64 {
        let body: Vec<_> =
            (1..=100).map(|n| publisher.publication(&channel, block * 100 + n)).collect();
        publisher.send(&body).await?;
    }
    let received = subscriber.rest(&publisher).await?;
    let expected: Vec<u64> = (1..=1000).collect();
    check!(numbers(&received) == expected, "{} arrived, or out of order", received.len());
    PASS
}

async fn a_publisher_need_not_be_connected(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, _) = lab.pair(&channel).await?;
    let publisher = lab.shaken().await?;
    publisher.publish(&channel, 1).await?;
    subscriber.receive_one().await?;
    PASS
}

async fn the_bare_words_meta_and_service(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let meta = client.ask(client.publication("/meta", 1)).await?;
    let service = client.ask(client.publication("/service", 1)).await?;
    check!(meta.is_success() || meta.has("error"), "neither: {}", meta.raw);
    check!(service.is_success() || service.has("error"), "neither: {}", service.raw);
    varies(match (meta.is_success(), service.is_success()) {
        (true, true) => "ordinary channels",
        (false, false) => "refused",
        _ => "one of them is refused",
    })
}

async fn a_vanished_subscriber_does_not_hold_up_others(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (vanished, publisher) = lab.pair(&channel).await?;
    let other = lab.client().await?;
    other.subscribe(channel.as_str()).await?;
    vanished.hold().await?.cut().await;
    drop(vanished);
    publisher.publish(&channel, 1).await?;
    other.receive_one().await?;
    PASS
}

async fn a_message_of_100_kilobytes_arrives(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let text = "abcdefghij".repeat(10_000);
    publisher.publish(&channel, text.as_str()).await?;
    let event = subscriber.receive_one().await?;
    check!(event.at(&["data"]).as_str() == Some(&text), "it was changed");
    PASS
}

async fn a_message_of_five_megabytes(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let text = "abcdefghij".repeat(500_000);
    let request = publisher.publication(&channel, text.as_str());
    let answer = match publisher.post(Value::from(vec![request]).to_string()).await {
        Ok(answer) => answer,
        // A server may refuse by the head alone and close while the body still comes.
        Err(_) => {
            publisher.publish(&channel, 1).await?;
            return varies("the connection is cut, the session lives");
        }
    };
    match answer.status {
        200 if answer.reply(&channel)?.is_success() => {
            let event = subscriber.receive_one().await?;
            check!(event.at(&["data"]).as_str() == Some(&text), "it was changed");
            varies("delivered")
        }
        200 => varies(format!("refused with {}", answer.reply(&channel)?.error())),
        status @ 400..=499 => {
            publisher.publish(&channel, 1).await?;
            varies(format!("refused with HTTP {status}, the session lives"))
        }
        status => Err(failed(format!("HTTP {status}"))),
    }
}

/// Publishes data nested this deep; any answer but an internal error will do, and the server must
/// still be there.
async fn nested(lab: Lab, levels: usize) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    let data = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let answer = client.offer_text(&channel, &data).await?;
    check!(answer.status < 500, "HTTP {}", answer.status);
    client.publish(&channel, 1).await?;
    PASS
}

async fn three_thousand_levels_get_an_answer(lab: Lab) -> Outcome {
    nested(lab, 3_000).await
}

async fn a_hundred_thousand_levels_get_an_answer(lab: Lab) -> Outcome {
    nested(lab, 100_000).await
}

async fn nobody_else_gets_it(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel("/a")).await?;
    for rest in ["", "/b", "/a/b", "/A", "/aa"] {
        publisher.publish(&lab.channel(rest), 1).await?;
    }
    let received = subscriber.rest(&publisher).await?;
    check!(received.is_empty(), "{} messages", received.len());
    PASS
}

async fn is_delivered(lab: Lab, data: &'static str) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    publisher.publish_text(&channel, data).await?;
    let event = subscriber.receive_one().await?;
    check!(event.data() == Some(data), "delivered as {:?}", event.data());
    PASS
}

/// A message whose envelope has a member of a wrong type is refused, by a reply or a 4xx.
async fn odd_member_is_refused(lab: Lab, member: &'static str, value: Value) -> Outcome {
    let client = lab.client().await?;
    let request = having(client.publication(&lab.channel("/a"), 1), member, value);
    let answer = client.post(Value::from(vec![request]).to_string()).await?;
    check!(answer.status < 500, "HTTP {}", answer.status);
    if answer.status == 200 {
        let reply = answer.served()?.first().ok_or_else(|| failed("no reply"))?;
        check!(reply.is_refusal(), "it succeeded: {}", reply.raw);
    }
    client.publish(&lab.channel("/a"), 1).await?;
    PASS
}
