//! `/meta/connect`: holding, waking, superseding.
//!
//! Specified: Bayeux 1.0, "Connect request" and "Connect response"; the rest is observed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Expectation;
use crate::client::{having, lacking};
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::transport::Transport;
use crate::verdict::{Outcome, PASS, check, failed, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = scenarios! { "connect";
        "H33" Expected the_first_connect_is_answered_at_once;
        "H34" Expected a_timeout_of_zero_is_answered_at_once;
        "H34" Expected a_reply_to_advice_carries_advice;
        "H35" Required an_idle_connect_is_held;
        "H35" Required a_hold_ends_with_success_at_the_advised_time;
        "H35" Varies advice_at_the_end_of_a_hold;
        "H36" Expected a_shorter_hold_is_granted;
        "H36" Varies advice_after_a_shorter_hold;
        "H37" Varies a_longer_hold;
        "H41" Expected a_timeout_of_a_millisecond_and_a_half_is_answered_at_once;
        "H38" Expected a_timeout_of_minus_one_means_the_servers;
        "H42" Varies the_interval_of_the_request;
        "H43" Required a_message_ends_the_hold, on(On::Polling);
        "H43" Expected a_message_ends_the_hold_within_a_quarter_of_a_second, on(On::Polling);
        "H43" Varies place_of_the_message_beside_the_reply, on(On::Polling);
        "H43" Required a_message_on_another_channel_does_not_end_the_hold;
        "H44" Required a_waiting_message_is_answered_at_once, on(On::Polling);
        "H45" Required a_burst_arrives_whole_and_in_order;
        "H45" Varies a_burst_in_one_response, on(On::Polling);
        "H46" Expected a_connect_beside_another_message_is_not_held;
        "H47" Expected two_connects_in_one_body_are_answered_at_once;
        "H48" Expected a_second_connect_ends_the_first, on(On::Polling);
        "H48" Varies how_the_first_of_two_connects_ends, on(On::Polling);
        "H48" Expected the_second_of_two_connects_is_held, on(On::Polling);
        "H50" Required the_second_of_two_connects_gets_the_message_once, on(On::Polling);
        "H51" Expected two_connects_of_one_session_are_not_two_clients, on(On::Polling);
        "H52" Required an_unknown_client_is_refused;
        "H52" Expected an_unknown_client_is_told_to_shake_hands;
        "H52" Expected an_unknown_client_is_told_at_once;
        "H53" Required a_connect_without_client_id_is_refused;
        "H53" Expected a_connect_without_client_id_is_told_to_shake_hands;
        "H56" Varies an_unknown_connection_type;
        "H56" Varies no_connection_type;
        "H57" Expected no_id_in_no_id_out;
        "H9" Varies a_number_as_id;
        "H58" Required after_a_disconnect_the_client_is_unknown;
        "H61" Expected a_message_after_a_cut_connection_arrives, on(On::Polling);
        "H61" Want the_first_message_after_a_cut_connection_arrives, on(On::Polling);
        "H61" Want nothing_comes_twice_after_a_cut_connection, on(On::Polling);
        "H62" Expected other_requests_do_not_disturb_a_hold;
        "H65" Required a_publish_does_not_wait_for_the_held_connect;
        "H65" Expected an_own_message_during_a_hold_arrives_once;
        "H65" Varies the_way_of_an_own_message_during_a_hold, on(On::Polling);
        "H66" Varies half_closing_a_held_connect, on(On::Only(Transport::LongPolling));
        "H35" Expected twenty_cycles_without_a_pause;
        "H67" Expected an_unknown_extension_changes_nothing;
        "H52" Expected the_status_of_a_refusal_is_200, on(On::Polling);
        "H63" Expected a_connect_after_silence_shorter_than_max_interval_works;
    };
    let odd = [
        ("a_text_as_timeout_counts_as_none", json!({"timeout": "x"})),
        ("null_as_timeout_counts_as_none", json!({"timeout": null})),
        ("an_object_as_timeout_counts_as_none", json!({"timeout": {}})),
        ("a_text_as_advice_counts_as_none", json!("x")),
        ("a_number_as_advice_counts_as_none", json!(1)),
        ("an_array_as_advice_counts_as_none", json!([])),
        ("an_empty_advice_leaves_the_hold_alone", json!({})),
        ("a_text_as_interval_counts_as_none", json!({"interval": "x"})),
        ("unknown_advice_counts_as_none", json!({"reconnect": "none", "hosts": ["h"], "x": 1})),
    ];
    for (name, advice) in odd {
        list.push(Scenario::new("connect", "H39 H40", Expectation::Want, name, move |lab| {
            odd_advice_is_held(lab, advice.clone())
        }));
    }
    let ids = [
        ("an_empty_client_id_is_unknown", json!("")),
        ("null_as_client_id_is_unknown", Value::Null),
        ("a_number_as_client_id_is_unknown", json!(5)),
        ("an_object_as_client_id_is_unknown", json!({})),
        ("a_long_client_id_is_unknown", json!("x".repeat(1500))),
    ];
    for (name, id) in ids {
        list.push(Scenario::new("connect", "H52 H122", Expectation::Want, name, move |lab| {
            odd_client_id_is_unknown(lab, id.clone())
        }));
    }
    list
}

async fn the_first_connect_is_answered_at_once(lab: Lab) -> Outcome {
    let client = lab.shaken().await?;
    let answer = client.begin(client.connect(Value::Null)).answer(lab.at_once()).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "refused: {}", answer.body);
    PASS
}

async fn a_timeout_of_zero_is_answered_at_once(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let answer = client.begin(client.connect(json!({"timeout": 0}))).answer(lab.at_once()).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "refused: {}", answer.body);
    PASS
}

async fn a_reply_to_advice_carries_advice(lab: Lab) -> Outcome {
    let client = lab.shaken().await?;
    let reply = client.first_connect().await?;
    check!(*reply.at(&["advice", "reconnect"]) == "retry", "no advice: {}", reply.raw);
    check!(reply.at(&["advice", "timeout"]).is_u64(), "no advice.timeout: {}", reply.raw);
    PASS
}

async fn an_idle_connect_is_held(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let mut held = client.hold().await?;
    held.stays(lab.target().timeout.mul_f32(0.5).min(Duration::from_secs(2))).await?;
    PASS
}

async fn a_hold_ends_with_success_at_the_advised_time(lab: Lab) -> Outcome {
    let hold = lab.whole_hold()?;
    let client = lab.client().await?;
    let answer = client.hold().await?.answer(hold + Duration::from_millis(1500)).await?;
    let reply = answer.only()?;
    check!(reply.is_success(), "refused: {}", reply.raw);
    let early = hold.saturating_sub(answer.took);
    check!(early < Duration::from_millis(400), "{} ms too early", early.as_millis());
    PASS
}

async fn advice_at_the_end_of_a_hold(lab: Lab) -> Outcome {
    let hold = lab.whole_hold()?;
    let client = lab.client().await?;
    let answer = client.hold().await?.answer(hold + Duration::from_millis(1500)).await?;
    let reply = answer.reply("/meta/connect")?;
    match reply.at(&["advice"]) {
        Value::Null => varies("absent"),
        advice if advice["reconnect"] == "retry" => varies("present"),
        advice => Err(failed(format!("odd advice {advice}"))),
    }
}

async fn a_shorter_hold_is_granted(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let held = client.hold_with(client.connect(json!({"timeout": 500}))).await?;
    let answer = held.answer(Duration::from_millis(1500)).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "refused: {}", answer.body);
    check!(answer.took >= Duration::from_millis(380), "held {} ms", answer.took.as_millis());
    PASS
}

async fn advice_after_a_shorter_hold(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(client.connect(json!({"timeout": 300}))).await?;
    let server = u64::try_from(lab.target().timeout.as_millis()).unwrap_or(u64::MAX);
    match reply.at(&["advice", "timeout"]).as_u64() {
        Some(timeout) if timeout == server => varies("the server's own timeout"),
        Some(300) => varies("the timeout that was asked for"),
        None => varies("absent"),
        other => Err(failed(format!("advice.timeout is {other:?}"))),
    }
}

async fn a_longer_hold(lab: Lab) -> Outcome {
    let hold = lab.whole_hold()?;
    let longer = hold + Duration::from_millis(1500);
    let millis = u64::try_from(longer.as_millis()).unwrap_or(u64::MAX);
    let client = lab.client().await?;
    let held = client.hold_with(client.connect(json!({"timeout": millis}))).await?;
    let answer = held.answer(longer + Duration::from_millis(1500)).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "refused: {}", answer.body);
    if answer.took + Duration::from_millis(500) >= longer {
        varies("granted")
    } else {
        varies("cut down to the server's own")
    }
}

async fn a_timeout_of_a_millisecond_and_a_half_is_answered_at_once(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let begun = client.begin(client.connect(json!({"timeout": 1.5})));
    let answer = begun.answer(lab.at_once()).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "refused: {}", answer.body);
    PASS
}

async fn a_timeout_of_minus_one_means_the_servers(lab: Lab) -> Outcome {
    odd_advice_is_held(lab, json!({"timeout": -1})).await
}

async fn the_interval_of_the_request(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(client.connect(json!({"timeout": 0, "interval": 500}))).await?;
    let own = u64::try_from(lab.target().interval.as_millis()).unwrap_or(0);
    match reply.at(&["advice", "interval"]).as_u64() {
        Some(500) => varies("comes back"),
        Some(other) if other == own => varies("the server's own comes back"),
        None => varies("absent"),
        other => Err(failed(format!("advice.interval is {other:?}"))),
    }
}

async fn a_message_ends_the_hold(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let held = subscriber.hold().await?;
    publisher.publish(&channel, json!({"x": 1})).await?;
    let answer = held.answer(lab.at_once()).await?;
    check!(answer.reply("/meta/connect")?.is_success(), "no connect reply: {}", answer.body);
    let events = subscriber.taken();
    check!(events.len() == 1, "{} messages", events.len());
    PASS
}

async fn a_message_ends_the_hold_within_a_quarter_of_a_second(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    // The best of three: the machine may be busy, the server may not be slow.
    for attempt in 0..3 {
        let held = subscriber.hold().await?;
        publisher.publish(&channel, attempt).await?;
        if held.answer(Duration::from_millis(250)).await.is_ok() {
            return PASS;
        }
    }
    Err(failed("three times later than 250 ms after the publish was answered"))
}

async fn place_of_the_message_beside_the_reply(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let held = subscriber.hold().await?;
    publisher.publish(&channel, 1).await?;
    let answer = held.answer(lab.at_once()).await?;
    let messages = answer.served()?;
    let reply = messages.iter().position(|message| message.is_reply());
    let event = messages.iter().position(|message| !message.is_reply());
    match (event, reply) {
        (Some(event), Some(reply)) if event < reply => varies("message, then reply"),
        (Some(_), Some(_)) => varies("reply, then message"),
        _ => Err(failed("not both in one answer")),
    }
}

async fn a_message_on_another_channel_does_not_end_the_hold(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel("/a")).await?;
    let mut held = subscriber.hold().await?;
    publisher.publish(&lab.channel("/b"), 1).await?;
    held.stays(Duration::from_millis(300)).await?;
    PASS
}

async fn a_waiting_message_is_answered_at_once(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    publisher.publish(&channel, 1).await?;
    let answer = subscriber.begin(subscriber.connect(Value::Null)).answer(lab.at_once()).await?;
    check!(!answer.events().is_empty(), "no message: {}", answer.body);
    PASS
}

async fn a_burst_arrives_whole_and_in_order(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let held = subscriber.hold().await?;
    let burst: Vec<_> = (1..=3).map(|n| publisher.publication(&channel, n)).collect();
    publisher.send(&burst).await?;
    held.answer(lab.limit()).await?;
    let mut received = subscriber.taken();
    if received.len() < 3 {
        received.extend(subscriber.receive(3 - received.len()).await?);
    }
    received.extend(subscriber.rest(&publisher).await?);
    let numbers: Vec<_> = received.iter().filter_map(|event| event.data()).collect();
    check!(numbers == ["1", "2", "3"], "received {numbers:?}");
    PASS
}

async fn a_burst_in_one_response(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let held = subscriber.hold().await?;
    let burst: Vec<_> = (1..=3).map(|n| publisher.publication(&channel, n)).collect();
    publisher.send(&burst).await?;
    let answer = held.answer(lab.at_once()).await?;
    match answer.events().len() {
        3 => varies("three together"),
        count @ (1 | 2) => varies(format!("{count} first")),
        count => Err(failed(format!("{count} messages"))),
    }
}

async fn a_connect_beside_another_message_is_not_held(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let body = [client.connect(Value::Null), client.subscription(lab.channel("/a"))];
    let body = Value::from(body.to_vec()).to_string();
    let answer = tokio::time::timeout(lab.at_once(), client.post(body)).await;
    let answer = answer.map_err(|_| failed("not answered at once"))??;
    check!(answer.replies().len() == 2, "{} replies", answer.replies().len());
    PASS
}

async fn two_connects_in_one_body_are_answered_at_once(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let body = [client.connect(Value::Null), client.connect(Value::Null)];
    let body = Value::from(body.to_vec()).to_string();
    let answer = tokio::time::timeout(lab.at_once(), client.post(body)).await;
    let answer = answer.map_err(|_| failed("not answered at once"))??;
    check!(answer.replies().len() == 2, "{} replies", answer.replies().len());
    PASS
}

async fn a_second_connect_ends_the_first(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let first = client.hold().await?;
    let _second = client.hold().await?;
    // However it ends, it ends: an error status, a reply or a cut connection.
    let end = first.end(lab.at_once()).await?;
    drop(end);
    PASS
}

async fn how_the_first_of_two_connects_ends(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let first = client.hold().await?;
    let _second = client.hold().await?;
    match first.end(lab.at_once()).await {
        Ok(Ok(answer)) if answer.status == 200 => varies("a reply"),
        Ok(Ok(answer)) if answer.status >= 400 => varies(format!("HTTP {}", answer.status)),
        Ok(Ok(answer)) => Err(failed(format!("HTTP {}", answer.status))),
        Ok(Err(_)) => varies("the connection is cut"),
        Err(_) => varies("not at once"),
    }
}

async fn the_second_of_two_connects_is_held(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let _first = client.hold().await?;
    let mut second = client.hold().await?;
    second.stays(Duration::from_millis(400)).await?;
    PASS
}

async fn the_second_of_two_connects_gets_the_message_once(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let first = subscriber.hold().await?;
    let second = subscriber.hold().await?;
    publisher.publish(&channel, 1).await?;
    let answer = second.answer(lab.at_once()).await?;
    check!(answer.events().len() == 1, "{} messages", answer.events().len());
    drop(first);
    let again = subscriber.rest(&publisher).await?;
    let copies = again.iter().filter(|event| event.data() == Some("1")).count();
    // The inbox still has the first copy.
    check!(copies == 1, "{copies} copies");
    PASS
}

async fn two_connects_of_one_session_are_not_two_clients(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let _first = client.hold().await?;
    let second = client.hold_with(client.connect(json!({"timeout": 400}))).await?;
    let answer = second.answer(lab.limit()).await?;
    let reply = answer.reply("/meta/connect")?;
    check!(reply.at(&["advice", "multiple-clients"]).is_null(), "told off: {}", reply.raw);
    PASS
}

async fn an_unknown_client_is_refused(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.refused(having(client.connect(Value::Null), "clientId", "nope")).await?;
    PASS
}

async fn an_unknown_client_is_told_to_shake_hands(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.refused(having(client.connect(Value::Null), "clientId", "nope")).await?;
    check!(*reply.at(&["advice", "reconnect"]) == "handshake", "not told so: {}", reply.raw);
    PASS
}

async fn an_unknown_client_is_told_at_once(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let request = having(client.connect(Value::Null), "clientId", "nope");
    let answer = client.begin(request).answer(lab.at_once()).await?;
    check!(answer.reply("/meta/connect")?.is_refusal(), "no refusal: {}", answer.body);
    PASS
}

async fn a_connect_without_client_id_is_refused(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.refused(client.connect(Value::Null)).await?;
    PASS
}

async fn a_connect_without_client_id_is_told_to_shake_hands(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.refused(client.connect(Value::Null)).await?;
    check!(*reply.at(&["advice", "reconnect"]) == "handshake", "not told so: {}", reply.raw);
    PASS
}

async fn served_or_refused(lab: Lab, alter: impl Fn(Value) -> Value) -> Outcome {
    let client = lab.client().await?;
    let reply = client.ask(alter(client.connect(json!({"timeout": 0})))).await?;
    if reply.is_success() {
        return varies("served");
    }
    check!(reply.is_refusal() && reply.has("error"), "neither served nor refused: {}", reply.raw);
    varies(format!("refused with {}", reply.error()))
}

async fn an_unknown_connection_type(lab: Lab) -> Outcome {
    served_or_refused(lab, |request| having(request, "connectionType", "foo")).await
}

async fn no_connection_type(lab: Lab) -> Outcome {
    served_or_refused(lab, |request| lacking(request, "connectionType")).await
}

async fn no_id_in_no_id_out(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(lacking(client.connect(json!({"timeout": 0})), "id")).await?;
    check!(!reply.has("id"), "an id out of nowhere: {}", reply.raw);
    PASS
}

async fn a_number_as_id(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.ask(having(client.connect(json!({"timeout": 0})), "id", 17)).await?;
    match reply.at(&["id"]) {
        Value::String(id) if id == "17" => varies("comes back as text"),
        Value::Number(id) if id.as_u64() == Some(17) => varies("comes back as a number"),
        other => Err(failed(format!("comes back as {other}"))),
    }
}

async fn after_a_disconnect_the_client_is_unknown(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.must(client.message("/meta/disconnect", Value::Null)).await?;
    let reply = client.refused(client.connect(Value::Null)).await?;
    check!(*reply.at(&["advice", "reconnect"]) == "handshake", "not told so: {}", reply.raw);
    PASS
}

/// Cuts the connection of a held connect, publishes `m1` and `m2`, and receives what comes.
async fn after_a_cut(lab: &Lab) -> Result<Vec<String>, crate::verdict::Stop> {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    subscriber.hold().await?.cut().await;
    // Time for the news to arrive; what a server sends before that nobody can save without ack.
    tokio::time::sleep(Duration::from_millis(200)).await;
    publisher.publish(&channel, "m1").await?;
    publisher.publish(&channel, "m2").await?;
    let received = subscriber.rest(&publisher).await?;
    Ok(received.iter().filter_map(|event| event.data()).map(str::to_owned).collect())
}

async fn a_message_after_a_cut_connection_arrives(lab: Lab) -> Outcome {
    let received = after_a_cut(&lab).await?;
    check!(received.contains(&"\"m2\"".to_owned()), "received {received:?}");
    PASS
}

async fn the_first_message_after_a_cut_connection_arrives(lab: Lab) -> Outcome {
    let received = after_a_cut(&lab).await?;
    check!(received.contains(&"\"m1\"".to_owned()), "received {received:?}");
    PASS
}

async fn nothing_comes_twice_after_a_cut_connection(lab: Lab) -> Outcome {
    let mut received = after_a_cut(&lab).await?;
    let count = received.len();
    received.dedup();
    check!(received.len() == count, "received {received:?}");
    check!(received.is_sorted(), "out of order: {received:?}");
    PASS
}

async fn other_requests_do_not_disturb_a_hold(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let mut held = client.hold_with(client.connect(json!({"timeout": 2500}))).await?;
    let other = lab.client().await?;
    for number in 0..100 {
        other.publish(&lab.channel("/a"), number).await?;
    }
    held.stays(Duration::from_millis(50)).await?;
    let answer = held.answer(lab.limit()).await?;
    check!(answer.took <= Duration::from_millis(4000), "held {} ms", answer.took.as_millis());
    PASS
}

async fn a_publish_does_not_wait_for_the_held_connect(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let _held = client.hold().await?;
    let publication = client.publication(&lab.channel("/a"), 1);
    let answer = client.begin(publication).answer(lab.at_once()).await?;
    check!(answer.replies().len() == 1, "{} replies", answer.replies().len());
    PASS
}

async fn an_own_message_during_a_hold_arrives_once(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    client.subscribe(channel.as_str()).await?;
    let held = client.hold_with(client.connect(json!({"timeout": 700}))).await?;
    client.publish(&channel, 1).await?;
    held.answer(lab.limit()).await?;
    let received = client.rest(&lab.client().await?).await?;
    let copies = received.iter().filter(|event| event.channel() == channel).count();
    check!(copies == 1, "{copies} copies");
    PASS
}

async fn the_way_of_an_own_message_during_a_hold(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    client.subscribe(channel.as_str()).await?;
    let held = client.hold_with(client.connect(json!({"timeout": 700}))).await?;
    let published = client.send(&[client.publication(&channel, 1)]).await?;
    let answer = held.answer(lab.limit()).await?;
    match (published.events().len(), answer.events().len()) {
        (1, 0) => varies("on the publish reply; the connect stays held"),
        (0, 1) => varies("through the connect"),
        (published, held) => Err(failed(format!("{published} and {held} copies"))),
    }
}

async fn half_closing_a_held_connect(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let mut connection = lab.connection().await?;
    let body = Value::from(vec![client.connect(json!({"timeout": 700}))]).to_string();
    let mut request = crate::http::Request::json(&lab.target().endpoint.path, body);
    if let Some(cookies) = client.browser().header() {
        request = request.header("Cookie", &cookies);
    }
    let bytes = request.encode(connection.host());
    connection.send(&bytes).await.map_err(|error| failed(error.to_string()))?;
    connection.half_close().await.map_err(|error| failed(error.to_string()))?;
    match lab.response(&mut connection).await {
        Ok(response) if response.status == 200 => varies("answered"),
        Ok(response) => Err(failed(format!("HTTP {}", response.status))),
        Err(_) => {
            // Taken for an end; then the session must still be there.
            client.must(client.connect(json!({"timeout": 0}))).await?;
            varies("taken for the end of the connection")
        }
    }
}

async fn twenty_cycles_without_a_pause(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    for _ in 0..20 {
        client.must(client.connect(json!({"timeout": 0}))).await?;
    }
    PASS
}

async fn an_unknown_extension_changes_nothing(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let request = having(client.connect(json!({"timeout": 0})), "ext", json!({"foo": [1]}));
    let reply = client.must(request).await?;
    check!(reply.at(&["ext", "foo"]).is_null(), "echoed: {}", reply.raw);
    PASS
}

async fn the_status_of_a_refusal_is_200(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let request = having(client.connect(Value::Null), "clientId", "nope");
    let answer = client.post(Value::from(vec![request]).to_string()).await?;
    check!(answer.status == 200, "HTTP {}", answer.status);
    PASS
}

async fn a_connect_after_silence_shorter_than_max_interval_works(lab: Lab) -> Outcome {
    let max_interval = lab.target().max_interval;
    let silence = max_interval.map_or(Duration::from_secs(2), |known| known.mul_f32(0.6));
    let client = lab.client().await?;
    tokio::time::sleep(silence.min(lab.limit())).await;
    client.must(client.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn odd_advice_is_held(lab: Lab, advice: Value) -> Outcome {
    let client = lab.client().await?;
    let mut held = client.hold_with(client.connect(advice)).await?;
    held.stays(Duration::from_millis(300)).await?;
    PASS
}

async fn odd_client_id_is_unknown(lab: Lab, id: Value) -> Outcome {
    let client = lab.stranger();
    client.refused(having(client.connect(json!({"timeout": 0})), "clientId", id)).await?;
    PASS
}
