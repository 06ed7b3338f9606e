//! Arguments, exit codes, Ctrl-C.
//!
//! Exit codes: 0 when everything asked for took place without a fault, 64 for a command line that
//! is not understood or asks for what is refused, 1 for the rest, a report with faults included. Ctrl-C ends a run early; it
//! still reports.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use encke_bayeux::ChannelName;

use crate::compare::{Comparison, Contender};
use crate::engine::{Watcher, run};
use crate::html;
use crate::pace::Pace;
use crate::payload::MIN_BYTES;
use crate::process::Process;
use crate::progress::Lines;
use crate::report::{Report, write_table};
use crate::run::Common;
use crate::stop::{Stop, stop};
use crate::target::{Reach, Target};
use crate::workload::{BATCH, ROOMS, ROOMS_PAYLOAD_BYTES, ROOMS_PER_CLIENT, Workload};

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
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Hold a poll in each of many sessions and say what one costs the server in memory.
    Hold {
        #[command(flatten)]
        common: CommonArguments,
    },
    /// Publish to many subscribers of one channel.
    Fanout {
        #[command(flatten)]
        common: CommonArguments,
        /// Messages a second, or `max`
        #[arg(long, default_value = "5", value_parser = rate)]
        rate: Rate,
        #[command(flatten)]
        traffic: TrafficArguments,
    },
    /// Publish to one session of many, a random one each time.
    Unicast {
        #[command(flatten)]
        common: CommonArguments,
        /// Messages a second, or `max`
        #[arg(long, default_value = "1000", value_parser = rate)]
        rate: Rate,
        #[command(flatten)]
        traffic: TrafficArguments,
        /// Publishers, each for its share of the sessions
        #[arg(long, default_value = "16")]
        publishers: NonZeroUsize,
    },
    /// A chat, as CometD's load tool has it: some rooms for each, batches to random rooms.
    Rooms {
        #[command(flatten)]
        common: CommonArguments,
        /// Messages a second, or `max`; each goes to everybody in its room
        #[arg(long, default_value = "100", value_parser = rate)]
        rate: Rate,
        #[command(flatten)]
        window: WindowArgument,
        /// Bytes of `data`: 50 of text, and the stamp
        #[arg(long, default_value_t = ROOMS_PAYLOAD_BYTES as u64, value_parser = payload_range())]
        payload_bytes: u64,
        /// Publishers, each for its share of the rooms
        #[arg(long, default_value = "10")]
        publishers: NonZeroUsize,
        /// Rooms
        #[arg(long, default_value_t = ROOMS as u64, value_parser = clap::value_parser!(u64).range(1..=MAX_SESSIONS))]
        rooms: u64,
        /// Rooms that each session is in
        #[arg(long, default_value_t = ROOMS_PER_CLIENT as u64, value_parser = clap::value_parser!(u64).range(1..=1000))]
        rooms_per_client: u64,
        /// Messages in one request
        #[arg(long, default_value_t = BATCH as u64, value_parser = clap::value_parser!(u64).range(1..=1000))]
        batch: u64,
    },
    /// Agents of `encke demo --agents N` with calls whose user data changes.
    Calls {
        #[command(flatten)]
        common: CommonArguments,
        /// Changes a second, or `max`
        #[arg(long, default_value = "100", value_parser = rate)]
        rate: Rate,
        #[command(flatten)]
        traffic: TrafficArguments,
        /// Connections that changes are requested on, each for its share of the agents
        #[arg(long, default_value = "16")]
        publishers: NonZeroUsize,
    },
    /// Run a workload against servers in turns, and say how they compare.
    Compare {
        /// `NAME=URL`, `NAME=URL#PID` or `NAME=command`, which has to print where it listens
        #[arg(required = true, num_args = 2..)]
        servers: Vec<Contender>,
        /// How often each server's turn comes
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
        rounds: u32,
        /// Print everything as JSON
        #[arg(long)]
        json: bool,
        /// The workload and its arguments, but for `--url` and `--pid`
        #[arg(last = true, required = true)]
        workload: Vec<String>,
    },
}

/// How fast, from the command line.
#[derive(Clone, Copy, Debug)]
enum Rate {
    Paced(f64),
    Max,
}

#[derive(Args, Clone, Debug)]
struct TrafficArguments {
    #[command(flatten)]
    window: WindowArgument,
    /// Bytes of `data` of each message
    #[arg(long, default_value_t = 100, value_parser = payload_range())]
    payload_bytes: u64,
}

#[derive(Args, Clone, Debug)]
struct WindowArgument {
    /// With `--rate max`: messages on the way at the same time [default: 8, for one of many 64]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    window: Option<u32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Transport {
    LongPolling,
    Websocket,
}

#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are independent")]
struct CommonArguments {
    /// The Bayeux endpoint [default: port 8080 of this machine, `/cometd`; for calls
    /// `/api/v2/notifications`]
    #[arg(long)]
    url: Option<String>,
    /// Sessions, each with one connection
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=MAX_SESSIONS))]
    sessions: u64,
    /// How long to stay after all sessions are up
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=MAX_SECONDS))]
    seconds: u64,
    /// The channel, or what channels begin with [default: /load/hold, /load/fanout and so on]
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
    /// Threads that serve the sessions; they share the machine's cores with a local server
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Milliseconds from which on a delivery counts as late
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    late_ms: u64,
    /// Longest wait for deliveries after the last message
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    drain_seconds: u64,
    /// Allow addresses outside the loopback network. Ask the server's operator first.
    #[arg(long)]
    allow_remote: bool,
    /// How messages come
    #[arg(long, value_enum, default_value = "long-polling")]
    transport: Transport,
    /// The same as `--transport websocket`
    #[arg(long, conflicts_with = "transport")]
    websocket: bool,
    /// Acknowledge what arrived, by the acknowledgement extension
    #[arg(long)]
    ack: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report as a page with plots to this file
    #[arg(long)]
    html: Option<PathBuf>,
    /// Tell every second how it goes, even where the standard error is no terminal
    #[arg(long)]
    progress: bool,
}

/// Bytes of `data` that can be asked for.
fn payload_range() -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(MIN_BYTES as u64..=MAX_PAYLOAD_BYTES)
}

fn rate(text: &str) -> Result<Rate, String> {
    if text == "max" {
        return Ok(Rate::Max);
    }
    let rate: f64 = text.parse().map_err(|_| format!("{text:?} is neither a number nor max"))?;
    if (0.001..=1_000_000.0).contains(&rate) {
        Ok(Rate::Paced(rate))
    } else {
        Err(format!("{rate} is not between 0.001 and 1000000"))
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
    match carry_out(&arguments.command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Failure::Usage(error)) => fail(&*error, ExitCode::from(EX_USAGE)),
        Err(Failure::Run(error)) => fail(&*error, ExitCode::FAILURE),
    }
}

/// Why there is no report.
#[derive(Debug)]
enum Failure {
    /// The command line asks for what is refused.
    Usage(Box<dyn Error>),
    /// Everything else.
    Run(Box<dyn Error>),
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Run(Box::new(error))
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
fn carry_out(command: &Subcommands) -> Result<bool, Failure> {
    if let Subcommands::Compare { servers, rounds, json, workload } = command {
        return compare(servers, *rounds, *json, workload);
    }
    let Some((workload, arguments)) = command.workload() else {
        return Err(Failure::Usage("no workload".into()));
    };
    let common = arguments.common(&workload).map_err(Failure::Usage)?;
    let report = run(&common, &workload, &on_interrupt()?, &mut *arguments.watcher())?;
    // The page last: where it cannot be written, the report is not lost.
    let printed = print(&report, arguments.json);
    if let Some(file) = &arguments.html {
        std::fs::write(file, html::page(&report))?;
    }
    printed?;
    Ok(report.is_clean())
}

/// Runs a workload against all servers in turns and prints the ratios; whether all runs were clean.
fn compare(
    servers: &[Contender],
    rounds: u32,
    json: bool,
    workload: &[String],
) -> Result<bool, Failure> {
    let line = std::iter::once("encke-load").chain(workload.iter().map(String::as_str));
    let inner = Arguments::try_parse_from(line).map_err(|error| Failure::Usage(error.into()))?;
    let Some((workload, arguments)) = inner.command.workload() else {
        return Err(Failure::Usage("a comparison cannot be compared".into()));
    };
    if arguments.url.is_some() || arguments.pid.is_some() || arguments.html.is_some() {
        return Err(Failure::Usage("--url, --pid and --html belong to a single run".into()));
    }
    let stop = on_interrupt()?;
    let path = default_url(&workload).trim_start_matches("http://").split_once('/');
    let path = path.map(|(_, path)| format!("/{path}"));
    let compared = Comparison::of(servers, rounds, path.as_deref(), |name, round, running| {
        drop(writeln!(io::stderr().lock(), "{name}, round {round}: {}", running.url));
        let mut arguments = arguments.clone();
        arguments.url = Some(running.url.clone());
        arguments.pid = running.pid;
        let common = arguments.common(&workload).map_err(Failure::Usage)?;
        Ok::<_, Failure>(run(&common, &workload, &stop, &mut *arguments.watcher())?)
    })?;
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &compared)?;
        writeln!(out)?;
    } else {
        compared.write(&mut out)?;
    }
    out.flush()?;
    Ok(compared.is_clean())
}

/// The one place that writes a single report to the standard output.
fn print(report: &Report, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
    } else {
        let heading = format!("{} {}", report.workload, report.url);
        write_table(&mut out, &heading, &report.rows(), &report.errors)?;
    }
    out.flush()
}

fn default_url(workload: &Workload) -> &'static str {
    match workload {
        Workload::Calls { .. } => "http://127.0.0.1:8080/api/v2/notifications",
        _ => "http://127.0.0.1:8080/cometd",
    }
}

impl Subcommands {
    /// The workload that was asked for; `None` for a comparison.
    fn workload(&self) -> Option<(Workload, &CommonArguments)> {
        let pace = |rate: Rate, window: &WindowArgument, usual: u32| match rate {
            Rate::Paced(rate) => Pace::Every(rate),
            Rate::Max => Pace::Window(window.window.unwrap_or(usual)),
        };
        // Bounded by the parser to what fits.
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Some(match self {
            Self::Hold { common } => (Workload::Hold, common),
            Self::Fanout { common, rate, traffic } => (
                Workload::Fanout {
                    pace: pace(*rate, &traffic.window, 8),
                    payload_bytes: size(traffic.payload_bytes),
                },
                common,
            ),
            Self::Unicast { common, rate, traffic, publishers } => (
                Workload::Unicast {
                    pace: pace(*rate, &traffic.window, 64),
                    payload_bytes: size(traffic.payload_bytes),
                    publishers: publishers.get(),
                },
                common,
            ),
            Self::Rooms {
                common,
                rate,
                window,
                payload_bytes,
                publishers,
                rooms,
                rooms_per_client,
                batch,
            } => (
                Workload::Rooms {
                    pace: pace(*rate, window, 8),
                    payload_bytes: size(*payload_bytes),
                    publishers: publishers.get(),
                    rooms: size(*rooms),
                    rooms_per_client: size(*rooms_per_client),
                    batch: size(*batch),
                },
                common,
            ),
            Self::Calls { common, rate, traffic, publishers } => (
                Workload::Calls {
                    pace: pace(*rate, &traffic.window, 64),
                    payload_bytes: size(traffic.payload_bytes),
                    publishers: publishers.get(),
                },
                common,
            ),
            Self::Compare { .. } => return None,
        })
    }
}

impl CommonArguments {
    fn common(&self, workload: &Workload) -> Result<Common, Box<dyn Error>> {
        let reach = if self.allow_remote { Reach::Anywhere } else { Reach::Loopback };
        let url = self.url.as_deref().unwrap_or_else(|| default_url(workload));
        let mut target = Target::new(url, reach)?
            .websocket(self.websocket || self.transport == Transport::Websocket)
            .acknowledge(self.ack);
        if let Some((user, password)) = self.user.as_deref().zip(self.password.as_deref()) {
            target = target.basic(user, password);
        }
        let channel = match &self.channel {
            Some(channel) => channel.clone(),
            None => ChannelName::new(&format!("/load/{}", workload.name()))?,
        };
        let sessions = usize::try_from(self.sessions)?;
        let common = Common::new(target, channel, sessions, Duration::from_secs(self.seconds))
            .ramp(self.ramp.get(), Duration::from_secs(self.ramp_seconds))
            .threads(usize::from(self.threads))
            .late(Duration::from_millis(self.late_ms))
            .drain(Duration::from_secs(self.drain_seconds));
        Ok(match self.pid {
            Some(pid) => common.process(Process::new(pid)?),
            None => common,
        })
    }

    fn watcher(&self) -> Box<dyn Watcher> {
        if self.progress || io::stderr().is_terminal() { Box::new(Lines) } else { Box::new(()) }
    }
}

/// Stops the run at the first Ctrl-C. A run winds down within seconds, so the next ones say
/// nothing new.
fn on_interrupt() -> io::Result<Stop> {
    let (stopper, stop) = stop();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    // It ends with the process.
    std::thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            stopper.stop();
        }
    })?;
    Ok(stop)
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
        for line in [
            "encke-load hold --sessions 10 --seconds 5 --json --html x.html",
            "encke-load fanout --rate 0.5 --payload-bytes 80 --pid 1 --ack",
            "encke-load fanout --rate max --window 8 --transport websocket",
            "encke-load unicast --publishers 4 --threads 2 --websocket",
            "encke-load rooms --rooms 10 --rooms-per-client 2 --batch 1 --late-ms 100",
            "encke-load calls --rate 10",
            "encke-load compare a=http://127.0.0.1:1 b=cmd --rounds 5 -- fanout --rate 5",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "encke-load",
            "encke-load hold --sessions 0",
            "encke-load hold --seconds 0",
            "encke-load hold --rate 5",
            "encke-load hold --user u",
            "encke-load hold --channel /a/*",
            "encke-load hold --threads 0",
            "encke-load fanout --rate 0",
            "encke-load fanout --rate NaN",
            "encke-load fanout --payload-bytes 10",
            "encke-load fanout --transport carrier-pigeon",
            "encke-load unicast --publishers 0",
            "encke-load rooms --batch 0",
            "encke-load compare a=http://127.0.0.1:1 -- hold",
            "encke-load compare a=x b=y",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn strangers_need_a_word_more() {
        let common = |line| {
            let arguments = parse(line).unwrap();
            let (workload, arguments) = arguments.command.workload().unwrap();
            arguments.common(&workload).map(drop)
        };
        let refused = common("encke-load hold --url http://192.0.2.1/");
        assert!(refused.unwrap_err().to_string().contains("--allow-remote"));
        assert!(common("encke-load hold --url http://192.0.2.1/ --allow-remote").is_ok());
    }

    #[test]
    fn comparisons_leave_url_and_process_to_themselves() {
        let servers = ["a=http://127.0.0.1:1", "b=http://127.0.0.1:1"].map(|s| s.parse().unwrap());
        for line in ["hold --pid 1", "compare a=x b=y -- hold", "fly"] {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            let refused = compare(&servers, 1, false, &words);
            assert!(matches!(refused, Err(Failure::Usage(_))), "{line}: {refused:?}");
        }
    }
}
