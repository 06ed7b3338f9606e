//! The wire is cut at any byte, again and again, and with acknowledgement nothing shows.
//!
//! A client that acknowledges receives through a [`WireCutter`], which ends its connections in the
//! middle of heads, bodies and frames. Every message has to arrive once and in order. The publisher
//! has a connection of its own that is not cut, and keeps a bounded distance.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use encke_client::{Client, Gap, Overflow, SubscribeOptions};
use encke_testkit::{Launch, PLAIN, Peer, WireCutter};
use futures::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

/// Messages in one body of the publisher.
const BATCH: u64 = 500;

/// How far the publisher may be ahead; the server's bound on one queue is 10,000.
const AHEAD: u64 = 4_000;

/// Small responses, so that there are many to cut.
const SETTINGS: &str = "[bayeux]\nmax_response_bytes = 4096\nmax_interval_ms = 60000\n";

/// Far beyond what a healthy machine needs for all of it.
const PATIENCE: Duration = Duration::from_secs(200);

#[tokio::test(flavor = "multi_thread")]
async fn cut_polls_lose_double_and_reorder_nothing() {
    let cutter = cut(false, 64..16_000, 100_000).await;
    assert_eq!(cutter.upgrades(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_sockets_lose_double_and_reorder_nothing() {
    // A client that fails several times in a row falls back to polling: each socket has time for a
    // connect or two.
    let cutter = cut(true, 9_000..30_000, 250_000).await;
    assert!(cutter.upgrades() >= cutter.cuts(), "{cutter:?}");
}

async fn cut(websocket: bool, bytes: Range<u64>, count: u64) -> WireCutter {
    let server = Launch::demo().config(SETTINGS).start().await;
    let seed = WireCutter::seed(20_261_127);
    let cutter = WireCutter::start(server.address(), seed, bytes).await;
    let url = format!("http://{}{PLAIN}", cutter.address());
    let (client, driver) = Client::builder(&url)
        .websocket(websocket)
        .backoff(Duration::from_millis(2), Duration::from_millis(20))
        .connect()
        .unwrap();
    tokio::spawn(driver);
    let options =
        SubscribeOptions::default().queue_messages(2 * AHEAD as usize).overflow(Overflow::End);
    let mut messages =
        timeout(PATIENCE, client.subscribe_with("/wire", options)).await.unwrap().unwrap();

    let received = Arc::new(AtomicU64::new(0));
    let mut publisher = Peer::up(&server, PLAIN, None, &[]).await;
    let publishing = tokio::spawn({
        let received = Arc::clone(&received);
        async move {
            for first in (0..count).step_by(BATCH as usize) {
                while first > received.load(Ordering::Relaxed) + AHEAD {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let batch = (first..first + BATCH).map(|n| json!({"channel": "/wire", "data": n}));
                let replies = publisher.send(batch.collect()).await.unwrap();
                assert!(replies.iter().all(|reply| reply["successful"] == true), "{replies:?}");
            }
        }
    });

    let receiving = async {
        for expected in 0..count {
            let message = messages.next().await.expect("the subscription goes on");
            let number: u64 = message.json().unwrap();
            assert_eq!(
                (number, message.gap()),
                (expected, Gap::None),
                "lost, doubled or out of order; repeat with ENCKE_SEED={seed}"
            );
            received.store(expected, Ordering::Relaxed);
        }
    };
    timeout(PATIENCE, receiving).await.unwrap_or_else(|_| {
        let received = received.load(Ordering::Relaxed);
        panic!("stuck at {received}; repeat with ENCKE_SEED={seed}\n{}", server.log())
    });
    publishing.await.unwrap();
    assert!(cutter.cuts() >= 500, "only {} cuts", cutter.cuts());
    cutter
}
