use encke_bayeux::Failure;
use encke_broker::{Config, LocalOptions, Rate};
use serde_json::json;

use crate::support::{Client, World, data};

fn publishing(per_second: u32, burst: u32) -> World {
    World::new(World::quick().publish_rate(Rate::new(per_second, burst)))
}

#[test]
fn a_session_publishes_no_more_often_than_it_may() {
    let world = publishing(10, 3);
    let (client, other, listener) = (world.up(), world.up(), world.up());
    listener.subscribe("/a");
    let burst: Vec<_> = (1..=5).map(|n| json!({"channel": "/a", "data": n})).collect();
    let replies = client.send(json!(burst));
    let errors: Vec<_> = replies.iter().map(|reply| reply["error"].clone()).collect();
    let limited = json!("429::too_many_publishes");
    assert_eq!(errors, [json!(null), json!(null), json!(null), limited.clone(), limited.clone()]);
    assert_eq!(other.publish("/a", json!(6))[0]["successful"], true, "nobody else is concerned");
    world.pass(100);
    assert_eq!(client.publish("/service/x", json!(7))[0]["successful"], true);
    assert_eq!(client.publish("/service/x", json!(8))[0]["error"], limited);
    // Nothing else is limited, and what was refused was a sign of life.
    assert_eq!(client.subscribe("/b")["successful"], true);
    let received = data(&listener.connect_at_once());
    assert_eq!(received, [json!(1), json!(2), json!(3), json!(6)]);
    assert_eq!(world.broker.stats().publishes_limited, 3);
}

#[test]
fn a_publisher_that_keeps_to_its_rate_is_never_refused() {
    let world = publishing(20, 1);
    let client = world.up();
    for n in 0..100 {
        assert_eq!(client.publish("/a", json!(n))[0]["successful"], true, "{n}");
        world.pass(50);
    }
}

fn from<'w>(world: &'w World, address: &str) -> Client<'w> {
    let mut client = world.anonymous();
    client.peer = Some(address.parse().unwrap());
    client
}

fn bounded(most: usize) -> Config {
    World::quick().sessions_per_address(Some(most))
}

#[test]
fn an_address_has_no_more_sessions_than_it_may() {
    let world = World::new(bounded(2));
    assert_eq!(from(&world, "192.0.2.1").shake()["successful"], true);
    assert_eq!(from(&world, "::ffff:192.0.2.1").shake()["successful"], true);
    let refused = from(&world, "192.0.2.1").shake();
    assert_eq!(refused["error"], "429::too_many_sessions_of_address");
    assert_eq!(refused["advice"]["reconnect"], "handshake");
    let pause = refused["advice"]["interval"].as_u64().unwrap();
    assert!((5000..7500).contains(&pause), "{pause}");
    assert_eq!(from(&world, "192.0.2.2").shake()["successful"], true);
    // Whoever has one address of IPv6 has the whole /64.
    for last in 1..=2 {
        assert_eq!(from(&world, &format!("2001:db8::{last}")).shake()["successful"], true);
    }
    assert_eq!(from(&world, "2001:db8::3").shake()["successful"], false);
    assert_eq!(from(&world, "2001:db8:0:1::3").shake()["successful"], true);
    for _ in 0..5 {
        assert_eq!(world.anonymous().shake()["successful"], true, "no address, no bound");
    }
    assert_eq!(world.broker.stats().addresses_limited, 2);
}

#[test]
fn every_end_of_a_session_makes_room_at_its_address() {
    let world = World::new(bounded(1));
    let ends: [fn(&World, &Client<'_>); 3] = [
        |_, client| drop(client.send(json!({"channel": "/meta/disconnect"}))),
        |world, _| world.pass(4100),
        |world, client| {
            let user = client.user.clone().unwrap();
            assert_eq!(world.broker.disconnect_user(&user, world.now.get()), 1);
        },
    ];
    for end in ends {
        let mut client = world.user("alice");
        client.peer = Some("192.0.2.1".parse().unwrap());
        client.shake();
        client.connect_at_once();
        assert_eq!(from(&world, "192.0.2.1").shake()["successful"], false);
        end(&world, &client);
        let mut next = from(&world, "192.0.2.1");
        assert_eq!(next.shake()["successful"], true);
        next.connect_at_once();
        next.send(json!({"channel": "/meta/disconnect"}));
    }
    let world = World::new(bounded(1).sessions(0));
    for _ in 0..3 {
        let refused = from(&world, "192.0.2.1").shake();
        assert_eq!(refused["error"], "503::too_many_sessions", "a refusal keeps no seat");
    }
}

#[test]
fn a_session_inside_the_process_counts_at_the_address_that_it_names() {
    let world = World::new(bounded(1));
    let now = world.now.get();
    let options = LocalOptions::default().peer("192.0.2.1".parse().unwrap());
    let session = world.broker.open_local(options.clone(), now).unwrap();
    let second = world.broker.open_local(options.clone(), now).unwrap_err();
    assert_eq!(second, Failure::TooManySessionsOfAddress);
    assert!(world.broker.open_local(LocalOptions::default(), now).is_ok());
    drop(session);
    assert!(world.broker.open_local(options, now).is_ok());
}

#[test]
fn names_that_strangers_invent_leave_nothing_behind() {
    let world = World::new(World::quick());
    let client = world.up();
    for n in 0..500 {
        let service = format!("/service/{n}");
        assert_eq!(client.publish(&service, json!(1))[0]["successful"], true);
        assert_eq!(client.subscribe(&service)["successful"], true);
        assert_eq!(client.publish(&format!("/broadcast/{n}"), json!(1))[0]["successful"], true);
        let gone = format!("/subscribed/{n}");
        client.subscribe(&gone);
        client.send(json!({"channel": "/meta/unsubscribe", "subscription": gone}));
    }
    let stats = world.broker.stats();
    assert_eq!((world.broker.patterns(), stats.queue_messages, stats.queue_bytes), (0, 0, 0));
}
