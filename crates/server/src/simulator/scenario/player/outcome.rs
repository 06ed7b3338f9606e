//! What became of an action, and what follows from it for its story.
//!
//! What was accepted is noted, and the story goes on. What a human is to do is waited for, or passed
//! over. What was refused is counted: a story that could not begin is over, one whose call or
//! session is in doubt is wound up, and any other goes on behind what made no sense without it.

use encke::calls::{Call, LineAction, Purpose, Subject};

use super::super::script::{Act, Seat};
use super::action::Done;
use super::state::{Player, Wait};

impl Player {
    /// What became of the last action.
    pub(crate) fn handle_done(&mut self, done: Done<'_>) {
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
                Act::Answer { .. } | Act::Accept | Act::Reject => {
                    self.wait(story, Wait::Answer, due);
                }
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
                    | Act::Accept
                    | Act::Reject => {
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
                self.free_gone(story, [call, None], due);
            }
            _ => {}
        }
    }
}
