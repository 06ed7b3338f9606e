//! Names and patterns, against the rule written down segment by segment.

use encke_bayeux::{ChannelKind, ChannelName, ChannelPattern, pattern};

/// A name and two patterns, a line each.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let name = lines.next().map(ChannelName::new);
    let patterns: Vec<_> =
        lines.take(2).filter_map(|text| ChannelPattern::new(text).ok()).collect();
    let Some(Ok(name)) = name else { return };
    let mut covering = Vec::new();
    pattern::covering(&name, |text| covering.push(text.to_owned()));
    for text in &covering {
        let pattern = ChannelPattern::new(text).expect("what covers a name is a pattern");
        assert!(pattern.matches(&name), "{text} covers {name} and does not match it");
    }
    for pattern in &patterns {
        let matches = pattern.matches(&name);
        assert_eq!(matches, by_segments(pattern.as_str(), &name), "{pattern} {name}");
        assert_eq!(
            matches,
            covering.iter().any(|text| text == pattern.as_str()),
            "{pattern} {name}"
        );
    }
    if let [wide, narrow] = &*patterns
        && wide.contains(narrow)
        && narrow.matches(&name)
    {
        assert!(wide.matches(&name), "{wide} contains {narrow} and misses {name}");
    }
}

fn by_segments(pattern: &str, name: &ChannelName) -> bool {
    let (pattern, segments): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), name.as_str().split('/').collect());
    let broadcast = name.kind() == ChannelKind::Broadcast;
    match pattern.split_last() {
        Some((&"**", parent)) if broadcast => {
            segments.len() > parent.len() && segments.starts_with(parent)
        }
        Some((&"*", parent)) if broadcast => {
            segments.len() == parent.len() + 1 && segments.starts_with(parent)
        }
        Some((&("*" | "**"), _)) => false,
        _ => pattern == segments,
    }
}
