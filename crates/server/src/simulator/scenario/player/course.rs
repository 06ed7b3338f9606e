//! How a story goes on: to its next step, to waiting, and to its end.
//!
//! A story whose steps are over, or cannot go on, is wound up: a consultation is hung up, then the
//! customer goes, and then the robots who are left. Whoever waited for a robot looks at him again
//! when he is free, in the order in which they came. Does nothing by itself: what is to be done is
//! left in the story, for its next turn.

use std::collections::VecDeque;

use encke::calls::{
    Actor, Call, CallAction, CallId, Command, Dn, InteractionAction, InteractionActor,
};

use super::super::script::{Act, Seat};
use super::action::{outside, robot};
use super::state::{Agent, Live, Player, Wait};

/// Time in which an agent turns to the next call, in milliseconds.
const TURN_MS: u64 = 1_000;

impl Player {
    /// Goes on by so many steps, or ends.
    pub(super) fn advance(&mut self, story: usize, by: usize, at: u64, call: Option<&Call>) {
        self.skip(story, by);
        let is_last = self.left(story) == 0;
        if let Some(live) = self.live.get_mut(&story) {
            live.clock_ms = at;
            live.wait = None;
        }
        if !is_last {
            let after = self.of(story).map_or(0, |step| step.after_ms);
            self.schedule(story, at + after);
        } else if call.is_some_and(Call::is_released) || !self.is_call(story) {
            self.end(story, at);
        } else {
            self.wind_up(story, at);
        }
    }

    pub(super) fn pass(&mut self, story: usize, act: &Act, at: u64) {
        let steps = 1 + act.follows();
        self.counts.passed += steps;
        self.advance(story, steps, at, None);
    }

    /// Ends a story in the customer's name, and then in that of the robots who are left.
    pub(super) fn wind_up(&mut self, story: usize, at: u64) {
        self.counts.passed += self.left(story);
        let end = self.stories.get(story).map_or(0, |story| story.steps.len());
        let talking = |(_, agent): &(&Seat, &Agent)| agent.talking == Some(story);
        let robots: Vec<&Seat> =
            self.seats.iter().zip(&self.agents).filter(talking).map(|(seat, _)| seat).collect();
        let by = |seat: &Seat, call: &CallId, action| {
            let by = Actor::Dn(seat.line()?.clone());
            Some((robot(seat), Command::Operate { call: call.clone(), by, action }))
        };
        let Some(live) = self.live.get(&story) else { return };
        let mut tidy = VecDeque::new();
        let lead = live.lead.and_then(|seat| self.seats.get(seat)).filter(|seat| seat.robot);
        if let (Some(seat), Some(call)) = (lead, &live.consultation) {
            tidy.extend(by(seat, call, CallAction::Hangup));
        }
        if let Some(call) = &live.main {
            tidy.push_back((None, outside(call, CallAction::Hangup)));
            tidy.extend(robots.into_iter().filter_map(|seat| by(seat, call, CallAction::Clear)));
        }
        if let Some(interaction) = &live.interaction {
            let (interaction, by) = (interaction.clone(), InteractionActor::Outside);
            let action = InteractionAction::Leave;
            tidy.push_back((None, Command::OperateInteraction { interaction, by, action }));
        }
        if let Some(live) = self.live.get_mut(&story) {
            live.next = end;
            live.wait = None;
            live.tidy = Some(tidy);
        }
        self.schedule(story, at);
    }

    pub(super) fn end(&mut self, story: usize, at: u64) {
        if let Some(live) = self.live.remove(&story) {
            self.queue.remove(&(live.due_ms, story));
        }
        let talked = self.agents.iter().enumerate().filter(|(_, a)| a.talking == Some(story));
        let talked: Vec<usize> = talked.map(|(seat, _)| seat).collect();
        for seat in talked {
            self.free(Some(seat), story, at);
        }
    }

    pub(super) fn free(&mut self, seat: Option<usize>, story: usize, at: u64) {
        let Some(agent) = seat.and_then(|seat| self.agents.get_mut(seat)) else { return };
        if agent.talking == Some(story) {
            agent.talking = None;
            self.wake(seat, at);
        }
    }

    /// Frees the robots who are on none of a story's calls any more.
    pub(super) fn free_gone(&mut self, story: usize, calls: [Option<&Call>; 2], at: u64) {
        let is_on = |line: &Dn, call: &Call| {
            call.parties.iter().any(|party| party.dn.as_ref() == Some(line) && party.is_live())
        };
        let stays = |seat: &Seat| {
            let line = seat.line();
            line.is_some_and(|line| calls.into_iter().flatten().any(|call| is_on(line, call)))
        };
        let agents = self.seats.iter().zip(&self.agents).enumerate();
        let gone = agents
            .filter(|(_, (seat, agent))| agent.talking == Some(story) && !stays(seat))
            .map(|(place, _)| place);
        let gone: Vec<usize> = gone.collect();
        for place in gone {
            self.free(Some(place), story, at);
        }
    }

    /// Who waits for this agent looks at him again, in the order in which they came.
    pub(super) fn wake(&mut self, seat: Option<usize>, at: u64) {
        let Some(agent) = seat.and_then(|seat| self.agents.get_mut(seat)) else { return };
        if !agent.ready || agent.talking.is_some() {
            return;
        }
        let waiting = std::mem::take(&mut agent.waiting);
        for (story, due) in waiting.into_iter().zip(at + TURN_MS..) {
            // Who loses patience before does so.
            let waits = |live: &&mut Live| live.wait == Some(Wait::Answer) && live.due_ms > due;
            if let Some(live) = self.live.get_mut(&story).filter(waits) {
                live.wait = None;
                self.schedule(story, due);
            }
        }
    }

    pub(super) fn wait(&mut self, story: usize, wait: Wait, at: u64) {
        let patience = self.stories.get(story).map_or(0, |story| story.patience_ms);
        let robot = match self.act(story) {
            Some(Act::Answer { seat: Some(seat), willing: true, .. }) => Some(seat),
            _ => None,
        };
        let Some(live) = self.live.get_mut(&story) else { return };
        live.wait = Some(wait);
        let until = live.clock_ms + patience;
        if let Some(agent) = robot.and_then(|seat| self.agents.get_mut(seat)) {
            agent.waiting.push_back(story);
        }
        self.schedule(story, until.max(at));
    }

    pub(super) fn schedule(&mut self, story: usize, due: u64) {
        if let Some(live) = self.live.get_mut(&story) {
            self.queue.remove(&(live.due_ms, story));
            live.due_ms = due;
            self.queue.insert((due, story));
        }
    }

    pub(super) fn skip(&mut self, story: usize, steps: usize) {
        if let Some(live) = self.live.get_mut(&story) {
            live.next += steps;
        }
    }
}
