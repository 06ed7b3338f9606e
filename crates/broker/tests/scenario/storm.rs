//! Everybody comes back at once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use encke_broker::Rate;
use serde_json::json;

use crate::support::World;

/// What came of a crowd that does as it is advised, and as the JavaScript library does: it waits for
/// the interval, and a second longer for each failure after the first.
struct Crowd {
    attempts: u64,
    /// Attempts by second.
    seconds: BTreeMap<u64, usize>,
    /// When the last one was let in, in milliseconds.
    last: u64,
    /// Who was let in at the first attempt.
    at_once: Vec<usize>,
}

/// Lets clients shake hands at their times, in milliseconds, until all are in.
fn crowd(world: &World, times: impl IntoIterator<Item = u64>) -> Crowd {
    let zero = world.now.get();
    let mut due: BinaryHeap<_> =
        times.into_iter().enumerate().map(|(client, at)| Reverse((at, client, 0))).collect();
    let mut seen = Crowd { attempts: 0, seconds: BTreeMap::new(), last: 0, at_once: Vec::new() };
    while let Some(Reverse((at, client, failures))) = due.pop() {
        world.now.set(zero + Duration::from_millis(at));
        seen.attempts += 1;
        *seen.seconds.entry(at / 1000).or_default() += 1;
        let reply = world.anonymous().shake();
        if reply["successful"] == true {
            seen.last = seen.last.max(at);
            if failures == 0 {
                seen.at_once.push(client);
            }
            continue;
        }
        assert_eq!(reply["error"], "503::too_many_handshakes");
        assert_eq!(reply["advice"]["reconnect"], "handshake");
        let interval = reply["advice"]["interval"].as_u64().unwrap();
        assert!(interval <= 90_000, "{interval}");
        due.push(Reverse((at + interval + 1000 * failures, client, failures + 1)));
    }
    seen
}

#[test]
fn a_crowd_that_obeys_spreads_out_and_is_served_at_the_rate() {
    let world = World::new(World::quick().handshake_rate(Rate::new(100, 100)));
    let seen = crowd(&world, (0..3000).map(|client| client / 3));
    assert_eq!(world.broker.stats().handshakes, 3000);
    let busiest = seen.seconds.iter().skip(1).map(|(_, count)| *count).max().unwrap();
    assert!(busiest <= 110, "{busiest} in one second: {:?}", seen.seconds);
    assert!(seen.attempts <= 2 * 3000, "{} attempts", seen.attempts);
    // No faster than allowed, and not much slower.
    assert!((29_000..60_000).contains(&seen.last), "{} ms", seen.last);
    assert_eq!(world.broker.stats().handshakes_limited, seen.attempts - 3000);
}

#[test]
fn a_crowd_that_is_larger_than_the_longest_pause_gets_in_all_the_same() {
    let world = World::new(World::quick().handshake_rate(Rate::new(100, 100)));
    let seen = crowd(&world, (0..12_000).map(|client| client / 12));
    assert_eq!(world.broker.stats().handshakes, 12_000);
    assert!(seen.last < 300_000, "{} ms", seen.last);
    assert!(seen.attempts < 5 * 12_000, "{} attempts", seen.attempts);
}

#[test]
fn newcomers_find_room_beside_a_crowd() {
    let world = World::new(World::quick().handshake_rate(Rate::new(100, 100)));
    let (crowded, newcomers) = ((0..2000).map(|_| 0), (0..200).map(|n| 2000 + n * 100));
    let seen = crowd(&world, crowded.chain(newcomers));
    let at_once = seen.at_once.iter().filter(|client| **client >= 2000).count();
    assert!(at_once >= 190, "{at_once} of 200");
}

#[test]
fn whose_session_is_gone_waits_before_it_shakes_hands_while_a_storm_lasts() {
    let world = World::new(World::quick().handshake_rate(Rate::new(10, 10)));
    let stranger = || {
        let mut client = world.anonymous();
        "a".repeat(32).clone_into(&mut client.id);
        client.send(json!({"channel": "/meta/connect"})).remove(0)
    };
    assert_eq!(stranger()["advice"], json!({"reconnect": "handshake", "interval": 0}));
    for _ in 0..90 {
        world.anonymous().shake();
    }
    // Eighty turns at eight a second are promised.
    let pauses: Vec<_> =
        (0..200).map(|_| stranger()["advice"]["interval"].as_u64().unwrap()).collect();
    for second in 0..11 {
        let some = pauses.iter().filter(|pause| **pause / 1000 == second).count();
        assert!((5..=40).contains(&some), "{some} of 200 in second {second}");
    }
    world.pass(11_000);
    assert_eq!(stranger()["advice"]["interval"], 0);
    // Who is in is not slowed down.
    for _ in 0..20 {
        world.anonymous().shake();
    }
    world.pass(1000);
    let mut client = world.anonymous();
    assert_eq!(client.shake()["advice"]["interval"], 0);
    assert_eq!(client.connect_at_once()[0]["advice"]["interval"], 0);
}

#[test]
fn without_a_rate_every_handshake_is_served() {
    let world = World::new(World::quick());
    let seen = crowd(&world, (0..2000).map(|_| 0));
    assert_eq!((seen.attempts, seen.last), (2000, 0));
}

#[test]
fn whoever_is_turned_away_by_a_drain_does_not_come_back_together() {
    let world = World::new(World::quick());
    world.broker.begin_drain(world.now.get());
    let pauses: Vec<_> = (0..50)
        .map(|_| world.anonymous().shake()["advice"]["interval"].as_u64().unwrap())
        .collect();
    assert!(pauses.iter().all(|pause| (5000..7500).contains(pause)), "{pauses:?}");
    let first_half = pauses.iter().filter(|pause| **pause < 6250).count();
    assert!((15..=35).contains(&first_half), "{first_half} of 50 in the first half");
}
