//! A scenario and a seed become stories: everything is checked and drawn here, once.
//!
//! What a scenario may say is bounded, and a wrong one is refused with the place of what is wrong.
//! Tables are drawn one after the other, each from streams of its own: another table of a kind
//! changes nothing of those before it.
//!
//! | Part     | Owns                                                           |
//! |----------|----------------------------------------------------------------|
//! | `agents` | the days of agents                                             |
//! | `calls`  | calls of customers                                             |
//! | `sms`    | SMS sessions of customers                                      |
//! | `tables` | what is read once for all stories of a table                   |
//! | `draft`  | when stories begin, and what all of them share                 |
//! | `seats`  | who takes part                                                 |
//! | `draws`  | what is drawn for one story                                    |
//! | `bounds` | how much a scenario may be                                     |

mod agents;
mod bounds;
mod calls;
mod draft;
mod draws;
mod seats;
mod sms;
mod tables;

use super::file::{Scenario, ScenarioError};
use super::script::{Seat, Story};
use super::span::milliseconds;
use bounds::{MAX_ALIVE, MAX_TABLES, SPEEDS};
use draft::Draft;
use seats::{Lines, Seats};

/// A scenario that can be played.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) seats: Vec<Seat>,
    pub(super) stories: Vec<Story>,
    pub(super) alive: usize,
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) speed: f64,
    /// Steps of all stories.
    pub(crate) steps: usize,
}

impl Plan {
    /// Checks the scenario, and draws all of it from the seed. `speed` goes before the scenario's.
    pub(crate) fn new(
        scenario: &Scenario,
        seed: u64,
        speed: Option<f64>,
        lines: Lines<'_>,
    ) -> Result<Self, ScenarioError> {
        let wrong = ScenarioError::new;
        if scenario.name.is_empty() || scenario.name.len() > 64 {
            return Err(wrong("name", "has 1 to 64 bytes"));
        }
        let duration_ms = milliseconds(scenario.duration)
            .ok_or_else(|| wrong("duration", "is from 0 to 86400 seconds"))?;
        let speed = speed.unwrap_or(scenario.speed);
        if !SPEEDS.contains(&speed) {
            return Err(wrong("speed", "is from 0.01 to 1000"));
        }
        if !(1..=MAX_ALIVE).contains(&scenario.alive) {
            return Err(wrong("alive", "is from 1 to 1000"));
        }
        for (name, tables) in [("calls", scenario.calls.len()), ("sms", scenario.sms.len())] {
            if tables > MAX_TABLES {
                return Err(wrong(name, "has more than 100 tables"));
            }
        }
        let mut draft = Draft {
            seed,
            duration_ms,
            seats: Seats::new(lines),
            stories: Vec::new(),
            steps: 0,
            drawn_bytes: 0,
        };
        for (place, table) in (0..).zip(&scenario.agents) {
            draft.agent(place, table)?;
        }
        for (place, table) in (0..).zip(&scenario.calls) {
            draft.calls(place, table)?;
        }
        for (place, table) in (0..).zip(&scenario.sms) {
            draft.sms(place, table)?;
        }
        Ok(Self {
            seats: draft.seats.into_seats(),
            stories: draft.stories,
            alive: scenario.alive,
            name: scenario.name.clone(),
            seed,
            speed,
            steps: draft.steps,
        })
    }
}
