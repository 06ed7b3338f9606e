//! Subscriptions: made, shared, made again, refused, ended.

use super::*;

#[test]
fn subscriptions_wait_for_the_session_and_go_out_together() {
    let mut world = World::new(settings());
    let tickets = [world.subscribe("/a"), world.subscribe("/b/*"), world.subscribe("/a")];
    world.open();
    world.shake("c1");
    let sent = world.last("/meta/subscribe");
    let patterns: Vec<_> = sent.messages.iter().map(|message| &message["subscription"]).collect();
    assert_eq!(patterns, ["/a", "/b/*"]);
    world.agree("/meta/subscribe");
    assert_eq!(tickets.map(|ticket| world.outcome(ticket)), ["Done"; 3]);
    assert!(world.gaps.is_empty());
}

#[test]
fn a_second_holder_asks_nobody_and_the_last_one_tells_the_server() {
    let mut world = World::up(settings());
    world.subscribe("/a");
    world.agree("/meta/subscribe");
    let second = world.subscribe("/a");
    assert_eq!(world.outcome(second), "Done");
    assert_eq!(world.count("/meta/subscribe"), 1);
    let first_leaves = world.unsubscribe("/a");
    assert_eq!(world.outcome(first_leaves), "Done");
    assert_eq!(world.count("/meta/unsubscribe"), 0);
    let second_leaves = world.unsubscribe("/a");
    assert_eq!(world.outcome(second_leaves), "open");
    world.agree("/meta/unsubscribe");
    assert_eq!(world.outcome(second_leaves), "Done");
}

#[test]
fn a_new_session_asks_for_every_pattern_first_and_reports_the_gap() {
    let mut world = World::up(settings());
    for text in ["/a", "/b"] {
        world.subscribe(text);
        world.agree("/meta/subscribe");
    }
    world.pass(secs(20));
    world.forgotten();
    let publish = world.publish("/p", "1");
    world.shake("c2");
    let sent = world.last("/meta/subscribe");
    assert_eq!(sent.channels(), ["/meta/subscribe", "/meta/subscribe", "/p"]);
    assert_eq!(sent.messages[0]["clientId"], "c2");
    world.agree("/meta/subscribe");
    assert_eq!(world.gaps, ["/a", "/b"].map(|text| (pattern(text), Gap::Session)));
    assert_eq!(world.outcome(publish), "Done");
}

#[test]
fn a_request_that_was_cut_is_sent_again_until_it_is_answered() {
    let mut world = World::up(settings());
    let ticket = world.subscribe("/a");
    world.break_off("/meta/subscribe");
    world.pass(secs(1));
    world.break_off("/meta/subscribe");
    world.pass(secs(2));
    assert_eq!(world.count("/meta/subscribe"), 3);
    world.agree("/meta/subscribe");
    assert_eq!(world.outcome(ticket), "Done");
    assert!(world.gaps.is_empty());
}

#[test]
fn a_refusal_ends_every_holder_and_is_not_repeated() {
    let mut world = World::up(settings());
    let tickets = [world.subscribe("/a"), world.subscribe("/a")];
    let denied = json!({"successful": false, "error": "403:denied:subscribe_denied"});
    world.answer_all("/meta/subscribe", &denied);
    for ticket in tickets {
        assert!(world.outcome(ticket).starts_with("Refused"));
    }
    assert!(world.revoked.is_empty());
    world.pass(secs(20));
    world.forgotten();
    world.shake("c2");
    assert_eq!(world.count("/meta/subscribe"), 1);
}

#[test]
fn a_refusal_in_a_later_session_revokes() {
    let mut world = World::up(settings());
    world.subscribe("/a");
    world.agree("/meta/subscribe");
    world.pass(secs(20));
    world.forgotten();
    world.shake("c2");
    world.answer_all("/meta/subscribe", &json!({"successful": false, "error": "403::no"}));
    assert_eq!(world.revoked, ["/a 403::no"]);
}

#[test]
fn a_subscription_that_takes_too_long_is_taken_back() {
    let mut world = World::new(settings());
    let ticket = world.subscribe("/a");
    world.open();
    for _ in 0..31 {
        world.pass(secs(1));
    }
    assert_eq!(world.outcome(ticket), "TimedOut");
    while world.count("/meta/handshake") < 4 {
        world.next_deadline();
    }
    world.shake("c1");
    assert_eq!(world.count("/meta/subscribe"), 0);
}

#[test]
fn a_late_agreement_is_taken_back_from_the_server_too() {
    let mut world = World::up(Settings { operation_timeout: secs(5), ..settings() });
    let ticket = world.subscribe("/a");
    world.pass(secs(5));
    assert_eq!(world.outcome(ticket), "TimedOut");
    world.agree("/meta/subscribe");
    assert_eq!(world.last("/meta/unsubscribe").messages[0]["subscription"], "/a");
}

#[test]
fn leaving_a_pattern_of_a_lost_session_needs_nobody() {
    let mut world = World::up(settings());
    world.subscribe("/a");
    world.agree("/meta/subscribe");
    world.pass(secs(20));
    world.forgotten();
    let ticket = world.unsubscribe("/a");
    assert_eq!(world.outcome(ticket), "Done");
    world.shake("c2");
    assert_eq!(world.count("/meta/subscribe"), 1);
    assert_eq!(world.count("/meta/unsubscribe"), 0);
}

#[test]
fn an_agreement_of_the_lost_session_does_not_count() {
    let mut world = World::up(settings());
    let ticket = world.subscribe("/a");
    let old = world.last("/meta/subscribe");
    world.pass(secs(5));
    world.forgotten();
    world.shake("c2");
    world.answer(&old, &json!([World::reply(&old, 0, &json!({}))]));
    assert_eq!(world.outcome(ticket), "open");
    assert_eq!(world.last("/meta/subscribe").messages[0]["clientId"], "c2");
    world.agree("/meta/subscribe");
    assert_eq!(world.outcome(ticket), "Done");
}

#[test]
fn a_subscription_that_was_taken_back_takes_no_other_with_it() {
    let mut world = World::up(settings());
    let [gone, stays] = [world.subscribe("/a"), world.subscribe("/a")];
    world.machine.unsubscribe(&pattern("/a"), Some(gone), world.now);
    world.collect();
    assert_eq!(world.outcome(gone), "Closed");
    world.agree("/meta/subscribe");
    assert_eq!(world.outcome(stays), "Done");
    world.pass(secs(31));
    assert_eq!(world.count("/meta/unsubscribe"), 0);
}

#[test]
fn a_refusal_of_a_channel_is_no_loss_of_the_session() {
    let mut world = World::up(settings());
    let ticket = world.publish("/a", "1");
    world.answer_all("/a", &json!({"successful": false, "error": "403:/a:unknown_channel"}));
    assert!(world.outcome(ticket).starts_with("Refused"));
    assert_eq!(world.count("/meta/handshake"), 1);
}
