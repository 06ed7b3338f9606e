use super::*;
use crate::replay::MemoryPositions;
use encke_bayeux::ChannelName;
use futures::task::noop_waker_ref;
use serde_json::value::RawValue;

struct World {
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    store: Arc<MemoryPositions>,
}

fn world(messages: usize, bytes: usize, overflow: Overflow) -> World {
    let (shared, store) = (Arc::<Shared>::default(), Arc::<MemoryPositions>::default());
    let bounds = Bounds { messages, bytes, overflow, slack_bytes: 200 };
    let keeper = Keeper { store: store.clone(), pattern: pattern() };
    let queue = Queue::new(bounds, Some(keeper), Arc::clone(&shared));
    World { queue, shared, store }
}

fn queue(messages: usize, bytes: usize, overflow: Overflow) -> Arc<Queue> {
    world(messages, bytes, overflow).queue
}

fn pattern() -> ChannelPattern {
    ChannelPattern::new("/a").unwrap()
}

fn message(data: &str) -> Message {
    let data = RawValue::from_string(data.to_owned()).unwrap();
    Message::new(ChannelName::new("/a").unwrap(), Some(&data), None, false)
}

fn logged(position: u64) -> Message {
    let data = RawValue::from_string(position.to_string()).unwrap();
    let ext = RawValue::from_string(format!(r#"{{"replay":{position}}}"#)).unwrap();
    let channel = ChannelName::new("/a").unwrap();
    Message::new(channel, Some(&data), Some(&ext), true).received(Some(1), Some(position))
}

fn popped(queue: &Queue) -> Option<(String, Gap)> {
    match queue.poll_pop(&Context::from_waker(noop_waker_ref())) {
        Poll::Ready(message) => {
            message.map(|message| (message.data().get().to_owned(), message.gap()))
        }
        Poll::Pending => Some(("pending".into(), Gap::None)),
    }
}

impl World {
    fn stored(&self) -> Option<u64> {
        self.store.load(&pattern()).map(|position| {
            assert_eq!(position.epoch(), Some(1));
            position.id()
        })
    }
}

#[test]
fn a_full_queue_drops_its_oldest_messages_and_says_how_many() {
    let queue = queue(2, 1000, Overflow::DropOldest);
    for data in ["1", "2", "3", "4"] {
        assert_eq!(queue.push(&message(data)), Pushed::Kept);
    }
    assert_eq!(popped(&queue), Some(("3".into(), Gap::Dropped(2))));
    assert_eq!(popped(&queue), Some(("4".into(), Gap::None)));
    assert_eq!(popped(&queue), Some(("pending".into(), Gap::None)));
}

#[test]
fn bytes_are_bounded_too_and_one_message_always_fits() {
    let queue = queue(100, 4, Overflow::DropOldest);
    queue.push(&message("11"));
    queue.push(&message("22"));
    queue.push(&message("3"));
    assert_eq!(popped(&queue), Some(("22".into(), Gap::Dropped(1))));
    queue.push(&message("4444444"));
    assert_eq!(popped(&queue), Some(("4444444".into(), Gap::Dropped(1))));
}

#[test]
fn a_full_queue_may_end_the_subscription_instead() {
    let queue = queue(1, 1000, Overflow::End);
    assert_eq!(queue.push(&message("1")), Pushed::Kept);
    assert_eq!(queue.push(&message("2")), Pushed::Ended);
    assert_eq!(popped(&queue), Some(("1".into(), Gap::None)));
    assert_eq!(popped(&queue), None);
    assert_eq!(queue.ended(), Some(End::Overflow));
}

#[test]
fn a_full_queue_may_let_the_server_wait_until_half_of_it_is_free() {
    let World { queue, shared, .. } = world(4, 1000, Overflow::Wait);
    for number in 1..=3 {
        queue.push(&message(&number.to_string()));
        assert!(!shared.is_full());
    }
    queue.push(&message("4"));
    assert!(shared.is_full());
    queue.push(&message("5"));
    for number in 1..=5 {
        assert_eq!(shared.is_full(), number <= 3, "in front of {number}");
        assert_eq!(popped(&queue), Some((number.to_string(), Gap::None)));
    }
}

#[test]
fn bytes_let_the_server_wait_too() {
    let World { queue, shared, .. } = world(100, 10, Overflow::Wait);
    queue.push(&message("1234567890"));
    assert!(shared.is_full());
    popped(&queue);
    assert!(!shared.is_full());
}

#[test]
fn a_server_that_does_not_wait_ends_the_subscription() {
    let World { queue, shared, .. } = world(1, 1000, Overflow::Wait);
    let pushed: Vec<_> = (0..5).map(|number| queue.push(&message(&number.to_string()))).collect();
    assert_eq!(pushed[..4], [Pushed::Kept; 4]);
    assert_eq!(pushed[4], Pushed::Ended);
    assert!(!shared.is_full(), "nobody waits for a queue that has ended");
    for number in 0..4 {
        assert_eq!(popped(&queue), Some((number.to_string(), Gap::None)));
    }
    assert_eq!(popped(&queue), None);
}

#[test]
fn nobody_waits_for_a_queue_that_was_dropped() {
    let World { queue, shared, .. } = world(1, 1000, Overflow::Wait);
    queue.push(&message("1"));
    assert!(shared.is_full());
    queue.abandon();
    assert!(!shared.is_full());
    // The driver has not heard of it yet.
    queue.push(&message("2"));
    assert!(!shared.is_full());
}

#[test]
fn an_interruption_shows_on_the_next_message_alone() {
    let queue = queue(2, 1000, Overflow::DropOldest);
    queue.push(&message("1"));
    queue.interrupt(Gap::Session);
    queue.push(&message("2"));
    queue.push(&message("3"));
    assert_eq!(popped(&queue), Some(("2".into(), Gap::Session)));
    assert_eq!(popped(&queue), Some(("3".into(), Gap::None)));
}

#[test]
fn gaps_without_a_message_in_between_become_the_worst_of_them() {
    let queue = queue(1, 1000, Overflow::DropOldest);
    let mut shown = Vec::new();
    for gaps in
        [[Gap::Server(2), Gap::Server(3)], [Gap::Log, Gap::Server(3)], [Gap::Session, Gap::Log]]
    {
        for gap in gaps {
            queue.interrupt(gap);
        }
        queue.push(&message("1"));
        queue.push(&message("2"));
        shown.push(popped(&queue).unwrap().1);
    }
    assert_eq!(shown, [Gap::Server(5), Gap::Log, Gap::Session], "drops are the least of it");
}

#[test]
fn what_is_queued_outlives_the_end() {
    let queue = queue(2, 1000, Overflow::DropOldest);
    queue.push(&message("1"));
    queue.end(End::Unsubscribed);
    queue.push(&message("2"));
    assert_eq!(popped(&queue), Some(("1".into(), Gap::None)));
    assert_eq!(popped(&queue), None);
}

#[test]
fn a_position_is_kept_when_the_next_message_is_asked_for() {
    let world = world(10, 1000, Overflow::DropOldest);
    world.queue.push(&logged(5));
    world.queue.push(&logged(6));
    assert_eq!(world.stored(), None);
    popped(&world.queue);
    assert_eq!(world.stored(), None, "5 is in hand");
    popped(&world.queue);
    assert_eq!(world.stored(), Some(5));
    popped(&world.queue);
    assert_eq!(world.stored(), Some(6));
}

#[test]
fn a_message_that_was_handled_is_kept_at_once() {
    let world = world(10, 1000, Overflow::DropOldest);
    world.queue.handled();
    world.queue.push(&logged(5));
    world.queue.handled();
    assert_eq!(world.stored(), None);
    popped(&world.queue);
    world.queue.handled();
    assert_eq!(world.stored(), Some(5));
}

#[test]
fn what_the_server_told_is_kept_when_nothing_is_left_and_nothing_in_hand() {
    let world = world(10, 1000, Overflow::DropOldest);
    world.queue.push(&logged(5));
    world.queue.settle(Position::new(9).in_epoch(1));
    popped(&world.queue);
    assert_eq!(world.stored(), None);
    popped(&world.queue);
    assert_eq!(world.stored(), Some(9));
    world.queue.settle(Position::new(12).in_epoch(1));
    popped(&world.queue);
    assert_eq!(world.stored(), Some(12));
}

#[test]
fn a_later_message_goes_before_what_the_server_told_in_front_of_it() {
    let world = world(10, 1000, Overflow::DropOldest);
    world.queue.settle(Position::new(9).in_epoch(1));
    world.queue.push(&logged(11));
    popped(&world.queue);
    assert_eq!(world.stored(), None);
    popped(&world.queue);
    assert_eq!(world.stored(), Some(11));
}

#[test]
fn a_reader_that_waits_keeps_what_the_server_told() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    struct Count(AtomicUsize);
    impl futures::task::ArcWake for Count {
        fn wake_by_ref(count: &Arc<Self>) {
            count.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let world = world(10, 1000, Overflow::DropOldest);
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = futures::task::waker(Arc::clone(&count));
    assert!(world.queue.poll_pop(&Context::from_waker(&waker)).is_pending());
    world.queue.settle(Position::new(9).in_epoch(1));
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(world.queue.poll_pop(&Context::from_waker(&waker)).is_pending());
    assert_eq!(world.stored(), Some(9));
}
