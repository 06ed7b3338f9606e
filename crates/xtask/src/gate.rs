//! `cargo xtask test`: the gate, cheapest check first.
//!
//! One build in the dev profile serves nextest, the binaries that the tests start, and the Python,
//! Node and browser tests; clippy and rustdoc share the metadata of a check build.

use std::process::Command;

use crate::steps::{Steps, must};
use crate::{fuzz, interop, schema, setup, workspace};

/// Runs every step and prints the table of seconds; an error if any of them failed.
pub(crate) fn run() -> Result<(), String> {
    let mut steps = Steps::default();
    steps.vital("set-up", || {
        setup::for_tests()?;
        setup::nextest()?;
        interop::setup()?;
        schema::setup()?;
        setup::npm_packages(workspace::BROWSER)
    });
    steps.step("format", || must(cargo("fmt").args(["--all", "--check"])));
    steps.step("clippy", || {
        let mut clippy = cargo("clippy");
        clippy.args(["--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]);
        must(&mut clippy)
    });
    steps.step("rustdoc", || {
        let mut doc = cargo("doc");
        doc.args(["--locked", "--workspace", "--no-deps", "--document-private-items"]);
        must(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    if setup::cargo_runs("deny") {
        steps.step("deny", || {
            let mut deny = cargo("deny");
            deny.args([
                "--locked",
                "check",
                "--hide-inclusion-graph",
                "bans",
                "licenses",
                "sources",
            ]);
            must(&mut deny)
        });
    } else {
        steps.skip("deny", "cargo-deny is not installed (cargo install cargo-deny)");
    }
    steps
        .vital("build", || must(cargo("build").args(["--locked", "--workspace", "--all-targets"])));
    steps.step("nextest", || must(cargo("nextest").args(["run", "--locked", "--workspace"])));
    steps.step("doctests", || must(cargo("test").args(["--locked", "--workspace", "--doc"])));
    steps.step("fuzz", || fuzz::run(&[]));
    steps.step("schema", schema::ask);
    steps.step("interop", || interop::npm_test(workspace::INTEROP));
    steps.step("browser", || interop::npm_test(workspace::BROWSER));
    steps.finish()
}

fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()).arg(subcommand);
    command
}
