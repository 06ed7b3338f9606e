//! A session that is fed from the log until it has caught up.
//!
//! While it catches up, messages that the log keeps come from the log and from nowhere else, in the
//! order of their positions, whichever of its subscriptions they are for. It is fed as its queue
//! has room, and never beyond its bounds. When nothing is left in the log it is live again; both
//! are decided while the log is locked, so nothing falls between.

use encke_bayeux::ChannelPattern;

use super::Session;
use crate::config::Config;
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

/// A session that wants to know positions.
#[derive(Debug, Default)]
pub(super) struct Replaying {
    catch_up: Option<CatchUp>,
}

impl Session {
    /// From now on messages that are kept come with their positions.
    pub(crate) fn opt_into_replay(&mut self) {
        self.replay.get_or_insert_default();
    }

    pub(crate) fn is_catching_up(&self) -> bool {
        self.catch_up().is_some()
    }

    pub(crate) fn catch_up(&self) -> Option<&CatchUp> {
        self.replay.as_ref()?.catch_up.as_ref()
    }

    pub(crate) fn catch_up_mut(&mut self) -> Option<&mut CatchUp> {
        self.replay.as_mut()?.catch_up.as_mut()
    }

    /// The catching up there is, or one that begins with every subscription live.
    pub(crate) fn begin_catch_up(&mut self, newest: u64, told: u64) -> &mut CatchUp {
        let live = self.subscriptions.iter();
        let replay = self.replay.get_or_insert_default();
        replay.catch_up.get_or_insert_with(|| CatchUp::new(live, newest, told))
    }

    /// Nothing is left in the log: the session is live.
    pub(crate) fn end_catch_up(&mut self) {
        if let Some(replay) = &mut self.replay {
            replay.catch_up = None;
        }
    }

    /// Whether a response that takes what waits leaves nothing behind, in the queue or in the log.
    pub(crate) fn is_settled(&self, config: &Config) -> bool {
        !self.is_gone()
            && self.replay.as_ref().is_some_and(|replay| replay.catch_up.is_none())
            && self.outbox.fits(config.response_bytes)
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

    #[test]
    fn a_session_is_settled_when_it_wants_positions_and_has_caught_up() {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary instant")]
        let now = std::time::Instant::now();
        let config = Config::default();
        let mut session = Session::new(None, None, false, &config, now);
        let pattern = ChannelPattern::new("/a").unwrap();
        assert_eq!(session.subscribe(&pattern, &config), Some(true));
        assert!(!session.is_settled(&config), "it does not want positions");
        session.opt_into_replay();
        assert!(session.is_settled(&config));
        let begun = session.begin_catch_up(7, 3);
        assert_eq!((begun.wants.len(), begun.cursor, begun.told), (1, 7, 3));
        assert_eq!(session.begin_catch_up(9, 9).cursor, 7, "it goes on with what it has begun");
        assert!(session.is_catching_up() && !session.is_settled(&config));
        session.unsubscribe(&pattern, &config);
        assert!(session.catch_up().is_some_and(|catch_up| catch_up.wants.is_empty()));
        session.end_catch_up();
        assert!(session.is_settled(&config) && !session.is_catching_up());
    }
}
