//! `WebSocket`s from their upgrade to their end.
//!
//! After its upgrade a connection is no longer the listener's: it goes on as a task here, counted
//! against a bound of its own. Beyond the bound the connection is closed. A drain of the brokers
//! ends every socket, and whoever stops the server waits for that.

use std::sync::Arc;

use encke::transport::SocketTask;
use hyper::rt::Executor;
use tokio::sync::Semaphore;

/// Runs sockets. Clones share the bound.
#[derive(Clone, Debug)]
pub(crate) struct Sockets {
    places: Arc<Semaphore>,
    most: u32,
}

impl Sockets {
    /// At most `most` sockets at a time.
    pub(crate) fn new(most: usize) -> Self {
        let most = u32::try_from(most).unwrap_or(u32::MAX).min(1 << 28);
        Self { places: Arc::new(Semaphore::new(most as usize)), most }
    }

    /// Waits until no socket is left.
    pub(crate) async fn ended(&self) {
        // Nobody closes the semaphore.
        drop(self.places.acquire_many(self.most).await);
    }
}

impl Executor<SocketTask> for Sockets {
    fn execute(&self, socket: SocketTask) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::debug!("no place for another websocket");
            return;
        };
        tokio::spawn(async move {
            socket.await;
            drop(place);
        });
    }
}
