//! What a feed needs of a core: a command that waits for its place in the queue, an answer that is
//! waited for apart from it, and where each call of a source stands.

use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::CommandError;
use super::core::{Core, Outcome};
use super::writer::{Held, Message, Submission};
use crate::{Call, Command, Note, SourceName};

/// The answer to a command that stands in the queue.
///
/// # Cancel safety
///
/// Dropping it changes nothing: the command is carried out.
#[derive(Debug)]
#[must_use = "only the answer says what became of the command"]
pub struct Queued(oneshot::Receiver<Result<Outcome, CommandError>>);

impl Future for Queued {
    type Output = Result<Outcome, CommandError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answered = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(answered.unwrap_or(Err(CommandError::Stopped)))
    }
}

impl Core {
    /// Waits until the command has a place in the queue; its answer comes apart. Commands that are
    /// queued one after the other are carried out in that order.
    ///
    /// Unlike [`submit`](Self::submit) it is never busy. Whoever has many commands under way has to
    /// bound them: they take the places of others. `held` is for that, such as the permit of a
    /// semaphore: it is dropped when the command has left the queue and its turn has come, or with the
    /// core, however long the answer is kept; `()` where there is nothing to hold.
    ///
    /// # Errors
    ///
    /// [`CommandError::Stopped`].
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, nothing happens.
    pub async fn queue(
        &self,
        command: Command,
        held: impl Send + 'static,
    ) -> Result<Queued, CommandError> {
        let (answer, answered) = oneshot::channel();
        let held = Held::new(held);
        let submission = Submission { command, note: Note::default(), answer, held };
        let message = Message::Command(Box::new(submission));
        self.queue.send(message).await.map_err(|_| CommandError::Stopped)?;
        Ok(Queued(answered))
    }

    /// The calls of a source whose ids come after `after`, in the order of their ids and `limit` of
    /// them at most; ended ones while they are kept. Looks at all calls there are.
    pub fn calls_of_source(
        &self,
        source: &SourceName,
        after: &str,
        limit: usize,
    ) -> Vec<Arc<Call>> {
        // The last ids so far, the greatest on top.
        let mut page: BinaryHeap<ById> = BinaryHeap::new();
        self.shared.snapshots.each_call(|call| {
            let is_theirs = call.fed.as_ref().is_some_and(|fed| fed.source == *source);
            if !is_theirs || call.id.as_str() <= after {
                return;
            }
            if page.len() == limit && page.peek().is_some_and(|last| last.0.id <= call.id) {
                return;
            }
            page.push(ById(Arc::clone(call)));
            if page.len() > limit {
                page.pop();
            }
        });
        page.into_sorted_vec().into_iter().map(|call| call.0).collect()
    }
}

struct ById(Arc<Call>);

impl Ord for ById {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.id.cmp(&other.0.id)
    }
}

impl PartialOrd for ById {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for ById {}
