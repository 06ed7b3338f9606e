//! The faults of a faulty journal do what they say, and nothing else.

use std::sync::Arc;

use crate::homes::{Home, append, key, show};
use encke_journal::{AppendError, Fault, FaultyJournal, Journal, Limits, Position, Version};
use futures::FutureExt;
use tokio::sync::Semaphore;

fn faulty() -> FaultyJournal {
    FaultyJournal::new(Home::memory(Limits::default()).journal)
}

#[tokio::test]
async fn faults_end_when_healed() {
    let journal = faulty();
    journal.fail(Fault::Full);
    journal.fail_next(1, Fault::Io);
    let first = journal.append(vec![append("a", 0, &["1"])]).await;
    assert!(matches!(first, Err(AppendError::Io(_))));
    for _ in 0..2 {
        let full = journal.append(vec![append("a", 0, &["1"])]).await;
        assert!(matches!(full, Err(AppendError::Full(_))));
    }
    assert!(matches!(journal.forget(vec![key("a")]).await, Err(AppendError::Full(_))));
    let snapshot = journal.snapshot(&key("a"), Version::ZERO, "s".into()).await;
    assert!(matches!(snapshot, Err(AppendError::Full(_))));
    assert_eq!(journal.stats().failed, 5);
    journal.heal();
    assert_eq!(journal.append(vec![append("a", 0, &["1"])]).await.unwrap(), Position::new(1));
}

#[tokio::test]
async fn lost_answer_is_an_error_about_something_stored() {
    let journal = faulty();
    journal.fail_next(1, Fault::AnswerLost);
    let lost = journal.append(vec![append("a", 0, &["1"])]).await;
    assert!(matches!(lost, Err(AppendError::Io(_))));
    let all = journal.scan(Position::ZERO, 10).await.unwrap();
    assert_eq!(show(&all), ["1 a 1 1"]);
}

#[tokio::test]
async fn delayed_append_waits_for_its_gate() {
    let journal = faulty();
    let gate = Arc::new(Semaphore::new(0));
    let keeper = Arc::clone(&gate);
    journal.delay(move || {
        let gate = Arc::clone(&keeper);
        async move { gate.acquire().await.unwrap().forget() }.boxed()
    });
    let mut waiting = journal.append(vec![append("a", 0, &["1"])]);
    assert!((&mut waiting).now_or_never().is_none());
    assert!(journal.scan(Position::ZERO, 10).await.unwrap().is_empty());
    gate.add_permits(1);
    assert_eq!(waiting.await.unwrap(), Position::new(1));
}
