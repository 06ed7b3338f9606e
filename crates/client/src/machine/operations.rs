//! What the application waits for: one operation per ticket, each with a deadline.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use encke_bayeux::{ChannelName, ChannelPattern};

/// The name of one operation. Tickets and message ids share one counter, and the ticket of a
/// request is the id of its message.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Ticket(pub(crate) u64);

/// What an operation is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    Publish,
    Call(ChannelName),
    Subscribe(ChannelPattern),
    Unsubscribe,
    Disconnect,
}

/// Calls that are remembered after their time, so that a late result is known for one.
const LATE_CALLS: usize = 1024;

/// All operations that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    open: HashMap<Ticket, (Operation, Instant)>,
    calls: usize,
    /// Calls whose time was over, oldest first.
    late: VecDeque<Ticket>,
    deadlines: BTreeSet<(Instant, Ticket)>,
}

impl Operations {
    pub(crate) fn begin(&mut self, ticket: Ticket, operation: Operation, deadline: Instant) {
        self.deadlines.insert((deadline, ticket));
        self.calls += usize::from(matches!(operation, Operation::Call(_)));
        self.open.insert(ticket, (operation, deadline));
    }

    pub(crate) fn get(&self, ticket: Ticket) -> Option<&Operation> {
        self.open.get(&ticket).map(|(operation, _)| operation)
    }

    /// Calls that have not ended.
    pub(crate) fn calls(&self) -> usize {
        self.calls
    }

    /// Ends an operation; `None` if it had ended.
    pub(crate) fn end(&mut self, ticket: Ticket) -> Option<Operation> {
        let (operation, deadline) = self.open.remove(&ticket)?;
        self.deadlines.remove(&(deadline, ticket));
        self.calls -= usize::from(matches!(operation, Operation::Call(_)));
        Some(operation)
    }

    /// Ends an operation whose deadline has come.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<(Ticket, Operation)> {
        let (deadline, ticket) = *self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        let operation = self.end(ticket)?;
        if matches!(operation, Operation::Call(_)) {
            if self.late.len() >= LATE_CALLS {
                self.late.pop_front();
            }
            self.late.push_back(ticket);
        }
        Some((ticket, operation))
    }

    /// Whether this is a call that nobody waits for any more.
    pub(crate) fn is_late(&self, ticket: Ticket) -> bool {
        self.late.contains(&ticket)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// All open tickets of a kind, oldest first.
    pub(crate) fn tickets(&self, mut wanted: impl FnMut(&Operation) -> bool) -> Vec<Ticket> {
        let open = self.open.iter().filter(|(_, (operation, _))| wanted(operation));
        let mut tickets: Vec<_> = open.map(|(ticket, _)| *ticket).collect();
        tickets.sort_unstable();
        tickets
    }
}
