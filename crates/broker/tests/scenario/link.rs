use std::num::NonZeroUsize;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use encke_bayeux::{ChannelPattern, ClientId};
use encke_broker::{Answer, ChannelRule, ChannelSettings, Link, Reach, Retention};
use serde_json::{Value, json};

use crate::support::{Client, World, data};

/// What a link has to push now; `None` where it is over.
fn pushed(world: &World, link: &mut Link) -> Option<Vec<Value>> {
    match link.poll_messages(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => Some(Vec::new()),
        Poll::Ready(None) => None,
        Poll::Ready(Some(delivery)) => {
            let body: Vec<Value> = serde_json::from_slice(&delivery.body()).unwrap();
            delivery.written(world.now.get());
            Some(data(&body))
        }
    }
}

/// A client over a socket, subscribed to `/a`, with its link.
fn up(world: &World) -> (Client<'_>, Link) {
    let mut client = world.anonymous();
    client.pushes = true;
    client.shake();
    let link = attach(&client, None);
    client.subscribe("/a");
    (client, link)
}

fn attach(client: &Client<'_>, link: Option<Link>) -> Link {
    let message = json!({"channel": "/meta/connect", "advice": {"timeout": 0}});
    let Answer::Reply(delivery) = client.raw(&client.body(message)) else { panic!("held") };
    let link = delivery.link(link).unwrap();
    delivery.written(client.world.now.get());
    link
}

#[test]
fn messages_are_pushed_and_leave_the_held_connect_alone() {
    let world = World::new(World::quick());
    let ((client, mut link), other) = (up(&world), world.up());
    let mut held = client.hold();
    other.publish("/a", json!(1));
    other.publish("/a", json!(2));
    assert!(held.is_waiting());
    assert_eq!(pushed(&world, &mut link), Some(vec![json!(1), json!(2)]));
    assert_eq!(pushed(&world, &mut link), Some(vec![]));
    world.pass(3000);
    assert_eq!(data(&held.answer()), [] as [Value; 0]);
}

#[test]
fn the_own_copy_rides_in_front_of_the_publish_reply() {
    let world = World::new(World::quick());
    let (client, mut link) = up(&world);
    let response = client.publish("/a", json!(1));
    assert_eq!(data(&response), [json!(1)]);
    assert_eq!(response[1]["successful"], true);
    assert_eq!(pushed(&world, &mut link), Some(vec![]));
}

#[test]
fn a_client_that_acknowledges_gets_its_messages_with_connects() {
    let world = World::new(World::quick());
    let mut client = world.anonymous();
    client.pushes = true;
    client.shake_with(json!({"ack": true}));
    let mut link = attach(&client, None);
    client.subscribe("/a");
    let mut held = client.hold();
    assert!(held.is_waiting());
    client.publish("/a", json!(1));
    assert_eq!(pushed(&world, &mut link), Some(vec![]));
    assert_eq!(data(&held.answer()), [json!(1)]);
}

#[test]
fn a_client_that_acknowledges_gets_what_is_replayed_with_the_connect_that_is_held() {
    let mut settings = ChannelSettings::default();
    settings.replay =
        Some(Retention { age: Duration::from_secs(60), messages: 10, bytes: 1 << 20 });
    let kept = ChannelRule::new(ChannelPattern::new("/a").unwrap(), settings);
    let world = World::new(World::quick().channels(vec![kept]).wall(World::wall()));
    world.up().publish("/a", json!(1));
    let mut client = world.anonymous();
    client.pushes = true;
    client.shake_with(json!({"ack": true, "replay": true}));
    let mut link = attach(&client, None);
    let mut held = client.hold();
    assert!(held.is_waiting());
    assert_eq!(pushed(&world, &mut link), Some(vec![]), "the link waits too");
    client.send(json!({
        "channel": "/meta/subscribe", "subscription": "/a", "ext": {"replay": {"/a": -2}},
    }));
    assert_eq!(pushed(&world, &mut link), Some(vec![]));
    assert_eq!(data(&held.answer()), [json!(1)]);
}

#[test]
fn another_socket_takes_the_session_over() {
    let world = World::new(World::quick());
    let ((client, mut old), other) = (up(&world), world.up());
    let mut new = attach(&client, None);
    other.publish("/a", json!(1));
    assert_eq!(pushed(&world, &mut old), None);
    drop(old);
    assert_eq!(pushed(&world, &mut new), Some(vec![json!(1)]));
}

#[test]
fn a_client_that_falls_back_to_polling_leaves_its_socket() {
    let world = World::new(World::quick());
    let ((mut client, mut link), other) = (up(&world), world.up());
    client.pushes = false;
    let held = client.hold();
    assert_eq!(pushed(&world, &mut link), None);
    other.publish("/a", json!(1));
    assert_eq!(data(&held.answer()), [json!(1)]);
}

#[test]
fn messages_wait_for_the_next_connection_when_the_socket_is_gone() {
    let world = World::new(World::quick());
    let ((client, link), other) = (up(&world), world.up());
    drop(link);
    other.publish("/a", json!(1));
    let response = client.connect_at_once();
    assert_eq!(data(&response), [json!(1)]);
}

#[test]
fn what_one_socket_could_not_write_is_pushed_through_the_next() {
    let world = World::new(World::quick());
    let ((client, mut old), other) = (up(&world), world.up());
    other.publish("/a", json!(1));
    let poll = old.poll_messages(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Some(unwritten)) = poll else { panic!("nothing was pushed") };
    let mut new = attach(&client, None);
    let mut held = client.hold();
    assert!(held.is_waiting());
    assert_eq!(pushed(&world, &mut new), Some(vec![]));
    unwritten.failed(world.now.get());
    assert!(held.is_waiting());
    assert_eq!(pushed(&world, &mut new), Some(vec![json!(1)]));
}

#[test]
fn the_end_of_a_session_is_pushed_and_then_the_link_is_over() {
    let world = World::gws();
    let mut client = world.user("alice");
    client.pushes = true;
    client.shake();
    let mut link = attach(&client, None);
    world.broker.disconnect_user(client.user.as_ref().unwrap(), world.now.get());
    let poll = link.poll_messages(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Some(delivery)) = poll else { panic!("nothing was pushed") };
    assert_eq!(delivery.body(), r#"[{"channel":"/meta/disconnect","successful":true}]"#);
    delivery.written(world.now.get());
    assert_eq!(pushed(&world, &mut link), None);
    assert_eq!(world.broker.stats().queue_messages, 0);
}

#[test]
fn a_drain_ends_a_link_once_nothing_is_left_to_send() {
    let world = World::new(World::quick());
    let ((_client, mut link), other) = (up(&world), world.up());
    other.publish("/a", json!(1));
    world.broker.begin_drain(world.now.get());
    assert_eq!(pushed(&world, &mut link), Some(vec![json!(1)]));
    assert_eq!(pushed(&world, &mut link), None);
}

#[test]
fn a_connection_may_be_kept_to_the_session_that_began_on_it() {
    let world = World::new(World::quick());
    let other = world.up();
    let mut client = world.anonymous();
    client.pushes = true;
    client.reach = Reach::Own(None);
    client.id.clone_from(&other.id);
    let refused = client.connect_at_once().remove(0);
    assert_eq!(refused["error"], "402::session_unknown");
    assert_eq!(refused["advice"]["reconnect"], "handshake");
    let hello = client.body(json!({"channel": "/meta/handshake"}));
    let Answer::Reply(delivery) = client.raw(&hello) else { panic!("held") };
    let own = delivery.greeted().unwrap();
    delivery.written(world.now.get());
    client.id = own.as_str().to_owned();
    client.reach = Reach::Own(Some(own));
    assert_eq!(client.connect_at_once()[0]["successful"], true);
    client.reach = Reach::Own(ClientId::parse(&other.id));
    assert_eq!(client.connect_at_once()[0]["error"], "402::session_unknown");
}

#[test]
fn a_response_leaves_in_parts_each_written_or_not_for_itself() {
    let world = World::new(World::quick());
    let ((client, link), other) = (up(&world), world.up());
    for number in 1..=4 {
        other.publish("/a", json!(number));
    }
    let body = client.body(json!({"channel": "/b", "data": 0}));
    let Answer::Reply(delivery) = client.raw(&body) else { panic!("held") };
    let link = delivery.link(Some(link));
    let parts = delivery.split(NonZeroUsize::new(3).unwrap());
    let bodies: Vec<Vec<Value>> =
        parts.iter().map(|part| serde_json::from_slice(&part.body()).unwrap()).collect();
    assert_eq!(bodies.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1]);
    assert_eq!(
        (data(&bodies[0]), data(&bodies[1])),
        (vec![json!(1), json!(2), json!(3)], vec![json!(4)])
    );
    assert_eq!(
        (&bodies[2][0]["channel"], &bodies[2][0]["successful"]),
        (&json!("/b"), &json!(true))
    );
    let mut parts = parts.into_iter();
    parts.next().unwrap().written(world.now.get());
    // The socket broke: the rest is put back, the last first.
    parts.rev().for_each(|part| part.failed(world.now.get()));
    drop(link);
    assert_eq!(data(&client.connect_at_once()), [json!(4)]);
    assert_eq!((world.broker.stats().messages_out, world.broker.stats().queue_messages), (4, 0));
}
