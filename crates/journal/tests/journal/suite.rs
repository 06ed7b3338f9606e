//! What every home of a journal promises, checked on each of them.

use std::time::Duration;

use crate::homes::{Home, append, key, show};
use bytes::Bytes;
use encke_journal::{Append, AppendError, Bound, Limits, Position, ReadError, Version};
use futures::{FutureExt, StreamExt};
use tokio::time::timeout;

macro_rules! on_every_home {
    ($($case:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::homes::Home::memory).await;
            })*
        }

        mod file {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::homes::Home::file).await;
            })*
        }
    };
}

on_every_home! {
    append_answers_the_position_of_its_last_record
    append_at_another_version_is_refused_with_the_actual_one
    batch_over_several_keys_is_stored_whole_or_not_at_all
    appends_of_a_batch_see_each_other
    batch_without_records_checks_versions_only
    empty_batch_answers_the_head
    read_gives_the_records_after_a_version
    scan_pages_through_all_keys_in_order
    page_ends_at_its_bytes_but_holds_one_record
    forgotten_key_is_gone_and_starts_again
    positions_are_never_given_out_twice
    batch_beyond_a_bound_is_refused_by_name
    a_snapshot_stands_for_the_records_up_to_its_own
    a_snapshot_of_what_is_not_there_is_a_conflict
    a_snapshot_that_one_stands_for_already_changes_nothing
    a_snapshot_beyond_a_bound_is_refused_by_name
    a_tail_meets_a_snapshot_unless_it_is_past_its_place
    largest_record_comes_back_whole
    read_beyond_its_bound_is_refused
    tail_gives_history_then_what_comes
    tail_that_lags_loses_nothing
    tail_ends_when_the_journal_closes
    tail_behind_a_closed_journal_ends_with_an_error
    tail_passes_over_forgotten_records
    concurrent_appends_get_gapless_positions
    closed_journal_refuses_everything
    stats_count_what_happened
}

type Make = fn(Limits) -> Home;

async fn append_answers_the_position_of_its_last_record(make: Make) {
    let home = make(Limits::default());
    let first = home.journal.append(vec![append("a", 0, &["1", "2"])]).await;
    assert_eq!(first.unwrap(), Position::new(2));
    let second = home.journal.append(vec![append("b", 0, &["3"])]).await;
    assert_eq!(second.unwrap(), Position::new(3));
}

async fn append_at_another_version_is_refused_with_the_actual_one(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1", "2"])]).await.unwrap();
    for wrong in [0, 1, 3] {
        let refused = home.journal.append(vec![append("a", wrong, &["x"])]).await;
        let Err(AppendError::Conflict { key, expected, actual }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((key.as_str(), expected.get(), actual.get()), ("a", wrong, 2));
    }
    assert_eq!(home.journal.append(vec![append("a", 2, &["3"])]).await.unwrap().get(), 3);
}

async fn batch_over_several_keys_is_stored_whole_or_not_at_all(make: Make) {
    let mut home = make(Limits::default());
    let batch = vec![append("a", 0, &["1"]), append("b", 0, &["2"])];
    home.journal.append(batch).await.unwrap();
    let batch = vec![append("a", 1, &["x"]), append("c", 0, &["x"]), append("b", 0, &["x"])];
    assert!(matches!(home.journal.append(batch).await, Err(AppendError::Conflict { .. })));
    home.reopen().await;
    let all = home.journal.scan(Position::ZERO, 10).await.unwrap();
    assert_eq!(show(&all), ["1 a 1 1", "2 b 1 2"]);
}

async fn appends_of_a_batch_see_each_other(make: Make) {
    let home = make(Limits::default());
    let batch = vec![append("a", 0, &["1"]), append("b", 0, &["2"]), append("a", 1, &["3"])];
    home.journal.append(batch).await.unwrap();
    let batch = vec![append("a", 2, &["x"]), append("a", 2, &["x"])];
    let refused = home.journal.append(batch).await;
    let Err(AppendError::Conflict { actual, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(actual.get(), 3);
    let all = home.journal.scan(Position::ZERO, 10).await.unwrap();
    assert_eq!(show(&all), ["1 a 1 1", "2 b 1 2", "3 a 2 3"]);
}

async fn batch_without_records_checks_versions_only(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1"])]).await.unwrap();
    assert_eq!(home.journal.append(vec![append("a", 1, &[])]).await.unwrap().get(), 1);
    let refused = home.journal.append(vec![append("a", 0, &[]), append("b", 0, &["x"])]).await;
    assert!(matches!(refused, Err(AppendError::Conflict { .. })));
}

async fn empty_batch_answers_the_head(make: Make) {
    let home = make(Limits::default());
    assert_eq!(home.journal.append(Vec::new()).await.unwrap(), Position::ZERO);
    home.journal.append(vec![append("a", 0, &["1", "2"])]).await.unwrap();
    assert_eq!(home.journal.append(Vec::new()).await.unwrap(), Position::new(2));
}

async fn read_gives_the_records_after_a_version(make: Make) {
    let mut home = make(Limits::default());
    // Keys that begin alike, so that one key's range could run into the next one's.
    for name in ["call/1", "call/10", "call/", "call/1\u{0}"] {
        home.journal.append(vec![append(name, 0, &["1", "2", "3"])]).await.unwrap();
    }
    home.reopen().await;
    for (after, expected) in [(0, 3), (1, 2), (3, 0), (4, 0), (u64::MAX, 0)] {
        let read = home.journal.read(&key("call/1"), Version::new(after)).await.unwrap();
        assert_eq!(read.len(), expected, "after {after}");
        assert!(read.iter().all(|entry| entry.key.as_str() == "call/1"));
        let versions: Vec<_> = read.iter().map(|entry| entry.version.get()).collect();
        assert!(versions.iter().copied().eq((4 - expected as u64)..=3));
    }
    assert!(home.journal.read(&key("call/2"), Version::ZERO).await.unwrap().is_empty());
}

async fn scan_pages_through_all_keys_in_order(make: Make) {
    let mut home = make(Limits::default());
    for number in 0..10 {
        let name = format!("k{}", number % 3);
        let batch = vec![append(&name, number / 3, &[&number.to_string()])];
        home.journal.append(batch).await.unwrap();
    }
    home.reopen().await;
    let mut after = Position::ZERO;
    let mut pages = Vec::new();
    loop {
        let page = home.journal.scan(after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        pages.push(page);
    }
    let lengths: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(lengths, [4, 4, 2]);
    for (number, entry) in pages.concat().iter().enumerate() {
        assert_eq!(entry.position.get(), number as u64 + 1);
        assert_eq!(entry.record, number.to_string());
    }
    assert!(home.journal.scan(Position::ZERO, 0).await.unwrap().is_empty());
    assert!(home.journal.scan(Position::new(u64::MAX), 4).await.unwrap().is_empty());
}

async fn page_ends_at_its_bytes_but_holds_one_record(make: Make) {
    let home = make(Limits::default().page_bytes(10));
    let batch = vec![append("a", 0, &["123456", "123456", "12345678901234567890", "1"])];
    home.journal.append(batch).await.unwrap();
    let mut lengths = Vec::new();
    let mut after = Position::ZERO;
    while let page = home.journal.scan(after, 100).await.unwrap()
        && let Some(last) = page.last()
    {
        after = last.position;
        lengths.push(page.len());
    }
    assert_eq!(lengths, [2, 1, 1]);
}

async fn forgotten_key_is_gone_and_starts_again(make: Make) {
    let mut home = make(Limits::default());
    let batch = vec![append("a", 0, &["1"]), append("b", 0, &["2"]), append("a", 1, &["3"])];
    home.journal.append(batch).await.unwrap();
    home.journal.forget(vec![key("a"), key("unknown"), key("a")]).await.unwrap();
    home.reopen().await;
    assert!(home.journal.read(&key("a"), Version::ZERO).await.unwrap().is_empty());
    home.journal.append(vec![append("a", 0, &["4"])]).await.unwrap();
    let all = home.journal.scan(Position::ZERO, 10).await.unwrap();
    assert_eq!(show(&all), ["2 b 1 2", "4 a 1 4"]);
}

async fn positions_are_never_given_out_twice(make: Make) {
    let mut home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1", "2"])]).await.unwrap();
    home.journal.forget(vec![key("a")]).await.unwrap();
    home.reopen().await;
    assert_eq!(home.journal.stats().head, Position::new(2));
    assert_eq!(home.journal.append(vec![append("b", 0, &["3"])]).await.unwrap().get(), 3);
    home.reopen().await;
    assert_eq!(home.journal.append(vec![append("b", 1, &["4"])]).await.unwrap().get(), 4);
}

async fn batch_beyond_a_bound_is_refused_by_name(make: Make) {
    let home = make(Limits::default().record_bytes(4).batch_records(2).batch_bytes(6));
    let refused = |batch: Vec<Append>| async {
        match home.journal.append(batch).await {
            Err(AppendError::TooLarge { bound, actual, limit }) => (bound, actual, limit),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(vec![append("a", 0, &["12345"])]).await, (Bound::RecordBytes, 5, 4));
    assert_eq!(refused(vec![append("a", 0, &["1", "2", "3"])]).await, (Bound::BatchRecords, 3, 2));
    let checks_only = vec![append("a", 0, &[]), append("b", 0, &[]), append("c", 0, &[])];
    assert_eq!(refused(checks_only).await, (Bound::BatchRecords, 3, 2));
    assert_eq!(refused(vec![append("a", 0, &["1234", "123"])]).await, (Bound::BatchBytes, 7, 6));
    let keys = ["a", "b", "c"].map(key).to_vec();
    let refused = home.journal.forget(keys).await;
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })), "{refused:?}");
    assert_eq!(home.journal.append(vec![append("a", 0, &["1234", "12"])]).await.unwrap().get(), 2);
}

async fn a_snapshot_stands_for_the_records_up_to_its_own(make: Make) {
    let mut home = make(Limits::default());
    for version in 0..4 {
        home.journal.append(vec![append("a", version, &["x"])]).await.unwrap();
        home.journal.append(vec![append("b", version, &["x"])]).await.unwrap();
    }
    let commits = home.journal.stats().commits;
    home.journal.snapshot(&key("a"), Version::new(3), "aaa".into()).await.unwrap();
    home.journal.snapshot(&key("b"), Version::new(1), "b".into()).await.unwrap();
    assert_eq!(home.journal.stats().commits, commits + 2);
    home.reopen().await;
    let expected = ["2 b 1* b", "4 b 2 x", "5 a 3* aaa", "6 b 3 x", "7 a 4 x", "8 b 4 x"];
    assert_eq!(show(&home.journal.scan(Position::ZERO, 10).await.unwrap()), expected);
    for (after, shown) in [(0, &["5 a 3* aaa", "7 a 4 x"][..]), (2, &["5 a 3* aaa", "7 a 4 x"])] {
        let read = home.journal.read(&key("a"), Version::new(after)).await.unwrap();
        assert_eq!(show(&read), shown, "after {after}");
    }
    let read = home.journal.read(&key("a"), Version::new(3)).await.unwrap();
    assert_eq!(show(&read), ["7 a 4 x"]);
    // The key goes on where it was, and a later snapshot takes the place of the first.
    let refused = home.journal.append(vec![append("a", 2, &["x"])]).await;
    let Err(AppendError::Conflict { actual, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(actual.get(), 4);
    assert_eq!(home.journal.append(vec![append("a", 4, &["x"])]).await.unwrap().get(), 9);
    home.journal.snapshot(&key("a"), Version::new(5), "aaaaa".into()).await.unwrap();
    home.reopen().await;
    let read = home.journal.read(&key("a"), Version::ZERO).await.unwrap();
    assert_eq!(show(&read), ["9 a 5* aaaaa"]);
    // It goes as its key goes.
    home.journal.forget(vec![key("a")]).await.unwrap();
    home.reopen().await;
    assert_eq!(home.journal.append(vec![append("a", 0, &["x"])]).await.unwrap().get(), 10);
    let left = home.journal.scan(Position::ZERO, 10).await.unwrap();
    assert_eq!(show(&left), ["2 b 1* b", "4 b 2 x", "6 b 3 x", "8 b 4 x", "10 a 1 x"]);
}

async fn a_snapshot_of_what_is_not_there_is_a_conflict(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1", "2"])]).await.unwrap();
    for (name, until, has) in [("a", 3, 2), ("b", 1, 0)] {
        let refused = home.journal.snapshot(&key(name), Version::new(until), "x".into()).await;
        let Err(AppendError::Conflict { key, expected, actual }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((key.as_str(), expected.get(), actual.get()), (name, until, has));
    }
    let all = home.journal.scan(Position::ZERO, 10).await.unwrap();
    assert_eq!(show(&all), ["1 a 1 1", "2 a 2 2"]);
}

async fn a_snapshot_that_one_stands_for_already_changes_nothing(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1", "2", "3"])]).await.unwrap();
    home.journal.snapshot(&key("a"), Version::new(2), "first".into()).await.unwrap();
    let commits = home.journal.stats().commits;
    for until in 0..=2 {
        home.journal.snapshot(&key("a"), Version::new(until), "again".into()).await.unwrap();
    }
    home.journal.snapshot(&key("unknown"), Version::ZERO, "x".into()).await.unwrap();
    assert_eq!(home.journal.stats().commits, commits);
    let all = home.journal.scan(Position::ZERO, 10).await.unwrap();
    assert_eq!(show(&all), ["2 a 2* first", "3 a 3 3"]);
}

async fn a_snapshot_beyond_a_bound_is_refused_by_name(make: Make) {
    let home = make(Limits::default().record_bytes(1).batch_records(2).batch_bytes(6));
    for version in 0..5 {
        home.journal.append(vec![append("a", version, &["x"])]).await.unwrap();
    }
    let snapshot = |until, record: &'static str| {
        let journal = home.journal.clone();
        async move {
            match journal.snapshot(&key("a"), Version::new(until), record.into()).await {
                Err(AppendError::TooLarge { bound, actual, limit }) => Some((bound, actual, limit)),
                Ok(()) => None,
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    assert_eq!(snapshot(1, "1234567").await, Some((Bound::BatchBytes, 7, 6)));
    assert_eq!(snapshot(3, "x").await, Some((Bound::BatchRecords, 3, 2)));
    assert_eq!(snapshot(2, "123456").await, None, "larger than a record of its own");
    // The one that stands there counts as one.
    assert_eq!(snapshot(4, "x").await, Some((Bound::BatchRecords, 3, 2)));
    assert_eq!(snapshot(3, "x").await, None);
    let all = home.journal.scan(Position::ZERO, 10).await.unwrap();
    assert_eq!(show(&all), ["3 a 3* x", "4 a 4 x", "5 a 5 x"]);
}

async fn a_tail_meets_a_snapshot_unless_it_is_past_its_place(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1", "2", "3"])]).await.unwrap();
    let mut before = home.journal.tail(Position::new(1));
    let mut past = home.journal.tail(Position::new(2));
    home.journal.snapshot(&key("a"), Version::new(2), "12".into()).await.unwrap();
    let next = timeout(DEADLINE, before.next()).await.expect("the tail stands still").unwrap();
    assert_eq!(show(&[next.unwrap()]), ["2 a 2* 12"]);
    let next = timeout(DEADLINE, past.next()).await.expect("the tail stands still").unwrap();
    assert_eq!(show(&[next.unwrap()]), ["3 a 3 3"]);
}

async fn largest_record_comes_back_whole(make: Make) {
    let mut home = make(Limits::default());
    let big: Bytes = (0..1_u32 << 20).map(|number| (number % 251) as u8).collect();
    let records = vec![big.clone(), Bytes::new()];
    let batch = vec![Append { key: key("a"), expected: Version::ZERO, records: records.clone() }];
    home.journal.append(batch).await.unwrap();
    home.reopen().await;
    let read = home.journal.read(&key("a"), Version::ZERO).await.unwrap();
    assert!(read.into_iter().map(|entry| entry.record).eq(records));
}

async fn read_beyond_its_bound_is_refused(make: Make) {
    let home = make(Limits::default().read_bytes(10));
    home.journal.append(vec![append("a", 0, &["12345", "12345"])]).await.unwrap();
    assert_eq!(home.journal.read(&key("a"), Version::ZERO).await.unwrap().len(), 2);
    home.journal.append(vec![append("a", 2, &["1"])]).await.unwrap();
    let refused = home.journal.read(&key("a"), Version::ZERO).await;
    assert!(matches!(refused, Err(ReadError::TooLarge { limit: 10, .. })), "{refused:?}");
    assert_eq!(home.journal.read(&key("a"), Version::new(1)).await.unwrap().len(), 2);
}

async fn tail_gives_history_then_what_comes(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1", "2"])]).await.unwrap();
    let mut tail = home.journal.tail(Position::new(1));
    assert_eq!(tail.next().await.unwrap().unwrap().position.get(), 2);
    let writer = home.journal.clone();
    let writing = tokio::spawn(async move {
        for version in 2..300 {
            writer.append(vec![append("a", version, &["x"])]).await.unwrap();
        }
    });
    for expected in 3..=300 {
        let next = timeout(DEADLINE, tail.next()).await.expect("the tail stands still");
        assert_eq!(next.unwrap().unwrap().position.get(), expected);
    }
    writing.await.unwrap();
    assert!(tail.next().now_or_never().is_none(), "nothing more is there");
}

async fn tail_that_lags_loses_nothing(make: Make) {
    let home = make(Limits::default().page_bytes(100));
    let mut tail = home.journal.tail(Position::ZERO);
    assert!(tail.next().now_or_never().is_none());
    for batch in 0..100 {
        let records: Vec<_> = (0..30).map(|_| Bytes::from_static(b"0123456789")).collect();
        let expected = Version::new(batch * 30);
        home.journal.append(vec![Append { key: key("a"), expected, records }]).await.unwrap();
    }
    for expected in 1..=3000 {
        let next = timeout(DEADLINE, tail.next()).await.expect("the tail stands still");
        assert_eq!(next.unwrap().unwrap().position.get(), expected);
    }
}

async fn tail_ends_when_the_journal_closes(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1"])]).await.unwrap();
    let mut tail = home.journal.tail(Position::ZERO);
    assert!(tail.next().await.unwrap().is_ok());
    let waiting = tokio::spawn(async move { tail.next().await.is_none() });
    tokio::task::yield_now().await;
    home.journal.close().await;
    assert!(timeout(DEADLINE, waiting).await.expect("the tail did not end").unwrap());
}

async fn tail_behind_a_closed_journal_ends_with_an_error(make: Make) {
    let home = make(Limits::default());
    let mut tail = home.journal.tail(Position::ZERO);
    home.journal.append(vec![append("a", 0, &["1"])]).await.unwrap();
    home.journal.close().await;
    assert!(matches!(tail.next().await, Some(Err(ReadError::Closed))));
    assert!(tail.next().await.is_none());
}

async fn tail_passes_over_forgotten_records(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1", "2"])]).await.unwrap();
    home.journal.forget(vec![key("a")]).await.unwrap();
    let mut tail = home.journal.tail(Position::ZERO);
    assert!(tail.next().now_or_never().is_none());
    home.journal.append(vec![append("b", 0, &["3"])]).await.unwrap();
    let next = timeout(DEADLINE, tail.next()).await.expect("the tail stands still");
    assert_eq!(next.unwrap().unwrap().position.get(), 3);
}

async fn concurrent_appends_get_gapless_positions(make: Make) {
    let home = make(Limits::default());
    let appends = (0..20).map(|writer| {
        let journal = home.journal.clone();
        async move {
            let name = format!("k{writer}");
            let mut answered = Vec::new();
            for version in 0..10 {
                let batch = vec![append(&name, version * 2, &["x", "y"])];
                answered.push(journal.append(batch).await.unwrap().get());
            }
            answered
        }
    });
    let mut answered = futures::future::join_all(appends).await.concat();
    answered.sort_unstable();
    assert!(answered.into_iter().eq((1..=200).map(|number| number * 2)));
    let all = home.journal.scan(Position::ZERO, 1000).await.unwrap();
    assert!(all.iter().map(|entry| entry.position.get()).eq(1..=400));
}

async fn closed_journal_refuses_everything(make: Make) {
    let home = make(Limits::default());
    home.journal.close().await;
    home.journal.close().await;
    let appended = home.journal.append(vec![append("a", 0, &["1"])]).await;
    assert!(matches!(appended, Err(AppendError::Closed)));
    assert!(matches!(home.journal.forget(vec![key("a")]).await, Err(AppendError::Closed)));
    let snapshot = home.journal.snapshot(&key("a"), Version::new(1), "x".into()).await;
    assert!(matches!(snapshot, Err(AppendError::Closed)));
    let read = home.journal.read(&key("a"), Version::ZERO).await;
    assert!(matches!(read, Err(ReadError::Closed)));
    assert!(matches!(home.journal.scan(Position::ZERO, 1).await, Err(ReadError::Closed)));
    assert_eq!(home.journal.stats().failed, 1);
}

async fn stats_count_what_happened(make: Make) {
    let home = make(Limits::default());
    home.journal.append(vec![append("a", 0, &["1", "22"])]).await.unwrap();
    home.journal.append(vec![append("b", 0, &["333"])]).await.unwrap();
    assert!(home.journal.append(vec![append("b", 0, &["x"])]).await.is_err());
    home.journal.forget(vec![key("a")]).await.unwrap();
    let stats = home.journal.stats();
    assert_eq!((stats.appends, stats.records, stats.bytes), (2, 3, 6));
    assert_eq!((stats.commits, stats.refused, stats.failed), (3, 1, 0));
    assert_eq!(stats.head.get(), 3);
    assert_eq!(stats.latency.count(), 2);
    assert!(stats.latency.sum > Duration::ZERO);
}

/// How long a tail may take to give what is there.
const DEADLINE: Duration = Duration::from_secs(10);
