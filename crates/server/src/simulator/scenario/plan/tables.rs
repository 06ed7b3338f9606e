//! The tables of customers as a plan draws from them.
//!
//! What is the same for all stories of a table is done here, once: names are looked up, texts and
//! user data are read, and what does not belong together is refused.

use encke::calls::Dn;

use super::super::file::{CallAct, CallStep, CallTable, Side, SmsLine, SmsTable};
use super::super::text::{Data, Text};
use super::bounds::check;
use super::seats::{Callee, Seats};

/// `[[calls]]`
pub(super) struct Calls<'a> {
    pub(super) table: &'a CallTable,
    /// Places of the users.
    pub(super) to: Vec<usize>,
    pub(super) from: Text,
    pub(super) data: Data,
    pub(super) steps: Vec<Turn<'a>>,
}

/// `[[calls.steps]]`
pub(super) struct Turn<'a> {
    pub(super) step: &'a CallStep,
    pub(super) third_party: Option<Dn>,
    pub(super) data: Data,
    pub(super) digits: Text,
    pub(super) to: Vec<Callee>,
}

/// `[[sms]]`
pub(super) struct Dialogues<'a> {
    pub(super) table: &'a SmsTable,
    /// Places of the users.
    pub(super) to: Vec<usize>,
    pub(super) from: Text,
    pub(super) nickname: Option<Text>,
    pub(super) text: Text,
    pub(super) data: Data,
    pub(super) lines: Vec<Line<'a>>,
}

/// `[[sms.lines]]`
pub(super) struct Line<'a> {
    pub(super) line: &'a SmsLine,
    pub(super) what: What,
}

/// What somebody does in a line.
pub(super) enum What {
    CustomerWrites(Text),
    AgentWrites(Text),
    AgentUpdates(Data),
}

impl<'a> Calls<'a> {
    pub(super) fn read(table: &'a CallTable, seats: &mut Seats<'_>) -> Result<Self, String> {
        let chances = table.steps.iter().map(|step| step.chance).chain([table.abandons]);
        check(table.steps.len(), chances)?;
        let mut steps = Vec::with_capacity(table.steps.len());
        let to = seats.users(&table.to, true)?;
        for (place, step) in table.steps.iter().enumerate() {
            let turn = Turn::read(step, seats);
            steps.push(turn.map_err(|error| format!("steps[{place}]: {error}"))?);
        }
        let (from, data) = (Text::parse(&table.from)?, Data::parse(&table.data)?);
        Ok(Self { table, to, from, data, steps })
    }
}

impl<'a> Turn<'a> {
    fn read(step: &'a CallStep, seats: &mut Seats<'_>) -> Result<Self, String> {
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
        let third_party = step.third_party.as_deref().map(Dn::new).transpose();
        let to = step.to.as_deref().map(|to| seats.callees(to, consults));
        Ok(Self {
            step,
            third_party: third_party.map_err(|error| error.to_string())?,
            data: step.data.as_ref().map(Data::parse).transpose()?.unwrap_or_default(),
            digits: step.digits.as_deref().map(Text::parse).transpose()?.unwrap_or_default(),
            to: to.transpose()?.unwrap_or_default(),
        })
    }
}

impl<'a> Dialogues<'a> {
    pub(super) fn read(table: &'a SmsTable, seats: &mut Seats<'_>) -> Result<Self, String> {
        if !table.medium.has_messages() {
            return Err(format!("{} is no medium of messages", table.medium));
        }
        let chances = table.lines.iter().map(|line| line.chance);
        check(table.lines.len(), chances.chain([table.rejects, table.leaves]))?;
        let mut lines = Vec::with_capacity(table.lines.len());
        for (place, line) in table.lines.iter().enumerate() {
            let what = What::read(line).map_err(|error| format!("lines[{place}]: {error}"))?;
            lines.push(Line { line, what });
        }
        Ok(Self {
            table,
            to: seats.users(&table.to, false)?,
            from: Text::parse(&table.from)?,
            nickname: table.nickname.as_deref().map(Text::parse).transpose()?,
            text: Text::parse(&table.text)?,
            data: Data::parse(&table.data)?,
            lines,
        })
    }
}

impl What {
    fn read(line: &SmsLine) -> Result<Self, String> {
        match (line.by, &line.text, &line.data) {
            (Side::Customer, Some(text), None) => Text::parse(text).map(Self::CustomerWrites),
            (Side::Agent, Some(text), None) => Text::parse(text).map(Self::AgentWrites),
            (Side::Agent, None, Some(data)) => Data::parse(data).map(Self::AgentUpdates),
            _ => Err("has a `text`, or an agent's `data`".to_owned()),
        }
    }
}
