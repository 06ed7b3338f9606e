//! From a folder to an open database, or the reason why not.

use std::error::Error;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use redb::backends::FileBackend;

use super::config::ConfigError;
use super::failure::Failure;
use super::leftovers;
use super::store::Store;
use crate::Damage;

/// Opens the file at `path`, making it if need be, and locks it.
pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<Store, OpenError> {
    let file = file(path).map_err(|error| OpenError::Folder { path: path.into(), error })?;
    Store::new(FileBackend::new(file).map_err(Failure::from)?, cache_bytes)
}

/// Makes the folder and an empty journal in it, so that both survive a loss of power.
///
/// A file that lost power while it is made is none that can be opened, so it is made under another
/// name first. Nobody else's file is ever replaced by it.
pub(super) fn prepare(folder: &Path) -> Result<PathBuf, OpenError> {
    let path = folder.join(FILE_NAME);
    let failed = |error| OpenError::Folder { path: folder.into(), error };
    if !path.try_exists().map_err(failed)? {
        make(folder, &path)?;
    }
    leftovers::remove(folder, NEW_PREFIX);
    Ok(path)
}

fn make(folder: &Path, path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::Folder { path: folder.into(), error };
    fs::create_dir_all(folder).map_err(failed)?;
    let new = folder.join(format!("{NEW_PREFIX}{}", process::id()));
    let laid_out = match open(&new, NEW_CACHE_BYTES) {
        // Somebody was killed just here.
        Err(OpenError::NotAJournal { .. } | OpenError::Damaged(_)) => {
            remove(&new).map_err(failed)?;
            open(&new, NEW_CACHE_BYTES)
        }
        Err(OpenError::Locked) => return Err(OpenError::Locked),
        opened => opened,
    };
    let made = laid_out.and_then(|store| {
        drop(store);
        let placed = || -> io::Result<()> {
            file(&new)?.sync_all()?;
            match fs::hard_link(&new, path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // Not every file system has links.
                Err(_) if !path.try_exists()? => fs::rename(&new, path)?,
                Err(error) => return Err(error),
                Ok(()) => {}
            }
            sync_folder(folder)?;
            if let Some(parent) = folder.canonicalize()?.parent() {
                sync_folder(parent)?;
            }
            Ok(())
        };
        placed().map_err(failed)
    });
    remove(&new).map_err(failed)?;
    made
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The file in `folder`, which has to be there.
pub(super) fn existing(folder: &Path) -> Result<PathBuf, OpenError> {
    let path = folder.join(FILE_NAME);
    match path.try_exists() {
        Ok(true) => Ok(path),
        Ok(false) => Err(OpenError::Missing { path }),
        Err(error) => Err(OpenError::Folder { path, error }),
    }
}

fn file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a new name in `folder` durable. Only Unix lets a folder be synced.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Why a [`FileJournal`](crate::FileJournal) could not be opened. No record of the file is changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// A setting is wrong.
    Config(ConfigError),
    /// The folder or the file in it could not be made or opened.
    Folder {
        /// What could not be made or opened.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The journal is open already, in this process or another.
    Locked,
    /// The file was written by a newer version of this crate.
    NewerFormat {
        /// The format of the file.
        found: u64,
        /// The newest format that this version reads.
        supported: u64,
    },
    /// The file is of an older format, and was only to be looked at. Opening it as a journal
    /// upgrades it.
    OlderFormat {
        /// The format of the file.
        found: u64,
        /// The format that this version reads.
        supported: u64,
    },
    /// There is no file, and none was to be made.
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// The file is not a journal.
    NotAJournal {
        /// What is in it instead, for the operator.
        reason: String,
    },
    /// The file is not as a journal left it.
    Damaged(Damage),
    /// The disk failed.
    Io(io::Error),
    /// A thread could not be started.
    Thread(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(_) => f.write_str("the journal is configured wrongly"),
            Self::Folder { path, .. } => {
                write!(f, "the journal at {} cannot be made or opened", path.display())
            }
            Self::Locked => f.write_str("the journal is open already"),
            Self::NewerFormat { found, supported } => {
                write!(f, "the journal has format {found}, this version reads up to {supported}")
            }
            Self::OlderFormat { found, supported } => write!(
                f,
                "the journal has format {found}; a server that opens it upgrades it to {supported}"
            ),
            Self::Missing { path } => write!(f, "there is no journal at {}", path.display()),
            Self::NotAJournal { reason } => write!(f, "the file is not a journal: {reason}"),
            Self::Damaged(_) => f.write_str("the journal is damaged"),
            Self::Io(_) => f.write_str("the disk of the journal could not be read"),
            Self::Thread(_) => f.write_str("a thread of the journal could not be started"),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Folder { error, .. } | Self::Io(error) | Self::Thread(error) => Some(error),
            Self::Damaged(damage) => Some(damage),
            Self::Locked
            | Self::NewerFormat { .. }
            | Self::OlderFormat { .. }
            | Self::Missing { .. }
            | Self::NotAJournal { .. } => None,
        }
    }
}

impl From<ConfigError> for OpenError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// Name of the file within its folder.
const FILE_NAME: &str = "journal.redb";

/// Name of the file while it is made, before the id of the process that makes it.
const NEW_PREFIX: &str = "journal.redb.new-";

/// Enough to lay out an empty file.
const NEW_CACHE_BYTES: usize = 1 << 20;
