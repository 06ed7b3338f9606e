//! The reading half of a stream: lines into the core's queue, in their order.
//!
//! It ends with the body, or when the body cannot be followed any more. It waits where anything is
//! full, and then nothing is read: for room for one more answer of the stream first, so that a sender
//! who does not read them holds nothing that others need, then for a place among the lines of all
//! streams, which goes into the queue with the line and is free when its turn comes. Of these places a
//! stream that its connection does not ask for more keeps one at most, the one that it waited for.

use std::sync::Arc;

use axum::body::Body;
use encke::calls::{Command, FedId, Queued, SourceName};
use http_body_util::BodyExt as _;
use tokio::sync::{mpsc, watch};

use super::lines::{Lines, TooLong};
use super::said::{Code, Refused};
use super::{Feed, drained, line};

/// A line that was read and is to be answered.
#[derive(Debug)]
pub(super) enum Read {
    /// It waits for the journal.
    Queued(Waiting),
    /// It is no report.
    Refused(Refused),
}

/// A report in the core's queue.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) line: u64,
    pub(super) call: FedId,
    pub(super) seq: u64,
    pub(super) answer: Queued,
}

/// Why a stream ends before its body does; with what the sender is told.
pub(super) type Cut = (Code, &'static str);

const DRAINING: Cut = (Code::Draining, "the server stops; send the rest again");

/// Reads to the end of the body.
pub(super) async fn read(
    mut body: Body,
    feed: Feed,
    source: SourceName,
    to: mpsc::Sender<Read>,
) -> Result<(), Cut> {
    let bounds = feed.0.bounds;
    let mut draining = feed.0.draining.subscribe();
    let mut lines = Lines::new(bounds.line_bytes);
    let mut reading = Reading { feed, source, to, draining: draining.clone(), line: 0 };
    loop {
        while let Some(line) = lines.next().map_err(too_long)? {
            reading.take(&line).await?;
        }
        let frame = tokio::select! {
            frame = tokio::time::timeout(bounds.idle, body.frame()) => frame,
            () = drained(&mut draining) => return Err(DRAINING),
        };
        match frame {
            Err(_) => return Err((Code::Idle, "nothing came for too long")),
            Ok(Some(Err(_))) => return Err((Code::BodyBroken, "the body broke off")),
            Ok(Some(Ok(frame))) => {
                if let Some(piece) = frame.data_ref() {
                    lines.push(piece);
                }
            }
            Ok(None) => {
                let rest = lines.rest();
                return reading.take(&rest).await;
            }
        }
    }
}

fn too_long(_: TooLong) -> Cut {
    (Code::LineTooLong, "a line is too long, so where the next one begins is not known")
}

struct Reading {
    feed: Feed,
    source: SourceName,
    to: mpsc::Sender<Read>,
    draining: watch::Receiver<bool>,
    line: u64,
}

impl Reading {
    /// Takes one line; blank ones are only a sign of life.
    async fn take(&mut self, line: &[u8]) -> Result<(), Cut> {
        self.line += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let read = line::read(&self.source, line, self.feed.0.bounds.depth);
        // A drain ends the waits in front of the queue; what is in it is answered.
        let room = tokio::select! {
            biased;
            room = self.to.reserve() => room.map_err(|_| (Code::Unavailable, "the stream has ended"))?,
            () = drained(&mut self.draining) => return Err(DRAINING),
        };
        let read = match read {
            Err(refused) => Read::Refused(refused.at(self.line)),
            Ok(report) => {
                let stopped = (Code::Unavailable, "the server stops; send the rest again");
                let places = Arc::clone(&self.feed.0.in_flight);
                let place = tokio::select! {
                    biased;
                    place = places.acquire_owned() => place.map_err(|_| stopped)?,
                    () = drained(&mut self.draining) => return Err(DRAINING),
                };
                let (call, seq) = (report.id.clone(), report.seq);
                let queued = self.feed.0.core.queue(Command::Report(report), place).await;
                let answer = queued.map_err(|_| stopped)?;
                Read::Queued(Waiting { line: self.line, call, seq, answer })
            }
        };
        room.send(read);
        Ok(())
    }
}
