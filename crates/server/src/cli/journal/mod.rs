//! `encke journal`: looking after the file of the journal while no server has it open.
//!
//! | Command        | What it does to the file | Standard output                               |
//! |----------------|--------------------------|-----------------------------------------------|
//! | `verify`       | nothing                  | a line for each damage, and one that sums up  |
//! | `dump CALL`    | nothing                  | the events of a call or an interaction        |
//! | `export`       | nothing                  | every record                                  |
//! | `compact`      | makes it smaller         | bytes before and after                        |
//!
//! Whatever goes wrong is one line on standard error, and exit code 1.

use std::error::Error;
use std::fmt;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use encke::journal::{self, Inspection, OpenError};

use super::Failure;

mod records;
mod verify;

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Look for damage: every page, every record, the index, and whether the events follow from
    /// one another. The file stays as it is. Exit code 0 if it is sound, 1 if not.
    Verify(Folder),
    /// Print the events of one call or interaction, a JSON object a line, customer data included.
    /// The file stays as it is.
    Dump(DumpArguments),
    /// Print all records in order, a JSON object a line, customer data included. The file stays as
    /// it is.
    Export(Folder),
    /// Give space of forgotten calls back to the disk.
    Compact(Folder),
}

#[derive(Args, Debug)]
pub(super) struct Folder {
    /// Folder of the journal.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct DumpArguments {
    /// Id of the call or interaction.
    #[arg(value_name = "CALL")]
    id: String,
    #[command(flatten)]
    folder: Folder,
}

pub(super) fn run(command: &JournalCommand) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let result = match command {
        JournalCommand::Verify(folder) => verify::run(&folder.data, &mut out),
        JournalCommand::Dump(dump) => records::dump(&dump.folder.data, &dump.id, &mut out),
        JournalCommand::Export(folder) => records::export(&folder.data, &mut out),
        JournalCommand::Compact(folder) => compact(&folder.data, &mut out),
    };
    // What was written before it went wrong is worth having.
    match (out.flush(), result) {
        // Whoever reads has seen enough, as `head` has.
        (Err(error), _) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        (Err(error), Ok(())) => Err(Failure::other(error)),
        (_, result) => result,
    }
}

fn compact(folder: &Path, out: &mut Out) -> Result<(), Failure> {
    let sizes = journal::compact(folder).map_err(|error| unusable(folder, error))?;
    let line = writeln!(out, "{} bytes before, {} bytes after", sizes.before, sizes.after);
    line.map_err(Failure::other)
}

/// Opens the file to look at.
fn inspect(folder: &Path) -> Result<Inspection, Failure> {
    Inspection::open(folder).map_err(|error| unusable(folder, error))
}

fn unusable(folder: &Path, cause: OpenError) -> Failure {
    let hint = match &cause {
        OpenError::Locked => "; stop the server first, or take a snapshot",
        OpenError::Damaged(_) => "; see \"Damage\" in OPERATIONS",
        _ => "",
    };
    Failure::other(Unusable { folder: folder.to_owned(), hint, cause })
}

/// The file cannot be worked on.
#[derive(Debug)]
struct Unusable {
    folder: PathBuf,
    hint: &'static str,
    cause: OpenError,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the journal in {} cannot be used{}", self.folder.display(), self.hint)
    }
}

impl Error for Unusable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

type Out<'a> = BufWriter<StdoutLock<'a>>;

/// Most damages that are told one by one; their number is told at the end.
const LINES: u64 = 100;
