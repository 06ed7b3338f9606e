//! The keeper between a log that grows and a disk that fails, in invented time.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::Waker;

use bytes::Bytes;
use encke::bayeux::ChannelName;
use encke::journal::{
    Append, Entry, Fault, FaultyJournal, Key, MemoryJournal, Position, ReadError, Stats, Version,
};
use futures::FutureExt;
use futures::stream::BoxStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::advance;

use super::*;
use crate::replay::record::Note;
use crate::replay::segments::Bounds;

const GATHER: Duration = Duration::from_millis(20);
const BOUNDS: Bounds = Bounds { age: Duration::from_secs(3600), bytes: 1 << 20 };

/// A log that keeps the newest thousand messages.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Logged>,
    gone: u64,
    told: u64,
    waker: Option<Waker>,
}

impl Log {
    fn publish(&self, positions: std::ops::RangeInclusive<u64>) {
        let mut state = self.0.lock().unwrap();
        state.told = *positions.end();
        for position in positions {
            state.messages.push_back(message(position));
            if state.messages.len() > 1000 {
                state.gone = state.messages.pop_front().unwrap().position;
            }
        }
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl Source for Log {
    fn after(&self, after: u64, most: usize) -> Vec<Logged> {
        let state = self.0.lock().unwrap();
        let newer = state.messages.iter().filter(|message| message.position > after);
        newer.take(most).cloned().collect()
    }

    fn poll_any(&self, after: u64, cx: &mut Context<'_>) -> Poll<()> {
        if self.after(after, 1).is_empty() {
            self.0.lock().unwrap().waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn gone(&self) -> u64 {
        self.0.lock().unwrap().gone
    }

    fn told(&self) -> Option<u64> {
        Some(self.0.lock().unwrap().told)
    }
}

fn message(position: u64) -> Logged {
    Logged {
        position,
        channel: ChannelName::new("/a").unwrap(),
        user: None,
        text: Bytes::from_static(b"{}"),
        at_unix_ms: 0,
    }
}

struct Bench {
    log: Log,
    faults: Arc<FaultyJournal>,
    counts: Arc<Counts>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// How often the files were opened anew.
    opened: Arc<AtomicU64>,
}

impl Bench {
    async fn start(home: &Arc<dyn Journal>) -> Self {
        Self::with(home, Pace::After(GATHER)).await
    }

    async fn with(home: &Arc<dyn Journal>, pace: Pace) -> Self {
        let faults = Arc::new(FaultyJournal::new(Arc::clone(home)));
        let (mut files, found) = Files::open(faults.clone(), BOUNDS, |_| ()).await.unwrap();
        if found.is_none() {
            files.add(&[], Note { epoch: 100, newest: 100, ..Note::default() }, 0).await.unwrap();
        }
        let log = Log::default();
        let opened = Arc::new(AtomicU64::new(0));
        let opener: Opener = {
            // As closing it lets go of the file and the next opening finds it again.
            let (faults, opened) = (Arc::clone(&faults), Arc::clone(&opened));
            Box::new(move || {
                opened.fetch_add(1, Ordering::Relaxed);
                std::future::ready(Ok(faults.clone() as Arc<dyn Journal>)).boxed()
            })
        };
        let keeper = Keeper::new(log.clone(), files, opener, || 0, pace);
        let counts = keeper.counts();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(keeper.run(stopped.map(drop)));
        Self { log, faults, counts, stop, task, opened }
    }

    /// Lets time pass, a little at a time, so that whoever waits gets on.
    async fn pass(&self, time: Duration) {
        for _ in 0..time.as_millis() / 10 {
            advance(Duration::from_millis(10)).await;
            tokio::task::yield_now().await;
        }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

/// A journal that outlives its closing, as a file does.
#[derive(Debug)]
struct Disk(MemoryJournal);

impl Journal for Disk {
    fn append(&self, batch: Vec<Append>) -> BoxFuture<'_, Result<Position, AppendError>> {
        self.0.append(batch)
    }

    fn read(&self, key: &Key, after: Version) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.0.read(key, after)
    }

    fn scan(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Entry>, ReadError>> {
        self.0.scan(after, limit)
    }

    fn tail(&self, after: Position) -> BoxStream<'static, Result<Entry, ReadError>> {
        self.0.tail(after)
    }

    fn forget(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<(), AppendError>> {
        self.0.forget(keys)
    }

    fn snapshot(
        &self,
        key: &Key,
        until: Version,
        record: Bytes,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        self.0.snapshot(key, until, record)
    }

    fn stats(&self) -> Stats {
        self.0.stats()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}

fn disk() -> Arc<dyn Journal> {
    Arc::new(Disk(MemoryJournal::new()))
}

async fn kept(home: &Arc<dyn Journal>) -> (Note, Vec<u64>) {
    let mut positions = Vec::new();
    let opened = Files::open(Arc::clone(home), BOUNDS, |message| positions.push(message.position));
    let (_, note) = opened.await.unwrap();
    (note.unwrap(), positions)
}

#[tokio::test(start_paused = true)]
async fn what_comes_is_stored_soon_and_together() {
    let home = disk();
    let bench = Bench::start(&home).await;
    bench.pass(Duration::from_millis(50)).await;
    let before = home.stats().appends;
    bench.log.publish(101..=150);
    bench.pass(Duration::from_millis(10)).await;
    bench.log.publish(151..=200);
    bench.pass(Duration::from_millis(30)).await;
    let (note, positions) = kept(&home).await;
    assert_eq!(positions, (101..=200).collect::<Vec<_>>());
    assert_eq!((note.told, note.closed, note.horizon), (Some(200), false, 0));
    assert_eq!((home.stats().appends - before, bench.counts.stored()), (1, 100));
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn how_far_the_log_is_complete_is_noted_when_nothing_comes() {
    let home = disk();
    let bench = Bench::start(&home).await;
    bench.log.0.lock().unwrap().told = 77;
    bench.pass(TIDY + GATHER * 2).await;
    assert_eq!(kept(&home).await.0.told, Some(77));
    let appends = home.stats().appends;
    bench.pass(TIDY * 3).await;
    assert_eq!(home.stats().appends, appends, "nothing is written when nothing is new");
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_stops_stores_everything_and_notes_the_end() {
    let home = disk();
    let bench = Bench::start(&home).await;
    bench.pass(Duration::from_millis(50)).await;
    bench.log.publish(101..=900);
    bench.stop().await;
    let (note, positions) = kept(&home).await;
    assert_eq!((note.closed, note.newest, positions.len()), (true, 900, 800));

    let again = Bench::start(&home).await;
    again.log.publish(901..=902);
    again.pass(Duration::from_millis(50)).await;
    let (note, positions) = kept(&home).await;
    assert_eq!((note.closed, note.newest, positions.len()), (false, 902, 802));
    again.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_tried_again_until_there_is_space() {
    let home = disk();
    let bench = Bench::start(&home).await;
    bench.faults.fail(Fault::Full);
    bench.log.publish(101..=110);
    bench.pass(RETRY * 5).await;
    assert!(bench.counts.is_failing());
    assert!((4..=6).contains(&bench.counts.failures()), "{:?}", bench.counts);
    assert!(kept(&home).await.1.is_empty());
    bench.faults.heal();
    bench.log.publish(111..=112);
    bench.pass(RETRY * 2).await;
    assert!(!bench.counts.is_failing());
    assert_eq!(kept(&home).await.1, (101..=112).collect::<Vec<_>>());
    assert_eq!((kept(&home).await.0.horizon, bench.opened.load(Ordering::Relaxed)), (0, 0));
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_log_let_go_of_while_the_disk_failed_is_noted_as_gone() {
    let home = disk();
    let bench = Bench::start(&home).await;
    bench.faults.fail(Fault::Full);
    bench.log.publish(101..=1500);
    bench.pass(RETRY * 2).await;
    bench.faults.heal();
    bench.pass(RETRY * 2).await;
    let (note, positions) = kept(&home).await;
    assert_eq!((note.horizon, note.newest), (500, 1500));
    assert_eq!(positions, (501..=1500).collect::<Vec<_>>());
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn files_that_fail_are_opened_again_and_nothing_is_told_twice() {
    let home = disk();
    let bench = Bench::start(&home).await;
    bench.log.publish(101..=110);
    bench.pass(Duration::from_millis(50)).await;
    // It is stored, and nobody knows.
    bench.faults.fail_next(1, Fault::AnswerLost);
    bench.log.publish(111..=120);
    bench.pass(RETRY * 2).await;
    assert_eq!((bench.counts.failures(), bench.opened.load(Ordering::Relaxed)), (1, 1));
    assert!(!bench.counts.is_failing());
    let (note, positions) = kept(&home).await;
    assert_eq!(note.newest, 120);
    // The reader passes over what it has.
    let twice: Vec<_> = (101..=120).chain(111..=120).collect();
    assert_eq!(positions, twice);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn files_that_fail_twice_in_a_row_go_on_too() {
    let home = disk();
    let bench = Bench::start(&home).await;
    // The second attempt begins a segment, and it is not known whether that is there.
    bench.faults.fail_next(2, Fault::AnswerLost);
    bench.log.publish(101..=110);
    bench.pass(RETRY * 4).await;
    assert_eq!((bench.counts.failures(), bench.opened.load(Ordering::Relaxed)), (2, 2));
    assert!(!bench.counts.is_failing());
    let (note, mut positions) = kept(&home).await;
    assert_eq!(note.newest, 110);
    positions.sort_unstable();
    positions.dedup();
    assert_eq!(positions, (101..=110).collect::<Vec<_>>());
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_looks_now_and_then_is_woken_by_nobody() {
    let home = disk();
    let bench = Bench::with(&home, Pace::Every(Duration::from_secs(1))).await;
    bench.log.publish(101..=110);
    bench.pass(Duration::from_millis(900)).await;
    assert!(kept(&home).await.1.is_empty());
    assert!(bench.log.0.lock().unwrap().waker.is_none());
    bench.pass(Duration::from_millis(200)).await;
    assert_eq!(kept(&home).await.1, (101..=110).collect::<Vec<_>>());
    bench.log.0.lock().unwrap().told = 200;
    bench.pass(Duration::from_secs(1)).await;
    assert_eq!(kept(&home).await.0.told, Some(200));
    bench.stop().await;
}
