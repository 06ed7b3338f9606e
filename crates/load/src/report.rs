//! What a run saw, as JSON and as a table.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::latency::{LatencySummary, Percentile};
use crate::timeline::Sample;

/// What a run saw. What a workload does not have is absent.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// `hold`, `fanout`, `unicast`, `rooms` or `calls`.
    pub workload: &'static str,
    /// The endpoint.
    pub url: String,
    /// `long-polling` or `websocket`.
    pub transport: &'static str,
    /// Whether the acknowledgement extension was on.
    pub ack: bool,
    /// Threads of this tool.
    pub threads: usize,
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
    /// Time they were held, or from the first message to the end of the wait for deliveries, which
    /// is one look at the gauges after the last one at most.
    pub seconds: f64,
    /// What was published, unless nothing was.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<TrafficReport>,
    /// The server's memory and CPU time, if its process is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerReport>,
    /// Memory of this process per session, in bytes.
    pub client_bytes_per_poll: f64,
    /// Whether the run was stopped early.
    pub interrupted: bool,
    /// One entry a second, or fewer in long runs.
    pub timeline: Vec<Sample>,
    /// What went wrong, by kind.
    pub troubles: BTreeMap<&'static str, u64>,
    /// What went wrong, by text.
    pub errors: BTreeMap<String, u64>,
}

/// What was published, and what came of it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TrafficReport {
    /// Sessions that were there when the first message went out.
    pub subscribers: u64,
    /// Messages a second asked for; `null` for as many as possible.
    pub rate: Option<f64>,
    /// Messages under way that were allowed, if there was no rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// Publishers.
    pub publishers: usize,
    /// Messages in one request.
    pub batch: usize,
    /// Bytes of `data`.
    pub payload_bytes: usize,
    /// Messages that the server accepted.
    pub sent: u64,
    /// Deliveries, each counted once.
    pub delivered: u64,
    /// Deliveries a second, over `seconds`.
    pub deliveries_per_second: f64,
    /// Deliveries that did not come.
    pub lost: u64,
    /// Deliveries that came again.
    pub doubled: u64,
    /// Deliveries that came after a later one.
    pub out_of_order: u64,
    /// Deliveries with a latency above the limit.
    pub late: u64,
    /// Messages of this run that somebody else should have got.
    pub stray: u64,
    /// Messages whose stamp or padding was damaged.
    pub garbled: u64,
    /// Messages of somebody else.
    pub foreign: u64,
    /// Notifications about something else than user data, for calls.
    pub other_notifications: u64,
    /// Bytes that the server sent in that time, per delivery.
    pub received_bytes_per_delivery: f64,
    /// From due to delivered.
    pub latency: Option<LatencySummary>,
    /// The same as a curve.
    pub percentiles: Vec<Percentile>,
    /// From due to being written: the publisher's own lateness, part of the above.
    pub publisher_late: Option<LatencySummary>,
    /// The server's user and system time per delivery, if its process is known.
    pub server_cpu_us_per_delivery: Option<f64>,
    /// The same of this process.
    pub client_cpu_us_per_delivery: f64,
}

/// The server's resident set and CPU time.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct ServerReport {
    /// Resident set before the first connection.
    pub before_bytes: u64,
    /// Resident set with every session up.
    pub held_bytes: u64,
    /// Resident set at the end.
    pub end_bytes: u64,
    /// Growth up to the moment when all were up, per held poll.
    pub bytes_per_poll: f64,
    /// Growth up to the end, per poll held then.
    pub bytes_per_poll_at_end: f64,
    /// User and system time from the first connection until all were up, per session.
    pub setup_cpu_us_per_session: f64,
    /// User and system time from then to the end.
    pub held_cpu_seconds: f64,
}

impl Report {
    /// Whether every session asked for was up until the end, every message reached everybody it
    /// was for, once, intact, in order and in time, and nothing else went wrong.
    pub fn is_clean(&self) -> bool {
        let is_clean = self.traffic.as_ref().is_none_or(|traffic| {
            let TrafficReport { lost, doubled, out_of_order, late, stray, garbled, .. } = traffic;
            [lost, doubled, out_of_order, late, stray, garbled] == [&0; 6]
        });
        is_clean
            && self.errors.is_empty()
            && (self.interrupted || (self.up == self.sessions && self.up_at_end == self.sessions))
    }

    /// The rows of the table.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            row("sessions", format!("{} of {}", self.up, self.sessions)),
            row("ramp-up", seconds(self.ramp_seconds)),
            row("held polls", format!("{}, {} at the end", self.held, self.held_at_end)),
        ];
        if let Some(traffic) = &self.traffic {
            traffic.rows(self.seconds, &mut rows);
        } else {
            rows.push(row("held for", seconds(self.seconds)));
            rows.push(row("polls answered and renewed", self.repolls.to_string()));
        }
        if let Some(server) = &self.server {
            rows.extend([
                row("server before", mebibytes(server.before_bytes)),
                row("server, all up", mebibytes(server.held_bytes)),
                row("server at the end", mebibytes(server.end_bytes)),
                row("memory per held poll", kibibytes(server.bytes_per_poll)),
                row(
                    "server CPU, set-up",
                    format!("{:.0} us a session", server.setup_cpu_us_per_session),
                ),
                row("server CPU, then", format!("{:.2} s", server.held_cpu_seconds)),
            ]);
        }
        rows.push(row("this tool per held poll", kibibytes(self.client_bytes_per_poll)));
        rows
    }
}

impl TrafficReport {
    fn rows(&self, length: f64, rows: &mut Vec<Row>) {
        rows.extend([
            row("messages", format!("{} in {}", self.sent, seconds(length))),
            row("payload", format!("{} bytes", self.payload_bytes)),
            row(
                "deliveries",
                format!("{}, {:.0} a second", self.delivered, self.deliveries_per_second),
            ),
            row("lost", self.lost.to_string()),
            row("doubled", self.doubled.to_string()),
            row("out of order", self.out_of_order.to_string()),
            row("late", self.late.to_string()),
            row("stray", self.stray.to_string()),
            row("garbled", self.garbled.to_string()),
        ]);
        if self.foreign > 0 {
            rows.push(row("of somebody else", self.foreign.to_string()));
        }
        if self.other_notifications > 0 {
            rows.push(row("other notifications", self.other_notifications.to_string()));
        }
        if let Some(latency) = &self.latency {
            rows.extend([
                row("latency p50", micros(latency.p50_us)),
                row("latency p90", micros(latency.p90_us)),
                row("latency p99", micros(latency.p99_us)),
                row("latency p99.9", micros(latency.p999_us)),
                row("latency max", micros(latency.max_us)),
            ]);
        }
        if let Some(late) = &self.publisher_late {
            rows.push(row("publisher late p99", micros(late.p99_us)));
        }
        if let Some(cpu) = self.server_cpu_us_per_delivery {
            rows.push(row("server CPU per delivery", format!("{cpu:.2} us")));
        }
        let cpu = self.client_cpu_us_per_delivery;
        rows.push(row("this tool per delivery", format!("{cpu:.2} us")));
    }
}

/// A line of a table: what, and how much.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

fn row(label: &'static str, value: String) -> Row {
    Row { label, value }
}

/// Writes a heading, the rows in two aligned columns, and what went wrong.
///
/// # Errors
///
/// Those of the writer.
pub fn write_table(
    out: &mut impl Write,
    heading: &str,
    rows: &[Row],
    errors: &BTreeMap<String, u64>,
) -> io::Result<()> {
    let width = rows.iter().map(|row| row.label.len()).max().unwrap_or(0);
    writeln!(out, "{heading}")?;
    for Row { label, value } in rows {
        writeln!(out, "  {label:width$}  {value}")?;
    }
    for (error, count) in errors {
        writeln!(out, "  {count} x {error}")?;
    }
    Ok(())
}

/// `1.2 s`.
fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

/// `1.23 ms`.
fn micros(us: u64) -> String {
    format!("{:.2} ms", float(us) / 1000.0)
}

/// `1.2 MiB`.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", float(bytes) / 1_048_576.0)
}

/// `1.23 KiB`.
fn kibibytes(bytes: f64) -> String {
    format!("{:.2} KiB", bytes / 1024.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes below 2^52")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_errors_follow() {
        let rows = [row("a", seconds(1.25)), row("longer", micros(1234))];
        let errors = BTreeMap::from([("it broke".to_owned(), 2)]);
        let mut out = Vec::new();
        write_table(&mut out, "hold", &rows, &errors).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "hold\n  a       1.2 s\n  longer  1.23 ms\n  2 x it broke\n"
        );
    }

    #[test]
    fn numbers_have_units() {
        assert_eq!(mebibytes(3 << 19), "1.5 MiB");
        assert_eq!(kibibytes(1536.0), "1.50 KiB");
    }
}
