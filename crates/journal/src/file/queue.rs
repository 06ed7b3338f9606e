//! The bounded queue between async callers and one blocking thread.

use std::pin::pin;

use futures::executor::block_on;
use futures::future::{self, Either};
use tokio::sync::mpsc;

/// Waits for the next command, blocking the thread.
///
/// Once `end` is ready the queue takes no more; what is in it is still handed out, and then `None`.
pub(super) fn next<T>(queue: &mut mpsc::Receiver<T>, end: impl Future<Output = ()>) -> Option<T> {
    block_on(async {
        if !queue.is_closed() {
            // The end is looked at first, or callers who never pause could put it off for ever.
            match future::select(pin!(end), pin!(queue.recv())).await {
                Either::Left(_) => {}
                Either::Right((command, _)) => return command,
            }
            queue.close();
        }
        queue.recv().await
    })
}
