//! History, then live, as one stream.
//!
//! A tail holds a page and a place. It asks for pages from its place on; when a page comes back
//! empty it sleeps until the newest position moves, which each home reports through a watch
//! channel. There is no live buffer that could overflow: a reader that lags simply finds more in
//! its next page. No gap and no double can arise because every record comes from a page, and the
//! position is looked at before the page is read.

use std::collections::VecDeque;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use crate::{Entry, Position, ReadError};

/// Gives the page after a position.
pub(crate) type Pages =
    Box<dyn FnMut(Position) -> BoxFuture<'static, Result<Vec<Entry>, ReadError>> + Send>;

/// Most records in a page of a tail; its bytes are bounded by `Limits::page_bytes`.
pub(crate) const PAGE_RECORDS: usize = 256;

/// Streams what `pages` gives after `after`, waiting on `head` in between.
pub(crate) fn tail(
    after: Position,
    head: watch::Receiver<Position>,
    pages: Pages,
) -> BoxStream<'static, Result<Entry, ReadError>> {
    let tail = Tail { after, head, pages, page: VecDeque::new(), ended: false };
    stream::unfold(tail, |mut tail| async move { Some((tail.next().await?, tail)) }).boxed()
}

struct Tail {
    after: Position,
    head: watch::Receiver<Position>,
    pages: Pages,
    page: VecDeque<Entry>,
    ended: bool,
}

impl Tail {
    async fn next(&mut self) -> Option<Result<Entry, ReadError>> {
        let mut live = true;
        while !self.ended {
            if let Some(entry) = self.page.pop_front() {
                self.after = entry.position;
                return Some(Ok(entry));
            }
            let head = *self.head.borrow_and_update();
            match (self.pages)(self.after).await {
                Ok(page) if page.is_empty() && live => {
                    // Without a sender nothing new will come, but what came just before the sender
                    // went may not have been in this page: look once more.
                    live = self.head.changed().await.is_ok();
                }
                Ok(page) if page.is_empty() => self.ended = true,
                Ok(page) => self.page = page.into(),
                Err(ReadError::Closed) if head <= self.after => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
