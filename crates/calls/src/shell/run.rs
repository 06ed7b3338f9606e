//! The writer's turns: what waits in the queue, in its order, and between two batches the rest.
//!
//! A turn takes commands into [batches](super::batch), then [forgets](super::forgetting) what need
//! not be kept, if there is much of it, and takes one [snapshot](super::condensing), if there is one
//! to take. When the queue is closed, or somebody asks for it, the writer ends with what it owns;
//! senders of what is left see their message dropped.

use std::collections::VecDeque;

use futures::FutureExt;
use tokio::sync::mpsc;

use super::batch::BATCH_COMMANDS;
use super::writer::{Message, WriterState};

impl WriterState {
    /// Serves the queue until it is closed.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        self.sweep(1).await;
        let mut messages = Vec::with_capacity(BATCH_COMMANDS);
        loop {
            let received = queue.recv_many(&mut messages, BATCH_COMMANDS);
            // While there is a snapshot to take, nobody is waited for.
            let received = if self.may_take_snapshot() {
                received.now_or_never()
            } else {
                Some(received.await)
            };
            if received == Some(0) {
                return;
            }
            let mut waiting: VecDeque<Message> = messages.drain(..).collect();
            while let Some(message) = waiting.pop_front() {
                match message {
                    Message::Command(submission) => self.batch(*submission, &mut waiting).await,
                    Message::Sweep(done) => {
                        self.probe().await;
                        self.sweep(1).await;
                        // Whoever asked may have stopped waiting.
                        let _ = done.send(());
                    }
                    Message::Tick(done) => {
                        self.tick().await;
                        let _ = done.send(());
                    }
                    Message::Close(done) => {
                        // Senders of what is left are answered by the drop of their messages.
                        drop((self, queue, waiting));
                        let _ = done.send(());
                        return;
                    }
                }
            }
            self.sweep(SWEEP_DUE).await;
            self.take_snapshot().await;
        }
    }
}

/// Ended calls and interactions that have to be due before commands are kept waiting to forget them.
const SWEEP_DUE: usize = 256;
