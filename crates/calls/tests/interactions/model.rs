//! Random commands across all media against what must always hold.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use encke_calls::{
    Asking, Command, Details, Event, Interaction, InteractionAction, InteractionActor,
    InteractionId, InteractionOffer, Limits, Medium, Operation, Pair, Profile, Refusal, Seat,
    SeededIds, State, UserData, UserDataChange, decide, evolve, interaction_capabilities,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::house::{data, offer, user};

const USERS: [&str; 3] = ["alice", "bob", "carol"];

fn actions() -> Vec<InteractionAction> {
    use InteractionAction as Action;
    let mut actions = vec![
        Action::Accept { nickname: None },
        Action::Reject,
        Action::SendMessage { text: "x".into() },
        Action::SendUrl { url: "http://x".into() },
        Action::Type { started: true },
        Action::Type { started: false },
        Action::Leave,
        Action::LeaveAndComplete,
        Action::Complete,
        Action::SetDisposition { disposition: "done".into() },
        Action::SetInFocus,
        Action::PlaceInWorkbin,
        Action::PullFromWorkbin,
        Action::Revoke,
    ];
    for agent in USERS.map(user) {
        for asking in [Asking::Transfer, Asking::Invite, Asking::Consult] {
            actions.push(Action::Ask { asking, agent: agent.clone() });
        }
    }
    actions
}

fn changes() -> Vec<UserDataChange> {
    vec![
        UserDataChange::Attach(data(r#"{"a":1,"b":"x"}"#)),
        UserDataChange::Update(data(r#"{"b":"some longer text","c":{}}"#)),
        UserDataChange::DeletePair("a".into()),
        UserDataChange::DeleteKeys(vec!["a".into(), "z".into()]),
        UserDataChange::Clear,
    ]
}

/// A command of which the particulars are picked when it is run.
#[derive(Clone, Debug)]
enum Step {
    Offer(Medium, &'static str),
    /// Anything by anybody.
    Try(Index, Index, InteractionAction),
    /// Something that somebody may do.
    Do(Index, Index, Index),
    Change(Index, Index, UserDataChange),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        2 => (select(Medium::ALL.to_vec()), select(USERS.to_vec()))
            .prop_map(|(medium, to)| Step::Offer(medium, to)),
        3 => (index(), index(), select(actions()))
            .prop_map(|(which, who, action)| Step::Try(which, who, action)),
        12 => (index(), index(), index()).prop_map(|(which, who, what)| Step::Do(which, who, what)),
        3 => (index(), index(), select(changes()))
            .prop_map(|(which, who, change)| Step::Change(which, who, change)),
    ]
}

fn fresh() -> State {
    let limits = Limits::default()
        .interactions(4)
        .interactions_per_user(3)
        .transcript_entries(12)
        .user_data_bytes(200);
    State::new(limits)
}

fn all(state: &State) -> BTreeMap<InteractionId, Arc<Interaction>> {
    state.interactions().map(|one| (one.id.clone(), Arc::clone(one))).collect()
}

fn allowed(one: &Interaction, seat: &Seat) -> BTreeSet<&'static str> {
    let listed = interaction_capabilities(one.medium, seat.state, Profile::Everything);
    listed.map(Operation::as_str).collect()
}

fn command(step: Step, state: &State) -> Option<Command> {
    let there: Vec<_> = all(state).into_values().collect();
    let pick = |which: Index| (!there.is_empty()).then(|| Arc::clone(which.get(&there)));
    Some(match step {
        Step::Offer(medium, to) => {
            Command::OfferInteraction(InteractionOffer { to: user(to), ..offer(medium) })
        }
        Step::Try(which, who, action) => {
            let mut actors: Vec<_> = USERS.map(|name| InteractionActor::Agent(user(name))).into();
            actors.push(InteractionActor::Outside);
            let (interaction, by) = (pick(which)?.key(), who.get(&actors).clone());
            Command::OperateInteraction { interaction, by, action }
        }
        Step::Do(which, who, what) => {
            let live: Vec<_> = there.iter().filter(|one| !one.is_completed()).collect();
            if live.is_empty() {
                return None;
            }
            let one = which.get(&live);
            let seats: Vec<_> = one.live_seats().collect();
            let seat = who.get(&seats);
            let may = allowed(one, seat);
            let may: Vec<_> = actions()
                .into_iter()
                .filter(|action| may.contains(action.operation().as_str()))
                .collect();
            let by = InteractionActor::Agent(seat.agent.clone());
            let (interaction, action) = (one.key(), what.get(&may).clone());
            Command::OperateInteraction { interaction, by, action }
        }
        Step::Change(which, who, change) => {
            let mut agents: Vec<_> = USERS.map(|name| Some(user(name))).into();
            agents.push(None);
            let (interaction, agent) = (pick(which)?.key(), who.get(&agents).clone());
            Command::ChangeInteractionUserData { interaction, agent, change }
        }
    })
}

/// Every operation is possible exactly when the capabilities list it, and who has no part in an
/// interaction finds nothing.
fn capabilities_are_true(state: &State) {
    let ids = &mut SeededIds::new(1);
    let mut possible = |command: &Command| match decide(state, command, 0, ids) {
        // What is said of a size or of another agent is said of an operation that is possible.
        Ok(_)
        | Err(
            Refusal::TooMany { .. }
            | Refusal::TooLarge { .. }
            | Refusal::TakesPart
            | Refusal::DestinationBusy,
        ) => Some(true),
        Err(Refusal::InvalidState { .. }) => Some(false),
        Err(Refusal::NotFound) => None,
        Err(other) => unreachable!("{other:?} for {command:?}"),
    };
    for one in state.interactions() {
        for name in USERS {
            let listed = one.seat(name).map(|seat| allowed(one, seat));
            let expected = |operation: Operation| {
                listed.as_ref().map(|listed| listed.contains(operation.as_str()))
            };
            let interaction = one.key();
            for action in actions() {
                let expected = expected(action.operation());
                let by = InteractionActor::Agent(user(name));
                let interaction = interaction.clone();
                let command = Command::OperateInteraction { interaction, by, action };
                assert_eq!(possible(&command), expected, "{command:?}");
            }
            for change in changes() {
                let expected = expected(change.operation());
                let (interaction, agent) = (interaction.clone(), Some(user(name)));
                let command = Command::ChangeInteractionUserData { interaction, agent, change };
                assert_eq!(possible(&command), expected, "{command:?}");
            }
        }
    }
}

/// What an event may do to what was there before.
fn change_is_lawful(before: &State, after: &State) {
    for (id, one) in all(before) {
        let now = after.interaction(id.as_str()).unwrap();
        if one.is_completed() {
            assert_eq!(*now, one, "completed is final");
        }
        assert!(now.transcript.starts_with(&one.transcript), "a transcript only grows");
        for (old, new) in one.seats.iter().zip(&now.seats) {
            assert_eq!(old.agent, new.agent, "seats stay");
            if !old.is_live() && !new.is_live() {
                assert_eq!(old, new, "who has nothing to do with it is not touched");
                assert_eq!(one.user_data_of(old), now.user_data_of(new));
                assert_eq!(one.transcript_of(old), now.transcript_of(new));
            }
        }
    }
}

fn bounds_hold(state: &State) {
    for one in state.interactions() {
        let keys: HashSet<&str> = one.user_data.iter().map(Pair::key).collect();
        assert_eq!(keys.len(), one.user_data.len(), "keys never repeat");
        assert!(one.user_data.packed_bytes() <= 200);
        let agents: HashSet<_> = one.seats.iter().map(|seat| &seat.agent).collect();
        assert_eq!(agents.len(), one.seats.len(), "each agent has one seat");
        assert_eq!(one.is_completed(), one.live_seats().next().is_none());
        for seat in &one.seats {
            let working = seat.state == one.medium.working();
            if let Some(participant) = &seat.participant {
                let there = one.participant(participant).is_some();
                assert!(there || !working, "who takes part is there: {one:?}");
                assert!(seat.is_live());
            }
            assert!(!working || seat.participant.is_some());
            assert_eq!(seat.last.is_some(), !seat.is_live());
        }
        let there: HashSet<_> = one.participants.iter().map(|there| &there.id).collect();
        assert!(one.typing.iter().all(|typing| there.contains(typing)));
        assert!(!one.is_completed() || one.participants.is_empty());
    }
    let live = state.interactions().filter(|one| !one.is_completed()).count();
    assert_eq!(state.live_interactions(), live);
    assert!(live <= 4);
    for name in USERS {
        let has = |one: &&Arc<Interaction>| one.seat(name).is_some_and(Seat::is_live);
        let live = state.interactions().filter(has).count();
        assert_eq!(state.live_interactions_of(&user(name)), live);
    }
}

proptest! {
    #[test]
    fn commands_keep_the_rules_and_events_replay(
        steps in vec(step(), 0..80),
        seed in any::<u64>(),
    ) {
        let mut state = fresh();
        let mut ids = SeededIds::new(seed);
        let mut records = Vec::new();
        for (now_ms, step) in (1..).zip(steps) {
            let Some(command) = command(step, &state) else { continue };
            let before = state.clone();
            let Ok(events) = decide(&state, &command, now_ms, &mut ids) else { continue };
            prop_assert!(events.len() <= 1);
            for event in &events {
                records.push(event.to_record());
                evolve(&mut state, event).unwrap();
            }
            change_is_lawful(&before, &state);
            bounds_hold(&state);
            capabilities_are_true(&state);
        }
        let mut replayed = fresh();
        for record in &records {
            evolve(&mut replayed, &Event::from_record(record).unwrap()).unwrap();
        }
        prop_assert_eq!(all(&replayed), all(&state));
        bounds_hold(&replayed);
    }
}

#[test]
fn an_offer_without_anything_is_possible_for_every_medium() {
    for medium in Medium::ALL {
        let bare = InteractionOffer {
            nickname: None,
            text: None,
            user_data: UserData::new(),
            details: Details::default(),
            ..offer(medium)
        };
        let command = Command::OfferInteraction(bare);
        assert_eq!(decide(&fresh(), &command, 0, &mut SeededIds::new(1)).unwrap().len(), 1);
    }
}
