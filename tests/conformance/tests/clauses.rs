//! The documentation names scenarios that exist.

use std::collections::BTreeSet;
use std::path::Path;

use encke_conformance::Options;

#[test]
fn every_scenario_that_the_protocol_page_names_is_in_the_catalogue() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/PROTOCOL.md");
    let page = std::fs::read_to_string(page).unwrap();
    let clauses = page.split_once("## Clause by clause").unwrap().1;
    let clauses = clauses.split_once("\n## ").map_or(clauses, |(clauses, _)| clauses);
    let catalogue: BTreeSet<String> =
        Options::default().chosen().iter().map(|(scenario, _)| format!("{scenario:?}")).collect();
    let topics: BTreeSet<&str> =
        catalogue.iter().filter_map(|name| Some(name.split_once("::")?.0)).collect();
    let mut named = 0;
    for row in clauses.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cell = row.trim_end_matches(" |").rsplit_once(" | ").unwrap().1;
        for name in cell.split('`').skip(1).step_by(2) {
            let topic = name.split_once("::").map_or(name, |(topic, _)| topic);
            assert!(topics.contains(topic) && catalogue.contains(name), "{name} in {row}");
            named += 1;
        }
    }
    assert!(named >= 60, "only {named} scenarios are named");
}
