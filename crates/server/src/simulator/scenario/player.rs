//! Goes through the stories of a plan, and says what is to be done next.
//!
//! A pure machine. [`poll_action`](Player::poll_action) gives one action at a time, in the order of
//! their times in the scenario; what became of it comes back through
//! [`handle_done`](Player::handle_done) before the next one. What others did to a story's call or
//! session is seen by [`handle_call`](Player::handle_call) and [`handle_sms`](Player::handle_sms).
//! The same plan and the same answers at the same times give the same actions.
//!
//! A step's time follows from the time of the step before, and not from when that was carried out:
//! a machine that is slow plays late, and in the same order.
//!
//! # Waiting
//!
//! | A story waits       | until                               | or until its patience is over, then   |
//! |---------------------|-------------------------------------|---------------------------------------|
//! | for a robot         | he is ready and on no other call    | the customer hangs up                 |
//! | for a human         | the call is answered, the session accepted | the customer hangs up or leaves |
//! | for a human's text  | he writes                           | the customer goes on                  |
//!
//! What a robot would do is passed over where a human sits at his desk.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use encke::calls::{
    Actor, Call, CallAction, CallId, Command, Destination, EntryKind, Interaction,
    InteractionAction, InteractionActor, InteractionKey, LineAction, ParticipantKind, PartyState,
    Purpose, Requester, Subject, UserData,
};

use super::plan::Plan;
use super::script::{Act, Deed, Kind, Leg, Seat, Step, Story, Target};

/// Different errors that are kept by their text.
const MAX_ERRORS: usize = 16;
/// What the further ones are counted as.
const OTHER_ERRORS: &str = "other errors";
/// Time in which an agent turns to the next call, in milliseconds.
const TURN_MS: u64 = 1_000;

/// Something to be done now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Action {
    /// The user in whose name it is done, unless it is somebody outside.
    pub(super) robot: Option<Robot>,
    pub(super) command: Command,
    /// The call of which [`Done::Accepted`] has to know how it is then.
    pub(super) call: Option<CallId>,
}

/// In whose name something is done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Robot {
    pub(super) user: String,
    pub(super) beside_human: bool,
}

/// What became of an action.
#[derive(Clone, Debug)]
pub(super) enum Done<'a> {
    /// It was carried out on this, and the call is so now.
    Accepted { subject: &'a Subject, call: Option<&'a Call> },
    /// It was not: a human sits there.
    Human,
    /// It was refused.
    Refused(String),
}

/// Something that others may change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Watched {
    Call { main: CallId, consultation: Option<CallId> },
    Interaction(InteractionKey),
}

/// What happened so far, in steps.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    /// Left to humans, or pointless by then.
    pub(crate) passed: usize,
    /// Calls and sessions that are there now.
    pub(crate) alive: usize,
    /// Why steps failed, and how often.
    pub(crate) errors: BTreeMap<String, usize>,
}

/// A plan that is being played.
#[derive(Debug)]
pub(crate) struct Player {
    seats: Vec<Seat>,
    stories: Vec<Story>,
    limit: usize,
    agents: Vec<Agent>,
    live: BTreeMap<usize, Live>,
    /// One entry for each story that has something to do or to wait for.
    queue: BTreeSet<(u64, usize)>,
    in_flight: Option<(u64, usize)>,
    counts: Counts,
}

/// What a robot is doing.
#[derive(Debug, Default)]
struct Agent {
    ready: bool,
    talking: Option<usize>,
    /// Stories that ring at him.
    waiting: VecDeque<usize>,
}

/// A story that has begun.
#[derive(Debug)]
struct Live {
    next: usize,
    /// When the last step was.
    clock_ms: u64,
    due_ms: u64,
    wait: Option<Wait>,
    /// The agent who speaks for the house; `None` once that is somebody outside.
    lead: Option<usize>,
    main: Option<CallId>,
    consultation: Option<CallId>,
    interaction: Option<InteractionKey>,
    /// Texts of the agent.
    heard: usize,
    /// What is left to do to end it.
    tidy: Option<VecDeque<(Option<Robot>, Command)>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wait {
    Answer,
    Reply,
}

/// What a step comes to.
enum Verdict {
    Do(Option<Robot>, Command),
    Pass,
    Wait(Wait),
    /// Somebody else does it after all.
    Instead(Command),
}

impl Player {
    /// A player at the beginning.
    pub(super) fn new(plan: Plan) -> Self {
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
    pub(super) fn counts(&self) -> Counts {
        let alive = self.live.keys().filter(|story| self.is_customer(**story)).count();
        Counts { alive, ..self.counts.clone() }
    }

    /// Whether nothing is left to do.
    pub(super) fn is_over(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_none()
    }

    /// When something is to be done next, in milliseconds of the scenario.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.queue.first().map(|(due, _)| *due)
    }

    /// What others may change, by story.
    pub(super) fn watched(&self) -> Vec<(usize, Watched)> {
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

    /// What is to be done by `now_ms`. `None` while an action is not [done](Self::handle_done).
    pub(super) fn poll_action(&mut self, now_ms: u64) -> Option<Action> {
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

    /// What became of the last action.
    pub(super) fn handle_done(&mut self, done: Done<'_>) {
        let Some((due, story)) = self.in_flight.take() else { return };
        let call = match &done {
            Done::Accepted { call, .. } => *call,
            _ => None,
        };
        if self.live.get(&story).is_some_and(|live| live.tidy.is_some()) {
            if call.is_some_and(Call::is_released) {
                return self.end(story, due);
            }
            return self.schedule(story, due);
        }
        let Some(act) = self.act(story) else { return self.end(story, due) };
        match done {
            Done::Accepted { subject, .. } => {
                self.counts.done += 1;
                self.accepted(story, &act, subject, call, due);
                self.advance(story, 1, due, call);
            }
            Done::Human => match act {
                Act::Answer { .. } | Act::Accept => self.wait(story, Wait::Answer, due),
                Act::AgentWrites { .. } => self.wait(story, Wait::Reply, due),
                act => self.pass(story, &act, due),
            },
            Done::Refused(error) => {
                self.failed(error);
                match act {
                    Act::Ring { .. } | Act::Offer(_) => {
                        self.counts.passed += self.left(story).saturating_sub(1);
                        self.end(story, due);
                    }
                    Act::Answer { .. }
                    | Act::Complete { .. }
                    | Act::CustomerHangsUp
                    | Act::AgentHangsUp
                    | Act::Accept => {
                        self.skip(story, 1);
                        self.wind_up(story, due);
                    }
                    act => {
                        self.counts.passed += act.follows();
                        self.advance(story, 1 + act.follows(), due, None);
                    }
                }
            }
        }
    }

    /// How a story's calls are at `now_ms`.
    pub(super) fn handle_call(
        &mut self,
        now_ms: u64,
        story: usize,
        main: &Call,
        consultation: Option<&Call>,
    ) {
        if self.in_flight.is_some_and(|(_, busy)| busy == story) {
            return;
        }
        let Some(live) = self.live.get_mut(&story) else { return };
        if main.is_released() {
            if live.tidy.is_none() {
                self.counts.passed += self.left(story);
            }
            return self.end(story, now_ms);
        }
        if live.tidy.is_some() {
            return;
        }
        if consultation.is_some_and(Call::is_released) {
            live.consultation = None;
            let next = live.next;
            let steps = self.stories.get(story).map(|story| story.steps.as_slice());
            let last = steps
                .unwrap_or_default()
                .iter()
                .enumerate()
                .skip(next)
                .find(|(_, step)| matches!(step.act, Act::Complete { .. } | Act::Back));
            if let Some((last, _)) = last {
                self.counts.passed += last + 1 - next;
                self.advance(story, last + 1 - next, now_ms, None);
            }
            return;
        }
        if let Some(Act::Answer { seat: Some(seat), leg, .. }) = self.act(story) {
            let call = match leg {
                Leg::Main => Some(main),
                Leg::Consultation => consultation,
            };
            let line = self.seats.get(seat).and_then(Seat::line);
            let party = call.zip(line).and_then(|(call, line)| call.party(line));
            let answered = [PartyState::Established, PartyState::Held];
            if party.is_some_and(|party| answered.contains(&party.state)) {
                self.counts.passed += 1;
                self.advance(story, 1, now_ms, None);
            }
        }
    }

    /// How a story's interaction is at `now_ms`.
    pub(super) fn handle_interaction(&mut self, now_ms: u64, story: usize, one: &Interaction) {
        if self.in_flight.is_some_and(|(_, busy)| busy == story) {
            return;
        }
        let Some(live) = self.live.get_mut(&story) else { return };
        if one.is_completed() {
            if live.tidy.is_none() {
                self.counts.passed += self.left(story);
            }
            return self.end(story, now_ms);
        }
        let texts = one.transcript.iter().filter(|entry| {
            entry.kind == EntryKind::Text && entry.from.kind == ParticipantKind::Agent
        });
        let said = texts.count();
        let writes = said > std::mem::replace(&mut live.heard, said);
        let (wait, tidies) = (live.wait, live.tidy.is_some());
        let act = self.act(story);
        let working = one.state() == one.medium.working();
        let accepted = matches!(act, Some(Act::Accept)) && working;
        if !tidies && (accepted || (wait == Some(Wait::Reply) && writes)) {
            self.counts.passed += 1;
            self.advance(story, 1, now_ms, None);
        }
    }

    /// Nothing new begins, and what has begun is ended by the customers.
    pub(super) fn stop(&mut self, now_ms: u64) {
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

    /// What an act is at this moment; `None` where what it is about is not there.
    fn judge(&self, story: usize, act: &Act) -> Option<Verdict> {
        let live = self.live.get(&story)?;
        let first = self.seats.get(self.stories.get(story)?.seat)?;
        let by_robot = |seat: &Seat, command| match robot(seat) {
            Some(robot) => Verdict::Do(Some(robot), command),
            None => Verdict::Pass,
        };
        let operate = |seat: &Seat, call: &CallId, action| {
            let by = Actor::Dn(seat.line()?.clone());
            Some(by_robot(seat, Command::Operate { call: call.clone(), by, action }))
        };
        let lead = || self.seats.get(live.lead?);
        let customer = |action| {
            let interaction = live.interaction.clone()?;
            let by = InteractionActor::Outside;
            Some(Verdict::Do(None, Command::OperateInteraction { interaction, by, action }))
        };
        let agent = |action| {
            let by = InteractionActor::Agent(first.name.clone());
            let interaction = live.interaction.clone()?;
            Some(Command::OperateInteraction { interaction, by, action })
        };
        let to = |target: &Target| Destination {
            number: target.number.clone(),
            user_data: UserData::new(),
        };
        match act {
            Act::Line { action } => {
                let (lines, action) = (first.lines.clone(), action.clone());
                Some(by_robot(first, Command::OperateLines { lines, action }))
            }
            Act::Ring { from, user_data } => {
                let (from, user_data) = (from.clone(), user_data.clone());
                Some(Verdict::Do(
                    None,
                    Command::Inbound { to: first.line()?.clone(), from, user_data },
                ))
            }
            Act::Answer { seat, leg, willing } => {
                let call = match leg {
                    Leg::Main => live.main.as_ref()?,
                    Leg::Consultation => live.consultation.as_ref()?,
                };
                let Some(place) = seat else {
                    return Some(Verdict::Do(None, outside(call, CallAction::Answer)));
                };
                let (seat, agent) = (self.seats.get(*place)?, self.agents.get(*place)?);
                if seat.robot && *willing && agent.ready && agent.talking.is_none() {
                    operate(seat, call, CallAction::Answer)
                } else {
                    Some(Verdict::Wait(Wait::Answer))
                }
            }
            Act::Agent { deed } => {
                let (seat, call) = (lead()?, live.main.as_ref()?);
                match deed {
                    Deed::Hold => operate(seat, call, CallAction::Hold),
                    Deed::Retrieve => operate(seat, call, CallAction::Retrieve),
                    Deed::Mute => operate(seat, call, CallAction::Mute),
                    Deed::Unmute => operate(seat, call, CallAction::Unmute),
                    Deed::Tones(digits) => {
                        operate(seat, call, CallAction::SendDtmf(digits.clone()))
                    }
                    Deed::Change(change) => {
                        let requester = Requester::Party(seat.line()?.clone());
                        let (call, change) = (call.clone(), change.clone());
                        Some(by_robot(seat, Command::ChangeUserData { call, requester, change }))
                    }
                }
            }
            Act::ThirdParty { line, change } => {
                let (call, change) = (live.main.clone()?, change.clone());
                let requester = Requester::ThirdParty(line.clone());
                Some(Verdict::Do(None, Command::ChangeUserData { call, requester, change }))
            }
            Act::Transfer { to: target } => {
                operate(lead()?, live.main.as_ref()?, CallAction::SingleStepTransfer(to(target)))
            }
            Act::Conference { to: target } => {
                operate(lead()?, live.main.as_ref()?, CallAction::SingleStepConference(to(target)))
            }
            Act::Consult { purpose, to: target, .. } => {
                operate(lead()?, live.main.as_ref()?, CallAction::Consult(*purpose, to(target)))
            }
            Act::Complete { purpose, .. } => {
                live.consultation.as_ref()?;
                operate(lead()?, live.main.as_ref()?, CallAction::Complete(*purpose, None))
            }
            Act::Back => operate(lead()?, live.consultation.as_ref()?, CallAction::Hangup),
            Act::CustomerHangsUp => {
                Some(Verdict::Instead(outside(live.main.as_ref()?, CallAction::Hangup)))
            }
            Act::AgentHangsUp => {
                let call = live.main.as_ref()?;
                match lead().filter(|seat| seat.robot) {
                    Some(seat) => operate(seat, call, CallAction::Hangup),
                    None => Some(Verdict::Instead(outside(call, CallAction::Hangup))),
                }
            }
            Act::Offer(offer) => Some(Verdict::Do(None, Command::OfferInteraction(offer.clone()))),
            Act::Accept if !first.robot => Some(Verdict::Wait(Wait::Answer)),
            Act::Accept => {
                Some(by_robot(first, agent(InteractionAction::Accept { nickname: None })?))
            }
            Act::Reject => Some(by_robot(first, agent(InteractionAction::Reject)?)),
            Act::CustomerWrites { text } => {
                customer(InteractionAction::SendMessage { text: text.clone() })
            }
            Act::AgentWrites { .. } if !first.robot => Some(Verdict::Wait(Wait::Reply)),
            Act::AgentWrites { text } => {
                Some(by_robot(first, agent(InteractionAction::SendMessage { text: text.clone() })?))
            }
            Act::AgentChanges { change } => {
                let (interaction, agent) = (live.interaction.clone()?, Some(first.name.clone()));
                let change = change.clone();
                let command = Command::ChangeInteractionUserData { interaction, agent, change };
                Some(by_robot(first, command))
            }
            Act::CustomerLeaves => customer(InteractionAction::Leave),
            Act::Completes => Some(by_robot(first, agent(InteractionAction::Complete)?)),
        }
    }

    /// What follows from an act that was carried out.
    fn accepted(
        &mut self,
        story: usize,
        act: &Act,
        subject: &Subject,
        call: Option<&Call>,
        due: u64,
    ) {
        let first = self.stories.get(story).map(|story| story.seat);
        let Some(live) = self.live.get_mut(&story) else { return };
        let lead = live.lead;
        match act {
            Act::Line { action } => {
                if let Some(agent) = first.and_then(|seat| self.agents.get_mut(seat)) {
                    agent.ready = match action {
                        LineAction::Ready => true,
                        // Who is there already stays as he is.
                        LineAction::LogIn => agent.ready,
                        _ => false,
                    };
                }
                self.wake(first, due);
            }
            Act::Ring { .. } => {
                if let Subject::Call(id) = subject {
                    live.main = Some(id.clone());
                }
            }
            Act::Offer(_) => {
                if let Subject::Interaction(key) = subject {
                    live.interaction = Some(key.clone());
                }
            }
            Act::Answer { seat: Some(seat), .. } => {
                if let Some(agent) = self.agents.get_mut(*seat) {
                    agent.talking = Some(story);
                }
            }
            Act::Transfer { to } | Act::Complete { purpose: Purpose::Transfer, to } => {
                live.lead = to.seat;
                live.consultation = None;
                self.free(lead, story, due);
            }
            Act::Complete { .. } => live.consultation = None,
            Act::Consult { .. } => {
                let line = lead.and_then(|seat| self.seats.get(seat)).and_then(Seat::line);
                let party = call.zip(line).and_then(|(call, line)| call.party(line));
                let link = party.and_then(|party| party.consult.as_ref());
                live.consultation = link.map(|link| link.call.clone());
            }
            Act::Back => {
                live.consultation = None;
                let others =
                    self.agents.iter().enumerate().filter(|(seat, agent)| {
                        agent.talking == Some(story) && Some(*seat) != lead
                    });
                let others: Vec<usize> = others.map(|(seat, _)| seat).collect();
                for seat in others {
                    self.free(Some(seat), story, due);
                }
            }
            _ => {}
        }
    }

    /// Goes on by so many steps, or ends.
    fn advance(&mut self, story: usize, by: usize, at: u64, call: Option<&Call>) {
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

    fn pass(&mut self, story: usize, act: &Act, at: u64) {
        let steps = 1 + act.follows();
        self.counts.passed += steps;
        self.advance(story, steps, at, None);
    }

    /// Ends a story in the customer's name, and then in that of the robots who are left.
    fn wind_up(&mut self, story: usize, at: u64) {
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

    fn end(&mut self, story: usize, at: u64) {
        if let Some(live) = self.live.remove(&story) {
            self.queue.remove(&(live.due_ms, story));
        }
        let talked = self.agents.iter().enumerate().filter(|(_, a)| a.talking == Some(story));
        let talked: Vec<usize> = talked.map(|(seat, _)| seat).collect();
        for seat in talked {
            self.free(Some(seat), story, at);
        }
    }

    fn free(&mut self, seat: Option<usize>, story: usize, at: u64) {
        let Some(agent) = seat.and_then(|seat| self.agents.get_mut(seat)) else { return };
        if agent.talking == Some(story) {
            agent.talking = None;
            self.wake(seat, at);
        }
    }

    /// Who waits for this agent looks at him again, in the order in which they came.
    fn wake(&mut self, seat: Option<usize>, at: u64) {
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

    fn wait(&mut self, story: usize, wait: Wait, at: u64) {
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

    fn schedule(&mut self, story: usize, due: u64) {
        if let Some(live) = self.live.get_mut(&story) {
            self.queue.remove(&(live.due_ms, story));
            live.due_ms = due;
            self.queue.insert((due, story));
        }
    }

    fn skip(&mut self, story: usize, steps: usize) {
        if let Some(live) = self.live.get_mut(&story) {
            live.next += steps;
        }
    }

    fn failed(&mut self, error: String) {
        self.counts.failed += 1;
        let errors = &mut self.counts.errors;
        let known = errors.len() < MAX_ERRORS || errors.contains_key(&error);
        let error = if known { error } else { OTHER_ERRORS.to_owned() };
        *errors.entry(error).or_default() += 1;
    }

    /// The step a story is at.
    fn of(&self, story: usize) -> Option<&Step> {
        let next = self.live.get(&story).map_or(0, |live| live.next);
        self.stories.get(story)?.steps.get(next)
    }

    fn act(&self, story: usize) -> Option<Act> {
        self.of(story).map(|step| step.act.clone())
    }

    /// How many steps of a story are left.
    fn left(&self, story: usize) -> usize {
        let next = self.live.get(&story).map_or(0, |live| live.next);
        self.stories.get(story).map_or(0, |story| story.steps.len().saturating_sub(next))
    }

    fn is_customer(&self, story: usize) -> bool {
        self.stories.get(story).is_some_and(|story| story.kind != Kind::Agent)
    }

    fn is_call(&self, story: usize) -> bool {
        self.stories.get(story).is_some_and(|story| story.kind == Kind::Call)
    }
}

fn outside(call: &CallId, action: CallAction) -> Command {
    Command::Operate { call: call.clone(), by: Actor::Outside, action }
}

fn robot(seat: &Seat) -> Option<Robot> {
    seat.robot.then(|| Robot { user: seat.user.clone(), beside_human: seat.beside_human })
}
