//! What is committed, for readers.
//!
//! Only the writer changes it, and only after the journal has answered. Readers lock one shard of
//! one map for the time of a clone, and no guard is kept while another map is entered.

use std::sync::Arc;

use dashmap::DashMap;

use crate::state::live_dns;
use crate::{Call, CallId, Dn, Line, SmsId, SmsSession, UserName};

#[derive(Debug, Default)]
pub(super) struct Snapshots {
    calls: DashMap<CallId, Arc<Call>>,
    sessions: DashMap<SmsId, Arc<SmsSession>>,
    lines: DashMap<Dn, Arc<Line>>,
    // What is not ended, oldest first.
    by_dn: DashMap<Dn, Vec<CallId>>,
    by_user: DashMap<UserName, Vec<SmsId>>,
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

    pub(super) fn put_sms(&self, before: Option<&SmsSession>, after: &Arc<SmsSession>) {
        self.sessions.insert(after.id.clone(), Arc::clone(after));
        match (before.is_none_or(SmsSession::is_completed), after.is_completed()) {
            (true, false) => {
                self.by_user.entry(after.agent.clone()).or_default().push(after.id.clone());
            }
            (false, true) => remove(&self.by_user, &after.agent, &after.id),
            (true, true) | (false, false) => {}
        }
    }

    pub(super) fn put_line(&self, after: &Arc<Line>) {
        self.lines.insert(after.id.dn.clone(), Arc::clone(after));
    }

    /// Takes out a call that has ended.
    pub(super) fn forget_call(&self, id: &CallId) {
        self.calls.remove(id);
    }

    /// Takes out a session that has ended.
    pub(super) fn forget_sms(&self, id: &SmsId) {
        self.sessions.remove(id);
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

    pub(super) fn sms(&self, id: &str) -> Option<Arc<SmsSession>> {
        self.sessions.get(id).map(|session| Arc::clone(&session))
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

    pub(super) fn sms_of(&self, user: &UserName) -> Vec<Arc<SmsSession>> {
        let ids = self.by_user.get(user).map(|ids| ids.clone()).unwrap_or_default();
        let sessions = ids.iter().filter_map(|id| self.sms(id.as_str()));
        sessions.filter(|session| !session.is_completed()).collect()
    }
}

fn remove<K: Eq + std::hash::Hash, V: Eq>(index: &DashMap<K, Vec<V>>, key: &K, value: &V) {
    index.remove_if_mut(key, |_, values| {
        values.retain(|other| other != value);
        values.is_empty()
    });
}
