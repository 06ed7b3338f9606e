//! The scenarios that the binary has with it. They are for the demo's people.

use super::file::Scenario;

/// Name and text of each.
const FILES: [(&str, &str); 4] = [
    ("quiet-morning", include_str!("built_in/quiet-morning.toml")),
    ("call-storm", include_str!("built_in/call-storm.toml")),
    ("sms-afternoon", include_str!("built_in/sms-afternoon.toml")),
    ("bad-day", include_str!("built_in/bad-day.toml")),
];

/// All of them.
pub(crate) fn built_in() -> impl Iterator<Item = Scenario> {
    // Each is read by a test.
    FILES.iter().filter_map(|(_, text)| Scenario::from_toml(text).ok())
}

/// The one of this name.
pub(crate) fn built_in_named(name: &str) -> Option<Scenario> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    Scenario::from_toml(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scenario_is_read_and_has_the_name_of_its_file() {
        for (name, text) in FILES {
            let scenario =
                Scenario::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(scenario.name, name);
            assert!(!scenario.title.is_empty(), "{name}");
        }
        assert_eq!(built_in().count(), FILES.len());
    }
}
