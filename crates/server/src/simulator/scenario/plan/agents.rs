//! The days of agents: what a robot does with his lines, whatever calls he has.
//!
//! The times of a table are from the start of the scenario; they become steps with the time between
//! them. Refuses a user who is named twice, and breaks that are less than a second apart.

use encke::calls::{LineAction, Reason, WorkMode};

use super::super::file::{AgentAct, AgentTable, ScenarioError, Start};
use super::super::random::Stream;
use super::super::script::{Act, Kind, Step, Story};
use super::bounds::MAX_LINES;
use super::draft::{AGENTS, Draft};

impl Draft<'_> {
    pub(super) fn agent(&mut self, place: u64, table: &AgentTable) -> Result<(), ScenarioError> {
        let key = format!("agents[{place}]");
        let wrong = |error: String| ScenarioError::new(&key, error);
        if table.steps.len() > MAX_LINES {
            return Err(wrong("has more than 50 steps".to_owned()));
        }
        if self.seats.has(&table.user) {
            return Err(wrong(format!("names {} a second time", table.user)));
        }
        let seat = self.seats.place(&table.user).map_err(wrong)?;
        let of_seat = self.seats.get_mut(seat).ok_or_else(|| wrong(String::new()))?;
        of_seat.robot = true;
        of_seat.beside_human = table.beside_human;
        if of_seat.lines.is_empty() {
            return Ok(());
        }
        let stream = &mut Stream::at(self.seed, &[AGENTS, place]);
        let reason = |text: &Option<String>| {
            let reason = text.as_deref().map(Reason::new).transpose();
            reason.map_err(|error| wrong(error.to_string()))
        };
        let mut acts = match table.starts {
            Start::LoggedOut => Vec::new(),
            Start::NotReady => vec![(0, LineAction::LogIn)],
            Start::Ready => vec![(0, LineAction::LogIn), (0, LineAction::Ready)],
        };
        for step in &table.steps {
            let action = match step.what {
                AgentAct::LogIn => LineAction::LogIn,
                AgentAct::LogOut => LineAction::LogOut,
                AgentAct::Ready => LineAction::Ready,
                AgentAct::NotReady => LineAction::NotReady(reason(&step.reason)?),
                AgentAct::AfterCallWork => LineAction::Work(WorkMode::AfterCallWork),
                AgentAct::AuxWork => LineAction::Work(WorkMode::AuxWork),
            };
            if step.reason.is_some() && step.what != AgentAct::NotReady {
                return Err(wrong("has a reason that is not for `not-ready`".to_owned()));
            }
            acts.push((stream.within(step.at), action));
        }
        if let Some(breaks) = &table.breaks {
            if breaks.every.from_ms < 1_000 {
                return Err(wrong("has breaks less than a second apart".to_owned()));
            }
            let mut at = stream.within(breaks.every);
            while at < self.duration_ms {
                acts.push((at, LineAction::NotReady(reason(&breaks.reason)?)));
                at += stream.within(breaks.lasts);
                acts.push((at, LineAction::Ready));
                at += stream.within(breaks.every);
            }
        }
        acts.sort_by_key(|(at, _)| *at);
        let mut before = 0;
        let steps = acts.into_iter().map(|(at, action)| {
            let after_ms = at - before;
            before = at;
            Step { after_ms, act: Act::Line { action } }
        });
        let steps = steps.collect();
        let story = Story { kind: Kind::Agent, at_ms: 0, seat, patience_ms: 0, steps };
        self.add(story).map_err(wrong)
    }
}
