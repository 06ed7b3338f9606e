//! Names of channels: each character, each structure, its own scenario.
//!
//! Specified: Bayeux 1.0, "Channels" allows letters, digits and `-_!~()$@`. Observed: CometD 5 to
//! 8 allow some more, which therefore vary here; what neither allows must be refused by a reply.

use serde_json::{Value, json};

use crate::Expectation::{Expected, Required, Varies, Want};
use crate::lab::Lab;
use crate::scenario::Scenario;
use crate::verdict::{Outcome, PASS, check, failed, varies};

/// What the specification allows in a segment.
const SPECIFIED: [(&str, &str); 11] = [
    ("lower_case", "abc"),
    ("upper_case", "ABC"),
    ("digits", "0129"),
    ("hyphen", "a-b"),
    ("underscore", "a_b"),
    ("exclamation_mark", "a!b"),
    ("tilde", "a~b"),
    ("parentheses", "a(b)"),
    ("dollar", "a$b"),
    ("at_sign", "a@b"),
    ("every_special_one", "-_!~()$@"),
];

/// What CometD allows beyond that.
const OBSERVED: [(&str, &str); 7] = [
    ("blank", "a b"),
    ("dot", "a.b"),
    ("hash", "a#b"),
    ("plus", "a+b"),
    ("star_inside_a_word", "a*b"),
    ("braces", "a{b}"),
    ("two_dots", ".."),
];

/// What neither allows.
const REFUSED: [(&str, &str); 25] = [
    ("colon", "a:b"),
    ("comma", "a,b"),
    ("percent", "a%20b"),
    ("question_mark", "a?b"),
    ("double_quote", "a\"b"),
    ("single_quote", "a'b"),
    ("ampersand", "a&b"),
    ("less_than", "a<b"),
    ("greater_than", "a>b"),
    ("backslash", "a\\b"),
    ("pipe", "a|b"),
    ("semicolon", "a;b"),
    ("equals", "a=b"),
    ("caret", "a^b"),
    ("square_brackets", "a[b]"),
    ("backtick", "a`b"),
    ("tab", "a\tb"),
    ("newline", "a\nb"),
    ("nul", "a\u{0}b"),
    ("delete", "a\u{7f}b"),
    ("latin_letter_with_accent", "\u{e9}"),
    ("greek_letter", "\u{3b1}"),
    ("han_character", "\u{6f22}"),
    ("emoji", "\u{1f600}"),
    ("line_separator", "a\u{2028}b"),
];

/// Texts that are no channel at all, which CometD refuses too.
const NO_CHANNELS: [(&str, &str); 5] = [
    ("no_leading_slash", "a"),
    ("nothing", ""),
    ("a_lone_slash", "/"),
    ("a_leading_blank", " /a"),
    ("a_url", "http://a/b"),
];

/// Texts that are no channel at all, where CometD fails.
const STRUCTURES: [(&str, &str); 4] = [
    ("two_slashes", "//"),
    ("an_empty_first_segment", "//a"),
    ("an_empty_segment_inside", "/a//b"),
    ("an_empty_segment_at_the_end", "/a//"),
];

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list = Vec::new();
    for (name, segment) in SPECIFIED {
        let name = format!("{name}_in_a_name");
        list.push(Scenario::new("channels", "H91", Required, name, move |lab| legal(lab, segment)));
    }
    for (name, segment) in OBSERVED {
        let name = format!("{name}_in_a_name");
        list.push(Scenario::new("channels", "H91", Varies, name, move |lab| open(lab, segment)));
    }
    for (name, segment) in REFUSED {
        let title = format!("{name}_in_a_subscription_is_refused");
        list.push(Scenario::new("channels", "H90", Required, title, move |lab| async move {
            let channel = lab.channel(&format!("/{segment}"));
            subscription_is_refused(lab, channel).await
        }));
        let title = format!("{name}_in_a_publish_is_refused");
        list.push(Scenario::new("channels", "H123", Required, title, move |lab| async move {
            let channel = lab.channel(&format!("/{segment}"));
            publish_is_refused(lab, channel).await
        }));
    }
    let no_channels = NO_CHANNELS.into_iter().map(|case| (case, Expected, "H88", "H123"));
    let structures = STRUCTURES.into_iter().map(|case| (case, Want, "H89", "H89 H123"));
    for ((name, text), expectation, subscribe, publish) in no_channels.chain(structures) {
        let title = format!("subscribing_to_{name}_is_refused");
        list.push(Scenario::new("channels", subscribe, expectation, title, move |lab| {
            subscription_is_refused(lab, text.to_owned())
        }));
        let title = format!("publishing_to_{name}_is_refused");
        list.push(Scenario::new("channels", publish, expectation, title, move |lab| {
            publish_is_refused(lab, text.to_owned())
        }));
    }
    for (name, text) in [
        ("a_star_segment_inside", "/a/*/b"),
        ("a_double_star_segment_inside", "/a/**/b"),
        ("a_leading_double_star", "/**/b"),
    ] {
        let title = format!("subscribing_to_{name}_is_refused");
        list.push(Scenario::new("channels", "H89", Want, title, move |lab| {
            subscription_is_refused(lab, text.to_owned())
        }));
    }
    for (name, length) in [("a_name_of_200_characters", 200), ("a_name_of_900_characters", 900)] {
        list.push(Scenario::new("channels", "H397", Required, name, move |lab| async move {
            let segment = "n".repeat(length);
            delivers(&lab, &lab.channel(&format!("/{segment}"))).await
        }));
    }
    for (name, rest) in [
        ("a_name_of_5000_characters", format!("/{}", "n".repeat(5000))),
        ("a_name_of_500_segments", "/n".repeat(500)),
    ] {
        list.push(Scenario::new("channels", "H397", Varies, name, move |lab| {
            let channel = lab.channel(&rest);
            async move { delivered_or_refused(&lab, &channel).await }
        }));
    }
    list.push(Scenario::new(
        "channels",
        "H397",
        Required,
        "a_name_of_32_segments",
        |lab| async move { delivers(&lab, &lab.channel(&"/n".repeat(32))).await },
    ));
    list
}

async fn delivers(lab: &Lab, channel: &str) -> Outcome {
    let (subscriber, publisher) = lab.pair(channel).await?;
    publisher.publish(channel, 1).await?;
    let event = subscriber.receive_one().await?;
    check!(event.channel() == channel, "delivered as {:?}", event.channel());
    PASS
}

async fn legal(lab: Lab, segment: &'static str) -> Outcome {
    delivers(&lab, &lab.channel(&format!("/{segment}"))).await
}

async fn open(lab: Lab, segment: &'static str) -> Outcome {
    delivered_or_refused(&lab, &lab.channel(&format!("/{segment}/x"))).await
}

/// Either subscribing and publishing both work, or both are refused.
async fn delivered_or_refused(lab: &Lab, channel: &str) -> Outcome {
    let (subscriber, publisher) = (lab.client().await?, lab.client().await?);
    let subscribed = subscriber.ask(subscriber.subscription(channel)).await?;
    let published = publisher.ask(publisher.publication(channel, 1)).await?;
    match (subscribed.is_success(), published.is_success()) {
        (true, true) => {
            let event = subscriber.receive_one().await?;
            check!(event.channel() == channel, "delivered as {:?}", event.channel());
            varies("accepted")
        }
        (false, false) => {
            varies(format!("refused with {} and {}", subscribed.code(), published.code()))
        }
        (subscribed, published) => {
            Err(failed(format!("subscribe succeeded {subscribed}, publish {published}")))
        }
    }
}

async fn subscription_is_refused(lab: Lab, channel: String) -> Outcome {
    let client = lab.client().await?;
    let answer = client.post(Value::from(vec![client.subscription(channel)]).to_string()).await?;
    check!(answer.status < 500, "HTTP {}", answer.status);
    let reply = answer.reply("/meta/subscribe")?;
    check!(reply.is_refusal() && reply.has("error"), "not refused: {}", reply.raw);
    PASS
}

async fn publish_is_refused(lab: Lab, channel: String) -> Outcome {
    let client = lab.client().await?;
    let request = client.message(&channel, json!({"data": 1}));
    let answer = client.post(Value::from(vec![request]).to_string()).await?;
    check!(answer.status < 500, "HTTP {}", answer.status);
    let reply = answer.served()?.first().ok_or_else(|| failed("no reply"))?;
    check!(reply.is_refusal() && reply.has("error"), "not refused: {}", reply.raw);
    PASS
}
