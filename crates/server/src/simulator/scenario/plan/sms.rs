//! SMS sessions of customers: what is offered, who writes what, and who leaves.
//!
//! Every line is drawn, also one that does not take place: so its chance changes nothing of the lines
//! behind it. Refuses what the house would not take, such as a name that is drawn too long.

use encke::calls::{Details, InteractionOffer, UserDataChange};

use super::super::file::{ScenarioError, SmsTable};
use super::super::script::{Act, Kind, Step, Story, nickname};
use super::draft::{Draft, SMS};
use super::draws::{Draws, contact};
use super::tables::{Dialogues, Line, What};

impl Draft<'_> {
    pub(super) fn sms(&mut self, place: u64, table: &SmsTable) -> Result<(), ScenarioError> {
        let key = table.name.clone().unwrap_or_else(|| format!("sms[{place}]"));
        let wrong = |error: String| ScenarioError::new(&key, error);
        let dialogues = Dialogues::read(table, &mut self.seats).map_err(wrong)?;
        let arrivals = self.arrivals(&[SMS, place], &table.at, table.per_minute, table.between);
        for (ordinal, at_ms) in (1..).zip(arrivals.map_err(wrong)?) {
            let stream = &mut self.stream(&[SMS, place, ordinal]);
            let draws = &mut Draws { stream, ordinal, bytes: 0 };
            let story = self.dialogue(&dialogues, at_ms, draws).map_err(wrong)?;
            self.drawn_bytes += draws.bytes;
            self.add(story).map_err(wrong)?;
        }
        Ok(())
    }

    fn dialogue(
        &self,
        dialogues: &Dialogues<'_>,
        at_ms: u64,
        draws: &mut Draws<'_>,
    ) -> Result<Story, String> {
        let table = dialogues.table;
        let seat = *draws.stream.one(&dialogues.to).ok_or("`to` names nobody")?;
        let to = self.seats.get(seat).map(|seat| seat.name.clone()).ok_or_else(String::new)?;
        let nick = dialogues.nickname.as_ref().map(|text| nickname(&draws.text(text)));
        let offer = InteractionOffer {
            medium: table.medium,
            to,
            nickname: nick.transpose()?,
            from: contact(&draws.text(&dialogues.from))?,
            details: Details::default(),
            text: Some(draws.text(&dialogues.text)),
            user_data: draws.data(&dialogues.data)?,
        };
        let patience_ms = draws.stream.within(table.patience);
        let accepts = draws.stream.within(table.accepts_after);
        let mut steps = vec![Step { after_ms: 0, act: Act::Offer(offer) }];
        if draws.stream.chance(table.rejects) {
            steps.push(Step { after_ms: accepts, act: Act::Reject });
            return Ok(Story { kind: Kind::Sms, at_ms, seat, patience_ms, steps });
        }
        steps.push(Step { after_ms: accepts, act: Act::Accept });
        for Line { line, what } in &dialogues.lines {
            let takes_place = draws.stream.chance(line.chance);
            let after_ms = draws.stream.within(line.after);
            let act = match what {
                What::CustomerWrites(text) => Act::CustomerWrites { text: draws.text(text) },
                What::AgentWrites(text) => Act::AgentWrites { text: draws.text(text) },
                What::AgentUpdates(data) => {
                    Act::AgentChanges { change: UserDataChange::Update(draws.data(data)?) }
                }
            };
            if takes_place {
                steps.push(Step { after_ms, act });
            }
        }
        if draws.stream.chance(table.leaves) {
            steps.push(Step { after_ms: 1_000, act: Act::CustomerLeaves });
        }
        let after_ms = draws.stream.within(table.completes_after);
        steps.push(Step { after_ms, act: Act::Completes });
        Ok(Story { kind: Kind::Sms, at_ms, seat, patience_ms, steps })
    }
}
