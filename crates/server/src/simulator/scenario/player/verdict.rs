//! What an act comes to at this moment: a command, in whose name, or none.
//!
//! Changes nothing. An agent's act is a robot's command, and is passed over where no robot is; what
//! needs somebody who is not there yet has to wait; and where no robot hangs up, the customer does.
//! Whether the house takes a command is not judged here.

use encke::calls::{
    Actor, CallAction, CallId, Command, Destination, InteractionAction, InteractionActor,
    Requester, UserData,
};

use super::super::script::{Act, Deed, Leg, Seat, Target};
use super::action::{Robot, outside, robot};
use super::state::{Player, Wait};

/// What a step comes to.
pub(super) enum Verdict {
    Do(Option<Robot>, Command),
    Pass,
    Wait(Wait),
    /// Somebody else does it after all.
    Instead(Command),
}

impl Player {
    /// What an act is at this moment; `None` where what it is about is not there.
    pub(super) fn judge(&self, story: usize, act: &Act) -> Option<Verdict> {
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
            Act::Accept | Act::Reject if !first.robot => Some(Verdict::Wait(Wait::Answer)),
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
}
