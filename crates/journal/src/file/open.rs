//! From a folder to an open database, or the reason why not.

use std::error::Error;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;

use super::config::ConfigError;
use super::store::{self, Store};

/// Opens the file at `path`, making it if need be, and locks it.
pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<Store, OpenError> {
    let file = file(path).map_err(|error| OpenError::Folder { path: path.into(), error })?;
    Store::new(FileBackend::new(file).map_err(redb::Error::from)?, cache_bytes)
}

/// Makes the folder and the empty file in it, so that both survive a loss of power.
pub(super) fn prepare(folder: &Path) -> Result<PathBuf, OpenError> {
    let path = folder.join(FILE_NAME);
    let made = || -> io::Result<()> {
        if !path.try_exists()? {
            fs::create_dir_all(folder)?;
            drop(file(&path)?);
            sync_folder(folder)?;
            if let Some(parent) = folder.canonicalize()?.parent() {
                sync_folder(parent)?;
            }
        }
        Ok(())
    };
    made().map_err(|error| OpenError::Folder { path: folder.into(), error })?;
    Ok(path)
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

/// Why a [`FileJournal`](crate::FileJournal) could not be opened. The file is left as it was.
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
    /// The file is not a journal.
    NotAJournal {
        /// What is in it instead, for the operator.
        reason: String,
    },
    /// The disk failed, or the file is damaged.
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
            Self::NotAJournal { reason } => write!(f, "the file is not a journal: {reason}"),
            Self::Io(_) => f.write_str("the journal could not be read"),
            Self::Thread(_) => f.write_str("a thread of the journal could not be started"),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Folder { error, .. } | Self::Io(error) | Self::Thread(error) => Some(error),
            Self::Locked | Self::NewerFormat { .. } | Self::NotAJournal { .. } => None,
        }
    }
}

impl From<ConfigError> for OpenError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<redb::Error> for OpenError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::Locked,
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::NotAJournal { reason: error.to_string() }
            }
            error @ (redb::Error::UpgradeRequired(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)) => Self::NotAJournal { reason: error.to_string() },
            error => Self::Io(store::io_error(error)),
        }
    }
}

/// Name of the file within its folder.
const FILE_NAME: &str = "journal.redb";
