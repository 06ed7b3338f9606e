//! What a player knows: the stories, how far each is, what its robots do, and what happened so far.
//!
//! Answers questions and counts; only the parts above change how far a story is. A story that has
//! something to do or to wait for has one entry in the queue, by the time at which it is looked at
//! again. Of what goes wrong a few texts are kept, and the rest is only counted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use encke::calls::{CallId, Command, InteractionKey};

use super::super::plan::Plan;
use super::super::script::{Act, Kind, Seat, Step, Story};
use super::action::{Counts, Robot, Watched};

/// Different errors that are kept by their text.
const MAX_ERRORS: usize = 16;
/// What the further ones are counted as.
const OTHER_ERRORS: &str = "other errors";

/// A plan that is being played.
#[derive(Debug)]
pub(crate) struct Player {
    pub(super) seats: Vec<Seat>,
    pub(super) stories: Vec<Story>,
    pub(super) limit: usize,
    pub(super) agents: Vec<Agent>,
    pub(super) live: BTreeMap<usize, Live>,
    /// One entry for each story that has something to do or to wait for.
    pub(super) queue: BTreeSet<(u64, usize)>,
    pub(super) in_flight: Option<(u64, usize)>,
    pub(super) counts: Counts,
}

/// What a robot is doing.
#[derive(Debug, Default)]
pub(super) struct Agent {
    pub(super) ready: bool,
    pub(super) talking: Option<usize>,
    /// Stories that ring at him.
    pub(super) waiting: VecDeque<usize>,
}

/// A story that has begun.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) next: usize,
    /// When the last step was.
    pub(super) clock_ms: u64,
    pub(super) due_ms: u64,
    pub(super) wait: Option<Wait>,
    /// The agent who speaks for the house; `None` once that is somebody outside.
    pub(super) lead: Option<usize>,
    pub(super) main: Option<CallId>,
    pub(super) consultation: Option<CallId>,
    pub(super) interaction: Option<InteractionKey>,
    /// Texts of the agent.
    pub(super) heard: usize,
    /// What is left to do to end it.
    pub(super) tidy: Option<VecDeque<(Option<Robot>, Command)>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wait {
    Answer,
    Reply,
}

impl Player {
    /// A player at the beginning.
    pub(crate) fn new(plan: Plan) -> Self {
        let due = |(place, story): (usize, &Story)| {
            let first = story.steps.first()?;
            Some((story.at_ms + first.after_ms, place))
        };
        Self {
            queue: plan.stories.iter().enumerate().filter_map(due).collect(),
            agents: plan.seats.iter().map(|_| Agent::default()).collect(),
            seats: plan.seats,
            stories: plan.stories,
            limit: plan.alive,
            live: BTreeMap::new(),
            in_flight: None,
            counts: Counts::default(),
        }
    }

    /// What happened so far.
    pub(crate) fn counts(&self) -> Counts {
        let alive = self.live.keys().filter(|story| self.is_customer(**story)).count();
        Counts { alive, ..self.counts.clone() }
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_over(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_none()
    }

    /// When something is to be done next, in milliseconds of the scenario.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.queue.first().map(|(due, _)| *due)
    }

    /// What others may change, by story.
    pub(crate) fn watched(&self) -> Vec<(usize, Watched)> {
        let watched = |(story, live): (&usize, &Live)| {
            let watched = match (&live.main, &live.interaction) {
                (Some(main), _) => {
                    Watched::Call { main: main.clone(), consultation: live.consultation.clone() }
                }
                (None, Some(key)) => Watched::Interaction(key.clone()),
                (None, None) => return None,
            };
            Some((*story, watched))
        };
        self.live.iter().filter_map(watched).collect()
    }

    pub(super) fn failed(&mut self, error: String) {
        self.counts.failed += 1;
        let errors = &mut self.counts.errors;
        let known = errors.len() < MAX_ERRORS || errors.contains_key(&error);
        let error = if known { error } else { OTHER_ERRORS.to_owned() };
        *errors.entry(error).or_default() += 1;
    }

    /// The step a story is at.
    pub(super) fn of(&self, story: usize) -> Option<&Step> {
        let next = self.live.get(&story).map_or(0, |live| live.next);
        self.stories.get(story)?.steps.get(next)
    }

    pub(super) fn act(&self, story: usize) -> Option<Act> {
        self.of(story).map(|step| step.act.clone())
    }

    /// How many steps of a story are left.
    pub(super) fn left(&self, story: usize) -> usize {
        let next = self.live.get(&story).map_or(0, |live| live.next);
        self.stories.get(story).map_or(0, |story| story.steps.len().saturating_sub(next))
    }

    pub(super) fn is_customer(&self, story: usize) -> bool {
        self.stories.get(story).is_some_and(|story| story.kind != Kind::Agent)
    }

    pub(super) fn is_call(&self, story: usize) -> bool {
        self.stories.get(story).is_some_and(|story| story.kind == Kind::Call)
    }
}
