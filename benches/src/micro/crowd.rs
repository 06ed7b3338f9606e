//! A broker with sessions that are held, and what a message does to them.

use std::cell::Cell;
use std::task::{Context, Waker};
use std::time::Instant;

use encke_bayeux::ChannelName;
use encke_broker::{Answer, Broker, Config, Entropy, Hold, Release, Request, UserId};

use super::DATA;

/// Sessions with one subscription each, all of them held.
#[derive(Debug)]
pub struct Crowd {
    broker: Broker,
    channel: ChannelName,
    now: Instant,
    holds: Vec<Hold>,
}

/// Client ids that nobody has to guess.
#[derive(Debug, Default)]
struct Counting(Cell<u64>);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 20] {
        self.0.set(self.0.get() + 1);
        let mut bytes = [0; 20];
        for (byte, count) in bytes.iter_mut().zip(self.0.get().to_be_bytes()) {
            *byte = count;
        }
        bytes
    }
}

impl Crowd {
    /// So many sessions of nobody in particular, subscribed to one channel.
    pub fn held(sessions: usize) -> Self {
        let broker = Broker::new(Config::default()).expect("defaults do not contradict themselves");
        let mut crowd = Self::around(broker, "/load/fanout");
        let entropy = Counting::default();
        for _ in 0..sessions {
            crowd.join(None, &entropy);
        }
        crowd
    }

    /// One session for each of these users, subscribed to one channel.
    pub fn of_users(broker: Broker, channel: &str, users: &[UserId]) -> Self {
        let mut crowd = Self::around(broker, channel);
        let entropy = Counting::default();
        for user in users {
            crowd.join(Some(user), &entropy);
        }
        crowd
    }

    #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for time that stands still")]
    fn around(broker: Broker, channel: &str) -> Self {
        let channel = ChannelName::new(channel).expect("a fixed name is a channel");
        Self { broker, channel, now: Instant::now(), holds: Vec::new() }
    }

    fn join(&mut self, user: Option<&UserId>, entropy: &Counting) {
        let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"id":"1"}]"#;
        let reply = self.say(user, entropy, handshake);
        let client = match &reply {
            Answer::Reply(delivery) => delivery.greeted().expect("the handshake is accepted"),
            Answer::Hold(_) => unreachable!("a handshake is answered"),
        };
        let (client, channel) = (client.as_str().to_owned(), self.channel.as_str().to_owned());
        let subscribe = format!(
            r#"[{{"channel":"/meta/subscribe","clientId":"{client}","subscription":"{channel}","id":"2"}}]"#
        );
        let connect = format!(
            r#"[{{"channel":"/meta/connect","clientId":"{client}","connectionType":"long-polling","id":"3"}}]"#
        );
        for body in [&subscribe, &connect, &connect] {
            if let Answer::Hold(mut hold) = self.say(user, entropy, body) {
                let waits = hold.poll_release(&mut Context::from_waker(Waker::noop()));
                assert!(waits.is_pending(), "nobody has published yet");
                self.holds.push(hold);
            }
        }
    }

    fn say(&self, user: Option<&UserId>, entropy: &Counting, body: &str) -> Answer {
        let request = Request { user, ..Request::new(self.now, entropy) };
        self.broker.handle(&request, body.as_bytes()).expect("a body of ours can be read")
    }

    /// Publishes one message; how many sessions it reached.
    pub fn publish(&self) -> usize {
        self.broker.publish(&self.channel, DATA, self.now).unwrap_or(0)
    }

    /// The same crowd, each of its sessions with one message to take.
    #[must_use]
    pub fn published(self) -> Self {
        assert_eq!(self.publish(), self.holds.len(), "every session is reached");
        self
    }

    /// Makes the response of every session that has a message; how many bytes those are. What is left
    /// of the crowd is given back, so that its end is nobody's expense.
    pub fn answer(mut self) -> (usize, Self) {
        let mut bytes = 0;
        for hold in std::mem::take(&mut self.holds) {
            let delivery = hold.answer(Release::Messages, self.now);
            bytes += delivery.body().len();
            delivery.written(self.now);
        }
        (bytes, self)
    }

    /// Polls that are held.
    pub fn len(&self) -> usize {
        self.holds.len()
    }

    /// Whether no poll is held.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reaches_the_crowd_and_leaves_in_responses() {
        let crowd = Crowd::held(3);
        assert_eq!((crowd.len(), crowd.publish()), (3, 3));
        let (bytes, left) = crowd.answer();
        assert!(bytes > 3 * DATA.len() && left.is_empty(), "{bytes}");
    }
}
