//! One stream of reports: the body of a response, which answers what comes in the request's.
//!
//! | State    | What happens                                    | Left when                          | Next     |
//! |----------|-------------------------------------------------|------------------------------------|----------|
//! | reading  | lines are read, queued and answered, in order   | the body ends or cannot be followed | rest     |
//! | reading  |                                                 | a report cannot be stored          | rest     |
//! | rest     | what is queued is answered; nothing is read     | all is                             | ended    |
//!
//! In the rest after a failure nothing is answered: what is refused then may be so because something
//! in front of it is missing, and an acknowledgement would seem to be that of the line that failed.
//! All of it comes again, and what was stored is known then.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use encke::calls::{CommandError, Outcome};
use futures::Stream;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::places::Place;
use super::reader::{self, Cut, Read, Waiting};
use super::said::{self, Acknowledged, Answered, Began, Code, Ended, Refused};
use super::source::Source;
use super::{Feed, FeedBounds};
use crate::metrics::Counted;

/// How reports are acknowledged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ack {
    /// Each by a line.
    #[default]
    Each,
    /// All so far by their number.
    Count,
}

/// Bytes of answers at which they leave.
const CHUNK: usize = 16_384;

/// The stream.
pub(super) struct Exchange {
    reader: Option<BoxFuture<'static, Result<(), Cut>>>,
    read: mpsc::Receiver<Read>,
    front: Option<Waiting>,
    out: Vec<u8>,
    ack: Ack,
    /// Lines that were answered and not counted to the sender.
    uncounted: bool,
    answered: u64,
    cut: Option<Cut>,
    failed: bool,
    over: bool,
    acknowledged: u64,
    known: u64,
    refused: u64,
    counted: Counted,
    _place: Place,
}

impl Exchange {
    pub(super) fn new(feed: &Feed, source: &Source, body: Body, ack: Ack, place: Place) -> Self {
        let FeedBounds { in_flight, line_bytes, .. } = feed.0.bounds;
        let (to, read) = mpsc::channel(in_flight);
        let mut out = Vec::new();
        let began = Began {
            source: source.name.as_str(),
            max_line_bytes: line_bytes,
            max_in_flight: in_flight,
        };
        said::line(&mut out, &began);
        Self {
            reader: Some(Box::pin(reader::read(body, feed.clone(), source.name.clone(), to))),
            read,
            front: None,
            out,
            ack,
            uncounted: false,
            answered: 0,
            cut: None,
            failed: false,
            over: false,
            acknowledged: 0,
            known: 0,
            refused: 0,
            counted: feed.0.counted.clone(),
            _place: place,
        }
    }

    /// Reads on as far as there is room.
    fn read_on(&mut self, cx: &mut Context<'_>) {
        let Some(reader) = &mut self.reader else { return };
        if let Poll::Ready(ended) = reader.as_mut().poll(cx) {
            self.reader = None;
            if let Err(cut) = ended {
                self.cut.get_or_insert(cut);
            }
        }
    }

    /// Answers what can be; ready when all is.
    fn answer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.out.len() < CHUNK {
            if let Some(mut front) = self.front.take() {
                match Pin::new(&mut front.answer).poll(cx) {
                    Poll::Ready(result) => self.settle(&front, result),
                    Poll::Pending => {
                        self.front = Some(front);
                        return Poll::Pending;
                    }
                }
                continue;
            }
            match self.read.poll_recv(cx) {
                Poll::Ready(Some(Read::Queued(next))) => self.front = Some(next),
                Poll::Ready(Some(Read::Refused(refused))) => self.refuse(&refused),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        // There is more, and the reader may need what has become free.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn settle(&mut self, line: &Waiting, result: Result<Outcome, CommandError>) {
        match result {
            Ok(outcome) => {
                let known = !outcome.changed;
                self.counted.feed(if known { "known" } else { "stored" });
                if self.failed {
                    return;
                }
                self.acknowledged += 1;
                self.known += u64::from(known);
                match self.ack {
                    Ack::Each => {
                        let (call, seq) = (line.call.as_str(), line.seq);
                        said::line(&mut self.out, &Acknowledged { call, seq, ok: true, known });
                    }
                    Ack::Count => {
                        self.answered = line.line;
                        self.uncounted = true;
                    }
                }
            }
            Err(CommandError::Refused(refusal)) => {
                let refused = Refused::new(said::code(&refusal), refusal.to_string())
                    .of(Some(line.call.as_str()), Some(line.seq))
                    .at(line.line)
                    .expecting(&refusal);
                self.refuse(&refused);
            }
            Err(_) => {
                self.counted.feed("unavailable");
                self.failed = true;
                self.reader = None;
                self.cut.get_or_insert((
                    Code::Unavailable,
                    "reports cannot be stored at the moment; send again what was not acknowledged",
                ));
            }
        }
    }

    fn refuse(&mut self, refused: &Refused) {
        if self.failed {
            return;
        }
        self.count_up();
        self.refused += 1;
        self.counted.feed("refused");
        said::line(&mut self.out, refused);
    }

    /// Tells how many lines are answered, where the sender wants counts.
    fn count_up(&mut self) {
        if std::mem::take(&mut self.uncounted) {
            said::line(&mut self.out, &Answered { answered: self.answered });
        }
    }

    fn end(&mut self) {
        self.over = true;
        let (acknowledged, known, refused) = (self.acknowledged, self.known, self.refused);
        let (error, message) =
            self.cut.map_or((None, None), |(code, text)| (Some(code), Some(text)));
        let end = true;
        let ended = Ended { error, message, end, acknowledged, known, refused };
        said::line(&mut self.out, &ended);
    }
}

impl Stream for Exchange {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        this.read_on(cx);
        let all = this.answer(cx);
        this.count_up();
        if all.is_ready() && this.reader.is_none() {
            this.end();
        }
        if this.out.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(std::mem::take(&mut this.out).into())))
    }
}
