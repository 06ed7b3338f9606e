//! Workload: one channel, many subscribers, one publisher at a paced rate; each delivery checked.
//!
//! Latency runs from the moment a message was due to the moment its bytes were read by the
//! subscriber. It contains what this tool needs to write the message and to read the deliveries of
//! the same burst before it, and what the publisher waited behind its schedule.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use encke_bayeux::ChannelName;
use serde::Serialize;

use crate::clock;
use crate::crowd::{Crowd, until};
use crate::latency::{Latencies, LatencySummary};
use crate::ledger::{Entry, Faults, Ledger};
use crate::pace::{Pacer, Schedule};
use crate::payload::Stamp;
use crate::process::Process;
use crate::publisher::Publisher;
use crate::report::{Row, micros, row, seconds};
use crate::run::{Common, RunError};
use crate::scan;
use crate::session::{Listener, Session, SessionError};
use crate::source;
use crate::stop::Stop;
use crate::troubles::Troubles;

pub use crate::payload::MIN_BYTES as MIN_PAYLOAD_BYTES;

/// Longest wait for all polls to be under way before the first message.
const HELD_LIMIT: Duration = Duration::from_secs(30);

/// From the start of the schedule being fixed to its first message.
const LEAD: Duration = Duration::from_millis(50);

/// Longest wait for what is still owed after the last message.
const DRAIN: Duration = Duration::from_secs(10);

/// The same when the run was stopped.
const DRAIN_STOPPED: Duration = Duration::from_secs(2);

/// After everything came: time in which something may come once more.
const ECHO: Duration = Duration::from_millis(200);

/// How fast, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    rate: f64,
    payload_bytes: usize,
}

impl Traffic {
    /// `rate` messages a second, more than 0, each with `data` of `payload_bytes` bytes.
    ///
    /// At least [`MIN_PAYLOAD_BYTES`] are needed for the stamp of a message.
    pub fn new(rate: f64, payload_bytes: usize) -> Self {
        Self { rate: rate.clamp(1e-3, 1e6), payload_bytes: payload_bytes.max(MIN_PAYLOAD_BYTES) }
    }
}

/// What a run saw.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FanoutReport {
    /// Always `fanout`.
    pub workload: &'static str,
    /// The endpoint.
    pub url: String,
    /// Subscribers asked for.
    pub sessions: u64,
    /// Subscribers that were there when the first message went out.
    pub subscribers: u64,
    /// Messages a second asked for.
    pub rate: f64,
    /// Bytes of `data`.
    pub payload_bytes: usize,
    /// Time to bring the sessions up.
    pub ramp_seconds: f64,
    /// From the first message to the last delivery.
    pub seconds: f64,
    /// Messages that the server accepted.
    pub sent: u64,
    /// Deliveries, each counted once.
    pub delivered: u64,
    /// Deliveries that did not come.
    pub lost: u64,
    /// Deliveries that came again.
    pub doubled: u64,
    /// Deliveries that came after a later one.
    pub out_of_order: u64,
    /// Messages of somebody else.
    pub foreign: u64,
    /// From due to delivered.
    pub latency: Option<LatencySummary>,
    /// From due to being written: the publisher's own lateness, part of the above.
    pub publisher_late: Option<LatencySummary>,
    /// The server's user and system time per delivery, if its process is known.
    pub server_cpu_us_per_delivery: Option<f64>,
    /// The same of this process.
    pub client_cpu_us_per_delivery: f64,
    /// Whether the run was stopped early.
    pub interrupted: bool,
    /// What went wrong, and how often.
    pub errors: BTreeMap<String, u64>,
}

/// Publishes for the given time and checks every delivery. Stopping it early still reports.
///
/// # Errors
///
/// [`RunError`] if no subscriber or no publisher came up, or something cannot be measured.
///
/// # Cancel safety
///
/// Dropping it closes all connections at once; the server sees vanished clients.
pub async fn run(
    common: &Common,
    traffic: Traffic,
    mut stop: Stop,
) -> Result<FanoutReport, RunError> {
    source::make_room(common.sessions + 2)?;
    let own = Process::own()?;
    let troubles = Arc::new(Troubles::default());
    let shared = Arc::new(Shared::new(common.channel.clone()));
    let mut crowd = Crowd::new(Arc::clone(&troubles));
    let begun = clock::now();
    crowd.gather(common, &mut stop, || Subscriber::new(&shared)).await;
    let ramp = clock::now() - begun;
    if crowd.alive() == 0 {
        let reason = troubles.counts().into_keys().next().unwrap_or_else(|| "stopped".to_owned());
        return Err(RunError::NoSession(reason));
    }
    let mut side = Crowd::new(Arc::clone(&troubles));
    let publisher = publisher(common, &mut side)
        .await
        .map_err(|error| RunError::NoPublisher(error.to_string()))?;
    crowd.until_held(HELD_LIMIT).await;
    side.until_held(HELD_LIMIT).await;

    let subscribers = crowd.alive();
    let server_before = common.process.map(Process::cpu_time).transpose()?;
    let own_before = own.cpu_time()?;
    let schedule = Schedule::new(clock::now() + LEAD, traffic.rate, common.length);
    shared.begin(schedule);
    let pacer = Pacer::start(schedule).map_err(RunError::Thread)?;
    let sending = Sending { publisher, pacer, schedule, bytes: traffic.payload_bytes };
    let (sent, late) = sending.run(&shared, &troubles, &mut stop).await;

    let drain = if stop.is_stopped() { DRAIN_STOPPED } else { DRAIN };
    let owed = sent * subscribers;
    until(drain, || shared.delivered.load(Ordering::Relaxed) >= owed).await;
    let length = clock::now().saturating_duration_since(schedule.due(0));
    let server_after = common.process.map(Process::cpu_time).transpose()?;
    let own_after = own.cpu_time()?;
    tokio::time::sleep(ECHO).await;

    side.dismiss().await;
    let mut faults = Faults::default();
    for subscriber in crowd.dismiss().await {
        faults += subscriber.ledger.close(sent);
    }
    let delivered = shared.delivered.load(Ordering::Relaxed);
    let per_delivery = |before: Duration, after: Duration| {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let deliveries = delivered.max(1) as f64;
        after.saturating_sub(before).as_secs_f64() * 1e6 / deliveries
    };
    let latency = shared.latencies.lock().unwrap_or_else(PoisonError::into_inner).summary();
    Ok(FanoutReport {
        workload: "fanout",
        url: common.target.to_string(),
        sessions: common.sessions as u64,
        subscribers,
        rate: traffic.rate,
        payload_bytes: traffic.payload_bytes,
        ramp_seconds: ramp.as_secs_f64(),
        seconds: length.as_secs_f64(),
        sent,
        delivered,
        lost: faults.lost,
        doubled: faults.doubled,
        out_of_order: faults.out_of_order,
        foreign: shared.foreign.load(Ordering::Relaxed),
        latency,
        publisher_late: late.summary(),
        server_cpu_us_per_delivery: server_before
            .zip(server_after)
            .map(|(before, after)| per_delivery(before, after)),
        client_cpu_us_per_delivery: per_delivery(own_before, own_after),
        interrupted: stop.is_stopped(),
        errors: troubles.counts(),
    })
}

/// A session that publishes. It polls like any other, or the server would remove it.
async fn publisher(common: &Common, side: &mut Crowd<()>) -> Result<Publisher, SessionError> {
    let session = Session::open(&Arc::new(common.target.clone()), None).await?;
    let publisher = Publisher::open(session.identity().clone(), &common.channel).await?;
    side.admit(session, ());
    Ok(publisher)
}

/// The publisher at work.
#[derive(Debug)]
struct Sending {
    publisher: Publisher,
    pacer: Pacer,
    schedule: Schedule,
    bytes: usize,
}

impl Sending {
    /// Publishes until the schedule ends, the run is stopped, or the server says no. Returns how
    /// many messages were accepted, and how late each was written.
    async fn run(
        mut self,
        shared: &Shared,
        troubles: &Troubles,
        stop: &mut Stop,
    ) -> (u64, Latencies) {
        let mut late = Latencies::new();
        let mut sent = 0;
        loop {
            let number = tokio::select! {
                number = self.pacer.next() => number,
                () = stop.stopped() => None,
            };
            let Some(number) = number else { return (sent, late) };
            let due = self.schedule.due(number);
            let due_us = (due - self.schedule.due(0)).as_micros();
            let due_us = u64::try_from(due_us).unwrap_or(u64::MAX);
            let stamp = Stamp { run: shared.run, number, due_us };
            let data = stamp.render(self.bytes);
            late.record(clock::now().saturating_duration_since(due));
            if let Err(error) = self.publisher.publish(&data).await {
                troubles.note(&format_args!("the publisher gave up: {error}"));
                return (sent, late);
            }
            sent = number + 1;
        }
    }
}

/// What all subscribers write to. The lock is held for one value.
#[derive(Debug)]
struct Shared {
    channel: ChannelName,
    run: u32,
    begun: OnceLock<Schedule>,
    delivered: AtomicU64,
    foreign: AtomicU64,
    latencies: Mutex<Latencies>,
}

impl Shared {
    fn new(channel: ChannelName) -> Self {
        // Std's hasher keys are random, which is enough to tell runs apart.
        let run = RandomState::new().hash_one(0_u8) & u64::from(u32::MAX);
        Self {
            channel,
            run: u32::try_from(run).unwrap_or_default(),
            begun: OnceLock::new(),
            delivered: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
            latencies: Mutex::new(Latencies::new()),
        }
    }

    /// From now on messages of this run exist.
    fn begin(&self, schedule: Schedule) {
        self.begun.get_or_init(|| schedule);
    }

    /// When a message of this run was due; `None` if it is not one.
    fn due(&self, channel: &[u8], stamp: Option<Stamp>) -> Option<(u64, Instant)> {
        let (stamp, schedule) = stamp.zip(self.begun.get())?;
        let ours = stamp.run == self.run
            && stamp.number < schedule.count()
            && scan::text(channel)? == self.channel.as_str();
        ours.then(|| (stamp.number, schedule.due(0) + Duration::from_micros(stamp.due_us)))
    }
}

/// One subscriber's account.
#[derive(Debug)]
struct Subscriber {
    shared: Arc<Shared>,
    ledger: Ledger,
}

impl Subscriber {
    fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), ledger: Ledger::default() }
    }
}

impl Listener for Subscriber {
    fn handle_event(&mut self, channel: &[u8], data: &[u8], arrived: Instant) {
        let shared = &self.shared;
        let Some((number, due)) = shared.due(channel, Stamp::read(data)) else {
            shared.foreign.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if self.ledger.enter(number) == Entry::New {
            let latency = arrived.saturating_duration_since(due);
            shared.latencies.lock().unwrap_or_else(PoisonError::into_inner).record(latency);
            shared.delivered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl FanoutReport {
    /// Whether every message reached every subscriber once and in order, and nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
            && self.lost == 0
            && self.doubled == 0
            && self.out_of_order == 0
            && (self.interrupted || self.subscribers == self.sessions)
    }

    /// The rows of the table.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            row("subscribers", format!("{} of {}", self.subscribers, self.sessions)),
            row("ramp-up", seconds(self.ramp_seconds)),
            row("messages", format!("{} in {}", self.sent, seconds(self.seconds))),
            row("payload", format!("{} bytes", self.payload_bytes)),
            row("deliveries", self.delivered.to_string()),
            row("lost", self.lost.to_string()),
            row("doubled", self.doubled.to_string()),
            row("out of order", self.out_of_order.to_string()),
        ];
        if self.foreign > 0 {
            rows.push(row("of somebody else", self.foreign.to_string()));
        }
        if let Some(latency) = &self.latency {
            rows.extend([
                row("latency p50", micros(latency.p50_us)),
                row("latency p90", micros(latency.p90_us)),
                row("latency p99", micros(latency.p99_us)),
                row("latency p99.9", micros(latency.p999_us)),
                row("latency max", micros(latency.max_us)),
            ]);
        }
        if let Some(late) = &self.publisher_late {
            rows.push(row("publisher late p99", micros(late.p99_us)));
        }
        if let Some(cpu) = self.server_cpu_us_per_delivery {
            rows.push(row("server CPU per delivery", format!("{cpu:.1} us")));
        }
        let cpu = self.client_cpu_us_per_delivery;
        rows.push(row("this tool per delivery", format!("{cpu:.1} us")));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_of_this_run_count() {
        let channel = ChannelName::new("/load/a").unwrap();
        let shared = Arc::new(Shared::new(channel));
        let mut subscriber = Subscriber::new(&shared);
        let now = clock::now();
        let data = |run, number| Stamp { run, number, due_us: 0 }.render(80);
        let run = shared.run;
        subscriber.handle_event(b"\"/load/a\"", data(run, 0).as_bytes(), now);
        assert_eq!(shared.foreign.load(Ordering::Relaxed), 1, "nothing was published yet");
        shared.begin(Schedule::new(now, 1.0, Duration::from_secs(2)));
        for (channel, run, number) in
            [("\"/load/b\"", run, 0), ("\"/load/a\"", run ^ 1, 0), ("\"/load/a\"", run, 2)]
        {
            subscriber.handle_event(channel.as_bytes(), data(run, number).as_bytes(), now);
        }
        assert_eq!(shared.foreign.load(Ordering::Relaxed), 4);
        for number in [0, 1, 1] {
            subscriber.handle_event(b"\"/load/a\"", data(run, number).as_bytes(), now);
        }
        assert_eq!(shared.delivered.load(Ordering::Relaxed), 2);
        assert_eq!(subscriber.ledger.close(2).doubled, 1);
    }
}
