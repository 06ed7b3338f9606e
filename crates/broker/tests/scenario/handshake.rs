use serde_json::json;

use crate::support::World;
use encke_bayeux::{BrowserId, ChannelName, ChannelPattern, Dialect, Failure};
use encke_broker::{Asking, Config, ConfigError, CookieBinding, Policy, Rules, Verdict};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn success_names_the_session_and_advises_retry() {
    let world = World::new(World::quick());
    let reply = world.anonymous().shake();
    assert_eq!(reply["successful"], true);
    assert_eq!(reply["version"], "1.0");
    assert_eq!(reply["supportedConnectionTypes"], json!(["long-polling"]));
    let advice = json!({"reconnect": "retry", "interval": 0, "timeout": 3000, "maxInterval": 4000});
    assert_eq!(reply["advice"], advice);
    assert_eq!(reply["clientId"].as_str().unwrap().len(), 32);
}

#[test]
fn a_handshake_is_served_alone_and_the_rest_of_its_body_ignored() {
    let world = World::new(World::quick());
    let client = world.anonymous();
    for body in [
        json!([{"channel": "/meta/handshake", "id": "1"}, {"channel": "/meta/subscribe", "id": "2"}]),
        json!([{"channel": "/meta/subscribe", "id": "2"}, {"channel": "/meta/handshake", "id": "1"}]),
    ] {
        let replies = client.send(body);
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0]["channel"], "/meta/handshake");
        assert_eq!(replies[0]["id"], "1");
    }
}

#[test]
fn ids_come_back_as_text_or_not_at_all() {
    let world = World::new(World::quick());
    let client = world.anonymous();
    assert_eq!(client.send(json!({"channel": "/meta/handshake", "id": 17}))[0]["id"], "17");
    let reply = &client.send(json!({"channel": "/meta/handshake", "id": "<x>"}))[0];
    assert_eq!(reply["error"], "405::message_id_invalid");
    assert!(reply.get("id").is_none());
}

/// Everybody may come, but nobody before this time.
#[derive(Debug)]
struct NotBefore(Instant);

impl Policy for NotBefore {
    fn can_handshake(&self, asking: &Asking<'_>) -> bool {
        self.judge_handshake(asking).is_granted()
    }

    fn judge_handshake(&self, asking: &Asking<'_>) -> Verdict {
        let wait = asking.now.map_or(Duration::ZERO, |now| self.0.saturating_duration_since(now));
        if wait.is_zero() {
            return Verdict::grant();
        }
        Verdict::deny().failure(Failure::TooManyHandshakesOfAddress(wait))
    }

    fn can_subscribe(&self, _: &Asking<'_>, _: &ChannelPattern) -> bool {
        true
    }

    fn can_publish(&self, _: &Asking<'_>, _: &ChannelName) -> bool {
        true
    }
}

#[test]
fn the_policy_may_tell_when_to_come_back() {
    #[expect(clippy::disallowed_methods, reason = "the world begins about now")]
    let start = Instant::now() + Duration::from_secs(60);
    let at = start + Duration::from_millis(1500);
    let world = World::new(World::quick().policy(Arc::new(NotBefore(at))));
    world.now.set(start);
    let reply = world.anonymous().shake();
    assert_eq!(reply["error"], "429::too_many_handshakes_of_address");
    // Whoever is turned away together shall not come back together.
    assert_eq!(reply["advice"]["reconnect"], "handshake");
    let interval = reply["advice"]["interval"].as_u64().unwrap();
    assert!((1500..=2500).contains(&interval), "{interval}");
    let others = || world.anonymous().shake()["advice"]["interval"].clone();
    let others: Vec<_> = std::iter::repeat_with(others).take(20).collect();
    assert!(others.iter().any(|other| *other != interval), "all at {interval}");
    assert_eq!(world.broker.stats().handshakes_refused, 21);
    world.pass(1500);
    assert_eq!(world.anonymous().shake()["successful"], true);
}

#[test]
fn the_policy_may_refuse_and_the_dialect_spells_it() {
    let refuse = Arc::new(Rules::default().anonymous(false));
    for (dialect, text) in
        [(Dialect::V5, "403::handshake_denied"), (Dialect::V31, "403::Handshake denied")]
    {
        let world = World::new(World::quick().policy(refuse.clone()).dialect(dialect));
        let reply = world.anonymous().shake();
        assert_eq!(reply["successful"], false);
        assert_eq!(reply["error"], text);
        assert_eq!(reply["advice"], json!({"reconnect": "none"}));
        assert!(reply.get("clientId").is_none());
        assert_eq!(world.user("alice").shake()["successful"], true);
    }
}

#[test]
fn sessions_are_bounded_altogether_and_per_user() {
    let world = World::new(Config::default().sessions(2).sessions_per_user(Some(1)));
    assert_eq!(world.user("alice").shake()["successful"], true);
    assert_eq!(world.user("alice").shake()["error"], "503::too_many_sessions");
    assert_eq!(world.user("bob").shake()["successful"], true);
    let refused = world.user("carol").shake();
    assert_eq!(refused["error"], "503::too_many_sessions");
    assert_eq!(refused["advice"]["reconnect"], "handshake");
}

#[test]
fn an_anonymous_client_that_keeps_the_cookie_must_show_it() {
    let world = World::new(World::quick());
    let mut client = world.up();
    let cookie = client.browser.take();
    assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
    client.browser = BrowserId::adopt("another");
    assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
    client.browser = cookie;
    assert_eq!(client.connect_at_once()[0]["successful"], true);
}

#[test]
fn a_socket_opened_before_the_handshake_goes_on_without_the_cookie_of_its_reply() {
    for shows_it_at_once in [true, false] {
        let world = World::new(World::quick());
        let mut client = world.anonymous();
        client.shake();
        let cookie = client.browser.clone();
        if shows_it_at_once {
            assert_eq!(client.connect_at_once()[0]["successful"], true);
        }
        client.pushes = true;
        client.browser = None;
        assert_eq!(client.connect_at_once()[0]["successful"], true);
        client.browser = BrowserId::adopt("another");
        assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");

        // The socket says nothing of whether POSTs keep the cookie.
        client.pushes = false;
        client.browser = cookie;
        assert_eq!(client.connect_at_once()[0]["successful"], true);
        client.browser = None;
        assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
    }
}

#[test]
fn an_anonymous_client_without_cookies_is_known_by_its_client_id() {
    let world = World::new(World::quick());
    let mut client = world.anonymous();
    client.shake();
    client.browser = None;
    assert_eq!(client.connect_at_once()[0]["successful"], true);
    assert_eq!(client.connect_at_once()[0]["successful"], true);
}

#[test]
fn a_known_browser_is_not_given_another_cookie() {
    let world = World::new(World::quick());
    let mut client = world.anonymous();
    client.browser = BrowserId::adopt("mine");
    client.shake();
    assert_eq!(client.browser.as_ref().unwrap().as_str(), "mine");
    assert_eq!(client.connect_at_once()[0]["successful"], true);
}

#[test]
fn every_client_has_to_show_the_cookie_where_it_is_required() {
    let world = World::new(World::quick().cookie_binding(CookieBinding::Required));
    let mut client = world.anonymous();
    client.shake();
    let cookie = client.browser.take();
    assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
    client.browser = cookie;
    assert_eq!(client.connect_at_once()[0]["successful"], true);

    // A socket is offered no cookie, and cannot be asked for one.
    let mut socket = world.anonymous();
    socket.pushes = true;
    socket.shake();
    assert!(socket.browser.is_none());
    assert_eq!(socket.connect_at_once()[0]["successful"], true);
    let mut other = world.anonymous();
    other.pushes = true;
    other.browser = BrowserId::adopt("mine");
    other.shake();
    other.browser = None;
    assert_eq!(other.connect_at_once()[0]["error"], "402::session_unknown");

    // One that was opened before its handshake, which went by POST, has to be opened again.
    let mut early = world.anonymous();
    early.shake();
    early.pushes = true;
    early.browser = None;
    assert_eq!(early.connect_at_once()[0]["error"], "402::session_unknown");
}

#[test]
fn no_client_has_to_show_the_cookie_where_it_is_ignored() {
    let world = World::new(World::quick().cookie_binding(CookieBinding::Ignored));
    let mut client = world.up();
    for cookie in [None, BrowserId::adopt("another"), None] {
        client.browser = cookie;
        assert_eq!(client.connect_at_once()[0]["successful"], true);
    }
}

#[test]
fn every_advice_to_retry_says_when_a_session_is_gone_unless_told_otherwise() {
    let world = World::new(World::quick().advise_max_interval(false));
    let mut client = world.anonymous();
    assert!(client.shake()["advice"].get("maxInterval").is_none());
    assert!(client.connect_at_once()[0]["advice"].get("maxInterval").is_none());
    let world = World::new(World::quick());
    let mut client = world.anonymous();
    assert_eq!(client.shake()["advice"]["maxInterval"], 4000);
    assert_eq!(client.connect_at_once()[0]["advice"]["maxInterval"], 4000);
    let held = client.hold();
    world.broker.begin_drain(world.now.get());
    assert_eq!(held.answer()[0]["advice"]["maxInterval"], 4000);
}

#[test]
fn a_hold_that_may_not_be_as_long_as_the_timeout_makes_no_sense() {
    let second = Duration::from_secs(1);
    let broker = encke_broker::Broker::new(World::quick().max_hold(second));
    assert_eq!(broker.unwrap_err(), ConfigError::MaxHold(second));
}
