use std::time::Duration;

use encke_bayeux::BrowserId;
use encke_broker::Config;
use serde_json::{Value, json};

use crate::support::{Client, Held, World, data};

fn bounded(most: usize) -> Config {
    World::quick().sessions_per_browser(Some(most))
}

/// A client in a browser that has its cookie already.
fn tab<'w>(world: &'w World, browser: &str) -> Client<'w> {
    let mut client = world.anonymous();
    client.browser = BrowserId::adopt(browser);
    client.shake();
    client.connect_at_once();
    client
}

fn connect(client: &Client<'_>) -> Value {
    client.send(json!({"channel": "/meta/connect"})).pop().unwrap()
}

fn crowded() -> Value {
    json!({
        "reconnect": "retry", "interval": 2000, "timeout": 3000, "maxInterval": 4000,
        "multiple-clients": true,
    })
}

fn normal() -> Value {
    json!({"reconnect": "retry", "interval": 0, "timeout": 3000, "maxInterval": 4000})
}

#[test]
fn a_session_beyond_the_bound_is_told_to_poll() {
    let world = World::new(bounded(2));
    let tabs: Vec<_> = (0..3).map(|_| tab(&world, "b")).collect();
    let holds = [tabs[0].hold(), tabs[1].hold()];
    let reply = connect(&tabs[2]);
    assert_eq!((&reply["successful"], &reply["advice"]), (&json!(true), &crowded()));
    assert_eq!((world.broker.stats().held, world.broker.stats().crowded), (2, 1));
    // Other browsers, and clients without a cookie, are not concerned.
    let mut other = world.anonymous();
    other.shake();
    other.browser = None;
    other.connect_at_once();
    assert!(other.hold().is_waiting());
    assert!(tab(&world, "c").hold().is_waiting());
    drop(holds);
}

#[test]
fn the_pause_ends_when_another_session_is_gone() {
    let world = World::new(bounded(1));
    let (first, second) = (tab(&world, "b"), tab(&world, "b"));
    let held = first.hold();
    assert_eq!(connect(&second)["advice"], crowded());
    first.send(json!({"channel": "/meta/disconnect"}));
    held.answer();
    world.pass(2000);
    let waits = second.hold();
    world.pass(3000);
    assert_eq!(waits.answer()[0]["advice"], normal());
    let waits = second.hold();
    world.pass(3000);
    assert_eq!(waits.answer()[0].get("advice"), None, "told once");
}

#[test]
fn a_message_that_waits_ends_the_pause_too_if_there_is_room() {
    let world = World::new(bounded(1));
    let (first, second) = (tab(&world, "b"), tab(&world, "b"));
    second.subscribe("/a");
    let held = first.hold();
    first.publish("/a", json!(1));
    let reply = second.send(json!({"channel": "/meta/connect"}));
    assert_eq!(data(&reply), [json!(1)]);
    assert_eq!(reply[1]["advice"], crowded(), "messages come, the pause stays");
    held.cut();
    first.publish("/a", json!(2));
    let reply = second.send(json!({"channel": "/meta/connect"}));
    assert_eq!((data(&reply), &reply[1]["advice"]), (vec![json!(2)], &normal()));
}

#[test]
fn a_connect_that_asks_not_to_be_held_is_told_as_well() {
    let world = World::new(bounded(1));
    let (first, second) = (tab(&world, "b"), tab(&world, "b"));
    let _held = first.hold();
    assert_eq!(second.connect_at_once()[0]["advice"], crowded());
}

#[test]
fn two_connects_of_one_session_never_count_as_two() {
    let world = World::new(bounded(1));
    let client = tab(&world, "b");
    let mut held = client.hold();
    for _ in 0..5 {
        let newer = client.hold();
        assert_eq!(held.answer()[0].get("advice"), None);
        held = newer;
    }
    assert!(held.is_waiting());
    assert_eq!(world.broker.stats().crowded, 0);
}

#[test]
fn every_way_a_hold_ends_makes_room() {
    let world = World::new(bounded(1));
    let ends: [fn(&World, Client<'_>, Held<'_>); 8] = [
        |world, _, held| {
            world.pass(3000);
            held.answer();
        },
        |world, client, held| {
            client.subscribe("/a");
            world.up().publish("/a", json!(1));
            held.answer_lost();
        },
        |_, _, held| held.cut(),
        |_, client, held| {
            client.send(json!({"channel": "/meta/disconnect"}));
            held.answer();
        },
        |_, client, held| {
            client.connect_at_once();
            held.answer();
        },
        // Whoever owned the socket forgot the hold: its time ends it.
        |world, _, held| {
            drop(held);
            world.pass(3000);
        },
        |world, client, held| {
            client.subscribe("/a");
            world.up().publish("/a", json!(1));
            drop(held);
        },
        |world, mut client, held| {
            client.pushes = true;
            let over_socket = client.hold();
            held.answer();
            world.pass(3000);
            over_socket.answer();
        },
    ];
    for (place, end) in ends.into_iter().enumerate() {
        let client = tab(&world, "b");
        let held = client.hold();
        end(&world, client, held);
        let next = tab(&world, "b");
        let mut held = next.hold();
        assert!(held.is_waiting(), "after end {place}");
        held.cut();
    }
    assert_eq!((world.broker.stats().held, world.broker.stats().crowded), (0, 0));
}

#[test]
fn a_session_that_polls_lives_through_its_pauses() {
    let world = World::new(bounded(1));
    let (first, second) = (tab(&world, "b"), tab(&world, "b"));
    let mut held = first.hold();
    for _ in 0..4 {
        assert_eq!(connect(&second)["advice"], crowded());
        // The pause is added to the silence that ends a session.
        world.pass(5500);
        if !held.is_waiting() {
            held.answer();
            held = first.hold();
        }
    }
    assert_eq!(world.broker.stats().sessions, 2);
}

#[test]
fn with_no_pause_to_advise_a_session_is_turned_away() {
    let world = World::new(bounded(1).multi_session_interval(Duration::ZERO));
    let (first, second) = (tab(&world, "b"), tab(&world, "b"));
    let _held = first.hold();
    let reply = connect(&second);
    assert_eq!(reply["error"], "429::multiple_clients");
    assert_eq!(reply["advice"], json!({"reconnect": "none", "multiple-clients": true}));
}

#[test]
fn bounds_of_none_and_zero_hold_everybody_and_nobody() {
    let world = World::new(World::quick().sessions_per_browser(None));
    let tabs: Vec<_> = (0..10).map(|_| tab(&world, "b")).collect();
    let holds: Vec<_> = tabs.iter().map(Client::hold).collect();
    assert_eq!(world.broker.stats().held, holds.len() as u64);

    let world = World::new(bounded(0));
    let mut client = tab(&world, "b");
    assert_eq!(connect(&client)["advice"], crowded());
    client.browser = None;
    client.shake();
    client.browser = None;
    assert_eq!(connect(&client)["advice"], crowded(), "no cookie is no way around it");
}

#[test]
fn requests_that_share_a_connection_have_a_bound_of_their_own() {
    let world = World::new(bounded(1));
    let mut tabs: Vec<_> = (0..7).map(|_| tab(&world, "b")).collect();
    for tab in &mut tabs {
        tab.multiplexed = true;
    }
    let holds: Vec<_> = tabs.iter().map(Client::hold).collect();
    assert_eq!(world.broker.stats().held, holds.len() as u64);

    let world = World::new(bounded(5).multiplexed_sessions_per_browser(Some(1)));
    let mut tabs: Vec<_> = (0..2).map(|_| tab(&world, "b")).collect();
    for tab in &mut tabs {
        tab.multiplexed = true;
    }
    let _held = tabs[0].hold();
    assert_eq!(connect(&tabs[1])["advice"], crowded());
}

#[test]
fn sockets_do_not_count() {
    let world = World::new(bounded(1));
    let mut tabs: Vec<_> = (0..3).map(|_| tab(&world, "b")).collect();
    for tab in &mut tabs[..2] {
        tab.pushes = true;
    }
    let _holds = [tabs[0].hold(), tabs[1].hold()];
    assert!(tabs[2].hold().is_waiting());
}

#[test]
fn a_browser_has_five_unless_told_otherwise() {
    let world = World::new(World::quick());
    let tabs: Vec<_> = (0..6).map(|_| tab(&world, "b")).collect();
    let holds: Vec<_> = tabs[..5].iter().map(Client::hold).collect();
    assert_eq!(connect(&tabs[5])["advice"], crowded());
    assert_eq!(world.broker.stats().held, holds.len() as u64);
}

#[test]
fn users_of_one_browser_are_counted_together() {
    let world = World::new(bounded(1));
    let mut tabs = ["alice", "bob"].map(|name| world.user(name));
    for tab in &mut tabs {
        tab.browser = BrowserId::adopt("b");
        tab.shake();
        tab.connect_at_once();
    }
    let _held = tabs[0].hold();
    assert_eq!(connect(&tabs[1])["advice"], crowded());
}
