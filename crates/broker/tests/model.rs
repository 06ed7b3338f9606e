//! The subscription index against the obvious: a list of pairs that is scanned.

#![expect(clippy::unwrap_used, reason = "strategies of a test, taken for library code")]

use std::collections::BTreeSet;

use encke_bayeux::{ChannelName, ChannelPattern};
use encke_broker::index::Index;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Operation {
    Subscribe(u8, ChannelPattern),
    Unsubscribe(u8, ChannelPattern),
    Publish(ChannelName),
}

fn segments() -> impl Strategy<Value = String> {
    prop::collection::vec("[ab]|ab", 1..4).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn pattern() -> impl Strategy<Value = ChannelPattern> {
    let wildcard = prop_oneof![Just(""), Just("/*"), Just("/**")];
    let below = (segments(), wildcard).prop_map(|(parent, wildcard)| format!("{parent}{wildcard}"));
    prop_oneof![8 => below, 1 => Just("/**".to_owned()), 1 => Just("/*".to_owned())]
        .prop_map(|text| ChannelPattern::new(&text).unwrap())
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => (0_u8..6, pattern()).prop_map(|(who, what)| Operation::Subscribe(who, what)),
        2 => (0_u8..6, pattern()).prop_map(|(who, what)| Operation::Unsubscribe(who, what)),
        3 => segments().prop_map(|text| Operation::Publish(ChannelName::new(&text).unwrap())),
    ]
}

proptest! {
    #[test]
    fn the_index_finds_whom_a_scan_finds(operations in prop::collection::vec(operation(), 1..120)) {
        let index = Index::new();
        let mut model: Vec<(u8, ChannelPattern)> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Subscribe(who, what) => {
                    if !model.contains(&(who, what.clone())) {
                        index.subscribe(&what, who);
                        model.push((who, what));
                    }
                }
                Operation::Unsubscribe(who, what) => {
                    index.unsubscribe(&what, &who);
                    model.retain(|pair| *pair != (who, what.clone()));
                }
                Operation::Publish(channel) => {
                    let mut found = BTreeSet::new();
                    index.visit(&channel, |who| { found.insert(*who); });
                    let expected: BTreeSet<_> = model
                        .iter()
                        .filter(|(_, pattern)| pattern.matches(&channel))
                        .map(|(who, _)| *who)
                        .collect();
                    prop_assert_eq!(found, expected);
                }
            }
            let patterns: BTreeSet<_> = model.iter().map(|(_, pattern)| pattern.clone()).collect();
            prop_assert_eq!(index.patterns(), patterns.len());
        }
    }
}
