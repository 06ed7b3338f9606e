//! Sessions, channels, and what waits for whom.
//!
//! A session is a number, its queue a list of messages that were rendered once, and its poll
//! whatever the server needs to answer it later.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::asked::{Asked, Message, messages};

/// Everything a floor knows. `P` is a poll that waits.
#[derive(Debug)]
pub struct Room<P> {
    sessions: Vec<Session<P>>,
    channels: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Session<P> {
    poll: Option<P>,
    waiting: Vec<Arc<str>>,
}

/// What a body comes to.
#[derive(Debug, Eq, PartialEq)]
pub enum Answer {
    /// This is the response.
    Reply(String),
    /// The poll of this session is held: hand it in with [`Room::hold`].
    Hold(usize),
}

impl<P> Default for Room<P> {
    fn default() -> Self {
        Self { sessions: Vec::new(), channels: HashMap::new() }
    }
}

impl<P> Room<P> {
    /// Takes a body, and says whose polls are over by it, each with its response.
    pub fn take(&mut self, body: &str, over: &mut Vec<(P, String)>) -> Answer {
        let mut text = String::from("[");
        for message in messages(body) {
            let Message { asked, client, id } = message;
            // Writing to a String cannot fail.
            let written = match asked {
                Asked::Handshake => {
                    self.sessions.push(Session { poll: None, waiting: Vec::new() });
                    let client = self.sessions.len() - 1;
                    write!(
                        text,
                        r#"{{"channel":"/meta/handshake","successful":true,"version":"1.0","supportedConnectionTypes":["long-polling"],"clientId":"{client}","id":"{id}","advice":{{"reconnect":"retry","interval":0,"timeout":30000}}}},"#
                    )
                }
                Asked::Connect => {
                    let Some(client) = client.filter(|client| *client < self.sessions.len()) else {
                        continue;
                    };
                    match self.response(client) {
                        Some(response) => return Answer::Reply(response),
                        None => return Answer::Hold(client),
                    }
                }
                Asked::Subscribe(channel) => {
                    let subscribers = self.channels.entry(channel.to_owned()).or_default();
                    subscribers.extend(client);
                    write!(
                        text,
                        r#"{{"channel":"/meta/subscribe","subscription":"{channel}","successful":true,"id":"{id}"}},"#
                    )
                }
                Asked::Disconnect => {
                    let session = client.and_then(|client| self.sessions.get_mut(client));
                    if let Some(poll) = session.and_then(|session| session.poll.take()) {
                        over.push((poll, CONNECTED.to_owned()));
                    }
                    write!(
                        text,
                        r#"{{"channel":"/meta/disconnect","successful":true,"id":"{id}"}},"#
                    )
                }
                Asked::Publish { channel, data } => {
                    self.publish(channel, data, over);
                    write!(text, r#"{{"channel":"{channel}","successful":true,"id":"{id}"}},"#)
                }
            };
            debug_assert!(written.is_ok());
        }
        if text.len() > 1 {
            text.pop();
        }
        text.push(']');
        Answer::Reply(text)
    }

    /// Keeps a poll until there is something to say.
    pub fn hold(&mut self, client: usize, poll: P) {
        if let Some(session) = self.sessions.get_mut(client) {
            session.poll = Some(poll);
        }
    }

    fn publish(&mut self, channel: &str, data: &str, over: &mut Vec<(P, String)>) {
        let text: Arc<str> = format!(r#"{{"channel":"{channel}","data":{data}}}"#).into();
        let Some(subscribers) = self.channels.get(channel) else { return };
        for client in subscribers {
            let Some(session) = self.sessions.get_mut(*client) else { continue };
            session.waiting.push(Arc::clone(&text));
            if let Some(poll) = session.poll.take() {
                over.push((poll, respond(&mut session.waiting)));
            }
        }
    }

    /// What waits for a session, as a response.
    fn response(&mut self, client: usize) -> Option<String> {
        let waiting = &mut self.sessions.get_mut(client)?.waiting;
        (!waiting.is_empty()).then(|| respond(waiting))
    }
}

const CONNECTED: &str = r#"[{"channel":"/meta/connect","successful":true,"id":"3"}]"#;

fn respond(waiting: &mut Vec<Arc<str>>) -> String {
    let size: usize = waiting.iter().map(|text| text.len() + 1).sum();
    let mut response = String::with_capacity(size + CONNECTED.len());
    response.push('[');
    for text in waiting.drain(..) {
        response.push_str(&text);
        response.push(',');
    }
    response.push_str(CONNECTED.strip_prefix('[').unwrap_or(CONNECTED));
    // An idle session keeps nothing.
    *waiting = Vec::new();
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reaches_held_and_late_polls() {
        let mut room = Room::default();
        let mut over = Vec::new();
        for _ in 0..2 {
            drop(room.take(r#"[{"channel":"/meta/handshake"}]"#, &mut over));
        }
        for client in 0..2 {
            let subscribe = format!(
                r#"[{{"channel":"/meta/subscribe","clientId":"{client}","subscription":"/a"}}]"#
            );
            drop(room.take(&subscribe, &mut over));
        }
        let connect = |client| format!(r#"[{{"channel":"/meta/connect","clientId":"{client}"}}]"#);
        assert_eq!(room.take(&connect(0), &mut over), Answer::Hold(0));
        room.hold(0, "poll");
        drop(room.take(r#"[{"channel":"/a","clientId":"1","data":{"n":1}}]"#, &mut over));
        let expected = format!(r#"[{{"channel":"/a","data":{{"n":1}}}},{}"#, &CONNECTED[1..]);
        assert_eq!(over, [("poll", expected.clone())]);
        assert_eq!(room.take(&connect(1), &mut over), Answer::Reply(expected));
        assert_eq!(room.take(&connect(1), &mut over), Answer::Hold(1));
    }
}
