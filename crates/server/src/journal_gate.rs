//! A journal whose failures can be ordered, for tests of what a failing disk does.
//!
//! Stands between the call-state core and the real journal where the simulator is enabled, and
//! nowhere else. Reads pass; what is stored is stored by the real journal.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use encke::journal::{
    Append, AppendError, Entry, Journal, Key, Position, ReadError, Stats, Version,
};
use futures::future::BoxFuture;
use futures::stream::BoxStream;

/// What happens to writes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing unusual.
    #[default]
    None,
    /// Each is refused as if the disk were full.
    Fail,
    /// Each waits first.
    Delay(Duration),
}

/// Decides what happens at gates. Clones are the same switch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch(Arc<Mutex<Fault>>);

impl Switch {
    /// Changes what happens to writes from now on.
    pub(crate) fn set(&self, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn fault(&self) -> Fault {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A journal behind a gate.
#[derive(Debug)]
pub(crate) struct JournalGate {
    inner: Arc<dyn Journal>,
    switch: Switch,
}

impl JournalGate {
    /// A gate before `inner`, which is open or not as `switch` says.
    pub(crate) fn new(inner: Arc<dyn Journal>, switch: Switch) -> Self {
        Self { inner, switch }
    }

    async fn pass(&self) -> Result<(), AppendError> {
        match self.switch.fault() {
            Fault::None => Ok(()),
            Fault::Fail => Err(AppendError::Full(Arc::new(io::ErrorKind::StorageFull.into()))),
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }
}

impl Journal for JournalGate {
    fn append(&self, batch: Vec<Append>) -> BoxFuture<'_, Result<Position, AppendError>> {
        Box::pin(async move {
            self.pass().await?;
            self.inner.append(batch).await
        })
    }

    fn read(&self, key: &Key, after: Version) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.inner.read(key, after)
    }

    fn scan(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.inner.scan(after, limit)
    }

    fn tail(&self, after: Position) -> BoxStream<'static, Result<Entry, ReadError>> {
        self.inner.tail(after)
    }

    fn forget(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(async move {
            self.pass().await?;
            self.inner.forget(keys).await
        })
    }

    fn snapshot(
        &self,
        key: &Key,
        until: Version,
        record: Bytes,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        let key = key.clone();
        Box::pin(async move {
            self.pass().await?;
            self.inner.snapshot(&key, until, record).await
        })
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}

#[cfg(test)]
mod tests {
    use encke::journal::MemoryJournal;

    use super::*;

    fn gate(switch: &Switch) -> JournalGate {
        JournalGate::new(Arc::new(MemoryJournal::default()), switch.clone())
    }

    fn batch() -> Vec<Append> {
        Vec::new()
    }

    #[tokio::test]
    async fn failing_gate_refuses_writes_until_it_is_opened() {
        let switch = Switch::default();
        let gate = gate(&switch);
        switch.set(Fault::Fail);
        assert!(matches!(gate.append(batch()).await, Err(AppendError::Full(_))));
        assert!(matches!(gate.forget(Vec::new()).await, Err(AppendError::Full(_))));
        let snapshot = gate.snapshot(&Key::new("a").unwrap(), Version::ZERO, Bytes::new());
        assert!(matches!(snapshot.await, Err(AppendError::Full(_))));
        assert!(gate.scan(Position::ZERO, 1).await.is_ok(), "reads pass");
        switch.set(Fault::None);
        assert!(gate.append(batch()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn slow_gate_lets_writes_wait() {
        let switch = Switch::default();
        let gate = gate(&switch);
        switch.set(Fault::Delay(Duration::from_secs(5)));
        let write = gate.append(batch());
        let early = tokio::time::timeout(Duration::from_millis(4_999), write).await;
        assert!(early.is_err());
        let write = gate.append(batch());
        let late = tokio::time::timeout(Duration::from_millis(5_001), write).await;
        assert!(late.unwrap().is_ok());
    }
}
