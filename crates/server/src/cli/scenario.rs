//! `--scenario`: a file, or the name of a built-in one.

use std::fs::File;
use std::io::Read;

use super::Failure;
use crate::Config;
use crate::simulator::scenario::{Scenario, built_in, built_in_named, new_seed};

/// Longest file of a scenario, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Has a scenario played from the beginning.
pub(super) fn open(
    config: Config,
    name: &str,
    seed: Option<u64>,
    speed: Option<f64>,
) -> Result<Config, Failure> {
    let scenario = match built_in_named(name) {
        Some(scenario) => scenario,
        None => read(name)?,
    };
    let seed = seed.or_else(new_seed);
    let seed = seed.ok_or_else(|| Failure::other("there is no randomness for a seed"))?;
    config.open_with(&scenario, seed, speed).map_err(Failure::usage)
}

fn read(name: &str) -> Result<Scenario, Failure> {
    let names = || built_in().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ");
    let file = File::open(name).map_err(|error| {
        Failure::usage(format!("--scenario {name}: {error}; built in are {}", names()))
    })?;
    let mut text = String::new();
    let bytes = file.take(MAX_BYTES + 1).read_to_string(&mut text);
    let bytes = bytes.map_err(|error| Failure::usage(format!("--scenario {name}: {error}")))?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > MAX_BYTES) {
        return Err(Failure::usage(format!("--scenario {name} is longer than {MAX_BYTES} bytes")));
    }
    Scenario::from_toml(&text)
        .map_err(|error| Failure::usage(format!("--scenario {name}: {error}")))
}
