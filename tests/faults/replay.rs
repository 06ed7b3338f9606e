//! `kill -9` in the middle of a burst of changes, again and again: every desk that comes back with
//! the position of the last notification it saw is shown every change once, and in order.
//!
//! Two calls have their user data changed as fast as the server answers. One desk of each is on
//! line until the process dies under it, a second session of the same user stays away from before
//! the burst until after the restart. What was answered with 0 must be shown; a change whose answer
//! died with the process must be shown if, and only if, it is in the call after the restart.

use std::time::Duration;

use encke_testkit::{Agent, Desk, Launch, Server};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long the bursts last. Notifications are stored a second after they came, so what dies with
/// the process is a whole burst, or the end of one.
const BURSTS_MS: [u64; 4] = [150, 1_300, 400, 1_600];
const CALLS: &str = "/v2/me/calls";
/// A fast machine makes more changes in a burst than are kept by default, which is told as a gap.
const SETTINGS: &str = "[[channels]]\nendpoint = \"notifications\"\npattern = \"/v2/me/**\"\n\
     replay_age_ms = 600000\nreplay_messages = 100000\n";
/// Callers with the numbers they call, whose owners' desks are watched.
const PAIRS: [(&str, &str, &str); 2] =
    [("agent1", "20002", "agent2"), ("agent3", "20004", "agent4")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn desks_are_shown_every_change_once_and_in_order_over_kills() {
    let mut server = Launch::demo().agents(4).config(SETTINGS).start().await;
    let mut lines = Vec::new();
    for (caller, number, callee) in PAIRS {
        let call = Agent::new(&server, caller).dial(number).await;
        let mut desks = [Desk::new(callee, CALLS), Desk::new(callee, CALLS)];
        for desk in &mut desks {
            assert_eq!(desk.come_back(server.address()).await["status"], "new");
            desk.leave();
        }
        lines.push(Line { caller, call, committed: Vec::new(), attempt: 0, desks });
    }
    for burst_ms in BURSTS_MS {
        let (stop, stopped) = watch::channel(false);
        let mut burst = JoinSet::new();
        for mut line in lines.drain(..) {
            assert_eq!(line.desks[0].come_back(server.address()).await["status"], "resumed");
            check_shown(&line.desks[0], &line.committed);
            let (agent, stopped) = (Agent::new(&server, line.caller), stopped.clone());
            burst.spawn(async move {
                let Line { call, committed, attempt, desks: [on_line, _], .. } = &mut line;
                tokio::join!(change(agent, call, committed, attempt, stopped), on_line.listen());
                line
            });
        }
        tokio::time::sleep(Duration::from_millis(burst_ms)).await;
        server.kill_hard().await;
        stop.send_replace(true);
        while let Some(line) = burst.join_next().await {
            lines.push(line.expect("neither a caller nor a desk fails"));
        }
        server.restart().await;
        for line in &mut lines {
            line.settle(&server).await;
            for desk in &mut line.desks {
                let answer = desk.come_back(server.address()).await;
                assert_eq!(answer["status"], "resumed", "{answer}, {desk:?}");
                check_shown(desk, &line.committed);
                desk.leave();
            }
        }
    }
    for line in &lines {
        assert!(line.committed.len() > 100, "a burst was a burst: {line:?}");
    }
}

/// A call, what was changed in it, and who watches.
#[derive(Debug)]
struct Line {
    caller: &'static str,
    call: String,
    /// The attempts that changed something, in order.
    committed: Vec<u64>,
    attempt: u64,
    desks: [Desk; 2],
}

impl Line {
    /// Finds out what became of the attempt whose answer was lost.
    async fn settle(&mut self, server: &Server) {
        let call = Agent::new(server, self.caller).call(&self.call).await;
        let kept = call["userData"]["n"].as_u64().unwrap_or(0);
        let last = self.committed.last().copied().unwrap_or(0);
        if kept != last {
            assert_eq!(kept, self.attempt, "answered {last}, found {call}");
            self.committed.push(kept);
        }
    }
}

/// Changes user data until the server is gone; every attempt has a number of its own.
async fn change(
    mut agent: Agent,
    call: &str,
    committed: &mut Vec<u64>,
    attempt: &mut u64,
    stopped: watch::Receiver<bool>,
) {
    let path = format!("me/calls/{call}");
    while !*stopped.borrow() {
        *attempt += 1;
        let data = json!({"operationName": "UpdateUserData", "userData": {"n": *attempt}});
        match agent.try_post(&path, &data.to_string()).await {
            Ok(response) if response.status == 200 => committed.push(*attempt),
            Ok(response) => panic!("an update was refused: {}", response.text()),
            Err(_) => break,
        }
    }
}

/// The desk has shown each of these changes once, in order, and no others.
fn check_shown(desk: &Desk, committed: &[u64]) {
    let changes =
        desk.shown().iter().filter_map(|(_, data)| data["call"]["userData"]["n"].as_u64());
    assert_eq!(changes.collect::<Vec<_>>(), committed, "{desk:?}");
}
