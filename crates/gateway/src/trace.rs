//! The trace: every copy of every T-Library event, for supervisors and services, as it is sent.
//!
//! A [`Trace`] is one feed with many readers. The projection writes, on the core's writer, and never
//! waits for a reader; each reader is an HTTP answer that goes on. It is a trace and no journal: what
//! was sent before somebody reads is not told, and who comes back after a break has missed it.
//!
//! # Bounds
//!
//! | What                          | Bound    | Beyond it                                            |
//! |-------------------------------|----------|------------------------------------------------------|
//! | readers at a time             | 32       | 503, `statusCode` 4                                  |
//! | copies a reader is behind     | 512      | the oldest are passed over, and `missed` says how many |
//! | time that one answer goes on  | 15 min   | it ends; the reader asks again, and is judged again  |
//! | silence                       | 15 s     | a comment, by which proxies and readers see life     |
//!
//! Nothing is rendered and nothing kept while nobody reads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};
use tokio::time::{Instant, timeout, timeout_at};

use crate::notify::Place;
use crate::time;

/// The feed of one projection, of copies as server-sent events. Clones are the same feed.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Mutex<Option<Sender<Bytes>>>>);

/// Readers at a time.
pub(crate) const MOST_READERS: usize = 32;
/// Copies that are kept for who is behind.
const MOST_BEHIND: usize = 512;
/// How long one answer goes on.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// After how long a silence a comment is sent.
const SILENCE: Duration = Duration::from_secs(15);

impl Trace {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(broadcast::channel(MOST_BEHIND).0))))
    }

    /// Ends every answer that goes on, and takes no further reader. For a server that stops.
    pub fn close(&self) {
        drop(self.feed().take());
    }

    /// Whether there is anybody to write for.
    pub(crate) fn is_read(&self) -> bool {
        self.feed().as_ref().is_some_and(|feed| feed.receiver_count() > 0)
    }

    /// Writes one copy; its place is its id.
    ///
    /// User data stays as it was written, with line ends between its tokens, and the first of them
    /// would end the event. In a string they are escaped, so to read they are blanks.
    pub(crate) fn write(&self, event: &str, place: Place, json: &str) {
        let json = json.replace(['\r', '\n'], " ");
        let text = format!("id: {}\nevent: {event}\ndata: {json}\n\n", place.sequence());
        if let Some(feed) = self.feed().as_ref() {
            // That nobody reads any more is no error.
            drop(feed.send(text.into()));
        }
    }

    /// A body that goes on with what is written from now on; `None` when there are too many, or when
    /// it is closed.
    pub(crate) fn read(&self) -> Option<Body> {
        let copies = {
            let feed = self.feed();
            feed.as_ref().filter(|feed| feed.receiver_count() < MOST_READERS)?.subscribe()
        };
        let reader =
            Reader { copies, until: Instant::from_std(time::now()) + LONGEST, begun: false };
        Some(Body::from_stream(stream::unfold(reader, |mut reader| async move {
            let next = reader.next().await?;
            Some((Ok::<_, std::convert::Infallible>(next), reader))
        })))
    }

    // Nothing panics while it is held, and nothing waits.
    fn feed(&self) -> std::sync::MutexGuard<'_, Option<Sender<Bytes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One answer that goes on.
struct Reader {
    copies: Receiver<Bytes>,
    until: Instant,
    begun: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            self.begun = true;
            return Some(Bytes::from_static(b": the trace begins\n\n"));
        }
        // Who is behind has always something to read, and would never be found late.
        if Instant::from_std(time::now()) >= self.until {
            return None;
        }
        let next = timeout_at(self.until, timeout(SILENCE, self.copies.recv())).await.ok()?;
        match next {
            Ok(Ok(copy)) => Some(copy),
            Ok(Err(RecvError::Lagged(missed))) => {
                Some(format!("event: missed\ndata: {{\"missed\":{missed}}}\n\n").into())
            }
            Ok(Err(RecvError::Closed)) => None,
            Err(_) => Some(Bytes::from_static(b": nothing happens\n\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_always_behind_is_asked_to_come_back_as_well() {
        let (feed, _) = broadcast::channel(2);
        let now = Instant::from_std(time::now());
        for (until, goes_on) in [(now, false), (now + LONGEST, true)] {
            let mut reader = Reader { copies: feed.subscribe(), until, begun: true };
            for _ in 0..3 {
                feed.send(Bytes::from_static(b"data: {}\n\n")).unwrap();
            }
            assert_eq!(reader.next().await.is_some(), goes_on);
        }
    }
}
