//! `cargo xtask schema`: the server asked for what its `OpenAPI` documents of the REST API and of the
//! Bayeux API describe.

use std::process::Command;

use crate::steps::must;
use crate::{setup, workspace};

/// Sets up what asks, builds the server and asks it.
pub(crate) fn run() -> Result<(), String> {
    setup::for_python()?;
    setup()?;
    setup::server()?;
    ask()
}

/// The packages of what asks.
pub(crate) fn setup() -> Result<(), String> {
    setup::python_packages(workspace::SCHEMA_PACKAGES)
}

/// The run itself, which finds the server's binary by `ENCKE_BIN`.
pub(crate) fn ask() -> Result<(), String> {
    let mut run = Command::new(workspace::SCHEMA_PACKAGES.interpreter());
    // Nothing is left in the checkout.
    run.env("PYTHONDONTWRITEBYTECODE", "1").env("ENCKE_BIN", workspace::binary());
    must(run.arg(workspace::root().join(workspace::SCHEMA).join("run.py")))
}
