//! A scenario: its name, its source, what it expects, where it runs.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::lab::Lab;
use crate::transport::Transport;
use crate::verdict::Outcome;

/// What weight a scenario has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expectation {
    /// Specified: Bayeux 1.0, or HTTP and JSON where the topic says so.
    Required,
    /// Observed: what CometD 5 to 8 do, and deployed clients rely on.
    Expected,
    /// Observed as a defect of CometD; what a better server does instead.
    Want,
    /// Observed to differ legitimately: tells which variant was seen and fails only if it is none
    /// of them.
    Varies,
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "required",
            Self::Expected => "expected",
            Self::Want => "want",
            Self::Varies => "varies",
        })
    }
}

/// On which transports a scenario makes sense.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum On {
    /// On each that the target offers.
    Every,
    /// Where answers belong to requests: long-polling and callback-polling.
    Polling,
    /// On one.
    Only(Transport),
}

type Run = Arc<dyn Fn(Lab) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// One scenario, written once for all its transports.
#[derive(Clone)]
pub struct Scenario {
    /// The topic, which is also the file it is in.
    pub topic: &'static str,
    /// What is asserted, as a clause in snake case.
    pub name: String,
    /// The numbers of the observations it stands for, `H` and a number.
    pub observation: &'static str,
    /// What weight it has.
    pub expectation: Expectation,
    /// Whether it must run while nothing else does.
    pub(crate) alone: bool,
    pub(crate) on: On,
    pub(crate) run: Run,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.topic, self.name)
    }
}

impl Scenario {
    /// A scenario for every transport.
    pub(crate) fn new<F, R>(
        topic: &'static str,
        observation: &'static str,
        expectation: Expectation,
        name: impl Into<String>,
        run: F,
    ) -> Self
    where
        F: Fn(Lab) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        let run: Run = Arc::new(move |lab| Box::pin(run(lab)));
        let on = On::Every;
        Self { topic, name: name.into(), observation, expectation, alone: false, on, run }
    }

    /// Keeps it to some transports.
    pub(crate) fn on(mut self, on: On) -> Self {
        self.on = on;
        self
    }

    /// Runs it after all the others, by itself.
    pub(crate) fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// Where its expectation comes from, for people.
    pub fn source(&self) -> String {
        let grade = match self.expectation {
            Expectation::Required => "specified",
            Expectation::Expected => "observed",
            Expectation::Want => "observed defect",
            Expectation::Varies => "observed to differ",
        };
        format!("{} {grade}", self.observation)
    }

    /// Whether this transport is one of its own.
    pub(crate) fn includes(&self, transport: Transport) -> bool {
        match self.on {
            On::Every => true,
            On::Polling => transport.polls(),
            On::Only(only) => only == transport,
        }
    }
}

/// Lists scenarios of one topic: `"H1" Required name;`, where `name` is an `async fn(Lab)`.
macro_rules! scenarios {
    ($topic:literal; $($observation:literal $expectation:ident $name:ident $(, $modify:ident $(($on:expr))?)*;)*) => {
        vec![$(
            $crate::scenario::Scenario::new(
                $topic,
                $observation,
                $crate::scenario::Expectation::$expectation,
                stringify!($name),
                $name,
            )$(.$modify($($on)?))*,
        )*]
    };
}

pub(crate) use scenarios;
