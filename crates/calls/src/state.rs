//! All calls and interactions at one moment, as the events so far add up.
//!
//! Values are shared and never changed in place: a change puts a new value in the place of the old
//! one. Who keeps the old one can put it back, which is how the shell rolls back.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use crate::{Call, CallId, Dn, Interaction, InteractionId, Limits, Line, LineId, UserName};

/// What [`decide`](crate::decide()) looks at and [`evolve`](crate::evolve()) changes.
///
/// Which lines are ours and what the limits are is configuration: it stands here because decisions
/// depend on it, and no event changes it.
#[derive(Clone, Debug, Default)]
pub struct State {
    limits: Limits,
    dns: Arc<HashSet<Dn>>,
    calls: HashMap<CallId, Arc<Call>>,
    interactions: HashMap<InteractionId, Arc<Interaction>>,
    lines: HashMap<Dn, Arc<Line>>,
    // Eras that are over, before the present ones.
    past: BTreeSet<LineId>,
    // Counts of what is not ended.
    live_calls: usize,
    live_interactions: usize,
    calls_by_dn: HashMap<Dn, usize>,
    interactions_by_user: HashMap<UserName, usize>,
    // Lines that ring, by when they are to stop.
    ringing: BTreeSet<(u64, CallId, Dn)>,
}

impl State {
    /// A state without calls, interactions and lines.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Says which lines are ours, instead of those before. Calls of other lines go on.
    pub fn set_dns(&mut self, dns: impl Into<Arc<HashSet<Dn>>>) {
        self.dns = dns.into();
    }

    /// Puts `after` in the place of the call; `None` takes the call out.
    pub(crate) fn set_call(&mut self, id: &CallId, after: Option<Arc<Call>>) {
        if let Some(call) = &after {
            self.live_calls += usize::from(!call.is_released());
            for dn in live_dns(call) {
                *self.calls_by_dn.entry(dn.clone()).or_default() += 1;
            }
        }
        let rings = after.as_deref().map_or_else(Vec::new, |call| ringing(call).collect());
        let before = match after {
            Some(call) => self.calls.insert(id.clone(), call),
            None => self.calls.remove(id),
        };
        for rang in before.iter().flat_map(|call| ringing(call)) {
            self.ringing.remove(&rang);
        }
        self.ringing.extend(rings);
        if let Some(call) = before {
            self.live_calls -= usize::from(!call.is_released());
            for dn in live_dns(&call) {
                decrease(&mut self.calls_by_dn, dn);
            }
        }
    }

    /// Puts `after` in the place of the interaction; `None` takes the interaction out.
    pub(crate) fn set_interaction(&mut self, id: &InteractionId, after: Option<Arc<Interaction>>) {
        if let Some(interaction) = &after {
            self.live_interactions += usize::from(!interaction.is_completed());
            for seat in interaction.live_seats() {
                *self.interactions_by_user.entry(seat.agent.clone()).or_default() += 1;
            }
        }
        let before = match after {
            Some(interaction) => self.interactions.insert(id.clone(), interaction),
            None => self.interactions.remove(id),
        };
        if let Some(interaction) = before {
            self.live_interactions -= usize::from(!interaction.is_completed());
            for seat in interaction.live_seats() {
                decrease(&mut self.interactions_by_user, &seat.agent);
            }
        }
    }

    /// Puts `after` in the place of what is set at the line; `None` takes that out. An earlier era
    /// than there was takes the present one back.
    pub(crate) fn set_line(&mut self, dn: &Dn, after: Option<Arc<Line>>) {
        if let Some(id) = after.as_ref().map(|line| &line.id) {
            self.past.remove(id);
        }
        let new = after.as_ref().map_or(0, |line| line.id.era);
        let before = match after {
            Some(line) => self.lines.insert(dn.clone(), line),
            None => self.lines.remove(dn),
        };
        if let Some(line) = before.filter(|line| line.id.era < new) {
            self.past.insert(line.id.clone());
        }
    }

    /// Nothing of an era that is over is kept any more.
    #[cfg(feature = "shell")]
    pub(crate) fn forget_era(&mut self, id: &LineId) {
        self.past.remove(id);
    }

    /// What is set at the line; `None` where nobody ever set anything.
    pub fn line(&self, dn: &Dn) -> Option<&Arc<Line>> {
        self.lines.get(dn)
    }

    /// What is set at lines where somebody once set something, in no particular order.
    pub fn lines(&self) -> impl Iterator<Item = &Arc<Line>> {
        self.lines.values()
    }

    /// Eras that are over, each followed by a later one of its line.
    #[cfg(feature = "shell")]
    pub(crate) fn past_eras(&self) -> impl Iterator<Item = &LineId> {
        self.past.iter()
    }

    /// The call of this id, released ones included while they are kept.
    pub fn call(&self, id: &str) -> Option<&Arc<Call>> {
        self.calls.get(id)
    }

    /// The interaction of this id, completed ones included while they are kept.
    pub fn interaction(&self, id: &str) -> Option<&Arc<Interaction>> {
        self.interactions.get(id)
    }

    /// All calls, in no particular order.
    pub fn calls(&self) -> impl Iterator<Item = &Arc<Call>> {
        self.calls.values()
    }

    /// All interactions, in no particular order.
    pub fn interactions(&self) -> impl Iterator<Item = &Arc<Interaction>> {
        self.interactions.values()
    }

    /// The lines that ring and were to stop by `now_ms`, longest overdue first.
    pub fn overdue(&self, now_ms: u64) -> impl Iterator<Item = (&CallId, &Dn)> {
        let due = self.ringing.iter().take_while(move |(until_ms, _, _)| *until_ms <= now_ms);
        due.map(|(_, call, dn)| (call, dn))
    }

    /// The bounds that decisions keep.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The line of this number, when it is ours.
    pub fn dn(&self, number: &str) -> Option<&Dn> {
        self.dns.get(number)
    }

    /// How many calls are not released.
    pub fn live_calls(&self) -> usize {
        self.live_calls
    }

    /// How many interactions are not completed.
    pub fn live_interactions(&self) -> usize {
        self.live_interactions
    }

    /// On how many calls the line is.
    pub fn live_calls_of(&self, dn: &Dn) -> usize {
        self.calls_by_dn.get(dn).copied().unwrap_or(0)
    }

    /// With how many interactions the user still has something to do.
    pub fn live_interactions_of(&self, user: &UserName) -> usize {
        self.interactions_by_user.get(user).copied().unwrap_or(0)
    }
}

/// The lines that are on the call now.
pub(crate) fn live_dns(call: &Call) -> impl Iterator<Item = &Dn> {
    call.parties.iter().filter(|party| party.is_live()).filter_map(|party| party.dn.as_ref())
}

/// Who rings on the call only for a while.
fn ringing(call: &Call) -> impl Iterator<Item = (u64, CallId, Dn)> {
    call.parties
        .iter()
        .filter_map(|party| Some((party.rings_until_ms?, call.id.clone(), party.dn.clone()?)))
}

fn decrease<K: Clone + Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
