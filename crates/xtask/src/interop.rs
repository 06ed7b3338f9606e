//! `cargo xtask interop`: the client libraries against the server, and nothing else.

use std::process::Command;

use crate::steps::must;
use crate::{setup, workspace};

/// Sets up what the clients need, builds the server and runs them.
pub(crate) fn run() -> Result<(), String> {
    setup::for_clients()?;
    setup()?;
    setup::server()?;
    npm_test(workspace::INTEROP)
}

/// The packages of the clients.
pub(crate) fn setup() -> Result<(), String> {
    for folder in [workspace::WEB, workspace::INTEROP] {
        setup::npm_packages(folder)?;
    }
    setup::python_packages(workspace::CLIENTS)
}

/// The tests of an npm package, which find the server's binary by `ENCKE_BIN` and the interpreter
/// for Python clients by `ENCKE_PYTHON`.
pub(crate) fn npm_test(folder: &str) -> Result<(), String> {
    let mut test = Command::new("npm");
    test.current_dir(workspace::root().join(folder)).arg("test");
    test.env("ENCKE_PYTHON", workspace::CLIENTS.interpreter());
    must(test.env("ENCKE_BIN", workspace::binary()))
}
