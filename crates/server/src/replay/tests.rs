//! Logs of real brokers in real files, over orderly ends and crashes.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use encke::bayeux::{ChannelName, ChannelPattern, ReplayFrom, ReplayStatus};
use encke::broker::{ChannelRule, ChannelSettings, Config, Retention, UserId};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

const KEPT: Kept = Kept { age: Duration::from_secs(60), bytes: 1 << 20 };

/// A broker that keeps `/a/**`, and the keeper of its log.
struct Bench {
    broker: Broker,
    counts: Arc<Counts>,
    /// The change that was delivered last.
    told: Arc<AtomicU64>,
    again_after: Option<Position>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Bench {
    async fn start(folder: &TempDir, numbering: Numbering) -> Self {
        let mut rule = ChannelRule::new(pattern("/a/**"), ChannelSettings::default());
        rule.settings.replay = Some(Retention { age: KEPT.age, messages: 100, bytes: KEPT.bytes });
        let config = Config::default().channels(vec![rule]).wall(clock::wall());
        let broker = Broker::new(config).unwrap();
        assert_eq!(broker.log_retention(), Some((KEPT.age, KEPT.bytes)));
        let mut found = Found::open(folder.path().join("log"), KEPT, None).await.unwrap();
        let again_after = found.restore(&broker, numbering).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let told = Arc::new(AtomicU64::new(0));
        let place: Option<Told> = match numbering {
            Numbering::Own => None,
            Numbering::Journal(head) => {
                let told = Arc::clone(&told);
                told.store(head.get(), Relaxed);
                Some(Box::new(move || Position::new(told.load(Relaxed))))
            }
        };
        let (task, counts) = found.keep(broker.clone(), place, stopped.map(drop));
        Self { broker, counts, told, again_after, stop, task: tokio::spawn(task) }
    }

    fn publish(&self, n: u64) -> u64 {
        self.broker.publish(&channel(), &n.to_string(), now()).unwrap();
        self.newest()
    }

    /// Delivers to bob what follows from a change.
    fn deliver(&self, position: u64) {
        let data = position.to_string();
        self.broker.deliver_to_user_at(&UserId::new("bob"), &channel(), &data, position, now());
        let change = (position - self.broker.epoch().unwrap()) / Place::PER_CHANGE;
        self.told.fetch_max(change, Relaxed);
    }

    fn newest(&self) -> u64 {
        self.broker.log_bounds().unwrap().0
    }

    /// Waits until so many messages are in the files.
    async fn stored(&self, messages: u64) {
        encke_testkit::eventually("messages are stored", encke_testkit::DEADLINE, || async {
            let stored = self.counts.stored();
            if stored == messages { Ok(()) } else { Err(stored.to_string()) }
        })
        .await;
    }

    /// What bob is told who comes back with this position.
    fn told(&self, position: u64) -> (ReplayStatus, Vec<u64>) {
        let from = ReplayFrom::After { position, epoch: None };
        let bob = UserId::new("bob");
        let history = self.broker.history(Some(&bob), &pattern("/a/x"), &from, 1000).unwrap();
        (history.answer.status, history.messages.iter().map(|(position, _)| *position).collect())
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }

    /// Ends without a word, as a process does that is killed.
    async fn crash(self) {
        self.task.abort();
        self.task.await.unwrap_err();
    }
}

fn pattern(text: &str) -> ChannelPattern {
    ChannelPattern::new(text).unwrap()
}

fn channel() -> ChannelName {
    ChannelName::new("/a/x").unwrap()
}

fn now() -> Instant {
    clock::now()
}

fn journal(head: u64) -> Numbering {
    Numbering::Journal(Position::new(head))
}

use ReplayStatus::{Gap, Resumed};

#[tokio::test]
async fn a_log_goes_on_after_an_orderly_end_as_if_nothing_had_been() {
    let folder = tempfile::tempdir().unwrap();
    let first = Bench::start(&folder, Numbering::Own).await;
    let epoch = first.broker.epoch().unwrap();
    let positions = [first.publish(1), first.publish(2), first.publish(3)];
    assert_eq!(positions, [epoch + 1, epoch + 2, epoch + 3]);
    first.end().await;

    let second = Bench::start(&folder, Numbering::Own).await;
    assert_eq!((second.broker.epoch(), second.newest()), (Some(epoch), epoch + 3));
    assert_eq!(second.told(epoch + 1), (Resumed, vec![epoch + 2, epoch + 3]));
    assert_eq!(second.told(epoch + 3), (Resumed, vec![]));
    assert_eq!(second.publish(4), epoch + 4);
    second.end().await;

    let third = Bench::start(&folder, Numbering::Own).await;
    assert_eq!(third.told(epoch), (Resumed, (epoch + 1..=epoch + 4).collect()));
    third.end().await;
}

#[tokio::test]
async fn a_log_that_crashed_gives_out_no_position_twice_and_owns_up_to_the_gap() {
    let folder = tempfile::tempdir().unwrap();
    let first = Bench::start(&folder, Numbering::Own).await;
    let epoch = first.broker.epoch().unwrap();
    first.publish(1);
    first.stored(1).await;
    // Nobody knows of these but clients.
    let lost = (2..100).map(|n| first.publish(n)).max().unwrap();
    first.crash().await;

    let second = Bench::start(&folder, Numbering::Own).await;
    assert!(second.newest() >= lost, "{} below {lost}", second.newest());
    assert_eq!(second.told(lost), (Gap, vec![]));
    assert_eq!(second.told(epoch), (Gap, vec![epoch + 1]));
    let next = second.publish(100);
    assert!(next > lost);
    assert_eq!(second.told(next), (Resumed, vec![]));
    second.end().await;

    // What is missing stays missing, and what is there stays there.
    let third = Bench::start(&folder, Numbering::Own).await;
    assert_eq!(third.told(epoch), (Gap, vec![epoch + 1, next]));
    assert_eq!(third.told(lost), (Gap, vec![next]));
    assert_eq!(third.told(next), (Resumed, vec![]));
    third.end().await;
}

#[tokio::test]
async fn what_can_be_derived_again_leaves_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let first = Bench::start(&folder, journal(7)).await;
    let epoch = first.broker.epoch().unwrap();
    assert_eq!(first.again_after, None, "a new log has nothing to make up for");
    let place = |change: u64, n: u64| epoch + change * 64 + n;
    first.deliver(place(8, 0));
    first.deliver(place(8, 1));
    first.stored(2).await;
    first.deliver(place(9, 0));
    first.crash().await;

    let second = Bench::start(&folder, journal(9)).await;
    assert_eq!(second.again_after, Some(Position::new(8)));
    for position in [place(8, 0), place(8, 1), place(9, 0)] {
        second.deliver(position);
    }
    assert_eq!(second.told(place(8, 0)), (Resumed, vec![place(8, 1), place(9, 0)]));
    assert_eq!(second.told(place(9, 0)), (Resumed, vec![]));
    // A change that the journal has forgotten.
    second.broker.log_misses(place(10, 63));
    second.deliver(place(11, 0));
    second.stored(2).await;
    second.crash().await;

    let third = Bench::start(&folder, journal(11)).await;
    assert_eq!(third.told(place(9, 0)), (Gap, vec![place(11, 0)]));
    assert_eq!(third.told(place(10, 63)), (Resumed, vec![place(11, 0)]));
    third.end().await;
}

#[tokio::test]
async fn a_log_ahead_of_its_journal_gives_way_to_a_new_one_above_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = Bench::start(&folder, journal(7)).await;
    let given = first.broker.epoch().unwrap() + 8 * 64;
    first.deliver(given);
    first.end().await;

    let second = Bench::start(&folder, journal(7)).await;
    assert!(second.broker.epoch().unwrap() > given);
    assert_eq!((second.again_after, second.told(given)), (None, (Gap, vec![])));
    let new = second.broker.epoch().unwrap() + 8 * 64;
    second.deliver(new);
    second.end().await;
    let third = Bench::start(&folder, journal(8)).await;
    assert_eq!(third.again_after, Some(Position::new(8)));
    assert_eq!(third.told(given), (Gap, vec![new]));
    third.end().await;
}

#[tokio::test]
async fn what_the_broker_let_go_of_is_no_more_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = Bench::start(&folder, Numbering::Own).await;
    let epoch = first.broker.epoch().unwrap();
    for n in 1..=150 {
        first.publish(n);
    }
    first.end().await;
    let second = Bench::start(&folder, Numbering::Own).await;
    assert_eq!(second.told(epoch + 50), (Resumed, (epoch + 51..=epoch + 150).collect()));
    assert_eq!(second.told(epoch + 49).0, Gap);
    second.end().await;
}

#[tokio::test]
async fn two_servers_never_share_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let first = Bench::start(&folder, Numbering::Own).await;
    let error = Found::open(folder.path().join("log"), KEPT, None).await.unwrap_err();
    assert!(matches!(error, ReplayError::Open(_)), "{error}");
    first.end().await;
    Bench::start(&folder, Numbering::Own).await.end().await;
}
