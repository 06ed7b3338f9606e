//! Changes by somebody who is not on the call: the second scenario of "Handling user data".

use crate::support::{CALL, CALLS, Centre, SMS, TEVENTS, at};

const UPDATE: &str = r#"{"operationName":"UpdateUserData","userData":{"k":"v"}}"#;

fn call() -> String {
    format!("/api/v2/calls/{CALL}")
}

#[tokio::test]
async fn three_copies_are_sent_and_the_third_has_no_this_dn() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    centre.accepted("erin", &call(), UPDATE).await;
    let heard = centre.heard().await;
    let copies: Vec<_> = heard
        .iter()
        .filter(|heard| heard.channel == TEVENTS)
        .map(|heard| {
            (heard.user.as_str(), at(&heard.data, "thisDN"), at(&heard.data, "thirdPartyDN"))
        })
        .collect();
    assert_eq!(
        copies,
        [
            ("alice", Some("\"15000\""), Some("\"15009\"")),
            ("bob", Some("\"15001\""), Some("\"15009\"")),
            ("erin", None, Some("\"15009\""))
        ]
    );
    let calls: Vec<_> =
        heard.iter().filter(|h| h.channel == CALLS).map(|h| h.user.as_str()).collect();
    assert_eq!(calls, ["alice", "bob"], "who is not on the call has no call to be told of");
    assert_eq!(heard.len(), 5);
}

#[tokio::test]
async fn an_empty_user_data_is_an_empty_object_in_the_copies() {
    let centre = Centre::open().await;
    centre.dialled(r#"{"a":1}"#).await;
    centre.accepted("erin", &call(), r#"{"operationName":"DeleteUserData"}"#).await;
    for copy in centre.heard_by("erin", TEVENTS).await {
        assert_eq!(at(&copy, "userData"), Some("{}"));
    }
}

#[tokio::test]
async fn a_supervisor_who_is_on_the_call_is_a_party() {
    let centre = Centre::open().await;
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"}}"#;
    centre.accepted("erin", "/api/v2/me/devices/15009/calls", dial).await;
    let id = centre.core.calls_of(&crate::support::dn("15009"))[0].id.clone();
    centre.heard().await;
    centre.accepted("erin", &format!("/api/v2/calls/{id}"), UPDATE).await;
    let copies = centre.heard_by("erin", TEVENTS).await;
    assert_eq!(copies.len(), 1);
    assert_eq!(at(&copies[0], "thisDN"), Some("\"15009\""));
}

#[tokio::test]
async fn a_service_names_the_line_it_acts_from() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let body = r#"{"operationName":"UpdateUserData","userData":{"k":"v"},"thirdPartyDn":"7777"}"#;
    centre.accepted("robot", &call(), body).await;
    let heard = centre.heard().await;
    assert!(heard.iter().filter(|heard| heard.channel == TEVENTS).all(|heard| at(
        &heard.data,
        "thirdPartyDN"
    ) == Some(
        "\"7777\""
    )));
    assert_eq!(heard.len(), 4, "nobody owns 7777");

    let (http, code, text) = centre.post("robot", &call(), UPDATE).await.refused();
    assert_eq!((http, code), (400, 1));
    assert!(text.contains("thirdPartyDn"), "{text}");
    // A supervisor speaks for himself, whatever the body says.
    centre.accepted("erin", &call(), body).await;
    assert_eq!(at(&centre.heard_by("erin", TEVENTS).await[0], "thirdPartyDN"), Some("\"15009\""));
}

#[tokio::test]
async fn an_agent_may_not_act_for_others_even_on_his_own_call() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    for path in [call(), "/api/v2/smsessions/x".into(), "/api/v2/smssessions/x".into()] {
        for user in ["alice", "carol"] {
            let (http, code, _) = centre.post(user, &path, UPDATE).await.refused();
            assert_eq!((http, code), (403, 5), "{user} {path}");
        }
    }
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn a_third_party_has_the_user_data_operations_only() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let (http, code, text) =
        centre.post("erin", &call(), r#"{"operationName":"Hangup"}"#).await.refused();
    assert_eq!((http, code), (400, 10));
    assert!(text.contains("UpdateUserData"), "{text}");
    let (http, code, _) = centre.post("erin", "/api/v2/calls/none", UPDATE).await.refused();
    assert_eq!((http, code), (404, 6));
}

#[tokio::test]
async fn an_sms_session_of_others_can_be_changed_and_its_agent_is_told() {
    let centre = Centre::open().await;
    let id = crate::sms::offered(&centre, None).await;
    centre.heard().await;
    centre.accepted("erin", &format!("/api/v2/smssessions/{id}"), UPDATE).await;
    let heard = centre.heard().await;
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].user.as_str(), heard[0].channel.as_str()), ("alice", SMS));
    assert_eq!(at(&heard[0].data, "notificationType"), Some("\"PropertiesUpdated\""));
    assert_eq!(at(&heard[0].data, "referenceId"), None);
}
