//! One run, from the first connection to the report. All workloads go through here.
//!
//! The calling thread conducts: it starts the threads that serve sessions, moves them from phase to
//! phase, looks at the gauges and at the server's process, and adds up what they bring back.
//!
//! # Latency
//!
//! With a pace, latency runs from the moment a message was due to the moment its bytes were read
//! by the subscriber. It contains what this tool needs to write the message and to read the
//! deliveries of the same burst before it, and what the publisher waited behind its schedule, so
//! nothing is omitted while the server, or this tool, stands still. Without a pace it runs from the
//! moment of writing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::agents::Agents;
use crate::clock;
use crate::farewell;
use crate::job::{Kind, Tally};
use crate::latency::Latencies;
use crate::ledger::Faults;
use crate::pace::{Pace, Schedule};
use crate::process::Process;
use crate::report::{Report, ServerReport, TrafficReport, float};
use crate::run::{Common, RunError};
use crate::shared::{Phase, Shared, Totals};
use crate::source;
use crate::stop::Stop;
use crate::timeline::{Sample, Timeline};
use crate::worker::{Harvest, Worker};
use crate::workload::Workload;

/// Time between two looks at the gauges.
const GLANCE: Duration = Duration::from_millis(20);

/// Longest wait for all polls to be under way.
const HELD_LIMIT: Duration = Duration::from_secs(30);

/// Time between the last poll going out and the measurement of memory: first polls are answered at
/// once by some servers, and allocators settle.
const SETTLE: Duration = Duration::from_secs(1);

/// From the start of the schedule being fixed to its first message.
const LEAD: Duration = Duration::from_millis(100);

/// How long publishers may take to end after the last message was due.
const OVERTIME: Duration = Duration::from_secs(10);

/// Longest wait for what is still owed once the run is stopped.
const DRAIN_STOPPED: Duration = Duration::from_secs(2);

/// After everything came: time in which something may come once more.
const ECHO: Duration = Duration::from_millis(200);

/// Somebody who is told once a second how a run goes.
pub trait Watcher {
    /// What there is to see now.
    fn see(&mut self, sessions: u64, now: &Sample, before: &Sample);
}

/// Nobody.
impl Watcher for () {
    fn see(&mut self, _: u64, _: &Sample, _: &Sample) {}
}

/// Carries out a workload. It blocks until the run is over; stopping it early still reports.
///
/// # Errors
///
/// [`RunError`] if no session or no publisher came up, calls cannot be made, or something cannot be
/// measured.
pub fn run(
    common: &Common,
    workload: &Workload,
    stop: &Stop,
    watcher: &mut dyn Watcher,
) -> Result<Report, RunError> {
    let publishers = workload.publishers(common.sessions);
    source::make_room(common.sessions + 2 * publishers + 8 * common.threads)?;
    let own = Process::own()?;
    let own_before = own.resident_bytes()?;
    let mut agents = None;
    let mut desks = Vec::new();
    if matches!(workload, Workload::Calls { .. }) {
        let mut those = Agents::new(&common.target);
        desks = those.log_in(common.sessions, stop)?;
        agents = Some(those);
    }
    let server_before = common.process.map(Usage::take).transpose()?;
    let job = workload.job(common, common.late, desks);
    let shared = Arc::new(Shared::new(job, common.threads, stop.clone()));
    let mut threads = Vec::with_capacity(common.threads);
    for index in 0..common.threads {
        let worker = Worker::new(index, &shared, common.ramp.at_once).map_err(RunError::Thread)?;
        let name = format!("load-{index}");
        let thread = std::thread::Builder::new().name(name).spawn(move || worker.run());
        threads.push(thread.map_err(RunError::Thread)?);
    }
    let last = Sample { client_cpu_seconds: own.cpu_time()?.as_secs_f64(), ..Sample::default() };
    let mut conductor = Conductor {
        common,
        shared: &shared,
        own,
        begun: clock::now(),
        timeline: Timeline::new(),
        last,
        watcher,
    };
    let seen = conductor.conduct(workload, agents.as_mut());
    let Conductor { timeline, begun, .. } = conductor;
    shared.enter(Phase::End);
    let mut harvests = Vec::with_capacity(threads.len());
    for thread in threads {
        match thread.join() {
            Ok(harvest) => harvests.push(harvest.map_err(RunError::Thread)?),
            Err(_) => return Err(RunError::Broken),
        }
    }
    let identities: Vec<_> =
        harvests.iter_mut().flat_map(|harvest| std::mem::take(&mut harvest.identities)).collect();
    farewell::say(&identities);
    if let (Some(agents), Kind::Desks(desks)) = (&mut agents, &shared.job.kind) {
        agents.hang_up(desks);
    }
    let seen = seen?;
    let traffic = seen.traffic.as_ref().map(|traffic| add_up(&shared, &harvests, traffic));
    let counts = shared.troubles.counts();
    let ready = &seen.ready;
    let server =
        server_before.zip(ready.server).zip(seen.end.server).map(|((before, all_up), end)| {
            ServerReport {
                before_bytes: before.resident,
                held_bytes: all_up.resident,
                end_bytes: end.resident,
                bytes_per_poll: growth(before.resident, all_up.resident, ready.totals.held),
                bytes_per_poll_at_end: growth(before.resident, end.resident, seen.end.totals.held),
                setup_cpu_us_per_session: micros_each(before.cpu, all_up.cpu, ready.totals.up),
                held_cpu_seconds: end.cpu.saturating_sub(all_up.cpu).as_secs_f64(),
            }
        });
    let last = Sample {
        at_seconds: (seen.end.at - begun).as_secs_f64(),
        up: seen.end.totals.up,
        held: seen.end.totals.held,
        sent: shared.accepted.load(Ordering::Relaxed),
        delivered: seen.end.totals.delivered,
        server_bytes: seen.end.server.map(|usage| usage.resident),
        server_cpu_seconds: seen.end.server.map(|usage| usage.cpu.as_secs_f64()),
        client_cpu_seconds: seen.end.own_cpu.as_secs_f64(),
    };
    Ok(Report {
        workload: workload.name(),
        url: common.target.to_string(),
        transport: if common.target.is_websocket() { "websocket" } else { "long-polling" },
        ack: common.target.acknowledges(),
        threads: common.threads,
        sessions: common.sessions as u64,
        up: ready.totals.up,
        up_at_end: seen.end.totals.up,
        held: ready.totals.held,
        held_at_end: seen.end.totals.held,
        repolls: seen.end.totals.answered - ready.totals.answered,
        ramp_seconds: seen.ramp.as_secs_f64(),
        seconds: seen.length.as_secs_f64(),
        traffic,
        server,
        client_bytes_per_poll: growth(own_before, ready.own_bytes, ready.totals.held),
        interrupted: stop.is_stopped(),
        timeline: timeline.finish(last),
        troubles: counts.kinds,
        errors: counts.texts,
    })
}

/// The thread that conducts.
struct Conductor<'a> {
    common: &'a Common,
    shared: &'a Shared,
    own: Process,
    begun: Instant,
    timeline: Timeline,
    last: Sample,
    watcher: &'a mut dyn Watcher,
}

/// What the conductor saw.
#[derive(Debug)]
struct Seen {
    ramp: Duration,
    length: Duration,
    ready: Moment,
    end: Moment,
    traffic: Option<Sent>,
}

/// What was sent, and what it cost.
#[derive(Debug)]
struct Sent {
    subscribers: u64,
    length: Duration,
    server_cpu: Option<Duration>,
    own_cpu: Duration,
    read_bytes: u64,
}

/// Gauges and processes at one moment.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Instant,
    totals: Totals,
    server: Option<Usage>,
    own_bytes: u64,
    own_cpu: Duration,
}

/// Memory and CPU time of the server.
#[derive(Clone, Copy, Debug)]
struct Usage {
    resident: u64,
    cpu: Duration,
}

impl Usage {
    fn take(process: Process) -> Result<Self, RunError> {
        Ok(Self { resident: process.resident_bytes()?, cpu: process.cpu_time()? })
    }
}

impl Conductor<'_> {
    fn conduct(
        &mut self,
        workload: &Workload,
        agents: Option<&mut Agents>,
    ) -> Result<Seen, RunError> {
        let (common, shared) = (self.common, self.shared);
        let (sessions, side) = (common.sessions as u64, self.side());
        let is_settled = |totals: Totals| {
            totals.up + totals.gone >= sessions && totals.side_up + totals.side_gone >= side
        };
        self.until(common.ramp.limit, |shared| is_settled(shared.totals()));
        let ramp = clock::now() - self.begun;
        let totals = shared.totals();
        if !shared.stop.is_stopped() {
            let missing = sessions.saturating_sub(totals.up + totals.gone);
            shared.troubles.note_many("ramp", &"not up within the time of the ramp", missing);
        }
        let reason = || {
            let reason = shared.troubles.counts().texts.into_keys().next();
            reason.unwrap_or_else(|| "stopped".to_owned())
        };
        if totals.up == 0 {
            return Err(RunError::NoSession(reason()));
        }
        if totals.side_up < side {
            return Err(RunError::NoPublisher(reason()));
        }
        if let (Some(agents), Kind::Desks(desks)) = (agents, &shared.job.kind) {
            agents.call(desks, &shared.stop)?;
        }
        self.until(HELD_LIMIT, |shared| {
            let totals = shared.totals();
            totals.held >= totals.up
        });
        self.until(SETTLE, |_| false);
        let ready = self.moment()?;
        if matches!(workload, Workload::Hold) {
            self.until(common.length, |_| false);
            let end = self.moment()?;
            let length = end.at - ready.at;
            return Ok(Seen { ramp, length, ready, end, traffic: None });
        }
        shared.enter(Phase::Ready);
        self.until(HELD_LIMIT, |shared| {
            shared.counted.load(Ordering::Acquire) >= shared.gauges.len()
        });
        let before = self.moment()?;
        let start = clock::now() + LEAD;
        let schedule = Schedule::new(start, shared.request_rate(), common.length);
        shared.schedule.get_or_init(|| schedule);
        shared.enter(Phase::Traffic);
        // Publishers end by themselves; the limit is for those who do not.
        self.until(common.length + LEAD + OVERTIME, |shared| {
            shared.publishing.load(Ordering::Acquire) == 0
        });
        // What is due and did not get out in the overtime is not sent into the drain.
        shared.end_publishing();
        self.drain(common.drain);
        let end = self.moment()?;
        std::thread::sleep(ECHO);
        let length = end.at.saturating_duration_since(start);
        let traffic = Sent {
            subscribers: before.totals.up,
            length,
            server_cpu: end
                .server
                .zip(before.server)
                .map(|(end, before)| end.cpu.saturating_sub(before.cpu)),
            own_cpu: end.own_cpu.saturating_sub(before.own_cpu),
            read_bytes: end.totals.read_bytes - before.totals.read_bytes,
        };
        Ok(Seen { ramp, length, ready, end, traffic: Some(traffic) })
    }

    /// Sessions of publishers.
    fn side(&self) -> u64 {
        let job = &self.shared.job;
        match job.traffic {
            Some(traffic) if job.publishers_poll() => traffic.publishers as u64,
            _ => 0,
        }
    }

    /// Waits until `reached` says so, the run is stopped, or the limit is over.
    fn until(&mut self, limit: Duration, reached: impl Fn(&Shared) -> bool) {
        let end = clock::now() + limit;
        while !reached(self.shared) && !self.shared.stop.is_stopped() && clock::now() < end {
            self.glance();
        }
    }

    /// Waits for what is still owed; not for long once the run is stopped.
    fn drain(&mut self, limit: Duration) {
        let mut end = clock::now() + limit;
        let mut is_stopped = false;
        while self.shared.is_owed() {
            let now = clock::now();
            if !is_stopped && self.shared.stop.is_stopped() {
                is_stopped = true;
                end = end.min(now + DRAIN_STOPPED);
            }
            if now >= end {
                return;
            }
            self.glance();
        }
    }

    /// Sleeps a little, and once a second tells how it goes.
    fn glance(&mut self) {
        std::thread::sleep(GLANCE);
        let at = clock::now().saturating_duration_since(self.begun).as_secs_f64();
        if at - self.last.at_seconds < Timeline::STEP.as_secs_f64() {
            return;
        }
        let totals = self.shared.totals();
        let server = self.common.process.and_then(|process| Usage::take(process).ok());
        if self.common.process.is_some() && server.is_none() {
            self.shared.troubles.note("server", &"the server's process cannot be looked at");
        }
        let sample = Sample {
            at_seconds: at,
            up: totals.up,
            held: totals.held,
            sent: self.shared.accepted.load(Ordering::Relaxed),
            delivered: totals.delivered,
            server_bytes: server.map(|usage| usage.resident),
            server_cpu_seconds: server.map(|usage| usage.cpu.as_secs_f64()),
            client_cpu_seconds: self.own.cpu_time().map_or(0.0, |time| time.as_secs_f64()),
        };
        self.watcher.see(self.common.sessions as u64, &sample, &self.last);
        self.timeline.push(sample);
        self.last = sample;
    }

    fn moment(&self) -> Result<Moment, RunError> {
        Ok(Moment {
            at: clock::now(),
            totals: self.shared.totals(),
            server: self.common.process.map(Usage::take).transpose()?,
            own_bytes: self.own.resident_bytes()?,
            own_cpu: self.own.cpu_time()?,
        })
    }
}

/// What all threads saw together.
fn add_up(shared: &Shared, harvests: &[Harvest], seen: &Sent) -> TrafficReport {
    let job = &shared.job;
    let mut issued = vec![0; job.streams];
    let (mut tally, mut late) = (Tally::new(), Latencies::new());
    for harvest in harvests {
        tally.merge(&harvest.tally);
        late.merge(&harvest.publisher_late);
        for (stream, count) in &harvest.issued {
            if let Some(issued) = issued.get_mut(*stream as usize) {
                *issued = *count;
            }
        }
    }
    let excused = shared.excused();
    let mut faults = Faults::default();
    for account in harvests.iter().flat_map(|harvest| &harvest.accounts) {
        faults += account.close(&issued, &excused);
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / float(tally.delivered.max(1));
    let (rate, window) = match job.traffic.map(|traffic| traffic.pace) {
        Some(Pace::Every(rate)) => (Some(rate), None),
        Some(Pace::Window(window)) => (None, Some(window)),
        None => (None, None),
    };
    TrafficReport {
        subscribers: seen.subscribers,
        rate,
        window,
        publishers: job.traffic.map_or(0, |traffic| traffic.publishers),
        batch: job.traffic.map_or(0, |traffic| traffic.batch),
        payload_bytes: job.traffic.map_or(0, |traffic| traffic.payload_bytes),
        sent: shared.accepted.load(Ordering::Relaxed),
        delivered: tally.delivered,
        deliveries_per_second: float(tally.delivered) / seen.length.as_secs_f64().max(1e-3),
        lost: faults.lost,
        doubled: faults.doubled,
        out_of_order: faults.out_of_order,
        late: tally.late,
        stray: tally.stray,
        garbled: tally.garbled,
        foreign: tally.foreign,
        other_notifications: tally.others,
        received_bytes_per_delivery: float(seen.read_bytes) / float(tally.delivered.max(1)),
        latency: tally.latencies.summary(),
        percentiles: tally.latencies.percentiles(),
        publisher_late: late.summary(),
        server_cpu_us_per_delivery: seen.server_cpu.map(each),
        client_cpu_us_per_delivery: each(seen.own_cpu),
    }
}

fn micros_each(before: Duration, after: Duration, count: u64) -> f64 {
    after.saturating_sub(before).as_secs_f64() * 1e6 / float(count.max(1))
}

/// Bytes gained per poll; negative if the process shrank.
fn growth(before: u64, after: u64, polls: u64) -> f64 {
    (float(after) - float(before)) / float(polls.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_per_poll_and_may_be_negative() {
        assert!((growth(1000, 3000, 10) - 200.0).abs() < 1e-9);
        assert!((growth(3000, 1000, 10) + 200.0).abs() < 1e-9);
        assert!(growth(0, 0, 0).abs() < 1e-9);
    }
}
