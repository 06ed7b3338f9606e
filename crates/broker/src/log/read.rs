//! Reading a log: what follows after a position, for subscriptions of one user.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use encke_bayeux::{ChannelName, ChannelPattern};

use super::{Entry, Log, Scope, Stream};
use crate::user::UserId;

/// What one subscription wants of the log.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) pattern: ChannelPattern,
    /// Messages after this position.
    pub(crate) from: u64,
}

/// Messages in order, from the log's past.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Arc<Entry>>,
    /// Everything up to here has been seen, whether or not it was wanted.
    pub(crate) reached: u64,
    /// Whether nothing follows for now.
    pub(crate) complete: bool,
}

/// Whose messages may be read: those of everybody, and those of one user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) user: Option<&'a UserId>,
    /// Channels that only their very name reaches.
    pub(crate) named_only: &'a [ChannelName],
}

impl Log {
    /// The next messages after `after` that any of `wants` wants, within `most` and `bytes`; at
    /// least one if there is one.
    pub(crate) fn read(
        &self,
        reader: Reader<'_>,
        wants: &[Want],
        after: u64,
        most: usize,
        bytes: usize,
    ) -> Page {
        let mut streams: Vec<(&Stream, usize)> = Vec::new();
        self.visit(reader, wants, |stream, from| {
            let from = from.max(after);
            let next = stream.entries.partition_point(|entry| entry.position <= from);
            streams.push((stream, next));
        });
        let at = |stream: &Stream, next: usize| stream.entries.get(next).map(|e| e.position);
        let mut heads: BinaryHeap<_> = streams
            .iter()
            .enumerate()
            .filter_map(|(place, (stream, next))| Some(Reverse((at(stream, *next)?, place))))
            .collect();
        let mut page = Page { reached: after, ..Page::default() };
        let mut size = 0;
        while let Some(Reverse((position, place))) = heads.pop() {
            let Some((stream, next)) = streams.get_mut(place) else { continue };
            let Some(entry) = stream.entries.get(*next) else { continue };
            size += entry.text.len();
            if !page.entries.is_empty() && (page.entries.len() >= most || size > bytes) {
                return page;
            }
            page.entries.push(Arc::clone(entry));
            page.reached = position;
            *next += 1;
            heads.extend(at(stream, *next).map(|position| Reverse((position, place))));
        }
        page.reached = self.newest().max(after);
        page.complete = true;
        page
    }

    /// The newest position of which `wants` may have missed something that came after their own.
    pub(crate) fn horizon(&self, reader: Reader<'_>, wants: &[Want]) -> Option<u64> {
        let mut newest = None;
        self.visit(reader, wants, |stream, from| {
            if stream.horizon > from {
                newest = newest.max(Some(stream.horizon));
            }
        });
        for scope in self.scopes_of(reader) {
            for want in wants {
                // Of a channel that is there it is known exactly; a wildcard may mean others too.
                if scope.is_some_and(|scope| scope.streams.contains_key(want.pattern.as_str())) {
                    continue;
                }
                let horizons = scope.map_or(&self.horizons, |scope| &scope.horizons);
                let gone = self.rules_for(&want.pattern).map(|rule| horizons.of(rule)).max();
                newest = newest.max(gone.filter(|gone| *gone > want.from));
            }
        }
        newest
    }

    /// The oldest message that a subscription can still get.
    pub(crate) fn oldest_of(&self, reader: Reader<'_>, pattern: &ChannelPattern) -> Option<u64> {
        let mut oldest: Option<u64> = None;
        let want = Want { pattern: pattern.clone(), from: 0 };
        self.visit(reader, std::slice::from_ref(&want), |stream, _| {
            let first = stream.entries.front().map(|entry| entry.position);
            oldest = oldest.into_iter().chain(first).min();
        });
        oldest
    }

    /// Whether any rule keeps channels that `pattern` matches.
    pub(crate) fn keeps(&self, pattern: &ChannelPattern) -> bool {
        self.rules_for(pattern).next().is_some()
    }

    /// Places of the rules that may keep channels which `pattern` matches.
    fn rules_for(&self, pattern: &ChannelPattern) -> impl Iterator<Item = usize> {
        self.rules.iter().enumerate().filter_map(|(place, kept)| {
            let rule = &kept.rule.pattern;
            (rule.contains(pattern) || pattern.contains(rule)).then_some(place)
        })
    }

    /// Calls `visit` once for each stream that is wanted, with the position from which on.
    fn visit<'s>(
        &'s self,
        reader: Reader<'_>,
        wants: &[Want],
        mut visit: impl FnMut(&'s Stream, u64),
    ) {
        for scope in self.scopes_of(reader).into_iter().flatten() {
            if let [want] = wants
                && !is_wildcard(&want.pattern)
            {
                if let Some(stream) = scope.streams.get(want.pattern.as_str()) {
                    visit(stream, want.from);
                }
                continue;
            }
            for stream in scope.streams.values() {
                let Some(channel) = stream.entries.front().map(|entry| &entry.channel) else {
                    continue;
                };
                let named_only = reader.named_only.contains(channel);
                let wants = wants.iter().filter(|want| {
                    want.pattern.as_str() == channel.as_str()
                        || !named_only && want.pattern.matches(channel)
                });
                if let Some(from) = wants.map(|want| want.from).min() {
                    visit(stream, from);
                }
            }
        }
    }

    /// Everybody's, and the user's own.
    fn scopes_of(&self, reader: Reader<'_>) -> Vec<Option<&Scope>> {
        let everybody = self.scopes.get(&None);
        let own = reader.user.map(|user| self.scopes.get(&Some(user.clone())));
        std::iter::once(everybody).chain(own).collect()
    }
}

fn is_wildcard(pattern: &ChannelPattern) -> bool {
    pattern.as_str().ends_with("/*") || pattern.as_str().ends_with("/**")
}
