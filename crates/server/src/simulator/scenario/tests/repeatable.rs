//! The same seed and the same happenings give the same.

use super::super::built_in::built_in;
use super::super::file::Scenario;
use super::super::player::{Counts, Player};
use super::super::random::Stream;
use super::house::{House, plan};

/// Twice a day, so that nothing is cut off.
const LONG_MS: u64 = 2 * 86_400_000;

/// Plays a scenario, with humans who do anything if they have draws; what happened.
fn transcript(scenario: &Scenario, seed: u64, humans: Option<u64>) -> (Vec<(u64, String)>, Counts) {
    let plan = plan(scenario, seed);
    let steps = plan.steps;
    let mut player = Player::new(plan);
    let mut house = House::new();
    let mut draws = humans.map(|seed| Stream::at(seed, &[]));
    if humans.is_some() {
        house.humans.extend(["alice", "carol"]);
    }
    house.play_with(&mut player, LONG_MS, |house| {
        if let Some(draws) = &mut draws {
            house.meddle(draws);
        }
    });
    assert!(player.is_over(), "{} with seed {seed} ends", scenario.name);
    let counts = player.counts();
    assert_eq!(counts.done + counts.failed + counts.passed, steps, "{} {seed}", scenario.name);
    assert_eq!(counts.alive, 0);
    if humans.is_none() {
        assert_eq!(house.live_calls(), 0, "{} with seed {seed} leaves no call", scenario.name);
    }
    (house.log, counts)
}

#[test]
fn the_same_seed_plays_the_same_and_another_seed_another_day() {
    for scenario in built_in() {
        for seed in 0..5 {
            let (first, counts) = transcript(&scenario, seed, None);
            assert_eq!(first, transcript(&scenario, seed, None).0, "{} {seed}", scenario.name);
            assert_ne!(first, transcript(&scenario, seed + 100, None).0, "{}", scenario.name);
            assert!(counts.done > 20, "{} {seed}: {counts:?}", scenario.name);
            let busy = counts.errors.keys().all(|error| error == "the destination is busy");
            assert!(busy, "{} {seed}: phones have so many calls: {counts:?}", scenario.name);
        }
    }
}

#[test]
fn the_same_happenings_have_the_same_consequences() {
    for scenario in built_in() {
        for seed in 0..4 {
            let first = transcript(&scenario, seed, Some(seed + 1));
            assert_eq!(first, transcript(&scenario, seed, Some(seed + 1)), "{}", scenario.name);
            let others = transcript(&scenario, seed, Some(seed + 2));
            assert_ne!(first.0, others.0, "{} {seed}: humans matter", scenario.name);
        }
    }
}

#[test]
fn what_humans_do_to_one_story_draws_nothing_else_in_others() {
    let scenario = built_in().find(|scenario| scenario.name == "call-storm").unwrap();
    let began = |log: &[(u64, String)]| {
        let started = log.iter().filter(|(_, event)| event.contains("\"started\""));
        let number = |(at, event): &(u64, String)| {
            let event: serde_json::Value = serde_json::from_str(event).unwrap();
            (*at, event["call"]["what"]["started"]["ani"].as_str().unwrap().to_owned())
        };
        started.map(number).collect::<Vec<_>>()
    };
    let alone = began(&transcript(&scenario, 3, None).0);
    let meddled = began(&transcript(&scenario, 3, Some(4)).0);
    let common = meddled.iter().filter(|call| alone.contains(call)).count();
    // Those that found no room for them are fewer or others; whoever called is the same.
    assert!(common > 40 && common * 10 > meddled.len() * 9, "{common} of {}", meddled.len());
}

#[test]
fn who_plays_late_plays_in_the_same_order() {
    let scenario = built_in().find(|scenario| scenario.name == "bad-day").unwrap();
    let order = |lag_ms: u64| {
        let mut player = Player::new(plan(&scenario, 11));
        let mut house = House::new();
        // The clock jumps, as on a machine that has other things to do.
        while !player.is_over() {
            house.now_ms = player.next_due().unwrap().max(house.now_ms) + lag_ms;
            let until = house.now_ms + 1;
            house.play(&mut player, until);
        }
        house.log.into_iter().map(|(_, event)| without_time(&event)).collect::<Vec<_>>()
    };
    assert_eq!(order(0), order(700));
}

fn without_time(event: &str) -> String {
    let mut event: serde_json::Value = serde_json::from_str(event).unwrap();
    // A call, a line, or an interaction under the name of its medium.
    for (_, about) in event.as_object_mut().into_iter().flatten() {
        if let Some(about) = about.as_object_mut() {
            about.remove("at_ms");
        }
    }
    event.to_string()
}
