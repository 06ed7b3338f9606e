//! The command line: what was asked for, and the exit code.
//!
//! | Code | Meaning                                                        |
//! |------|----------------------------------------------------------------|
//! | 0    | done; for a server: stopped in order                           |
//! | 64   | the command line or the configuration makes no sense           |
//! | 1    | anything else                                                  |

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::demo::DemoOptions;
use crate::settings::Settings;
use crate::{Config, logging};

mod hash_password;
mod journal;
mod make_api_key;
mod scenario;
mod serve;

/// Exit code for a usage or configuration error, `EX_USAGE` of sysexits(3).
const USAGE: u8 = 64;

/// Most agents that a demo may add; their numbers stay five digits long.
const MAX_AGENTS: i64 = 50_000;

/// A CometD/Bayeux notification broker with a call-state core beside it.
#[derive(Debug, Parser)]
#[command(name = "encke", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a contact centre to try things on: agents, phones, a desk at /, a simulator.
    Demo(DemoArguments),
    /// Run the server that a configuration file describes.
    Serve(ServeArguments),
    /// Parse and validate a configuration, and print the effective settings without secrets.
    Check(CheckArguments),
    /// Read a password from standard input and print its hash for the configuration.
    HashPassword,
    /// Look after the file of a journal while no server has it open.
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Make a key for a back end, and print it with its hash for the configuration.
    MakeApiKey,
}

#[derive(Args, Debug)]
struct DemoArguments {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Folder of the journal [default: a temporary one].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Agents to add: agent1 .. agentN, password `demo`, DNs 20001 upward.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=MAX_AGENTS)
    )]
    agents: u32,
    /// A configuration file whose settings go over the demo's.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A scenario to play: a file, or the name of a built-in one (quiet-morning, call-storm,
    /// sms-afternoon, bad-day).
    #[arg(long, value_name = "FILE|NAME")]
    scenario: Option<String>,
    /// What the scenario's draws depend on; the same seed plays the same [default: a new one].
    #[arg(long, value_name = "N", requires = "scenario")]
    seed: Option<u64>,
    /// How many seconds of the scenario pass in one of ours [default: what the scenario says].
    #[arg(long, value_name = "X", requires = "scenario")]
    speed: Option<f64>,
    /// Allow to listen on more than the loopback, although everybody knows the passwords.
    #[arg(long)]
    i_know_this_is_a_demo: bool,
}

#[derive(Args, Debug)]
struct ServeArguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Address and port to listen on, instead of the configured one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Folder of the journal, instead of the configured one.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct CheckArguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Why a command ended badly.
#[derive(Debug)]
enum Failure {
    /// The user's mistake.
    Usage(Box<dyn Error + Send + Sync>),
    /// Anything else.
    Other(Box<dyn Error + Send + Sync>),
}

impl Failure {
    fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Usage(error.into())
    }

    fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

/// Runs the `encke` command with `arguments`, the program's name first.
///
/// Logs and errors go to standard error; a server also catches `SIGTERM` and `SIGINT`.
pub fn command_line(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match CommandLine::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Nothing is left to do if the terminal is gone.
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let result = match parsed.command {
        Command::Demo(demo) => run_demo(demo),
        Command::Serve(serve) => run_serve(serve),
        Command::Check(check) => run_check(&check),
        Command::HashPassword => hash_password::run(),
        Command::Journal(command) => journal::run(&command),
        Command::MakeApiKey => make_api_key::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => {
            report(&*error);
            ExitCode::from(USAGE)
        }
        Err(Failure::Other(error)) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

fn run_demo(demo: DemoArguments) -> Result<(), Failure> {
    let options = DemoOptions { agents: demo.agents, data: demo.data.clone() };
    let base = Settings::demo(&options).map_err(Failure::other)?;
    let mut settings = Settings::load(&base, demo.config.as_deref()).map_err(Failure::usage)?;
    if let Some(listen) = demo.listen {
        settings.server.listen = listen;
    }
    if demo.data.is_some() {
        settings.journal.data = demo.data;
    }
    let exposed = [Some(settings.server.listen), settings.operations.listen]
        .into_iter()
        .flatten()
        .find(|address| !address.ip().to_canonical().is_loopback());
    if let Some(address) = exposed
        && !demo.i_know_this_is_a_demo
    {
        return Err(Failure::usage(format!(
            "the demo listens on the loopback only, and {address} is not on it: everybody knows \
             its passwords; --i-know-this-is-a-demo allows it"
        )));
    }
    let mut config = Config::from_settings(&settings).map_err(Failure::usage)?;
    if let Some(name) = &demo.scenario {
        config = scenario::open(config, name, demo.seed, demo.speed)?;
    }
    start(&settings, config)
}

fn run_serve(serve: ServeArguments) -> Result<(), Failure> {
    let mut settings =
        Settings::load(&Settings::default(), Some(&serve.config)).map_err(Failure::usage)?;
    if let Some(listen) = serve.listen {
        settings.server.listen = listen;
    }
    if serve.data.is_some() {
        settings.journal.data = serve.data;
    }
    if settings.journal.data.is_none() {
        return Err(Failure::usage("`journal.data` is not set, and neither is --data"));
    }
    let config = Config::from_settings(&settings).map_err(Failure::usage)?;
    start(&settings, config)
}

fn run_check(check: &CheckArguments) -> Result<(), Failure> {
    let settings =
        Settings::load(&Settings::default(), Some(&check.config)).map_err(Failure::usage)?;
    Config::from_settings(&settings).map_err(Failure::usage)?;
    let text = toml::to_string(&settings.without_secrets()).map_err(Failure::other)?;
    print(&text)
}

fn start(settings: &Settings, config: Config) -> Result<(), Failure> {
    logging::start(&settings.log).map_err(Failure::usage)?;
    serve::run(config)
}

/// Writes to standard output.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::other)
}

/// Writes an error and its causes to standard error, in one line.
fn report(error: &(dyn Error + 'static)) {
    // Nothing is left to do if standard error is gone.
    drop(writeln!(io::stderr(), "encke: {}", Chain(error)));
}

/// An error with its causes, each after a colon.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
