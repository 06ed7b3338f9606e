//! Refusals: their grammar, their codes, their spelling.
//!
//! Specified: Bayeux 1.0, "error": a code of three digits, arguments, a text. The texts vary by
//! server; clients should look at the code.

use serde_json::{Value, json};

use crate::Expectation::{Required, Varies};
use crate::client::{Client, having, lacking};
use crate::lab::Lab;
use crate::scenario::Scenario;
use crate::verdict::{Outcome, PASS, check, skipped, varies};

/// A way to be refused.
type Refused = fn(&Client, &Lab) -> Value;

/// Observation, name and request, sent by a client with a session; and whether any server may accept it.
const REQUESTS: [(&str, &str, Refused, bool); 14] = [
    (
        "H52",
        "unknown_client_on_connect",
        |c, _| having(c.connect(Value::Null), "clientId", "nope"),
        false,
    ),
    (
        "H98",
        "unknown_client_on_subscribe",
        |c, lab| having(c.subscription(lab.channel("/a")), "clientId", "nope"),
        false,
    ),
    (
        "H98",
        "unknown_client_on_unsubscribe",
        |c, lab| having(c.unsubscription(lab.channel("/a")), "clientId", "nope"),
        false,
    ),
    (
        "H119",
        "unknown_client_on_publish",
        |c, lab| having(c.publication(&lab.channel("/a"), 1), "clientId", "nope"),
        true,
    ),
    (
        "H72",
        "unknown_client_on_disconnect",
        |c, _| having(c.message("/meta/disconnect", Value::Null), "clientId", "nope"),
        false,
    ),
    ("H53", "no_client_id_on_connect", |c, _| lacking(c.connect(Value::Null), "clientId"), false),
    (
        "H98",
        "no_client_id_on_subscribe",
        |c, lab| lacking(c.subscription(lab.channel("/a")), "clientId"),
        false,
    ),
    ("H86", "no_subscription", |c, _| c.message("/meta/subscribe", Value::Null), false),
    ("H87", "a_number_as_subscription", |c, _| c.subscription(5), false),
    ("H88", "a_subscription_without_slash", |c, _| c.subscription("a"), false),
    ("H94", "a_subscription_to_a_meta_channel", |c, _| c.subscription("/meta/connect"), false),
    ("H95", "a_subscription_to_an_unknown_meta_channel", |c, _| c.subscription("/meta/foo"), false),
    ("H124", "a_publish_to_an_unknown_meta_channel", |c, _| c.publication("/meta/foo", 1), false),
    ("H123", "a_publish_without_slash", |c, _| c.publication("foo", 1), true),
];

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = Vec::new();
    for (observation, name, request, optional) in REQUESTS {
        let title = format!("grammar_for_{name}");
        list.push(Scenario::new("errors", observation, Required, title, move |lab| {
            has_the_grammar(lab, request, optional)
        }));
        let title = format!("spelling_for_{name}");
        list.push(Scenario::new("errors", observation, Varies, title, move |lab| {
            spelling(lab, request)
        }));
    }
    list.push(Scenario::new(
        "errors",
        "H95",
        Required,
        "a_refusal_has_channel_and_id",
        refusal_has_channel_and_id,
    ));
    list.push(Scenario::new(
        "errors",
        "H52",
        Required,
        "a_success_has_no_error",
        success_has_no_error,
    ));
    list
}

async fn has_the_grammar(lab: Lab, request: Refused, optional: bool) -> Outcome {
    let client = lab.client().await?;
    let reply = client.ask(request(&client, &lab)).await?;
    if optional && reply.is_success() {
        return Err(skipped("accepted, so nothing is refused"));
    }
    check!(reply.is_refusal(), "not refused: {}", reply.raw);
    let mut parts = reply.error().splitn(3, ':');
    let code = parts.next().unwrap_or_default();
    let digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    check!(digits, "no code of three digits: {:?}", reply.error());
    let rest: Vec<_> = parts.collect();
    check!(rest.len() == 2, "not code:arguments:text: {:?}", reply.error());
    check!(rest.last().is_some_and(|text| !text.is_empty()), "no text: {:?}", reply.error());
    PASS
}

async fn spelling(lab: Lab, request: Refused) -> Outcome {
    let client = lab.client().await?;
    let request = request(&client, &lab);
    let answer = client.post(Value::from(vec![request]).to_string()).await?;
    if answer.status != 200 {
        check!((400..600).contains(&answer.status), "HTTP {}", answer.status);
        return varies(format!("HTTP {}", answer.status));
    }
    let reply = answer.only()?;
    if reply.is_success() {
        return varies("accepted");
    }
    check!(reply.has("error"), "neither accepted nor refused: {}", reply.raw);
    // The names of this run would make every report differ.
    let own = client.client_id().unwrap_or_default();
    varies(reply.error().replace(&lab.channel(""), "").replace(&own, "ID"))
}

async fn refusal_has_channel_and_id(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let request = having(client.subscription("/meta/foo"), "id", "err4");
    let reply = client.refused(request).await?;
    check!(reply.channel() == "/meta/subscribe", "another channel: {}", reply.raw);
    check!(*reply.at(&["id"]) == "err4", "another id: {}", reply.raw);
    PASS
}

async fn success_has_no_error(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let replies = [
        client.must(client.connect(json!({"timeout": 0}))).await?,
        client.must(client.subscription(lab.channel("/a"))).await?,
        client.must(client.publication(&lab.channel("/b"), 1)).await?,
        client.must(client.unsubscription(lab.channel("/a"))).await?,
        client.must(client.message("/meta/disconnect", Value::Null)).await?,
    ];
    for reply in replies {
        check!(!reply.has("error"), "successful with an error: {}", reply.raw);
    }
    PASS
}
