//! Grants and denials by pattern.

use std::sync::Arc;

use encke_bayeux::{ChannelName, ChannelPattern, Dialect, Reason};
use encke_broker::{Asking, Authorizer, Config, Grants, Operation, Opinion, Policy, service_fn};
use serde_json::{Value, json};

use crate::support::{Client, World, data};

fn pattern(text: &str) -> ChannelPattern {
    ChannelPattern::new(text).unwrap()
}

/// Denies one operation, and ignores the others.
#[derive(Debug)]
struct Denies(Operation);

impl Authorizer for Denies {
    fn authorize(&self, operation: Operation, _: &ChannelPattern, _: &Asking<'_>) -> Opinion {
        if operation == self.0 {
            return Opinion::Deny(Reason::new("members_only").unwrap());
        }
        Opinion::Ignore
    }
}

fn with(authorizers: Vec<(&str, Arc<dyn Authorizer>)>) -> Config {
    authorizers
        .into_iter()
        .fold(World::quick(), |config, (on, authorizer)| config.authorizer(pattern(on), authorizer))
}

fn subscribing(client: &Client<'_>, channel: &str) -> Value {
    client.subscribe(channel)["error"].clone()
}

fn publishing(client: &Client<'_>, channel: &str) -> Value {
    let reply = client.publish(channel, json!(1));
    reply.last().unwrap()["error"].clone()
}

#[test]
fn who_denies_says_why() {
    for (dialect, published) in [
        (Dialect::V5, "403:members_only:publish_denied"),
        (Dialect::V31, "403:members_only:publish denied"),
    ] {
        let config = with(vec![
            ("/a", Arc::new(Denies(Operation::Publish))),
            ("/b", Arc::new(Denies(Operation::Subscribe))),
            ("/**", Arc::new(Grants::to_all([Operation::Create, Operation::Subscribe]))),
        ]);
        let world = World::new(config.dialect(dialect));
        let client = world.up();
        assert_eq!(subscribing(&client, "/b"), "403:members_only:subscribe_denied");
        assert_eq!(subscribing(&client, "/a"), Value::Null);
        assert_eq!(publishing(&client, "/a"), published);
        assert!(data(&client.connect_at_once()).is_empty());
    }
}

#[test]
fn what_nobody_grants_is_refused() {
    let all = [Operation::Create, Operation::Subscribe, Operation::Publish];
    let world = World::new(with(vec![
        ("/**", Arc::new(Grants::none())),
        ("/open/**", Arc::new(Grants::to_all(all))),
        ("/read", Arc::new(Grants::to_all([Operation::Create, Operation::Subscribe]))),
    ]));
    let client = world.up();
    assert_eq!(subscribing(&client, "/a"), "403:denied_by_not_granting:create_denied");
    assert_eq!(publishing(&client, "/a"), "403:denied_by_not_granting:channel_create_denied");
    assert_eq!(subscribing(&client, "/read"), Value::Null);
    assert_eq!(publishing(&client, "/read"), "403:denied_by_not_granting:publish_denied");
    assert_eq!(subscribing(&client, "/open/*"), Value::Null);
    assert_eq!(publishing(&client, "/open/a"), Value::Null);
    assert_eq!(subscribing(&client, "/**"), "403:denied_by_not_granting:create_denied");
    let service = publishing(&client, "/service/x");
    assert_eq!(service, "403:denied_by_not_granting:channel_create_denied");
}

#[test]
fn creating_is_asked_about_channels_that_nobody_is_subscribed_to() {
    let world = World::new(with(vec![
        ("/rooms/*", Arc::new(Denies(Operation::Create))),
        ("/rooms/*", Arc::new(Grants::to_all([Operation::Subscribe, Operation::Publish]))),
    ]));
    let client = world.up();
    assert_eq!(subscribing(&client, "/rooms/1"), "403:members_only:create_denied");
    assert_eq!(publishing(&client, "/rooms/1"), "403:members_only:channel_create_denied");
    assert_eq!(subscribing(&client, "/elsewhere"), Value::Null);
}

#[test]
fn an_array_with_one_denied_channel_is_refused_whole() {
    let world = World::new(with(vec![
        ("/b", Arc::new(Grants::to_all([Operation::Create]))),
        ("/b", Arc::new(Denies(Operation::Subscribe))),
    ]));
    let client = world.up();
    let subscribe = json!({"channel": "/meta/subscribe", "subscription": ["/a", "/b"]});
    let reply = client.send(subscribe).remove(0);
    assert_eq!(reply["error"], "403:members_only:subscribe_denied");
    assert_eq!(world.broker.patterns(), 0);
}

#[test]
fn services_are_authorized_too() {
    let echo = service_fn(|call, responder| {
        responder.succeed("1", call.now);
    });
    let config = with(vec![
        ("/service/closed", Arc::new(Denies(Operation::Publish))),
        ("/**", Arc::new(Grants::to_all([Operation::Publish]))),
    ]);
    let world = World::new(config.service(pattern("/service/*"), echo));
    let client = world.up();
    assert_eq!(publishing(&client, "/service/closed"), "403:members_only:publish_denied");
    assert_eq!(publishing(&client, "/service/open"), Value::Null);
    assert_eq!(data(&client.connect_at_once()), [json!(1)]);
}

#[test]
fn code_and_meta_channels_are_not_asked() {
    let every = [Operation::Create, Operation::Subscribe, Operation::Publish];
    let denies = every.map(|one| ("/**", Arc::new(Denies(one)) as Arc<dyn Authorizer>));
    let world = World::new(with(denies.into()));
    assert_eq!(world.up().connect_at_once()[0]["successful"], true);
    let news = ChannelName::new("/news").unwrap();
    assert_eq!(world.broker.publish(&news, "1", world.now.get()), Ok(0));
}

#[test]
fn an_authorizer_that_panics_denies() {
    #[derive(Debug)]
    struct Bad;
    impl Authorizer for Bad {
        fn authorize(&self, _: Operation, _: &ChannelPattern, _: &Asking<'_>) -> Opinion {
            panic!("a bug")
        }
    }
    let world = World::new(with(vec![("/a", Arc::new(Bad))]));
    let client = world.up();
    assert_eq!(publishing(&client, "/a"), "403:denied_by_security_policy:channel_create_denied");
    assert_eq!(publishing(&client, "/b"), Value::Null);
}

/// Lets clients use the channels that are there.
#[derive(Debug)]
struct NothingNew;

impl Policy for NothingNew {
    fn can_handshake(&self, _: &Asking<'_>) -> bool {
        true
    }

    fn can_create(&self, asking: &Asking<'_>, _: &ChannelPattern) -> bool {
        asking.user.is_some()
    }

    fn can_subscribe(&self, _: &Asking<'_>, _: &ChannelPattern) -> bool {
        true
    }

    fn can_publish(&self, _: &Asking<'_>, _: &ChannelName) -> bool {
        true
    }
}

#[test]
fn a_policy_may_keep_clients_to_channels_that_are_there() {
    let world = World::new(World::quick().policy(Arc::new(NothingNew)));
    let client = world.up();
    assert_eq!(subscribing(&client, "/a"), "403:denied_by_security_policy:create_denied");
    assert_eq!(publishing(&client, "/a"), "403:denied_by_security_policy:channel_create_denied");
    let _owner = world.up_as("owner", "/a");
    assert_eq!(subscribing(&client, "/a"), Value::Null);
    assert_eq!(publishing(&client, "/a"), Value::Null);
}
