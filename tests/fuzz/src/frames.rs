//! Text frames of one WebSocket, a line each.

use std::task::{Context, Poll, Waker};

use encke_bayeux::ClientId;
use encke_broker::{Answer, Config, Entropy as _, Link};
use serde_json::value::RawValue;

use crate::house::{Counting, House};

/// Takes frames, and looks at everything that goes out.
pub fn run(bytes: &[u8]) {
    let mut house = House::new(Config::default().queue(50, 10_000).subscriptions_per_session(20));
    let mut cx = Context::from_waker(Waker::noop());
    let mut link: Option<Link> = None;
    let client = ClientId::from_random(Counting::default().bytes());
    for frame in bytes.split(|byte| *byte == b'\n').take(40) {
        // A line may name the session that the first handshake began.
        let frame = String::from_utf8_lossy(frame).replace("CLIENT", client.as_str());
        let answer = house.broker.handle(&house.request(true), frame.as_bytes());
        match answer {
            Ok(Answer::Reply(delivery)) => {
                is_batch(&delivery.body());
                link = delivery.link(link.take());
                delivery.written(house.now);
            }
            Ok(Answer::Hold(hold)) => {
                link = Some(hold.link(link.take()));
                hold.abandon(house.now);
            }
            Err(error) => assert!((400..500).contains(&error.status())),
        }
        if let Some(open) = &mut link
            && let Poll::Ready(Some(delivery)) = open.poll_messages(&mut cx)
        {
            is_batch(&delivery.body());
            delivery.written(house.now);
        }
        house.pass(100);
    }
    drop(link);
    let stats = house.broker.stats();
    assert_eq!(stats.held, 0);
    assert!(
        stats.queue_messages <= 50 * stats.sessions && stats.queue_bytes <= 10_000 * stats.sessions
    );
}

fn is_batch(body: &[u8]) {
    let messages: Vec<&RawValue> = serde_json::from_slice(body).expect("a batch of messages");
    assert!(messages.iter().all(|message| message.get().starts_with('{')));
}
