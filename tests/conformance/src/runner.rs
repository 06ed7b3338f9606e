//! Runs scenarios side by side.
//!
//! Each run has a session, or several, of its own. At most [`Options::parallel`] run at once; those
//! that watch the whole server run last, one after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::clock;
use crate::lab::Lab;
use crate::report::{Report, Row, Status, not_offered};
use crate::scenario::Scenario;
use crate::scenarios;
use crate::target::Target;
use crate::transport::Transport;
use crate::verdict::{Stop, Verdict, failed};

/// The longest one scenario may take, whatever it waits for.
const LONGEST: Duration = Duration::from_secs(90);

/// What to run and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only this transport; `None` is all.
    pub transport: Option<Transport>,
    /// Only scenarios whose `topic::name` contains this text.
    pub only: Option<String>,
    /// How many scenarios run at once. Default 32.
    pub parallel: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { transport: None, only: None, parallel: 32 }
    }
}

impl Options {
    /// The scenarios they choose, each with a transport, in the order of the report.
    pub fn chosen(&self) -> Vec<(Scenario, Transport)> {
        let transports = Transport::ALL.into_iter();
        let transports =
            transports.filter(|known| self.transport.is_none_or(|only| only == *known));
        let all = scenarios::all();
        let wanted = |scenario: &&Scenario| {
            let name = format!("{}::{}", scenario.topic, scenario.name);
            self.only.as_ref().is_none_or(|only| name.contains(only))
        };
        let pairs = transports.flat_map(|transport| {
            let included = all.iter().filter(wanted).filter(move |s| s.includes(transport));
            included.map(move |scenario| (scenario.clone(), transport))
        });
        pairs.collect()
    }
}

/// Runs the chosen scenarios against a surveyed target.
pub async fn run(target: &Target, options: &Options) -> Report {
    let begun = clock::now();
    let permits = Arc::new(Semaphore::new(options.parallel.max(1)));
    let mut running = JoinSet::new();
    let mut alone = Vec::new();
    let mut rows = Vec::new();
    for (place, (scenario, transport)) in options.chosen().into_iter().enumerate() {
        if !target.offers(transport) {
            let why = Stop::Skipped(not_offered(transport.name()));
            rows.push((
                place,
                Row::new(&scenario, transport, Err(why), Duration::ZERO, Vec::new()),
            ));
        } else if scenario.alone {
            alone.push((place, scenario, transport));
        } else {
            let (permits, target) = (Arc::clone(&permits), target.clone());
            running.spawn(async move {
                let permit = permits.acquire_owned().await;
                let row = judge(&scenario, transport, target).await;
                drop(permit);
                (place, row)
            });
        }
    }
    while let Some(done) = running.join_next().await {
        if let Ok(row) = done {
            rows.push(row);
        }
    }
    for (place, scenario, transport) in alone {
        rows.push((place, judge(&scenario, transport, target.clone()).await));
    }
    rows.sort_by_key(|(place, _)| *place);
    let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    Report { target: target.endpoint.to_string(), rows, took: begun.elapsed() }
}

/// One run. A panic of the scenario is caught by its task and counts as a failure of the suite.
async fn judge(scenario: &Scenario, transport: Transport, target: Target) -> Row {
    let begun = clock::now();
    let lab = Lab::new(target, transport);
    let mut task = tokio::spawn((scenario.run)(lab.clone()));
    let outcome = match timeout(LONGEST, &mut task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(failed(format!("the scenario itself broke: {error}"))),
        Err(_) => {
            task.abort();
            Err(failed(format!("no verdict within {} s", LONGEST.as_secs())))
        }
    };
    let record = if outcome.is_err() { lab.record() } else { Vec::new() };
    Row::new(scenario, transport, outcome, begun.elapsed(), record)
}

impl Row {
    fn new(
        scenario: &Scenario,
        transport: Transport,
        outcome: Result<Verdict, Stop>,
        took: Duration,
        record: Vec<String>,
    ) -> Self {
        let (status, note) = match outcome {
            Ok(Verdict::Pass) => (Status::Pass, String::new()),
            Ok(Verdict::Varies(variant)) => (Status::Varies, variant),
            Err(Stop::Failed(problem)) => (Status::Fail, problem),
            Err(Stop::Skipped(why)) => (Status::Skipped, why),
        };
        Self {
            topic: scenario.topic,
            name: scenario.name.clone(),
            transport: transport.name(),
            source: scenario.source(),
            expectation: scenario.expectation.to_string(),
            status,
            record: if status == Status::Fail { record } else { Vec::new() },
            note,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
