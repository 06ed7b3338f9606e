//! `/meta/subscribe` and `/meta/unsubscribe`.
//!
//! Specified: Bayeux 1.0, "Subscribe request" and "Unsubscribe request"; arrays included.

use serde_json::{Value, json};

use crate::Expectation;
use crate::client::{having, lacking};
use crate::lab::Lab;
use crate::scenario::{Scenario, scenarios};
use crate::verdict::{Outcome, PASS, check, failed, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = scenarios! { "subscribe";
        "H83" Required a_subscription_succeeds_and_is_named;
        "H83" Required the_id_comes_back;
        "H57" Expected no_id_in_no_id_out;
        "H84" Required an_array_is_subscribed_and_named;
        "H84" Required an_array_delivers_from_each_of_its_channels;
        "H84" Expected an_array_of_one_comes_back_as_array;
        "H85" Want an_empty_array_gets_a_clear_reply;
        "H92" Varies a_trailing_slash;
        "H93" Expected subscribing_twice_gives_one_copy;
        "H94" Expected a_meta_channel_cannot_be_subscribed;
        "H95" Expected an_unknown_meta_channel_cannot_be_subscribed;
        "H95" Expected a_wildcard_of_meta_channels_cannot_be_subscribed;
        "H96" Varies a_service_channel;
        "H97" Varies an_array_with_one_bad_element;
        "H97" Expected an_array_with_one_bad_element_is_refused;
        "H98" Required a_subscribe_of_an_unknown_client_is_refused;
        "H98" Varies advice_in_that_refusal;
        "H98" Required a_subscribe_without_client_id_is_refused;
        "H99" Required after_an_unsubscribe_nothing_comes;
        "H99" Required an_unsubscribe_succeeds_and_is_named;
        "H99" Required what_else_is_subscribed_stays;
        "H100" Expected unsubscribing_what_others_have_does_no_harm;
        "H101" Varies unsubscribing_an_unknown_channel;
        "H102" Expected an_array_is_unsubscribed_and_named;
        "H104" Varies unsubscribing_a_meta_channel;
        "H105" Varies unsubscribing_a_service_channel;
        "H106" Varies a_trailing_slash_of_an_unsubscribe;
        "H107" Expected an_unknown_extension_changes_nothing;
        "H108" Expected two_sessions_of_a_browser_are_independent;
        "H109" Required a_hundred_subscribes_in_one_body_are_answered_in_order;
        "H111" Required a_new_session_has_no_subscriptions;
        "H112" Expected an_array_of_300_is_subscribed;
        "H99" Expected subscribing_again_after_an_unsubscribe_works;
        "H98" Required an_unsubscribe_of_an_unknown_client_is_refused;
        "H109" Required a_subscribe_during_a_hold_counts;
        "H109" Required an_unsubscribe_during_a_hold_counts;
        "H83" Expected subscribing_says_nothing_to_others;
    };
    let malformed = [
        ("a_number_as_subscription", json!(5)),
        ("true_as_subscription", json!(true)),
        ("an_object_as_subscription", json!({})),
        ("an_array_of_numbers_as_subscription", json!([5])),
        ("a_nested_array_as_subscription", json!([["/a"]])),
        ("null_in_an_array_as_subscription", json!([null])),
        ("null_as_subscription", Value::Null),
    ];
    for (name, value) in malformed {
        let refused = format!("{name}_is_refused");
        let (subscription, unsubscription) = (value.clone(), value);
        list.push(Scenario::new(
            "subscribe",
            "H86 H87",
            Expectation::Required,
            refused,
            move |lab| malformed_is_refused(lab, "/meta/subscribe", Some(subscription.clone())),
        ));
        let refused = format!("{name}_of_an_unsubscribe_is_refused");
        list.push(Scenario::new("subscribe", "H103", Expectation::Expected, refused, move |lab| {
            malformed_is_refused(lab, "/meta/unsubscribe", Some(unsubscription.clone()))
        }));
    }
    for channel in ["/meta/subscribe", "/meta/unsubscribe"] {
        let name = format!("no_subscription_in_{}_is_refused", &channel[6..]);
        list.push(Scenario::new(
            "subscribe",
            "H86 H103",
            Expectation::Required,
            name,
            move |lab| malformed_is_refused(lab, channel, None),
        ));
    }
    list
}

async fn a_subscription_succeeds_and_is_named(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    let reply = client.must(client.subscription(channel.as_str())).await?;
    check!(*reply.at(&["subscription"]) == channel.as_str(), "not named: {}", reply.raw);
    PASS
}

async fn the_id_comes_back(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(having(client.subscription(lab.channel("/a")), "id", "s9")).await?;
    check!(*reply.at(&["id"]) == "s9", "another id: {}", reply.raw);
    PASS
}

async fn no_id_in_no_id_out(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(lacking(client.subscription(lab.channel("/a")), "id")).await?;
    check!(!reply.has("id"), "an id out of nowhere: {}", reply.raw);
    PASS
}

async fn an_array_is_subscribed_and_named(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let both = json!([lab.channel("/a"), lab.channel("/b")]);
    let reply = client.must(client.subscription(both.clone())).await?;
    check!(*reply.at(&["subscription"]) == both, "not named: {}", reply.raw);
    PASS
}

async fn an_array_delivers_from_each_of_its_channels(lab: Lab) -> Outcome {
    let (client, publisher) = (lab.client().await?, lab.client().await?);
    let (a, b) = (lab.channel("/a"), lab.channel("/b"));
    client.subscribe(json!([a, b])).await?;
    publisher.publish(&b, 1).await?;
    publisher.publish(&a, 2).await?;
    let received = client.receive(2).await?;
    let channels: Vec<_> = received.iter().map(|event| event.channel()).collect();
    check!(channels == [b.as_str(), a.as_str()], "received from {channels:?}");
    PASS
}

async fn an_array_of_one_comes_back_as_array(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(client.subscription(json!([lab.channel("/a")]))).await?;
    check!(reply.at(&["subscription"]).is_array(), "not as array: {}", reply.raw);
    PASS
}

async fn an_empty_array_gets_a_clear_reply(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let answer = client.post(Value::from(vec![client.subscription(json!([]))]).to_string()).await?;
    let reply = answer.served()?.first().ok_or_else(|| failed("no reply"))?.clone();
    check!(reply.is_success() || reply.is_refusal(), "successful is missing: {}", reply.raw);
    PASS
}

async fn a_trailing_slash(lab: Lab) -> Outcome {
    let (client, publisher) = (lab.client().await?, lab.client().await?);
    let reply = client.ask(client.subscription(lab.channel("/a/"))).await?;
    if reply.is_refusal() {
        return varies(format!("refused with {}", reply.error()));
    }
    check!(reply.is_success(), "neither served nor refused: {}", reply.raw);
    publisher.publish(&lab.channel("/a"), 1).await?;
    match client.rest(&publisher).await?.len() {
        1 => varies("the same channel as without it"),
        0 => varies("another channel than without it"),
        count => Err(failed(format!("{count} copies"))),
    }
}

async fn subscribing_twice_gives_one_copy(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher) = lab.pair(&channel).await?;
    client.subscribe(channel.as_str()).await?;
    publisher.publish(&channel, 1).await?;
    let count = client.rest(&publisher).await?.len();
    check!(count == 1, "{count} copies");
    PASS
}

async fn a_meta_channel_cannot_be_subscribed(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.refused(client.subscription("/meta/connect")).await?;
    check!(reply.code() == "403", "the code is {}", reply.error());
    PASS
}

async fn an_unknown_meta_channel_cannot_be_subscribed(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.refused(client.subscription("/meta/foo")).await?;
    check!(reply.code() == "403", "the code is {}", reply.error());
    PASS
}

async fn a_wildcard_of_meta_channels_cannot_be_subscribed(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    for wildcard in ["/meta/*", "/meta/**"] {
        let reply = client.refused(client.subscription(wildcard)).await?;
        check!(reply.code() == "403", "the code is {}", reply.error());
    }
    PASS
}

async fn a_service_channel(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let channel = format!("/service{}", lab.channel(""));
    let reply = client.ask(client.subscription(channel.as_str())).await?;
    if reply.is_refusal() {
        return varies(format!("refused with {}", reply.error()));
    }
    check!(reply.is_success(), "neither served nor refused: {}", reply.raw);
    let publisher = lab.client().await?;
    publisher.publish(&channel, 1).await?;
    let received = client.rest(&publisher).await?;
    check!(received.is_empty(), "a service message was broadcast: {:?}", received.len());
    varies("accepted without effect")
}

async fn an_array_with_one_bad_element_is_refused(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let mixed = json!([lab.channel("/a"), "/meta/x", lab.channel("/b")]);
    client.refused(client.subscription(mixed)).await?;
    PASS
}

async fn an_array_with_one_bad_element(lab: Lab) -> Outcome {
    let (client, publisher) = (lab.client().await?, lab.client().await?);
    let (a, b) = (lab.channel("/a"), lab.channel("/b"));
    client.refused(client.subscription(json!([a, "/meta/x", b]))).await?;
    publisher.publish(&a, 1).await?;
    publisher.publish(&b, 1).await?;
    let received = client.rest(&publisher).await?;
    let channels: Vec<_> = received.iter().map(|event| event.channel()).collect();
    match channels.as_slice() {
        [] => varies("all or none"),
        [only] if *only == a => varies("those before it stay"),
        [one, two] if *one == a && *two == b => varies("the good ones stay"),
        other => Err(failed(format!("subscribed are {other:?}"))),
    }
}

async fn a_subscribe_of_an_unknown_client_is_refused(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.refused(having(client.subscription(lab.channel("/a")), "clientId", "nope")).await?;
    PASS
}

async fn advice_in_that_refusal(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let request = having(client.subscription(lab.channel("/a")), "clientId", "nope");
    let reply = client.refused(request).await?;
    match reply.at(&["advice", "reconnect"]) {
        Value::Null => varies("none"),
        reconnect if reconnect == "handshake" => varies("reconnect handshake"),
        other => Err(failed(format!("reconnect is {other}"))),
    }
}

async fn a_subscribe_without_client_id_is_refused(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.refused(client.subscription(lab.channel("/a"))).await?;
    PASS
}

async fn after_an_unsubscribe_nothing_comes(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher) = lab.pair(&channel).await?;
    client.must(client.unsubscription(channel.as_str())).await?;
    publisher.publish(&channel, 1).await?;
    let count = client.rest(&publisher).await?.len();
    check!(count == 0, "{count} messages");
    PASS
}

async fn an_unsubscribe_succeeds_and_is_named(lab: Lab) -> Outcome {
    let (channel, client) = (lab.channel("/a"), lab.client().await?);
    client.subscribe(channel.as_str()).await?;
    let reply = client.must(client.unsubscription(channel.as_str())).await?;
    check!(*reply.at(&["subscription"]) == channel.as_str(), "not named: {}", reply.raw);
    PASS
}

async fn what_else_is_subscribed_stays(lab: Lab) -> Outcome {
    let (client, publisher) = lab.pair(&lab.channel("/a")).await?;
    client.subscribe(lab.channel("/b")).await?;
    client.must(client.unsubscription(lab.channel("/b"))).await?;
    publisher.publish(&lab.channel("/a"), 1).await?;
    let count = client.rest(&publisher).await?.len();
    check!(count == 1, "{count} messages");
    PASS
}

async fn unsubscribing_what_others_have_does_no_harm(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, other) = lab.pair(&channel).await?;
    other.must(other.unsubscription(channel.as_str())).await?;
    other.publish(&channel, 1).await?;
    subscriber.receive_one().await?;
    PASS
}

async fn served_or_refused(lab: Lab, unsubscribe: String) -> Outcome {
    let client = lab.client().await?;
    let reply = client.ask(client.unsubscription(unsubscribe)).await?;
    if reply.is_success() {
        return varies("accepted");
    }
    check!(reply.is_refusal() && reply.has("error"), "neither served nor refused: {}", reply.raw);
    varies(format!("refused with {}", reply.error()))
}

async fn unsubscribing_an_unknown_channel(lab: Lab) -> Outcome {
    let channel = lab.channel("/never");
    served_or_refused(lab, channel).await
}

async fn unsubscribing_a_meta_channel(lab: Lab) -> Outcome {
    served_or_refused(lab, "/meta/connect".to_owned()).await
}

async fn unsubscribing_a_service_channel(lab: Lab) -> Outcome {
    let channel = format!("/service{}", lab.channel(""));
    served_or_refused(lab, channel).await
}

async fn an_array_is_unsubscribed_and_named(lab: Lab) -> Outcome {
    let (client, publisher) = (lab.client().await?, lab.client().await?);
    let (a, b) = (lab.channel("/a"), lab.channel("/b"));
    client.subscribe(json!([a, b])).await?;
    let reply = client.must(client.unsubscription(json!([a, b]))).await?;
    check!(*reply.at(&["subscription"]) == json!([a, b]), "not named: {}", reply.raw);
    publisher.publish(&a, 1).await?;
    publisher.publish(&b, 1).await?;
    let count = client.rest(&publisher).await?.len();
    check!(count == 0, "{count} messages");
    PASS
}

async fn a_trailing_slash_of_an_unsubscribe(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher) = lab.pair(&channel).await?;
    let reply = client.ask(client.unsubscription(format!("{channel}/"))).await?;
    publisher.publish(&channel, 1).await?;
    let count = client.rest(&publisher).await?.len();
    match (reply.is_success(), count) {
        (true, 0) => varies("the same channel as without it"),
        (true, 1) => varies("another channel than without it"),
        (false, 1) => varies(format!("refused with {}", reply.error())),
        (success, count) => Err(failed(format!("success {success}, then {count} messages"))),
    }
}

async fn an_unknown_extension_changes_nothing(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let request = having(client.subscription(lab.channel("/a")), "ext", json!({"foo": 1}));
    let reply = client.must(request).await?;
    check!(reply.at(&["ext", "foo"]).is_null(), "echoed: {}", reply.raw);
    PASS
}

async fn two_sessions_of_a_browser_are_independent(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (one, publisher) = lab.pair(&channel).await?;
    let two = lab.client_in(one.browser()).await?;
    two.subscribe(channel.as_str()).await?;
    one.must(one.unsubscription(channel.as_str())).await?;
    publisher.publish(&channel, 1).await?;
    let (one, two) = (one.rest(&publisher).await?, two.rest(&publisher).await?);
    check!(one.is_empty() && two.len() == 1, "{} and {} messages", one.len(), two.len());
    PASS
}

async fn a_hundred_subscribes_in_one_body_are_answered_in_order(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    // Short ids and names: a callback-polling body travels in a URL.
    let count = if lab.transport() == crate::Transport::CallbackPolling { 20 } else { 100 };
    let channels: Vec<_> = (0..count).map(|n| lab.channel(&format!("/{n}"))).collect();
    let body: Vec<_> = channels.iter().map(|c| client.subscription(c.as_str())).collect();
    let answer = client.send(&body).await?;
    let named: Vec<_> = answer.replies().iter().map(|r| r.at(&["subscription"]).clone()).collect();
    check!(named == channels, "{} replies, or in another order", named.len());
    PASS
}

async fn a_new_session_has_no_subscriptions(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (old, publisher) = lab.pair(&channel).await?;
    let new = lab.client_in(old.browser()).await?;
    publisher.publish(&channel, 1).await?;
    let count = new.rest(&publisher).await?.len();
    check!(count == 0, "{count} messages");
    PASS
}

async fn an_array_of_300_is_subscribed(lab: Lab) -> Outcome {
    let (client, publisher) = (lab.client().await?, lab.client().await?);
    let count = if lab.transport() == crate::Transport::CallbackPolling { 40 } else { 300 };
    let channels: Vec<_> = (0..count).map(|n| lab.channel(&format!("/{n}"))).collect();
    client.subscribe(json!(channels)).await?;
    let last = channels.last().map_or("", String::as_str);
    publisher.publish(last, 1).await?;
    client.receive_one().await?;
    PASS
}

async fn subscribing_again_after_an_unsubscribe_works(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher) = lab.pair(&channel).await?;
    client.must(client.unsubscription(channel.as_str())).await?;
    client.subscribe(channel.as_str()).await?;
    publisher.publish(&channel, 1).await?;
    let count = client.rest(&publisher).await?.len();
    check!(count == 1, "{count} messages");
    PASS
}

async fn an_unsubscribe_of_an_unknown_client_is_refused(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.refused(having(client.unsubscription(lab.channel("/a")), "clientId", "nope")).await?;
    PASS
}

async fn a_subscribe_during_a_hold_counts(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher) = (lab.client().await?, lab.client().await?);
    let held = client.hold_with(client.connect(json!({"timeout": 800}))).await?;
    client.subscribe(channel.as_str()).await?;
    publisher.publish(&channel, 1).await?;
    held.answer(lab.limit()).await?;
    client.receive_one().await?;
    PASS
}

async fn an_unsubscribe_during_a_hold_counts(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher) = lab.pair(&channel).await?;
    let held = client.hold_with(client.connect(json!({"timeout": 800}))).await?;
    client.must(client.unsubscription(channel.as_str())).await?;
    publisher.publish(&channel, 1).await?;
    held.answer(lab.limit()).await?;
    let count = client.rest(&publisher).await?.len();
    check!(count == 0, "{count} messages");
    PASS
}

async fn subscribing_says_nothing_to_others(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, other) = lab.pair(&channel).await?;
    other.subscribe(channel.as_str()).await?;
    other.must(other.unsubscription(channel.as_str())).await?;
    let received = client.rest(&other).await?;
    check!(received.is_empty(), "{} messages", received.len());
    PASS
}

/// A request whose `subscription` is malformed, or absent, is refused by a reply.
async fn malformed_is_refused(
    lab: Lab,
    channel: &'static str,
    subscription: Option<Value>,
) -> Outcome {
    let client = lab.client().await?;
    let mut request = client.message(channel, Value::Null);
    if let Some(subscription) = subscription {
        request = having(request, "subscription", subscription);
    }
    client.refused(request).await?;
    PASS
}
