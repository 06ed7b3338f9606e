//! What others did to a story's calls or its interaction, and what follows from it.
//!
//! Humans and other robots answer, write, and hang up: a step that is done already is passed over,
//! a robot who is on no call of the story any more is free, and a story whose call or interaction is over ends. A story whose action is under way is left
//! alone until it is known what became of it.

use encke::calls::{Call, EntryKind, Interaction, ParticipantKind, PartyState};

use super::super::script::{Act, Leg, Seat};
use super::state::{Player, Wait};

impl Player {
    /// How a story's calls are at `now_ms`.
    pub(crate) fn handle_call(
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
        let ended = consultation.is_some_and(Call::is_released);
        if ended {
            live.consultation = None;
        }
        let next = live.next;
        self.free_gone(story, [Some(main), consultation], now_ms);
        if ended {
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
    pub(crate) fn handle_interaction(&mut self, now_ms: u64, story: usize, one: &Interaction) {
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
        // Whom a robot would have turned down has nothing more to say, and goes when his patience
        // is over.
        let accepted = matches!(act, Some(Act::Accept)) && working;
        if !tidies && (accepted || (wait == Some(Wait::Reply) && writes)) {
            self.counts.passed += 1;
            self.advance(story, 1, now_ms, None);
        }
    }
}
