//! What the document shows can be played.

use super::super::built_in::built_in;
use super::super::player::Player;
use super::super::random::Stream;
use super::house::{House, plan, scenario};

const DOCUMENT: &str = include_str!("../../../../../../docs/SCENARIOS.md");

#[test]
fn every_example_of_the_document_is_played_to_its_end() {
    let examples: Vec<&str> =
        DOCUMENT.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let scenario = scenario(example);
        let mut player = Player::new(plan(&scenario, 1));
        House::new().play(&mut player, 10_000_000);
        let alone = player.counts();
        assert!(player.is_over() && alone.done > 2, "{}: {alone:?}", scenario.name);
        assert_eq!(alone.failed, 0, "{}: {alone:?}", scenario.name);
        // With people at their desks, who answer and hang up as they like.
        // All ten, whatever the first of them comes to: each has to end.
        let meddled = (1..=10).map(|seed| {
            let mut player = Player::new(plan(&scenario, 1));
            let mut draws = Stream::at(seed, &[]);
            House::new().play_with(&mut player, 10_000_000, |house| house.meddle(&mut draws));
            assert!(player.is_over(), "{}: {:?}", scenario.name, player.counts());
            player.counts()
        });
        let meddled: Vec<_> = meddled.collect();
        assert!(meddled.iter().any(|counts| *counts != alone), "{}", scenario.name);
    }
}

#[test]
fn the_document_names_every_built_in_scenario() {
    for scenario in built_in() {
        assert!(DOCUMENT.contains(&format!("\n| `{}` |", scenario.name)), "{}", scenario.name);
    }
}
