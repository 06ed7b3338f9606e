//! One line a second about how a run goes.

use std::io::{self, Write as _};

use crate::engine::Watcher;
use crate::report::{float, mebibytes};
use crate::timeline::Sample;

/// Writes to the standard error.
#[derive(Debug)]
pub(crate) struct Lines;

impl Watcher for Lines {
    fn see(&mut self, sessions: u64, now: &Sample, before: &Sample) {
        // A terminal that is gone is no reason to end a run.
        drop(writeln!(io::stderr().lock(), "{}", line(sessions, now, before)));
    }
}

fn line(sessions: u64, now: &Sample, before: &Sample) -> String {
    let step = (now.at_seconds - before.at_seconds).max(1e-3);
    let a_second = |now: u64, before: u64| float(now.saturating_sub(before)) / step;
    let share = |now: f64, before: f64| (now - before) / step * 100.0;
    let mut line = format!(
        "{:6.1} s  up {}/{sessions}  held {}  sent {:.0}/s  delivered {:.0}/s  tool {:.0}%",
        now.at_seconds,
        now.up,
        now.held,
        a_second(now.sent, before.sent),
        a_second(now.delivered, before.delivered),
        share(now.client_cpu_seconds, before.client_cpu_seconds),
    );
    if let (Some(bytes), Some(cpu)) = (now.server_bytes, now.server_cpu_seconds) {
        let cpu = before.server_cpu_seconds.map_or(0.0, |before| share(cpu, before));
        line = format!("{line}  server {cpu:.0}% {}", mebibytes(bytes));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_last_second() {
        let before = Sample { at_seconds: 1.0, delivered: 100, ..Sample::default() };
        let now = Sample {
            at_seconds: 3.0,
            up: 5,
            held: 4,
            sent: 10,
            delivered: 300,
            client_cpu_seconds: 0.5,
            ..before
        };
        assert_eq!(
            line(9, &now, &before),
            "   3.0 s  up 5/9  held 4  sent 5/s  delivered 100/s  tool 25%"
        );
        let now = Sample { server_bytes: Some(1 << 20), server_cpu_seconds: Some(2.0), ..now };
        let before = Sample { server_cpu_seconds: Some(1.0), ..before };
        assert!(line(9, &now, &before).ends_with("  server 50% 1.0 MiB"));
    }
}
