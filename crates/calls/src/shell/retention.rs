//! Which ended calls and interactions are still kept.

use std::collections::VecDeque;
use std::time::Duration;

use crate::Subject;

/// What has ended, oldest first.
#[derive(Debug)]
pub(super) struct Retention {
    ended: VecDeque<(u64, Subject)>,
    keep_ms: u64,
    keep: usize,
}

impl Retention {
    /// Begins with what had ended before, in any order.
    pub(super) fn new(mut ended: Vec<(u64, Subject)>, keep: Duration, at_most: usize) -> Self {
        ended.sort();
        Self {
            ended: ended.into(),
            keep_ms: u64::try_from(keep.as_millis()).unwrap_or(u64::MAX),
            keep: at_most,
        }
    }

    pub(super) fn ended(&mut self, at_ms: u64, subject: Subject) {
        self.ended.push_back((at_ms, subject));
    }

    /// How many may be forgotten at `now_ms`. They are the first ones.
    pub(super) fn due(&self, now_ms: u64) -> usize {
        let excess = self.ended.len().saturating_sub(self.keep);
        let old = |&(at_ms, _): &&(u64, Subject)| at_ms.saturating_add(self.keep_ms) <= now_ms;
        excess + self.ended.iter().skip(excess).take_while(old).count()
    }

    /// The first `count`, oldest first.
    pub(super) fn first(&self, count: usize) -> impl Iterator<Item = &Subject> {
        self.ended.iter().take(count).map(|(_, subject)| subject)
    }

    /// Lets the first `count` go.
    pub(super) fn forget(&mut self, count: usize) -> impl Iterator<Item = Subject> + '_ {
        self.ended.drain(..count.min(self.ended.len())).map(|(_, subject)| subject)
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.ended.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallId;

    fn subject(n: u64) -> Subject {
        Subject::Call(CallId::new(n.to_string()).unwrap())
    }

    #[test]
    fn what_is_old_or_too_much_is_due() {
        let ended = vec![(300, subject(3)), (100, subject(1)), (200, subject(2))];
        let mut retention = Retention::new(ended, Duration::from_secs(1), 3);
        assert_eq!(retention.due(1099), 0);
        assert_eq!(retention.due(1100), 1);
        assert_eq!(retention.due(9999), 3);
        retention.ended(400, subject(4));
        assert_eq!(retention.due(0), 1);
        assert_eq!(retention.due(1200), 2);
        assert_eq!(retention.first(1).collect::<Vec<_>>(), [&subject(1)]);
        assert_eq!(retention.forget(2).collect::<Vec<_>>(), [subject(1), subject(2)]);
        assert_eq!(retention.len(), 2);
    }
}
