//! A contact centre in memory with invented time: the pure call model, and whoever is human.

use std::collections::{BTreeSet, HashSet};

use encke::calls::{
    Actor, Call, CallAction, Command, Dn, InteractionAction, InteractionActor, InteractionState,
    Limits, PartyState, SeededIds, State, decide, evolve,
};

use super::super::file::Scenario;
use super::super::plan::Plan;
use super::super::player::{Done, Player, Watched};
use super::super::random::Stream;

/// Users and lines, those of the demo; and Zoe, who has no phone.
const PEOPLE: [(&str, &str); 5] = [
    ("alice", "15000"),
    ("bob", "15001"),
    ("carol", "15002"),
    ("dave", "15003"),
    ("erin", "15009"),
];

/// A plan for this house.
pub(super) fn plan(scenario: &Scenario, seed: u64) -> Plan {
    try_plan(scenario, seed).unwrap_or_else(|error| panic!("{}: {error}", scenario.name))
}

/// The same, or why there is none.
pub(super) fn try_plan(scenario: &Scenario, seed: u64) -> Result<Plan, String> {
    Plan::new(scenario, seed, None, &|user| {
        if user == "zoe" {
            return Some(Vec::new());
        }
        let (_, dn) = PEOPLE.iter().find(|(name, _)| *name == user)?;
        Some(vec![Dn::new(*dn).unwrap()])
    })
    .map_err(|error| error.to_string())
}

pub(super) fn scenario(text: &str) -> Scenario {
    Scenario::from_toml(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The house, and all that happened in it.
pub(super) struct House {
    pub(super) state: State,
    ids: SeededIds,
    pub(super) now_ms: u64,
    /// Time, and what happened.
    pub(super) log: Vec<(u64, String)>,
    /// Users who sit at their desks.
    pub(super) humans: BTreeSet<&'static str>,
}

impl House {
    pub(super) fn new() -> Self {
        let mut state = State::new(Limits::default());
        state.set_dns(
            PEOPLE.map(|(_, dn)| Dn::new(dn).unwrap()).into_iter().collect::<HashSet<_>>(),
        );
        Self { state, ids: SeededIds::new(1), now_ms: 0, log: Vec::new(), humans: BTreeSet::new() }
    }

    pub(super) fn dn(user: &str) -> Dn {
        let (_, dn) = PEOPLE.iter().find(|(name, _)| *name == user).unwrap();
        Dn::new(*dn).unwrap()
    }

    /// Plays until all is over, or until this time.
    pub(super) fn play(&mut self, player: &mut Player, until_ms: u64) {
        self.play_with(player, until_ms, |_| {});
    }

    /// The same, with somebody who acts between the steps.
    pub(super) fn play_with(
        &mut self,
        player: &mut Player,
        until_ms: u64,
        mut human: impl FnMut(&mut Self),
    ) {
        while !player.is_over() && self.now_ms < until_ms {
            let next = player.next_due().unwrap_or(u64::MAX);
            self.now_ms = next.clamp(self.now_ms, self.now_ms + 500).min(until_ms);
            human(self);
            self.look(player);
            let mut at_once = 0;
            while let Some(action) = player.poll_action(self.now_ms) {
                at_once += 1;
                assert!(at_once < 100_000, "it never rests: {action:?}");
                let sits = |user: &str| self.humans.contains(user);
                if action.robot.as_ref().is_some_and(|r| !r.beside_human && sits(&r.user)) {
                    player.handle_done(Done::Human);
                    continue;
                }
                match self.submit(&action.command) {
                    Err(error) => player.handle_done(Done::Refused(error)),
                    Ok(subject) => {
                        let id = action.call.clone().or(match &subject {
                            encke::calls::Subject::Call(id) => Some(id.clone()),
                            _ => None,
                        });
                        let call = id.and_then(|id| self.state.call(id.as_str()).cloned());
                        player.handle_done(Done::Accepted {
                            subject: &subject,
                            call: call.as_deref(),
                        });
                    }
                }
            }
        }
    }

    /// Carries out a command; the subject of its last event, which is what it began.
    pub(super) fn submit(&mut self, command: &Command) -> Result<encke::calls::Subject, String> {
        let events = decide(&self.state, command, self.now_ms, &mut self.ids);
        let events = events.map_err(|error| error.to_string())?;
        let mut subject = command.subject();
        for event in events {
            evolve(&mut self.state, &event).unwrap();
            subject = subject.or_else(|| Some(event.subject()));
            self.log.push((self.now_ms, serde_json::to_string(&event).unwrap()));
        }
        Ok(subject.unwrap())
    }

    fn look(&self, player: &mut Player) {
        for (story, watched) in player.watched() {
            match watched {
                Watched::Call { main, consultation } => {
                    let consultation = consultation.and_then(|id| self.state.call(id.as_str()));
                    let main = self.state.call(main.as_str()).unwrap();
                    player.handle_call(self.now_ms, story, main, consultation.map(|call| &**call));
                }
                Watched::Interaction(key) => {
                    let one = self.state.interaction(key.id.as_str()).unwrap();
                    player.handle_interaction(self.now_ms, story, one);
                }
            }
        }
    }

    /// What a human does who does anything: answers, hangs up, accepts, writes.
    pub(super) fn meddle(&mut self, draws: &mut Stream) {
        let mut calls: Vec<Call> = self
            .state
            .calls()
            .filter(|call| !call.is_released())
            .map(|call| (**call).clone())
            .collect();
        calls.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(call) = draws.one(&calls)
            && draws.chance(0.2)
        {
            let parties: Vec<_> = call.parties.iter().filter(|party| party.is_live()).collect();
            let Some(party) = draws.one(&parties) else { return };
            let action = match party.state {
                PartyState::Ringing => CallAction::Answer,
                _ => CallAction::Hangup,
            };
            let by = party.dn.clone().map_or(Actor::Outside, Actor::Dn);
            // What is refused is no matter of this test.
            drop(self.submit(&Command::Operate { call: call.id.clone(), by, action }));
        }
        let mut sessions: Vec<_> = self
            .state
            .interactions()
            .filter(|one| !one.is_completed())
            .map(|one| (one.key(), one.seats[0].agent.clone(), one.seats[0].state))
            .collect();
        sessions.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some((session, agent, state)) = draws.one(&sessions)
            && draws.chance(0.2)
        {
            let action = match state {
                InteractionState::Invited => InteractionAction::Accept { nickname: None },
                _ if draws.chance(0.2) => InteractionAction::Complete,
                _ => InteractionAction::SendMessage { text: "hm".to_owned() },
            };
            let by = InteractionActor::Agent(agent.clone());
            let interaction = session.clone();
            drop(self.submit(&Command::OperateInteraction { interaction, by, action }));
        }
    }

    /// How many calls are not released.
    pub(super) fn live_calls(&self) -> usize {
        self.state.live_calls()
    }

    /// The texts of the only session of this user, in order.
    pub(super) fn texts(&self, user: &str) -> Vec<String> {
        let session = self.state.interactions().find(|one| one.seat(user).is_some()).unwrap();
        session.transcript.iter().filter_map(|entry| entry.text.clone()).collect()
    }

    /// The last state of the only call, by party.
    pub(super) fn states(&self) -> Vec<(Option<String>, PartyState)> {
        let call = self.state.calls().next().unwrap();
        let state =
            |party: &encke::calls::Party| (party.dn.as_ref().map(ToString::to_string), party.state);
        call.parties.iter().map(state).collect()
    }
}
