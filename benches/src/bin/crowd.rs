//! Holds very many sessions in memory, publishes to all of them, and says what one costs.
#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::process::ExitCode;

use clap::Parser;
use encke_benches::memory::MemoryCrowd;

#[derive(Debug, Parser)]
struct Arguments {
    /// Sessions to hold
    #[arg(long, default_value_t = 250_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    sessions: u32,
}

fn main() -> std::io::Result<ExitCode> {
    let sessions = Arguments::parse().sessions as usize;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let mut crowd = MemoryCrowd::new();
        // What comes once comes before the first look.
        crowd.join().await;
        let before = resident_kib()?;
        for _ in 1..sessions {
            crowd.join().await;
        }
        let grown = resident_kib()?.saturating_sub(before) * 1024;
        println!("sessions held          {}", crowd.len());
        println!("resident before        {before} KiB");
        println!("bytes per session      {}", grown / (sessions - 1).max(1));
        let reached = crowd.publish();
        println!("reached by a publish   {reached}");
        let delivered = crowd.collect().await;
        println!("delivered              {delivered}");
        let all = crowd.is_empty() && reached == sessions && delivered == sessions;
        Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// The resident set of this process.
fn resident_kib() -> std::io::Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}
