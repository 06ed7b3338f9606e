//! Opening the journal's home.

use std::path::PathBuf;
use std::sync::Arc;

use encke::journal::{FileConfig, FileJournal, Journal};
use tempfile::TempDir;

use super::StartError;

/// Opens the journal in `data`, or in a temporary folder that goes with the server.
pub(super) async fn open(
    data: Option<PathBuf>,
) -> Result<(Option<TempDir>, Arc<dyn Journal>), StartError> {
    let (folder, path) = if let Some(path) = data {
        (None, path)
    } else {
        let folder = tempfile::Builder::new()
            .prefix("encke-")
            .tempdir()
            .map_err(|error| StartError::part("temporary folder", error))?;
        let path = folder.path().to_owned();
        (Some(folder), path)
    };
    let opened =
        tokio::task::spawn_blocking(move || FileJournal::open(&path, FileConfig::default()));
    let journal = opened
        .await
        .map_err(|error| StartError::part("journal", error))?
        .map_err(|error| StartError::part("journal", error))?;
    Ok((folder, Arc::new(journal)))
}
