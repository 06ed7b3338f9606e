//! Publishing and calling, over a way that breaks.

use super::*;

fn call(world: &mut World, channel: &str, timeout: u64) -> Ticket {
    let tickets =
        world.machine.call(publication(channel, "1"), world.now + secs(timeout), world.now);
    world.collect();
    tickets[0]
}

#[test]
fn what_is_given_while_a_request_is_on_its_way_goes_out_together_and_in_order() {
    let mut world = World::up(settings());
    let tickets: Vec<_> = (0..25).map(|number| world.publish("/a", &number.to_string())).collect();
    let mut sent = Vec::new();
    for size in [1, 10, 10, 4] {
        let body = world.last("/a");
        assert_eq!(body.messages.len(), size);
        sent.extend(body.messages.iter().map(|message| message["data"].as_u64().unwrap()));
        world.agree("/a");
    }
    assert_eq!(sent, (0..25).collect::<Vec<_>>());
    assert!(tickets.iter().all(|ticket| world.outcome(*ticket) == "Done"));
}

#[test]
fn a_batch_is_one_body_with_one_result_each() {
    let mut world = World::up(settings());
    world.publish("/x", "0");
    let group = (0..15).map(|number| publication("/a", &number.to_string())).collect();
    let tickets = world.publish_all(group);
    world.agree("/x");
    let sent = world.last("/a");
    assert_eq!(sent.messages.len(), 15);
    let denied = json!({"successful": false, "error": "403:no:publish_denied"});
    let mut replies: Vec<_> = (0..15).map(|n| World::reply(&sent, n, &json!({}))).collect();
    replies[7] = World::reply(&sent, 7, &denied);
    world.answer(&sent, &json!(replies));
    assert_eq!(world.outcome(tickets[6]), "Done");
    assert!(world.outcome(tickets[7]).starts_with("Refused"));
}

#[test]
fn what_is_published_before_the_session_waits_for_it() {
    let mut world = World::new(settings());
    world.open();
    let ticket = world.publish("/a", "1");
    assert_eq!(world.sent.len(), 1);
    world.shake("c1");
    world.agree("/a");
    assert_eq!(world.outcome(ticket), "Done");
}

#[test]
fn what_cannot_be_sent_in_time_was_certainly_not_sent() {
    let mut world = World::new(settings());
    world.open();
    let ticket = world.publish("/a", "1");
    for _ in 0..40 {
        world.pass(secs(1));
    }
    assert_eq!(world.outcome(ticket), "TimedOut");
    while world.count("/meta/handshake") < 4 {
        world.next_deadline();
    }
    world.shake("c1");
    assert_eq!(world.count("/a"), 0);
}

#[test]
fn a_cut_publish_is_lost_and_not_sent_twice() {
    let mut world = World::up(settings());
    let ticket = world.publish("/a", "1");
    let next = world.publish("/b", "2");
    world.break_off("/a");
    assert_eq!(world.outcome(ticket), r#"Lost(Broken("cut"))"#);
    assert_eq!(world.count("/b"), 0, "the lane rests");
    world.pass(secs(1));
    world.agree("/b");
    assert_eq!(world.outcome(next), "Done");
    assert_eq!(world.count("/a"), 1);
}

#[test]
fn a_publish_that_was_not_sent_is_sent_again_in_order() {
    let mut world = World::up(settings());
    let tickets = [world.publish("/a", "1"), world.publish("/a", "2")];
    let sent = world.last("/a");
    world.fail(&sent, Failed::unsent(Failure::Unreachable("refused".into())));
    world.pass(secs(1));
    let again = world.last("/a");
    assert_eq!(again.messages[0]["data"], 1);
    assert_eq!(again.messages[1]["data"], 2);
    world.agree("/a");
    assert_eq!(tickets.map(|ticket| world.outcome(ticket)), ["Done", "Done"]);
}

#[test]
fn the_lane_rests_while_connects_fail() {
    let mut world = World::up(settings());
    world.break_off("/meta/connect");
    let ticket = world.publish("/a", "1");
    assert_eq!(world.count("/a"), 0);
    world.next_deadline();
    world.connected();
    world.agree("/a");
    assert_eq!(world.outcome(ticket), "Done");
}

#[test]
fn a_publish_to_a_forgotten_session_is_sent_in_the_next_one() {
    let mut world = World::up(settings());
    world.pass(secs(20));
    let tickets: Vec<_> = ["1", "2"].map(|data| publication("/a", data)).into();
    let tickets = world.publish_all(tickets);
    let held = world.last("/meta/connect");
    world.answer_all("/a", &json!({"successful": false, "error": "402::Unknown client"}));
    assert_eq!(world.cancelled, [held.exchange]);
    world.shake("c2");
    let again = world.last("/a");
    let data: Vec<_> = again.messages.iter().map(|message| message["data"].clone()).collect();
    assert_eq!((&again.messages[0]["clientId"], data), (&json!("c2"), vec![json!(1), json!(2)]));
    world.agree("/a");
    assert!(tickets.iter().all(|ticket| world.outcome(*ticket) == "Done"));
}

#[test]
fn a_reply_that_is_missing_leaves_open_what_happened() {
    let mut world = World::up(settings());
    let ticket = world.publish("/a", "1");
    let sent = world.last("/a");
    world.answer(&sent, &json!([]));
    assert_eq!(world.outcome(ticket), "Lost(Unanswered)");
}

#[test]
fn a_message_with_the_id_of_a_request_is_no_reply() {
    let mut world = World::up(settings());
    let ticket = world.publish("/a", "1");
    let sent = world.last("/a");
    let echo = json!({"channel": "/a", "data": 1, "id": sent.messages[0]["id"]});
    world.answer(&sent, &json!([echo, World::reply(&sent, 0, &json!({}))]));
    assert_eq!(world.delivered.len(), 1);
    assert_eq!(world.outcome(ticket), "Done");
}

#[test]
fn room_is_bounded_while_nothing_can_be_sent() {
    let mut world = World::new(settings());
    world.open();
    while world.machine.has_room() {
        world.publish("/a", "1");
    }
    world.shake("c1");
    assert!(world.machine.has_room());
}

#[test]
fn a_call_ends_with_the_message_under_its_id() {
    let mut world = World::up(settings());
    let ticket = call(&mut world, "/service/add", 5);
    let sent = world.last("/service/add");
    world.agree("/service/add");
    assert_eq!(world.outcome(ticket), "open");
    let held = world.last("/meta/connect");
    let result = World::reply(&sent, 0, &json!({"data": 42}));
    world.answer(&held, &json!([result, World::reply(&held, 0, &json!({}))]));
    assert!(world.outcome(ticket).starts_with("Result"), "{}", world.outcome(ticket));
    assert!(world.delivered.is_empty());
}

#[test]
fn a_result_may_come_before_the_reply_or_without_it() {
    for with_reply in [true, false] {
        let mut world = World::up(settings());
        let ticket = call(&mut world, "/service/add", 5);
        let sent = world.last("/service/add");
        let mut body = vec![World::reply(&sent, 0, &json!({"data": {"sum": 3}}))];
        if with_reply {
            body.push(World::reply(&sent, 0, &json!({})));
        }
        world.answer(&sent, &json!(body));
        assert!(world.outcome(ticket).starts_with("Result"));
        let next = world.publish("/a", "1");
        world.agree("/a");
        assert_eq!(world.outcome(next), "Done", "the lane is free");
    }
}

#[test]
fn a_call_fails_by_the_service_by_the_server_and_by_time() {
    let mut world = World::up(settings());
    let failed = call(&mut world, "/service/x", 5);
    let error = json!({"successful": false, "data": {"class": "E", "message": "m"}});
    world.answer_all("/service/x", &error);
    assert!(world.outcome(failed).starts_with("Failed"));
    let refused = call(&mut world, "/service/x", 5);
    world.answer_all("/service/x", &json!({"successful": false, "error": "403::no"}));
    assert!(world.outcome(refused).starts_with("Refused"));
    let late = call(&mut world, "/service/x", 5);
    world.agree("/service/x");
    world.pass(secs(5));
    assert_eq!(world.outcome(late), "TimedOut");
    let held = world.last("/meta/connect");
    let result = json!({"channel": "/service/x", "id": late.0.to_string(), "data": 1});
    let told = json!({"channel": "/service/x", "data": 2});
    world.answer(&held, &json!([result, told, World::reply(&held, 0, &json!({}))]));
    let delivered: Vec<_> = world.delivered.iter().map(|message| message.data().get()).collect();
    assert_eq!(delivered, ["2"], "a result that is too late is nobody's");
}

#[test]
fn a_call_does_not_outlive_the_session_that_took_it() {
    let mut world = World::up(settings());
    world.pass(secs(20));
    let taken = call(&mut world, "/service/x", 60);
    world.agree("/service/x");
    world.forgotten();
    assert_eq!(world.outcome(taken), "Lost(SessionLost)");
    let unsent = call(&mut world, "/service/y", 60);
    world.shake("c2");
    assert_eq!(world.count("/service/y"), 1);
    assert_eq!(world.outcome(unsent), "open");
}

#[test]
fn messages_keep_their_text() {
    let mut world = World::up(settings());
    let held = world.last("/meta/connect");
    let body = format!(
        r#"[{{"channel":"/a","data":{{"z":1.10, "a":1E400}},"ext":{{"x":1}}}},{}]"#,
        World::reply(&held, 0, &json!({}))
    );
    world.machine.handle_response(held.exchange, Ok(body.as_bytes()), world.now);
    world.collect();
    assert_eq!(world.delivered[0].data().get(), r#"{"z":1.10, "a":1E400}"#);
    assert_eq!(world.delivered[0].ext().unwrap().get(), r#"{"x":1}"#);
}
