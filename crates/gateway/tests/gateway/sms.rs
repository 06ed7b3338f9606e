//! SMS sessions: from the offer to completion, texts, user data and the two spellings.

use encke_calls::{InteractionAction, Medium};
use encke_gateway::{GatewayConfig, SmsSpelling};

use crate::media::{offered as offered_of, outside as customer};
use crate::support::{Centre, SMS, at};

pub(crate) async fn offered(centre: &Centre, text: Option<&str>) -> String {
    offered_of(centre, Medium::Sms, text).await
}

/// Type of each notification, with the state or the texts it shows.
fn told(heard: &[String]) -> Vec<(String, String)> {
    heard
        .iter()
        .map(|data| {
            let kind = at(data, "notificationType").unwrap().trim_matches('"').to_owned();
            let state = at(data, "smsession.state").map(|state| state.trim_matches('"').to_owned());
            let shown = state.unwrap_or_else(|| {
                let messages: Vec<serde_json::Value> =
                    serde_json::from_str(at(data, "messages").unwrap()).unwrap();
                let shown = |m: &serde_json::Value| match m["text"].as_str() {
                    Some(text) => text.to_owned(),
                    None => m["type"].as_str().unwrap().to_owned(),
                };
                messages.iter().map(shown).collect::<Vec<_>>().join("+")
            });
            (kind, shown)
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, shown)| ((*kind).into(), (*shown).into())).collect()
}

#[tokio::test]
async fn a_session_is_told_from_offer_to_completion() {
    let centre = Centre::open().await;
    let id = offered(&centre, Some("hello")).await;
    customer(&centre, Medium::Sms, &id, InteractionAction::SendMessage { text: "anybody?".into() })
        .await;
    assert_eq!(told(&centre.heard_by("alice", SMS).await), pairs(&[("StatusChange", "Invited")]));

    let path = format!("/api/v2/me/smsessions/{id}");
    centre.accepted("alice", &path, r#"{"operationName":"Accept","nickname":"Al"}"#).await;
    assert_eq!(
        told(&centre.heard_by("alice", SMS).await),
        pairs(&[
            ("StatusChange", "Chatting"),
            ("ParticipantsUpdated", "Chatting"),
            ("NewMessages", "ParticipantJoined+hello+anybody?+ParticipantJoined")
        ])
    );
    centre.accepted("alice", &path, r#"{"operationName":"SendMessage","text":"hi"}"#).await;
    customer(&centre, Medium::Sms, &id, InteractionAction::SendMessage { text: "ok".into() }).await;
    customer(&centre, Medium::Sms, &id, InteractionAction::Leave).await;
    assert_eq!(
        told(&centre.heard_by("alice", SMS).await),
        pairs(&[
            ("NewMessages", "hi"),
            ("NewMessages", "ok"),
            ("ParticipantsUpdated", "Chatting"),
            ("NewMessages", "ParticipantLeft")
        ])
    );
    centre.accepted("alice", &path, r#"{"operationName":"Leave"}"#).await;
    centre.accepted("alice", &path, r#"{"operationName":"Complete"}"#).await;
    assert_eq!(
        told(&centre.heard_by("alice", SMS).await),
        pairs(&[
            ("StatusChange", "LeftChat"),
            ("NewMessages", "ParticipantLeft"),
            ("StatusChange", "Completed")
        ])
    );
}

#[tokio::test]
async fn a_rejected_session_is_completed_without_participants() {
    let centre = Centre::open().await;
    let id = offered(&centre, None).await;
    centre.heard().await;
    let path = format!("/api/v2/me/smssessions/{id}");
    centre.accepted("alice", &path, r#"{"operationName":"Reject"}"#).await;
    let heard = centre.heard_by("alice", SMS).await;
    assert_eq!(told(&heard), pairs(&[("StatusChange", "Completed")]));
    assert_eq!(at(&heard[0], "smsession.participants"), Some("[]"));
    assert_eq!(at(&heard[0], "smsession.capabilities"), Some("[]"));
}

#[tokio::test]
async fn a_number_stays_a_number_and_each_request_has_its_reference() {
    let centre = Centre::open().await;
    let id = offered(&centre, None).await;
    centre.heard().await;
    let path = format!("/api/v2/me/smsessions/{id}");
    let requests = [
        (
            r#"{"operationName":"AttachUserData","userData":{"UserData1":"DATA1","UserData2":123456789}}"#,
            r#"{"k":"v","UserData1":"DATA1","UserData2":123456789}"#,
        ),
        (
            r#"{"operationName":"AttachUserData","userData":{"k":"again"}}"#,
            r#"{"k":"again","UserData1":"DATA1","UserData2":123456789}"#,
        ),
        (
            r#"{"operationName":"UpdateUserData","userData":{"UserData1":987654321}}"#,
            r#"{"k":"again","UserData1":987654321,"UserData2":123456789}"#,
        ),
        (
            r#"{"operationName":"DeleteUserData","keys":["k","UserData1"]}"#,
            r#"{"UserData2":123456789}"#,
        ),
    ];
    for (reference, (body, user_data)) in (1..).zip(requests) {
        centre.accepted("alice", &path, body).await;
        let heard = centre.heard_by("alice", SMS).await;
        assert_eq!(heard.len(), 1, "{body}");
        assert_eq!(at(&heard[0], "notificationType"), Some("\"PropertiesUpdated\""));
        assert_eq!(at(&heard[0], "smsession.userData"), Some(user_data), "{body}");
        assert_eq!(at(&heard[0], "referenceId"), Some(reference.to_string().as_str()));
    }
    let delete_last = r#"{"operationName":"DeleteUserData","keys":["UserData2"]}"#;
    centre.accepted("alice", &path, delete_last).await;
    assert_eq!(at(&centre.heard_by("alice", SMS).await[0], "smsession.userData"), None);
}

#[tokio::test]
async fn the_double_s_is_written_on_request_and_read_always() {
    let config = GatewayConfig::default().sms_spelling(SmsSpelling::Smssession);
    let centre = Centre::with(config).await;
    let id = offered(&centre, Some("hello")).await;
    for spelling in ["smsessions", "smssessions"] {
        let body = r#"{"operationName":"UpdateUserData","userData":{"k":"v"}}"#;
        centre.accepted("alice", &format!("/api/v2/me/{spelling}/{id}"), body).await;
        let read = centre.get("alice", &format!("/api/v2/me/{spelling}?fields=id")).await;
        assert_eq!(read.body, format!(r#"{{"statusCode":0,"smssessions":[{{"id":"{id}"}}]}}"#));
    }
    let path = format!("/api/v2/me/smssessions/{id}");
    centre.accepted("alice", &path, r#"{"operationName":"Accept"}"#).await;
    let heard = centre.heard_by("alice", "/v2/me/smssessions").await;
    assert_eq!(heard.len(), 6, "offer, two updates, three of the acceptance");
    let uri = format!("\"http://127.0.0.1:8080/api/v2/smssessions/{id}\"");
    assert_eq!(at(&heard[0], "smssession.uri"), Some(uri.as_str()));
    assert_eq!(at(&heard[5], "smssessionUri"), Some(uri.as_str()));
    assert_eq!(at(&heard[5], "smssessionPath"), Some(format!("\"/smssessions/{id}\"").as_str()));
    assert_eq!(at(&heard[5], "messageType"), Some("\"MessageLogUpdated\""));
}

#[tokio::test]
async fn a_transcript_is_read_in_pages() {
    let centre = Centre::open().await;
    let id = offered(&centre, Some("hello")).await;
    let path = format!("/api/v2/me/smsessions/{id}/messages");
    let all = centre.get("alice", &path).await;
    let from = at(&all.body, "messages").unwrap();
    assert!(
        from.ends_with(
            r#""text":"hello","timestamp":"2026-01-02 03:04:05.000+0000","timestampSeconds":1767323045000,"visibility":"All","type":"Text"}]"#
        ),
        "{from}"
    );
    let indices = |body: &str| -> Vec<u64> {
        let messages: Vec<serde_json::Value> =
            serde_json::from_str(at(body, "messages").unwrap()).unwrap();
        messages.iter().map(|message| message["index"].as_u64().unwrap()).collect()
    };
    assert_eq!(indices(&all.body), [1, 2]);
    for (query, expected) in [
        ("?startIndex=2", vec![2]),
        ("?startIndex=1&count=1", vec![1]),
        ("?count=0", vec![]),
        ("?startIndex=99", vec![]),
    ] {
        let page = centre.get("alice", &format!("{path}{query}")).await;
        assert_eq!(indices(&page.body), expected, "{query}");
    }
    let (http, code, _) = centre.get("bob", &path).await.refused();
    assert_eq!((http, code), (404, 6));
}
