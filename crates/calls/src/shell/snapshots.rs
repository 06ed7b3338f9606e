//! What is committed, for readers.
//!
//! Only the writer changes it, and only after the journal has answered. Readers lock one shard of
//! one map for the time of a clone, and no guard is kept while another map is entered.

use std::sync::Arc;

use dashmap::DashMap;

use crate::state::live_dns;
use crate::{Call, CallId, Dn, Interaction, InteractionId, Line, Seat, UserName};

#[derive(Debug, Default)]
pub(super) struct Snapshots {
    calls: DashMap<CallId, Arc<Call>>,
    interactions: DashMap<InteractionId, Arc<Interaction>>,
    lines: DashMap<Dn, Arc<Line>>,
    // What is not ended, in the order in which it came to them; what a core found when it was opened,
    // in the order in which it began.
    by_dn: DashMap<Dn, Vec<CallId>>,
    by_user: DashMap<UserName, Vec<InteractionId>>,
}

impl Snapshots {
    pub(super) fn put_call(&self, before: Option<&Call>, after: &Arc<Call>) {
        self.calls.insert(after.id.clone(), Arc::clone(after));
        let is_live = |call: &Call, dn: &Dn| live_dns(call).any(|live| live == dn);
        for dn in live_dns(after) {
            if !before.is_some_and(|before| is_live(before, dn)) {
                self.by_dn.entry(dn.clone()).or_default().push(after.id.clone());
            }
        }
        for dn in before.into_iter().flat_map(live_dns) {
            if !is_live(after, dn) {
                remove(&self.by_dn, dn, &after.id);
            }
        }
    }

    pub(super) fn put_interaction(&self, before: Option<&Interaction>, after: &Arc<Interaction>) {
        self.interactions.insert(after.id.clone(), Arc::clone(after));
        let is_live = |interaction: &Interaction, agent: &UserName| {
            interaction.seat(agent.as_str()).is_some_and(Seat::is_live)
        };
        for seat in after.live_seats() {
            if !before.is_some_and(|before| is_live(before, &seat.agent)) {
                self.by_user.entry(seat.agent.clone()).or_default().push(after.id.clone());
            }
        }
        for seat in before.into_iter().flat_map(Interaction::live_seats) {
            if !is_live(after, &seat.agent) {
                remove(&self.by_user, &seat.agent, &after.id);
            }
        }
    }

    pub(super) fn put_line(&self, after: &Arc<Line>) {
        self.lines.insert(after.id.dn.clone(), Arc::clone(after));
    }

    /// Takes out a call that has ended.
    pub(super) fn forget_call(&self, id: &CallId) {
        self.calls.remove(id);
    }

    /// Takes out an interaction that has ended.
    pub(super) fn forget_interaction(&self, id: &InteractionId) {
        self.interactions.remove(id);
    }

    pub(super) fn call(&self, id: &str) -> Option<Arc<Call>> {
        self.calls.get(id).map(|call| Arc::clone(&call))
    }

    /// Shows every call, in no order; a shard is locked while its calls are shown.
    pub(super) fn each_call(&self, mut show: impl FnMut(&Arc<Call>)) {
        for call in &self.calls {
            show(&call);
        }
    }

    pub(super) fn interaction(&self, id: &str) -> Option<Arc<Interaction>> {
        self.interactions.get(id).map(|interaction| Arc::clone(&interaction))
    }

    pub(super) fn line(&self, dn: &Dn) -> Option<Arc<Line>> {
        self.lines.get(dn).map(|line| Arc::clone(&line))
    }

    pub(super) fn calls_of(&self, dn: &Dn) -> Vec<Arc<Call>> {
        let ids = self.by_dn.get(dn).map(|ids| ids.clone()).unwrap_or_default();
        let calls = ids.iter().filter_map(|id| self.call(id.as_str()));
        // One of them may have ended since.
        calls.filter(|call| live_dns(call).any(|live| live == dn)).collect()
    }

    pub(super) fn interactions_of(&self, user: &UserName) -> Vec<Arc<Interaction>> {
        let ids = self.by_user.get(user).map(|ids| ids.clone()).unwrap_or_default();
        let interactions = ids.iter().filter_map(|id| self.interaction(id.as_str()));
        // One of them may have ended since.
        let live = |one: &Arc<Interaction>| one.seat(user.as_str()).is_some_and(Seat::is_live);
        interactions.filter(live).collect()
    }
}

fn remove<K: Eq + std::hash::Hash, V: Eq>(index: &DashMap<K, Vec<V>>, key: &K, value: &V) {
    index.remove_if_mut(key, |_, values| {
        values.retain(|other| other != value);
        values.is_empty()
    });
}
