//! Random requests of four people in interactions of all media, against what must hold of who is told
//! and of who sees what.
//!
//! After each request: whoever has something to do with an interaction that changed is told of it, in
//! state at most once (twice by who accepts); nobody else is told anything. What is told last is what
//! is read. For who never had a part in an interaction it does not exist.

use std::collections::{BTreeMap, BTreeSet};

use encke_calls::{Command, InteractionAction, InteractionOffer, Medium, UserName};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::media::{SPELLINGS, Spelling, offer};
use crate::support::{Centre, at};

const USERS: [&str; 4] = ["alice", "bob", "carol", "erin"];

const NAMES: [&str; 19] = [
    "Accept",
    "Accept",
    "Reject",
    "SendMessage",
    "SendUrl",
    "SendStartTypingNotification",
    "SendStopTypingNotification",
    "Transfer",
    "Invite",
    "Consult",
    "Leave",
    "LeaveAndComplete",
    "Complete",
    "SetDisposition",
    "SetInFocus",
    "PlaceInWorkbin",
    "PullFromWorkbin",
    "AttachUserData",
    "UpdateUserData",
];

#[derive(Clone, Debug)]
enum Step {
    Offer(usize, &'static str),
    Ask(Index, &'static str, &'static str, &'static str),
    Outside(Index, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let user = || select(USERS.to_vec());
    prop_oneof![
        2 => (0..SPELLINGS.len(), user()).prop_map(|(medium, to)| Step::Offer(medium, to)),
        14 => (any::<Index>(), user(), select(NAMES.to_vec()), user())
            .prop_map(|(which, who, name, other)| Step::Ask(which, who, name, other)),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(which, leaves)| Step::Outside(which, leaves)),
    ]
}

fn body(name: &str, other: &str) -> String {
    let parameters = match name {
        "SendMessage" => r#","text":"x""#.to_owned(),
        "SendUrl" => r#","url":"https://x""#.to_owned(),
        "Transfer" | "Invite" | "Consult" => format!(r#","targetUser":"{other}""#),
        "SetDisposition" => r#","disposition":"done""#.to_owned(),
        "AttachUserData" | "UpdateUserData" => format!(r#","userData":{{"k":"{other}"}}"#),
        _ => String::new(),
    };
    format!(r#"{{"operationName":"{name}"{parameters}}}"#)
}

struct Known {
    spelling: &'static Spelling,
    id: String,
    /// Everybody who was ever asked.
    seats: BTreeSet<String>,
}

async fn read(centre: &Centre, known: &Known, user: &str) -> Option<serde_json::Value> {
    let path = format!("/api/v2/me/{}/{}", known.spelling.path, known.id);
    let answer = centre.get(user, &path).await;
    if answer.http == 404 {
        return None;
    }
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    Some(body[known.spelling.key].clone())
}

fn live(resource: Option<&serde_json::Value>) -> bool {
    let state = resource.and_then(|resource| resource["state"].as_str());
    state.is_some_and(|state| !matches!(state, "Completed" | "Revoked"))
}

/// What was heard is what must be, given how each saw it before.
async fn check(centre: &Centre, known: &mut Known, before: &BTreeMap<&str, serde_json::Value>) {
    let mut states: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for heard in centre.heard().await {
        assert_eq!(heard.channel, known.spelling.channel);
        known.seats.insert(heard.user.clone());
        let told = states.entry(heard.user.clone()).or_default();
        let data: serde_json::Value = serde_json::from_str(&heard.data).unwrap();
        if data["messageType"] == known.spelling.message {
            assert_eq!(data[known.spelling.key]["id"], known.id.as_str());
            told.push(data[known.spelling.key].clone());
        } else {
            let lines = data["messages"].as_array().unwrap();
            assert!(!lines.is_empty(), "{data}");
        }
    }
    for user in USERS {
        let now = read(centre, known, user).await;
        assert_eq!(now.is_some(), known.seats.contains(user), "{user} {now:?}");
        let told = states.get(user);
        let had = live(before.get(user));
        if !had && !live(now.as_ref()) {
            assert_eq!(told, None, "{user} has nothing to do with it");
            assert_eq!(now.as_ref(), before.get(user), "and sees nothing new");
        }
        let Some(told) = told else {
            assert_eq!(now.as_ref(), before.get(user), "{user} was not told of a change");
            continue;
        };
        assert!(told.len() <= 2, "{told:?}");
        if told.len() == 2 {
            let working = ["Chatting", "Talking", "Processing"];
            let state = told[0]["state"].as_str().unwrap();
            assert!(working.contains(&state), "only who accepts is told twice: {told:?}");
        }
        if let Some(last) = told.last() {
            assert_eq!(now.as_ref(), Some(last), "what is told is what is read");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn who_has_to_do_with_a_change_is_told_and_nobody_else(
        steps in prop::collection::vec(step(), 0..50)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let centre = Centre::open().await;
            let mut there: Vec<Known> = Vec::new();
            for step in steps {
                let (place, before) = match &step {
                    Step::Offer(medium, to) => {
                        let spelling = &SPELLINGS[*medium];
                        let to = UserName::new(*to).unwrap();
                        let offer = InteractionOffer { to, ..offer(spelling.medium, None) };
                        let done = centre.core.submit(Command::OfferInteraction(offer)).await;
                        let Ok(done) = done else { continue };
                        let encke_calls::Subject::Interaction(key) = done.subject else {
                            unreachable!()
                        };
                        let (id, seats) = (key.id.as_str().to_owned(), BTreeSet::new());
                        there.push(Known { spelling, id, seats });
                        (there.len() - 1, BTreeMap::new())
                    }
                    Step::Ask(which, ..) | Step::Outside(which, _) => {
                        if there.is_empty() {
                            continue;
                        }
                        let place = which.index(there.len());
                        let mut before = BTreeMap::new();
                        for user in USERS {
                            if let Some(seen) = read(&centre, &there[place], user).await {
                                before.insert(user, seen);
                            }
                        }
                        (place, before)
                    }
                };
                let known = &mut there[place];
                match step {
                    Step::Offer(..) => {}
                    Step::Ask(_, who, name, other) => {
                        let path = format!("/api/v2/me/{}/{}", known.spelling.path, known.id);
                        let answer = centre.post(who, &path, &body(name, other)).await;
                        let refused = answer.http != 200;
                        let capabilities = before.get(who).map(|seen| seen["capabilities"].clone());
                        let listed = capabilities
                            .and_then(|listed| Some(listed.as_array()?.iter().any(|one| one == name)));
                        let mut code = at(&answer.body, "statusCode").unwrap();
                        if code == "2" && answer.body.contains("the agent takes part already") {
                            code = "0";
                        }
                        match listed {
                            None => assert!(matches!(code, "6" | "10"), "{}", answer.body),
                            Some(true) => assert_eq!(code, "0", "{name}: {}", answer.body),
                            // What is not listed may be possible all the same.
                            Some(false) => assert!(matches!(code, "0" | "2" | "10")),
                        }
                        if refused {
                            assert!(centre.heard().await.is_empty(), "{}", answer.body);
                        }
                    }
                    Step::Outside(_, leaves) => {
                        let action = match (leaves, known.spelling.medium) {
                            (true, Medium::Email | Medium::Workitem) => InteractionAction::Revoke,
                            (true, _) => InteractionAction::Leave,
                            (false, _) => InteractionAction::SendMessage { text: "x".into() },
                        };
                        let interaction = encke_calls::InteractionKey {
                            medium: known.spelling.medium,
                            id: encke_calls::InteractionId::new(known.id.as_str()).unwrap(),
                        };
                        let by = encke_calls::InteractionActor::Outside;
                        let command = Command::OperateInteraction { interaction, by, action };
                        drop(centre.core.submit(command).await);
                    }
                }
                check(&centre, &mut there[place], &before).await;
            }
        });
    }
}
