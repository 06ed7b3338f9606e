//! What one thread of a run owns: its sessions and publishers, and what is counted of them.
//!
//! A session changes its state in one place, so that the counts of each state are true at any time;
//! other threads see them in the gauges. What a thread gives back at the end is here as well.
//! Nothing here reads or writes a socket.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use mio::{Poll, Token};

use super::lane::{Counts, Lane};
use crate::clock;
use crate::job::{Account, Draw, Tally};
use crate::latency::Latencies;
use crate::pace::Alarm;
use crate::publisher::Publisher;
use crate::session::{Identity, State};
use crate::shared::Shared;

const ALARM: Token = Token(0);

/// One thread's share of a run.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(super) index: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) ramp: usize,
    pub(super) poll: Poll,
    pub(super) alarm: Alarm,
    pub(super) lanes: Vec<Lane>,
    pub(super) publishers: Vec<Publisher>,
    pub(super) timers: BinaryHeap<Reverse<(Instant, usize)>>,
    pub(super) tally: Tally,
    pub(super) publisher_late: Latencies,
    pub(super) scratch: Vec<u8>,
    /// Sessions whose poll was answered and that have to send the next.
    pub(super) answered: Vec<usize>,
    pub(super) masks: Draw,
    /// The next lane of the ramp.
    pub(super) next: usize,
    pub(super) counts: Counts,
    /// The start of the schedule, once there is one.
    pub(super) begun: Option<Instant>,
}

/// What a thread gives back.
#[derive(Debug)]
pub(crate) struct Harvest {
    pub(crate) accounts: Vec<Account>,
    pub(crate) identities: Vec<Identity>,
    pub(crate) tally: Tally,
    pub(crate) publisher_late: Latencies,
    /// By stream, how many messages went out.
    pub(crate) issued: Vec<(u32, u64)>,
}

impl Worker {
    /// The share of thread `index`. `ramp` sessions are set up at the same time.
    pub(crate) fn new(index: usize, shared: &Arc<Shared>, ramp: usize) -> io::Result<Self> {
        let threads = shared.gauges.len();
        let poll = Poll::new()?;
        let alarm = Alarm::new(poll.registry(), ALARM)?;
        let now = clock::now();
        let job = &shared.job;
        let mut lanes = Vec::new();
        for number in (index..job.sessions).step_by(threads) {
            lanes.push(Lane::new(number, false, shared, now));
        }
        let mut publishers = Vec::new();
        let count = job.traffic.map_or(0, |traffic| traffic.publishers);
        for number in (index..count).step_by(threads) {
            let lane = job.publishers_poll().then(|| {
                lanes.push(Lane::new(job.sessions + number, true, shared, now));
                lanes.len() - 1
            });
            publishers.push(Publisher::new(number, shared, lane, now));
        }
        Ok(Self {
            index,
            shared: Arc::clone(shared),
            ramp: ramp.div_ceil(threads).max(1),
            poll,
            alarm,
            lanes,
            publishers,
            timers: BinaryHeap::new(),
            tally: Tally::new(),
            publisher_late: Latencies::new(),
            scratch: Vec::new(),
            answered: Vec::new(),
            masks: Draw::new(crate::job::random()),
            next: 0,
            counts: Counts::default(),
            begun: None,
        })
    }

    /// Enters a state and keeps count.
    pub(super) fn set(&mut self, at: usize, state: State) {
        let Some(lane) = self.lanes.get_mut(at) else { return };
        let counts = &mut self.counts;
        for (state, sign) in [(lane.state, u64::MAX), (state, 1)] {
            let add = |count: &mut u64, is: bool| {
                if is {
                    *count = count.wrapping_add(sign);
                }
            };
            add(&mut counts.rising, state.is_rising());
            if lane.side {
                add(&mut counts.side_up, state.is_up());
                add(&mut counts.side_gone, state == State::Gone);
            } else {
                add(&mut counts.up, state.is_up());
                add(&mut counts.held, state == State::Polling);
                add(&mut counts.gone, state == State::Gone);
            }
        }
        lane.state = state;
    }

    pub(super) fn publish_gauges(&self) {
        let Some(gauge) = self.shared.gauges.get(self.index) else { return };
        let Counts { up, held, gone, side_up, side_gone, answered, read_bytes, .. } = self.counts;
        for (to, value) in [
            (&gauge.up, up),
            (&gauge.held, held),
            (&gauge.gone, gone),
            (&gauge.side_up, side_up),
            (&gauge.side_gone, side_gone),
            (&gauge.answered, answered),
            (&gauge.delivered, self.tally.delivered),
            (&gauge.read_bytes, read_bytes),
        ] {
            to.store(value, Ordering::Relaxed);
        }
    }

    /// Ends the share.
    pub(super) fn harvest(self) -> Harvest {
        let mut accounts = Vec::with_capacity(self.lanes.len());
        let mut identities = Vec::with_capacity(self.lanes.len());
        for lane in self.lanes {
            if lane.state.is_up() {
                identities.push(lane.session.identity);
            }
            if !lane.side {
                accounts.push(lane.account);
            }
        }
        let issued = self.publishers.into_iter().flat_map(|publisher| publisher.streams).collect();
        Harvest {
            accounts,
            identities,
            tally: self.tally,
            publisher_late: self.publisher_late,
            issued,
        }
    }
}
