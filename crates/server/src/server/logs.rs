//! The logs of messages that are kept on disk: opened before anybody is told anything, kept by a
//! task each, and ended when nothing more is told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use encke::broker::Broker;
use encke::calls::Core;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::StartError;
use crate::journal_gate::Switch;
use crate::replay::{Counts, Found, Kept, Told};

/// Finds what is kept of the log of `broker` below the folder of all logs.
///
/// `None` where there is no such folder, or where the broker keeps no log.
pub(super) async fn find(
    folder: Option<&Path>,
    endpoint: &str,
    broker: &Broker,
    gate: Option<&Switch>,
) -> Result<Option<Found>, StartError> {
    let (Some(folder), Some((age, bytes))) = (folder, broker.log_retention()) else {
        return Ok(None);
    };
    let found = Found::open(folder.join(endpoint), Kept { age, bytes }, gate.cloned()).await;
    found.map(Some).map_err(|error| StartError::part("log of messages", error))
}

/// The folder of all logs in the data folder.
pub(super) fn folder(data: Option<&PathBuf>) -> Option<PathBuf> {
    data.map(|data| data.join("replay"))
}

/// The tasks that keep logs. Dropping it aborts them, which is like a crash to the files.
#[derive(Debug, Default)]
pub(super) struct Logs {
    tasks: JoinSet<()>,
    stops: Vec<oneshot::Sender<()>>,
}

impl Logs {
    /// Keeps the log of `broker`, whose messages follow from the changes of `core` if there is one;
    /// what its keeper counts.
    pub(super) fn keep(
        &mut self,
        found: Found,
        broker: &Broker,
        core: Option<&Core>,
    ) -> Arc<Counts> {
        let (stop, stopped) = oneshot::channel();
        // A sender that is dropped says the same.
        let stopped = async { drop(stopped.await) };
        let told = core.cloned().map(|core| Box::new(move || core.told()) as Told);
        let (task, counts) = found.keep(broker.clone(), told, stopped);
        self.tasks.spawn(task);
        self.stops.push(stop);
        counts
    }

    /// Ends them all: what there is is stored, and the files are let go of.
    pub(super) async fn end(&mut self) {
        self.stops.clear();
        while self.tasks.join_next().await.is_some() {}
    }
}
