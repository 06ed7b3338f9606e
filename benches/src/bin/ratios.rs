//! Ours and the floors, one after the other in every round, and the ratio of ours to each.
//!
//! Every run has a fresh server. A figure is the median of the rounds; the ratio is that of the
//! medians. Machines are never idle, so what is compared ran within minutes on the same one.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use clap::Parser;
use serde_json::Value;

/// Runs the floors and ours alternately and prints the ratios of the medians.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often each server is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Sessions, each with one subscription
    #[arg(long, default_value_t = 1000)]
    sessions: u32,
    /// Length of each run after the set-up
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Where the binaries are [default: beside this one]
    #[arg(long)]
    bin: Option<PathBuf>,
}

/// A server that is measured.
struct Candidate {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    path: &'static str,
}

const CANDIDATES: [Candidate; 3] = [
    Candidate { name: "encke", program: "encke", arguments: &["demo"], path: "/cometd" },
    Candidate { name: "hyper", program: "floor-hyper", arguments: &[], path: "/cometd" },
    Candidate { name: "epoll", program: "floor-epoll", arguments: &[], path: "/cometd" },
];

/// A figure of the load tool's report.
struct Figure {
    name: &'static str,
    unit: &'static str,
    /// Which of [`runs`] has it.
    run: usize,
    pointer: &'static str,
    /// What one of its units is in the report's.
    scale: f64,
}

const FIGURES: [Figure; 6] = [
    Figure {
        name: "process before a session",
        unit: "MiB",
        run: 0,
        pointer: "/server/before_bytes",
        scale: 1_048_576.0,
    },
    Figure {
        name: "held poll",
        unit: "KiB",
        run: 0,
        pointer: "/server/bytes_per_poll",
        scale: 1024.0,
    },
    Figure {
        name: "set-up of a session",
        unit: "us CPU",
        run: 0,
        pointer: "/server/setup_cpu_us_per_session",
        scale: 1.0,
    },
    Figure {
        name: "fan-out paced, a delivery",
        unit: "us CPU",
        run: 1,
        pointer: "/server_cpu_us_per_delivery",
        scale: 1.0,
    },
    Figure {
        name: "fan-out fast, a delivery",
        unit: "us CPU",
        run: 2,
        pointer: "/server_cpu_us_per_delivery",
        scale: 1.0,
    },
    Figure {
        name: "fan-out fast, deliveries",
        unit: "",
        run: 2,
        pointer: "/delivered",
        scale: 1.0,
    },
];

/// Arguments of the load tool for each run: held, paced at 5,000 deliveries a second, and as many as
/// one publisher brings about that waits for each of its answers.
fn runs(sessions: u32) -> [Vec<String>; 3] {
    let paced = format!("{}", 5_000.0 / f64::from(sessions.max(1)));
    let fast = "100".to_owned();
    [
        vec!["hold".to_owned()],
        vec!["fanout".to_owned(), "--rate".to_owned(), paced],
        vec!["fanout".to_owned(), "--rate".to_owned(), fast],
    ]
}

fn main() -> ExitCode {
    match carry_out(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench-ratios: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(arguments: &Arguments) -> Result<(), String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = own.parent().unwrap_or(Path::new(".")).to_owned();
    let bin = arguments.bin.clone().unwrap_or(beside);
    let mut seen = vec![vec![Vec::new(); CANDIDATES.len()]; FIGURES.len()];
    for round in 1..=arguments.rounds {
        for (place, candidate) in CANDIDATES.iter().enumerate() {
            eprintln!("round {round} of {}: {}", arguments.rounds, candidate.name);
            for (run, of_run) in runs(arguments.sessions).iter().enumerate() {
                let report = measure(&bin, candidate, of_run, arguments)?;
                for (figure, values) in FIGURES.iter().zip(&mut seen) {
                    if figure.run == run
                        && let Some(values) = values.get_mut(place)
                    {
                        values.push(read(&report, figure)? / figure.scale);
                    }
                }
            }
        }
    }
    println!("| {} sessions, median of {} |", arguments.sessions, arguments.rounds);
    print!("| figure | unit |");
    for candidate in &CANDIDATES {
        print!(" {} |", candidate.name);
    }
    println!(" to hyper | to epoll |\n|---|---|---|---|---|---|---|");
    for (figure, values) in FIGURES.iter().zip(seen) {
        let medians: Vec<f64> = values.into_iter().map(median).collect();
        print!("| {} | {} |", figure.name, figure.unit);
        for value in &medians {
            print!(" {value:.1} |");
        }
        let ours = medians.first().copied().unwrap_or(f64::NAN);
        for floor in medians.iter().skip(1) {
            print!(" {:.2} |", ours / floor);
        }
        println!();
    }
    Ok(())
}

fn read(report: &Value, figure: &Figure) -> Result<f64, String> {
    let value = report.pointer(figure.pointer).and_then(Value::as_f64);
    value.ok_or_else(|| format!("the load tool's report has no {}", figure.pointer))
}

/// The middle value, or the mean of the two in the middle; no number without values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = middle.checked_sub(1).and_then(|at| values.get(at)).copied();
    f64::midpoint(lower.unwrap_or(f64::NAN), upper)
}

/// What makes a run unclean: each count of a report that should be 0, sessions that ended, and texts.
fn faults(report: &Value) -> String {
    let count = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or_default();
    let mut faults = Vec::new();
    for name in ["lost", "doubled", "out_of_order", "late", "stray", "garbled"] {
        if count(name) > 0 {
            faults.push(format!("{} {name}", count(name)));
        }
    }
    if count("up_at_end") < count("sessions") {
        faults.push(format!("{} of {} up at the end", count("up_at_end"), count("sessions")));
    }
    for (text, count) in report.get("errors").and_then(Value::as_object).into_iter().flatten() {
        faults.push(format!("{count} x {text}"));
    }
    faults.join(", ")
}

/// One run of the load tool against a fresh server.
fn measure(
    bin: &Path,
    candidate: &Candidate,
    run: &[String],
    arguments: &Arguments,
) -> Result<Value, String> {
    let server = Server::start(bin, candidate)?;
    let output = Command::new(bin.join("encke-load"))
        .args(run)
        .args(["--json", "--url", &format!("{}{}", server.url, candidate.path)])
        .args(["--sessions", &arguments.sessions.to_string()])
        .args(["--seconds", &arguments.seconds.to_string()])
        .args(["--pid", &server.child.id().to_string()])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start encke-load: {error}"))?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("encke-load printed no report: {error}"))?;
    if !output.status.success() {
        eprintln!("{}: not clean: {}", candidate.name, faults(&report));
    }
    Ok(report)
}

/// A server that ends with this value.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(bin: &Path, candidate: &Candidate) -> Result<Self, String> {
        let mut child = Command::new(bin.join(candidate.program))
            .args(candidate.arguments)
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", candidate.program))?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no standard error")?).lines();
        let url = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.strip_prefix("listening on ").map(|url| url.trim_end_matches('/').to_owned())
        });
        // What it says later is nobody's, but it must be able to say it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let server = Self { child, url: url.unwrap_or_default() };
        if server.url.is_empty() {
            return Err(format!("{} did not say where it listens", candidate.program));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended: io::Result<_> = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            eprintln!("a server could not be ended: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![9.0, 1.0, 4.0, 2.0]) - 3.0).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn what_is_not_clean_is_said_with_its_counts() {
        let clean = json!({"sessions": 9, "up_at_end": 9, "lost": 0, "late": 0, "errors": {}});
        assert_eq!(faults(&clean), "");
        let report = json!({
            "sessions": 9, "up_at_end": 8, "lost": 3, "late": 0, "garbled": 1,
            "errors": {"the server closed the connection": 2},
        });
        assert_eq!(
            faults(&report),
            "3 lost, 1 garbled, 8 of 9 up at the end, 2 x the server closed the connection"
        );
    }
}
