//! Whose session it is: client ids, cookies, other transports.
//!
//! Observed. A client id is the key to a session; servers differ in what else they ask for.

use serde_json::{Value, json};

use crate::cookies::Browser;
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::transport::Transport;
use crate::verdict::{Outcome, PASS, check, failed, skipped, varies};

pub(super) fn scenarios() -> Vec<Scenario> {
    let long_polling = On::Only(Transport::LongPolling);
    let mut list = scenarios! { "binding";
        "H54 H225" Varies a_stolen_client_id_without_the_cookie, on(On::Polling);
        "H55 H154" Varies a_stolen_client_id_with_another_cookie, on(On::Polling);
        "H225" Required a_refused_thief_leaves_the_owner_alone, on(On::Polling);
        "H226" Expected a_foreign_id_in_the_second_place_is_refused;
        "H108" Expected two_sessions_of_a_browser_do_not_mix;
        "H234" Required a_message_never_tells_a_client_id;
        "H236" Expected a_new_session_of_the_same_browser_is_another;
        "H359" Expected a_new_connection_with_the_same_cookie_goes_on, on(On::Polling);
        "H359" Expected subscriptions_survive_a_new_connection, on(On::Polling);
        "H232" Varies two_cookies_of_that_name, on(long_polling);
        "H233" Varies a_quoted_cookie, on(long_polling);
        "H231" Varies a_long_polling_session_over_websocket, on(long_polling);
        "H217" Varies a_long_polling_session_over_callback_polling, on(long_polling);
        "H54" Required a_client_without_cookies_is_served_or_told, on(long_polling);
        "H225" Required guessing_a_neighbour_fails;
    };
    list.push(Scenario::new(
        "binding",
        "H52",
        crate::Expectation::Required,
        "case_of_a_client_id_matters",
        |lab| {
            altered_id_is_unknown(lab, |id| {
                let upper = id.to_uppercase();
                if upper == id { id.to_lowercase() } else { upper }
            })
        },
    ));
    for (name, alter) in [
        (
            "a_shortened_client_id_is_unknown",
            (|id: &str| id[..id.len() - 1].to_owned()) as fn(&str) -> String,
        ),
        ("a_lengthened_client_id_is_unknown", |id: &str| format!("{id}0")),
        ("a_client_id_with_a_blank_is_unknown", |id: &str| format!("{id} ")),
        ("a_client_id_with_a_nul_is_unknown", |id: &str| format!("{id}\0")),
    ] {
        list.push(Scenario::new(
            "binding",
            "H52",
            crate::Expectation::Required,
            name,
            move |lab| altered_id_is_unknown(lab, alter),
        ));
    }
    list
}

async fn altered_id_is_unknown(lab: Lab, alter: fn(&str) -> String) -> Outcome {
    let client = lab.client().await?;
    let own = client.client_id().unwrap_or_default();
    let altered = alter(&own);
    if altered == own {
        return Err(skipped("the client id has no letters"));
    }
    let request = crate::client::having(client.connect(json!({"timeout": 0})), "clientId", altered);
    client.refused(request).await?;
    PASS
}

/// Lets a thief try every kind of message: all served, all refused, or a mixture.
async fn thief_is(thief: &crate::client::Client, lab: &Lab) -> Outcome {
    let requests = [
        thief.connect(json!({"timeout": 0})),
        thief.subscription(lab.channel("/s")),
        thief.publication(&lab.channel("/p"), 1),
    ];
    let mut served = 0;
    let mut error = String::new();
    for request in requests {
        let reply = thief.ask(request).await?;
        served += usize::from(reply.is_success());
        if reply.is_refusal() {
            reply.error().clone_into(&mut error);
        }
    }
    match served {
        0 => varies(format!("refused with {}", error.split(':').next().unwrap_or_default())),
        3 => varies("served: the client id is enough"),
        _ => varies("partly served"),
    }
}

async fn a_stolen_client_id_without_the_cookie(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    thief_is(&client.thief(), &lab).await
}

async fn a_stolen_client_id_with_another_cookie(lab: Lab) -> Outcome {
    let (client, other) = (lab.client().await?, lab.client().await?);
    thief_is(&client.seen_from(other.browser()), &lab).await
}

async fn a_refused_thief_leaves_the_owner_alone(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (owner, publisher) = lab.pair(&channel).await?;
    let thief = owner.thief();
    let reply = thief.ask(thief.message("/meta/disconnect", Value::Null)).await?;
    if reply.is_success() {
        return Err(skipped("the client id is enough here"));
    }
    publisher.publish(&channel, 1).await?;
    owner.receive_one().await?;
    PASS
}

async fn a_foreign_id_in_the_second_place_is_refused(lab: Lab) -> Outcome {
    let (victim, attacker) = (lab.client().await?, lab.client().await?);
    let channel = lab.channel("/private");
    let own = attacker.publication(&lab.channel("/x"), 1);
    let mut foreign = attacker.subscription(channel.as_str());
    crate::client::with(&mut foreign, "clientId", victim.client_id().unwrap_or_default());
    let answer = attacker.send(&[own, foreign]).await?;
    check!(answer.reply("/meta/subscribe")?.is_refusal(), "it acts for another: {}", answer.body);
    PASS
}

async fn two_sessions_of_a_browser_do_not_mix(lab: Lab) -> Outcome {
    let (a, b) = (lab.channel("/a"), lab.channel("/b"));
    let (one, publisher) = lab.pair(&a).await?;
    let two = lab.client_in(one.browser()).await?;
    two.subscribe(b.as_str()).await?;
    publisher.publish(&a, 1).await?;
    publisher.publish(&b, 2).await?;
    let (one, two) = (one.rest(&publisher).await?, two.rest(&publisher).await?);
    let data = |events: &[crate::answer::Received]| -> Vec<String> {
        events.iter().filter_map(|event| event.data()).map(str::to_owned).collect()
    };
    check!(data(&one) == ["1"] && data(&two) == ["2"], "{:?} and {:?}", data(&one), data(&two));
    PASS
}

async fn a_message_never_tells_a_client_id(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let request = publisher.message(&channel, json!({"data": 1, "ext": {"x": 1}}));
    publisher.must(request).await?;
    let event = subscriber.receive_one().await?;
    let secret = publisher.client_id().unwrap_or_default();
    check!(!event.raw.contains(&secret), "it does: {}", event.raw);
    PASS
}

async fn a_new_session_of_the_same_browser_is_another(lab: Lab) -> Outcome {
    let old = lab.client().await?;
    old.leave().await;
    let new = lab.client_in(old.browser()).await?;
    check!(old.client_id() != new.client_id(), "the same client id");
    old.refused(old.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn a_new_connection_with_the_same_cookie_goes_on(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let double = client.double();
    double.must(double.connect(json!({"timeout": 0}))).await?;
    PASS
}

async fn subscriptions_survive_a_new_connection(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (client, publisher) = lab.pair(&channel).await?;
    let double = client.double();
    drop(client);
    publisher.publish(&channel, 1).await?;
    double.receive_one().await?;
    PASS
}

/// The name of the browser cookie and the value that this browser was given.
fn cookie_of(lab: &Lab, browser: &Browser) -> Result<(String, String), crate::verdict::Stop> {
    let name = lab.target().cookie.clone().ok_or_else(|| skipped("no cookie is set"))?;
    let header = browser.header().unwrap_or_default();
    let value = header.split("; ").find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    let value = value.ok_or_else(|| failed("the cookie was not set"))?.to_owned();
    Ok((name, value))
}

/// Connects with a `Cookie` header of the scenario's own.
async fn connects_with(
    lab: &Lab,
    client: &crate::client::Client,
    cookies: &str,
) -> Result<bool, crate::verdict::Stop> {
    let body = Value::from(vec![client.connect(json!({"timeout": 0}))]).to_string();
    let request = crate::http::Request::json(&lab.target().endpoint.path, body);
    let response = lab.request(&request.header("Cookie", cookies)).await?;
    check!(response.status == 200, "HTTP {}", response.status);
    let replies: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    Ok(replies[0]["successful"] == true)
}

async fn two_cookies_of_that_name(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let (name, value) = cookie_of(&lab, client.browser())?;
    let first = connects_with(&lab, &client, &format!("{name}={value}; {name}=other")).await?;
    let last = connects_with(&lab, &client, &format!("{name}=other; {name}={value}")).await?;
    varies(match (first, last) {
        (true, true) => "either will do",
        (true, false) => "the first one counts",
        (false, true) => "the last one counts",
        (false, false) => "refused",
    })
}

async fn a_quoted_cookie(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let (name, value) = cookie_of(&lab, client.browser())?;
    let served = connects_with(&lab, &client, &format!("{name}=\"{value}\"")).await?;
    varies(if served { "unquoted" } else { "taken with its quotes" })
}

async fn over(lab: Lab, transport: Transport) -> Outcome {
    lab.needs(transport)?;
    let client = lab.client().await?;
    let wire = lab.wire_of(transport, client.browser());
    let other = crate::client::Client::new(lab.clone(), wire, client.browser().clone());
    let request = crate::client::having(
        other.message("/meta/connect", json!({"connectionType": transport.name()})),
        "clientId",
        client.client_id().unwrap_or_default(),
    );
    let request = crate::client::having(request, "advice", json!({"timeout": 0}));
    let reply = other.ask(request).await?;
    if reply.is_success() {
        return varies("served");
    }
    check!(*reply.at(&["advice", "reconnect"]) == "handshake", "not told: {}", reply.raw);
    varies(format!("refused with {}", reply.code()))
}

async fn a_long_polling_session_over_websocket(lab: Lab) -> Outcome {
    over(lab, Transport::WebSocket).await
}

async fn a_long_polling_session_over_callback_polling(lab: Lab) -> Outcome {
    over(lab, Transport::CallbackPolling).await
}

async fn a_client_without_cookies_is_served_or_told(lab: Lab) -> Outcome {
    let path = lab.target().endpoint.path.clone();
    let shaken = crate::http::Request::json(&path, super::framing::HANDSHAKE);
    let response = lab.request(&shaken).await?;
    let replies: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let client = lab.stranger();
    let request = crate::client::having(
        client.connect(json!({"timeout": 0})),
        "clientId",
        replies[0]["clientId"].clone(),
    );
    let reply = client.ask(request).await?;
    let told = *reply.at(&["advice", "reconnect"]) == "handshake";
    check!(reply.is_success() || told, "neither served nor told: {}", reply.raw);
    PASS
}

async fn guessing_a_neighbour_fails(lab: Lab) -> Outcome {
    let (one, _neighbour) = (lab.client().await?, lab.client().await?);
    let own = one.client_id().unwrap_or_default();
    for last in ["0", "1", "a", "z"] {
        let guess = format!("{}{last}", own.get(..own.len() - 1).unwrap_or_default());
        if guess != own {
            let request =
                crate::client::having(one.connect(json!({"timeout": 0})), "clientId", guess);
            one.refused(request).await?;
        }
    }
    PASS
}
