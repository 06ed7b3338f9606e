//! `cargo xtask interop`: the client libraries against the server, and nothing else.

use std::process::Command;

use crate::steps::must;
use crate::{setup, workspace};

/// Sets up what the clients need, builds the server and runs them.
pub(crate) fn run() -> Result<(), String> {
    setup::for_clients()?;
    setup()?;
    let mut build = Command::new(workspace::cargo());
    build.current_dir(workspace::root());
    must(build.args(["build", "--locked", "--package", "encke-server"]))?;
    npm_test(workspace::INTEROP)
}

/// The packages of the clients.
pub(crate) fn setup() -> Result<(), String> {
    for folder in [workspace::WEB, workspace::INTEROP] {
        setup::npm_packages(folder)?;
    }
    setup::python_packages()
}

/// The tests of an npm package, which find the server's binary by `ENCKE_BIN` and the interpreter
/// for Python clients by `ENCKE_PYTHON`.
pub(crate) fn npm_test(folder: &str) -> Result<(), String> {
    let mut test = Command::new("npm");
    test.current_dir(workspace::root().join(folder)).arg("test");
    test.env("ENCKE_PYTHON", workspace::python());
    must(test.env("ENCKE_BIN", workspace::target().join("debug").join("encke")))
}
