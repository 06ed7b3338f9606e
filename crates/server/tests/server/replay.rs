//! Notifications for desks that come back: over restarts, with failing files, and without any.

use std::fs;
use std::path::Path;

use encke_server::settings::{ChannelTable, Endpoint};
use encke_server::{Config, DemoOptions, Server, Settings};
use encke_testkit::{
    Agent, DEADLINE, Delivery, Desk, GWS, Login, PLAIN, Peer, Request, eventually,
};
use serde_json::{Value, json};

use crate::house::House;

const CALLS: &str = "/v2/me/calls";

async fn house(data: &Path) -> House {
    House::with(|settings| settings.journal.data = Some(data.to_owned())).await
}

/// A call from alice to bob; its id.
async fn dialled(house: &House) -> String {
    Agent::at(house.address, "alice").dial("15001").await
}

async fn update(house: &House, call: &str, n: u64) {
    let data = json!({"operationName": "UpdateUserData", "userData": {"n": n}});
    Agent::at(house.address, "alice").operate(call, &data).await;
}

/// What was shown of `n`.
fn shown(desk: &Desk) -> Vec<u64> {
    let n = |(_, data): &(u64, Value)| data["call"]["userData"]["n"].as_u64();
    desk.shown().iter().filter_map(n).collect()
}

async fn simulate(house: &House, fault: Value) {
    let answer = house.ask(&Request::json("/sim/v1/faults", fault.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Waits for a line of the metrics.
async fn metric(house: &House, line: &str) {
    eventually(line, DEADLINE, || async {
        let page = house.ask(&Request::new("GET", "/metrics")).await.text();
        if page.lines().any(|there| there == line) { Ok(()) } else { Err(page) }
    })
    .await;
}

#[tokio::test]
async fn a_desk_is_told_after_a_restart_what_it_missed() {
    let data = tempfile::tempdir().unwrap();
    let first = house(data.path()).await;
    let call = dialled(&first).await;
    let mut desk = Desk::new("bob", CALLS);
    desk.come_back(first.address).await;
    update(&first, &call, 1).await;
    desk.expect(1, DEADLINE).await;
    desk.leave();
    update(&first, &call, 2).await;
    first.end().await;

    let second = house(data.path()).await;
    update(&second, &call, 3).await;
    let answer = desk.come_back(second.address).await;
    desk.expect(3, DEADLINE).await;
    assert_eq!((&answer["status"], shown(&desk)), (&json!("resumed"), vec![1, 2, 3]));
    second.end().await;

    // Nothing happened since, and the log knows.
    let third = house(data.path()).await;
    assert_eq!(desk.come_back(third.address).await["status"], "resumed");
    assert_eq!(shown(&desk), [1, 2, 3]);
    third.end().await;
}

#[tokio::test]
async fn files_that_fail_hurt_nobody_and_are_made_up_for() {
    let data = tempfile::tempdir().unwrap();
    let first = house(data.path()).await;
    let call = dialled(&first).await;
    let (mut desk, mut late) = (Desk::new("bob", CALLS), Desk::new("bob", CALLS));
    desk.come_back(first.address).await;
    late.come_back(first.address).await;
    late.leave();
    simulate(&first, json!({"replay": "fail"})).await;
    update(&first, &call, 1).await;
    desk.expect(1, DEADLINE).await;
    metric(&first, "encke_replay_store_failing{endpoint=\"notifications\"} 1").await;
    assert_eq!(first.ask(&Request::new("GET", "/readyz")).await.status, 200);
    // From memory.
    assert_eq!(late.come_back(first.address).await["status"], "resumed");
    assert_eq!(shown(&late), [1]);
    late.leave();
    update(&first, &call, 2).await;
    simulate(&first, json!({"replay": "ok"})).await;
    metric(&first, "encke_replay_store_failing{endpoint=\"notifications\"} 0").await;
    first.end().await;

    let second = house(data.path()).await;
    assert_eq!(late.come_back(second.address).await["status"], "resumed");
    assert_eq!(shown(&late), [1, 2]);
    second.end().await;
}

#[tokio::test]
async fn a_log_whose_journal_was_replaced_gives_way_to_a_new_one() {
    let data = tempfile::tempdir().unwrap();
    let first = house(data.path()).await;
    let call = dialled(&first).await;
    let mut desk = Desk::new("bob", CALLS);
    desk.come_back(first.address).await;
    update(&first, &call, 1).await;
    desk.expect(1, DEADLINE).await;
    first.end().await;
    fs::remove_file(data.path().join("journal.redb")).unwrap();

    let second = house(data.path()).await;
    let call = dialled(&second).await;
    update(&second, &call, 2).await;
    let answer = desk.come_back(second.address).await;
    desk.expect(2, DEADLINE).await;
    assert_eq!((&answer["status"], shown(&desk)), (&json!("gap"), vec![1, 2]));
    second.end().await;

    let third = house(data.path()).await;
    assert_eq!(desk.come_back(third.address).await["status"], "resumed");
    third.end().await;
}

#[tokio::test]
async fn channels_of_the_generic_endpoint_survive_too() {
    let data = tempfile::tempdir().unwrap();
    let start = || {
        House::with(|settings| {
            let mut kept = ChannelTable::new("/kept/**");
            kept.replay_age_ms = Some(60_000);
            settings.channels = vec![kept];
            settings.journal.data = Some(data.path().to_owned());
        })
    };
    let subscribe = |from: Value| {
        json!({"channel": "/meta/subscribe", "subscription": "/kept/*",
            "ext": {"replay": {"/kept/*": from}}})
    };
    let first = start().await;
    let mut peer = Peer::at(first.address, PLAIN, None).await;
    peer.handshake().await;
    for n in 1..=3 {
        assert_eq!(peer.publish("/kept/x", &n.to_string()).await["successful"], true);
        peer.publish("/lost/x", &n.to_string()).await;
    }
    drop(peer);
    first.end().await;

    let second = start().await;
    let mut peer = Peer::at(second.address, PLAIN, None).await;
    peer.handshake().await;
    let reply = peer.ask(subscribe(json!(-2))).await;
    let answer = &reply["ext"]["replay"]["/kept/*"];
    assert_eq!(answer["status"], "kept", "{reply}");
    let all = peer.expect(3, DEADLINE).await;
    let data = all.iter().map(Delivery::data).collect::<Vec<_>>();
    assert_eq!(data, [1, 2, 3]);
    let epoch = answer["epoch"].as_u64().unwrap();
    let positions = all.iter().map(|m| m.message()["ext"]["replay"].as_u64().unwrap() - epoch);
    assert_eq!(positions.collect::<Vec<_>>(), [1, 2, 3]);
    let reply = peer.ask(subscribe(json!(epoch + 2))).await;
    assert_eq!(reply["ext"]["replay"]["/kept/*"]["status"], "resumed", "{reply}");
    second.end().await;
}

/// What may have to be sent again is derived from events, so they stay until the log has it.
#[tokio::test]
async fn events_give_way_to_a_snapshot_once_the_log_has_what_follows_from_them() {
    let data = tempfile::tempdir().unwrap();
    let start = || {
        House::with(|settings| {
            settings.journal.data = Some(data.path().to_owned());
            settings.journal.snapshot_after = 2;
        })
    };
    let first = start().await;
    let call = dialled(&first).await;
    let mut desk = Desk::new("bob", CALLS);
    desk.come_back(first.address).await;
    desk.leave();
    simulate(&first, json!({"replay": "fail"})).await;
    for n in 1..=3 {
        update(&first, &call, n).await;
    }
    metric(&first, "encke_replay_store_failing{endpoint=\"notifications\"} 1").await;
    metric(&first, "encke_journal_snapshots_total 0").await;
    simulate(&first, json!({"replay": "ok"})).await;
    metric(&first, "encke_journal_snapshots_total 2").await;
    first.end().await;

    let second = start().await;
    assert_eq!(desk.come_back(second.address).await["status"], "resumed");
    assert_eq!(shown(&desk), [1, 2, 3]);
    desk.leave();
    update(&second, &call, 4).await;
    desk.come_back(second.address).await;
    assert_eq!(shown(&desk), [1, 2, 3, 4]);
    second.end().await;
}

#[tokio::test]
async fn without_a_data_folder_the_log_is_in_memory() {
    let house = House::demo().await;
    let call = dialled(&house).await;
    let mut desk = Desk::new("bob", CALLS);
    desk.come_back(house.address).await;
    desk.leave();
    update(&house, &call, 1).await;
    assert_eq!(desk.come_back(house.address).await["status"], "resumed");
    assert_eq!(shown(&desk), [1]);
    let page = house.ask(&Request::new("GET", "/metrics")).await.text();
    assert!(!page.contains("encke_replay_stored"), "{page}");
    house.end().await;
}

fn nothing_kept() -> ChannelTable {
    let mut table = ChannelTable::new("/v2/me/**");
    table.endpoint = Endpoint::Notifications;
    table.replay_age_ms = Some(0);
    table
}

#[tokio::test]
async fn replay_can_be_switched_off() {
    let data = tempfile::tempdir().unwrap();
    let house = House::with(|settings| {
        settings.channels = vec![nothing_kept()];
        settings.journal.data = Some(data.path().to_owned());
    })
    .await;
    let mut peer = Peer::at(house.address, GWS, Some(Login::demo("bob"))).await;
    let reply = peer.handshake_with(&json!({"replay": true})).await;
    assert_eq!(reply["ext"], Value::Null, "{reply}");
    assert!(!data.path().join("replay").exists());
    house.end().await;
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_no_start_and_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("replay").join("notifications");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("journal.redb");
    fs::write(&file, "no journal at all").unwrap();
    let options = DemoOptions::default();
    let mut settings = Settings::demo(&options).unwrap();
    settings.server.listen = "127.0.0.1:0".parse().unwrap();
    settings.journal.data = Some(data.path().to_owned());
    let error = Server::bind(Config::from_settings(&settings).unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "the log of messages does not start");
    assert_eq!(fs::read(&file).unwrap(), b"no journal at all");
}
