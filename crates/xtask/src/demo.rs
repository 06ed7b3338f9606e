//! `cargo xtask demo`: the web client's packages, then the server in the foreground.

use std::process::Command;

use crate::{setup, workspace};

/// Starts the demo and returns when it ends. Control-C reaches the server, which drains and exits.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    setup::for_desk()?;
    setup::npm_packages(workspace::WEB)?;
    let status = Command::new(workspace::cargo())
        .current_dir(workspace::root())
        .args(["run", "--locked", "--package", "encke-server", "--bin", "encke", "--", "demo"])
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("encke demo ended with {status}")) }
}
