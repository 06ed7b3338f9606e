//! `cargo xtask fuzz [TARGET] [SECONDS]`: libFuzzer around the fuzz targets.
//!
//! The stable toolchain will do: coverage comes from the compiler's own pass, and no sanitizer is
//! asked for, since unsafe code is forbidden here. A run works on a copy of the kept corpus; input
//! that breaks a target is left below `target/fuzz/found` and named. The gate runs each target for
//! a few seconds; to look for longer, name one and a time.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::steps::must;
use crate::workspace;

/// The targets, each with the longest input that is tried.
const TARGETS: [(&str, u32); 4] =
    [("decode_batch", 4096), ("channel_matcher", 512), ("session_ops", 800), ("frames", 4096)];

/// Seconds for each target where none are given.
const SECONDS: u32 = 10;

/// What the compiler adds so that libFuzzer sees which branches were taken.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                        -Cllvm-args=-sanitizer-coverage-pc-table \
                        -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Runs one target or all of them.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (target, seconds) = match arguments {
        [] => (None, None),
        [target] => (Some(target), None),
        [target, seconds] => {
            let seconds = seconds.parse().map_err(|_| format!("{seconds:?} is no time"))?;
            (Some(target), Some(seconds))
        }
        _ => return Err("usage: cargo xtask fuzz [TARGET] [SECONDS]".to_owned()),
    };
    let chosen: Vec<_> =
        TARGETS.iter().filter(|(name, _)| target.is_none_or(|target| target == name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no such target; there are {}", names.join(", ")));
    }
    let triple = host()?;
    build(&triple)?;
    let found = workspace::target().join("fuzz").join("found");
    fs::create_dir_all(&found).map_err(|error| format!("cannot make a folder: {error}"))?;
    chosen.into_iter().try_for_each(|(name, longest)| {
        let corpus = corpus(name)?;
        let program = workspace::target().join("fuzz").join(&triple).join("release").join(name);
        let mut fuzz = Command::new(program);
        fuzz.arg(&corpus)
            .arg(format!("-max_total_time={}", seconds.unwrap_or(SECONDS)))
            .arg(format!("-max_len={longest}"))
            .arg(format!("-artifact_prefix={}/{name}-", found.display()))
            .args(["-verbosity=0", "-print_final_stats=1", "-reload=0"]);
        must(&mut fuzz)
    })
}

fn build(triple: &str) -> Result<(), String> {
    let mut build = Command::new(workspace::cargo());
    build
        .current_dir(workspace::root().join("tests/fuzz/runner"))
        .env("RUSTFLAGS", COVERAGE)
        .args(["build", "--locked", "--release", "--target", triple, "--target-dir"])
        .arg(workspace::target().join("fuzz"));
    must(&mut build)
}

/// A copy of the kept inputs of a target, to which libFuzzer adds its own; those of earlier runs stay.
fn corpus(name: &str) -> Result<std::path::PathBuf, String> {
    let kept = workspace::root().join("tests/fuzz/corpus").join(name);
    let copy = workspace::target().join("fuzz").join("corpus").join(name);
    copy_files(&kept, &copy).map_err(|error| format!("cannot copy {}: {error}", kept.display()))?;
    Ok(copy)
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}

/// The triple of this machine. Named, it keeps the flags away from build scripts.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("cannot start rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not say what machine this is".to_owned())
}
