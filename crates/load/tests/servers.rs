//! Workloads that need the whole server: `calls`, and servers in turns.

#![expect(
    clippy::unwrap_used,
    reason = "support code of tests, which clippy takes for library code"
)]

use std::process::Command;
use std::time::Duration;

use encke_bayeux::ChannelName;
use encke_load::compare::{Comparison, Contender, StartError};
use encke_load::process::Process;
use encke_load::stop::stop;
use encke_load::target::{Reach, Target};
use encke_load::{Common, Pace, RunError, Workload, run};
use encke_testkit::encke_binary;

fn contender(name: &str) -> Contender {
    let binary = encke_binary().display();
    format!("{name}='{binary}' demo --listen 127.0.0.1:0 --agents 8").parse().unwrap()
}

fn common(url: &str, sessions: usize) -> Common {
    let target = Target::new(url, Reach::Loopback).unwrap();
    let channel = ChannelName::new("/load/test").unwrap();
    Common::new(target, channel, sessions, Duration::from_secs(1)).late(Duration::from_secs(3600))
}

#[test]
fn each_desk_hears_of_its_own_call_once_and_in_order() {
    let server = contender("encke").start(Some("/api/v2/notifications")).unwrap();
    let process = Process::new(server.pid.unwrap()).unwrap();
    let common = common(&server.url, 8).process(process);
    let workload = Workload::Calls { pace: Pace::Every(60.0), payload_bytes: 100, publishers: 3 };
    // Twice, since the first run has to leave free phones.
    for _ in 0..2 {
        let report = run(&common, &workload, &stop().1, &mut ()).unwrap();
        let traffic = report.traffic.as_ref().unwrap();
        assert_eq!((traffic.sent, traffic.delivered), (60, 60), "{report:?}");
        assert!(report.is_clean(), "{report:?}");
        assert!(traffic.other_notifications >= 16, "each rang and was answered: {report:?}");
        assert!(traffic.server_cpu_us_per_delivery.is_some());
    }
}

#[test]
fn agents_that_are_not_there_are_an_error_with_its_reason() {
    let server = contender("encke").start(Some("/api/v2/notifications")).unwrap();
    let workload = Workload::Calls { pace: Pace::Every(1.0), payload_bytes: 100, publishers: 1 };
    match run(&common(&server.url, 9), &workload, &stop().1, &mut ()) {
        Err(RunError::NoCall(reason)) => assert!(reason.contains("agent9"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn servers_take_turns_and_the_first_is_the_measure() {
    let contenders = [contender("a"), contender("b")];
    let workload = Workload::Fanout { pace: Pace::Every(20.0), payload_bytes: 100 };
    let mut turns = Vec::new();
    let compared = Comparison::of(&contenders, 2, None, |name, round, running| {
        turns.push(format!("{name}{round}"));
        let process = Process::new(running.pid.unwrap()).unwrap();
        let common = common(&running.url, 10).process(process);
        let report = run(&common, &workload, &stop().1, &mut ());
        Ok::<_, StartError>(report.unwrap())
    })
    .unwrap();
    assert_eq!(turns, ["a1", "b1", "a2", "b2"]);
    assert!(compared.is_clean());
    let json = serde_json::to_value(&compared).unwrap();
    assert_eq!(json["runs"].as_array().unwrap().len(), 4);
    for measure in json["measures"].as_array().unwrap() {
        let [first, second] = [0, 1].map(|at| &measure["servers"][at]);
        assert_eq!((&first["server"], &second["server"]), (&"a".into(), &"b".into()));
        // So few messages may take less than a tick of CPU time.
        let is_zero = first["median"] == 0.0;
        assert!(first["ratio"] == 1.0 || (is_zero && first["ratio"].is_null()), "{measure:#}");
    }
    let mut out = Vec::new();
    compared.write(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let ratios = text.find("ratios of medians to a").unwrap();
    let medians = text.find("medians, and the range").unwrap();
    assert!(ratios < medians && text.contains("server CPU per delivery"), "{text}");
}

#[test]
fn the_command_reports_and_says_by_its_exit_code_how_it_went() {
    let server = contender("encke").start(None).unwrap();
    let folder = std::env::temp_dir().join(format!("encke-load-test-{}", std::process::id()));
    let page = folder.with_extension("html");
    let tool = || Command::new(env!("CARGO_BIN_EXE_encke-load"));
    let arguments = ["--url", &server.url, "--sessions", "3", "--seconds", "1", "--json"];
    let ran = tool()
        .args(["fanout", "--rate", "10", "--late-ms", "3600000", "--progress", "--html"])
        .arg(&page)
        .args(arguments)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(ran.status.success(), "{report:#}");
    assert_eq!((&report["sent"], &report["delivered"]), (&10.into(), &30.into()));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("up 3/3"), "a line a second");
    assert!(std::fs::read_to_string(&page).unwrap().ends_with("</html>\n"));
    std::fs::remove_file(&page).unwrap();
    let refused = tool().args(["hold", "--url", "http://192.0.2.1/"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(64));
    let nobody = ["hold", "--url", "http://127.0.0.1:1/", "--sessions", "1"];
    assert_eq!(tool().args(nobody).output().unwrap().status.code(), Some(1));
}
