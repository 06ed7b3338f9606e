//! What a scenario's file says, member by member. `docs/SCENARIOS.md` is its reference.
//!
//! The same in TOML and in JSON. What is not known is refused here; what makes no sense together is
//! refused where the [plan](super::plan) is made, before anything happens.

use std::fmt;

use encke::calls::Medium;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::span::Span;

/// Why a scenario cannot be played. The author's matter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ScenarioError(String);

impl ScenarioError {
    pub(super) fn new(place: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self(format!("`{place}` {reason}"))
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScenarioError {}

/// A scenario as it is written.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it is called in lists.
    pub(crate) name: String,
    /// What it is, in a line.
    #[serde(default)]
    pub(crate) title: String,
    /// How long new things begin, in seconds.
    pub(crate) duration: f64,
    /// How many of its seconds pass in one of ours.
    #[serde(default = "one")]
    pub(crate) speed: f64,
    /// Most calls and SMS sessions of it at a time.
    #[serde(default = "fifty")]
    pub(super) alive: usize,
    #[serde(default)]
    pub(super) agents: Vec<AgentTable>,
    #[serde(default)]
    pub(super) calls: Vec<CallTable>,
    #[serde(default)]
    pub(super) sms: Vec<SmsTable>,
}

impl Scenario {
    /// Reads TOML.
    pub(crate) fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text).map_err(|error| ScenarioError(error.to_string().trim().to_owned()))
    }

    /// Reads JSON.
    pub(crate) fn from_json(text: &str) -> Result<Self, ScenarioError> {
        serde_json::from_str(text).map_err(|error| ScenarioError(error.to_string()))
    }
}

/// `[[agents]]`: somebody who acts by himself.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentTable {
    pub(super) user: String,
    /// He acts even while a desk of the user is open.
    #[serde(default)]
    pub(super) beside_human: bool,
    #[serde(default)]
    pub(super) starts: Start,
    #[serde(default)]
    pub(super) steps: Vec<AgentStep>,
    pub(super) breaks: Option<Breaks>,
}

/// How an agent is at the beginning.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Start {
    #[default]
    Ready,
    NotReady,
    LoggedOut,
}

/// `[[agents.steps]]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentStep {
    pub(super) at: Span,
    #[serde(rename = "do")]
    pub(super) what: AgentAct,
    pub(super) reason: Option<String>,
}

/// What an agent does at his phone.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AgentAct {
    LogIn,
    LogOut,
    Ready,
    NotReady,
    AfterCallWork,
    AuxWork,
}

/// `[agents.breaks]`: not ready again and again.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Breaks {
    pub(super) every: Span,
    pub(super) lasts: Span,
    pub(super) reason: Option<String>,
}

/// `[[calls]]`: somebody outside calls, once or again and again.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct CallTable {
    pub(super) name: Option<String>,
    pub(super) to: Vec<String>,
    pub(super) from: String,
    #[serde(default)]
    pub(super) data: Map<String, Value>,
    #[serde(default)]
    pub(super) at: Vec<Span>,
    pub(super) per_minute: Option<f64>,
    pub(super) between: Option<[f64; 2]>,
    #[serde(default)]
    pub(super) abandons: f64,
    #[serde(default = "abandons_after")]
    pub(super) abandons_after: Span,
    #[serde(default = "patience")]
    pub(super) patience: Span,
    #[serde(default = "answers_after")]
    pub(super) answers_after: Span,
    #[serde(default)]
    pub(super) steps: Vec<CallStep>,
    #[serde(default = "talk")]
    pub(super) talk: Span,
    #[serde(default)]
    pub(super) hangs_up: Side,
}

/// One of two sides.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Side {
    #[default]
    Customer,
    Agent,
}

/// `[[calls.steps]]`: something that happens while they talk.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct CallStep {
    #[serde(rename = "do")]
    pub(super) what: CallAct,
    #[serde(default = "soon")]
    pub(super) after: Span,
    #[serde(default = "one")]
    pub(super) chance: f64,
    pub(super) third_party: Option<String>,
    pub(super) data: Option<Map<String, Value>>,
    pub(super) key: Option<String>,
    pub(super) digits: Option<String>,
    pub(super) to: Option<Vec<String>>,
    pub(super) then: Option<Then>,
    pub(super) answers_after: Option<Span>,
    pub(super) takes: Option<Span>,
}

/// What can happen while they talk.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CallAct {
    Attach,
    Update,
    DeletePair,
    Clear,
    Hold,
    Retrieve,
    Mute,
    Unmute,
    Dtmf,
    Transfer,
    Conference,
    Consult,
}

/// What a consultation leads to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Then {
    Transfer,
    Conference,
    Back,
}

/// `[[sms]]`: a customer writes, once or again and again.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct SmsTable {
    pub(super) name: Option<String>,
    /// What is written in; one that has messages.
    #[serde(default)]
    pub(super) medium: Medium,
    pub(super) to: Vec<String>,
    pub(super) from: String,
    pub(super) nickname: Option<String>,
    pub(super) text: String,
    #[serde(default)]
    pub(super) data: Map<String, Value>,
    #[serde(default)]
    pub(super) at: Vec<Span>,
    pub(super) per_minute: Option<f64>,
    pub(super) between: Option<[f64; 2]>,
    #[serde(default)]
    pub(super) rejects: f64,
    #[serde(default = "answers_after")]
    pub(super) accepts_after: Span,
    #[serde(default = "patience")]
    pub(super) patience: Span,
    #[serde(default)]
    pub(super) lines: Vec<SmsLine>,
    /// Probability that the customer leaves at the end.
    #[serde(default = "one")]
    pub(super) leaves: f64,
    #[serde(default = "soon")]
    pub(super) completes_after: Span,
}

/// `[[sms.lines]]`: who writes what next.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct SmsLine {
    pub(super) by: Side,
    #[serde(default = "soon")]
    pub(super) after: Span,
    #[serde(default = "one")]
    pub(super) chance: f64,
    pub(super) text: Option<String>,
    /// The agent updates these pairs of the user data, instead of writing.
    pub(super) data: Option<Map<String, Value>>,
}

fn one() -> f64 {
    1.0
}

fn fifty() -> usize {
    50
}

fn soon() -> Span {
    Span::seconds(1, 5)
}

fn answers_after() -> Span {
    Span::seconds(2, 6)
}

fn abandons_after() -> Span {
    Span::seconds(3, 10)
}

fn patience() -> Span {
    Span::seconds(30, 60)
}

fn talk() -> Span {
    Span::seconds(20, 90)
}
