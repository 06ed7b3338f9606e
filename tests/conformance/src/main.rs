//! `encke-conformance --url http://HOST:PORT/PATH`: the suite from the command line.
//!
//! Exit status 0 if nothing failed, 1 if something did, 2 if there is no Bayeux server, 64 for
//! wrong usage.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use encke_conformance::{Endpoint, Hints, Options, Status, Target, Transport, run};

/// Runs black-box scenarios against a Bayeux server and tells which hold.
#[derive(Debug, Parser)]
#[command(name = "encke-conformance", version)]
struct Arguments {
    /// The endpoint, such as <http://127.0.0.1:8080/cometd>.
    #[arg(long, required_unless_present = "list")]
    url: Option<String>,
    /// Only this transport: long-polling, callback-polling or websocket.
    #[arg(long, value_parser = transport)]
    transport: Option<Transport>,
    /// Only scenarios whose topic::name contains this text.
    #[arg(long)]
    only: Option<String>,
    /// JSON on standard output instead of a table.
    #[arg(long)]
    json: bool,
    /// Prints the catalogue and ends.
    #[arg(long)]
    list: bool,
    /// How many scenarios run at once.
    #[arg(long, default_value_t = 32)]
    parallel: usize,
    /// How long the target holds a connect, if it does not say so itself.
    #[arg(long)]
    timeout_ms: Option<u64>,
    /// How long the target waits for the next connect before it forgets a session.
    #[arg(long)]
    max_interval_ms: Option<u64>,
    /// A channel below which the target keeps everything for replay, such as `/replay`.
    #[arg(long)]
    replay_root: Option<String>,
    /// The longest any scenario may wait for one thing.
    #[arg(long, default_value_t = 12_000)]
    patience_ms: u64,
}

fn transport(text: &str) -> Result<Transport, String> {
    let known = Transport::ALL.into_iter().find(|transport| transport.name() == text);
    known.ok_or_else(|| "long-polling, callback-polling or websocket".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(problem) => {
            let code = if problem.use_stderr() { 64 } else { 0 };
            let printed = problem.print();
            return if printed.is_ok() { ExitCode::from(code) } else { ExitCode::FAILURE };
        }
    };
    let options = Options {
        transport: arguments.transport,
        only: arguments.only.clone(),
        parallel: arguments.parallel,
    };
    if arguments.list {
        let chosen = options.chosen();
        for (scenario, transport) in &chosen {
            println!("{:<17}{:<30}{scenario:?}", transport.name(), scenario.source());
        }
        println!("{} scenarios", chosen.len());
        return ExitCode::SUCCESS;
    }
    let endpoint = match Endpoint::parse(arguments.url.as_deref().unwrap_or_default()) {
        Ok(endpoint) => endpoint,
        Err(problem) => {
            eprintln!("encke-conformance: {problem}");
            return ExitCode::from(64);
        }
    };
    let hints = Hints {
        timeout: arguments.timeout_ms.map(Duration::from_millis),
        max_interval: arguments.max_interval_ms.map(Duration::from_millis),
        patience: Some(Duration::from_millis(arguments.patience_ms)),
        replay_root: arguments.replay_root.clone(),
    };
    let target = match Target::survey(endpoint, &hints).await {
        Ok(target) => target,
        Err(problem) => {
            eprintln!("encke-conformance: {problem}");
            return ExitCode::from(2);
        }
    };
    let report = run(&target, &options).await;
    if arguments.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.table());
    }
    if report.count(Status::Fail) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
