//! A policy that reads credentials from the handshake, and says more than no.

use std::sync::Arc;

use encke_bayeux::{Advice, BrowserId, ChannelName, ChannelPattern, ErrorText, Reconnect};
use encke_broker::{Asking, Policy, UserId, Verdict};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::{World, data};

/// Knows one password, names the user, and tells who comes too late to log in again.
#[derive(Debug)]
struct Tokens;

impl Policy for Tokens {
    fn can_handshake(&self, asking: &Asking<'_>) -> bool {
        self.judge_handshake(asking).is_granted()
    }

    fn judge_handshake(&self, asking: &Asking<'_>) -> Verdict {
        let ext = asking.ext.map_or(Value::Null, |ext| serde_json::from_str(ext.get()).unwrap());
        let said = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        match ext["token"].as_str() {
            Some("right") => Verdict::grant()
                .user(UserId::new("alice"))
                .ext("authentication", &said(r#"{"until":"noon"}"#)),
            Some("old") => Verdict::deny()
                .error(ErrorText::new(401, &[], "Authentication expired").unwrap())
                .advice(Advice::only(Reconnect::Handshake))
                .ext("authentication", &said(r#"{"failed":true}"#)),
            _ => Verdict::deny(),
        }
    }

    fn can_subscribe(&self, asking: &Asking<'_>, _: &ChannelPattern) -> bool {
        asking.user.is_some()
    }

    fn can_publish(&self, asking: &Asking<'_>, _: &ChannelName) -> bool {
        asking.user.is_some()
    }
}

fn world() -> World {
    World::new(World::quick().policy(Arc::new(Tokens)))
}

#[test]
fn a_refused_handshake_says_what_the_policy_says() {
    let world = world();
    let mut client = world.anonymous();
    let reply = client.shake_with(json!({"token": "old"}));
    let said = json!({
        "channel": "/meta/handshake", "id": "1", "successful": false,
        "error": "401::Authentication expired", "advice": {"reconnect": "handshake"},
        "ext": {"authentication": {"failed": true}},
    });
    assert_eq!(reply, said);
    assert!(client.browser.is_none(), "no cookie goes with a refusal");
}

#[test]
fn a_policy_that_only_says_no_leaves_the_words_to_the_broker() {
    let reply = world().anonymous().shake_with(json!({"token": "wrong"}));
    assert_eq!(reply["error"], "403::handshake_denied");
    assert_eq!(reply["advice"], json!({"reconnect": "none"}));
}

#[test]
fn credentials_may_prove_whose_session_it_is() {
    let world = world();
    let mut client = world.anonymous();
    let reply = client.shake_with(json!({"token": "right", "ack": true}));
    assert_eq!(reply["ext"], json!({"authentication": {"until": "noon"}, "ack": true}));
    client.connect_at_once();
    assert_eq!(client.subscribe("/inbox")["successful"], true, "the policy knows the user again");
    let (alice, inbox) = (UserId::new("alice"), ChannelName::new("/inbox").unwrap());
    assert_eq!(world.broker.deliver_to_user(&alice, &inbox, "1", world.now.get()), 1);
    assert_eq!(data(&client.connect_at_once()), [json!(1)]);
}

#[test]
fn a_session_whose_user_was_named_stays_bound_to_its_browser() {
    let world = world();
    let mut client = world.anonymous();
    client.shake_with(json!({"token": "right"}));
    client.connect_at_once();
    let with = |user: Option<&str>, browser: bool| {
        let mut thief = user.map_or_else(|| world.anonymous(), |user| world.user(user));
        thief.id.clone_from(&client.id);
        thief.browser = browser.then(|| client.browser.clone().unwrap());
        thief.connect_at_once()[0]["successful"].clone()
    };
    assert_eq!(with(None, false), false);
    assert_eq!(with(Some("alice"), true), false, "the login would be another one");
    assert_eq!(with(None, true), true);
}

#[test]
fn a_socket_of_another_browser_opens_no_session_whose_user_was_named() {
    let world = world();
    let mut client = world.anonymous();
    client.shake_with(json!({"token": "right"}));
    client.connect_at_once();
    let over_socket = |browser: Option<BrowserId>| {
        let mut other = world.anonymous();
        other.id.clone_from(&client.id);
        other.browser = browser;
        other.pushes = true;
        other.connect_at_once()[0]["successful"].clone()
    };
    assert_eq!(over_socket(None), false);
    assert_eq!(over_socket(BrowserId::adopt("another")), false);
    assert_eq!(over_socket(client.browser.clone()), true);
}

#[test]
fn a_user_who_is_known_already_is_not_renamed() {
    let world = world();
    let mut client = world.user("bob");
    client.shake_with(json!({"token": "right"}));
    let sessions = world.broker.sessions_of(&UserId::new("bob"), 10, world.now.get());
    assert_eq!(sessions.len(), 1);
}
