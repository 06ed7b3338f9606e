use serde_json::json;

use crate::support::{World, data};
use encke_broker::Config;

#[test]
fn the_reply_echoes_the_subscription_in_its_shape() {
    let world = World::new(World::quick());
    let client = world.up();
    assert_eq!(client.subscribe("/a/")["subscription"], "/a/");
    let array = json!({"channel": "/meta/subscribe", "subscription": ["/b", "/c"]});
    let reply = &client.send(array)[0];
    assert_eq!(reply["successful"], true);
    assert_eq!(reply["subscription"], json!(["/b", "/c"]));
}

#[test]
fn odd_subscriptions_are_refused_by_name() {
    let world = World::new(World::quick());
    let client = world.up();
    for (subscription, error) in [
        (json!(null), "403::subscription_missing"),
        (json!([]), "403::subscription_missing"),
        (json!(5), "403::subscription_invalid"),
        (json!({}), "403::subscription_invalid"),
        (json!(["/a", 5]), "403::subscription_invalid"),
        (json!("a"), "403::subscription_invalid"),
        (json!("/"), "403::subscription_invalid"),
        (json!("/a//b"), "403::subscription_invalid"),
        (json!("/a/*/b"), "403::subscription_invalid"),
        (json!("/a:b"), "403::subscription_invalid"),
        (json!("/meta/connect"), "403:denied_by_security_policy:subscribe_denied"),
        (json!("/meta/foo"), "403:denied_by_security_policy:create_denied"),
        (json!("/meta/**"), "403:denied_by_security_policy:create_denied"),
    ] {
        let message = json!({"channel": "/meta/subscribe", "subscription": subscription});
        let reply = &client.send(message)[0];
        assert_eq!(reply["error"], error, "{subscription}");
        assert_eq!(reply["successful"], false);
    }
    assert_eq!(world.broker.patterns(), 0);
}

#[test]
fn an_array_is_subscribed_whole_or_not_at_all() {
    let world = World::new(World::quick());
    let client = world.up();
    let array = json!({"channel": "/meta/subscribe", "subscription": ["/a", "/meta/x", "/b"]});
    assert_eq!(client.send(array)[0]["successful"], false);
    assert_eq!(world.broker.patterns(), 0);
}

#[test]
fn service_channels_can_be_subscribed_without_effect() {
    let world = World::new(World::quick());
    let client = world.up();
    assert_eq!(client.subscribe("/service/x")["successful"], true);
    assert_eq!(client.publish("/service/x", json!(1))[0]["successful"], true);
    assert_eq!(data(&client.connect_at_once()), [] as [serde_json::Value; 0]);
    assert_eq!(world.broker.patterns(), 0);
}

#[test]
fn unsubscribing_ends_delivery_and_leaves_nothing_behind() {
    let world = World::new(World::quick());
    let client = world.up();
    client.subscribe("/a");
    client.subscribe("/a");
    let message = json!({"channel": "/meta/unsubscribe", "subscription": "/a/"});
    assert_eq!(client.send(message)[0]["successful"], true);
    client.publish("/a", json!(1));
    assert_eq!(client.connect_at_once().len(), 1);
    assert_eq!(world.broker.patterns(), 0);
    let never = json!({"channel": "/meta/unsubscribe", "subscription": "/zz"});
    assert_eq!(client.send(never)[0]["successful"], true);
    let meta = json!({"channel": "/meta/unsubscribe", "subscription": "/meta/connect"});
    assert_eq!(client.send(meta)[0]["error"], "403::unsubscribe_failed");
}

#[test]
fn subscriptions_are_bounded_per_session() {
    let world = World::new(Config::default().subscriptions_per_session(2));
    let client = world.up();
    client.subscribe("/a");
    client.subscribe("/b");
    assert_eq!(client.subscribe("/c")["error"], "403::too_many_subscriptions");
    assert_eq!(client.subscribe("/a")["successful"], true);
}

#[test]
fn an_array_beyond_the_bound_subscribes_nothing() {
    let world = World::new(Config::default().subscriptions_per_session(3));
    let client = world.up();
    client.subscribe("/a");
    let array = |names: &[&str]| json!({"channel": "/meta/subscribe", "subscription": names});
    let refused = &client.send(array(&["/b", "/c", "/d"]))[0];
    assert_eq!(refused["error"], "403::too_many_subscriptions");
    assert_eq!(world.broker.patterns(), 1);
    // Repeated names and those that are there already count once.
    assert_eq!(client.send(array(&["/a", "/b", "/b", "/c"]))[0]["successful"], true);
    assert_eq!(world.broker.patterns(), 3);
}
