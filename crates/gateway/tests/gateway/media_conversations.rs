//! Whole conversations, one for each medium and some between several agents: what was posted, what was
//! answered, and who was told what, in that order, text for text.
//!
//! The files in `tests/golden/media` are what the gateway sent when they were read and found right.
//! With `ENCKE_GOLDEN=write` in the environment they are written anew, to be read again.

use std::fmt::Write as _;

use encke_calls::{
    Command, Details, InteractionAction, InteractionOffer, Label, MediaType, Medium,
};

use crate::media::{SPELLINGS, Spelling, offer, outside};
use crate::support::{Centre, at, golden};

enum Step {
    Post(&'static str, &'static str),
    Get(&'static str, &'static str),
    Outside(InteractionAction),
}

use Step::{Get, Outside, Post};

const ACCEPT: &str = r#"{"operationName":"Accept","nickname":"Al"}"#;
const TRANSFER: &str = r#"{"operationName":"Transfer","targetUser":"bob"}"#;
const COMPLETE: &str = r#"{"operationName":"Complete"}"#;
const ATTACH: &str = r#"{"operationName":"AttachUserData","userData":{"k":"w","n":1.10}}"#;
const UPDATE: &str = r#"{"operationName":"UpdateUserData","userData":{"k":"x"}}"#;

fn say(text: &str) -> InteractionAction {
    InteractionAction::SendMessage { text: text.into() }
}

/// What is asked of each medium.
fn common(medium: Medium) -> Vec<Step> {
    let delete = match medium {
        Medium::Im => r#"{"operationName":"DeleteUserData","key":"n"}"#,
        _ => r#"{"operationName":"DeleteUserData","keys":["n"]}"#,
    };
    let mut steps = vec![Post("alice", ACCEPT)];
    steps.extend([ATTACH, UPDATE, delete].map(|body| Post("alice", body)));
    if medium.has_messages() {
        steps.push(Post("alice", r#"{"operationName":"SendMessage","text":"hi"}"#));
        steps.push(Outside(say("ho")));
        steps.push(Get("alice", "/messages?startIndex=2&count=2"));
    }
    if medium == Medium::Im {
        steps.extend([Post("alice", COMPLETE), Post("alice", UPDATE)]);
    } else {
        steps.extend([Post("alice", TRANSFER), Get("alice", ""), Post("bob", ACCEPT)]);
        steps.extend([Post("bob", COMPLETE), Post("bob", UPDATE)]);
    }
    steps
}

fn details() -> Details {
    let label = |text: &str| Label::new(text).ok();
    Details {
        subject: label("Order 7"),
        to: label("help@example.com"),
        media_type: MediaType::new("promotion").ok(),
        comment: label("Nice page"),
        ..Details::default()
    }
}

/// The conversation, with known ids.
async fn conversation(spelling: &Spelling, steps: Vec<Step>) -> String {
    let centre = Centre::open().await;
    let offer = InteractionOffer { details: details(), ..offer(spelling.medium, Some("hello")) };
    let id = centre.submit(Command::OfferInteraction(offer)).await;
    let path = format!("/api/v2/me/{}/{id}", spelling.path.replace("/openmedia", "/promotion"));
    let mut text = String::from("offered\n");
    tell(&centre, &mut text).await;
    for step in steps {
        centre.pass(1_500);
        match step {
            Post(user, body) => {
                let answer = centre.post(user, &path, body).await;
                writeln!(text, "{user} POST {path} {body}\n< {} {}", answer.http, answer.body)
            }
            Get(user, rest) => {
                let answer = centre.get(user, &format!("{path}{rest}")).await;
                writeln!(text, "{user} GET {path}{rest}\n< {} {}", answer.http, answer.body)
            }
            Outside(action) => {
                let name = action.operation();
                outside(&centre, spelling.medium, &id, action).await;
                writeln!(text, "outside {name}")
            }
        }
        .unwrap();
        tell(&centre, &mut text).await;
    }
    // Ids of participants in the order of their appearance.
    let ids = ids_of(&text);
    for (nth, known) in (1..).zip(&ids) {
        text = text.replace(known, &format!("P{nth}"));
    }
    text.replace(&id, "ID")
}

async fn tell(centre: &Centre, text: &mut String) {
    for heard in centre.heard().await {
        writeln!(text, "> {} {} {}", heard.user, heard.channel, heard.data).unwrap();
    }
}

fn ids_of(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for (at, _) in text.match_indices(r#""participantId":""#) {
        let id: String = text[at + 17..].chars().take_while(|c| *c != '"').collect();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

#[tokio::test]
async fn each_medium_has_its_conversation() {
    let mut problems = Vec::new();
    for spelling in &SPELLINGS {
        let held = conversation(spelling, common(spelling.medium)).await;
        problems.extend(golden(&format!("media/{}", spelling.medium.name()), &held));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test]
async fn several_agents_have_their_conversations() {
    let typing = |started| Outside(InteractionAction::Type { started });
    let conversations = [
        (
            "conference",
            1,
            vec![
                Post("alice", ACCEPT),
                Post("alice", r#"{"operationName":"Invite","targetUser":"bob"}"#),
                Outside(say("are you there?")),
                Post("bob", r#"{"operationName":"Accept","nickname":"Bo"}"#),
                Post("bob", r#"{"operationName":"SendStartTypingNotification"}"#),
                Post("bob", r#"{"operationName":"SendStopTypingNotification"}"#),
                typing(true),
                Post("bob", r#"{"operationName":"SendUrl","url":"https://example.com/7"}"#),
                Post("alice", r#"{"operationName":"Leave"}"#),
                Post("bob", UPDATE),
                Get("alice", ""),
                Get("alice", "/messages"),
                Post("bob", r#"{"operationName":"Invite","targetUser":"alice"}"#),
                Post("alice", ACCEPT),
                Post("alice", r#"{"operationName":"LeaveAndComplete"}"#),
                Post("bob", r#"{"operationName":"Leave"}"#),
                Post("bob", r#"{"operationName":"SetDisposition","disposition":"resolved"}"#),
                Post("bob", COMPLETE),
            ],
        ),
        (
            "consultation",
            0,
            vec![
                Post("alice", ACCEPT),
                Post("alice", r#"{"operationName":"Consult","targetUser":"bob"}"#),
                Post("bob", r#"{"operationName":"Accept","nickname":"Bo"}"#),
                Post("bob", r#"{"operationName":"SendMessage","text":"say yes"}"#),
                Post("bob", COMPLETE),
                Post("alice", r#"{"operationName":"SendMessage","text":"yes"}"#),
                Post("alice", COMPLETE),
            ],
        ),
        (
            "transfer_declined",
            0,
            vec![
                Post("alice", ACCEPT),
                Post("alice", TRANSFER),
                Post("bob", r#"{"operationName":"Reject"}"#),
                Post("alice", ACCEPT),
                Post("alice", r#"{"operationName":"Invite","targetUser":"carol"}"#),
                Post("carol", r#"{"operationName":"Reject"}"#),
                Outside(InteractionAction::Leave),
                Post("alice", r#"{"operationName":"Leave"}"#),
                Post("alice", COMPLETE),
            ],
        ),
        ("rejected", 0, vec![Post("alice", r#"{"operationName":"Reject"}"#)]),
        ("revoked", 3, vec![Outside(InteractionAction::Revoke), Post("alice", ACCEPT)]),
        (
            "workbin",
            3,
            vec![
                Post("alice", ACCEPT),
                Post("alice", r#"{"operationName":"SetInFocus"}"#),
                Post("alice", r#"{"operationName":"PlaceInWorkbin"}"#),
                Post("alice", r#"{"operationName":"PullFromWorkbin"}"#),
                Post("alice", COMPLETE),
            ],
        ),
    ];
    let mut problems = Vec::new();
    for (name, medium, steps) in conversations {
        let held = conversation(&SPELLINGS[medium], steps).await;
        problems.extend(golden(&format!("media/{name}"), &held));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test]
async fn what_is_hidden_is_marked_and_everything_is_listed_on_request() {
    let config = encke_gateway::GatewayConfig::default();
    let config = config.capabilities(encke_calls::Profile::Everything);
    let centre = Centre::with(config).await;
    let id = crate::media::offered(&centre, Medium::Chat, None).await;
    let path = format!("/api/v2/me/chats/{id}");
    centre.accepted("alice", &path, ACCEPT).await;
    let heard = centre.heard_by("alice", "/v2/me/chats").await;
    let listed = at(heard.get(1).unwrap(), "chat.capabilities").unwrap();
    for name in ["SendUrl", "LeaveAndComplete", "Transfer"] {
        assert!(listed.contains(name), "{name}: {listed}");
    }
    let said = r#"{"operationName":"SendMessage","text":"say yes"}"#;
    for (user, body) in
        [("alice", r#"{"operationName":"Consult","targetUser":"bob"}"#), ("bob", ACCEPT)]
    {
        centre.accepted(user, &path, body).await;
    }
    centre.heard().await;
    // Who is consulted is hidden from the customer, and so is what he says.
    for (user, visibility) in [("bob", r#""visibility":"Int""#), ("alice", r#""visibility":"All""#)]
    {
        centre.accepted(user, &path, said).await;
        let heard = centre.heard_by("alice", "/v2/me/chats").await;
        assert_eq!(heard.len(), 1);
        assert!(heard[0].contains(visibility), "{user}: {}", heard[0]);
    }
}
