//! Where things lie: the root of the checkout, cargo's target folder, the npm packages.

use std::env;
use std::path::{Path, PathBuf};

/// The folders with a `package.json` and a lock file, relative to the root.
pub(crate) const WEB: &str = "crates/server/web";
pub(crate) const INTEROP: &str = "tests/interop";
pub(crate) const BROWSER: &str = "tests/browser";

/// The root of the checkout this command was built from.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Cargo's target folder: `CARGO_TARGET_DIR` if set, else `target` at the root.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The virtual environment of the Python clients that the interop tests drive.
pub(crate) fn python_home() -> PathBuf {
    target().join("xtask").join("python")
}

/// The interpreter in it.
pub(crate) fn python() -> PathBuf {
    python_home().join("bin").join("python")
}

/// The cargo that runs us, or the one on the path.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
