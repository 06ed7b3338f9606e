//! What a bare checkout lacks: Debian packages, cargo-nextest, npm and Python packages.
//!
//! Everything here looks first and installs only what is missing, so a second run costs nothing.
//! What cannot be installed is an error that names the command to install by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps;
use crate::workspace::{self, Python};

/// The oldest Node.js whose test runner and `fetch` the tests use.
const NODE_MAJOR: u32 = 18;

/// Checks that `node` and `npm` run and are new enough; installs nothing.
fn require_node(why: &str) -> Result<(), String> {
    let advice = "install Node.js with npm (on Debian: apt-get install nodejs npm)";
    let version = output("node", &["--version"])
        .ok_or_else(|| format!("`node` does not run; {why}; {advice}"))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    if major.is_none_or(|major: u32| major < NODE_MAJOR) {
        return Err(format!("Node.js {NODE_MAJOR} or newer is needed, found {}", version.trim()));
    }
    output("npm", &["--version"]).ok_or_else(|| format!("`npm` does not run; {why}; {advice}"))?;
    Ok(())
}

/// What the desk needs: Node.js with npm, for its packages.
pub(crate) fn for_desk() -> Result<(), String> {
    let wanted = [("node", "nodejs"), ("npm", "npm")];
    install_debian(wanted.into_iter().filter(|(command, _)| !runs(command)).map(|(_, name)| name))?;
    require_node("the desk at / is served from npm packages")
}

/// What Python packages need: Python that can make virtual environments.
pub(crate) fn for_python() -> Result<(), String> {
    // Debian has the module that puts pip into an environment in a package of its own.
    if output("python3", &["-c", "import ensurepip, venv"]).is_none() {
        install_debian(["python3-venv"].into_iter())?;
    }
    Ok(())
}

/// What the client libraries need: Python and Node.js.
pub(crate) fn for_clients() -> Result<(), String> {
    for_python()?;
    for_desk()
}

/// What the tests need besides: a browser, letters for it to draw, and a C++ compiler for libFuzzer.
pub(crate) fn for_tests() -> Result<(), String> {
    let browser = ["chromium", "chromium-browser", "google-chrome"].iter().any(|name| runs(name));
    let compiler = runs("c++");
    let wanted = [("chromium", browser), ("fonts-dejavu-core", browser), ("g++", compiler)];
    install_debian(wanted.into_iter().filter(|(_, there)| !there).map(|(name, _)| name))?;
    for_clients()
}

/// Installs Debian packages.
fn install_debian<'a>(packages: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let missing: Vec<&str> = packages.collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !runs("apt-get") {
        return Err(format!("no apt-get here; please install these by hand: {list}"));
    }
    let root = output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    if !root && !runs("sudo") {
        return Err(format!("neither root nor sudo; please run: apt-get install {list}"));
    }
    let apt = |arguments: &[&str]| {
        let mut command = if root {
            Command::new("env")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.arg("env");
            sudo
        };
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes"]).args(arguments);
        steps::must(&mut command)
    };
    apt(&["update"])?;
    apt(&[&["install", "--no-install-recommends"][..], &missing].concat())
}

/// Builds cargo-nextest when `cargo nextest` does not run.
pub(crate) fn nextest() -> Result<(), String> {
    if cargo_runs("nextest") {
        return Ok(());
    }
    let mut install = Command::new(workspace::cargo());
    // From elsewhere than the checkout, so that its settings do not reach the tool's own build.
    install.current_dir(std::env::temp_dir()).args(["install", "--locked", "cargo-nextest"]);
    steps::must(&mut install)
}

/// What counts instructions: valgrind, and the runner of the version that `encke-benches` is built
/// with; where the runner is.
pub(crate) fn counter() -> Result<PathBuf, String> {
    install_debian((!runs("valgrind")).then_some("valgrind").into_iter())?;
    let lock = workspace::root().join("Cargo.lock");
    let lock = fs::read_to_string(&lock)
        .map_err(|error| format!("cannot read {}: {error}", lock.display()))?;
    let version = lock
        .split_once("name = \"gungraun\"\nversion = \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(version, _)| version)
        .ok_or("Cargo.lock has no gungraun")?;
    let home = workspace::target().join("xtask").join(format!("gungraun-{version}"));
    let runner = home.join("bin").join("gungraun-runner");
    if !runner.is_file() {
        let mut install = Command::new(workspace::cargo());
        // From elsewhere than the checkout, so that its settings do not reach the tool's own build.
        install.current_dir(std::env::temp_dir()).args(["install", "--locked", "gungraun-runner"]);
        steps::must(install.args(["--version", version, "--root"]).arg(&home))?;
    }
    Ok(runner)
}

/// Whether the cargo subcommand `name` is installed.
pub(crate) fn cargo_runs(name: &str) -> bool {
    Command::new(workspace::cargo())
        .args([name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// `npm ci` in `folder` unless its lock file is the one that was installed last.
pub(crate) fn npm_packages(folder: &str) -> Result<(), String> {
    let home = workspace::root().join(folder);
    let lock_file = home.join("package-lock.json");
    let lock = fs::read(&lock_file)
        .map_err(|error| format!("cannot read {}: {error}", lock_file.display()))?;
    let stamp = workspace::target().join("xtask").join(folder.replace('/', "-"));
    if home.join("node_modules").is_dir() && fs::read(&stamp).is_ok_and(|last| last == lock) {
        return Ok(());
    }
    let mut install = Command::new("npm");
    install.current_dir(&home).args(["ci", "--no-audit", "--no-fund"]);
    steps::must(&mut install)?;
    write(&stamp, &lock)
}

/// A virtual environment below cargo's target folder with the packages that its list pins, unless
/// that is what was installed last.
pub(crate) fn python_packages(environment: Python) -> Result<(), String> {
    let list = workspace::root().join(environment.requirements);
    let wanted =
        fs::read(&list).map_err(|error| format!("cannot read {}: {error}", list.display()))?;
    let (home, python) = (environment.home(), environment.interpreter());
    let stamp = home.join("installed.txt");
    let alive = output(&python.to_string_lossy(), &["--version"]).is_some();
    if alive && fs::read(&stamp).is_ok_and(|last| last == wanted) {
        return Ok(());
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&home);
    steps::must(&mut venv)?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    steps::must(install.arg("--requirement").arg(&list))?;
    write(&stamp, &wanted)
}

/// Builds the server alone, in the dev profile.
pub(crate) fn server() -> Result<(), String> {
    let mut build = Command::new(workspace::cargo());
    build.current_dir(workspace::root());
    steps::must(build.args(["build", "--locked", "--package", "encke-server"]))
}

fn write(path: &Path, content: &[u8]) -> Result<(), String> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, content))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn runs(name: &str) -> bool {
    output(name, &["--version"]).is_some()
}

/// What a command prints, if it can be started and succeeds.
fn output(name: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(name).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
