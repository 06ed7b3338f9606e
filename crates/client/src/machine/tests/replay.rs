//! A server's log, from the client's side: where subscriptions begin, and what is missing.

use super::*;
use crate::replay::{Outdated, ReplayFrom, ReplayStatus};

/// What the log's server answers to a subscribe.
fn told(status: &str, newest: u64) -> Value {
    json!({"status": status, "epoch": EPOCH, "oldest": null, "newest": newest})
}

const EPOCH: u64 = 1000;

const INVALID: &str = "400::The replayId {41} you provided was invalid.  Please provide a valid \
                       ID, -2 to replay all events, or -1 to replay only new events.";

fn from(from: ReplayFrom) -> Wish {
    Wish { from: Some(from), stored: true, ..Wish::default() }
}

fn after(id: u64) -> ReplayFrom {
    ReplayFrom::After(Position::new(id))
}

fn opened(wish: Wish) -> World {
    let mut world = World::new(Settings { replay: true, ..settings() });
    world.subscribe_with("/e", wish);
    world.open();
    world
}

/// A session with a log, and a subscription to `/e`, which is being asked for.
fn asking(wish: Wish) -> World {
    let mut world = opened(wish);
    world.shake_with("c1", &json!({"replay": true}));
    world.connected();
    world
}

/// The same, and the server has agreed.
fn agreed(wish: Wish, status: &str, newest: u64) -> World {
    let mut world = asking(wish);
    world.tell(status, newest);
    world
}

impl World {
    /// Where the newest subscribe to a pattern begins.
    fn begins(&self, text: &str) -> Option<Value> {
        let sent = self.last("/meta/subscribe");
        let message = sent.messages.iter().find(|message| message["subscription"] == text);
        message.expect("a subscribe")["ext"].get("replay").map(|map| map[text].clone())
    }

    /// The newest subscribes are answered alike.
    fn tell(&mut self, status: &str, newest: u64) {
        let sent = self.last("/meta/subscribe");
        let replies: Vec<_> = sent
            .messages
            .iter()
            .enumerate()
            .map(|(place, message)| {
                let subscription = message["subscription"].as_str().unwrap();
                let ext = json!({"replay": {subscription: told(status, newest)}});
                Self::reply(&sent, place, &json!({"ext": ext}))
            })
            .collect();
        self.answer(&sent, &json!(replies));
    }

    fn refuse(&mut self) {
        let ext = json!({"replay": {"/e": told("refused", 9)}});
        let more = json!({"successful": false, "error": INVALID, "ext": ext});
        self.answer_all("/meta/subscribe", &more);
    }

    /// The connect on its way brings messages with these positions, and `settled`.
    fn bring(&mut self, channel: &str, positions: &[u64], settled: Option<u64>) {
        let held = self.last("/meta/connect");
        let mut body: Vec<_> = positions
            .iter()
            .map(|at| json!({"channel": channel, "data": at, "ext": {"replay": at}}))
            .collect();
        let ext = settled.map_or(json!({}), |at| json!({"replay": at}));
        body.push(Self::reply(&held, 0, &json!({"ext": ext})));
        self.answer(&held, &json!(body));
    }

    /// The session is lost, and a new one begins.
    fn restart(&mut self, ext: &Value) {
        self.pass(secs(20));
        self.forgotten();
        self.shake_with("again", ext);
        self.connected();
    }

    fn replay(&self) -> Replay {
        self.replays.last().expect("something told").1
    }
}

fn gap(gap: Gap) -> Vec<(ChannelPattern, Gap)> {
    vec![(pattern("/e"), gap)]
}

#[test]
fn the_handshake_asks_for_positions() {
    let world = opened(Wish::default());
    assert_eq!(world.last("/meta/handshake").messages[0]["ext"], json!({"replay": true}));
}

#[test]
fn a_subscription_says_where_to_begin() {
    let epoch = Position::new(7).in_epoch(5);
    for (wish, begins) in [
        (Wish::default(), json!(-1)),
        (from(ReplayFrom::New), json!(-1)),
        (from(ReplayFrom::Kept), json!(-2)),
        (from(after(7)), json!(7)),
        (from(ReplayFrom::After(epoch)), json!({"id": 7, "epoch": 5})),
    ] {
        assert_eq!(asking(wish).begins("/e"), Some(begins));
    }
}

#[test]
fn a_server_without_a_log_is_not_asked_and_that_is_told() {
    for ext in [json!({}), json!({"replay": false}), json!({"replay": "true"})] {
        let mut world = opened(from(ReplayFrom::Kept));
        world.shake_with("c1", &ext);
        assert_eq!(world.begins("/e"), None);
        world.agree("/meta/subscribe");
        assert_eq!(world.replay().status, ReplayStatus::Unlogged);
        assert!(world.gaps.is_empty(), "nothing was kept, and nothing more was promised");
    }
}

#[test]
fn a_position_that_no_server_knows_of_is_a_gap() {
    let mut world = opened(from(after(41)));
    world.shake("c1");
    world.agree("/meta/subscribe");
    assert_eq!(world.gaps, gap(Gap::Log));
    assert_eq!(agreed(from(after(41)), "none", 50).gaps, gap(Gap::Log));
}

#[test]
fn what_the_server_says_is_told_to_the_application() {
    for (wish, word, status, missing) in [
        (ReplayFrom::New, "new", ReplayStatus::New, vec![]),
        (ReplayFrom::Kept, "kept", ReplayStatus::Kept, vec![]),
        (after(1041), "resumed", ReplayStatus::Resumed, vec![]),
        (after(1041), "gap", ReplayStatus::Gap, gap(Gap::Log)),
        (ReplayFrom::Kept, "none", ReplayStatus::Unlogged, vec![]),
    ] {
        let world = agreed(from(wish), word, 1050);
        let replay = world.replay();
        assert_eq!((replay.status, replay.epoch, replay.newest), (status, Some(EPOCH), Some(1050)));
        assert_eq!(world.gaps, missing, "{word}");
    }
}

#[test]
fn a_server_that_says_nothing_did_as_it_was_asked() {
    for (wish, status) in [
        (ReplayFrom::New, ReplayStatus::New),
        (ReplayFrom::Kept, ReplayStatus::Kept),
        (after(41), ReplayStatus::Resumed),
    ] {
        let mut world = asking(from(wish));
        world.agree("/meta/subscribe");
        assert_eq!((world.replay().status, world.replay().newest), (status, None));
        assert!(world.gaps.is_empty());
    }
}

#[test]
fn a_new_session_continues_after_the_last_message_and_has_no_gap() {
    let mut world = agreed(Wish::default(), "new", 1040);
    world.bring("/e", &[1041, 1042], None);
    world.restart(&json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!({"id": 1042, "epoch": EPOCH})));
    world.tell("resumed", 1050);
    assert!(world.gaps.is_empty());
    assert_eq!(world.reached, ["/e 1041", "/e 1042"]);
}

#[test]
fn a_new_session_continues_where_the_server_began_though_nothing_came() {
    let mut world = agreed(Wish::default(), "new", 1040);
    world.restart(&json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!({"id": 1040, "epoch": EPOCH})));
    world.tell("resumed", 1050);
    assert!(world.gaps.is_empty());
}

#[test]
fn salesforce_is_continued_by_the_number_in_the_payload() {
    let mut world = asking(from(ReplayFrom::New));
    world.agree("/meta/subscribe");
    let held = world.last("/meta/connect");
    let data = json!({"payload": {}, "event": {"replayId": 41}});
    let body = json!([{"channel": "/e", "data": data}, World::reply(&held, 0, &json!({}))]);
    world.answer(&held, &body);
    world.restart(&json!({"replay": true, "payload.format": true}));
    assert_eq!(world.begins("/e"), Some(json!(41)));
    world.agree("/meta/subscribe");
    assert!(world.gaps.is_empty());
}

#[test]
fn without_a_position_a_new_session_has_a_gap() {
    let mut world = asking(from(ReplayFrom::New));
    world.agree("/meta/subscribe");
    world.restart(&json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!(-1)));
    world.agree("/meta/subscribe");
    assert_eq!(world.gaps, gap(Gap::Session));
}

#[test]
fn a_server_that_lost_its_log_leaves_a_gap() {
    let mut world = agreed(Wish::default(), "new", 1040);
    world.restart(&json!({}));
    assert_eq!(world.begins("/e"), None);
    world.agree("/meta/subscribe");
    assert_eq!(world.gaps, gap(Gap::Session));
    // The position stays good for a server that has its log back.
    world.restart(&json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!({"id": 1040, "epoch": EPOCH})));
}

#[test]
fn a_log_that_has_moved_on_leaves_a_gap() {
    let mut world = agreed(Wish::default(), "new", 1040);
    world.restart(&json!({"replay": true}));
    world.tell("gap", 9000);
    assert_eq!(world.gaps, gap(Gap::Log));
    world.bring("/e", &[8999], None);
    assert_eq!(world.reached, ["/e 8999"]);
}

#[test]
fn a_refused_position_falls_back_to_all_that_is_kept_with_a_gap() {
    // Of an earlier session, and of the application or its store.
    for again in [true, false] {
        let mut world = if again {
            let mut world = agreed(Wish::default(), "new", 1041);
            world.restart(&json!({"replay": true}));
            world
        } else {
            asking(from(after(41)))
        };
        world.refuse();
        assert_eq!(world.begins("/e"), Some(json!(-2)));
        world.tell("kept", 9);
        assert_eq!(world.gaps, gap(Gap::Log));
        assert_eq!(world.replay().status, ReplayStatus::Gap);
        assert!(world.revoked.is_empty());
        // Lower numbers than before are no doubles.
        world.bring("/e", &[8, 9], None);
        assert_eq!(world.reached, ["/e 8", "/e 9"]);
        assert_eq!(world.gaps.len(), 1);
    }
}

#[test]
fn a_refused_position_may_fall_back_to_what_is_new() {
    let mut world = asking(Wish { outdated: Outdated::New, ..from(after(41)) });
    world.refuse();
    assert_eq!(world.begins("/e"), Some(json!(-1)));
    world.tell("new", 9);
    assert_eq!(world.gaps, gap(Gap::Log));
}

#[test]
fn a_refused_position_may_be_the_applications_to_decide() {
    let strict = Wish { outdated: Outdated::Refuse, ..from(after(41)) };
    let mut world = World::up(Settings { replay: true, ..settings() });
    world.pass(secs(5));
    world.forgotten();
    let ticket = world.subscribe_with("/e", strict);
    world.shake_with("c2", &json!({"replay": true}));
    world.refuse();
    assert!(world.outcome(ticket).starts_with("Refused"));
    assert_eq!(world.count("/meta/subscribe"), 1);

    let mut world = agreed(strict, "resumed", 50);
    world.restart(&json!({"replay": true}));
    world.refuse();
    assert_eq!(world.revoked.len(), 1, "an earlier session's subscription is revoked");
}

#[test]
fn a_server_that_refuses_even_what_it_keeps_is_not_asked_for_ever() {
    let mut world = World::up(Settings { replay: true, ..settings() });
    world.pass(secs(5));
    world.forgotten();
    let ticket = world.subscribe_with("/e", from(after(41)));
    world.shake_with("c2", &json!({"replay": true}));
    world.refuse();
    world.refuse();
    assert!(world.outcome(ticket).starts_with("Refused"));
    assert_eq!(world.count("/meta/subscribe"), 2);
}

#[test]
fn a_quiet_channel_moves_on_with_connect_replies() {
    let mut world = agreed(from(ReplayFrom::New), "new", 1040);
    // The connect on its way was sent before the server's agreement was heard.
    world.bring("/e", &[], Some(1100));
    assert_eq!(world.settled_at, []);
    world.bring("/e", &[], Some(1200));
    let position = Position::new(1200).in_epoch(EPOCH);
    assert_eq!(world.settled_at, [(pattern("/e"), position)]);
    world.restart(&json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!({"id": 1200, "epoch": EPOCH})));
}

#[test]
fn an_older_connect_does_not_move_a_pattern_that_it_may_have_passed() {
    let mut world = asking(from(ReplayFrom::Kept));
    let held = world.last("/meta/connect");
    world.tell("kept", 1040);
    let reply = World::reply(&held, 0, &json!({"ext": {"replay": 1040}}));
    world.answer(&held, &json!([reply]));
    world.restart(&json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!(-2)), "nothing was received yet");
}

#[test]
fn only_kept_positions_are_told_of() {
    let mut world = agreed(Wish::default(), "new", 1040);
    world.bring("/e", &[], None);
    world.bring("/e", &[], Some(1200));
    assert_eq!(world.settled_at, []);
    world.restart(&json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!({"id": 1200, "epoch": EPOCH})));
}

#[test]
fn a_subscription_has_caught_up_when_everything_came_that_there_was() {
    let mut world = agreed(from(ReplayFrom::Kept), "kept", 1042);
    assert!(!world.replay().caught_up);
    world.bring("/e", &[1041], None);
    assert!(!world.replay().caught_up);
    world.bring("/e", &[1042], None);
    assert!(world.replay().caught_up);
    let told = world.replays.len();
    world.bring("/e", &[1043], Some(1043));
    assert_eq!(world.replays.len(), told, "once");

    let mut world = agreed(from(ReplayFrom::Kept), "kept", 1042);
    world.bring("/e", &[], None);
    world.bring("/e", &[], Some(1042));
    assert!(world.replay().caught_up, "nothing of it was for this pattern");

    assert!(agreed(from(ReplayFrom::New), "new", 1042).replay().caught_up);
}

#[test]
fn what_another_pattern_had_sent_again_reaches_it_alone() {
    let mut world = agreed(Wish::default(), "new", 1040);
    world.bring("/e", &[1041], None);
    world.subscribe_with("/*", from(ReplayFrom::Kept));
    world.tell("kept", 1041);
    world.bring("/e", &[1030, 1041, 1042], None);
    let reached = ["/e 1041", "/* 1030", "/* 1041", "/e 1042", "/* 1042"];
    assert_eq!(world.reached, reached);
}

#[test]
fn of_a_log_without_a_name_no_order_is_assumed() {
    let mut world = asking(from(after(41)));
    world.agree("/meta/subscribe");
    world.bring("/e", &[50, 7], None);
    assert_eq!(world.reached, ["/e 50", "/e 7"]);
}

#[test]
fn messages_in_front_of_the_servers_agreement_wait_for_it() {
    let mut world = asking(from(after(41)));
    let connects = world.count("/meta/connect");
    world.bring("/e", &[1041, 1042], None);
    assert!(world.reached.is_empty());
    assert_eq!(world.count("/meta/connect"), connects, "nothing more is asked for");
    world.tell("gap", 1042);
    assert_eq!(world.reached, ["/e 1041", "/e 1042"]);
    assert_eq!(world.gaps, gap(Gap::Log));
    assert!(world.replay().caught_up);
    assert_eq!(world.count("/meta/connect"), connects + 1);
    world.restart(&json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!({"id": 1042, "epoch": EPOCH})));
}

#[test]
fn what_waited_comes_again_if_its_session_is_lost_or_its_position_refused() {
    let mut world = asking(from(after(41)));
    world.bring("/e", &[1041], None);
    world.refuse();
    world.bring("/e", &[8], None);
    world.tell("kept", 8);
    assert_eq!(world.reached, ["/e 8"]);

    let mut world = asking(from(after(41)));
    world.bring("/e", &[1041], None);
    let unknown = json!({"successful": false, "error": "402::session_unknown"});
    world.answer_all("/meta/subscribe", &unknown);
    world.next_deadline();
    world.shake_with("c2", &json!({"replay": true}));
    assert_eq!(world.begins("/e"), Some(json!(41)));
    world.tell("resumed", 1041);
    assert!(world.reached.is_empty());
}

#[test]
fn a_lane_that_waits_for_a_connect_gets_one_though_messages_wait_for_the_lane() {
    let mut world = asking(from(after(41)));
    let held = world.last("/meta/connect");
    let early = json!([{"channel": "/e", "data": 1, "ext": {"replay": 1041}}]);
    world.machine.handle_push(early.to_string().as_bytes(), world.now).unwrap();
    world.fail(&held, Failed::sent(Failure::Broken("cut".into())));
    world.break_off("/meta/subscribe");
    assert_eq!(world.next_deadline(), secs(1));
    world.connected();
    world.tell("resumed", 1041);
    assert_eq!(world.reached, ["/e 1041"]);
}

#[test]
fn a_server_that_sends_and_does_not_answer_is_left() {
    let mut world = asking(from(after(41)));
    world.pass(secs(5));
    let data = "x".repeat(1 << 20);
    for position in 1041..1080 {
        let push = json!([{"channel": "/e", "data": data, "ext": {"replay": position}}]);
        world.machine.handle_push(push.to_string().as_bytes(), world.now).unwrap();
        world.collect();
    }
    assert_eq!(world.count("/meta/handshake"), 2);
}

#[test]
fn a_pattern_can_be_shared_but_not_from_two_places() {
    let mut world = asking(from(ReplayFrom::Kept));
    let same = world.subscribe_with("/e", from(ReplayFrom::Kept));
    let other = world.subscribe_with("/e", from(ReplayFrom::New));
    assert_eq!(world.outcome(other), "Taken");
    world.tell("kept", 9);
    assert_eq!(world.outcome(same), "Done");
    let late = world.subscribe_with("/e", from(ReplayFrom::Kept));
    assert_eq!(world.outcome(late), "Taken", "what is kept has been sent already");
    let indifferent = world.subscribe("/e");
    assert_eq!(world.outcome(indifferent), "Done");
    for _ in 0..2 {
        world.unsubscribe("/e");
    }
    assert_eq!(world.count("/meta/unsubscribe"), 0, "one holder is left");
    world.unsubscribe("/e");
    assert_eq!(world.count("/meta/unsubscribe"), 1);
}
