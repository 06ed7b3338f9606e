//! Servers in turns, and the ratios between them.
//!
//! A server is a URL or a command. A command is started anew for each run and says where it listens
//! on one of its first lines, as Encke and the scripts in `tests/conformance/peers` do; its process
//! is measured and ended afterwards. Machines drift, so each round runs all servers before the next
//! round begins, and what is compared are medians over the rounds.
//!
//! # Ownership
//!
//! A [`Running`] owns the process it started: dropping it ends it, politely first.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use serde::Serialize;

use crate::clock;
use crate::report::Report;

/// Longest wait for a server that starts.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Longest wait for one that was asked to end.
const END_LIMIT: Duration = Duration::from_secs(10);

/// The path of a URL that has none.
const USUAL_PATH: &str = "/cometd";

/// A server to compare: `NAME=http://...`, `NAME=http://...#PID` or `NAME=command`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contender {
    name: String,
    origin: Origin,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Origin {
    Url { url: String, pid: Option<u32> },
    Command(String),
}

impl FromStr for Contender {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, origin) = text
            .split_once('=')
            .filter(|(name, origin)| !name.trim().is_empty() && !origin.trim().is_empty())
            .ok_or_else(|| format!("{text:?} is not NAME=URL or NAME=command"))?;
        let origin = origin.trim();
        let origin = if origin.starts_with("http://") {
            let (url, pid) = match origin.split_once('#') {
                Some((url, pid)) => {
                    (url, Some(pid.parse().map_err(|_| format!("{pid:?} is not a process"))?))
                }
                None => (origin, None),
            };
            Origin::Url { url: url.to_owned(), pid }
        } else {
            Origin::Command(origin.to_owned())
        };
        Ok(Self { name: name.trim().to_owned(), origin })
    }
}

impl Contender {
    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts it, if it has to be started. `path` replaces the path of a URL that has none.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the command fails or does not say where it listens.
    pub fn start(&self, path: Option<&str>) -> Result<Running, StartError> {
        match &self.origin {
            Origin::Url { url, pid } => {
                Ok(Running { url: with_path(url, path), pid: *pid, child: None })
            }
            Origin::Command(command) => start(command, path),
        }
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Running {
    /// Its endpoint.
    pub url: String,
    /// Its process, if that is known.
    pub pid: Option<u32>,
    child: Option<Child>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            // A process that has ended already cannot be asked.
            let _: Result<(), rustix::io::Errno> =
                rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let end = clock::now() + END_LIMIT;
        while clock::now() < end {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(child.kill());
        drop(child.wait());
    }
}

fn start(command: &str, path: Option<&str>) -> Result<Running, StartError> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", &format!("exec {command}")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(StartError::Io)?;
    let pid = child.id();
    let (found, url) = sync_channel(2);
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|out| Box::new(out) as Box<dyn Read + Send>),
        child.stderr.take().map(|out| Box::new(out) as Box<dyn Read + Send>),
    ];
    let mut running = Running { url: String::new(), pid: Some(pid), child: Some(child) };
    for stream in streams.into_iter().flatten() {
        let found = found.clone();
        // It ends when the server does.
        std::thread::spawn(move || look_for_url(stream, &found));
    }
    drop(found);
    match url.recv_timeout(START_LIMIT) {
        Ok(url) => {
            running.url = with_path(&url, path);
            Ok(running)
        }
        Err(RecvTimeoutError::Timeout) => Err(StartError::Silent),
        Err(RecvTimeoutError::Disconnected) => Err(StartError::Ended),
    }
}

/// Reads to the end, so that the server is not held up, and reports the first URL.
fn look_for_url(stream: impl Read, found: &SyncSender<String>) {
    let mut is_found = false;
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        if let Some(url) = url_in(&line).filter(|_| !is_found) {
            is_found = true;
            // Both streams may name it; one is enough.
            drop(found.try_send(url.to_owned()));
        }
    }
}

fn url_in(line: &str) -> Option<&str> {
    let rest = line.get(line.find("http://")?..)?;
    rest.split(|ends: char| ends.is_whitespace() || ends == '"' || ends == ',').next()
}

fn with_path(url: &str, path: Option<&str>) -> String {
    let url = url.trim_end_matches('/');
    let has_path = url.trim_start_matches("http://").contains('/');
    if has_path { url.to_owned() } else { format!("{url}{}", path.unwrap_or(USUAL_PATH)) }
}

/// Why a server does not run.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The command cannot be started.
    Io(io::Error),
    /// It ended without saying where it listens.
    Ended,
    /// It does not say where it listens.
    Silent,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the command cannot be started"),
            Self::Ended => f.write_str("the command ended without saying where it listens"),
            Self::Silent => f.write_str("the command does not say where it listens"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(source) => Some(source),
            Self::Ended | Self::Silent => None,
        }
    }
}

/// The reports of all rounds, and what they come to.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// What is compared, each with the first server as 1.
    pub measures: Vec<Measure>,
    /// Every report.
    pub runs: Vec<Run>,
}

/// One run.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Run {
    /// The server's name.
    pub server: String,
    /// The round, from 1.
    pub round: u32,
    /// What it saw.
    pub report: Report,
}

/// One figure of all servers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Measure {
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// By server, in the order in which they were given.
    pub servers: Vec<Figure>,
}

/// One figure of one server.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Figure {
    /// The server's name.
    pub server: String,
    /// Its median, divided by that of the first server; `None` if that is 0, as few ticks can be.
    pub ratio: Option<f64>,
    /// The median over the rounds.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
}

/// Name, unit and where it stands in a report.
type Reading = (&'static str, &'static str, fn(&Report) -> Option<f64>);

#[expect(clippy::cast_precision_loss, reason = "microseconds below 2^52")]
const READINGS: [Reading; 7] = [
    ("server CPU per delivery", "us", |report| report.traffic.as_ref()?.server_cpu_us_per_delivery),
    ("latency p50", "ms", |report| {
        Some(report.traffic.as_ref()?.latency.as_ref()?.p50_us as f64 / 1000.0)
    }),
    ("latency p99", "ms", |report| {
        Some(report.traffic.as_ref()?.latency.as_ref()?.p99_us as f64 / 1000.0)
    }),
    ("deliveries a second", "", |report| Some(report.traffic.as_ref()?.deliveries_per_second)),
    ("memory per session", "KiB", |report| Some(report.server?.bytes_per_poll / 1024.0)),
    ("memory before", "MiB", |report| Some(report.server?.before_bytes as f64 / 1_048_576.0)),
    ("CPU to set up a session", "us", |report| Some(report.server?.setup_cpu_us_per_session)),
];

impl Comparison {
    /// Runs every contender once a round. `run` is given a server that listens.
    ///
    /// A run that fails is told and ends the comparison; an interrupted one ends it with what there
    /// is.
    ///
    /// # Errors
    ///
    /// Those of starting a server, and those of `run`.
    pub fn of<E: From<StartError>>(
        contenders: &[Contender],
        rounds: u32,
        path: Option<&str>,
        mut run: impl FnMut(&str, u32, &Running) -> Result<Report, E>,
    ) -> Result<Self, E> {
        let mut runs = Vec::new();
        'rounds: for round in 1..=rounds {
            for contender in contenders {
                let running = contender.start(path)?;
                let report = run(&contender.name, round, &running)?;
                let is_over = report.interrupted;
                runs.push(Run { server: contender.name.clone(), round, report });
                if is_over {
                    break 'rounds;
                }
            }
        }
        let names: Vec<_> = contenders.iter().map(|contender| contender.name.as_str()).collect();
        Ok(Self { measures: measures(&names, &runs), runs })
    }

    /// Whether every run was clean.
    pub fn is_clean(&self) -> bool {
        self.runs.iter().all(|run| run.report.is_clean())
    }

    /// Writes the ratios of the medians first, then medians and ranges, then what went wrong.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let names: Vec<_> = self
            .measures
            .first()
            .map(|measure| measure.servers.iter().map(|figure| figure.server.as_str()).collect())
            .unwrap_or_default();
        let names: &[&str] = &names;
        let width = names.iter().map(|name| name.len()).max().unwrap_or(0).max(30);
        writeln!(out, "ratios of medians to {}", names.first().unwrap_or(&"nobody"))?;
        write!(out, "  {:24}", "")?;
        for name in names {
            write!(out, "  {name:>width$}")?;
        }
        writeln!(out)?;
        for measure in &self.measures {
            write!(out, "  {:24}", measure.name)?;
            for figure in &measure.servers {
                let text =
                    figure.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
                write!(out, "  {text:>width$}")?;
            }
            writeln!(out)?;
        }
        writeln!(out, "medians, and the range over the rounds")?;
        for measure in &self.measures {
            write!(out, "  {:24}", measure.name)?;
            for Figure { median, least, most, .. } in &measure.servers {
                let unit = measure.unit;
                let text = format!("{median:.2} {unit} ({least:.2}-{most:.2})");
                write!(out, "  {text:>width$}")?;
            }
            writeln!(out)?;
        }
        for Run { server, round, report } in self.runs.iter().filter(|run| !run.report.is_clean()) {
            writeln!(out, "{server}, round {round}: not clean")?;
            for (error, count) in &report.errors {
                writeln!(out, "  {count} x {error}")?;
            }
            if let Some(traffic) = &report.traffic {
                writeln!(
                    out,
                    "  {} lost, {} doubled, {} out of order, {} late, {} stray, {} garbled",
                    traffic.lost,
                    traffic.doubled,
                    traffic.out_of_order,
                    traffic.late,
                    traffic.stray,
                    traffic.garbled
                )?;
            }
        }
        Ok(())
    }
}

/// Only what every server has a figure for.
fn measures(names: &[&str], runs: &[Run]) -> Vec<Measure> {
    let mut measures = Vec::new();
    for (name, unit, read) in READINGS {
        let mut servers = Vec::new();
        for server in names {
            let of_server = runs.iter().filter(|run| run.server == *server);
            let mut values: Vec<f64> = of_server.filter_map(|run| read(&run.report)).collect();
            values.sort_by(f64::total_cmp);
            let (Some(least), Some(most)) = (values.first(), values.last()) else { break };
            let (least, most, median) = (*least, *most, median(&values));
            servers.push(Figure { server: (*server).to_owned(), ratio: None, median, least, most });
        }
        let Some(first) = servers.first().map(|figure| figure.median) else { continue };
        if servers.len() < names.len() {
            continue;
        }
        for figure in &mut servers {
            figure.ratio = (first.abs() > 0.0).then(|| figure.median / first);
        }
        measures.push(Measure { name, unit, servers });
    }
    measures
}

/// Of sorted values; 0 without one.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or_default();
    if values.len() % 2 == 1 {
        return upper;
    }
    f64::midpoint(values.get(middle.saturating_sub(1)).copied().unwrap_or_default(), upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_are_urls_or_commands() {
        let url: Contender = "a=http://127.0.0.1:1/x#42".parse().unwrap();
        let origin = Origin::Url { url: "http://127.0.0.1:1/x".to_owned(), pid: Some(42) };
        assert_eq!((url.name(), &url.origin), ("a", &origin));
        let command: Contender = "b = node x.js --a=b".parse().unwrap();
        assert_eq!(command.origin, Origin::Command("node x.js --a=b".to_owned()));
        for wrong in ["", "a", "=x", "a=", "a=http://127.0.0.1/#x"] {
            assert!(wrong.parse::<Contender>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn urls_are_found_in_lines_and_completed() {
        assert_eq!(url_in("listening on http://127.0.0.1:9"), Some("http://127.0.0.1:9"));
        assert_eq!(url_in("{\"at\":\"http://h:1/x\"}"), Some("http://h:1/x"));
        assert_eq!(url_in("nothing"), None);
        assert_eq!(with_path("http://h:1", None), "http://h:1/cometd");
        assert_eq!(with_path("http://h:1/", Some("/api")), "http://h:1/api");
        assert_eq!(with_path("http://h:1/faye", Some("/api")), "http://h:1/faye");
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert!((median(&[1.0, 2.0, 9.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[1.0, 2.0, 4.0, 9.0]) - 3.0).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
    }

    #[test]
    fn a_command_that_says_where_it_listens_is_started_and_ended() {
        let contender: Contender =
            "x=sh -c 'echo hello; echo on http://127.0.0.1:7 >&2; exec sleep 1000'"
                .parse()
                .unwrap();
        let running = contender.start(None).unwrap();
        assert_eq!(running.url, "http://127.0.0.1:7/cometd");
        let process = crate::process::Process::new(running.pid.unwrap()).unwrap();
        drop(running);
        assert!(process.resident_bytes().is_err(), "it has ended");
        let silent: Contender = "x=true".parse().unwrap();
        assert!(matches!(silent.start(None), Err(StartError::Ended)));
    }
}
