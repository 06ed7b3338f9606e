//! `cargo xtask bench`: the server beside the floors; `micro`: instructions of single steps;
//! `memory`: a crowd without sockets.
//!
//! Everything is built as it is released, with names and lines for a profiler. Nothing here is part
//! of the gate, whose tests start the same parts in small.

use std::path::PathBuf;
use std::process::Command;

use crate::steps::must;
use crate::{setup, workspace};

/// Measures what the first argument names, the floors without one; the rest is handed on.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    match arguments {
        [micro, rest @ ..] if micro == "micro" => count(rest),
        [memory, rest @ ..] if memory == "memory" => {
            build(&["--package", "encke-benches", "--bins"])?;
            must(Command::new(built("bench-crowd")).args(rest))
        }
        rest => {
            let packages = ["encke-server", "encke-load", "encke-benches"];
            build(&packages.map(|name| ["--package", name]).concat())?;
            must(Command::new(built("bench-ratios")).args(rest))
        }
    }
}

/// Instructions of the steps whose names contain the first argument, of all without one.
fn count(arguments: &[String]) -> Result<(), String> {
    let runner = setup::counter()?;
    let mut bench = cargo();
    bench.args(["bench", "--locked", "--package", "encke-benches", "--bench", "micro", "--"]);
    bench.args(arguments.iter().map(|step| format!("*{step}*")));
    must(bench.env("GUNGRAUN_RUNNER", runner))
}

fn build(arguments: &[&str]) -> Result<(), String> {
    must(cargo().args(["build", "--locked", "--profile", "bench"]).args(arguments))
}

fn cargo() -> Command {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root());
    command
}

/// Where the bench profile leaves a binary.
fn built(name: &str) -> PathBuf {
    workspace::target().join("release").join(name)
}
