//! Streams against a core, without a connection: answers that nobody reads, and a journal that fails.

use std::time::Duration;

use axum::body::Body;
use encke::calls::{CoreConfig, SourceName, SystemClock};
use encke::journal::{Fault, FaultyJournal, MemoryJournal};
use encke_testkit::DEADLINE;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::exchange::{Ack, Exchange};
use super::said::Code;
use super::source::Source;
use super::*;

/// A feed with so many places for lines of all streams, and its journal.
async fn feed(altogether: usize, queue: usize) -> (Feed, Arc<FaultyJournal>) {
    let faults = Arc::new(FaultyJournal::new(Arc::new(MemoryJournal::new())));
    let journal: Arc<dyn Journal> = faults.clone();
    let config = CoreConfig::default().queue(queue);
    let opened = Core::open(Arc::clone(&journal), config, Arc::new(SystemClock), Vec::new()).await;
    let (core, writer) = opened.unwrap();
    tokio::spawn(writer);
    let bounds = FeedBounds {
        line_bytes: 1_000,
        depth: 10,
        in_flight: 20,
        in_flight_altogether: altogether,
        streams: 1,
        idle: Duration::from_secs(600),
        heartbeat: Duration::from_secs(600),
    };
    (Feed::new(core, journal, bounds, Counted::default()), faults)
}

fn source() -> SourceName {
    SourceName::new("pbx").unwrap()
}

/// Calls that begin, so many.
fn calls(count: usize) -> Body {
    let line = |n| {
        json!({"call": format!("c{n}"), "seq": 1, "event": "began", "type": "Inbound",
            "parties": [{"number": "+15550100", "state": "Established"}]})
    };
    Body::from((1..=count).fold(String::new(), |text, n| text + &line(n).to_string() + "\n"))
}

#[tokio::test]
async fn answers_that_nobody_reads_take_no_place_of_other_streams() {
    let (feed, _) = feed(2, 100).await;
    let (to, unread) = mpsc::channel(20);
    let reading = reader::read(calls(10), feed.clone(), source(), to);
    timeout(DEADLINE, reading).await.expect("it waits for the core only").unwrap();
    feed.0.core.sweep().await;
    assert_eq!((unread.len(), feed.0.in_flight.available_permits()), (10, 2));
}

#[tokio::test]
async fn drain_ends_a_stream_whose_answers_nobody_reads() {
    let (feed, _) = feed(20, 100).await;
    let (to, mut unread) = mpsc::channel(2);
    let reading = tokio::spawn(reader::read(calls(10), feed.clone(), source(), to));
    while unread.len() < 2 {
        tokio::task::yield_now().await;
    }
    feed.begin_drain();
    let (code, _) = timeout(DEADLINE, reading).await.unwrap().unwrap().unwrap_err();
    assert_eq!(code, Code::Draining);
    feed.0.core.sweep().await;
    let stored = (1..=10).filter(|n| feed.0.core.call(&format!("c{n}@pbx")).is_some());
    assert_eq!(stored.count(), 2, "what has no room for its answer is not queued");
    assert!(unread.recv().await.is_some() && unread.recv().await.is_some());
    assert!(unread.recv().await.is_none());
}

/// A feeder may take the first acknowledgement for that of its first line.
#[tokio::test]
async fn nothing_is_acknowledged_behind_a_report_that_was_not_stored() {
    for ack in [Ack::Each, Ack::Count] {
        // A queue of one, so that each line is a batch of its own.
        let (feed, faults) = feed(20, 1).await;
        faults.fail_next(1, Fault::Full);
        let source = Source { name: source(), key: "core".into() };
        let place = feed.0.places.take(&source.key).unwrap();
        let exchange = Exchange::new(&feed, &source, calls(3), ack, place);
        let answers = timeout(DEADLINE, exchange.collect::<Vec<_>>()).await.unwrap();
        let answers: Vec<u8> = answers.into_iter().flat_map(Result::unwrap).collect();
        let answers: Vec<Value> =
            answers.split_inclusive(|byte| *byte == b'\n').map(parse).collect();
        assert!(feed.0.core.call("c1@pbx").is_none(), "the first was not stored");
        assert!(feed.0.core.call("c2@pbx").is_some(), "the second was");
        assert_eq!(answers.len(), 2, "{ack:?}: {answers:?}");
        assert_eq!(
            (&answers[1]["error"], &answers[1]["acknowledged"]),
            (&json!("unavailable"), &json!(0))
        );
    }
}

#[test]
fn user_data_with_line_breaks_is_one_line() {
    #[derive(serde::Serialize)]
    struct Told {
        data: Box<serde_json::value::RawValue>,
    }
    let text = "{\"a\":\r\n[1,\n\"\\r\\n\"]}".to_owned();
    let mut out = b"before\n".to_vec();
    said::line(&mut out, &Told { data: serde_json::value::RawValue::from_string(text).unwrap() });
    let told = out.strip_prefix(b"before\n").unwrap();
    assert_eq!(told.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count(), 1);
    assert_eq!(parse(told), json!({"data": {"a": [1, "\r\n"]}}));
}

fn parse(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap()
}
