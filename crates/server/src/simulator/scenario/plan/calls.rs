//! Calls of customers: who is called, what the agent does meanwhile, and who hangs up.
//!
//! Every step is drawn, also one that does not take place: so its chance changes nothing of the steps
//! behind it. Refuses what does not belong to a step, and steps that lack what they need.

use encke::calls::{Digits, Dn, Purpose, UserDataChange};

use super::super::file::{CallAct, CallStep, CallTable, ScenarioError, Side, Then};
use super::super::script::{Act, Deed, Kind, Leg, Step, Story, Target};
use super::super::span::Span;
use super::super::text::{Data, Text};
use super::bounds::check;
use super::draft::{CALLS, Draft};
use super::draws::{Draws, number};

impl Draft<'_> {
    pub(super) fn calls(&mut self, place: u64, table: &CallTable) -> Result<(), ScenarioError> {
        let key = table.name.clone().unwrap_or_else(|| format!("calls[{place}]"));
        let wrong = |error: String| ScenarioError::new(&key, error);
        let from = Text::parse(&table.from).map_err(wrong)?;
        let data = Data::parse(&table.data).map_err(wrong)?;
        let chances = table.steps.iter().map(|step| step.chance).chain([table.abandons]);
        check(table.steps.len(), chances).map_err(wrong)?;
        let arrivals = self.arrivals(&[CALLS, place], &table.at, table.per_minute, table.between);
        for (ordinal, at_ms) in (1..).zip(arrivals.map_err(wrong)?) {
            let stream = &mut self.stream(&[CALLS, place, ordinal]);
            let draws = &mut Draws { stream, ordinal, bytes: 0 };
            let story = self.call(table, at_ms, &from, &data, draws).map_err(wrong)?;
            self.drawn_bytes += draws.bytes;
            self.add(story).map_err(wrong)?;
        }
        Ok(())
    }

    fn call(
        &mut self,
        table: &CallTable,
        at_ms: u64,
        from: &Text,
        data: &Data,
        draws: &mut Draws<'_>,
    ) -> Result<Story, String> {
        let seat = self.called(&table.to, draws)?;
        let from = number(&draws.text(from))?;
        let user_data = draws.data(data)?;
        let abandons = draws.stream.chance(table.abandons);
        let waits = if abandons { table.abandons_after } else { table.patience };
        let patience_ms = draws.stream.within(waits);
        let answers = draws.stream.within(table.answers_after);
        let mut steps = vec![
            Step { after_ms: 0, act: Act::Ring { from, user_data } },
            Step {
                after_ms: answers,
                act: Act::Answer { seat: Some(seat), leg: Leg::Main, willing: !abandons },
            },
        ];
        for (place, step) in table.steps.iter().enumerate() {
            let takes_place = draws.stream.chance(step.chance);
            let drawn = self.call_step(step, table.answers_after, draws);
            let drawn = drawn.map_err(|error| format!("steps[{place}]: {error}"))?;
            if takes_place {
                steps.extend(drawn);
            }
        }
        let after_ms = draws.stream.within(table.talk);
        let act = match table.hangs_up {
            Side::Customer => Act::CustomerHangsUp,
            Side::Agent => Act::AgentHangsUp,
        };
        steps.push(Step { after_ms, act });
        Ok(Story { kind: Kind::Call, at_ms, seat, patience_ms, steps })
    }

    fn call_step(
        &mut self,
        step: &CallStep,
        answers_after: Span,
        draws: &mut Draws<'_>,
    ) -> Result<Vec<Step>, String> {
        use CallAct as Do;
        let changes = matches!(step.what, Do::Attach | Do::Update | Do::DeletePair | Do::Clear);
        let calls = matches!(step.what, Do::Transfer | Do::Conference | Do::Consult);
        let consults = step.what == Do::Consult;
        for (name, given, belongs) in [
            ("data", step.data.is_some(), matches!(step.what, Do::Attach | Do::Update)),
            ("key", step.key.is_some(), step.what == Do::DeletePair),
            ("digits", step.digits.is_some(), step.what == Do::Dtmf),
            ("to", step.to.is_some(), calls),
        ] {
            match (given, belongs) {
                (true, false) => return Err(format!("`{name}` does not belong to this step")),
                (false, true) => return Err(format!("`{name}` is missing")),
                _ => {}
            }
        }
        for (name, given, belongs) in [
            ("third_party", step.third_party.is_some(), changes),
            ("answers_after", step.answers_after.is_some(), calls),
            ("then", step.then.is_some(), consults),
            ("takes", step.takes.is_some(), consults),
        ] {
            if given && !belongs {
                return Err(format!("`{name}` does not belong to this step"));
            }
        }
        let after_ms = draws.stream.within(step.after);
        let now = |act| vec![Step { after_ms, act }];
        let deed = |deed| now(Act::Agent { deed });
        let change = |change| {
            Ok(match &step.third_party {
                Some(line) => {
                    let line = Dn::new(line.as_str()).map_err(|error| error.to_string())?;
                    now(Act::ThirdParty { line, change })
                }
                None => deed(Deed::Change(change)),
            })
        };
        match step.what {
            Do::Attach => change(UserDataChange::Attach(draws.table(step.data.as_ref())?)),
            Do::Update => change(UserDataChange::Update(draws.table(step.data.as_ref())?)),
            Do::DeletePair => {
                change(UserDataChange::DeletePair(step.key.clone().unwrap_or_default()))
            }
            Do::Clear => change(UserDataChange::Clear),
            Do::Hold => Ok(deed(Deed::Hold)),
            Do::Retrieve => Ok(deed(Deed::Retrieve)),
            Do::Mute => Ok(deed(Deed::Mute)),
            Do::Unmute => Ok(deed(Deed::Unmute)),
            Do::Dtmf => {
                let digits = Text::parse(step.digits.as_deref().unwrap_or_default())?;
                let digits = Digits::new(draws.text(&digits)).map_err(|error| error.to_string())?;
                Ok(deed(Deed::Tones(digits)))
            }
            Do::Transfer | Do::Conference | Do::Consult => {
                let to = self.target(step.to.as_deref().unwrap_or_default(), draws)?;
                if to.seat.is_none() && !consults {
                    return Err("a number outside can only be consulted".to_owned());
                }
                let answers = draws.stream.within(step.answers_after.unwrap_or(answers_after));
                let takes = draws.stream.within(step.takes.unwrap_or(Span::seconds(5, 20)));
                Ok(called_by_agent(step, &to, after_ms, answers, takes))
            }
        }
    }
}

/// An agent calls somebody, who answers; and what that leads to.
fn called_by_agent(
    step: &CallStep,
    to: &Target,
    after_ms: u64,
    answers: u64,
    takes: u64,
) -> Vec<Step> {
    let answer =
        |leg| Step { after_ms: answers, act: Act::Answer { seat: to.seat, leg, willing: true } };
    let then = step.then.unwrap_or(Then::Transfer);
    let purpose = match then {
        Then::Conference => Purpose::Conference,
        Then::Transfer | Then::Back => Purpose::Transfer,
    };
    let first = |act| Step { after_ms, act };
    match step.what {
        CallAct::Transfer => {
            vec![first(Act::Transfer { to: to.clone() }), answer(Leg::Main)]
        }
        CallAct::Conference => {
            vec![first(Act::Conference { to: to.clone() }), answer(Leg::Main)]
        }
        _ => {
            let last = match then {
                Then::Back => vec![Act::Back, Act::Agent { deed: Deed::Retrieve }],
                _ => vec![Act::Complete { purpose, to: to.clone() }],
            };
            let follows = 1 + last.len();
            let last = (0_u64..).zip(last).map(|(place, act)| {
                // A second lies between hanging up and coming back.
                Step { after_ms: if place == 0 { takes } else { 1_000 }, act }
            });
            [first(Act::Consult { purpose, to: to.clone(), follows }), answer(Leg::Consultation)]
                .into_iter()
                .chain(last)
                .collect()
        }
    }
}
