//! What a subscription matches.
//!
//! Specified: Bayeux 1.0, "Channel globbing".

use serde_json::json;

use crate::Expectation::Required;
use crate::lab::Lab;
use crate::scenario::{Scenario, scenarios};
use crate::verdict::{Outcome, PASS, check, failed, varies};

/// Name, subscription, channels that match, channels that do not.
type Case = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const CASES: [Case; 8] = [
    ("a_name_matches_itself_only", "/a/b", &["/a/b"], &["/a", "/a/b/c", "/a/bb", "/b"]),
    ("one_star_matches_one_segment", "/a/*", &["/a/b", "/a/c"], &["/a", "/a/b/c", "/b/a"]),
    ("two_stars_match_any_depth", "/a/**", &["/a/b", "/a/b/c", "/a/b/c/d"], &["/a", "/b/a"]),
    ("a_star_of_the_whole_prefix", "/*", &["/x", "/y"], &["/x/y"]),
    ("two_stars_of_the_whole_prefix", "/**", &["/x", "/x/y/z"], &[""]),
    ("case_matters", "/A", &["/A"], &["/a"]),
    ("a_longer_word_is_another", "/ab", &["/ab"], &["/a", "/abc"]),
    ("a_star_matches_digits_and_marks", "/a/*", &["/a/1", "/a/-_!"], &["/1"]),
];

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut list: Vec<_> = CASES
        .into_iter()
        .map(|(name, pattern, inside, outside)| {
            Scenario::new("wildcards", "H389 H390 H392 H395", Required, name, move |lab| {
                matches(lab, pattern, inside, outside)
            })
        })
        .collect();
    list.extend(scenarios! { "wildcards";
        "H391" Required two_stars_at_the_root_see_broadcasts, alone;
        "H391" Required two_stars_at_the_root_do_not_see_meta_and_service, alone;
        "H392" Required one_star_at_the_root_sees_one_segment, alone;
        "H393" Varies a_star_behind_a_word;
        "H394" Varies publishing_with_a_trailing_slash;
        "H396" Varies dots_as_segments;
        "H398" Required unsubscribing_a_wildcard_keeps_the_name;
        "H398" Required unsubscribing_a_name_keeps_the_wildcard;
        "H399" Varies braces_are_no_template;
        "H400" Required words_that_begin_like_reserved_ones_are_ordinary;
        "H389" Required a_wildcard_of_another_client_does_not_count;
        "H129" Expected a_wildcard_and_a_name_give_one_copy;
    });
    list
}

async fn matches(
    lab: Lab,
    pattern: &'static str,
    inside: &'static [&'static str],
    outside: &'static [&'static str],
) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel(pattern)).await?;
    for rest in outside.iter().chain(inside) {
        publisher.publish(&lab.channel(rest), 1).await?;
    }
    let wanted: Vec<_> = inside.iter().map(|rest| lab.channel(rest)).collect();
    let received = subscriber.rest(&publisher).await?;
    let received: Vec<_> = received.iter().map(|event| event.channel()).collect();
    check!(received == wanted, "received from {received:?} instead of {wanted:?}");
    PASS
}

async fn two_stars_at_the_root_see_broadcasts(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair("/**").await?;
    publisher.publish(&lab.channel("/a/b/c"), 1).await?;
    publisher.publish(&lab.channel(""), 1).await?;
    let received = subscriber.rest(&publisher).await?;
    let own = |event: &&crate::answer::Received| event.channel().starts_with(&lab.channel(""));
    check!(received.iter().filter(own).count() == 2, "{} messages", received.len());
    PASS
}

async fn two_stars_at_the_root_do_not_see_meta_and_service(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair("/**").await?;
    publisher.ask(publisher.publication(&format!("/service{}", lab.channel("")), 1)).await?;
    lab.client().await?.leave().await;
    let received = subscriber.rest(&publisher).await?;
    for event in received {
        let channel = event.channel();
        check!(!channel.starts_with("/service/"), "a service message: {}", event.raw);
        check!(!channel.starts_with("/meta/"), "a meta message: {}", event.raw);
    }
    PASS
}

async fn one_star_at_the_root_sees_one_segment(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair("/*").await?;
    publisher.publish(&lab.channel("/a"), 1).await?;
    publisher.publish(&lab.channel(""), 2).await?;
    let received = subscriber.rest(&publisher).await?;
    let own = |event: &&crate::answer::Received| event.channel().starts_with(&lab.channel(""));
    let channels: Vec<_> = received.iter().filter(own).map(|event| event.channel()).collect();
    check!(channels == [lab.channel("")], "received from {channels:?}");
    PASS
}

async fn a_star_behind_a_word(lab: Lab) -> Outcome {
    let (subscriber, publisher) = (lab.client().await?, lab.client().await?);
    let reply = subscriber.ask(subscriber.subscription(lab.channel("/a/b*"))).await?;
    if reply.is_refusal() {
        return varies(format!("refused with {}", reply.error()));
    }
    publisher.publish(&lab.channel("/a/bc"), 1).await?;
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 0, "it works as a wildcard");
    varies("an ordinary character")
}

async fn publishing_with_a_trailing_slash(lab: Lab) -> Outcome {
    let channel = lab.channel("/a");
    let (subscriber, publisher) = lab.pair(&channel).await?;
    let slashed = format!("{channel}/");
    let reply = publisher.ask(publisher.publication(&slashed, 1)).await?;
    if reply.is_refusal() {
        return varies(format!("refused with {}", reply.error()));
    }
    let received = subscriber.rest(&publisher).await?;
    match received.first().map(|event| event.channel()) {
        None => varies("another channel"),
        Some(name) if name == channel => varies("the same channel, delivered without the slash"),
        Some(name) if name == slashed => varies("the same channel, delivered with the slash"),
        Some(other) => Err(failed(format!("delivered as {other}"))),
    }
}

async fn dots_as_segments(lab: Lab) -> Outcome {
    let (subscriber, publisher) = (lab.client().await?, lab.client().await?);
    let reply = subscriber.ask(subscriber.subscription(lab.channel("/a/../b"))).await?;
    publisher.publish(&lab.channel("/b"), 1).await?;
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 0, "the dots climb");
    varies(if reply.is_success() { "ordinary characters" } else { "refused" })
}

async fn unsubscribing_a_wildcard_keeps_the_name(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel("/a/b")).await?;
    subscriber.subscribe(lab.channel("/a/*")).await?;
    subscriber.must(subscriber.unsubscription(lab.channel("/a/*"))).await?;
    publisher.publish(&lab.channel("/a/c"), 1).await?;
    publisher.publish(&lab.channel("/a/b"), 1).await?;
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 1, "{count} messages");
    PASS
}

async fn unsubscribing_a_name_keeps_the_wildcard(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel("/a/b")).await?;
    subscriber.subscribe(lab.channel("/a/*")).await?;
    subscriber.must(subscriber.unsubscription(lab.channel("/a/b"))).await?;
    publisher.publish(&lab.channel("/a/b"), 1).await?;
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 1, "{count} messages");
    PASS
}

async fn braces_are_no_template(lab: Lab) -> Outcome {
    let (subscriber, publisher) = (lab.client().await?, lab.client().await?);
    let reply = subscriber.ask(subscriber.subscription(lab.channel("/a/{x}"))).await?;
    publisher.publish(&lab.channel("/a/1"), 1).await?;
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 0, "they work as a wildcard");
    varies(if reply.is_success() { "ordinary characters" } else { "refused" })
}

async fn words_that_begin_like_reserved_ones_are_ordinary(lab: Lab) -> Outcome {
    let own = lab.channel("").trim_start_matches('/').to_owned();
    let (meta, service) = (format!("/metafoo/{own}"), format!("/services/{own}"));
    let (subscriber, publisher) = (lab.client().await?, lab.client().await?);
    subscriber.subscribe(json!([meta, service])).await?;
    publisher.publish(&meta, 1).await?;
    publisher.publish(&service, 1).await?;
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 2, "{count} messages");
    PASS
}

async fn a_wildcard_of_another_client_does_not_count(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel("/a")).await?;
    publisher.subscribe(lab.channel("/**")).await?;
    publisher.publish(&lab.channel("/b"), 1).await?;
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 0, "{count} messages");
    PASS
}

async fn a_wildcard_and_a_name_give_one_copy(lab: Lab) -> Outcome {
    let (subscriber, publisher) = lab.pair(&lab.channel("/a/*")).await?;
    subscriber.subscribe(lab.channel("/a/b")).await?;
    publisher.publish(&lab.channel("/a/b"), 1).await?;
    let count = subscriber.rest(&publisher).await?.len();
    check!(count == 1, "{count} copies");
    PASS
}
