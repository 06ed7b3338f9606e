//! One thread's share without its loop: each part is called as the loop would call it.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use encke_bayeux::ChannelName;

use super::publishing::Next;
use super::share::Worker;
use crate::clock;
use crate::frames::Frame;
use crate::link::Unit;
use crate::pace::{Pace, Schedule};
use crate::payload::Stamp;
use crate::publisher::PAUSE;
use crate::run::Common;
use crate::session::{SessionError, State};
use crate::shared::Shared;
use crate::stop::{Stopper, stop};
use crate::target::{Reach, Target};
use crate::workload::Workload;

const RATE: f64 = 10.0;

/// A share of one subscriber and one publisher, both up, in a run that began at `start`.
struct Share {
    worker: Worker,
    shared: Arc<Shared>,
    start: Instant,
    /// Takes connections, and never answers.
    _listener: TcpListener,
    _stopper: Stopper,
}

fn share() -> Share {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cometd", listener.local_addr().unwrap());
    let target = Target::new(&url, Reach::Loopback).unwrap();
    let channel = ChannelName::new("/load/a").unwrap();
    let common = Common::new(target, channel, 1, Duration::from_secs(3600));
    let workload = Workload::Fanout { pace: Pace::Every(RATE), payload_bytes: 100 };
    let (stopper, stop) = stop();
    let shared = Arc::new(Shared::new(workload.job(&common, common.late, Vec::new()), 1, stop));
    let mut worker = Worker::new(0, &shared, 1).unwrap();
    for at in 0..worker.lanes.len() {
        worker.set(at, State::Polling);
    }
    let start = clock::now();
    shared.schedule.get_or_init(|| Schedule::new(start, Some(RATE), common.length));
    Share { worker, shared, start, _listener: listener, _stopper: stopper }
}

fn publishing(shared: &Shared) -> usize {
    shared.publishing.load(Ordering::Acquire)
}

#[test]
fn a_publisher_that_is_behind_sends_nothing_once_it_is_enough() {
    let Share { mut worker, shared, start, .. } = share();
    let behind = start + Duration::from_secs(100);
    worker.publish(behind);
    assert_eq!(worker.publishers[0].flight, [(0, 0)]);
    shared.end_publishing();
    worker.publish(behind);
    assert_eq!(publishing(&shared), 1, "its answer is waited for");
    worker.publishers[0].flight.clear();
    worker.publish(behind);
    assert_eq!((publishing(&shared), worker.publishers[0].streams[0]), (0, (0, 1)));
}

#[test]
fn what_is_not_answered_at_the_end_is_not_owed() {
    let Share { mut worker, shared, start, .. } = share();
    worker.lanes[0].account.counted = true;
    worker.publish(start);
    let harvest = worker.harvest();
    assert_eq!(harvest.issued, [(0, 1)]);
    assert_eq!(shared.excused(), [[0]]);
    assert_eq!(harvest.accounts[0].close(&[1], &shared.excused()).lost, 0);
    assert_eq!(harvest.accounts[0].close(&[1], &[Vec::new()]).lost, 1, "it did not come");
}

#[test]
fn a_publisher_that_failed_connects_anew_after_its_pause_and_not_before() {
    let Share { mut worker, shared, start, .. } = share();
    worker.connect_publisher(0).unwrap();
    worker.publish(start);
    worker.fail_publisher(0, &SessionError::Late);
    let pause = worker.publishers[0].pause.unwrap();
    assert!(pause >= start + PAUSE);
    let before = pause.checked_sub(Duration::from_millis(1)).unwrap();
    assert!(matches!(worker.publish(before), Next::At(at) if at == pause));
    assert!(worker.publishers[0].link.is_none() && worker.publishers[0].flight.is_empty());
    worker.publish(pause + Duration::from_secs(1));
    assert!(worker.publishers[0].link.is_some());
    assert_eq!(worker.publishers[0].flight, [(0, 1)]);
    assert_eq!((shared.excused(), publishing(&shared)), (vec![vec![0]], 1));
}

#[test]
fn a_delivery_counts_before_the_thread_has_seen_that_traffic_began() {
    let Share { mut worker, shared, start, .. } = share();
    let mut data = Vec::new();
    Stamp { run: shared.job.run, stream: 0, number: 0, due_us: 0, padding: None }
        .render(100, &mut data);
    let data = String::from_utf8(data).unwrap();
    let text = format!(r#"[{{"channel":"/load/a","data":{data}}}]"#);
    worker.take_in(0, &Unit::Frame(Frame::Text(text.as_bytes())), start).unwrap();
    assert_eq!((worker.tally.delivered, worker.tally.garbled), (1, 0));
}
