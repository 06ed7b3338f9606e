//! The suite against our own server: every scenario that applies holds.

use std::time::Duration;

use encke_conformance::{Endpoint, Hints, Options, Status, Target, run};
use encke_testkit::Launch;

/// Every transport, channels that are kept, and short times, so that scenarios of holding and expiry
/// can be waited for.
const SETTINGS: &str = "\
[bayeux]
timeout_ms = 3000
max_interval_ms = 4000
[cometd]
transports = [\"websocket\", \"long-polling\", \"callback-polling\"]
[[channels]]
pattern = \"/replay/**\"
replay_age_ms = 600000
";

#[tokio::test(flavor = "multi_thread")]
async fn every_applicable_scenario_holds() {
    let server = Launch::demo().config(SETTINGS).start().await;
    let endpoint = Endpoint::parse(&format!("{}/cometd", server.url())).unwrap();
    let hints = Hints {
        max_interval: Some(Duration::from_secs(4)),
        replay_root: Some("/replay".to_owned()),
        ..Hints::default()
    };
    let target = Target::survey(endpoint, &hints).await.unwrap();

    assert_eq!(target.replay.as_deref(), Some("/replay"), "or scenarios of replay are skipped");

    let report = run(&target, &Options::default()).await;

    assert_eq!(report.count(Status::Fail), 0, "{}\n{}", report.table(), server.log());
    assert!(report.count(Status::Pass) >= 1500, "{}", report.summary());
}

#[tokio::test]
async fn a_place_without_bayeux_is_told() {
    let server = Launch::demo().start().await;
    let endpoint = Endpoint::parse(&format!("{}/nothing-here", server.url())).unwrap();
    let problem = Target::survey(endpoint, &Hints::default()).await.unwrap_err();
    assert!(problem.starts_with("no Bayeux server at"), "{problem}");
}

#[test]
fn no_two_scenarios_have_the_same_name() {
    let chosen = Options::default().chosen();
    let mut names: Vec<_> =
        chosen.iter().map(|(scenario, transport)| format!("{transport} {scenario:?}")).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
