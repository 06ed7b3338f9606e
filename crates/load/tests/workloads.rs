//! Both workloads against a broker in this process, over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "support code of tests, which clippy takes for library code"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use encke_bayeux::ChannelName;
use encke_broker::{Broker, Config, Rules, UserId};
use encke_load::fanout::{self, Traffic};
use encke_load::process::Process;
use encke_load::stop::stop;
use encke_load::target::{Reach, Target};
use encke_load::{Common, RunError, hold};
use encke_transport::{Authenticated, BayeuxService, HttpConfig, drive};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

/// Far beyond what a healthy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

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

fn common(address: SocketAddr, sessions: usize, length: Duration) -> Common {
    over(false, address, sessions, length)
}

fn over(websocket: bool, address: SocketAddr, sessions: usize, length: Duration) -> Common {
    let target = Target::new(&format!("http://{address}/cometd"), Reach::Loopback).unwrap();
    let target = target.websocket(websocket);
    Common::new(target, ChannelName::new("/load/test").unwrap(), sessions, length)
        .process(Process::own().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_subscribers_get_every_message_once_and_in_order() {
    let (address, broker) = serve(Config::default(), None).await;
    let common = common(address, 200, Duration::from_secs(1));
    let (_stopper, stop) = stop();
    let run = fanout::run(&common, Traffic::new(50.0, 100), stop);
    let report = tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap();
    assert_eq!((report.subscribers, report.sent, report.delivered), (200, 50, 10_000));
    assert_eq!((report.lost, report.doubled, report.out_of_order, report.foreign), (0, 0, 0, 0));
    assert!(report.is_clean(), "{report:?}");
    let latency = report.latency.unwrap();
    assert!(latency.p50_us <= latency.p99_us && latency.p99_us <= latency.max_us, "{latency:?}");
    assert!(report.server_cpu_us_per_delivery.is_some());
    assert_eq!(broker.stats().sessions, 0, "all said farewell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_polls_are_held_and_renewed() {
    let config = Config::default().timeout(Duration::from_millis(500));
    let (address, broker) = serve(config, None).await;
    let common = common(address, 200, Duration::from_secs(1));
    let (_stopper, stop) = stop();
    let report = tokio::time::timeout(PATIENCE, hold::run(&common, stop)).await.unwrap().unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert!(report.repolls >= 200, "{report:?}");
    assert!(report.server.unwrap().held_bytes > 0);
    assert_eq!(broker.stats().sessions, 0, "all said farewell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_are_held_and_get_every_message_once_and_in_order() {
    let config = Config::default().timeout(Duration::from_millis(500));
    let (address, broker) = serve(config, None).await;
    let common = over(true, address, 100, Duration::from_secs(1));
    let (_stopper, stop) = stop();
    let run = hold::run(&common, stop.clone());
    let held = tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap();
    assert!(held.is_clean() && held.repolls >= 100, "{held:?}");
    let run = fanout::run(&common, Traffic::new(50.0, 100), stop);
    let report = tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap();
    assert_eq!((report.sent, report.delivered), (50, 5_000));
    assert_eq!((report.lost, report.doubled, report.out_of_order, report.foreign), (0, 0, 0, 0));
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(broker.stats().sessions, 0, "all said farewell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_run_still_reports() {
    let (address, broker) = serve(Config::default(), None).await;
    let common = common(address, 20, Duration::from_secs(3600));
    let (stopper, stop) = stop();
    let run =
        tokio::spawn(async move { fanout::run(&common, Traffic::new(100.0, 100), stop).await });
    let seen = async {
        while broker.stats().published < 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap();
    stopper.stop();
    let report = tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap().unwrap();
    assert!(report.interrupted && report.sent >= 10 && report.is_clean(), "{report:?}");
    assert_eq!(report.delivered, report.sent * 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_sent_with_every_request() {
    let config = Config::default().policy(Arc::new(Rules::default().anonymous(false)));
    let (address, broker) = serve(config, Some("Basic YWxpY2U6c2VjcmV0")).await;
    let target = Target::new(&format!("http://{address}/"), Reach::Loopback).unwrap();
    let channel = ChannelName::new("/load/test").unwrap();
    let (_stopper, stop) = stop();
    let target = target.basic("alice", "secret");
    let common = Common::new(target, channel, 3, Duration::from_millis(100));
    let report = hold::run(&common, stop).await.unwrap();
    assert!(report.is_clean() && report.held == 3, "{report:?}");
    assert_eq!(broker.stats().sessions, 0);
}

#[tokio::test]
async fn nobody_there_is_an_error_with_its_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (_stopper, stop) = stop();
    let refused = hold::run(&common(address, 3, Duration::from_secs(1)), stop).await;
    match refused {
        Err(RunError::NoSession(reason)) => assert!(reason.contains("refused"), "{reason}"),
        other => panic!("{other:?}"),
    }
}
