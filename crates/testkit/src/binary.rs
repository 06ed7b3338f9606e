//! Finding the `encke` binary that belongs to the running test.
//!
//! Cargo tells a package's own tests where its binaries are, and nobody else's; the tests live in
//! other packages. The binary lies beside the folder of the test executable. It is built when it
//! is missing or older than one of its sources, which cargo's dep-info file beside it lists.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

/// The path of `encke`: the environment variable `ENCKE_BIN` if it is set, else the one in
/// this test's target folder, built by cargo when it is missing or stale.
///
/// # Panics
///
/// If it cannot be built.
pub fn encke_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match env::var_os("ENCKE_BIN") {
        Some(path) => PathBuf::from(path),
        None => beside_this_test(),
    })
}

fn beside_this_test() -> PathBuf {
    let this = env::current_exe().expect("a running program has a path");
    let profile = this
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "deps"))
        .and_then(Path::parent)
        .expect("cargo runs tests from a `deps` folder");
    let binary = profile.join("encke");
    if is_stale(&binary) {
        build(profile.ends_with("release"));
    }
    binary
}

fn is_stale(binary: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let (Ok(built), Ok(dep_info)) =
        (modified(binary), fs::read_to_string(binary.with_extension("d")))
    else {
        return true;
    };
    let sources = dep_info.split_once(": ").map_or("", |(_, sources)| sources);
    sources.split_whitespace().any(|source| modified(Path::new(source)).map_or(true, |m| m > built))
}

fn build(release: bool) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--package", "encke-server", "--bin", "encke"])
        .args(release.then_some("--release"))
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the server does not build: {status}");
}
