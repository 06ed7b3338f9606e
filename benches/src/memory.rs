//! Connections without sockets: polls that go straight to the transport's service.
//!
//! What a socket costs is known and the kernel's; this holds very many sessions with the rest of what
//! they cost, beyond what one machine has ports and descriptors for. A held poll is the same value
//! that waits beside hyper over HTTP/1.1; the task of its connection is not here.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use encke_broker::{Broker, Config};
use encke_transport::{BayeuxService, HeldPoll, HttpConfig, ReplyBody, Served};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};

use crate::micro::DATA;

/// Sessions whose polls are held by one service.
#[derive(Debug)]
pub struct MemoryCrowd {
    broker: Broker,
    service: BayeuxService,
    polls: Vec<HeldPoll>,
}

impl MemoryCrowd {
    /// A service without sessions.
    pub fn new() -> Self {
        let config = Config::default().sessions(usize::MAX);
        let broker = Broker::new(config).expect("defaults do not contradict themselves");
        let service = BayeuxService::new(broker.clone(), HttpConfig::default());
        Self { broker, service, polls: Vec::new() }
    }

    /// Brings up one more session: handshake, subscription, a first poll that is answered if the
    /// broker answers it, and one that is held.
    pub async fn join(&mut self) {
        let greeted = self.ask(r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"id":"1"}]"#.to_owned()).await;
        let Served::Answered(greeted) = greeted else { unreachable!("a handshake is answered") };
        let text = text(greeted).await;
        let client = text.split_once(r#""clientId":""#).and_then(|(_, rest)| rest.split_once('"'));
        let client = client.expect("the handshake is accepted").0;
        let subscribe = format!(
            r#"[{{"channel":"/meta/subscribe","clientId":"{client}","subscription":"/all","id":"2"}}]"#
        );
        let connect = format!(
            r#"[{{"channel":"/meta/connect","clientId":"{client}","connectionType":"long-polling","id":"3"}}]"#
        );
        for body in [subscribe, connect.clone(), connect] {
            match self.ask(body).await {
                Served::Answered(answer) => drop(self::text(answer).await),
                Served::Held(mut poll) => {
                    assert!(look(&mut poll).is_pending(), "nobody has published yet");
                    self.polls.push(poll);
                    return;
                }
            }
        }
    }

    /// Sessions whose poll is held.
    pub fn len(&self) -> usize {
        self.polls.len()
    }

    /// Whether no poll is held.
    pub fn is_empty(&self) -> bool {
        self.polls.is_empty()
    }

    /// Publishes once to everybody; how many sessions it reached.
    #[expect(clippy::disallowed_methods, reason = "the clock of this tool")]
    pub fn publish(&self) -> usize {
        let channel = encke_bayeux::ChannelName::new("/all").expect("a fixed name is a channel");
        self.broker.publish(&channel, DATA, std::time::Instant::now()).unwrap_or(0)
    }

    /// Takes the response of every poll that has one; how many carry the message.
    pub async fn collect(&mut self) -> usize {
        let mut delivered = 0;
        for mut poll in std::mem::take(&mut self.polls) {
            if let Poll::Ready(answer) = look(&mut poll) {
                delivered += usize::from(text(answer).await.contains(DATA));
            }
        }
        delivered
    }

    async fn ask(&self, body: String) -> Served {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        self.service.clone().begin(request).await
    }
}

impl Default for MemoryCrowd {
    fn default() -> Self {
        Self::new()
    }
}

/// Looks at a poll once; nobody is woken, since everybody is looked at again.
fn look(poll: &mut HeldPoll) -> Poll<Response<ReplyBody>> {
    Pin::new(poll).poll(&mut Context::from_waker(Waker::noop()))
}

async fn text(answer: Response<ReplyBody>) -> String {
    let body = match answer.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    String::from_utf8_lossy(&body).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_is_reached() {
        let mut crowd = MemoryCrowd::new();
        for _ in 0..50 {
            crowd.join().await;
        }
        assert_eq!((crowd.len(), crowd.publish()), (50, 50));
        assert_eq!(crowd.collect().await, 50);
        assert!(crowd.is_empty());
    }
}
