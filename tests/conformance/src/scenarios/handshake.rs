//! `/meta/handshake`: how a session begins.
//!
//! Specified: Bayeux 1.0, "Handshake request" and "Handshake response".

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::{having, lacking};
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::verdict::{Outcome, PASS, check, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = scenarios! { "handshake";
        "H1" Required success_has_every_mandatory_member;
        "H1" Required the_answer_is_an_array_of_one;
        "H1" Required the_id_comes_back;
        "H1" Required the_version_is_1_0;
        "H1" Expected the_client_id_is_a_text_of_20_characters_or_more;
        "H1" Varies minimum_version_in_the_reply;
        "H1" Expected the_advice_says_retry;
        "H1" Expected the_advice_has_interval_and_timeout;
        "H2" Required the_types_name_this_transport;
        "H2" Varies the_types_are_the_servers_or_the_intersection;
        "H4" Varies without_version;
        "H5" Varies version_2_0;
        "H5" Varies minimum_version_beyond_the_servers;
        "H6" Varies without_connection_types;
        "H7" Varies no_connection_type_in_common;
        "H7" Required an_unknown_type_beside_a_known_one_does_no_harm;
        "H8" Expected no_id_in_no_id_out;
        "H9" Varies a_number_as_id;
        "H10" Varies an_id_with_a_hyphen;
        "H11" Expected a_client_id_in_the_request_is_not_taken_over;
        "H12" Required two_clients_have_two_ids;
        "H13" Expected a_browser_can_shake_hands_again_and_keep_its_older_session;
        "H21" Required two_handshakes_in_one_body_give_one_session_or_none, on(On::Polling);
        "H22" Required what_comes_with_a_handshake_is_ignored, on(On::Polling);
        "H23" Want a_handshake_behind_another_message_breaks_nothing, on(On::Polling);
        "H24" Expected an_unknown_extension_is_not_echoed;
        "H25" Expected ext_that_is_no_object_does_no_harm;
        "H27" Expected advice_in_the_request_leaves_the_servers_alone;
        "H29" Expected publishing_before_the_first_connect_works;
        "H30" Expected a_subscription_before_the_first_connect_counts;
        "H32" Required ids_of_many_sessions_are_distinct;
        "H32" Expected ids_share_no_long_beginning_or_end;
        "H1" Expected unknown_members_are_ignored;
    };
    let odd = [
        ("version", json!(1), "a_number_as_version"),
        ("version", Value::Null, "null_as_version"),
        ("supportedConnectionTypes", json!("long-polling"), "a_text_as_connection_types"),
        ("supportedConnectionTypes", json!([1, null]), "odd_elements_of_connection_types"),
        ("supportedConnectionTypes", json!([]), "no_connection_types"),
        ("ext", Value::Null, "null_as_ext"),
        ("ext", json!([]), "an_array_as_ext"),
        ("advice", json!("x"), "a_text_as_advice"),
        ("clientId", json!(5), "a_number_as_client_id"),
        ("id", Value::Null, "null_as_id"),
        ("id", json!({}), "an_object_as_id"),
    ];
    for (member, value, name) in odd {
        let name = format!("{name}_gets_a_reply");
        list.push(Scenario::new("handshake", "H39", crate::Expectation::Want, name, move |lab| {
            odd_member_gets_a_reply(lab, member, value.clone())
        }));
    }
    list
}

async fn success_has_every_mandatory_member(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(client.handshake()).await?;
    for name in ["channel", "version", "supportedConnectionTypes", "clientId", "successful"] {
        check!(reply.has(name), "no {name}: {}", reply.raw);
    }
    check!(reply.channel() == "/meta/handshake", "channel {}", reply.channel());
    PASS
}

async fn the_answer_is_an_array_of_one(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let answer = client.send(&[client.handshake()]).await?;
    answer.only()?;
    PASS
}

async fn the_id_comes_back(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(having(client.handshake(), "id", "abc7")).await?;
    check!(*reply.at(&["id"]) == "abc7", "another id: {}", reply.raw);
    PASS
}

async fn the_version_is_1_0(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(client.handshake()).await?;
    check!(*reply.at(&["version"]) == "1.0", "another version: {}", reply.raw);
    PASS
}

async fn the_client_id_is_a_text_of_20_characters_or_more(lab: Lab) -> Outcome {
    let client = lab.shaken().await?;
    let id = client.client_id().unwrap_or_default();
    check!(id.len() >= 20, "the client id {id:?} has {} characters", id.len());
    PASS
}

async fn minimum_version_in_the_reply(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(client.handshake()).await?;
    match reply.at(&["minimumVersion"]) {
        Value::Null => varies("absent"),
        Value::String(version) => varies(version.as_str()),
        other => Err(crate::verdict::failed(format!("minimumVersion is {other}"))),
    }
}

async fn the_advice_says_retry(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(client.handshake()).await?;
    check!(*reply.at(&["advice", "reconnect"]) == "retry", "no such advice: {}", reply.raw);
    PASS
}

async fn the_advice_has_interval_and_timeout(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(client.handshake()).await?;
    for name in ["interval", "timeout"] {
        check!(reply.at(&["advice", name]).is_u64(), "advice.{name}: {}", reply.raw);
    }
    PASS
}

async fn the_types_name_this_transport(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(client.handshake()).await?;
    let types = reply.at(&["supportedConnectionTypes"]).as_array().cloned().unwrap_or_default();
    check!(types.contains(&lab.transport().name().into()), "types are {types:?}");
    check!(types.iter().all(Value::is_string), "types are {types:?}");
    PASS
}

async fn the_types_are_the_servers_or_the_intersection(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(client.handshake()).await?;
    let types = reply.at(&["supportedConnectionTypes"]).as_array().map_or(0, Vec::len);
    let offered = lab.target().types.len();
    check!(types > 0, "no types: {}", reply.raw);
    if offered == 1 {
        varies("one type in all")
    } else if types == offered {
        varies("the server's list")
    } else {
        varies("the intersection")
    }
}

/// Tells whether a doubtful handshake was served, and sees that a refusal is a proper one.
async fn served_or_refused(lab: &Lab, request: Value) -> Outcome {
    let client = lab.stranger();
    let reply = client.ask(request).await?;
    if reply.is_success() {
        client.adopt(&reply)?;
        client.first_connect().await?;
        return varies("served");
    }
    check!(reply.is_refusal() && reply.has("error"), "neither served nor refused: {}", reply.raw);
    check!(!reply.has("clientId"), "refused, yet with a clientId: {}", reply.raw);
    varies(format!("refused with {}", reply.error()))
}

async fn without_version(lab: Lab) -> Outcome {
    let request = lacking(lab.stranger().handshake(), "version");
    served_or_refused(&lab, request).await
}

async fn version_2_0(lab: Lab) -> Outcome {
    let request = having(lab.stranger().handshake(), "version", "2.0");
    served_or_refused(&lab, request).await
}

async fn minimum_version_beyond_the_servers(lab: Lab) -> Outcome {
    let request = having(lab.stranger().handshake(), "minimumVersion", "9.0");
    served_or_refused(&lab, request).await
}

async fn without_connection_types(lab: Lab) -> Outcome {
    let request = lacking(lab.stranger().handshake(), "supportedConnectionTypes");
    served_or_refused(&lab, request).await
}

async fn no_connection_type_in_common(lab: Lab) -> Outcome {
    let request = having(lab.stranger().handshake(), "supportedConnectionTypes", json!(["foo"]));
    served_or_refused(&lab, request).await
}

async fn an_unknown_type_beside_a_known_one_does_no_harm(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let types = json!(["foo", lab.transport().name()]);
    client.must(having(client.handshake(), "supportedConnectionTypes", types)).await?;
    PASS
}

async fn no_id_in_no_id_out(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(lacking(client.handshake(), "id")).await?;
    check!(!reply.has("id"), "an id out of nowhere: {}", reply.raw);
    PASS
}

async fn a_number_as_id(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.ask(having(client.handshake(), "id", 17)).await?;
    match reply.at(&["id"]) {
        Value::String(id) if id == "17" => varies("comes back as text"),
        Value::Number(id) if id.as_u64() == Some(17) => varies("comes back as a number"),
        other if reply.is_refusal() => varies(format!("refused, id {other}")),
        other => Err(crate::verdict::failed(format!("comes back as {other}"))),
    }
}

async fn an_id_with_a_hyphen(lab: Lab) -> Outcome {
    let request = having(lab.stranger().handshake(), "id", "a-b");
    served_or_refused(&lab, request).await
}

async fn a_client_id_in_the_request_is_not_taken_over(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply =
        client.must(having(client.handshake(), "clientId", "abcdefghijklmnopqrstuv")).await?;
    let id = reply.at(&["clientId"]).as_str().unwrap_or_default();
    check!(!id.is_empty() && id != "abcdefghijklmnopqrstuv", "the client chose its id: {id}");
    PASS
}

async fn two_clients_have_two_ids(lab: Lab) -> Outcome {
    let (one, two) = (lab.shaken().await?, lab.shaken().await?);
    check!(one.client_id() != two.client_id(), "both are {:?}", one.client_id());
    PASS
}

async fn a_browser_can_shake_hands_again_and_keep_its_older_session(lab: Lab) -> Outcome {
    let old = lab.client().await?;
    let new = lab.client_in(old.browser()).await?;
    check!(old.client_id() != new.client_id(), "the same client id again");
    old.subscribe(lab.channel("/a")).await?;
    new.subscribe(lab.channel("/a")).await?;
    PASS
}

async fn two_handshakes_in_one_body_give_one_session_or_none(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let body = Value::from(vec![client.handshake(), client.handshake()]).to_string();
    let answer = client.post(body).await?;
    check!(answer.status < 500, "HTTP status {}", answer.status);
    let sessions = answer.replies().iter().filter(|reply| reply.is_success()).count();
    check!(sessions <= 1, "{sessions} sessions");
    PASS
}

async fn what_comes_with_a_handshake_is_ignored(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let sub = client.subscription(lab.channel("/a"));
    let body = Value::from(vec![client.handshake(), sub]).to_string();
    let answer = client.post(body).await?;
    check!(answer.status < 500, "HTTP status {}", answer.status);
    let channels: Vec<_> =
        answer.replies().iter().map(|reply| reply.channel().to_owned()).collect();
    check!(channels.iter().all(|channel| channel == "/meta/handshake"), "replies on {channels:?}");
    PASS
}

async fn a_handshake_behind_another_message_breaks_nothing(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let sub = client.subscription(lab.channel("/a"));
    let body = Value::from(vec![sub, client.handshake()]).to_string();
    let answer = client.post(body).await?;
    check!(answer.status < 500, "HTTP status {}", answer.status);
    client.subscribe(lab.channel("/b")).await?;
    PASS
}

async fn an_unknown_extension_is_not_echoed(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let reply = client.must(having(client.handshake(), "ext", json!({"foo": 1}))).await?;
    check!(reply.at(&["ext", "foo"]).is_null(), "echoed: {}", reply.raw);
    PASS
}

async fn ext_that_is_no_object_does_no_harm(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.must(having(client.handshake(), "ext", "notobject")).await?;
    PASS
}

async fn advice_in_the_request_leaves_the_servers_alone(lab: Lab) -> Outcome {
    let client = lab.stranger();
    let plain = client.must(client.handshake()).await?;
    let asked = json!({"timeout": 61_000, "interval": 3});
    let reply = client.must(having(client.handshake(), "advice", asked)).await?;
    check!(reply.at(&["advice"]) == plain.at(&["advice"]), "advice differs: {}", reply.raw);
    PASS
}

async fn publishing_before_the_first_connect_works(lab: Lab) -> Outcome {
    let (channel, publisher) = (lab.channel("/a"), lab.shaken().await?);
    let subscriber = lab.client().await?;
    subscriber.subscribe(channel.as_str()).await?;
    publisher.publish(&channel, 1).await?;
    subscriber.receive_one().await?;
    PASS
}

async fn a_subscription_before_the_first_connect_counts(lab: Lab) -> Outcome {
    let (channel, subscriber) = (lab.channel("/a"), lab.shaken().await?);
    subscriber.subscribe(channel.as_str()).await?;
    let publisher = lab.client().await?;
    publisher.publish(&channel, 1).await?;
    subscriber.receive_one().await?;
    PASS
}

async fn ids_of_many_sessions_are_distinct(lab: Lab) -> Outcome {
    let ids = many_ids(&lab, 100).await?;
    let distinct: BTreeSet<_> = ids.iter().collect();
    check!(distinct.len() == ids.len(), "{} ids for {} sessions", distinct.len(), ids.len());
    PASS
}

async fn ids_share_no_long_beginning_or_end(lab: Lab) -> Outcome {
    let ids = many_ids(&lab, 24).await?;
    for (place, one) in ids.iter().enumerate() {
        for two in ids.iter().skip(place + 1) {
            let same = |pair: &(char, char)| pair.0 == pair.1;
            let beginning = one.chars().zip(two.chars()).take_while(same).count();
            let end = one.chars().rev().zip(two.chars().rev()).take_while(same).count();
            let half = one.len() / 2;
            check!(beginning < half && end < half, "{one} and {two} are much alike");
        }
    }
    PASS
}

async fn many_ids(lab: &Lab, count: usize) -> Result<Vec<String>, crate::verdict::Stop> {
    let client = lab.stranger();
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        let request = lacking(client.handshake(), "clientId");
        let reply = client.ask(request).await?;
        client.adopt(&reply)?;
        ids.extend(client.client_id());
    }
    Ok(ids)
}

async fn unknown_members_are_ignored(lab: Lab) -> Outcome {
    let client = lab.stranger();
    client.must(having(client.handshake(), "somethingElse", json!({"a": [1]}))).await?;
    PASS
}

/// A handshake with a member of a wrong type is answered by a message, served or refused.
async fn odd_member_gets_a_reply(lab: Lab, member: &'static str, value: Value) -> Outcome {
    let client = lab.stranger();
    let answer =
        client.post(Value::from(vec![having(client.handshake(), member, value)]).to_string());
    let answer = answer.await?;
    let reply = answer.reply("/meta/handshake")?;
    check!(reply.is_success() || reply.has("error"), "a refusal without error: {}", reply.raw);
    PASS
}
