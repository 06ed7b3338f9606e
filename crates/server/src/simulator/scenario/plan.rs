//! A scenario and a seed become stories: everything is checked and drawn here, once.
//!
//! # Bounds
//!
//! | Of one scenario                        | At most  |
//! |----------------------------------------|----------|
//! | users that are named                   | 1,000    |
//! | tables of calls, of SMS sessions       | 100 each |
//! | steps or lines of one table            | 50       |
//! | stories                                | 10,000   |
//! | steps of all stories                   | 100,000  |
//! | texts and user data of all stories     | 64 MiB   |
//! | calls and SMS sessions at a time       | 1,000    |
//! | arrivals in a minute                   | 6,000    |
//! | duration, and any time in it           | a day    |
//! | speed                                  | 0.01 to 1,000 |

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use encke::calls::{
    Contact, Details, Digits, Dn, InteractionOffer, LineAction, Medium, Number, Purpose, Reason,
    UserData, UserDataChange, UserName, WorkMode,
};
use serde_json::{Map, Value};

use super::file::{
    AgentAct, AgentTable, CallAct, CallStep, CallTable, Scenario, ScenarioError, Side, SmsTable,
    Start, Then,
};
use super::random::Stream;
use super::script::{Act, Deed, Kind, Leg, Seat, Step, Story, Target, nickname};
use super::span::{Span, milliseconds};
use super::text::{Data, Text};

const MAX_SEATS: usize = 1_000;
const MAX_TABLES: usize = 100;
const MAX_LINES: usize = 50;
const MAX_STORIES: usize = 10_000;
const MAX_STEPS: usize = 100_000;
const MAX_DRAWN_BYTES: usize = 64 * 1024 * 1024;
const MAX_ALIVE: usize = 1_000;
const MAX_PER_MINUTE: f64 = 6_000.0;
/// How fast and how slow a scenario may be played.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;

/// Who of the house has which lines; `None` for a name that it does not know.
pub(crate) type Lines<'a> = &'a dyn Fn(&str) -> Option<Vec<Dn>>;

/// A scenario that can be played.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) seats: Vec<Seat>,
    pub(super) stories: Vec<Story>,
    pub(super) alive: usize,
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) speed: f64,
    /// Steps of all stories.
    pub(crate) steps: usize,
}

impl Plan {
    /// Checks the scenario, and draws all of it from the seed. `speed` goes before the scenario's.
    pub(crate) fn new(
        scenario: &Scenario,
        seed: u64,
        speed: Option<f64>,
        lines: Lines<'_>,
    ) -> Result<Self, ScenarioError> {
        let wrong = ScenarioError::new;
        if scenario.name.is_empty() || scenario.name.len() > 64 {
            return Err(wrong("name", "has 1 to 64 bytes"));
        }
        let duration_ms = milliseconds(scenario.duration)
            .ok_or_else(|| wrong("duration", "is from 0 to 86400 seconds"))?;
        let speed = speed.unwrap_or(scenario.speed);
        if !SPEEDS.contains(&speed) {
            return Err(wrong("speed", "is from 0.01 to 1000"));
        }
        if !(1..=MAX_ALIVE).contains(&scenario.alive) {
            return Err(wrong("alive", "is from 1 to 1000"));
        }
        for (name, tables) in [("calls", scenario.calls.len()), ("sms", scenario.sms.len())] {
            if tables > MAX_TABLES {
                return Err(wrong(name, "has more than 100 tables"));
            }
        }
        let mut draft = Draft {
            seed,
            duration_ms,
            lines,
            seats: Vec::new(),
            by_user: HashMap::new(),
            stories: Vec::new(),
            steps: 0,
            drawn_bytes: 0,
        };
        for (place, table) in (0..).zip(&scenario.agents) {
            draft.agent(place, table)?;
        }
        for (place, table) in (0..).zip(&scenario.calls) {
            draft.calls(place, table)?;
        }
        for (place, table) in (0..).zip(&scenario.sms) {
            draft.sms(place, table)?;
        }
        Ok(Self {
            seats: draft.seats,
            stories: draft.stories,
            alive: scenario.alive,
            name: scenario.name.clone(),
            seed,
            speed,
            steps: draft.steps,
        })
    }
}

/// What has been drawn so far.
struct Draft<'a> {
    seed: u64,
    duration_ms: u64,
    lines: Lines<'a>,
    seats: Vec<Seat>,
    by_user: HashMap<String, usize>,
    stories: Vec<Story>,
    steps: usize,
    drawn_bytes: usize,
}

// First steps into the streams, so that tables of different kinds have draws of their own.
const AGENTS: u64 = 1;
const CALLS: u64 = 2;
const SMS: u64 = 3;

impl Draft<'_> {
    fn agent(&mut self, place: u64, table: &AgentTable) -> Result<(), ScenarioError> {
        let key = format!("agents[{place}]");
        let wrong = |error: String| ScenarioError::new(&key, error);
        if table.steps.len() > MAX_LINES {
            return Err(wrong("has more than 50 steps".to_owned()));
        }
        if self.by_user.contains_key(&table.user) {
            return Err(wrong(format!("names {} a second time", table.user)));
        }
        let seat = self.seat(&table.user).map_err(wrong)?;
        let of_seat = self.seats.get_mut(seat).ok_or_else(|| wrong(String::new()))?;
        of_seat.robot = true;
        of_seat.beside_human = table.beside_human;
        if of_seat.lines.is_empty() {
            return Ok(());
        }
        let stream = &mut Stream::at(self.seed, &[AGENTS, place]);
        let reason = |text: &Option<String>| {
            let reason = text.as_deref().map(Reason::new).transpose();
            reason.map_err(|error| wrong(error.to_string()))
        };
        let mut acts = match table.starts {
            Start::LoggedOut => Vec::new(),
            Start::NotReady => vec![(0, LineAction::LogIn)],
            Start::Ready => vec![(0, LineAction::LogIn), (0, LineAction::Ready)],
        };
        for step in &table.steps {
            let action = match step.what {
                AgentAct::LogIn => LineAction::LogIn,
                AgentAct::LogOut => LineAction::LogOut,
                AgentAct::Ready => LineAction::Ready,
                AgentAct::NotReady => LineAction::NotReady(reason(&step.reason)?),
                AgentAct::AfterCallWork => LineAction::Work(WorkMode::AfterCallWork),
                AgentAct::AuxWork => LineAction::Work(WorkMode::AuxWork),
            };
            if step.reason.is_some() && step.what != AgentAct::NotReady {
                return Err(wrong("has a reason that is not for `not-ready`".to_owned()));
            }
            acts.push((stream.within(step.at), action));
        }
        if let Some(breaks) = &table.breaks {
            if breaks.every.from_ms < 1_000 {
                return Err(wrong("has breaks less than a second apart".to_owned()));
            }
            let mut at = stream.within(breaks.every);
            while at < self.duration_ms {
                acts.push((at, LineAction::NotReady(reason(&breaks.reason)?)));
                at += stream.within(breaks.lasts);
                acts.push((at, LineAction::Ready));
                at += stream.within(breaks.every);
            }
        }
        acts.sort_by_key(|(at, _)| *at);
        let mut before = 0;
        let steps = acts.into_iter().map(|(at, action)| {
            let after_ms = at - before;
            before = at;
            Step { after_ms, act: Act::Line { action } }
        });
        let steps = steps.collect();
        let story = Story { kind: Kind::Agent, at_ms: 0, seat, patience_ms: 0, steps };
        self.add(story).map_err(wrong)
    }

    fn calls(&mut self, place: u64, table: &CallTable) -> Result<(), ScenarioError> {
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

    fn sms(&mut self, place: u64, table: &SmsTable) -> Result<(), ScenarioError> {
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

    fn stream(&self, place: &[u64]) -> Stream {
        Stream::at(self.seed, place)
    }

    /// When stories of a table begin, in order.
    fn arrivals(
        &self,
        place: &[u64],
        at: &[Span],
        per_minute: Option<f64>,
        between: Option<[f64; 2]>,
    ) -> Result<Vec<u64>, String> {
        let stream = &mut self.stream(place);
        if at.is_empty() && per_minute.is_none() {
            return Err("needs `at` or `per_minute`".to_owned());
        }
        if at.len() > MAX_STORIES {
            return Err("has too many times".to_owned());
        }
        let mut arrivals: Vec<u64> = at.iter().map(|at| stream.within(*at)).collect();
        let [from, to] = between.unwrap_or([0.0, f64::INFINITY]);
        if !(from >= 0.0 && from <= to) {
            return Err("`between` begins at 0 or later, and ends after it began".to_owned());
        }
        if between.is_some() && per_minute.is_none() {
            return Err("`between` belongs to `per_minute`".to_owned());
        }
        if let Some(per_minute) = per_minute {
            if !(per_minute > 0.0 && per_minute <= MAX_PER_MINUTE) {
                return Err("`per_minute` is above 0 and at most 6000".to_owned());
            }
            let end = (to * 1000.0).min(f64_of(self.duration_ms));
            let mut next = from * 1000.0 + stream.pause(per_minute);
            while next < end {
                if arrivals.len() >= MAX_STORIES {
                    return Err("begins more than 10000 times".to_owned());
                }
                arrivals.extend(milliseconds(next / 1000.0));
                next += stream.pause(per_minute);
            }
        }
        if arrivals.iter().any(|at| *at > self.duration_ms) {
            return Err("begins after the end".to_owned());
        }
        arrivals.sort_unstable();
        Ok(arrivals)
    }

    /// Who of these is called.
    fn called(&mut self, to: &[String], draws: &mut Draws<'_>) -> Result<usize, String> {
        let user = draws.stream.one(to).ok_or("`to` names nobody")?;
        // All of them are looked up, so that a wrong name is found whatever is drawn.
        for user in to {
            self.seat(user)?;
        }
        self.seat(user)
    }

    /// Who of these is called by an agent: users, or numbers outside.
    fn target(&mut self, to: &[String], draws: &mut Draws<'_>) -> Result<Target, String> {
        let name = draws.stream.one(to).ok_or("`to` names nobody")?;
        if (self.lines)(name).is_some() {
            let seat = self.seat(name)?;
            let line = self.seats.get(seat).and_then(Seat::line).ok_or("has no phone")?;
            return Ok(Target { number: line.number(), seat: Some(seat) });
        }
        if !name.starts_with(|c: char| c == '+' || c.is_ascii_digit()) {
            return Err(format!("{name} is no user, and no number outside"));
        }
        Ok(Target { number: number(&draws.parsed(name)?)?, seat: None })
    }

    fn seat(&mut self, user: &str) -> Result<usize, String> {
        if let Some(seat) = self.by_user.get(user) {
            return Ok(*seat);
        }
        let lines = (self.lines)(user).ok_or_else(|| format!("names {user}, who is no user"))?;
        if self.seats.len() >= MAX_SEATS {
            return Err("names more than 1000 users".to_owned());
        }
        let name = UserName::new(user).map_err(|error| error.to_string())?;
        let seat = Seat { user: user.to_owned(), name, lines, robot: false, beside_human: false };
        self.seats.push(seat);
        self.by_user.insert(user.to_owned(), self.seats.len() - 1);
        Ok(self.seats.len() - 1)
    }

    fn add(&mut self, story: Story) -> Result<(), String> {
        if story.kind == Kind::Call
            && self.seats.get(story.seat).is_none_or(|seat| seat.line().is_none())
        {
            return Err("calls a user without a phone".to_owned());
        }
        self.steps += story.steps.len();
        if self.stories.len() >= MAX_STORIES || self.steps > MAX_STEPS {
            return Err("is one too many: 10000 stories and 100000 steps are allowed".to_owned());
        }
        if self.drawn_bytes > MAX_DRAWN_BYTES {
            return Err("is too much: 64 MiB of texts and user data are allowed".to_owned());
        }
        self.stories.push(story);
        Ok(())
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

/// What is drawn for one story.
struct Draws<'a> {
    stream: &'a mut Stream,
    ordinal: u64,
    /// Length of all that was drawn.
    bytes: usize,
}

impl Draws<'_> {
    fn ordinal(&self) -> usize {
        usize::try_from(self.ordinal).unwrap_or(usize::MAX)
    }

    fn text(&mut self, text: &Text) -> String {
        let ordinal = self.ordinal();
        let text = text.draw(self.stream, ordinal);
        self.bytes += text.len();
        text
    }

    fn parsed(&mut self, text: &str) -> Result<String, String> {
        Ok(self.text(&Text::parse(text)?))
    }

    fn data(&mut self, data: &Data) -> Result<UserData, String> {
        let ordinal = self.ordinal();
        let data = data.draw(self.stream, ordinal)?;
        self.bytes += data.packed_bytes();
        Ok(data)
    }

    fn table(&mut self, table: Option<&Map<String, Value>>) -> Result<UserData, String> {
        table.map_or_else(|| Ok(UserData::new()), |table| self.data(&Data::parse(table)?))
    }
}

fn number(text: &str) -> Result<Number, String> {
    Number::new(Arc::from(text)).map_err(|error: encke::calls::NameError| text_of(&error))
}

fn contact(text: &str) -> Result<Contact, String> {
    Contact::new(Arc::from(text)).map_err(|error: encke::calls::NameError| text_of(&error))
}

fn text_of(error: &dyn Display) -> String {
    error.to_string()
}

fn check(lines: usize, chances: impl Iterator<Item = f64>) -> Result<(), String> {
    if lines > MAX_LINES {
        return Err("has more than 50 steps".to_owned());
    }
    for chance in chances {
        if !(0.0..=1.0).contains(&chance) {
            return Err("has a probability that is not from 0 to 1".to_owned());
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a day in milliseconds is exact")]
fn f64_of(ms: u64) -> f64 {
    ms as f64
}
