//! Calls of customers: who is called, what the agent does meanwhile, and who hangs up.
//!
//! Every step is drawn, also one that does not take place: so its chance changes nothing of the steps
//! behind it. Refuses what the house would not take, such as a number that is drawn too long.

use encke::calls::{Digits, Purpose, UserDataChange};

use super::super::file::{CallAct, CallStep, CallTable, ScenarioError, Side, Then};
use super::super::script::{Act, Deed, Kind, Leg, Step, Story, Target};
use super::super::span::Span;
use super::draft::{CALLS, Draft};
use super::draws::{Draws, number};
use super::tables::{Calls, Turn};

impl Draft<'_> {
    pub(super) fn calls(&mut self, place: u64, table: &CallTable) -> Result<(), ScenarioError> {
        let key = table.name.clone().unwrap_or_else(|| format!("calls[{place}]"));
        let wrong = |error: String| ScenarioError::new(&key, error);
        let calls = Calls::read(table, &mut self.seats).map_err(wrong)?;
        let arrivals = self.arrivals(&[CALLS, place], &table.at, table.per_minute, table.between);
        for (ordinal, at_ms) in (1..).zip(arrivals.map_err(wrong)?) {
            let stream = &mut self.stream(&[CALLS, place, ordinal]);
            let draws = &mut Draws { stream, ordinal, bytes: 0 };
            let story = call(&calls, at_ms, draws).map_err(wrong)?;
            self.drawn_bytes += draws.bytes;
            self.add(story).map_err(wrong)?;
        }
        Ok(())
    }
}

fn call(calls: &Calls<'_>, at_ms: u64, draws: &mut Draws<'_>) -> Result<Story, String> {
    let table = calls.table;
    let seat = *draws.stream.one(&calls.to).ok_or("`to` names nobody")?;
    let from = number(&draws.text(&calls.from))?;
    let user_data = draws.data(&calls.data)?;
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
    for (place, turn) in calls.steps.iter().enumerate() {
        let takes_place = draws.stream.chance(turn.step.chance);
        let drawn = call_step(turn, table.answers_after, draws);
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
    turn: &Turn<'_>,
    answers_after: Span,
    draws: &mut Draws<'_>,
) -> Result<Vec<Step>, String> {
    use CallAct as Do;
    let step = turn.step;
    let after_ms = draws.stream.within(step.after);
    let now = |act| vec![Step { after_ms, act }];
    let deed = |deed| now(Act::Agent { deed });
    let change = |change| match &turn.third_party {
        Some(line) => now(Act::ThirdParty { line: line.clone(), change }),
        None => deed(Deed::Change(change)),
    };
    Ok(match step.what {
        Do::Attach => change(UserDataChange::Attach(draws.data(&turn.data)?)),
        Do::Update => change(UserDataChange::Update(draws.data(&turn.data)?)),
        Do::DeletePair => {
            let key = draws.key(step.key.as_deref().unwrap_or_default());
            change(UserDataChange::DeletePair(key))
        }
        Do::Clear => change(UserDataChange::Clear),
        Do::Hold => deed(Deed::Hold),
        Do::Retrieve => deed(Deed::Retrieve),
        Do::Mute => deed(Deed::Mute),
        Do::Unmute => deed(Deed::Unmute),
        Do::Dtmf => {
            let digits =
                Digits::new(draws.text(&turn.digits)).map_err(|error| error.to_string())?;
            deed(Deed::Tones(digits))
        }
        Do::Transfer | Do::Conference | Do::Consult => {
            let to = draws.callee(&turn.to)?;
            let answers = draws.stream.within(step.answers_after.unwrap_or(answers_after));
            let takes = draws.stream.within(step.takes.unwrap_or(Span::seconds(5, 20)));
            called_by_agent(step, &to, after_ms, answers, takes)
        }
    })
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
