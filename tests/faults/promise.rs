//! The promise of the house, at a rate: agents change user data so many times a second, each of ten
//! changes a bad one, and the server is killed in the middle, twice.
//!
//! Nothing that was answered with 0 is missing, nothing that was refused is there, the versions of
//! each call have no gap, and desks that know their position, one on line when the server dies and one
//! away, have shown each change exactly once, in order.
//!
//! By default it is short and slow. For 2,000 changes a second for ten seconds in each of three lives:
//!
//! ```sh
//! ENCKE_BIN=$PWD/target/release/encke ENCKE_RATE=2000 ENCKE_CALLS=40 ENCKE_SECONDS=10 \
//!   cargo nextest run -p encke-tests --test faults promise --no-capture
//! ```

use std::env;
use std::time::Duration;

use encke_testkit::{Agent, Desk, Launch, Server};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::dumped::Dumped;

const CHANNEL: &str = "/v2/me/calls";
/// Lives of the server; each but the last ends with a kill.
const LIVES: usize = 3;
/// Of so many attempts one is refused.
const BAD: u64 = 10;
const SETTINGS: &str = "[calls]\nmax_waiting = 4096\n[[channels]]\nendpoint = \"notifications\"\n\
     pattern = \"/v2/me/**\"\nreplay_age_ms = 600000\nreplay_messages = 1000000\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answered_changes_are_kept_and_shown_once_over_kills_at_a_rate() {
    let number = |name: &str, default: u64| {
        env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
    };
    let (rate, calls) = (number("ENCKE_RATE", 150), number("ENCKE_CALLS", 4));
    let life = Duration::from_secs(number("ENCKE_SECONDS", 2));
    let mut server = Launch::demo().agents(2 * calls as usize).config(SETTINGS).start().await;
    let mut lines = Vec::new();
    for pair in 0..calls {
        let (caller, callee) = (format!("agent{}", 2 * pair + 1), format!("agent{}", 2 * pair + 2));
        let number = (20_000 + 2 * pair + 2).to_string();
        let call = Agent::new(&server, &caller).dial(&number).await;
        let mut desks = [Desk::new(&callee, CHANNEL), Desk::new(&callee, CHANNEL)];
        for desk in &mut desks {
            desk.come_back(server.address()).await;
            desk.leave();
        }
        lines.push(Line { caller, call, committed: Vec::new(), refused: 0, attempt: 0, desks });
    }
    let every = Duration::from_secs_f64(calls as f64 / rate as f64);
    let mut busy = Duration::ZERO;
    for life_number in 1..=LIVES {
        let (stop, stopped) = watch::channel(false);
        let mut working = JoinSet::new();
        for mut line in lines.drain(..) {
            assert_eq!(line.desks[0].come_back(server.address()).await["status"], "resumed");
            let (agent, stopped) = (Agent::new(&server, &line.caller), stopped.clone());
            working.spawn(async move {
                let [on_line, _] = &mut line.desks;
                let mut changes = Changes {
                    call: &line.call,
                    committed: &mut line.committed,
                    refused: &mut line.refused,
                    attempt: &mut line.attempt,
                };
                tokio::join!(changes.make(agent, every, stopped), on_line.listen());
                line
            });
        }
        let begin = now();
        tokio::time::sleep(life).await;
        if life_number == LIVES {
            stop.send_replace(true);
            // A change that is under way is answered, and the desks hear of it, before the end.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        server.kill_hard().await;
        busy += begin.elapsed().min(life);
        stop.send_replace(true);
        while let Some(line) = working.join_next().await {
            lines.push(line.expect("neither a caller nor a desk fails"));
        }
        server.restart().await;
        for line in &mut lines {
            line.settle(&server).await;
            for desk in &mut line.desks {
                let answer = desk.come_back(server.address()).await;
                assert_eq!(answer["status"], "resumed", "{answer}");
                check_shown(desk, &line.committed);
                desk.leave();
            }
        }
    }
    let committed: usize = lines.iter().map(|line| line.committed.len()).sum();
    let refused: u64 = lines.iter().map(|line| line.refused).sum();
    println!(
        "{committed} changes kept, {refused} refused, {:.0} a second, {} kills in the middle",
        (committed as f64 + refused as f64) / busy.as_secs_f64(),
        LIVES - 1
    );
    assert!(committed > 10 * lines.len() && refused > 0, "a rate was a rate");
    server.kill_hard().await;
    for line in &lines {
        line.check_journal(&server).await;
    }
}

/// A call, what was changed in it, and who watches.
#[derive(Debug)]
struct Line {
    caller: String,
    call: String,
    /// The attempts that changed something, in order.
    committed: Vec<u64>,
    refused: u64,
    attempt: u64,
    desks: [Desk; 2],
}

impl Line {
    /// Finds out what became of the attempt whose answer was lost.
    async fn settle(&mut self, server: &Server) {
        let call = Agent::new(server, &self.caller).call(&self.call).await;
        let kept = call["userData"]["n"].as_u64().unwrap_or(0);
        let last = self.committed.last().copied().unwrap_or(0);
        if kept != last {
            assert_eq!(kept, self.attempt, "answered {last}, found {call}");
            assert!(!is_bad(kept), "a change that is refused is there: {call}");
            self.committed.push(kept);
        }
    }

    /// The journal holds what was committed and nothing else, under versions without a gap. What a
    /// snapshot stands for is gone but for its end.
    async fn check_journal(&self, server: &Server) {
        let dumped = Dumped::new(server.dump(&self.call).await);
        // The last change that a snapshot stands for is in it.
        let kept = dumped.snapshot.as_ref().map(|whole| whole["user_data"][0][1].as_u64());
        let gone = kept.map_or(0, |kept| {
            let place = self.committed.iter().position(|attempt| Some(*attempt) == kept);
            place.expect("what a snapshot holds was committed") + 1
        });
        let changes: Vec<u64> = dumped
            .events
            .iter()
            .filter_map(|event| {
                event["what"]["user_data_changed"]["change"]["update"][0][1].as_u64()
            })
            .collect();
        assert_eq!(changes, self.committed[gone..], "{}", self.call);
        let all = 1 + self.committed.len() as u64;
        assert_eq!(dumped.last(), all, "the beginning and each change: {}", self.call);
    }
}

struct Changes<'a> {
    call: &'a str,
    committed: &'a mut Vec<u64>,
    refused: &'a mut u64,
    attempt: &'a mut u64,
}

impl Changes<'_> {
    /// Changes user data at a pace until the server is gone or it is told to stop; every attempt has
    /// a number of its own.
    async fn make(&mut self, mut agent: Agent, every: Duration, stopped: watch::Receiver<bool>) {
        let path = format!("me/calls/{}", self.call);
        let mut due = now();
        while !*stopped.borrow() {
            sleep_until(due).await;
            due += every;
            *self.attempt += 1;
            let n = *self.attempt;
            let mut data = json!({"n": n});
            if is_bad(n) {
                data["x"] = Value::from("y".repeat(16_001));
            }
            let body = json!({"operationName": "UpdateUserData", "userData": data});
            match agent.try_post(&path, &body.to_string()).await {
                Ok(response) if is_bad(n) => {
                    assert_eq!(response.value()["statusCode"], 10, "{}", response.text());
                    *self.refused += 1;
                }
                Ok(response) => {
                    assert_eq!(response.value(), json!({"statusCode": 0}));
                    self.committed.push(n);
                }
                Err(_) => break,
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a pace is kept by a clock")]
fn now() -> Instant {
    Instant::now()
}

fn is_bad(attempt: u64) -> bool {
    attempt.is_multiple_of(BAD)
}

/// The desk has shown each of these changes once, in order, and no others.
fn check_shown(desk: &Desk, committed: &[u64]) {
    let changes =
        desk.shown().iter().filter_map(|(_, data)| data["call"]["userData"]["n"].as_u64());
    assert!(changes.eq(committed.iter().copied()), "{committed:?}: {desk:?}");
}
