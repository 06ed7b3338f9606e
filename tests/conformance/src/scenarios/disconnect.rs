//! `/meta/disconnect`: how a session ends.
//!
//! Specified: Bayeux 1.0, "Disconnect request" and "Disconnect response".

use serde_json::{Value, json};

use crate::client::{Client, having, lacking};
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::verdict::{Outcome, PASS, check, failed, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    scenarios! { "disconnect";
        "H70" Required a_disconnect_succeeds;
        "H70" Required the_id_comes_back;
        "H70" Expected no_id_in_no_id_out;
        "H70" Expected the_held_connect_is_answered_at_once;
        "H70" Varies advice_in_the_answer_of_the_held_connect, on(On::Polling);
        "H71" Expected a_second_disconnect_is_refused;
        "H71" Varies advice_in_a_refused_disconnect;
        "H72" Expected an_unknown_client_cannot_disconnect;
        "H72" Expected a_disconnect_without_client_id_is_refused;
        "H73" Required nothing_is_delivered_to_who_has_left;
        "H74" Varies a_waiting_message_at_disconnect, on(On::Polling);
        "H75" Expected what_follows_in_the_same_body_is_refused;
        "H171" Required what_precedes_in_the_same_body_is_done;
        "H58" Expected a_subscribe_afterwards_is_refused;
        "H58" Expected an_unsubscribe_afterwards_is_refused;
        "H58" Expected a_publish_afterwards_is_refused;
        "H81" Expected a_disconnect_beside_a_publish_leaves_nothing_unanswered;
        "H82" Expected an_unknown_extension_changes_nothing;
        "H236" Expected the_browser_can_begin_again;
        "H108" Expected another_session_of_the_browser_goes_on;
        "H70" Expected a_session_that_never_connected_can_leave;
    }
}

fn leaving(client: &Client) -> Value {
    client.message("/meta/disconnect", Value::Null)
}

async fn a_disconnect_succeeds(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.must(leaving(&client)).await?;
    PASS
}

async fn the_id_comes_back(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(having(leaving(&client), "id", "bye1")).await?;
    check!(*reply.at(&["id"]) == "bye1", "another id: {}", reply.raw);
    PASS
}

async fn no_id_in_no_id_out(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let reply = client.must(lacking(leaving(&client), "id")).await?;
    check!(!reply.has("id"), "an id out of nowhere: {}", reply.raw);
    PASS
}

async fn the_held_connect_is_answered_at_once(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let held = client.hold().await?;
    client.must(leaving(&client)).await?;
    let answer = held.answer(lab.at_once()).await?;
    answer.reply("/meta/connect")?;
    PASS
}

async fn advice_in_the_answer_of_the_held_connect(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let held = client.hold().await?;
    client.must(leaving(&client)).await?;
    let answer = held.answer(lab.at_once()).await?;
    let reply = answer.reply("/meta/connect")?;
    match reply.at(&["advice", "reconnect"]) {
        Value::Null => varies("none at all"),
        Value::String(reconnect) => varies(format!("reconnect {reconnect}")),
        other => Err(failed(format!("reconnect is {other}"))),
    }
}

async fn a_second_disconnect_is_refused(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.must(leaving(&client)).await?;
    client.refused(leaving(&client)).await?;
    PASS
}

async fn advice_in_a_refused_disconnect(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.refused(having(leaving(&client), "clientId", "nope")).await?;
    match reply.at(&["advice", "reconnect"]) {
        Value::Null => varies("none"),
        reconnect if reconnect == "handshake" => varies("reconnect handshake"),
        other => Err(failed(format!("reconnect is {other}"))),
    }
}

async fn an_unknown_client_cannot_disconnect(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.refused(having(leaving(&client), "clientId", "nope")).await?;
    PASS
}

async fn a_disconnect_without_client_id_is_refused(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.refused(leaving(&client)).await?;
    PASS
}

async fn nothing_is_delivered_to_who_has_left(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    subscriber.must(leaving(&subscriber)).await?;
    publisher.publish(&channel, 1).await?;
    let answer = subscriber.send(&[subscriber.connect(json!({"timeout": 0}))]).await?;
    check!(answer.events().is_empty() && subscriber.taken().is_empty(), "it was: {}", answer.body);
    PASS
}

async fn a_waiting_message_at_disconnect(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    publisher.publish(&channel, 1).await?;
    let answer = subscriber.send(&[leaving(&subscriber)]).await?;
    check!(answer.reply("/meta/disconnect")?.is_success(), "refused: {}", answer.body);
    match answer.events().len() {
        0 => varies("dropped"),
        1 => varies("delivered with the reply"),
        count => Err(failed(format!("{count} copies"))),
    }
}

async fn what_follows_in_the_same_body_is_refused(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    let answer = client.send(&[leaving(&client), client.publication(&channel, 1)]).await?;
    check!(answer.reply("/meta/disconnect")?.is_success(), "no disconnect: {}", answer.body);
    check!(answer.reply(&channel)?.is_refusal(), "served after its end: {}", answer.body);
    PASS
}

async fn what_precedes_in_the_same_body_is_done(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let answer = publisher.send(&[publisher.publication(&channel, 1), leaving(&publisher)]).await?;
    check!(answer.reply(&channel)?.is_success(), "the publish was refused: {}", answer.body);
    check!(answer.reply("/meta/disconnect")?.is_success(), "no disconnect: {}", answer.body);
    subscriber.receive_one().await?;
    PASS
}

async fn a_subscribe_afterwards_is_refused(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.must(leaving(&client)).await?;
    client.refused(client.subscription(lab.channel("/a"))).await?;
    PASS
}

async fn an_unsubscribe_afterwards_is_refused(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.subscribe(lab.channel("/a")).await?;
    client.must(leaving(&client)).await?;
    client.refused(client.unsubscription(lab.channel("/a"))).await?;
    PASS
}

async fn a_publish_afterwards_is_refused(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.must(leaving(&client)).await?;
    client.refused(client.publication(&lab.channel("/a"), 1)).await?;
    PASS
}

async fn a_disconnect_beside_a_publish_leaves_nothing_unanswered(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let publish = client.begin(client.publication(&lab.channel("/a"), 1));
    let leave = client.begin(leaving(&client));
    let (publish, leave) =
        futures::join!(publish.answer(lab.at_once()), leave.answer(lab.at_once()));
    check!(publish?.replies().len() == 1, "the publish has no reply");
    check!(leave?.reply("/meta/disconnect")?.is_success(), "the disconnect was refused");
    PASS
}

async fn an_unknown_extension_changes_nothing(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.must(having(leaving(&client), "ext", json!({"foo": 1}))).await?;
    PASS
}

async fn the_browser_can_begin_again(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    client.must(leaving(&client)).await?;
    let again = lab.client_in(client.browser()).await?;
    check!(again.client_id() != client.client_id(), "the same client id again");
    again.subscribe(lab.channel("/a")).await?;
    PASS
}

async fn another_session_of_the_browser_goes_on(lab: Lab) -> Outcome {
    let one = lab.client().await?;
    let two = lab.client_in(one.browser()).await?;
    one.must(leaving(&one)).await?;
    two.subscribe(lab.channel("/a")).await?;
    PASS
}

async fn a_session_that_never_connected_can_leave(lab: Lab) -> Outcome {
    let client = lab.shaken().await?;
    client.must(leaving(&client)).await?;
    PASS
}
