//! Running commands one after the other, and the table of what came of them.
//!
//! A child's standard error is joined to standard output, so that a log of standard output alone
//! holds every runner's closing lines in their order.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The steps done so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    rows: Vec<Row>,
    halted: bool,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Passed,
    Failed(String),
    Skipped(&'static str),
}

impl Steps {
    /// Does one step. After a [`Steps::vital`] one failed, it is not done and counts as failed.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), String>,
    ) -> bool {
        if self.halted {
            self.push(name, Outcome::Failed("not run".to_owned()), Duration::ZERO);
            return false;
        }
        println!("\n=== {name}");
        let begun = now();
        let outcome = work();
        let took = now().saturating_duration_since(begun);
        let passed = outcome.is_ok();
        if let Err(problem) = &outcome {
            println!("=== {name}: {problem}");
        }
        self.push(name, outcome.map_or_else(Outcome::Failed, |()| Outcome::Passed), took);
        passed
    }

    /// A step without which the later ones make no sense.
    pub(crate) fn vital(&mut self, name: &'static str, work: impl FnOnce() -> Result<(), String>) {
        self.halted |= !self.step(name, work);
    }

    /// Notes a step that cannot be done here, and why; it does not count as failed.
    pub(crate) fn skip(&mut self, name: &'static str, why: &'static str) {
        println!("\n=== {name}: skipped, {why}");
        self.push(name, Outcome::Skipped(why), Duration::ZERO);
    }

    /// Prints the table; an error if any step failed.
    pub(crate) fn finish(self) -> Result<(), String> {
        let mut table = String::from("\n=== summary\n");
        let mut total = Duration::ZERO;
        let mut failed = 0;
        for Row { name, outcome, took } in &self.rows {
            total += *took;
            let text = match outcome {
                Outcome::Passed => "ok",
                Outcome::Skipped(why) => why,
                Outcome::Failed(problem) => {
                    failed += 1;
                    problem
                }
            };
            let mark = if matches!(outcome, Outcome::Failed(_)) { "FAILED: " } else { "" };
            let _ = writeln!(table, "{name:<14}{:>8.1} s  {mark}{text}", took.as_secs_f64());
        }
        let _ = writeln!(table, "{:<14}{:>8.1} s", "total", total.as_secs_f64());
        print!("{table}");
        if failed == 0 { Ok(()) } else { Err(format!("{failed} steps failed")) }
    }

    fn push(&mut self, name: &'static str, outcome: Outcome, took: Duration) {
        self.rows.push(Row { name, outcome, took });
    }
}

/// Runs a command to its end, its output on our standard output; an error if it does not succeed.
pub(crate) fn must(command: &mut Command) -> Result<(), String> {
    let line = shown(command);
    println!("$ {line}");
    let mut stdout = io::stdout();
    stdout.flush().map_err(|error| format!("cannot write to standard output: {error}"))?;
    let joined = stdout
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| format!("cannot share standard output: {error}"))?;
    let status = command
        .stdin(Stdio::null())
        .stderr(Stdio::from(joined))
        .status()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}")) }
}

fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let mut line = program.rsplit('/').next().unwrap_or_default().to_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[expect(clippy::disallowed_methods, reason = "the clock of this tool")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vital_failure_stops_what_follows() {
        let mut steps = Steps::default();
        steps.vital("first", || Err("broken".to_owned()));
        let ran = steps.step("second", || Ok(()));
        assert!(!ran);
        assert_eq!(steps.finish(), Err("2 steps failed".to_owned()));
    }

    #[test]
    fn an_ordinary_failure_and_a_skip_do_not() {
        let mut steps = Steps::default();
        assert!(!steps.step("first", || Err("broken".to_owned())));
        steps.skip("second", "no such tool");
        assert!(steps.step("third", || Ok(())));
        assert_eq!(steps.finish(), Err("1 steps failed".to_owned()));
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let problem = must(&mut Command::new("false")).unwrap_err();
        assert!(problem.starts_with("`false` ended with"), "{problem}");
    }
}
