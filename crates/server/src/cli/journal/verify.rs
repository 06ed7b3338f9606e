//! `encke journal verify`: what is wrong with the file, a line each.

use std::io::Write;
use std::path::Path;

use encke::calls::{self, Limits, State};
use encke::journal::{Damage, Entry, Inspection, OpenError};

use super::super::{Chain, Failure};
use super::{LINES, Out, unusable};

pub(super) fn run(folder: &Path, out: &mut Out<'_>) -> Result<(), Failure> {
    let inspection = match Inspection::open(folder) {
        Ok(inspection) => inspection,
        Err(OpenError::Damaged(damage)) => {
            line(out, &damage)?;
            return Err(Failure::other("the journal is damaged beyond reading it"));
        }
        Err(error) => return Err(unusable(folder, error)),
    };
    let mut state = State::new(Limits::default());
    let follows = |entry: &Entry| match calls::replay_record(&mut state, entry) {
        Ok(_) => Ok(()),
        Err(error) => Err(Chain(&error).to_string()),
    };
    let mut written = Ok(());
    let mut lines = 0;
    let verified = inspection
        .verify(follows, |damage| {
            lines += 1;
            if lines <= LINES && written.is_ok() {
                written = line(out, &damage);
            }
        })
        .map_err(Failure::other)?;
    written?;
    if verified.damages > LINES {
        writeln!(out, "and {} more", verified.damages - LINES).map_err(Failure::other)?;
    }
    let standing = match verified.snapshots {
        0 => String::new(),
        snapshots => format!(", {snapshots} snapshots among them"),
    };
    writeln!(
        out,
        "{} records of {} keys with {} bytes{standing}, newest position {}: {}",
        verified.records,
        verified.keys,
        verified.bytes,
        verified.head,
        if verified.damages == 0 { "sound" } else { "damaged" }
    )
    .map_err(Failure::other)?;
    match verified.damages {
        0 => Ok(()),
        1 => Err(Failure::other("the journal has 1 damage")),
        damages => Err(Failure::other(format!("the journal has {damages} damages"))),
    }
}

fn line(out: &mut Out<'_>, damage: &Damage) -> Result<(), Failure> {
    writeln!(out, "{damage}").map_err(Failure::other)
}
