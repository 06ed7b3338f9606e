//! SMS sessions of customers: what is offered, who writes what, and who leaves.
//!
//! Every line is drawn, also one that does not take place: so its chance changes nothing of the lines
//! behind it. Refuses a line that is neither a text nor an agent's change of user data.

use encke::calls::{Details, InteractionOffer, Medium, UserDataChange};

use super::super::file::{ScenarioError, Side, SmsTable};
use super::super::script::{Act, Kind, Step, Story, nickname};
use super::bounds::check;
use super::draft::{Draft, SMS};
use super::draws::{Draws, contact};

impl Draft<'_> {
    pub(super) fn sms(&mut self, place: u64, table: &SmsTable) -> Result<(), ScenarioError> {
        let key = table.name.clone().unwrap_or_else(|| format!("sms[{place}]"));
        let wrong = |error: String| ScenarioError::new(&key, error);
        let chances = table.lines.iter().map(|line| line.chance);
        let chances = chances.chain([table.rejects, table.leaves]);
        check(table.lines.len(), chances).map_err(wrong)?;
        let arrivals = self.arrivals(&[SMS, place], &table.at, table.per_minute, table.between);
        for (ordinal, at_ms) in (1..).zip(arrivals.map_err(wrong)?) {
            let stream = &mut self.stream(&[SMS, place, ordinal]);
            let draws = &mut Draws { stream, ordinal, bytes: 0 };
            let story = self.dialogue(table, at_ms, draws).map_err(wrong)?;
            self.drawn_bytes += draws.bytes;
            self.add(story).map_err(wrong)?;
        }
        Ok(())
    }

    fn dialogue(
        &mut self,
        table: &SmsTable,
        at_ms: u64,
        draws: &mut Draws<'_>,
    ) -> Result<Story, String> {
        let seat = self.called(&table.to, draws)?;
        let to = self.seats.get(seat).map(|seat| seat.name.clone()).ok_or_else(String::new)?;
        let nick =
            table.nickname.as_deref().map(|text| nickname(&draws.parsed(text)?)).transpose()?;
        let offer = InteractionOffer {
            medium: Medium::Sms,
            to,
            from: contact(&draws.parsed(&table.from)?)?,
            details: Details::default(),
            nickname: nick,
            text: Some(draws.parsed(&table.text)?),
            user_data: draws.table(Some(&table.data))?,
        };
        let patience_ms = draws.stream.within(table.patience);
        let accepts = draws.stream.within(table.accepts_after);
        let mut steps = vec![Step { after_ms: 0, act: Act::Offer(offer) }];
        if draws.stream.chance(table.rejects) {
            steps.push(Step { after_ms: accepts, act: Act::Reject });
            return Ok(Story { kind: Kind::Sms, at_ms, seat, patience_ms, steps });
        }
        steps.push(Step { after_ms: accepts, act: Act::Accept });
        for (place, line) in table.lines.iter().enumerate() {
            let takes_place = draws.stream.chance(line.chance);
            let after_ms = draws.stream.within(line.after);
            let act = match (line.by, &line.text, &line.data) {
                (Side::Customer, Some(text), None) => {
                    Act::CustomerWrites { text: draws.parsed(text)? }
                }
                (Side::Agent, Some(text), None) => Act::AgentWrites { text: draws.parsed(text)? },
                (Side::Agent, None, Some(table)) => {
                    let change = UserDataChange::Update(draws.table(Some(table))?);
                    Act::AgentChanges { change }
                }
                _ => return Err(format!("lines[{place}]: has a `text`, or an agent's `data`")),
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
