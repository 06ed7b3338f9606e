//! What stories do, one kind after the other.

use encke::calls::{
    Actor, AgentState, CallAction, Command, InteractionAction, InteractionActor, PartyState,
    UserName,
};

use super::super::player::Player;
use super::house::{House, plan, scenario};

const BOB: &str = "[[agents]]\nuser = \"bob\"\n";

/// A call to Bob at one second, with this besides.
fn call(rest: &str) -> String {
    format!(
        "name = \"x\"\nduration = 60\n{BOB}[[calls]]\nto = [\"bob\"]\nfrom = \"+1555\"\nat = [1]\n\
         answers_after = 2\npatience = 10\ntalk = 5\n{rest}"
    )
}

fn start(text: &str) -> (House, Player) {
    (House::new(), Player::new(plan(&scenario(text), 1)))
}

fn times(house: &House, what: &str) -> Vec<u64> {
    house.log.iter().filter(|(_, event)| event.contains(what)).map(|(at, _)| *at).collect()
}

fn operate(house: &mut House, user: &str, action: CallAction) {
    let call = house.state.calls().next().unwrap().id.clone();
    let by = Actor::Dn(House::dn(user));
    house.submit(&Command::Operate { call, by, action }).unwrap();
}

#[test]
fn a_call_rings_is_answered_talked_on_and_ended_at_its_times() {
    let step = "[[calls.steps]]\ndo = \"attach\"\nafter = 1\ndata = { Case = \"{n}\" }\n\
                [[calls.steps]]\ndo = \"update\"\nafter = 1\nthird_party = \"7777\"\ndata = { Case = 2 }";
    let (mut house, mut player) = start(&call(step));
    house.play(&mut player, 100_000);
    assert_eq!(times(&house, "\"started\""), [1_000]);
    assert_eq!(times(&house, "\"operation\":\"Answer\""), [3_000]);
    assert_eq!(times(&house, "{\"party\":\"15001\"}"), [4_000], "{:#?}", house.log);
    assert_eq!(times(&house, "{\"third_party\":\"7777\"}"), [5_000]);
    assert_eq!(times(&house, "\"operation\":\"Hangup\""), [10_000]);
    let data = &house.state.calls().next().unwrap().user_data;
    assert_eq!(serde_json::to_string(data).unwrap().matches("Case").count(), 1);
    let counts = player.counts();
    // Logged in, ready, and five steps of the call.
    assert_eq!((counts.done, counts.failed, counts.passed), (7, 0, 0));
    let line = house.state.line(&House::dn("bob")).unwrap();
    assert_eq!(line.settings.agent, AgentState::Ready);
}

#[test]
fn a_caller_who_abandons_does_so_before_anybody_answers() {
    let (mut house, mut player) = start(&call("abandons = 1\nabandons_after = 4"));
    house.play(&mut player, 100_000);
    assert_eq!(times(&house, "\"operation\":\"Answer\""), [0_u64; 0]);
    assert_eq!(times(&house, "\"operation\":\"Hangup\""), [5_000]);
    assert_eq!(player.counts().passed, 2, "the answer and the end of the talk");
}

#[test]
fn a_robot_talks_with_one_at_a_time_and_who_waits_too_long_goes() {
    let (mut house, mut player) = start(&call("").replace("at = [1]", "at = [1, 2, 2, 2]"));
    house.play(&mut player, 100_000);
    // From 3 to 8, from 9 to 14 after a second; the third would be at 15, and is gone at 12.
    assert_eq!(times(&house, "\"operation\":\"Answer\""), [3_000, 9_000]);
    assert_eq!(times(&house, "\"operation\":\"Hangup\""), [8_000, 12_000, 12_000, 14_000]);
    assert_eq!(house.live_calls(), 0);
}

#[test]
fn an_agent_who_is_not_ready_answers_when_he_is_back() {
    let steps = "[[agents.steps]]\nat = 0.5\ndo = \"not-ready\"\nreason = \"tea\"\n\
                 [[agents.steps]]\nat = 6\ndo = \"ready\"\n";
    let (mut house, mut player) = start(&call("").replace(BOB, &format!("{BOB}{steps}")));
    house.play(&mut player, 100_000);
    assert_eq!(times(&house, "tea"), [500]);
    assert_eq!(times(&house, "\"operation\":\"Answer\""), [7_000]);
}

#[test]
fn robots_leave_everything_to_a_human_at_his_desk() {
    let (mut house, mut player) = start(&call("[[calls.steps]]\ndo = \"hold\""));
    house.humans.insert("bob");
    house.play(&mut player, 5_000);
    assert_eq!(house.log.len(), 1, "it rings, and Bob is not even logged in: {:?}", house.log);
    operate(&mut house, "bob", CallAction::Answer);
    house.play(&mut player, 100_000);
    let states: Vec<_> = house.states().into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [PartyState::Released; 2]);
    assert_eq!(times(&house, "\"operation\":\"Hold\""), [0_u64; 0]);
    let ended = times(&house, "\"operation\":\"Hangup\"");
    assert!(ended[0] > 10_000 && ended[0] < 16_000, "the caller goes after the talk: {ended:?}");
}

#[test]
fn robots_act_beside_a_human_where_the_scenario_says_so() {
    let text = call("").replace(BOB, &format!("{BOB}beside_human = true\n"));
    let (mut house, mut player) = start(&text);
    house.humans.insert("bob");
    house.play(&mut player, 100_000);
    assert_eq!(times(&house, "\"operation\":\"Answer\""), [3_000]);
}

#[test]
fn nobody_answers_a_human_who_is_away() {
    let text = call("").replace(BOB, "");
    let (mut house, mut player) = start(&text);
    house.play(&mut player, 100_000);
    assert_eq!(times(&house, "\"operation\":\"Hangup\""), [11_000], "patience is over");
}

#[test]
fn a_call_that_a_human_ends_is_over() {
    let (mut house, mut player) = start(&call(""));
    house.play(&mut player, 4_000);
    operate(&mut house, "bob", CallAction::Hangup);
    house.play(&mut player, 6_000);
    assert!(player.is_over());
    assert_eq!(player.counts().passed, 1);
}

#[test]
fn calls_are_transferred_consulted_and_joined() {
    let carol = format!("{BOB}[[agents]]\nuser = \"carol\"\n");
    let gone = |states: &[(Option<String>, PartyState)]| {
        states.iter().all(|(_, state)| *state == PartyState::Released)
    };
    for (step, parties) in [
        ("do = \"transfer\"\nto = [\"carol\"]", 3),
        ("do = \"conference\"\nto = [\"carol\"]", 3),
        ("do = \"consult\"\nto = [\"carol\"]\nthen = \"transfer\"\ntakes = 2", 3),
        ("do = \"consult\"\nto = [\"carol\"]\nthen = \"conference\"\ntakes = 2", 3),
        ("do = \"consult\"\nto = [\"carol\"]\nthen = \"back\"\ntakes = 2", 2),
        ("do = \"consult\"\nto = [\"+1777\"]\nthen = \"conference\"\ntakes = 2", 3),
    ] {
        for hangs_up in ["customer", "agent"] {
            let rest = format!("hangs_up = \"{hangs_up}\"\n[[calls.steps]]\n{step}");
            let (mut house, mut player) = start(&call(&rest).replace(BOB, &carol));
            house.play(&mut player, 100_000);
            let counts = player.counts();
            assert_eq!((counts.failed, counts.passed), (0, 0), "{step} {counts:?}");
            assert_eq!(house.live_calls(), 0, "{step} {hangs_up}");
            let main = house.state.calls().find(|call| call.consult.is_none()).unwrap();
            assert_eq!(main.parties.len(), parties, "{step}");
            assert!(gone(&house.states()), "{step}");
        }
    }
}

const SMS: &str = "name = \"x\"\nduration = 60\n[[agents]]\nuser = \"bob\"\n[[sms]]\nto = [\"bob\"]\n\
    from = \"+1555\"\nnickname = \"Kim\"\ntext = \"Hello\"\nat = [1]\naccepts_after = 2\npatience = 10\n\
    [[sms.lines]]\nby = \"agent\"\nafter = 1\ntext = \"Yes?\"\n\
    [[sms.lines]]\nby = \"agent\"\nafter = 1\ndata = { Case = 1 }\n\
    [[sms.lines]]\nby = \"customer\"\nafter = 1\ntext = \"No.\"\n";

#[test]
fn a_dialogue_goes_to_and_fro_and_is_completed() {
    let (mut house, mut player) = start(SMS);
    house.play(&mut player, 100_000);
    assert_eq!(house.texts("bob"), ["Hello", "Yes?", "No."]);
    assert!(house.state.interactions().all(|session| session.is_completed()));
    let counts = player.counts();
    assert_eq!((counts.done, counts.failed, counts.passed), (9, 0, 0));
}

#[test]
fn a_customer_waits_for_what_a_human_writes() {
    let (mut house, mut player) = start(SMS);
    house.humans.insert("bob");
    house.play(&mut player, 5_000);
    let act = |house: &mut House, action| {
        let interaction = house.state.interactions().next().unwrap().key();
        let by = InteractionActor::Agent(UserName::new("bob").unwrap());
        house.submit(&Command::OperateInteraction { interaction, by, action }).unwrap();
    };
    act(&mut house, InteractionAction::Accept { nickname: None });
    house.play(&mut player, 9_000);
    assert_eq!(house.texts("bob"), ["Hello"]);
    act(&mut house, InteractionAction::SendMessage { text: "What?".to_owned() });
    house.play(&mut player, 100_000);
    assert_eq!(house.texts("bob"), ["Hello", "What?", "No."]);
    assert!(
        house.state.interactions().all(|session| !session.is_completed()),
        "that is Bob's matter"
    );
}

#[test]
fn a_customer_whom_nobody_answers_goes() {
    let text = SMS.replace("[[agents]]\nuser = \"bob\"\n", "");
    let (mut house, mut player) = start(&text);
    house.play(&mut player, 100_000);
    assert_eq!(times(&house, "\"left\""), [11_000]);
}

#[test]
fn a_customer_whom_a_robot_would_turn_down_waits_for_a_human_and_goes() {
    let text = SMS.replace("patience = 10\n", "patience = 10\nrejects = 1\n");
    let (mut house, mut player) = start(&text);
    house.play(&mut player, 100_000);
    assert_eq!(times(&house, "\"rejected\""), [3_000], "{:?}", house.log);

    let alone = text.replace("[[agents]]\nuser = \"bob\"\n", "");
    for (text, human) in [(&text, Some("bob")), (&alone, None)] {
        // He never touches it.
        let (mut house, mut player) = start(text);
        house.humans.extend(human);
        house.play(&mut player, 100_000);
        assert!(player.is_over());
        assert_eq!(times(&house, "\"left\""), [11_000], "{human:?} {:?}", house.log);
        let counts = player.counts();
        assert_eq!(counts.failed, 0, "{human:?} {counts:?}");

        // He accepts it, and the customer goes all the same.
        let (mut house, mut player) = start(text);
        house.humans.extend(human);
        house.play(&mut player, 4_000);
        let interaction = house.state.interactions().next().unwrap().key();
        let by = InteractionActor::Agent(UserName::new("bob").unwrap());
        let action = InteractionAction::Accept { nickname: None };
        house.submit(&Command::OperateInteraction { interaction, by, action }).unwrap();
        house.play(&mut player, 100_000);
        assert!(player.is_over());
        assert_eq!(times(&house, "\"left\""), [11_000], "{human:?} {:?}", house.log);
    }
}

/// Bob asks Carol, whom a second customer calls meanwhile.
fn consultation(rest: &str) -> String {
    let carol = format!("{BOB}[[agents]]\nuser = \"carol\"\n");
    call(&format!("[[calls.steps]]\ndo = \"consult\"\nafter = 1\nto = [\"carol\"]\n{rest}"))
        .replace(BOB, &carol)
        .replace("duration = 60", "duration = 200")
        + "\n[[calls]]\nto = [\"carol\"]\nfrom = \"+1666\"\nat = [20]\nanswers_after = 2\n\
           patience = 10\ntalk = 5\n"
}

#[test]
fn who_was_consulted_is_free_when_somebody_else_ends_the_consultation() {
    for then in ["transfer", "conference", "back"] {
        let text = consultation(&format!("then = \"{then}\"\ntakes = 100"))
            .replace("talk = 5\n[[calls.steps]]", "talk = 100\n[[calls.steps]]");
        let (mut house, mut player) = start(&text);
        house.play(&mut player, 10_000);
        let call = house.state.calls().find(|call| call.consult.is_some()).unwrap().id.clone();
        let by = Actor::Dn(House::dn("carol"));
        house.submit(&Command::Operate { call, by, action: CallAction::Hangup }).unwrap();
        house.play(&mut player, 40_000);
        // Bob at 3 and Carol at 6 for him; and she at 22 for her own customer.
        let answers = times(&house, "\"operation\":\"Answer\"");
        assert_eq!(answers, [3_000, 6_000, 22_000], "{then}: {:#?}", house.log);
        assert_eq!(house.live_calls(), 1, "{then}: Bob still talks");
    }
}

#[test]
fn who_is_joined_is_busy_until_he_is_off_the_call() {
    let joined = "then = \"conference\"\ntakes = 2\n\
                  [[calls.steps]]\ndo = \"consult\"\nto = [\"+1777\"]\nthen = \"back\"\ntakes = 2";
    let text =
        consultation(joined).replace("talk = 5\n[[calls.steps]]", "talk = 100\n[[calls.steps]]");
    for is_hung_up in [false, true] {
        let (mut house, mut player) = start(&text);
        house.play(&mut player, 25_000);
        assert_eq!(house.live_calls(), 2, "{:#?}", house.log);
        if is_hung_up {
            let main = house.state.calls().find(|call| call.parties.len() == 3).unwrap().id.clone();
            let by = Actor::Dn(House::dn("carol"));
            house.submit(&Command::Operate { call: main, by, action: CallAction::Hangup }).unwrap();
        }
        house.play(&mut player, 60_000);
        let late = times(&house, "\"operation\":\"Answer\"").into_iter().filter(|at| *at > 20_000);
        let late: Vec<u64> = late.collect();
        assert_eq!(late.len(), usize::from(is_hung_up), "{late:?} {:#?}", house.log);
        assert_eq!(house.live_calls(), 1, "Bob still talks");
    }
}

#[test]
fn a_dialogue_may_be_of_any_medium_with_messages() {
    for medium in ["sms", "chat", "im", "facebook"] {
        let text = SMS.replace("[[sms]]\n", &format!("[[sms]]\nmedium = \"{medium}\"\n"));
        let text = text.replace("+1555", "kim@example.com");
        let (mut house, mut player) = start(&text);
        house.play(&mut player, 100_000);
        let one = house.state.interactions().next().unwrap();
        assert_eq!((one.medium.name(), one.is_completed()), (medium, true));
        assert_eq!(house.texts("bob"), ["Hello", "Yes?", "No."]);
        let counts = player.counts();
        assert_eq!((counts.done, counts.failed, counts.passed), (9, 0, 0), "{medium} {counts:?}");
    }
}

#[test]
fn a_storm_is_bounded_and_says_so() {
    let text = call("").replace("duration = 60", "duration = 60\nalive = 2");
    let (mut house, mut player) = start(&text.replace("at = [1]", "at = [1, 1, 1, 1, 1]"));
    house.play(&mut player, 100_000);
    assert_eq!(times(&house, "\"started\"").len(), 2);
    let counts = player.counts();
    assert_eq!(counts.failed, 3);
    assert_eq!(
        counts.errors.into_iter().collect::<Vec<_>>(),
        [("more than 2 calls and SMS sessions at a time".to_owned(), 3)]
    );
}

#[test]
fn a_refusal_is_counted_and_the_rest_goes_on() {
    let step = "[[calls.steps]]\ndo = \"retrieve\"\n[[calls.steps]]\ndo = \"conference\"\n\
                to = [\"bob\"]\n[[calls.steps]]\ndo = \"attach\"\ndata = { a = 1 }";
    let (mut house, mut player) = start(&call(step));
    house.play(&mut player, 100_000);
    let counts = player.counts();
    assert_eq!((counts.failed, counts.passed), (2, 1), "{counts:?}");
    assert_eq!(house.live_calls(), 0);
    assert_eq!(house.state.calls().next().unwrap().user_data.len(), 1);
}

#[test]
fn what_is_stopped_begins_nothing_and_its_customers_go() {
    let text = call("").replace("at = [1]", "at = [1, 1, 1, 30]");
    let (mut house, mut player) = start(&text);
    house.play(&mut player, 4_000);
    assert_eq!(house.live_calls(), 3);
    player.stop(4_000);
    house.play(&mut player, 5_000);
    assert!(player.is_over());
    assert_eq!(house.live_calls(), 0);
    assert_eq!(times(&house, "\"started\"").len(), 3);
}
