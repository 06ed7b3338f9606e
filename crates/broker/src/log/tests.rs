//! The log against invented time, and against a list of everything that was ever published.

use std::time::Duration;

use encke_bayeux::ChannelPattern;
use proptest::prelude::*;
use proptest::sample::select;

use super::read::Reader;
use super::*;
use crate::channel_rule::ChannelSettings;

const EPOCH: u64 = 1000;

fn pattern(text: &str) -> ChannelPattern {
    ChannelPattern::new(text).unwrap()
}

/// An arbitrary one: these tests give the time of day themselves.
#[expect(clippy::disallowed_methods, reason = "an arbitrary instant")]
fn wall() -> WallClock {
    WallClock::new(Instant::now(), 0)
}

fn rule(text: &str, age_ms: u64, messages: usize, bytes: usize) -> ChannelRule {
    let replay = Some(Retention { age: Duration::from_millis(age_ms), messages, bytes });
    ChannelRule::new(pattern(text), ChannelSettings { replay, ..ChannelSettings::default() })
}

fn log(age_ms: u64, messages: usize, bytes: usize) -> Log {
    Log::new(&[rule("/a/**", age_ms, messages, bytes)], EPOCH, wall()).unwrap()
}

fn channel(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

/// Ten bytes each.
fn publish(log: &mut Log, name: &str, user: Option<&UserId>, now_ms: u64) -> u64 {
    let text = Bytes::from_static(b"0123456789");
    log.append(&channel(name), user, text, None, now_ms).map_or(0, |entry| entry.position)
}

fn all(user: Option<&UserId>) -> Reader<'_> {
    Reader { user, named_only: &[] }
}

fn want(text: &str, from: u64) -> [Want; 1] {
    [Want { pattern: pattern(text), from }]
}

fn read(log: &Log, wants: &[Want]) -> Vec<u64> {
    let page = log.read(all(None), wants, 0, usize::MAX, usize::MAX);
    assert!(page.complete);
    page.entries.iter().map(|entry| entry.position).collect()
}

#[test]
fn positions_begin_behind_the_epoch_and_only_where_a_rule_keeps() {
    let mut log = log(1000, 10, 1000);
    assert_eq!(publish(&mut log, "/a/x", None, 0), EPOCH + 1);
    assert_eq!(publish(&mut log, "/b", None, 0), 0);
    assert_eq!(publish(&mut log, "/a/y", None, 0), EPOCH + 2);
    assert_eq!(read(&log, &want("/a/*", 0)), [1001, 1002]);
    assert_eq!(read(&log, &want("/a/y", 0)), [1002]);
    assert_eq!(read(&log, &want("/**", 1001)), [1002]);
    assert!(
        log.keeps(&pattern("/**")) && log.keeps(&pattern("/a/b")) && !log.keeps(&pattern("/b"))
    );
}

#[test]
fn a_position_that_is_not_new_adds_nothing() {
    let mut log = log(1000, 10, 1000);
    let add = |log: &mut Log, position| {
        log.append(&channel("/a/x"), None, Bytes::new(), Some(position), 0).is_some()
    };
    assert!(add(&mut log, 5000) && !add(&mut log, 5000) && !add(&mut log, 4999));
    assert!(add(&mut log, 5064));
    assert_eq!(read(&log, &want("/a/x", 0)), [5000, 5064]);
}

#[test]
fn a_younger_log_that_goes_on_for_an_older_one_covers_what_that_one_did() {
    let mut log = log(1000, 10, 1000);
    log.adopt(100, 100, 100);
    let bob = UserId::new("bob");
    for (position, user) in [(101, None), (105, Some(&bob))] {
        log.append(&channel("/a/x"), user, Bytes::new(), Some(position), 0).unwrap();
    }
    log.skip_to(110);
    assert_eq!((log.epoch(), log.newest(), log.gone()), (100, 110, 100));
    assert_eq!(log.horizon(all(Some(&bob)), &want("/a/x", 101)), None);
    assert_eq!(log.horizon(all(Some(&bob)), &want("/a/**", 100)), None);
    assert_eq!(log.horizon(all(Some(&bob)), &want("/a/x", 99)), Some(100));
    log.missing(103);
    assert_eq!(log.horizon(all(Some(&bob)), &want("/a/x", 101)), Some(103));
    assert_eq!(log.horizon(all(Some(&bob)), &want("/a/x", 103)), None);
    assert_eq!((log.newest(), log.gone()), (110, 103));
    log.missing(200);
    assert_eq!((log.newest(), log.gone()), (200, 200));
    assert_eq!(read(&log, &want("/a/x", 0)), [101], "what is there is still there");
}

#[test]
fn whoever_waits_for_messages_is_woken_once_however_often_he_asked() {
    let mut log = log(1000, 10, 1000);
    let waker = futures::task::noop_waker();
    let mut cx = Context::from_waker(&waker);
    for _ in 0..100 {
        assert!(log.poll_after(EPOCH, 10, &mut cx).is_pending());
    }
    assert_eq!(log.wakers().len(), 1);
    publish(&mut log, "/a/x", None, 0);
    assert!(log.poll_after(EPOCH, 10, &mut cx).is_ready());
    assert_eq!(log.wakers().len(), 0);
}

#[test]
fn every_bound_lets_the_oldest_go_and_leaves_a_horizon() {
    for (mut log, kept) in [
        (log(5, 100, 1000), vec![1004]),
        (log(1000, 2, 1000), vec![1003, 1004]),
        (log(1000, 9, 25), vec![1003, 1004]),
    ] {
        for at in [0, 1, 2, 7] {
            publish(&mut log, "/a/x", None, at);
        }
        log.expire(8);
        assert_eq!(read(&log, &want("/a/x", 0)), kept);
        let first = kept[0];
        assert_eq!(log.horizon(all(None), &want("/a/x", first - 1)), None, "nothing was missed");
        assert_eq!(log.horizon(all(None), &want("/a/x", first - 2)), Some(first - 1));
        assert_eq!(log.gone(), first - 1);
        assert_eq!(log.amount(), (kept.len(), kept.len() * 10));
    }
}

#[test]
fn a_quiet_channel_is_not_behind_because_another_is_busy() {
    let mut log = log(100, 2, 1000);
    publish(&mut log, "/a/quiet", None, 0);
    for at in 1..50 {
        publish(&mut log, "/a/busy", None, at);
    }
    assert_eq!(log.horizon(all(None), &want("/a/quiet", 1000)), None);
    assert_eq!(log.horizon(all(None), &want("/a/*", 1001)), Some(1048));
    let alice = UserId::new("alice");
    publish(&mut log, "/a/quiet", Some(&alice), 50);
    log.expire(1000);
    assert_eq!(log.amount(), (0, 0));
    assert!(log.scopes.values().all(|scope| scope.streams.is_empty()));
    // What bob has not had cannot be gone.
    let bob = UserId::new("bob");
    assert_eq!(log.horizon(all(Some(&alice)), &want("/a/quiet", 1050)), Some(1051));
    assert_eq!(log.horizon(all(Some(&bob)), &want("/a/quiet", 1050)), None);
}

#[test]
fn who_reads_gets_everybodys_messages_and_his_own() {
    let mut log = log(1000, 10, 1000);
    let (alice, bob) = (UserId::new("alice"), UserId::new("bob"));
    let mine = publish(&mut log, "/a/me", Some(&alice), 0);
    publish(&mut log, "/a/me", Some(&bob), 0);
    let ours = publish(&mut log, "/a/all", None, 0);
    let page = log.read(all(Some(&alice)), &want("/a/*", 0), 0, 10, 1000);
    assert_eq!(page.entries.iter().map(|e| e.position).collect::<Vec<_>>(), [mine, ours]);
    let named = [channel("/a/me")];
    let reader = Reader { user: Some(&alice), named_only: &named };
    let page = log.read(reader, &want("/a/*", 0), 0, 10, 1000);
    assert_eq!(page.entries.len(), 1, "a wildcard passes over it");
    assert_eq!(log.read(reader, &want("/a/me", 0), 0, 10, 1000).entries.len(), 1);
}

#[test]
fn pages_are_bounded_and_go_on() {
    let mut log = log(1000, 10, 1000);
    for at in 0..5 {
        publish(&mut log, if at % 2 == 0 { "/a/x" } else { "/a/y" }, None, at);
    }
    let wants = want("/a/*", 0);
    let first = log.read(all(None), &wants, 0, 2, 1000);
    assert_eq!((first.entries.len(), first.reached, first.complete), (2, 1002, false));
    let second = log.read(all(None), &wants, first.reached, 100, 25);
    assert_eq!((second.entries.len(), second.reached, second.complete), (2, 1004, false));
    let third = log.read(all(None), &wants, second.reached, 100, 5);
    assert_eq!((third.entries.len(), third.reached, third.complete), (1, 1005, true));
}

#[derive(Clone, Debug)]
enum Step {
    Publish(&'static str, Option<&'static str>),
    Pass(u64),
    Read(Option<&'static str>, Vec<(&'static str, u64)>, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let user = || prop_oneof![2 => Just(None), 1 => Just(Some("alice")), 1 => Just(Some("bob"))];
    let names = select(vec!["/a/x", "/a/y", "/a/x/z", "/b/x", "/c"]);
    let wanted = (select(vec!["/a/x", "/a/*", "/a/**", "/**", "/b/*", "/c"]), 0_u64..60);
    prop_oneof![
        4 => (names, user()).prop_map(|(name, user)| Step::Publish(name, user)),
        1 => (0_u64..30).prop_map(Step::Pass),
        2 => (user(), proptest::collection::vec(wanted, 1..3), 1_usize..5)
            .prop_map(|(user, wants, most)| Step::Read(user, wants, most)),
    ]
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_published_or_is_known_to_be_gone(
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let rules = [rule("/a/*", 60, 3, 1000), rule("/a/**", 1000, 100, 60), rule("/b/**", 40, 5, 35)];
        let mut log = Log::new(&rules, EPOCH, wall()).unwrap();
        let mut published: Vec<(u64, &str, Option<&str>)> = Vec::new();
        let mut now_ms = 0;
        for step in steps {
            match step {
                Step::Publish(name, user) => {
                    let owner = user.map(UserId::new);
                    let position = publish(&mut log, name, owner.as_ref(), now_ms);
                    prop_assert_eq!(position == 0, name == "/c");
                    if position > 0 {
                        prop_assert!(published.last().is_none_or(|last| last.0 < position));
                        published.push((position, name, user));
                    }
                }
                Step::Pass(ms) => {
                    now_ms += ms;
                    log.expire(now_ms);
                }
                Step::Read(user, wants, most) => {
                    let owner = user.map(UserId::new);
                    let wants: Vec<Want> = wants
                        .into_iter()
                        .map(|(text, from)| Want { pattern: pattern(text), from: EPOCH + from })
                        .collect();
                    let mut got = Vec::new();
                    let mut after = 0;
                    loop {
                        let page = log.read(all(owner.as_ref()), &wants, after, most, 25);
                        got.extend(page.entries.iter().map(|entry| entry.position));
                        after = page.reached;
                        if page.complete { break }
                    }
                    let wanted: Vec<u64> = published
                        .iter()
                        .filter(|(position, name, whose)| {
                            (whose.is_none() || *whose == user)
                                && wants.iter().any(|want| {
                                    want.pattern.matches(&channel(name)) && want.from < *position
                                })
                        })
                        .map(|(position, ..)| *position)
                        .collect();
                    let missing: Vec<u64> =
                        wanted.iter().copied().filter(|p| !got.contains(p)).collect();
                    prop_assert!(got.iter().all(|p| wanted.contains(p)), "{:?} {:?}", got, wanted);
                    prop_assert!(got.is_sorted_by(|a, b| a < b));
                    let horizon = log.horizon(all(owner.as_ref()), &wants);
                    // What is missing is owned up to.
                    prop_assert!(missing.iter().all(|p| horizon.is_some_and(|h| h >= *p)));
                }
            }
            let (messages, bytes) = log.amount();
            prop_assert_eq!(bytes, messages * 10);
            prop_assert!(bytes <= 1000 + 60 + 35);
        }
    }
}
