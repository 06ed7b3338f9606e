//! Where things lie: the root of the checkout, cargo's target folder, npm and Python packages.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

/// The folders with a `package.json` and a lock file, relative to the root.
pub(crate) const WEB: &str = "crates/server/web";
pub(crate) const INTEROP: &str = "tests/interop";
pub(crate) const BROWSER: &str = "tests/browser";

/// The folder of the tests of the descriptions, relative to the root.
pub(crate) const SCHEMA: &str = "tests/schema";

/// The root of the checkout that the current folder lies in.
///
/// Where this command was built does not count: clones that share a target folder share its binary.
static ROOT: OnceLock<PathBuf> = OnceLock::new();

/// Looks for the checkout that the current folder lies in. Comes before everything else.
///
/// # Errors
///
/// If the folder lies in none.
pub(crate) fn find() -> Result<(), String> {
    let here = env::current_dir().map_err(|error| format!("no current folder: {error}"))?;
    let root = root_above(&here)
        .ok_or_else(|| format!("{} lies in no checkout of Encke", here.display()))?;
    ROOT.get_or_init(|| root.to_path_buf());
    Ok(())
}

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    ROOT.get().expect("it was looked for at the start").clone()
}

/// The innermost folder with a manifest of a workspace that has this command in it.
fn root_above(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|root| {
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
        let is_workspace = manifest.lines().any(|line| line.trim() == "[workspace]");
        is_workspace && root.join("crates/xtask/Cargo.toml").is_file()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_that_of_the_folder_one_is_in() {
        let folder = env::temp_dir().join(format!("encke-xtask-{}", std::process::id()));
        let clone = folder.join("clone");
        let inside = clone.join("crates/calls/src");
        for made in [&inside, &clone.join("crates/xtask"), &clone.join("tests/fuzz/runner")] {
            fs::create_dir_all(made).unwrap();
        }
        fs::write(clone.join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
        fs::write(clone.join("crates/xtask/Cargo.toml"), "[package]\n").unwrap();
        fs::write(clone.join("crates/calls/Cargo.toml"), "[package]\n").unwrap();
        // A workspace of its own that lies in the checkout.
        fs::write(clone.join("tests/fuzz/runner/Cargo.toml"), "[workspace]\n").unwrap();
        let found = |folder: &Path| root_above(folder).map(Path::to_path_buf);
        assert_eq!(found(&inside), Some(clone.clone()));
        assert_eq!(found(&clone), Some(clone.clone()));
        assert_eq!(found(&clone.join("tests/fuzz/runner")), Some(clone.clone()));
        assert_eq!(found(&folder), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
