//! `kill -9` one millisecond after an answer of 0, again and again, under load.
//!
//! One data folder goes through all rounds. In each, a call is dialled, answered and given user
//! data, while other calls are updated as fast as the server answers. The process is killed a
//! millisecond after the last answer and started again. Whatever was answered with 0 must be there:
//! the call with both parties and its data, and of every other call no update older than the last
//! one that was answered.

use std::time::Duration;

use encke_testkit::{Agent, Launch, Server};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

const ROUNDS: u64 = 50;
/// Pairs of agents whose calls are updated all the time.
const LOAD: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_fifty_kills_under_load() {
    let mut server = Launch::demo().agents(2 * LOAD).start().await;
    let mut calls = Vec::new();
    for pair in 0..LOAD {
        let call = Agent::new(&server, &caller(pair)).dial(&callee_number(pair)).await;
        calls.push(call);
    }
    let mut answered = vec![0; LOAD];
    for round in 1..=ROUNDS {
        let load = Load::start(&server, &calls, &answered);
        let call = one_call(&server, round).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        server.kill_hard().await;
        answered = load.end().await;
        server.restart().await;
        check_call(&server, &call, round).await;
        check_load(&server, &calls, &answered).await;
    }
    assert!(answered.iter().all(|last| *last >= ROUNDS), "the load was a load: {answered:?}");
}

/// Alice and bob talk and alice attaches data; all of it was answered with 0.
async fn one_call(server: &Server, round: u64) -> String {
    let (mut alice, mut bob) = (Agent::new(server, "alice"), Agent::new(server, "bob"));
    let call = alice.dial("15001").await;
    bob.operate(&call, &json!({"operationName": "Answer"})).await;
    let data = json!({"round": round, "text": "kept"});
    alice.operate(&call, &json!({"operationName": "AttachUserData", "userData": data})).await;
    call
}

async fn check_call(server: &Server, id: &str, round: u64) {
    for (user, number, other) in [("alice", "15000", "15001"), ("bob", "15001", "15000")] {
        let mut agent = Agent::new(server, user);
        let call = agent.call(id).await;
        let seen = (&call["state"], &call["participants"][0]["phoneNumber"], &call["userData"]);
        assert_eq!(
            seen,
            (&json!("Established"), &json!(other), &json!({"round": round, "text": "kept"})),
            "round {round}, {user} at {number}: {call}"
        );
        if user == "bob" {
            agent.operate(id, &json!({"operationName": "Hangup"})).await;
        }
    }
}

async fn check_load(server: &Server, calls: &[String], answered: &[u64]) {
    for (pair, (id, answered)) in calls.iter().zip(answered).enumerate() {
        let call = Agent::new(server, &caller(pair)).call(id).await;
        let kept = call["userData"]["n"].as_u64().unwrap_or(0);
        // One more may have been committed whose answer was lost with the process.
        assert!((*answered..=answered + 1).contains(&kept), "answered {answered}, found {call}");
    }
}

/// The agents that keep updating their calls, until the server is gone.
struct Load {
    stop: watch::Sender<bool>,
    tasks: JoinSet<(usize, u64)>,
    answered: Vec<u64>,
}

impl Load {
    fn start(server: &Server, calls: &[String], answered: &[u64]) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for (pair, (call, last)) in calls.iter().zip(answered).enumerate() {
            let agent = Agent::new(server, &caller(pair));
            tasks.spawn(update(agent, pair, call.clone(), *last, stopped.clone()));
        }
        Self { stop, tasks, answered: answered.to_vec() }
    }

    /// The last answered update of each call.
    async fn end(mut self) -> Vec<u64> {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            let (pair, last) = ended.expect("the load does not panic");
            self.answered[pair] = last;
        }
        self.answered
    }
}

/// Counts up in the user data of a call; the last number that was answered with 0.
async fn update(
    mut agent: Agent,
    pair: usize,
    call: String,
    mut last: u64,
    stopped: watch::Receiver<bool>,
) -> (usize, u64) {
    let path = format!("me/calls/{call}");
    while !*stopped.borrow() {
        let data = json!({"operationName": "UpdateUserData", "userData": {"n": last + 1}});
        match agent.try_post(&path, &data.to_string()).await {
            Ok(response) if response.status == 200 => last += 1,
            Ok(response) => panic!("an update was refused: {}", response.text()),
            Err(_) => break,
        }
    }
    (pair, last)
}

fn caller(pair: usize) -> String {
    format!("agent{}", 2 * pair + 1)
}

fn callee_number(pair: usize) -> String {
    Value::from(20_001 + 2 * pair + 1).to_string()
}
