//! Every workload in miniature against a broker in this process, over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "support code of tests, which clippy takes for library code"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use encke_bayeux::ChannelName;
use encke_broker::{Broker, Config, Rules, UserId};
use encke_load::process::Process;
use encke_load::report::Report;
use encke_load::stop::stop;
use encke_load::target::{Reach, Target};
use encke_load::{Common, Pace, RunError, Workload, html, run};
use encke_transport::{Authenticated, BayeuxService, HttpConfig, drive};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

/// Far beyond what a healthy machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that lets in who shows this `Authorization`, or everybody.
async fn serve(config: Config, authorization: Option<&'static str>) -> (SocketAddr, Broker) {
    let broker = Broker::new(config).unwrap();
    let service =
        BayeuxService::new(broker.clone(), HttpConfig::default()).websocket(TokioExecutor::new());
    tokio::spawn(drive(broker.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            let service = service_fn(move |mut request: hyper::Request<_>| {
                let shown = request.headers().get("authorization");
                if authorization.is_some()
                    && shown.map(|value| value.to_str().unwrap()) == authorization
                {
                    request.extensions_mut().insert(Authenticated(UserId::new("alice")));
                }
                service.call(request)
            });
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(socket), service).with_upgrades());
        }
    });
    (address, broker)
}

fn target(address: SocketAddr) -> Target {
    Target::new(&format!("http://{address}/cometd"), Reach::Loopback).unwrap()
}

fn common(target: Target, sessions: usize, length: Duration) -> Common {
    Common::new(target, ChannelName::new("/load/test").unwrap(), sessions, length)
        .process(Process::own().unwrap())
        .late(PATIENCE)
}

/// Runs to the end on a thread where it may block.
async fn finished(common: Common, workload: Workload) -> Result<Report, RunError> {
    let (_stopper, stop) = stop();
    let run = tokio::task::spawn_blocking(move || run(&common, &workload, &stop, &mut ()));
    tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap()
}

fn fanout(rate: f64) -> Workload {
    Workload::Fanout { pace: Pace::Every(rate), payload_bytes: 100 }
}

/// Asserts that everything came, and that everybody left.
fn assert_complete(report: &Report, broker: &Broker, sent: u64, delivered: u64) {
    let traffic = report.traffic.as_ref().unwrap();
    assert_eq!((traffic.sent, traffic.delivered), (sent, delivered), "{report:?}");
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(traffic.foreign, 0);
    let latency = traffic.latency.unwrap();
    assert!(latency.p50_us <= latency.p99_us && latency.p99_us <= latency.max_us, "{latency:?}");
    assert!(traffic.server_cpu_us_per_delivery.is_some());
    assert_eq!(broker.stats().sessions, 0, "all said farewell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_subscribers_get_every_message_once_and_in_order() {
    let (address, broker) = serve(Config::default(), None).await;
    let common = common(target(address), 200, Duration::from_secs(1)).threads(2);
    let report = finished(common, fanout(50.0)).await.unwrap();
    assert_complete(&report, &broker, 50, 10_000);
    assert_eq!(report.traffic.as_ref().unwrap().subscribers, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_polls_are_held_and_renewed() {
    let config = Config::default().timeout(Duration::from_millis(500));
    let (address, broker) = serve(config, None).await;
    let common = common(target(address), 200, Duration::from_secs(1));
    let report = finished(common, Workload::Hold).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert!(report.repolls >= 200 && report.traffic.is_none(), "{report:?}");
    assert!(report.server.unwrap().held_bytes > 0);
    assert_eq!(broker.stats().sessions, 0, "all said farewell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_are_held_and_get_every_message_once_and_in_order() {
    let config = Config::default().timeout(Duration::from_millis(500));
    let (address, broker) = serve(config, None).await;
    let common = common(target(address).websocket(true), 100, Duration::from_secs(1));
    let held = finished(common.clone(), Workload::Hold).await.unwrap();
    assert!(held.is_clean() && held.repolls >= 100, "{held:?}");
    let report = finished(common, fanout(50.0)).await.unwrap();
    assert_complete(&report, &broker, 50, 5_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_reaches_the_one_it_is_for() {
    let (address, broker) = serve(Config::default(), None).await;
    for websocket in [false, true] {
        let target = target(address).websocket(websocket);
        let common = common(target, 50, Duration::from_secs(1)).threads(2);
        let workload =
            Workload::Unicast { pace: Pace::Every(300.0), payload_bytes: 100, publishers: 4 };
        let report = finished(common, workload).await.unwrap();
        assert_complete(&report, &broker, 300, 300);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_in_a_room_hears_what_is_said_there() {
    let (address, broker) = serve(Config::default(), None).await;
    for websocket in [false, true] {
        let target = target(address).websocket(websocket).acknowledge(true);
        let common = common(target, 40, Duration::from_secs(1));
        let workload = Workload::Rooms {
            pace: Pace::Every(200.0),
            payload_bytes: 130,
            publishers: 3,
            rooms: 8,
            rooms_per_client: 8,
            batch: 10,
        };
        let report = finished(common, workload).await.unwrap();
        assert_complete(&report, &broker, 200, 200 * 40);
        assert!(report.ack);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_pace_a_window_bounds_what_is_under_way() {
    let (address, broker) = serve(Config::default(), None).await;
    let common = common(target(address), 20, Duration::from_secs(1));
    let workload = Workload::Fanout { pace: Pace::Window(8), payload_bytes: 100 };
    let report = finished(common, workload).await.unwrap();
    let sent = report.traffic.as_ref().unwrap().sent;
    assert!(sent > 0);
    assert_complete(&report, &broker, sent, sent * 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_run_still_reports() {
    let (address, broker) = serve(Config::default(), None).await;
    let common = common(target(address), 20, Duration::from_secs(3600));
    let (stopper, stop) = stop();
    let running = tokio::task::spawn_blocking(move || run(&common, &fanout(100.0), &stop, &mut ()));
    let seen = async {
        while broker.stats().published < 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap();
    stopper.stop();
    let report = tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    let traffic = report.traffic.as_ref().unwrap();
    assert!(report.interrupted && traffic.sent >= 9, "{report:?}");
    // Each is answered before the next, so nine were. It does not wait for long, so on a busy machine something may still be on its way.
    assert!(traffic.delivered + traffic.lost >= traffic.sent * 20, "{report:?}");
    let faults = [traffic.doubled, traffic.out_of_order, traffic.stray, traffic.garbled];
    assert_eq!((faults, &report.troubles), ([0; 4], &std::collections::BTreeMap::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_sent_with_every_request() {
    let config = Config::default().policy(Arc::new(Rules::default().anonymous(false)));
    let (address, broker) = serve(config, Some("Basic YWxpY2U6c2VjcmV0")).await;
    for websocket in [false, true] {
        let target = target(address).basic("alice", "secret").websocket(websocket);
        let common = common(target, 3, Duration::from_millis(100));
        let report = finished(common, Workload::Hold).await.unwrap();
        assert!(report.is_clean() && report.held == 3, "{report:?}");
        assert_eq!(broker.stats().sessions, 0);
    }
}

#[tokio::test]
async fn nobody_there_is_an_error_with_its_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let common = common(target(address), 3, Duration::from_secs(1));
    match finished(common, Workload::Hold).await {
        Err(RunError::NoSession(reason)) => assert!(reason.contains("refused"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_cannot_be_written_does_not_take_the_report_with_it() {
    let (address, _broker) = serve(Config::default(), None).await;
    let url = format!("http://{address}/cometd");
    let tool = tokio::task::spawn_blocking(move || {
        std::process::Command::new(env!("CARGO_BIN_EXE_encke-load"))
            .args(["hold", "--sessions", "1", "--seconds", "1", "--url", &url, "--json"])
            .args(["--html", "/nobody/has/this/folder/page.html"])
            .output()
    });
    let output = tokio::time::timeout(PATIENCE, tool).await.unwrap().unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["up"], 1);
    assert!(!output.stderr.is_empty(), "it says so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_has_its_shape_as_json_and_as_a_page() {
    let (address, _broker) = serve(Config::default(), None).await;
    let common = common(target(address), 5, Duration::from_secs(2));
    let report = finished(common, fanout(20.0)).await.unwrap();
    let json: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    for name in [
        "sessions",
        "up",
        "held",
        "ramp_seconds",
        "seconds",
        "subscribers",
        "rate",
        "payload_bytes",
        "sent",
        "delivered",
        "deliveries_per_second",
        "lost",
        "doubled",
        "out_of_order",
        "late",
        "stray",
        "garbled",
        "foreign",
        "server_cpu_us_per_delivery",
        "client_cpu_us_per_delivery",
        "client_bytes_per_poll",
    ] {
        assert!(json[name].is_number(), "{name} in {json:#}");
    }
    for name in ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"] {
        assert!(json["latency"][name].is_u64() && json["publisher_late"][name].is_u64(), "{name}");
    }
    assert!(json["server"]["bytes_per_poll"].is_number());
    assert!(json["percentiles"][0]["quantile"].is_number());
    assert!(json["timeline"].as_array().unwrap().len() >= 2);
    assert_eq!(json["errors"], serde_json::json!({}));
    assert_eq!(json["troubles"], serde_json::json!({}));

    let page = html::page(&report);
    assert_well_formed(&page);
    assert_eq!(page.matches("<svg").count(), 5, "latency, throughput, sessions, memory twice");
    assert!(!page.contains("<script") && !page.contains("href") && !page.contains("src="));
}

/// Every element that is opened is closed, in order, and no `&` or `<` stands alone.
fn assert_well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let body = page.strip_prefix("<!DOCTYPE html>").unwrap();
    for (at, part) in body.split('<').enumerate() {
        let (tag, text) = if at == 0 { ("", part) } else { part.split_once('>').unwrap() };
        for after in text.split('&').skip(1) {
            let entity = after.split(';').next().unwrap();
            assert!(["amp", "lt", "gt", "quot"].contains(&entity), "&{entity}");
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if at > 0 && !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
