//! Where things lie: the root of the checkout, cargo's target folder, npm and Python packages.

use std::env;
use std::path::{Path, PathBuf};

/// The folders with a `package.json` and a lock file, relative to the root.
pub(crate) const WEB: &str = "crates/server/web";
pub(crate) const INTEROP: &str = "tests/interop";
pub(crate) const BROWSER: &str = "tests/browser";

/// The folder of the tests of the descriptions, relative to the root.
pub(crate) const SCHEMA: &str = "tests/schema";

/// The root of the checkout this command was built from.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The server's binary, as a build in the dev profile leaves it.
pub(crate) fn binary() -> PathBuf {
    target().join("debug").join("encke")
}

/// Cargo's target folder: `CARGO_TARGET_DIR` if set, else `target` at the root.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// A virtual environment for Python packages, below cargo's target folder, and what is pinned in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Python {
    name: &'static str,
    /// The list of packages, relative to the root.
    pub(crate) requirements: &'static str,
}

/// The Python clients that the interop tests drive.
pub(crate) const CLIENTS: Python =
    Python { name: "python", requirements: "tests/interop/drivers/requirements.txt" };

/// What asks the server for everything that its descriptions describe.
pub(crate) const SCHEMA_PACKAGES: Python =
    Python { name: "python-schema", requirements: "tests/schema/requirements.txt" };

impl Python {
    pub(crate) fn home(self) -> PathBuf {
        target().join("xtask").join(self.name)
    }

    /// The interpreter in it.
    pub(crate) fn interpreter(self) -> PathBuf {
        self.home().join("bin").join("python")
    }
}

/// The cargo that runs us, or the one on the path.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
