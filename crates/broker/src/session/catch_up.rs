//! A session that is fed from the log until it has caught up.
//!
//! While it catches up, messages that the log keeps come from the log and from nowhere else, in the
//! order of their positions, whichever of its subscriptions they are for. It is fed as its queue
//! has room, and never beyond its bounds. When nothing is left in the log it is live again; both
//! are decided while the log is locked, so nothing falls between.

use encke_bayeux::ChannelPattern;

use crate::log::Want;

/// What a session still has to be given.
#[derive(Debug)]
pub(crate) struct CatchUp {
    /// Each subscription, and the position from which on it wants messages.
    pub(crate) wants: Vec<Want>,
    /// Everything up to here was given.
    pub(crate) cursor: u64,
    /// The client knows that something up to here is missing.
    pub(crate) told: u64,
}

impl CatchUp {
    /// Begins with the subscriptions that are live, which want what comes after `newest`.
    pub(crate) fn new<'a>(
        live: impl Iterator<Item = &'a ChannelPattern>,
        newest: u64,
        told: u64,
    ) -> Self {
        let wants = live.map(|pattern| Want { pattern: pattern.clone(), from: newest }).collect();
        Self { wants, cursor: newest, told }
    }

    /// One subscription more, or another beginning for one.
    pub(crate) fn add(&mut self, want: Want, told: u64) {
        self.remove(&want.pattern);
        if want.from < self.cursor {
            for other in &mut self.wants {
                other.from = other.from.max(self.cursor);
            }
            self.cursor = want.from;
        }
        self.wants.push(want);
        self.told = self.told.max(told);
    }

    /// A subscription that is live, unless it is known.
    pub(crate) fn join(&mut self, pattern: &ChannelPattern, newest: u64) {
        if !self.wants.iter().any(|want| want.pattern == *pattern) {
            self.add(Want { pattern: pattern.clone(), from: newest }, 0);
        }
    }

    /// A subscription is given up.
    pub(crate) fn remove(&mut self, pattern: &ChannelPattern) {
        self.wants.retain(|want| want.pattern != *pattern);
    }

    /// What each subscription still wants.
    pub(crate) fn remaining(&self) -> Vec<Want> {
        let from = |want: &Want| want.from.max(self.cursor);
        self.wants.iter().map(|w| Want { pattern: w.pattern.clone(), from: from(w) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_beginning_gives_nobody_else_anything_twice() {
        let pattern = |text: &str| ChannelPattern::new(text).unwrap();
        let live = [pattern("/live")];
        let mut catch_up = CatchUp::new(live.iter(), 100, 0);
        catch_up.add(Want { pattern: pattern("/a"), from: 50 }, 0);
        catch_up.cursor = 70;
        catch_up.add(Want { pattern: pattern("/b"), from: 10 }, 5);
        let from: Vec<_> =
            catch_up.remaining().iter().map(|w| (w.pattern.to_string(), w.from)).collect();
        let expected = [("/live", 100), ("/a", 70), ("/b", 10)];
        assert_eq!(from, expected.map(|(text, from)| (text.to_owned(), from)));
        assert_eq!((catch_up.cursor, catch_up.told), (10, 5));
        catch_up.remove(&pattern("/b"));
        assert_eq!(catch_up.wants.len(), 2);
    }
}
