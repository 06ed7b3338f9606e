//! What came of a run: a table for people, JSON for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

/// What came of one scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// One of several legitimate ways.
    Varies,
    /// Not told.
    Skipped,
}

/// One scenario on one transport.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its topic.
    pub topic: &'static str,
    /// Its name.
    pub name: String,
    /// The connection type.
    pub transport: &'static str,
    /// Observation and grade.
    pub source: String,
    /// What weight it has.
    pub expectation: String,
    /// What came of it.
    pub status: Status,
    /// The problem, the variant or the reason; empty for a pass.
    pub note: String,
    /// The last lines that went over the wire before a failure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub record: Vec<String>,
    /// How long it took.
    pub took_ms: u64,
}

/// A whole run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The URL of the target.
    pub target: String,
    /// In the order of the catalogue.
    pub rows: Vec<Row>,
    /// How long all of it took.
    pub took: Duration,
}

impl Report {
    /// How many scenarios came to this.
    pub fn count(&self, status: Status) -> usize {
        self.rows.iter().filter(|row| row.status == status).count()
    }

    /// `N passed, N failed, N varies, N skipped`.
    pub fn summary(&self) -> String {
        format!(
            "{} passed, {} failed, {} varies, {} skipped",
            self.count(Status::Pass),
            self.count(Status::Fail),
            self.count(Status::Varies),
            self.count(Status::Skipped),
        )
    }

    /// Every row, what went wrong below each failure, a table by topic, and the summary.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let missing = |row: &&Row| row.note == not_offered(row.transport);
        for row in self.rows.iter().filter(|row| !missing(row)) {
            let name = format!("{}::{}", row.topic, row.name);
            let line = format!(
                "{:<8}{:<17}{:<36}{name}",
                status_text(row.status),
                row.transport,
                row.source
            );
            let note = if row.note.is_empty() { String::new() } else { format!(": {}", row.note) };
            let _ = writeln!(out, "{line}{note}");
            for line in &row.record {
                let _ = writeln!(out, "          {line}");
            }
        }
        for transport in crate::Transport::ALL.map(crate::Transport::name) {
            let count =
                self.rows.iter().filter(missing).filter(|r| r.transport == transport).count();
            if count > 0 {
                let _ = writeln!(out, "skipped {transport}: not offered, {count} scenarios");
            }
        }
        let _ = writeln!(out, "\n{}", self.topics());
        let _ = writeln!(
            out,
            "{} in {:.1} s: {}",
            self.target,
            self.took.as_secs_f64(),
            self.summary()
        );
        out
    }

    /// One line for each topic and transport, as a Markdown table.
    pub fn topics(&self) -> String {
        let mut topics: BTreeMap<(&str, &str), [usize; 4]> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.note != not_offered(row.transport)) {
            let counts = topics.entry((row.transport, row.topic)).or_default();
            let place = match row.status {
                Status::Pass => 0,
                Status::Fail => 1,
                Status::Varies => 2,
                Status::Skipped => 3,
            };
            if let Some(count) = counts.get_mut(place) {
                *count += 1;
            }
        }
        let mut out = String::from(
            "| transport | topic | pass | fail | varies | skipped |\n|---|---|---:|---:|---:|---:|\n",
        );
        for ((transport, topic), [pass, fail, varies, skipped]) in topics {
            let _ =
                writeln!(out, "| {transport} | {topic} | {pass} | {fail} | {varies} | {skipped} |");
        }
        out
    }

    /// An object with `target`, `took_ms`, the four counts and `scenarios`.
    pub fn json(&self) -> String {
        serde_json::json!({
            "target": self.target,
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "passed": self.count(Status::Pass),
            "failed": self.count(Status::Fail),
            "varies": self.count(Status::Varies),
            "skipped": self.count(Status::Skipped),
            "scenarios": self.rows,
        })
        .to_string()
    }
}

/// The reason of rows whose transport the target does not have; the table counts them only.
pub(crate) fn not_offered(transport: &str) -> String {
    format!("{transport} is not offered")
}

fn status_text(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "FAIL",
        Status::Varies => "varies",
        Status::Skipped => "skipped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_the_rows_say() {
        let row = |status| Row {
            topic: "t",
            name: "n".to_owned(),
            transport: "long-polling",
            source: "H1 specified".to_owned(),
            expectation: "required".to_owned(),
            status,
            note: String::new(),
            record: Vec::new(),
            took_ms: 1,
        };
        let rows = vec![row(Status::Pass), row(Status::Fail), row(Status::Pass)];
        let report = Report { target: "x".to_owned(), rows, took: Duration::ZERO };
        assert_eq!(report.summary(), "2 passed, 1 failed, 0 varies, 0 skipped");
        assert!(report.table().contains("| long-polling | t | 2 | 1 | 0 | 0 |"));
        assert!(report.json().contains(r#""status":"fail""#));
    }
}
