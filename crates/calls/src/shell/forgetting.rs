//! Forgetting what has ended, once it need not be kept.

use encke_journal::Key;

use super::record_key;
use super::stats::count;
use super::writer::WriterState;
use crate::Subject;

impl WriterState {
    /// Forgets what need not be kept, when at least `enough` of it is due.
    pub(super) async fn sweep(&mut self, enough: usize) {
        loop {
            let due = self.retention.due(self.clock.now_ms()).min(FORGET_KEYS);
            if due == 0 || due < enough {
                break;
            }
            let keys: Vec<Key> = self.retention.first(due).map(record_key::of).collect();
            if let Err(error) = self.journal.forget(keys).await {
                tracing::warn!(%error, "ended calls could not be forgotten");
                break;
            }
            let gone = self.retention.first(due).cloned().collect();
            self.due.forget(&gone);
            for subject in self.retention.forget(due) {
                match subject {
                    Subject::Call(id) => {
                        self.state.set_call(&id, None);
                        self.shared.snapshots.forget_call(&id);
                    }
                    Subject::Interaction(key) => {
                        self.state.set_interaction(&key.id, None);
                        self.shared.snapshots.forget_interaction(&key.id);
                    }
                    Subject::Line(id) => self.state.forget_era(&id),
                }
            }
            count(&self.shared.counters.forgotten, due);
            self.count_held();
        }
    }
}

/// Keys forgotten at once, at most.
const FORGET_KEYS: usize = 1024;
