//! A server that does something wrong with every fifth message: each fault is noticed and told
//! apart from the others, and the run goes on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "support code of tests, which clippy takes for library code"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use encke_bayeux::ChannelName;
use encke_load::report::{Report, TrafficReport};
use encke_load::stop::stop;
use encke_load::target::{Reach, Target};
use encke_load::{Common, Pace, Workload, run};
use serde_json::{Value, json};

const SESSIONS: u64 = 4;

/// Messages of a run, and those of them that something happens to: 1, 6, 11 and 16.
const MESSAGES: u64 = 20;
const HIT: u64 = 4;

/// What happens to every fifth message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    Nothing,
    Lose,
    Double,
    Reorder,
    /// A byte of the payload changes.
    Garble,
    /// Everybody gets it.
    Broadcast,
    /// It is refused.
    Refuse,
    /// The response that carries it is cut off, with the right length.
    Cut,
    /// The response that carries it has this status.
    Status,
    /// The connection is closed instead.
    Close,
    /// The reply to the poll is missing.
    Mute,
    /// The reply to the poll wants a pause, and the connection is closed behind it.
    Pause,
}

/// A small Bayeux server, a thread for each connection.
#[derive(Debug)]
struct Server {
    fault: Fault,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    published: u64,
    sessions: BTreeMap<String, Session>,
}

#[derive(Debug, Default)]
struct Session {
    channels: Vec<Value>,
    queue: Vec<Value>,
    /// A message that waits to be overtaken.
    kept: Option<Value>,
    /// Whether the next response goes wrong.
    is_hit: bool,
}

impl Server {
    fn start(fault: Fault) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { fault, state: Mutex::default(), changed: Condvar::new() };
        let server = Arc::new(server);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let server = Arc::clone(&server);
                // A client that goes away ends its thread.
                std::thread::spawn(move || server.serve(&socket.unwrap()));
            }
        });
        address
    }

    fn serve(&self, socket: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(socket);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().ok()?;
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let messages: Vec<Value> = serde_json::from_slice(&body).ok()?;
            let mut replies = Vec::new();
            let mut is_hit = false;
            for message in &messages {
                is_hit |= self.answer(message, &mut replies);
            }
            let mut text = Value::from(replies).to_string();
            let mut status = "200 OK";
            match self.fault {
                Fault::Cut if is_hit => text.truncate(text.len() / 2),
                Fault::Status if is_hit => status = "503 Not Now",
                Fault::Close if is_hit => return None,
                _ => {}
            }
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", text.len());
            (&mut &*socket).write_all(format!("{head}{text}").as_bytes()).ok()?;
            if is_hit && self.fault == Fault::Pause {
                return None;
            }
        }
    }

    /// Adds what a message is answered with; whether the response is to go wrong.
    fn answer(&self, message: &Value, replies: &mut Vec<Value>) -> bool {
        let channel = message["channel"].as_str().unwrap_or_default();
        let client = message["clientId"].as_str().unwrap_or_default().to_owned();
        let mut state = self.state.lock().unwrap();
        match channel {
            "/meta/handshake" => {
                let client = format!("c{}", state.sessions.len());
                state.sessions.insert(client.clone(), Session::default());
                replies.push(json!({"channel": channel, "successful": true, "clientId": client}));
            }
            "/meta/subscribe" => {
                let subscription = message["subscription"].clone();
                state.sessions.get_mut(&client).unwrap().channels.push(subscription);
                replies.push(json!({"channel": channel, "successful": true}));
            }
            "/meta/connect" => {
                let wait = Duration::from_secs(20);
                let is_idle = |state: &mut State| state.sessions[&client].queue.is_empty();
                state = self.changed.wait_timeout_while(state, wait, is_idle).unwrap().0;
                let session = state.sessions.get_mut(&client).unwrap();
                let is_hit = std::mem::take(&mut session.is_hit);
                replies.append(&mut session.queue);
                if is_hit && self.fault == Fault::Pause {
                    let advice = json!({"reconnect": "retry", "interval": 200});
                    replies.push(json!({"channel": channel, "successful": true, "advice": advice}));
                } else if !(is_hit && self.fault == Fault::Mute) {
                    replies.push(json!({"channel": channel, "successful": true}));
                }
                return is_hit;
            }
            "/meta/disconnect" => {
                replies.push(json!({"channel": channel, "successful": true}));
            }
            _ => {
                let is_hit = state.published % 5 == 1;
                state.published += 1;
                let is_refused = is_hit && self.fault == Fault::Refuse;
                replies.push(json!({"channel": channel, "successful": !is_refused}));
                if !is_refused {
                    let event = json!({"channel": channel, "data": message["data"]});
                    for session in state.sessions.values_mut() {
                        self.deliver(session, &event, is_hit);
                    }
                    self.changed.notify_all();
                }
            }
        }
        false
    }

    fn deliver(&self, session: &mut Session, event: &Value, is_hit: bool) {
        let is_subscribed = session.channels.contains(&event["channel"]);
        let is_broadcast = is_hit && self.fault == Fault::Broadcast && !session.channels.is_empty();
        if !is_subscribed && !is_broadcast {
            return;
        }
        let mut event = event.clone();
        if is_hit {
            match self.fault {
                Fault::Lose => return,
                Fault::Double => session.queue.push(event.clone()),
                Fault::Reorder => {
                    session.kept = Some(event);
                    return;
                }
                Fault::Garble => {
                    let padding = event["data"]["p"].as_str().unwrap();
                    event["data"]["p"] = padding.replacen("xxx", "xyx", 1).into();
                }
                Fault::Cut | Fault::Status | Fault::Close | Fault::Mute | Fault::Pause => {
                    session.is_hit = true;
                }
                Fault::Nothing | Fault::Broadcast | Fault::Refuse => {}
            }
        }
        session.queue.push(event);
        session.queue.extend(session.kept.take());
    }
}

fn common(address: SocketAddr) -> Common {
    let target = Target::new(&format!("http://{address}/"), Reach::Loopback).unwrap();
    let channel = ChannelName::new("/load/test").unwrap();
    let length = Duration::from_secs(1);
    Common::new(target, channel, usize::try_from(SESSIONS).unwrap(), length)
        .drain(Duration::from_secs(3))
        .late(Duration::from_secs(3600))
}

fn under(fault: Fault) -> Report {
    let workload = Workload::Fanout { pace: Pace::Every(20.0), payload_bytes: 100 };
    run(&common(Server::start(fault)), &workload, &stop().1, &mut ()).unwrap()
}

fn counts(traffic: &TrafficReport) -> [u64; 6] {
    let TrafficReport { lost, doubled, out_of_order, late, stray, garbled, .. } = *traffic;
    [lost, doubled, out_of_order, late, stray, garbled]
}

/// Lost, doubled, out of order, late, stray, garbled; and everything else is as it should be.
fn assert_counts(fault: Fault, expected: [u64; 6]) {
    let report = under(fault);
    let traffic = report.traffic.as_ref().unwrap();
    assert_eq!(counts(traffic), expected, "{fault:?}: {report:?}");
    assert_eq!(traffic.sent, MESSAGES);
    assert_eq!(traffic.delivered, MESSAGES * SESSIONS - traffic.lost);
    assert_eq!(report.is_clean(), expected == [0; 6], "{fault:?}");
    assert!(report.errors.is_empty(), "{:?}", report.errors);
}

#[test]
fn a_server_without_fault_passes() {
    assert_counts(Fault::Nothing, [0; 6]);
}

#[test]
fn what_is_lost_is_counted() {
    assert_counts(Fault::Lose, [HIT * SESSIONS, 0, 0, 0, 0, 0]);
}

#[test]
fn what_comes_twice_is_counted() {
    assert_counts(Fault::Double, [0, HIT * SESSIONS, 0, 0, 0, 0]);
}

#[test]
fn what_is_overtaken_is_counted() {
    assert_counts(Fault::Reorder, [0, 0, HIT * SESSIONS, 0, 0, 0]);
}

#[test]
fn what_is_damaged_is_counted_and_missing() {
    assert_counts(Fault::Garble, [HIT * SESSIONS, 0, 0, 0, 0, HIT * SESSIONS]);
}

#[test]
fn what_reaches_others_is_counted() {
    let workload = Workload::Unicast { pace: Pace::Every(20.0), payload_bytes: 100, publishers: 1 };
    let address = Server::start(Fault::Broadcast);
    let report = run(&common(address), &workload, &stop().1, &mut ()).unwrap();
    let traffic = report.traffic.as_ref().unwrap();
    assert_eq!(counts(traffic), [0, 0, 0, 0, HIT * (SESSIONS - 1), 0], "{report:?}");
    assert!(!report.is_clean());
}

#[test]
fn what_comes_after_the_limit_is_late() {
    let workload = Workload::Fanout { pace: Pace::Every(20.0), payload_bytes: 100 };
    let common = common(Server::start(Fault::Nothing)).late(Duration::ZERO);
    let report = run(&common, &workload, &stop().1, &mut ()).unwrap();
    let traffic = report.traffic.as_ref().unwrap();
    assert_eq!(counts(traffic), [0, 0, 0, MESSAGES * SESSIONS, 0, 0], "{report:?}");
    assert!(!report.is_clean());
}

#[test]
fn what_is_refused_is_a_trouble_and_not_owed() {
    let report = under(Fault::Refuse);
    let traffic = report.traffic.as_ref().unwrap();
    assert_eq!(counts(traffic), [0; 6], "{report:?}");
    assert_eq!((traffic.sent, traffic.delivered), (MESSAGES - HIT, (MESSAGES - HIT) * SESSIONS));
    assert_eq!(report.troubles, BTreeMap::from([("refused", HIT)]));
    assert!(!report.is_clean());
}

/// Sessions that fail are counted by kind, and come back.
fn assert_survived(fault: Fault, kind: &str) {
    let workload = Workload::Fanout { pace: Pace::Every(20.0), payload_bytes: 100 };
    // What was lost is waited for in vain, which is time to come back in.
    let common = common(Server::start(fault)).drain(Duration::from_secs(8));
    let report = run(&common, &workload, &stop().1, &mut ()).unwrap();
    assert!(report.troubles[kind] >= SESSIONS, "{fault:?}: {report:?}");
    assert_eq!(report.troubles.len(), 1, "{fault:?}: {report:?}");
    assert_eq!(report.up_at_end, SESSIONS, "{fault:?}: {report:?}");
    assert!(!report.is_clean(), "{fault:?}");
}

#[test]
fn sessions_survive_responses_that_are_cut_off() {
    assert_survived(Fault::Cut, "malformed");
}

#[test]
fn sessions_survive_errors_of_http() {
    assert_survived(Fault::Status, "status");
}

#[test]
fn sessions_survive_connections_that_end() {
    assert_survived(Fault::Close, "connection");
}

#[test]
fn sessions_survive_polls_without_a_reply() {
    assert_survived(Fault::Mute, "unanswered");
}

/// Between two polls a server may close the connection; that is no trouble.
#[test]
fn sessions_survive_pauses_in_which_the_server_closes() {
    assert_counts(Fault::Pause, [0; 6]);
}
