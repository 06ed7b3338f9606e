//! Arguments, exit codes, Ctrl-C.
//!
//! Exit codes: 0 when everything asked for took place without a fault, 64 for a command line that
//! is not understood or asks for what is refused, 1 for the rest, a report with faults included. Ctrl-C ends a run early; it
//! still reports.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use encke_bayeux::ChannelName;
use serde::Serialize;

use crate::fanout::{self, MIN_PAYLOAD_BYTES, Traffic};
use crate::hold;
use crate::process::Process;
use crate::report::{Row, write_table};
use crate::run::Common;
use crate::stop::{Stop, stop};
use crate::target::{Reach, Target};

/// Exit code for a command line that is not understood.
const EX_USAGE: u8 = 64;

/// Most sessions that can be asked for.
const MAX_SESSIONS: u64 = 1_000_000;

/// Longest run: a day.
const MAX_SECONDS: u64 = 86_400;

/// Most bytes of a message.
const MAX_PAYLOAD_BYTES: u64 = 1 << 20;

/// Load for any Bayeux server, and a check of every delivery.
#[derive(Debug, Parser)]
#[command(name = "encke-load", version)]
struct Arguments {
    #[command(subcommand)]
    workload: Workload,
}

#[derive(Debug, Subcommand)]
enum Workload {
    /// Hold a poll in each of many sessions and say what one costs the server in memory.
    Hold {
        #[command(flatten)]
        common: CommonArguments,
    },
    /// Publish to many subscribers at a paced rate and check each delivery.
    Fanout {
        #[command(flatten)]
        common: CommonArguments,
        /// Messages a second
        #[arg(long, default_value_t = 5.0, value_parser = rate)]
        rate: f64,
        /// Bytes of `data` of each message
        #[arg(long, default_value_t = 100,
            value_parser = clap::value_parser!(u64).range(MIN_PAYLOAD_BYTES as u64..=MAX_PAYLOAD_BYTES))]
        payload_bytes: u64,
    },
}

#[derive(Args, Debug)]
struct CommonArguments {
    /// The Bayeux endpoint
    #[arg(long, default_value = "http://127.0.0.1:8080/cometd")]
    url: String,
    /// Sessions, each with one connection and one subscription
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=MAX_SESSIONS))]
    sessions: u64,
    /// How long to stay after all sessions are up
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=MAX_SECONDS))]
    seconds: u64,
    /// The channel to subscribe to [default: /load/hold or /load/fanout]
    #[arg(long, value_parser = channel)]
    channel: Option<ChannelName>,
    /// Sessions that are set up at the same time
    #[arg(long, default_value = "64")]
    ramp: NonZeroUsize,
    /// Longest time in which all sessions have to be up
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=MAX_SECONDS))]
    ramp_seconds: u64,
    /// Log in by HTTP Basic with this name
    #[arg(long, requires = "password")]
    user: Option<String>,
    /// The password
    #[arg(long, requires = "user", env = "ENCKE_LOAD_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// The server's process on this machine, to read its memory and CPU time
    #[arg(long)]
    pid: Option<u32>,
    /// Threads of this tool; it shares the machine's cores with a local server
    #[arg(long, default_value = "1")]
    threads: NonZeroUsize,
    /// Allow addresses outside the loopback network. Ask the server's operator first.
    #[arg(long)]
    allow_remote: bool,
    /// Give each session a WebSocket instead of polls
    #[arg(long)]
    websocket: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if (0.001..=100_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err(format!("{rate} is not between 0.001 and 100000"))
    }
}

fn channel(text: &str) -> Result<ChannelName, String> {
    ChannelName::new(text).map_err(|error| error.to_string())
}

/// Runs the tool with these arguments, the program's name first.
pub fn command_line(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be done about a terminal that is gone.
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(EX_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let workload = &arguments.workload;
    let (arguments, channel) = match workload {
        Workload::Hold { common } => (common, "/load/hold"),
        Workload::Fanout { common, .. } => (common, "/load/fanout"),
    };
    let common = match arguments.common(channel) {
        Ok(common) => common,
        Err(error) => return fail(&*error, ExitCode::from(EX_USAGE)),
    };
    match carry_out(workload, arguments, &common) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&*error, ExitCode::FAILURE),
    }
}

/// Says why, with all causes.
fn fail(error: &dyn Error, code: ExitCode) -> ExitCode {
    let mut line = format!("encke-load: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    drop(writeln!(io::stderr().lock(), "{line}"));
    code
}

/// Runs the workload and prints its report; whether it was clean.
fn carry_out(
    workload: &Workload,
    arguments: &CommonArguments,
    common: &Common,
) -> Result<bool, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(arguments.threads.get())
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stop = on_interrupt();
        match workload {
            Workload::Hold { .. } => {
                let report = hold::run(common, stop).await?;
                arguments.print(&report, &report.rows(), &report.errors, "hold")?;
                Ok(report.is_clean())
            }
            Workload::Fanout { rate, payload_bytes, .. } => {
                let traffic = Traffic::new(*rate, usize::try_from(*payload_bytes)?);
                let report = fanout::run(common, traffic, stop).await?;
                arguments.print(&report, &report.rows(), &report.errors, "fanout")?;
                Ok(report.is_clean())
            }
        }
    })
}

impl CommonArguments {
    fn common(&self, channel: &str) -> Result<Common, Box<dyn Error>> {
        let reach = if self.allow_remote { Reach::Anywhere } else { Reach::Loopback };
        let mut target = Target::new(&self.url, reach)?.websocket(self.websocket);
        if let Some((user, password)) = self.user.as_deref().zip(self.password.as_deref()) {
            target = target.basic(user, password);
        }
        let channel = self.channel.clone().map_or_else(|| ChannelName::new(channel), Ok)?;
        let sessions = usize::try_from(self.sessions)?;
        let common = Common::new(target, channel, sessions, Duration::from_secs(self.seconds))
            .ramp(self.ramp.get(), Duration::from_secs(self.ramp_seconds));
        Ok(match self.pid {
            Some(pid) => common.process(Process::new(pid)?),
            None => common,
        })
    }

    /// The one place that writes to the standard output.
    fn print(
        &self,
        report: &impl Serialize,
        rows: &[Row],
        errors: &std::collections::BTreeMap<String, u64>,
        name: &str,
    ) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, report)?;
            writeln!(out)?;
        } else {
            write_table(&mut out, &format!("{name} {}", self.url), rows, errors)?;
        }
        out.flush()
    }
}

/// Stops the run at the first Ctrl-C. A run winds down within seconds, so the next ones say
/// nothing new.
fn on_interrupt() -> Stop {
    let (stopper, stop) = stop();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.stop();
        }
    });
    stop
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn numbers_are_bounded() {
        assert!(parse("encke-load hold --sessions 10 --seconds 5 --json").is_ok());
        assert!(parse("encke-load fanout --rate 0.5 --payload-bytes 80 --pid 1").is_ok());
        for line in [
            "encke-load",
            "encke-load hold --sessions 0",
            "encke-load hold --seconds 0",
            "encke-load hold --rate 5",
            "encke-load hold --user u",
            "encke-load hold --channel /a/*",
            "encke-load fanout --rate 0",
            "encke-load fanout --rate NaN",
            "encke-load fanout --payload-bytes 10",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn strangers_need_a_word_more() {
        let arguments = |line| match parse(line).unwrap().workload {
            Workload::Hold { common } | Workload::Fanout { common, .. } => common,
        };
        let refused = arguments("encke-load hold --url http://192.0.2.1/").common("/a");
        assert!(refused.unwrap_err().to_string().contains("--allow-remote"));
        let allowed = arguments("encke-load hold --url http://192.0.2.1/ --allow-remote");
        assert!(allowed.common("/a").is_ok());
    }
}
