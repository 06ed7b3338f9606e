//! A thousand sessions and five hundred rapid updates of one call.

use std::time::Duration;

use encke_testkit::{Agent, Launch, Peer, Server};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;

/// Sessions of each of the two parties.
const DESKS: usize = 500;
const UPDATES: u64 = 500;
/// How many desks come up at the same time.
const AT_ONCE: usize = 16;
/// Far above what two busy cores need.
const LIMIT: Duration = Duration::from_secs(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_desks_get_every_update_once_and_in_order() {
    let server = Launch::demo().start().await;
    let mut alice = Agent::new(&server, "alice");
    let call = alice.dial("15001").await;
    let mut desks = JoinSet::new();
    for (user, own, other) in [("alice", "15000", "15001"), ("bob", "15001", "15000")] {
        for desk in open(&server, user).await {
            desks.spawn(watch(desk, own, other));
        }
    }
    assert_eq!(desks.len(), 2 * DESKS);
    for n in 1..=UPDATES {
        let update = json!({"operationName": "UpdateUserData", "userData": {"n": n}});
        alice.operate(&call, &update).await;
    }
    let all = async {
        while let Some(desk) = desks.join_next().await {
            desk.expect("every desk saw what it should");
        }
    };
    if tokio::time::timeout(LIMIT, all).await.is_err() {
        panic!("{} desks still wait after {LIMIT:?}", desks.len());
    }
}

async fn open(server: &Server, user: &'static str) -> Vec<Peer> {
    let desk =
        |_| async move { Ok::<_, String>(Peer::desk(server, user, &["/v2/me/calls"]).await) };
    let desks = stream::iter(0..DESKS).map(desk).buffer_unordered(AT_ONCE);
    desks.try_collect().await.expect("every desk comes up")
}

/// What of a notification is looked at, which is all that could differ.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notice<'a> {
    notification_type: &'a str,
    phone_number: &'a str,
    #[serde(borrow)]
    call: Call<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    #[serde(borrow)]
    participants: Vec<Participant<'a>>,
    user_data: Counter,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Participant<'a> {
    phone_number: &'a str,
}

#[derive(Debug, Deserialize)]
struct Counter {
    n: u64,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    data: Notice<'a>,
}

/// Polls until the last update came; each must be the one after the one before.
async fn watch(mut desk: Peer, own: &'static str, other: &'static str) {
    let mut last = 0;
    while last < UPDATES {
        let reply = desk.connect(None).await.expect("a poll is answered");
        assert_eq!(reply["successful"], true, "after update {last}: {reply}");
        for delivery in desk.take() {
            let Message { data } = serde_json::from_str(&delivery.text).expect("a notification");
            assert_eq!(data.notification_type, "AttachedDataChanged");
            assert_eq!((data.phone_number, data.call.user_data.n), (own, last + 1));
            let others: Vec<_> = data.call.participants.iter().map(|p| p.phone_number).collect();
            assert_eq!(others, [other]);
            last += 1;
        }
    }
    assert_eq!(desk.drain().await, [], "nothing comes after the last update");
}
