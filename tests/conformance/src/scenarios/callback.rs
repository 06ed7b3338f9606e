//! Callback-polling by itself: scripts, callbacks, queries.
//!
//! Specified: Bayeux 1.0, "callback-polling". The neutral scenarios run on this transport too.

use serde_json::Value;

use super::framing::HANDSHAKE;
use crate::Expectation::{Expected, Required};
use crate::http::{Request, Response};
use crate::lab::Lab;
use crate::scenario::{On, Scenario, scenarios};
use crate::transport::Transport;
use crate::verdict::{Outcome, PASS, Stop, check, failed, varies};
use crate::wire::encoded;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = scenarios! { "callback";
        "H206" Required a_script_calls_the_function_once;
        "H206" Required the_response_says_javascript;
        "H221" Varies what_stands_around_the_call;
        "H211" Want no_message_is_a_client_error;
        "H211" Varies no_callback;
        "H208" Varies an_empty_callback;
        "H210" Varies two_callbacks;
        "H212" Expected two_messages_are_one_body;
        "H213" Expected a_bare_object_is_served;
        "H214" Expected broken_json_is_a_client_error;
        "H209" Expected a_callback_of_64_characters_is_served;
        "H209" Varies a_callback_of_65_characters;
        "H216" Varies the_way_of_an_own_message;
        "H217" Varies a_long_polling_session;
        "H219" Want line_separators_are_escaped;
        "H220" Expected a_head_is_a_client_error;
        "H223" Expected a_post_with_a_callback_is_long_polling;
        "H206" Want the_script_is_not_to_be_sniffed;
    };
    for (name, callback) in [
        ("parentheses", "cb(1)"),
        ("a_less_than", "cb<x"),
        ("a_blank", "a b"),
        ("a_semicolon", "a;b"),
        ("a_quote", "a'b"),
        ("a_newline", "a\nb"),
        ("markup", "<script>alert(1)</script>"),
        ("a_letter_outside_ascii", "\u{e9}"),
    ] {
        let title = format!("{name}_as_callback_is_a_client_error");
        list.push(Scenario::new("callback", "H208", Required, title, move |lab| async move {
            let response = get(&lab, callback, HANDSHAKE).await?;
            check!((400..500).contains(&response.status), "HTTP {}", response.status);
            PASS
        }));
    }
    for (name, callback) in [
        ("a_word", "jsonpcallback"),
        ("a_dotted_path", "window.cometd._callback1"),
        ("digits_and_underscores", "cb_12_3"),
    ] {
        let title = format!("{name}_as_callback_is_served");
        list.push(Scenario::new("callback", "H208", Expected, title, move |lab| async move {
            let response = get(&lab, callback, HANDSHAKE).await?;
            check!(response.status == 200, "HTTP {}", response.status);
            check!(response.text().contains(&format!("{callback}([")), "no call of {callback}");
            PASS
        }));
    }
    let only = On::Only(Transport::CallbackPolling);
    list.into_iter().map(|scenario| scenario.on(only)).collect()
}

async fn query(lab: &Lab, query: &str) -> Result<Response, Stop> {
    let target = format!("{}?{query}", lab.target().endpoint.path);
    lab.request(&Request::new("GET", &target)).await
}

async fn get(lab: &Lab, callback: &str, body: &str) -> Result<Response, Stop> {
    query(lab, &format!("jsonp={}&message={}", encoded(callback), encoded(body))).await
}

async fn a_script_calls_the_function_once(lab: Lab) -> Outcome {
    let response = get(&lab, "cb", HANDSHAKE).await?;
    check!(response.status == 200, "HTTP {}", response.status);
    let text = response.text();
    let json = text.trim_start_matches("/**/").trim_end_matches(';');
    let json = json.strip_prefix("cb(").and_then(|rest| rest.strip_suffix(')'));
    let json = json.ok_or_else(|| failed(format!("no call: {text}")))?;
    let replies: Value = serde_json::from_str(json).map_err(|error| failed(error.to_string()))?;
    check!(replies[0]["successful"] == true, "refused: {replies}");
    PASS
}

async fn the_response_says_javascript(lab: Lab) -> Outcome {
    let response = get(&lab, "cb", HANDSHAKE).await?;
    let kind = response.header("content-type").unwrap_or_default().to_ascii_lowercase();
    check!(kind.contains("javascript"), "Content-Type is {kind:?}");
    PASS
}

async fn what_stands_around_the_call(lab: Lab) -> Outcome {
    let text = get(&lab, "cb", HANDSHAKE).await?.text();
    let before = text.split("cb(").next().unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    varies(format!("{before:?} before, {after:?} behind"))
}

async fn no_message_is_a_client_error(lab: Lab) -> Outcome {
    let response = query(&lab, "jsonp=cb").await?;
    check!((400..500).contains(&response.status), "HTTP {}", response.status);
    PASS
}

async fn no_callback(lab: Lab) -> Outcome {
    let response = query(&lab, &format!("message={}", encoded(HANDSHAKE))).await?;
    match response.status {
        200 => varies(response.text().split('(').next().unwrap_or_default().to_owned()),
        status @ 400..=499 => varies(format!("HTTP {status}")),
        status => Err(failed(format!("HTTP {status}"))),
    }
}

async fn an_empty_callback(lab: Lab) -> Outcome {
    let response = get(&lab, "", HANDSHAKE).await?;
    match response.status {
        200 => varies(format!("taken for the absent one: {:.20}", response.text())),
        status @ 400..=499 => varies(format!("HTTP {status}")),
        status => Err(failed(format!("HTTP {status}"))),
    }
}

async fn two_callbacks(lab: Lab) -> Outcome {
    let response =
        query(&lab, &format!("jsonp=c1&jsonp=c2&message={}", encoded(HANDSHAKE))).await?;
    let text = response.text();
    match response.status {
        200 if text.contains("c1(") => varies("the first one is called"),
        200 if text.contains("c2(") => varies("the last one is called"),
        status @ 400..=499 => varies(format!("HTTP {status}")),
        status => Err(failed(format!("HTTP {status} {text}"))),
    }
}

async fn two_messages_are_one_body(lab: Lab) -> Outcome {
    let client = lab.client().await?;
    let one = Value::from(vec![client.publication(&lab.channel("/a"), 1)]).to_string();
    let two = Value::from(vec![client.publication(&lab.channel("/b"), 2)]).to_string();
    let target = format!(
        "{}?jsonp=cb&message={}&message={}",
        lab.target().endpoint.path,
        encoded(&one),
        encoded(&two)
    );
    let mut request = Request::new("GET", &target);
    if let Some(cookies) = client.browser().header() {
        request = request.header("Cookie", &cookies);
    }
    let response = lab.request(&request).await?;
    let count = response.text().matches("\"successful\":true").count();
    check!(count == 2, "{count} successes");
    PASS
}

async fn a_bare_object_is_served(lab: Lab) -> Outcome {
    let object = HANDSHAKE.trim_start_matches('[').trim_end_matches(']');
    let response = get(&lab, "cb", object).await?;
    check!(response.text().contains("\"successful\":true"), "HTTP {}", response.status);
    PASS
}

async fn broken_json_is_a_client_error(lab: Lab) -> Outcome {
    let response = get(&lab, "cb", "[{").await?;
    check!((400..500).contains(&response.status), "HTTP {}", response.status);
    PASS
}

async fn a_callback_of_64_characters_is_served(lab: Lab) -> Outcome {
    let response = get(&lab, &"c".repeat(64), HANDSHAKE).await?;
    check!(response.status == 200, "HTTP {}", response.status);
    PASS
}

async fn a_callback_of_65_characters(lab: Lab) -> Outcome {
    let response = get(&lab, &"c".repeat(65), HANDSHAKE).await?;
    match response.status {
        200 => varies("served"),
        status @ 400..=499 => varies(format!("HTTP {status}")),
        status => Err(failed(format!("HTTP {status}"))),
    }
}

async fn the_way_of_an_own_message(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let client = lab.client().await?;
    client.subscribe(channel.as_str()).await?;
    let answer = client.send(&[client.publication(&channel, 1)]).await?;
    let with_reply = answer.events().len();
    client.receive_one().await?;
    varies(if with_reply == 0 { "by connects only" } else { "with the publish reply" })
}

async fn a_long_polling_session(lab: Lab) -> Outcome {
    let shaken = lab.client_over(Transport::LongPolling).await?;
    let client = shaken.seen_from(shaken.browser());
    let reply = client.ask(client.connect(serde_json::json!({"timeout": 0}))).await?;
    varies(if reply.is_success() { "served".to_owned() } else { reply.error().to_owned() })
}

async fn line_separators_are_escaped(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    publisher.publish(&channel, "a\u{2028}b\u{2029}c").await?;
    let event = subscriber.receive_one().await?;
    check!(!event.raw.contains(['\u{2028}', '\u{2029}']), "old engines stop at these");
    check!(*event.at(&["data"]) == "a\u{2028}b\u{2029}c", "it came as {:?}", event.data());
    PASS
}

async fn a_head_is_a_client_error(lab: Lab) -> Outcome {
    let target = format!("{}?jsonp=cb&message={}", lab.target().endpoint.path, encoded(HANDSHAKE));
    let response = lab.request(&Request::new("HEAD", &target)).await?;
    check!((400..500).contains(&response.status), "HTTP {}", response.status);
    PASS
}

async fn a_post_with_a_callback_is_long_polling(lab: Lab) -> Outcome {
    let target = format!("{}?jsonp=cb", lab.target().endpoint.path);
    let response = lab.request(&Request::json(&target, HANDSHAKE)).await?;
    super::framing::is_handshake(&response)
}

async fn the_script_is_not_to_be_sniffed(lab: Lab) -> Outcome {
    let response = get(&lab, "cb", HANDSHAKE).await?;
    let says = response.header("x-content-type-options").unwrap_or_default();
    check!(says.eq_ignore_ascii_case("nosniff"), "X-Content-Type-Options is {says:?}");
    PASS
}
