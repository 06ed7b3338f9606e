//! Which action is next: one at a time, in the order of their times in the scenario.
//!
//! A story begins at its first step, if there is room for it; the bound on calls and SMS sessions at
//! a time is kept here. Who has waited for too long loses patience here, too.

use encke::calls::Command;

use super::action::{Action, Robot};
use super::state::{Live, Player, Wait};
use super::verdict::Verdict;

impl Player {
    /// What is to be done by `now_ms`. `None` while an action is not [done](Self::handle_done).
    pub(crate) fn poll_action(&mut self, now_ms: u64) -> Option<Action> {
        while self.in_flight.is_none() {
            let (due, story) = *self.queue.first().filter(|(due, _)| *due <= now_ms)?;
            self.queue.pop_first();
            if let Some((robot, command)) = self.step(story, due) {
                self.in_flight = Some((due, story));
                let call = self.live.get(&story).and_then(|live| live.main.clone());
                return Some(Action { robot, command, call });
            }
        }
        None
    }

    /// Nothing new begins, and what has begun is ended by the customers.
    pub(crate) fn stop(&mut self, now_ms: u64) {
        let waiting: Vec<usize> = self.queue.iter().map(|(_, story)| *story).collect();
        for story in waiting {
            let tidies = match self.live.get(&story) {
                None => {
                    self.counts.passed += self.left(story);
                    self.queue.retain(|(_, queued)| *queued != story);
                    continue;
                }
                Some(live) => live.tidy.is_some(),
            };
            if !tidies {
                self.wind_up(story, now_ms);
            }
        }
    }

    /// What a story comes to at its time.
    fn step(&mut self, story: usize, due: u64) -> Option<(Option<Robot>, Command)> {
        if !self.live.contains_key(&story) && !self.begin(story, due) {
            return None;
        }
        let live = self.live.get_mut(&story)?;
        if let Some(tidy) = &mut live.tidy {
            let next = tidy.pop_front();
            if next.is_none() {
                self.end(story, due);
            }
            return next;
        }
        let wait = live.wait.take();
        let act = self.act(story)?;
        match wait {
            Some(Wait::Answer) => {
                self.wind_up(story, due);
                return None;
            }
            Some(Wait::Reply) => {
                self.pass(story, &act, due);
                return None;
            }
            None => {}
        }
        match self.judge(story, &act) {
            Some(Verdict::Do(robot, command)) => return Some((robot, command)),
            Some(Verdict::Instead(command)) => return Some((None, command)),
            Some(Verdict::Wait(wait)) => self.wait(story, wait, due),
            Some(Verdict::Pass) | None => self.pass(story, &act, due),
        }
        None
    }

    /// Makes a story live, if there is room for it.
    fn begin(&mut self, story: usize, due: u64) -> bool {
        let alive = self.live.keys().filter(|story| self.is_customer(**story)).count();
        if self.is_customer(story) && alive >= self.limit {
            self.failed(format!("more than {} calls and SMS sessions at a time", self.limit));
            self.counts.passed += self.left(story).saturating_sub(1);
            return false;
        }
        let lead = self.stories.get(story).map(|story| story.seat);
        let live = Live {
            next: 0,
            clock_ms: due,
            due_ms: due,
            wait: None,
            lead,
            main: None,
            consultation: None,
            interaction: None,
            heard: 0,
            tidy: None,
        };
        self.live.insert(story, live);
        true
    }
}
