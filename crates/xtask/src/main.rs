//! The two commands of the README, each with all its set-up on a bare checkout, and parts of the
//! second: client libraries alone, the descriptions alone, and fuzzing for longer. And measuring.
//!
//! `cargo xtask demo` fetches the web client's packages and starts `encke demo`; what follows `--`
//! is handed on. `cargo xtask test` fetches whatever the tests need and runs every one of them.
//! Everything is run in the dev profile, so that nothing is built twice. This crate has no
//! dependencies and knows nothing of the code it builds.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

use std::process::ExitCode;

mod bench;
mod demo;
mod fuzz;
mod gate;
mod interop;
mod schema;
mod setup;
mod steps;
mod workspace;

const USAGE: &str = "\
usage: cargo xtask <command>

  demo [-- ARGS]   set up and start `encke demo ARGS`
  test             set up and run every check and test, as CI does
  interop          set up and run the client libraries against the server alone
  schema           set up and ask the server for all that its OpenAPI documents describe
  fuzz [TARGET] [SECONDS]
                   let libFuzzer look for input that breaks what must hold
  bench [ARGS]     set the server beside servers that do next to nothing
  bench micro [STEP]
                   count the instructions of single steps
  bench memory [ARGS]
                   hold very many sessions without sockets
";

/// Exit code for a command line that is not understood.
const EX_USAGE: u8 = 64;

fn main() -> ExitCode {
    if let Err(problem) = workspace::find() {
        eprintln!("xtask: {problem}");
        return ExitCode::FAILURE;
    }
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("demo") => demo::run(arguments.skip_while(|argument| argument == "--")),
        Some("test") if arguments.next().is_none() => gate::run(),
        Some("interop") if arguments.next().is_none() => interop::run(),
        Some("schema") if arguments.next().is_none() => schema::run(),
        Some("bench") => bench::run(&arguments.collect::<Vec<_>>()),
        Some("fuzz") => fuzz::run(&arguments.collect::<Vec<_>>()),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(EX_USAGE);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
