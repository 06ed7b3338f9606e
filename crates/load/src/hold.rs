//! Workload: many sessions, each with a held poll, and nothing to deliver.
//!
//! Memory per held poll is the growth of the server's resident set, from before the first
//! connection to the moment when every poll has been held for a while, divided by the polls. The
//! kernel's share for the sockets is not in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::clock;
use crate::crowd::Crowd;
use crate::process::Process;
use crate::report::{Row, kibibytes, mebibytes, row, seconds};
use crate::run::{Common, RunError};
use crate::source;
use crate::stop::Stop;
use crate::troubles::Troubles;

/// Time between the last poll going out and the measurement: first polls are answered at once by
/// some servers, and allocators settle.
const SETTLE: Duration = Duration::from_secs(1);

/// Longest wait for all polls to be under way.
const HELD_LIMIT: Duration = Duration::from_secs(30);

/// What a run saw.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HoldReport {
    /// Always `hold`.
    pub workload: &'static str,
    /// The endpoint.
    pub url: String,
    /// Sessions asked for.
    pub sessions: u64,
    /// Sessions that were up after the ramp, each with a poll held or being renewed.
    pub up: u64,
    /// Sessions that were up at the end.
    pub up_at_end: u64,
    /// Polls that were held at one moment after the ramp.
    pub held: u64,
    /// Polls that were held at one moment at the end.
    pub held_at_end: u64,
    /// Polls that were answered in between, each followed by the next.
    pub repolls: u64,
    /// Time to bring the sessions up.
    pub ramp_seconds: f64,
    /// Time they were held.
    pub seconds: f64,
    /// The server's memory, if its process is known.
    pub server: Option<HeldMemory>,
    /// Memory of this process per held poll, in bytes.
    pub client_bytes_per_poll: f64,
    /// Whether the run was stopped early.
    pub interrupted: bool,
    /// What went wrong, and how often.
    pub errors: BTreeMap<String, u64>,
}

/// The server's resident set and CPU time around the held polls.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct HeldMemory {
    /// Resident set before the first connection.
    pub before_bytes: u64,
    /// Resident set with every poll held.
    pub held_bytes: u64,
    /// Resident set at the end.
    pub end_bytes: u64,
    /// Growth up to the moment when all were held, per held poll.
    pub bytes_per_poll: f64,
    /// Growth up to the end, per poll held then.
    pub bytes_per_poll_at_end: f64,
    /// User and system time from the first connection until all were held, per session.
    pub setup_cpu_us_per_session: f64,
    /// User and system time while polls were held.
    pub held_cpu_seconds: f64,
}

/// Holds the sessions for the given time. Stopping it early still reports.
///
/// # Errors
///
/// [`RunError`] if no session came up or something cannot be measured.
///
/// # Cancel safety
///
/// Dropping it closes all connections at once; the server sees vanished clients.
pub async fn run(common: &Common, mut stop: Stop) -> Result<HoldReport, RunError> {
    source::make_room(common.sessions)?;
    let own = Process::own()?;
    let own_before = own.resident_bytes()?;
    let before = common.process.map(Sample::take).transpose()?;
    let troubles = Arc::new(Troubles::default());
    let mut crowd = Crowd::new(Arc::clone(&troubles));

    let begun = clock::now();
    crowd.gather(common, &mut stop, || ()).await;
    let ramp = clock::now() - begun;
    if crowd.alive() == 0 {
        let reason = troubles.counts().into_keys().next().unwrap_or_else(|| "stopped".to_owned());
        return Err(RunError::NoSession(reason));
    }
    crowd.until_held(HELD_LIMIT).await;
    rest(SETTLE, &mut stop).await;

    let (up, held) = (crowd.alive(), crowd.held());
    let own_held = own.resident_bytes()?;
    let all_held = common.process.map(Sample::take).transpose()?;
    let answered = crowd.answered();
    let held_since = clock::now();
    rest(common.length, &mut stop).await;

    let stayed = clock::now() - held_since;
    let (up_at_end, held_at_end) = (crowd.alive(), crowd.held());
    let repolls = crowd.answered() - answered;
    let end = common.process.map(Sample::take).transpose()?;
    crowd.dismiss().await;

    let server = before.zip(all_held).zip(end).map(|((before, all_held), end)| HeldMemory {
        before_bytes: before.resident,
        held_bytes: all_held.resident,
        end_bytes: end.resident,
        bytes_per_poll: growth(before.resident, all_held.resident, held),
        bytes_per_poll_at_end: growth(before.resident, end.resident, held_at_end),
        setup_cpu_us_per_session: all_held.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e6
            / float(held.max(1)),
        held_cpu_seconds: end.cpu.saturating_sub(all_held.cpu).as_secs_f64(),
    });
    Ok(HoldReport {
        workload: "hold",
        url: common.target.to_string(),
        sessions: common.sessions as u64,
        up,
        up_at_end,
        held,
        held_at_end,
        repolls,
        ramp_seconds: ramp.as_secs_f64(),
        seconds: stayed.as_secs_f64(),
        server,
        client_bytes_per_poll: growth(own_before, own_held, held),
        interrupted: stop.is_stopped(),
        errors: troubles.counts(),
    })
}

/// Waits, or less if the run is stopped.
async fn rest(length: Duration, stop: &mut Stop) {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        () = stop.stopped() => {}
    }
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    resident: u64,
    cpu: Duration,
}

impl Sample {
    fn take(process: Process) -> Result<Self, RunError> {
        Ok(Self { resident: process.resident_bytes()?, cpu: process.cpu_time()? })
    }
}

/// Bytes gained per poll; negative if the process shrank.
fn growth(before: u64, after: u64, polls: u64) -> f64 {
    (float(after) - float(before)) / float(polls.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes below 2^52")]
fn float(number: u64) -> f64 {
    number as f64
}

impl HoldReport {
    /// Whether every session asked for was up until the end and nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
            && (self.interrupted || (self.up == self.sessions && self.up_at_end == self.sessions))
    }

    /// The rows of the table.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            row("sessions", format!("{} of {}", self.up, self.sessions)),
            row("held polls", self.held.to_string()),
            row("ramp-up", seconds(self.ramp_seconds)),
            row("held for", seconds(self.seconds)),
            row("at the end", format!("{} sessions, {} held", self.up_at_end, self.held_at_end)),
            row("polls answered and renewed", self.repolls.to_string()),
        ];
        if let Some(server) = &self.server {
            rows.extend([
                row("server before", mebibytes(server.before_bytes)),
                row("server, all held", mebibytes(server.held_bytes)),
                row("server at the end", mebibytes(server.end_bytes)),
                row("memory per held poll", kibibytes(server.bytes_per_poll)),
                row("  at the end", kibibytes(server.bytes_per_poll_at_end)),
                row(
                    "server CPU, set-up",
                    format!("{:.0} us a session", server.setup_cpu_us_per_session),
                ),
                row("server CPU, held", format!("{:.2} s", server.held_cpu_seconds)),
            ]);
        }
        rows.push(row("this tool per held poll", kibibytes(self.client_bytes_per_poll)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_per_poll_and_may_be_negative() {
        assert!((growth(1000, 3000, 10) - 200.0).abs() < 1e-9);
        assert!((growth(3000, 1000, 10) + 200.0).abs() < 1e-9);
        assert!(growth(0, 0, 0).abs() < 1e-9);
    }
}
