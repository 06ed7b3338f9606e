use encke_bayeux::ChannelPattern;
use encke_broker::{ChannelRule, ChannelSettings};
use serde_json::json;

use crate::support::{World, data};

fn silent(pattern: &str) -> ChannelRule {
    let mut settings = ChannelSettings::default();
    settings.broadcast_to_publisher = false;
    ChannelRule::new(ChannelPattern::new(pattern).unwrap(), settings)
}

#[test]
fn a_publisher_that_is_subscribed_gets_its_own_messages() {
    let world = World::new(World::quick());
    let client = world.up();
    client.subscribe("/a");
    client.publish("/a", json!(1));
    assert_eq!(data(&client.connect_at_once()), [json!(1)]);
}

#[test]
fn the_channel_published_to_may_say_otherwise_whatever_is_subscribed() {
    let world = World::new(World::quick().channels(vec![silent("/a/*")]));
    let (client, other) = (world.up(), world.up());
    for pattern in ["/a/x", "/**"] {
        client.subscribe(pattern);
        other.subscribe(pattern);
    }
    client.publish("/a/x", json!(1));
    client.publish("/b", json!(2));
    assert_eq!(data(&client.connect_at_once()), [json!(2)]);
    assert_eq!(data(&other.connect_at_once()), [json!(1), json!(2)]);
}

#[test]
fn where_no_publisher_gets_its_messages_no_channel_changes_that() {
    let talkative = ChannelRule::new(ChannelPattern::new("/a").unwrap(), ChannelSettings::DEFAULT);
    let config = World::quick().broadcast_to_publisher(false).channels(vec![talkative]);
    let world = World::new(config);
    let (client, other) = (world.up(), world.up());
    client.subscribe("/a");
    other.subscribe("/a");
    client.publish("/a", json!(1));
    other.publish("/a", json!(2));
    assert_eq!(data(&client.connect_at_once()), [json!(2)]);
    assert_eq!(data(&other.connect_at_once()), [json!(1)]);
}
