//! What is the same for interactions of all media, and what the documents show of one or the other.

use encke_broker::UserId;
use encke_calls::{
    Command, Contact, Details, InteractionAction, InteractionActor, InteractionId, InteractionKey,
    InteractionOffer, Medium, UserData, UserName,
};
use encke_gateway::{Directory, Feature, GatewayConfig, Role, Roles, User};

use crate::golden::same;
use crate::support::{Centre, at, directory};

/// How a medium is spelled in requests and notifications, written from the documents: medium, path,
/// channel, key, list, `messageType`, and `notificationType` of a change of user data.
pub(crate) struct Spelling {
    pub(crate) medium: Medium,
    pub(crate) path: &'static str,
    pub(crate) channel: &'static str,
    pub(crate) key: &'static str,
    pub(crate) list: &'static str,
    pub(crate) message: &'static str,
    pub(crate) changed: &'static str,
    /// Whether the number of a request is in its answer, and in the notifications.
    pub(crate) reference: (bool, bool),
}

const fn spelling(
    medium: Medium,
    path: &'static str,
    channel: &'static str,
    key: &'static str,
    list: &'static str,
    message: &'static str,
    reference: (bool, bool),
) -> Spelling {
    let changed = match medium {
        Medium::Im => "AttachedDataChanged",
        _ => "PropertiesUpdated",
    };
    Spelling { medium, path, channel, key, list, message, changed, reference }
}

pub(crate) const SPELLINGS: [Spelling; 8] = [
    spelling(
        Medium::Sms,
        "smsessions",
        "/v2/me/smsessions",
        "smsession",
        "smsessions",
        "SMSsessionStateChangeMessage",
        (false, true),
    ),
    spelling(
        Medium::Chat,
        "chats",
        "/v2/me/chats",
        "chat",
        "chats",
        "ChatStateChangeMessage",
        (false, true),
    ),
    spelling(
        Medium::Email,
        "emails",
        "/v2/me/emails",
        "email",
        "emails",
        "EmailStateChangeMessage",
        (false, true),
    ),
    spelling(
        Medium::Workitem,
        "workitems",
        "/v2/me/workitems",
        "workitem",
        "workitems",
        "WorkitemStateChangeMessage",
        (true, true),
    ),
    spelling(
        Medium::Openmedia,
        "openmedia/openmedia",
        "/v2/me/openmedia",
        "openmedia",
        "openmedia",
        "OpenmediaStateChangeMessage",
        (true, true),
    ),
    spelling(
        Medium::Im,
        "im-sessions",
        "/v2/me/im-sessions",
        "imSession",
        "imSessions",
        "IMSessionStateChangeMessage",
        (false, false),
    ),
    spelling(
        Medium::Facebook,
        "facebooksession",
        "/v2/me/facebooksession",
        "facebooksession",
        "facebooksessions",
        "FacebooksessionStateChangeMessage",
        (false, true),
    ),
    spelling(
        Medium::Twitter,
        "twitter",
        "/v2/me/twitter",
        "twitter",
        "twitters",
        "TwitterStateChangeMessage",
        (true, true),
    ),
];

pub(crate) fn offer(medium: Medium, text: Option<&str>) -> InteractionOffer {
    InteractionOffer {
        medium,
        to: UserName::new("alice").unwrap(),
        from: Contact::new("+15550100").unwrap(),
        nickname: None,
        text: text.map(String::from),
        user_data: UserData::parse(r#"{"k":"v"}"#).unwrap(),
        details: Details::default(),
    }
}

pub(crate) async fn offered(centre: &Centre, medium: Medium, text: Option<&str>) -> String {
    centre.submit(Command::OfferInteraction(offer(medium, text))).await
}

/// The customer, or who distributes work, does something.
pub(crate) async fn outside(centre: &Centre, medium: Medium, id: &str, action: InteractionAction) {
    let interaction = InteractionKey { medium, id: InteractionId::new(id).unwrap() };
    let by = InteractionActor::Outside;
    centre.submit(Command::OperateInteraction { interaction, by, action }).await;
}

/// An interaction of the medium that alice has accepted; what was heard of it is dropped.
async fn accepted(centre: &Centre, spelling: &Spelling) -> String {
    let id = offered(centre, spelling.medium, Some("hello")).await;
    let path = format!("/api/v2/me/{}/{id}", spelling.path);
    let accept = r#"{"operationName":"Accept","nickname":"Al"}"#;
    assert_eq!(centre.post("alice", &path, accept).await.http, 200);
    centre.heard().await;
    id
}

const DELETE_KEYS: &str = r#"{"operationName":"DeleteUserData","keys":["k","none"]}"#;
const DELETE_KEY: &str = r#"{"operationName":"DeleteUserData","key":"k"}"#;

#[tokio::test]
async fn user_data_of_each_medium_has_its_channel_names_and_reference() {
    for spelling in &SPELLINGS {
        let centre = Centre::open().await;
        let id = accepted(&centre, spelling).await;
        let path = format!("/api/v2/me/{}/{id}", spelling.path);
        let delete = if spelling.medium == Medium::Im { DELETE_KEY } else { DELETE_KEYS };
        let requests = [
            (
                r#"{"operationName":"AttachUserData","userData":{"k":"w","n":1.10}}"#,
                Some(r#"{"k":"w","n":1.10}"#),
            ),
            (
                r#"{"operationName":"UpdateUserData","userData":{"n":"x"}}"#,
                Some(r#"{"k":"w","n":"x"}"#),
            ),
            (delete, Some(r#"{"n":"x"}"#)),
        ];
        // The acceptance was the first request.
        for (number, (body, data)) in (2..).zip(requests) {
            let number = u64::to_string(&number);
            let answer = centre.post("alice", &path, body).await.body;
            let expected = if spelling.reference.0 {
                format!(r#"{{"statusCode":0,"referenceId":{number}}}"#)
            } else {
                r#"{"statusCode":0}"#.to_owned()
            };
            assert_eq!(answer, expected, "{}", spelling.path);
            let heard = centre.heard().await;
            assert_eq!(heard.len(), 1, "{heard:?}");
            let (user, channel) = (heard[0].user.as_str(), heard[0].channel.as_str());
            assert_eq!((user, channel), ("alice", spelling.channel));
            let told = |name: &str| at(&heard[0].data, name).map(|text| text.trim_matches('"'));
            assert_eq!(told("messageType"), Some(spelling.message));
            assert_eq!(told("notificationType"), Some(spelling.changed));
            let resource = at(&heard[0].data, spelling.key).unwrap();
            assert_eq!(at(resource, "userData"), data);
            let reference = spelling.reference.1.then_some(number.as_str());
            assert_eq!(told("referenceId"), reference, "{}", spelling.path);
            let read = centre.get("alice", &path).await.body;
            assert_eq!(at(&read, spelling.key), Some(resource), "what is told is what is read");
        }
    }
}

#[tokio::test]
async fn a_third_party_changes_user_data_of_each_medium_and_its_agents_are_told() {
    for spelling in &SPELLINGS {
        let centre = Centre::open().await;
        let id = accepted(&centre, spelling).await;
        let path = format!("/api/v2/{}/{id}", spelling.path);
        let update = r#"{"operationName":"UpdateUserData","userData":{"by":"erin"}}"#;
        centre.accepted("erin", &path, update).await;
        let heard = centre.heard().await;
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert_eq!(heard[0].user, "alice");
        let data = at(&heard[0].data, spelling.key).and_then(|one| at(one, "userData"));
        assert_eq!(data, Some(r#"{"k":"v","by":"erin"}"#));
        assert_eq!(at(&heard[0].data, "referenceId"), None);
        assert_eq!(centre.post("alice", &path, update).await.refused().1, 5);
        let other = r#"{"operationName":"Complete"}"#;
        assert_eq!(centre.post("erin", &path, other).await.refused().1, 10);
        let (http, code, _) = centre.get("erin", &path).await.refused();
        assert_eq!((http, code), (404, 6), "who changes it sees nothing of it");
    }
}

#[tokio::test]
async fn each_medium_is_listed_read_and_found_where_its_uri_points() {
    let centre = Centre::open().await;
    for spelling in &SPELLINGS {
        let id = offered(&centre, spelling.medium, Some("hello")).await;
        let collection = spelling.path.split('/').next().unwrap();
        let list = format!("/api/v2/me/{collection}");
        let whole = centre.get("alice", &format!("{list}?fields=*")).await.body;
        let listed: Vec<serde_json::Value> =
            serde_json::from_str(at(&whole, spelling.list).unwrap()).unwrap();
        assert_eq!(listed.len(), 1);
        let read = centre.get("alice", &format!("/api/v2/me/{}/{id}", spelling.path)).await.body;
        let read: serde_json::Value = serde_json::from_str(&read).unwrap();
        assert_eq!(read[spelling.key], listed[0]);
        let uri = listed[0]["uri"].as_str().unwrap();
        let uris = centre.get("alice", &list).await.body;
        assert_eq!(uris, format!(r#"{{"statusCode":0,"uris":["{uri}"]}}"#));
        let path = uri.strip_prefix("http://127.0.0.1:8080").unwrap();
        let there = centre.get("alice", path).await.body;
        assert_eq!(serde_json::from_str::<serde_json::Value>(&there).unwrap(), read);
        assert_eq!(centre.get("bob", path).await.refused().1, 6);
        let me = format!("/api/v2/me?subresources={}", spelling.list);
        let me: serde_json::Value =
            serde_json::from_str(&centre.get("alice", &me).await.body).unwrap();
        assert_eq!(me["user"][spelling.list], serde_json::json!(listed));
        for other in SPELLINGS.iter().filter(|other| other.medium != spelling.medium) {
            let path = format!("/api/v2/me/{}/{id}", other.path);
            assert_eq!(centre.get("alice", &path).await.refused().1, 6, "{path}");
        }
    }
}

#[tokio::test]
async fn a_transfer_goes_to_an_agent_by_name_id_or_address() {
    let centre = Centre::open().await;
    let me: serde_json::Value =
        serde_json::from_str(&centre.get("bob", "/api/v2/me").await.body).unwrap();
    let (id, uri) = (me["user"]["id"].as_str().unwrap(), me["user"]["uri"].as_str().unwrap());
    for spelling in SPELLINGS.iter().filter(|spelling| spelling.medium != Medium::Im) {
        for target in ["bob", id, uri] {
            let interaction = accepted(&centre, spelling).await;
            let path = format!("/api/v2/me/{}/{interaction}", spelling.path);
            let body = format!(r#"{{"operationName":"Transfer","targetUser":"{target}"}}"#);
            assert_eq!(centre.post("alice", &path, &body).await.http, 200, "{target}");
            let heard = centre.heard().await;
            let told: Vec<_> = heard
                .iter()
                .map(|heard| {
                    let state = at(&heard.data, spelling.key).and_then(|one| at(one, "state"));
                    (heard.user.as_str(), state.unwrap())
                })
                .collect();
            assert_eq!(told, [("alice", "\"Completed\""), ("bob", "\"Invited\"")]);
            let accept = r#"{"operationName":"Accept"}"#;
            assert_eq!(centre.post("bob", &path, accept).await.http, 200);
            let complete = r#"{"operationName":"Complete"}"#;
            assert_eq!(centre.post("bob", &path, complete).await.http, 200);
            assert!(centre.heard().await.iter().all(|heard| heard.user == "bob"));
        }
    }
}

#[tokio::test]
async fn bad_targets_have_their_answers() {
    let others = directory();
    let others = others.users().filter(|user| user.name().as_str() != "carol").cloned();
    let voice = [Feature::Voice].into_iter().collect();
    let carol = User::new(UserId::new("carol")).roles(Roles::of(Role::Agent)).with_features(voice);
    let centre = Centre::peopled(Directory::new(others.chain([carol])).unwrap()).await;
    let id = accepted(&centre, &SPELLINGS[1]).await;
    let path = format!("/api/v2/me/chats/{id}");
    for (parameters, code, text) in [
        ("", 1, "required parameter 'targetUser' is missing (a string)"),
        (r#","targetUser":7"#, 10, "parameter 'targetUser' must be a string, not a number"),
        (r#","targetUser":"mallory""#, 6, "agent 'mallory' does not exist"),
        (r#","targetUser":"robot""#, 6, "agent 'robot' does not exist"),
        // She could neither accept nor do anything else.
        (r#","targetUser":"carol""#, 6, "agent 'carol' does not exist"),
        (r#","targetUser":"alice""#, 2, "the agent takes part already"),
    ] {
        for name in ["Transfer", "Invite", "Consult"] {
            let body = format!(r#"{{"operationName":"{name}"{parameters}}}"#);
            let (_, got, said) = centre.post("alice", &path, &body).await.refused();
            assert_eq!((got, said.as_str()), (code, text), "{body}");
        }
    }
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn a_medium_is_told_which_operations_and_parameters_it_has() {
    let centre = Centre::open().await;
    for (at, body, code, text) in [
        (
            2,
            r#"{"operationName":"SendMessage","text":"x"}"#,
            10,
            "operation 'SendMessage' does not exist on an e-mail; it has Accept, Reject, Transfer, \
             Complete, SetDisposition, SetInFocus, AttachUserData, UpdateUserData, DeleteUserData",
        ),
        (
            4,
            r#"{"operationName":"SetDisposition","disposition":"x"}"#,
            10,
            "operation 'SetDisposition' does not exist on an open media interaction; it has Accept, \
             Reject, Transfer, Complete, SetInFocus, AttachUserData, UpdateUserData, DeleteUserData",
        ),
        (
            5,
            r#"{"operationName":"DeleteUserData"}"#,
            1,
            "required parameter 'key' is missing (a string)",
        ),
        (
            5,
            r#"{"operationName":"DeleteUserDataPair","key":"k"}"#,
            10,
            "an IM session has no DeleteUserDataPair; use DeleteUserData with parameter 'key' (a \
             string)",
        ),
        (
            3,
            r#"{"operationName":"DeleteUserData","key":"k"}"#,
            1,
            "on a work item DeleteUserData takes the parameter 'keys' (an array of strings), not \
             'key'",
        ),
        (
            1,
            r#"{"operationName":"SendUrl","url":"javascript:alert(1)"}"#,
            10,
            "a URL begins with http:// or https:// and has no blanks",
        ),
        (
            1,
            r#"{"operationName":"SetDisposition"}"#,
            1,
            "required parameter 'disposition' is missing (a string)",
        ),
        (
            3,
            r#"{"operationName":"PullFromWorkbin"}"#,
            2,
            "operation PullFromWorkbin is not possible in state Processing",
        ),
    ] {
        let id = accepted(&centre, &SPELLINGS[at]).await;
        let path = format!("/api/v2/me/{}/{id}", SPELLINGS[at].path);
        let (_, got, said) = centre.post("alice", &path, body).await.refused();
        assert_eq!((got, said.as_str()), (code, text), "{body}");
    }
}

#[tokio::test]
async fn an_im_session_takes_keys_as_well() {
    let centre = Centre::open().await;
    let id = accepted(&centre, &SPELLINGS[5]).await;
    centre.accepted("alice", &format!("/api/v2/me/im-sessions/{id}"), DELETE_KEYS).await;
    assert_eq!(centre.heard().await.len(), 1);
}

#[tokio::test]
async fn the_other_spellings_of_facebook_twitter_and_open_media_are_read() {
    let centre = Centre::open().await;
    for (at, path) in [
        (6, "facebooksession"),
        (6, "facebooksessions"),
        (7, "twitter"),
        (7, "twitters"),
        (4, "openmedia/openmedia"),
        (4, "openmedia/openmedias"),
    ] {
        let id = accepted(&centre, &SPELLINGS[at]).await;
        assert_eq!(centre.get("alice", &format!("/api/v2/me/{path}/{id}")).await.http, 200);
    }
    let id = accepted(&centre, &SPELLINGS[4]).await;
    let wrong = centre.get("alice", &format!("/api/v2/me/openmedia/promotion/{id}")).await;
    assert_eq!(wrong.refused().1, 6, "of another media type");
}

#[tokio::test]
async fn chat_attach_user_data_is_as_documented() {
    let golden = include_str!("../golden/sms_attach_user_data.json");
    let golden = golden.replace("smsession\"", "chat\"").replace("smsessions", "chats");
    let golden = golden.replace("SMSsessionState", "ChatState").replace("83", "2");
    let golden = golden.replace("MSsession", "");
    let centre = Centre::with(GatewayConfig::default().external_url("http://localhost:8080"));
    let centre = centre.await;
    let before = at(&golden, "data.chat.userData").unwrap();
    let before = before.replace("\"DATA1\"", "\"\"").replace("123456789", "0");
    let offer = InteractionOffer {
        nickname: Some(encke_calls::Nickname::new("test_consult_clientL").unwrap()),
        user_data: UserData::parse(&before).unwrap(),
        ..offer(Medium::Chat, None)
    };
    let id = centre.submit(Command::OfferInteraction(offer)).await;
    let path = format!("/api/v2/me/chats/{id}");
    centre.accepted("alice", &path, r#"{"operationName":"Accept","nickname":"TestName"}"#).await;
    centre.heard().await;
    let attach = r#"{"operationName":"AttachUserData",
        "userData":{"UserData1":"DATA1","UserData2":123456789}}"#;
    centre.accepted("alice", &path, attach).await;
    let chat = centre.core.interaction(&id).unwrap();
    let mut golden = golden.replace("0000Wa9CAM6W00J", &id);
    for (documented, there) in
        ["007352CE982D031B", "007352CE984F0321"].iter().zip(&chat.participants)
    {
        golden = golden.replace(documented, there.id.as_str());
    }
    let heard = centre.heard_by("alice", "/v2/me/chats").await;
    same(&format!(r#"{{"data":{},"channel":"/v2/me/chats"}}"#, heard[0]), &golden, "");
}

#[tokio::test]
async fn open_media_attach_user_data_is_as_documented() {
    let golden = include_str!("../golden/openmedia_attach_user_data.json");
    let centre = Centre::with(GatewayConfig::default().external_url("http://localhost:8080"));
    let centre = centre.await;
    let before = at(golden, "data.openmedia.userData").unwrap();
    let before = before.replace("\"DATA1\"", "\"\"").replace("123456789", "0");
    let media_type = encke_calls::MediaType::new("promotion").ok();
    let details = Details { media_type, ..Details::default() };
    let offer = InteractionOffer {
        user_data: UserData::parse(&before).unwrap(),
        details,
        ..offer(Medium::Openmedia, None)
    };
    let id = centre.submit(Command::OfferInteraction(offer)).await;
    let path = format!("/api/v2/me/openmedia/promotion/{id}");
    let accept = r#"{"operationName":"Accept"}"#;
    assert_eq!(
        centre.post("alice", &path, accept).await.body,
        r#"{"statusCode":0,"referenceId":1}"#
    );
    for _ in 2..=6 {
        centre.post("alice", &path, r#"{"operationName":"SetInFocus"}"#).await;
    }
    centre.heard().await;
    let attach = r#"{"operationName":"AttachUserData",
        "userData":{"UserData1":"DATA1","UserData2":123456789}}"#;
    let answer = centre.post("alice", &path, attach).await.body;
    assert_eq!(answer, r#"{"statusCode":0,"referenceId":7}"#);
    let heard = centre.heard_by("alice", "/v2/me/openmedia").await;
    assert_eq!(heard.len(), 1);
    let golden = golden
        .replace("03W07R2K4VAYT010", &id)
        .replace("2014-03-26 14:02:22.000+0000", "2026-01-02 03:04:05.000+0000");
    same(&format!(r#"{{"data":{},"channel":"/v2/me/openmedia"}}"#, heard[0]), &golden, "");
}

#[tokio::test]
async fn im_attach_user_data_is_as_documented() {
    let golden = include_str!("../golden/im_attach_user_data.json");
    let centre = Centre::with(GatewayConfig::default().external_url("http://gws:8090")).await;
    let offer = InteractionOffer {
        from: Contact::new("3002").unwrap(),
        user_data: UserData::new(),
        ..offer(Medium::Im, None)
    };
    let id = centre.submit(Command::OfferInteraction(offer)).await;
    let path = format!("/api/v2/me/im-sessions/{id}");
    centre.accepted("alice", &path, r#"{"operationName":"Accept"}"#).await;
    centre.heard().await;
    let attach = r#"{"operationName":"AttachUserData","userData":{"bestNumber":"3"}}"#;
    centre.accepted("alice", &path, attach).await;
    let heard = centre.heard_by("alice", "/v2/me/im-sessions").await;
    let golden = golden.replace("00S4UMMDT8AHN1VL", &id);
    same(&format!(r#"{{"data":{},"channel":"/v2/me/im-sessions"}}"#, heard[0]), &golden, "");
}
