//! How long sessions live.
//!
//! Observed. A server forgets a client that does not connect; when, it need not say, so that the
//! scenarios of expiry want the target's `maxInterval` from the command line.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::lab::Lab;
use crate::scenario::{Scenario, scenarios};
use crate::verdict::{Outcome, PASS, check, skipped};

pub(super) fn scenarios() -> Vec<Scenario> {
    scenarios! { "lifecycle";
        "H237" Expected a_silent_session_expires;
        "H237" Expected an_expired_client_is_told_to_shake_hands;
        "H28" Expected a_session_that_never_connected_expires;
        "H239" Required a_held_connect_keeps_the_session;
        "H238" Expected publishing_keeps_the_session;
        "H240" Expected a_connect_just_in_time_keeps_the_session;
        "H241" Expected the_clients_interval_is_waited_for;
        "H31" Expected an_expired_browser_can_begin_again;
        "H110" Required an_expired_subscription_does_not_come_back;
        "H237" Expected a_message_does_not_keep_a_silent_subscriber;
        "H155" Expected an_expired_publisher_is_refused;
        "H61" Expected a_cut_hold_is_the_beginning_of_silence;
        "H62" Required fifty_sessions_of_one_client_do_not_disturb_each_other;
        "H426" Expected five_hundred_subscribes_and_unsubscribes;
        "H258" Expected five_hundred_service_names_do_no_harm;
    }
}

async fn a_silent_session_expires(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let client = lab.client().await?;
    sleep(expiry).await;
    client.refused(client.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn an_expired_client_is_told_to_shake_hands(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let client = lab.client().await?;
    sleep(expiry).await;
    let reply = client.refused(client.connect(json!({"timeout": 0}))).await?;
    check!(*reply.at(&["advice", "reconnect"]) == "handshake", "not told so: {}", reply.raw);
    PASS
}

async fn a_session_that_never_connected_expires(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let client = lab.shaken().await?;
    sleep(expiry).await;
    client.refused(client.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn a_held_connect_keeps_the_session(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let client = lab.client().await?;
    let hold = u64::try_from(expiry.as_millis()).unwrap_or(0) + 1000;
    let mut waited = Duration::ZERO;
    // Where the server grants less than was asked for, the next connect follows at once.
    while waited < expiry {
        let held = client.hold_with(client.connect(json!({"timeout": hold}))).await?;
        let answer = held.answer(expiry + Duration::from_secs(3)).await?;
        check!(answer.reply("/meta/connect")?.is_success(), "expired: {}", answer.body);
        waited += answer.took;
    }
    PASS
}

async fn publishing_keeps_the_session(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let client = lab.client().await?;
    let step = lab.target().max_interval.unwrap_or_default().mul_f32(0.5);
    let mut waited = Duration::ZERO;
    while waited < expiry {
        sleep(step).await;
        waited += step;
        client.publish(&lab.channel("/a"), 1).await?;
    }
    client.must(client.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn a_connect_just_in_time_keeps_the_session(lab: Lab) -> Outcome {
    lab.expiry()?;
    let client = lab.client().await?;
    let nearly = lab.target().max_interval.unwrap_or_default() + lab.target().interval;
    for _ in 0..2 {
        sleep(nearly.saturating_sub(Duration::from_millis(700))).await;
        client.must(client.connect(json!({"timeout": 0}))).await?;
    }
    PASS
}

async fn the_clients_interval_is_waited_for(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let interval = Duration::from_millis(2500);
    if expiry + interval > lab.limit() {
        return Err(skipped("the wait is beyond --patience-ms"));
    }
    let client = lab.client().await?;
    client.must(client.connect(json!({"timeout": 0, "interval": 2500}))).await?;
    // Past the server's own limit and within the client's.
    let known = lab.target().max_interval.unwrap_or_default();
    sleep(known + Duration::from_millis(1800)).await;
    client.must(client.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn an_expired_browser_can_begin_again(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let client = lab.client().await?;
    sleep(expiry).await;
    let again = lab.client_in(client.browser()).await?;
    check!(again.client_id() != client.client_id(), "the same client id again");
    again.subscribe(lab.channel("/a")).await?;
    PASS
}

async fn an_expired_subscription_does_not_come_back(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    client.subscribe(channel.as_str()).await?;
    sleep(expiry).await;
    let again = lab.client_in(client.browser()).await?;
    let publisher = lab.client().await?;
    publisher.publish(&channel, 1).await?;
    let count = again.rest(&publisher).await?.len();
    check!(count == 0, "{count} messages");
    PASS
}

async fn a_message_does_not_keep_a_silent_subscriber(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let channel = lab.channel("/a");
    let (subscriber, _) = lab.pair(&channel).await?;
    let begun = crate::clock::now();
    while begun.elapsed() < expiry {
        let publisher = lab.shaken().await?;
        publisher.publish(&channel, 1).await?;
        sleep(Duration::from_millis(500)).await;
    }
    subscriber.refused(subscriber.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn an_expired_publisher_is_refused(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let client = lab.client().await?;
    sleep(expiry).await;
    client.refused(client.publication(&lab.channel("/a"), 1)).await?;
    PASS
}

async fn a_cut_hold_is_the_beginning_of_silence(lab: Lab) -> Outcome {
    let expiry = lab.expiry()?;
    let hold = lab.whole_hold()?;
    if hold + expiry > lab.limit() {
        return Err(skipped("the wait is beyond --patience-ms"));
    }
    let client = lab.client().await?;
    client.hold().await?.cut().await;
    // A server that does not see the cut counts from the end of the hold.
    sleep(hold + expiry).await;
    client.refused(client.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn fifty_sessions_of_one_client_do_not_disturb_each_other(lab: Lab) -> Outcome {
    let mut clients = Vec::new();
    for number in 0..50 {
        let client = lab.shaken().await?;
        client.subscribe(lab.channel(&format!("/{number}"))).await?;
        clients.push(client);
    }
    let publisher = lab.client().await?;
    publisher.publish(&lab.channel("/31"), 1).await?;
    for (number, client) in clients.iter().enumerate() {
        if number == 31 {
            client.receive_one().await?;
        } else {
            let answer = client.send(&[client.connect(json!({"timeout": 0}))]).await?;
            check!(answer.events().is_empty(), "client {number} received {}", answer.body);
        }
    }
    PASS
}

async fn five_hundred_subscribes_and_unsubscribes(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    for block in 0..25 {
        let names: Vec<_> = (0..20).map(|n| lab.channel(&format!("/{block}/{n}"))).collect();
        client.subscribe(json!(names)).await?;
        client.must(client.unsubscription(json!(names))).await?;
    }
    client.publish(&lab.channel("/0/0"), 1).await?;
    let received = client.rest(&lab.client().await?).await?;
    check!(received.is_empty(), "{} messages", received.len());
    PASS
}

async fn five_hundred_service_names_do_no_harm(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    for block in 0..25 {
        let own = lab.channel("");
        let body: Vec<Value> =
            (0..20).map(|n| client.publication(&format!("/service{own}/{block}/{n}"), 1)).collect();
        let answer = client.send(&body).await?;
        check!(answer.replies().len() == 20, "{} replies", answer.replies().len());
    }
    client.publish(&lab.channel("/a"), 1).await?;
    PASS
}
