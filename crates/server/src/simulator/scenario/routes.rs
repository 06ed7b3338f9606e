//! `/sim/v1/scenarios`: what can be played, what is played, and how far it is.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use encke::gateway::ReturnCode;
use http::StatusCode;
use serde::Serialize;

use super::built_in::{built_in, built_in_named};
use super::file::Scenario;
use super::registry::{PlayError, View};
use crate::answer::{self, Answer};
use crate::simulator::World;
use crate::simulator::body::Members;
use crate::simulator::failure::Failure;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    status_code: u8,
    built_in: Vec<Known>,
    running: Vec<Shown>,
}

/// A scenario that can be begun by its name.
#[derive(Serialize)]
struct Known {
    name: String,
    title: String,
    duration: f64,
}

/// A scenario that was begun. Times are seconds of the scenario.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u8>,
    id: String,
    name: String,
    state: &'static str,
    seed: u64,
    speed: f64,
    at: f64,
    done: usize,
    failed: usize,
    passed: usize,
    steps: usize,
    alive: usize,
    errors: BTreeMap<String, usize>,
}

impl From<View> for Shown {
    #[expect(clippy::cast_precision_loss, reason = "a time in seconds, for people")]
    fn from(view: View) -> Self {
        let counts = view.progress.counts;
        Self {
            status_code: None,
            id: view.id.to_string(),
            name: view.name,
            state: if view.progress.ended { "ended" } else { "running" },
            seed: view.seed,
            speed: view.speed,
            at: view.progress.at_ms as f64 / 1000.0,
            done: counts.done,
            failed: counts.failed,
            passed: counts.passed,
            steps: view.steps,
            alive: counts.alive,
            errors: counts.errors,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    status_code: u8,
    id: String,
}

/// `GET /sim/v1/scenarios`
pub(in crate::simulator) async fn list(State(world): State<World>) -> Answer {
    let known = |scenario: Scenario| Known {
        name: scenario.name,
        title: scenario.title,
        duration: scenario.duration,
    };
    let listed = Listed {
        status_code: 0,
        built_in: built_in().map(known).collect(),
        running: world.scenarios.all().into_iter().map(Shown::from).collect(),
    };
    answer::json(StatusCode::OK, &listed)
}

/// `POST /sim/v1/scenarios`: begins one.
pub(in crate::simulator) async fn begin(
    State(world): State<World>,
    members: Members,
) -> Result<Answer, Failure> {
    let scenario = match (members.text("name")?, members.given("scenario")) {
        (Some(name), None) => built_in_named(&name)
            .ok_or_else(|| Failure::not_found("there is no built-in scenario of this name"))?,
        (None, Some(scenario)) => Scenario::from_json(scenario.get())
            .map_err(|error| Failure::invalid(format!("scenario: {error}")))?,
        (None, None) => return Err(Failure::missing("name, or else scenario,")),
        (Some(_), Some(_)) => return Err(Failure::invalid("name or scenario, not both")),
    };
    let seed = match members.given("seed") {
        Some(seed) => serde_json::from_str(seed.get())
            .map_err(|_| Failure::invalid("seed must be a whole number"))?,
        None => new_seed()?,
    };
    let speed = members
        .given("speed")
        .map(|speed| serde_json::from_str(speed.get()))
        .transpose()
        .map_err(|_| Failure::invalid("speed must be a number"))?;
    let plan = world.scenarios.plan(scenario, seed, speed).await.ok_or_else(stops)?;
    let plan = plan.map_err(|error| Failure::invalid(error.to_string()))?;
    let id = world.scenarios.play(plan).map_err(|error| match error {
        PlayError::TooMany(limit) => Failure::new(
            ReturnCode::Internal,
            format!("more than {limit} scenarios cannot be played at a time"),
        ),
        PlayError::Closed => stops(),
    })?;
    Ok(answer::json(StatusCode::OK, &Begun { status_code: 0, id: id.to_string() }))
}

/// `GET /sim/v1/scenarios/{id}`
pub(in crate::simulator) async fn show(
    State(world): State<World>,
    Path(id): Path<String>,
) -> Result<Answer, Failure> {
    let view = id.parse().ok().and_then(|id| world.scenarios.one(id)).ok_or_else(unknown)?;
    let shown = Shown { status_code: Some(0), ..Shown::from(view) };
    Ok(answer::json(StatusCode::OK, &shown))
}

/// `DELETE /sim/v1/scenarios/{id}`: nothing new begins, and the customers go.
pub(in crate::simulator) async fn stop(
    State(world): State<World>,
    Path(id): Path<String>,
) -> Result<Answer, Failure> {
    if id.parse().is_ok_and(|id| world.scenarios.stop(id)) {
        Ok(answer::accepted())
    } else {
        Err(unknown())
    }
}

fn stops() -> Failure {
    Failure::new(ReturnCode::Internal, "the server stops")
        .with_http(StatusCode::SERVICE_UNAVAILABLE)
}

fn unknown() -> Failure {
    Failure::not_found("there is no such scenario, or it ended long ago")
}

/// A seed that people can read to each other and that JavaScript keeps digit for digit.
fn new_seed() -> Result<u64, Failure> {
    super::new_seed().ok_or_else(|| Failure::new(ReturnCode::Internal, "there is no randomness"))
}
