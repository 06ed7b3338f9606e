use std::task::{Context, Poll, Waker};

use encke_broker::{Answer, Link};
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
