//! Sessions inside the process.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use encke_bayeux::{ChannelName, ChannelPattern, Failure, Reason, ReplayFrom, ReplayStatus};
use encke_broker::{
    Asking, Authorizer, ChannelRule, ChannelSettings, Config, LocalMessage, LocalOptions,
    LocalSession, NoMarkup, Operation, Opinion, Overflow, RemovedBecause, Retention, Rules, UserId,
    Via, service_fn,
};
use futures::Stream as _;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::support::{Wakes, World, data};

fn pattern(text: &str) -> ChannelPattern {
    ChannelPattern::new(text).unwrap()
}

fn name(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

fn open(world: &World) -> LocalSession {
    world.broker.open_local(LocalOptions::default(), world.now.get()).unwrap()
}

fn poll(session: &mut LocalSession, waker: &Waker) -> Poll<Option<LocalMessage>> {
    Pin::new(session).poll_next(&mut Context::from_waker(waker))
}

/// The message that is there.
fn next(session: &mut LocalSession) -> LocalMessage {
    match poll(session, Waker::noop()) {
        Poll::Ready(Some(message)) => message,
        other => panic!("no message: {other:?}"),
    }
}

fn next_data(session: &mut LocalSession) -> String {
    next(session).parts().unwrap().data.get().to_owned()
}

fn is_quiet(session: &mut LocalSession) -> bool {
    poll(session, Waker::noop()).is_pending()
}

#[test]
fn a_local_session_hears_others_and_is_heard() {
    let world = World::new(World::quick());
    let mut local = open(&world);
    let remote = world.up();
    let now = world.now.get();
    local.subscribe(&pattern("/a"), now).unwrap();
    remote.subscribe("/b");
    let wakes = Arc::new(Wakes::default());
    assert!(poll(&mut local, &Arc::clone(&wakes).into()).is_pending());
    remote.publish("/a", json!({"z": 1}));
    assert_eq!(wakes.count(), 1);
    let message = next(&mut local);
    assert_eq!(message.text(), r#"{"channel":"/a","data":{"z":1}}"#);
    let parts = message.parts().unwrap();
    assert_eq!((&*parts.channel, parts.data.get()), ("/a", r#"{"z":1}"#));
    local.publish(&name("/b"), &raw(&json!("hi")), now).unwrap();
    assert_eq!(data(&remote.connect_at_once()), ["hi"]);
    local.unsubscribe(&pattern("/a"), now).unwrap();
    remote.publish("/a", json!(2));
    assert!(is_quiet(&mut local));
}

#[test]
fn no_silence_ends_a_local_session_and_dropping_it_does() {
    let world = World::new(World::quick());
    let mut local = open(&world);
    local.subscribe(&pattern("/a"), world.now.get()).unwrap();
    world.pass(100_000);
    let a = name("/a");
    assert_eq!(world.broker.publish(&a, "1", world.now.get()), Ok(1));
    assert_eq!(next_data(&mut local), "1");
    assert_eq!(world.broker.publish(&a, "2", world.now.get()), Ok(1));
    drop(local);
    assert_eq!(world.broker.publish(&a, "3", world.now.get()), Ok(0));
    let stats = world.broker.stats();
    assert_eq!((stats.sessions, stats.queue_messages, stats.messages_dropped), (0, 0, 1));
}

/// Denies what somebody without a role wants.
#[derive(Debug)]
struct Staff;

impl Authorizer for Staff {
    fn authorize(&self, _: Operation, _: &ChannelPattern, asking: &Asking<'_>) -> Opinion {
        if asking.roles.iter().any(|role| &**role == "staff") {
            return Opinion::Grant;
        }
        Opinion::Deny(Reason::new("staff_only").unwrap())
    }
}

#[test]
fn what_a_local_session_does_is_judged_like_what_others_do() {
    let config = World::quick()
        .authorizer(pattern("/staff/**"), Arc::new(Staff))
        .filter(pattern("/**"), Arc::new(NoMarkup))
        .policy(Arc::new(Rules::default().reserved(vec![pattern("/reserved/**")])));
    let world = World::new(config);
    let now = world.now.get();
    let mut local = open(&world);
    let told = |failure: Failure| failure.to_string();
    let refused = local.subscribe(&pattern("/staff/a"), now).map_err(told);
    assert_eq!(refused, Err("403:staff_only:create_denied".into()));
    let refused = local.publish(&name("/reserved/a"), &raw(&json!(1)), now).map_err(told);
    assert_eq!(refused, Err("403:denied_by_security_policy:publish_denied".into()));
    assert_eq!(local.subscribe(&pattern("/meta/connect"), now), Err(Failure::SubscribeDenied));
    let roles: Vec<Arc<str>> = vec!["staff".into()];
    let staff = LocalOptions::default().user(UserId::new("erin")).roles(roles);
    let mut staff = world.broker.open_local(staff, now).unwrap();
    staff.subscribe(&pattern("/staff/a"), now).unwrap();
    staff.publish(&name("/staff/a"), &raw(&json!("<b>")), now).unwrap();
    assert_eq!(next_data(&mut staff), "\"&lt;b&gt;\"");
    assert!(is_quiet(&mut local));
}

#[test]
fn who_may_read_is_asked_without_a_subscription() {
    let policy = Rules::default().anonymous(false).reserved(vec![pattern("/reserved/**")]);
    let config = World::quick()
        .authorizer(pattern("/staff/**"), Arc::new(Staff))
        .private(vec![pattern("/me/**")])
        .policy(Arc::new(policy));
    let world = World::new(config);
    let may = |options: &LocalOptions, channel| {
        let asked = world.broker.may_read(options, &pattern(channel), world.now.get());
        if let Ok(user) = &asked {
            assert_eq!(user.as_ref().map(UserId::as_str), Some("alice"));
        }
        asked.map_err(|failure| failure.code()).err()
    };
    let (nobody, alice) =
        (LocalOptions::default(), LocalOptions::default().user(UserId::new("alice")));
    let roles: Vec<Arc<str>> = vec!["staff".into()];
    let staff = alice.clone().roles(roles);
    assert_eq!(may(&nobody, "/a"), Some(403));
    for (channel, refused) in [("/a", false), ("/me/x", false), ("/reserved/x", true)] {
        assert_eq!(may(&alice, channel).is_some(), refused, "{channel}");
    }
    assert_eq!((may(&alice, "/staff/x"), may(&staff, "/staff/x")), (Some(403), None));
    assert_eq!((may(&staff, "/meta/x"), may(&staff, "/service/x")), (Some(403), Some(403)));
    assert_eq!((world.broker.stats().sessions, world.broker.patterns()), (0, 0));
}

#[test]
fn a_policy_and_the_bounds_decide_who_opens_one() {
    let policy = Arc::new(Rules::default().anonymous(false));
    let world = World::new(World::quick().policy(policy).sessions_per_user(Some(1)));
    let now = world.now.get();
    let opened = world.broker.open_local(LocalOptions::default(), now);
    assert_eq!(opened.unwrap_err(), Failure::HandshakeDenied);
    let alice = LocalOptions::default().user(UserId::new("alice"));
    let _first = world.broker.open_local(alice.clone(), now).unwrap();
    let opened = world.broker.open_local(alice.clone(), now);
    assert_eq!(opened.unwrap_err(), Failure::TooManySessions);
    world.broker.begin_drain(now);
    assert_eq!(world.broker.open_local(alice, now).unwrap_err(), Failure::Draining);
}

#[test]
fn a_local_session_calls_services() {
    let config = World::quick().service(
        pattern("/service/sum"),
        service_fn(|call, responder| {
            let numbers: Vec<u32> = serde_json::from_str(call.data.unwrap().get()).unwrap();
            responder.succeed(&numbers.iter().sum::<u32>().to_string(), call.now);
        }),
    );
    let world = World::new(config);
    let mut local = open(&world);
    local.call(&name("/service/sum"), "7", &raw(&json!([1, 2])), world.now.get()).unwrap();
    let result = next(&mut local);
    let result = result.parts().unwrap();
    assert_eq!((result.id.as_deref(), result.successful), (Some("7"), Some(true)));
    assert_eq!(result.data.get(), "3");
}

#[test]
fn private_channels_belong_to_its_user_too() {
    let world = World::gws();
    let now = world.now.get();
    let options = LocalOptions::default().user(UserId::new("alice"));
    let mut local = world.broker.open_local(options, now).unwrap();
    local.subscribe(&pattern("/v2/me/calls"), now).unwrap();
    let calls = name("/v2/me/calls");
    assert_eq!(world.broker.deliver_to_user(&UserId::new("bob"), &calls, "1", now), 0);
    assert_eq!(world.broker.deliver_to_user(&UserId::new("alice"), &calls, "2", now), 1);
    assert_eq!(next_data(&mut local), "2");
}

#[test]
fn nobody_outside_can_use_a_local_session() {
    let world = World::new(World::quick());
    let local = open(&world);
    let mut thief = world.anonymous();
    local.client().as_str().clone_into(&mut thief.id);
    assert_eq!(thief.connect_at_once()[0]["error"], "402::session_unknown");
}

#[test]
fn a_slow_one_is_cut_and_told_and_others_go_on() {
    let world = World::new(World::quick().queue(2, 1000));
    let [mut slow, mut quick] = [open(&world), open(&world)];
    let (now, a) = (world.now.get(), name("/a"));
    for local in [&slow, &quick] {
        local.subscribe(&pattern("/a"), now).unwrap();
    }
    for number in 0..3 {
        world.broker.publish(&a, &number.to_string(), now).unwrap();
        assert_eq!(next_data(&mut quick), number.to_string());
    }
    assert_eq!(slow.ended(), Some(RemovedBecause::Overflow));
    assert_eq!(poll(&mut slow, Waker::noop()), Poll::Ready(None));
    assert_eq!(slow.publish(&a, &raw(&json!(1)), now), Err(Failure::SessionUnknown));
}

fn rule(channel: &str, change: impl FnOnce(&mut ChannelSettings)) -> Config {
    let mut settings = ChannelSettings::default();
    change(&mut settings);
    World::quick().channels(vec![ChannelRule::new(pattern(channel), settings)])
}

#[test]
fn what_a_full_queue_lost_is_told_with_the_next_message() {
    let config = rule("/a", |settings| settings.overflow = Overflow::DropOldest);
    let world = World::new(config.queue(2, 1000));
    let mut local = open(&world);
    let now = world.now.get();
    local.subscribe(&pattern("/a"), now).unwrap();
    for number in 0..5 {
        world.broker.publish(&name("/a"), &number.to_string(), now).unwrap();
    }
    let [first, second] = [next(&mut local), next(&mut local)];
    assert_eq!((first.missed(), second.missed()), (3, 0));
    assert_eq!(first.parts().unwrap().data.get(), "3");
}

#[test]
fn lazy_messages_come_when_their_time_is_up() {
    let config = rule("/a", |settings| settings.lazy = Some(Duration::from_secs(1)));
    let world = World::new(config);
    let mut local = open(&world);
    local.subscribe(&pattern("/a"), world.now.get()).unwrap();
    world.broker.publish(&name("/a"), "1", world.now.get()).unwrap();
    world.pass(900);
    assert!(is_quiet(&mut local));
    world.pass(100);
    assert_eq!(next_data(&mut local), "1");
}

#[test]
fn a_local_session_begins_where_it_says_in_the_log() {
    let retention = Retention { age: Duration::from_secs(60), messages: 100, bytes: 10_000 };
    let kept = rule("/a", |settings| settings.replay = Some(retention));
    let world = World::new(kept.wall(World::wall()));
    let (now, a) = (world.now.get(), name("/a"));
    for number in 0..3 {
        world.broker.publish(&a, &number.to_string(), now).unwrap();
    }
    let mut local = open(&world);
    let from = |position| vec![(pattern("/a"), Some(position)), (pattern("/b"), None)];
    let second = ReplayFrom::After { position: 2, epoch: None };
    let (outcome, answers) = local.subscribe_all(&from(second), now);
    assert_eq!((outcome, answers[0].1.status), (Ok(()), ReplayStatus::Resumed));
    let message = next(&mut local);
    let parts = message.parts().unwrap();
    assert_eq!((parts.data.get(), parts.ext.unwrap().get()), ("2", r#"{"replay":3}"#));
    assert_eq!(local.position_of(&message), Some(3));
    let forged = json!({"channel": "/b", "data": "unkept", "ext": {"replay": 7}});
    world.up().send(forged);
    let unkept = next(&mut local);
    assert_eq!(local.position_of(&unkept), None);
    let future = ReplayFrom::After { position: 99, epoch: None };
    let (outcome, answers) = open(&world).subscribe_all(&from(future), now);
    assert!(matches!(outcome, Err(Failure::ReplayIdInvalid(_))));
    assert_eq!(answers[0].1.status, ReplayStatus::Refused);
}

#[test]
fn a_stream_ends_with_the_session_and_with_a_drain() {
    let world = World::new(World::quick());
    let (now, a) = (world.now.get(), name("/a"));
    let [mut ended, mut drained] = [open(&world), open(&world)];
    for local in [&ended, &drained] {
        local.subscribe(&pattern("/a"), now).unwrap();
    }
    world.broker.publish(&a, "1", now).unwrap();
    let wakes = Arc::new(Wakes::default());
    for local in [&mut ended, &mut drained] {
        assert_eq!(next_data(local), "1");
        assert!(poll(local, &Arc::clone(&wakes).into()).is_pending());
    }
    assert!(world.broker.disconnect_session(ended.client(), now));
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll(&mut ended, Waker::noop()), Poll::Ready(None));
    assert_eq!(ended.ended(), Some(RemovedBecause::Server));
    world.broker.publish(&a, "2", now).unwrap();
    world.broker.begin_drain(now);
    assert_eq!(next_data(&mut drained), "2");
    assert_eq!(poll(&mut drained, Waker::noop()), Poll::Ready(None));
    assert_eq!(drained.ended(), None);
}

#[test]
fn a_snapshot_tells_what_kind_it_is() {
    let world = World::new(World::quick());
    let _plain = open(&world);
    let options = LocalOptions::default().via(Via::EventStream);
    let _events = world.broker.open_local(options, world.now.get()).unwrap();
    let sessions = world.broker.sessions_after(0, 10, world.now.get());
    let shown: Vec<_> = sessions.iter().map(|one| (one.via, one.expires_in_ms)).collect();
    assert_eq!(shown, [(Via::Local, None), (Via::EventStream, None)]);
}
