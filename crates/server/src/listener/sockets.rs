//! `WebSocket`s from their upgrade to their end.
//!
//! After its upgrade a connection is no longer the listener's: it goes on as a task here, counted
//! against a bound of its own. Beyond the bound the connection is closed. A drain of the brokers
//! ends the sockets, and whoever stops the server waits for that; those that are busy or have no
//! session are cut when the time is up.

use std::sync::Arc;

use encke::transport::SocketTask;
use hyper::rt::Executor;
use tokio::sync::{Semaphore, watch};

/// Runs sockets. Clones share the bound.
#[derive(Clone, Debug)]
pub(crate) struct Sockets {
    places: Arc<Semaphore>,
    most: u32,
    is_cut: watch::Sender<bool>,
}

impl Sockets {
    /// At most `most` sockets at a time.
    pub(crate) fn new(most: usize) -> Self {
        let most = u32::try_from(most).unwrap_or(u32::MAX).min(1 << 28);
        let places = Arc::new(Semaphore::new(most as usize));
        Self { places, most, is_cut: watch::Sender::new(false) }
    }

    /// Waits until no socket is left.
    pub(crate) async fn ended(&self) {
        // Nobody closes the semaphore.
        drop(self.places.acquire_many(self.most).await);
    }

    /// Ends the sockets that are left, wherever they are, and tells how many they were.
    pub(crate) async fn cut(&self) -> usize {
        let left = (self.most as usize).saturating_sub(self.places.available_permits());
        self.is_cut.send_replace(true);
        self.ended().await;
        left
    }
}

impl Executor<SocketTask> for Sockets {
    fn execute(&self, socket: SocketTask) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::debug!("no place for another websocket");
            return;
        };
        let mut is_cut = self.is_cut.subscribe();
        tokio::spawn(async move {
            // Whoever could cut it may be gone, and with them the server.
            tokio::select! {
                () = socket => {}
                _ = is_cut.wait_for(|is_cut| *is_cut) => {}
            }
            drop(place);
        });
    }
}
