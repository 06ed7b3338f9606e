//! What has been drawn of a plan so far: who takes part, and the stories.
//!
//! Owns what every kind of table needs: when its stories begin, and the bounds that all stories have
//! together. Refuses a story that is one too many.

use super::super::random::Stream;
use super::super::script::Story;
use super::super::span::{Span, milliseconds};
use super::bounds::{MAX_DRAWN_BYTES, MAX_PER_MINUTE, MAX_STEPS, MAX_STORIES};
use super::seats::Seats;

/// What has been drawn so far.
pub(super) struct Draft<'a> {
    pub(super) seed: u64,
    pub(super) duration_ms: u64,
    pub(super) seats: Seats<'a>,
    pub(super) stories: Vec<Story>,
    pub(super) steps: usize,
    pub(super) drawn_bytes: usize,
}

// First steps into the streams, so that tables of different kinds have draws of their own.
pub(super) const AGENTS: u64 = 1;
pub(super) const CALLS: u64 = 2;
pub(super) const SMS: u64 = 3;

impl Draft<'_> {
    pub(super) fn stream(&self, place: &[u64]) -> Stream {
        Stream::at(self.seed, place)
    }

    /// When stories of a table begin, in order.
    pub(super) fn arrivals(
        &self,
        place: &[u64],
        at: &[Span],
        per_minute: Option<f64>,
        between: Option<[f64; 2]>,
    ) -> Result<Vec<u64>, String> {
        let stream = &mut self.stream(place);
        if at.is_empty() && per_minute.is_none() {
            return Err("needs `at` or `per_minute`".to_owned());
        }
        if at.len() > MAX_STORIES {
            return Err("has too many times".to_owned());
        }
        let mut arrivals: Vec<u64> = at.iter().map(|at| stream.within(*at)).collect();
        let [from, to] = between.unwrap_or([0.0, f64::INFINITY]);
        if !(from >= 0.0 && from <= to) {
            return Err("`between` begins at 0 or later, and ends after it began".to_owned());
        }
        if between.is_some() && per_minute.is_none() {
            return Err("`between` belongs to `per_minute`".to_owned());
        }
        if let Some(per_minute) = per_minute {
            if !(per_minute > 0.0 && per_minute <= MAX_PER_MINUTE) {
                return Err("`per_minute` is above 0 and at most 6000".to_owned());
            }
            let end = (to * 1000.0).min(f64_of(self.duration_ms));
            let mut next = from * 1000.0 + stream.pause(per_minute);
            while next < end {
                if arrivals.len() >= MAX_STORIES {
                    return Err("begins more than 10000 times".to_owned());
                }
                arrivals.extend(milliseconds(next / 1000.0));
                next += stream.pause(per_minute);
            }
        }
        if arrivals.iter().any(|at| *at > self.duration_ms) {
            return Err("begins after the end".to_owned());
        }
        arrivals.sort_unstable();
        Ok(arrivals)
    }

    pub(super) fn add(&mut self, story: Story) -> Result<(), String> {
        self.steps += story.steps.len();
        if self.stories.len() >= MAX_STORIES || self.steps > MAX_STEPS {
            return Err("is one too many: 10000 stories and 100000 steps are allowed".to_owned());
        }
        if self.drawn_bytes > MAX_DRAWN_BYTES {
            return Err("is too much: 64 MiB of texts and user data are allowed".to_owned());
        }
        self.stories.push(story);
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a day in milliseconds is exact")]
fn f64_of(ms: u64) -> f64 {
    ms as f64
}
