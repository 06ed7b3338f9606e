//! `kill -9` under a feed: a core outside reports its calls as fast as it is answered, the server
//! dies in the middle, and what was not acknowledged is sent again.
//!
//! Whatever was acknowledged must be there when the server is back, and nothing twice: the number of
//! the last report, the version of the call and the number of its events are one and the same. Desks
//! that were away are shown each change once and in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use encke_testkit::{Agent, Desk, FeedStream, Launch, Request, Server};
use serde_json::{Value, json};

use crate::dumped::Dumped;

/// How long each server lives.
const LIVES_MS: [u64; 4] = [300, 1_200, 500, 900];
/// Calls that are fed, each to an agent of its own.
const CALLS: u64 = 4;
/// Lines that may be unanswered.
const WINDOW: u64 = 1_000;
/// More than are kept by default.
const SETTINGS: &str = "[[channels]]\nendpoint = \"notifications\"\npattern = \"/v2/me/**\"\n\
     replay_age_ms = 600000\nreplay_messages = 100000\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_over_kills() {
    let settings = format!("{}{SETTINGS}", FeedStream::SETTINGS);
    let mut server = Launch::demo().agents(CALLS as usize).config(&settings).start().await;
    let mut desks: Vec<Desk> =
        (1..=CALLS).map(|n| Desk::new(&format!("agent{n}"), "/v2/me/calls")).collect();
    for desk in &mut desks {
        desk.come_back(server.address()).await;
        desk.leave();
    }
    let feeder = Arc::new(AtomicU64::new(0));
    let mut known = 0;
    for life_ms in LIVES_MS {
        let (address, answered) = (server.address(), Arc::clone(&feeder));
        let feeding = tokio::spawn(async move { feed(address, answered, u64::MAX).await });
        tokio::time::sleep(Duration::from_millis(life_ms)).await;
        server.kill_hard().await;
        let (ended, again) = feeding.await.expect("the feeder does not panic");
        assert!(ended.is_err(), "the feed ends with the server only");
        known += again;
        server.restart().await;
        check_stands(&server, feeder.load(Ordering::Relaxed), WINDOW).await;
    }
    let fed = feeder.load(Ordering::Relaxed);
    assert!(fed >= CALLS, "a feed was a feed: {fed} lines were answered before the last kill");
    // What is left, and a line more for each call.
    let last = (fed + WINDOW).next_multiple_of(CALLS);
    let (ended, again) = feed(server.address(), Arc::clone(&feeder), last).await;
    ended.expect("nobody kills this one");
    check_stands(&server, last, 0).await;
    let lines = last / CALLS;
    for (n, desk) in (1..).zip(&mut desks) {
        let mut agent = Agent::new(&server, &format!("agent{n}"));
        let call = agent.call(&format!("{}@pbx", id(n - 1))).await;
        assert_eq!(call["userData"]["n"], lines);
        assert_eq!(desk.come_back(server.address()).await["status"], "resumed");
        let shown = desk.shown().iter().map(|(_, data)| data["call"]["userData"]["n"].as_u64());
        assert!(shown.eq((1..=lines).map(Some)), "each once and in order: {desk:?}");
        desk.leave();
    }
    println!("{last} lines, {} known when they were sent again", known + again);
    server.kill_hard().await;
    for call in 0..CALLS {
        let dumped = Dumped::new(server.dump(&format!("{}@pbx", id(call))).await);
        assert_eq!(dumped.last(), lines, "each report has its event, and nothing else has one");
        if let Some(whole) = &dumped.snapshot {
            assert_eq!(whole["fed"]["seq"], dumped.stands_for, "{whole}");
        }
        let seqs = dumped.events.iter().map(|event| event["feed"]["seq"].as_u64());
        assert!(seqs.eq((dumped.stands_for + 1..=lines).map(Some)), "each has its own number");
    }
}

/// The line of this number: the calls take turns.
fn line(number: u64) -> Value {
    let (call, seq) = (number % CALLS, number / CALLS + 1);
    if seq == 1 {
        return json!({"call": id(call), "seq": 1, "event": "began", "type": "Inbound",
            "userData": {"n": 1}, "parties": [
                {"number": "+15550100", "state": "Established", "role": "Origin"},
                {"dn": (20_001 + call).to_string(), "state": "Established"}]});
    }
    json!({"call": id(call), "seq": seq, "event": "update", "userData": {"n": seq}})
}

fn id(call: u64) -> String {
    format!("call-{call}")
}

/// Feeds from the first line that is not answered, to `end` or until the server is gone; and how
/// many lines were known.
async fn feed(address: SocketAddr, answered: Arc<AtomicU64>, end: u64) -> (io::Result<()>, u64) {
    let mut known = 0;
    (feed_counting(address, answered, end, &mut known).await, known)
}

async fn feed_counting(
    address: SocketAddr,
    answered: Arc<AtomicU64>,
    end: u64,
    known: &mut u64,
) -> io::Result<()> {
    let stream = FeedStream::open(address, "pbx").await?;
    let (mut sending, mut answers) = stream.split();
    let mut sent = answered.load(Ordering::Relaxed);
    let progress = Arc::clone(&answered);
    let writing = tokio::spawn(async move {
        while sent < end {
            let until = (progress.load(Ordering::Relaxed) + WINDOW).min(end).min(sent + 100);
            let lines: String = (sent..until).map(|number| format!("{}\n", line(number))).collect();
            sent = until;
            if lines.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            } else if sending.send_text(&lines).await.is_err() {
                break;
            }
        }
        // Kept open: the connection is the feed's until all is answered.
        sending
    });
    let mut hear = async || {
        answers.next().await?;
        while answered.load(Ordering::Relaxed) < end {
            let answer = answers.next().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let number = answered.load(Ordering::Relaxed);
            let expected = (json!(id(number % CALLS)), json!(number / CALLS + 1), json!(true));
            let seen = (answer["call"].clone(), answer["seq"].clone(), answer["ok"].clone());
            assert_eq!(seen, expected, "{answer}");
            *known += u64::from(answer["known"] == true);
            answered.store(number + 1, Ordering::Relaxed);
        }
        Ok(())
    };
    let heard = hear().await;
    writing.abort();
    heard
}

/// Every call stands at least where it was acknowledged to, and nothing is doubled.
async fn check_stands(server: &Server, answered: u64, ahead: u64) {
    for call in 0..CALLS {
        let path = format!("/api/feed/v1/pbx/calls/{}", id(call));
        let request = Request::new("GET", &path).header("x-api-key", FeedStream::KEY);
        let stands = server.request(&request).await.value();
        let acknowledged = (answered + CALLS - 1 - call) / CALLS;
        let seq = stands["seq"].as_u64().unwrap_or(0);
        assert!(
            (acknowledged..=acknowledged + ahead).contains(&seq),
            "acknowledged {acknowledged}, found {stands}"
        );
        assert!(stands["version"] == stands["seq"], "doubled or lost: {stands}");
    }
}
