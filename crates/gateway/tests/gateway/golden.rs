//! The documented example payloads, repaired, against what the gateway sends in the same
//! situation: the same members in the same order with the same JSON types and texts.
//!
//! Repairs: commas, braces and `None` as `null`; a line break inside an id; the letter O that some
//! copies turned into a zero; a host name. The SMS sample has the envelope that its page leaves
//! out, which the voice pages show.

use encke_calls::{Command, InteractionOffer, Medium, Nickname, UserData};
use encke_gateway::GatewayConfig;

use crate::media::offer;
use crate::support::{CALL, CALLS, Centre, SMS, at, members};

const ATTACH: &str = include_str!("../golden/attach_user_data.json");
const UPDATE: &str = include_str!("../golden/update_user_data.json");
const UPDATE_THREE_KEYS: &str = include_str!("../golden/update_user_data_three_keys.json");
const SMS_ATTACH: &str = include_str!("../golden/sms_attach_user_data.json");

#[tokio::test]
async fn voice_attach_user_data_is_as_documented() {
    voice(
        "{}",
        r#"{"operationName":"AttachUserData","userData":{"AccountNumber":"12345"}}"#,
        ATTACH,
    )
    .await;
}

#[tokio::test]
async fn voice_update_user_data_is_as_documented() {
    voice(
        r#"{"AccountNumber":"12345"}"#,
        r#"{"operationName":"UpdateUserData","userData":{"AccountNumber":"12345678"}}"#,
        UPDATE,
    )
    .await;
}

#[tokio::test]
async fn voice_update_of_three_keys_is_as_documented() {
    voice(
        r#"{"AccountNumber":"12345"}"#,
        r#"{"operationName":"UpdateUserData","userData":
            {"AccountNumber":"12345678","CustomerSegment":"Platinum","CustomerName":"James"}}"#,
        UPDATE_THREE_KEYS,
    )
    .await;
}

/// 63 seconds into the documented call, the documented request.
async fn voice(before: &str, request: &str, golden: &str) {
    let centre = Centre::open().await;
    centre.dialled(before).await;
    centre.pass(63_000);
    centre.accepted("alice", &format!("/api/v2/me/calls/{CALL}"), request).await;
    let heard = centre.heard_by("alice", CALLS).await;
    assert_eq!(heard.len(), 1);
    same(&format!(r#"{{"data":{},"channel":"{CALLS}"}}"#, heard[0]), golden, "");
}

#[tokio::test]
async fn sms_attach_user_data_is_as_documented() {
    let config = GatewayConfig::default().external_url("http://localhost:8080");
    let centre = Centre::with(config).await;
    // The keys that the sample adds keep the places which the sample shows them in.
    let before = at(SMS_ATTACH, "data.smsession.userData").unwrap();
    let before = before.replace("\"DATA1\"", "\"\"").replace("123456789", "0");
    let offer = InteractionOffer {
        nickname: Some(Nickname::new("test_consult_clientL").unwrap()),
        user_data: UserData::parse(&before).unwrap(),
        ..offer(Medium::Sms, None)
    };
    let id = centre.submit(Command::OfferInteraction(offer)).await;
    let path = format!("/api/v2/me/smsessions/{id}");
    centre.accepted("alice", &path, r#"{"operationName":"Accept","nickname":"TestName"}"#).await;
    centre.heard().await;
    for _ in 0..80 {
        let write = r#"{"operationName":"SendMessage","text":"x"}"#;
        centre.accepted("alice", &path, write).await;
    }
    centre.accepted("alice", &path, r#"{"operationName":"DeleteUserData","keys":["none"]}"#).await;
    centre.heard().await;

    let attach = r#"{"operationName":"AttachUserData",
        "userData":{"UserData1":"DATA1","UserData2":123456789}}"#;
    centre.accepted("alice", &path, attach).await;
    let heard = centre.heard_by("alice", SMS).await;
    assert_eq!(heard.len(), 1);

    // Ids are the session's own; everything else is compared as it stands.
    let session = centre.core.interaction(&id).unwrap();
    let mut golden = SMS_ATTACH.replace("0000Wa9CAM6W00J", &id);
    for (documented, participant) in
        ["007352CE982D031B", "007352CE984F0321"].iter().zip(&session.participants)
    {
        golden = golden.replace(documented, participant.id.as_str());
    }
    same(&format!(r#"{{"data":{},"channel":"{SMS}"}}"#, heard[0]), &golden, "");
}

/// Compares strictly, member by member.
pub(crate) fn same(ours: &str, golden: &str, path: &str) {
    let (ours, golden) = (ours.trim(), golden.trim());
    match golden.as_bytes()[0] {
        b'{' => {
            assert!(ours.starts_with('{'), "{path}: {ours}");
            let (ours, golden) = (members(ours), members(golden));
            let names = |members: &[(String, &str)]| -> Vec<String> {
                members.iter().map(|(name, _)| name.clone()).collect()
            };
            assert_eq!(names(&ours), names(&golden), "members of '{path}'");
            for ((name, ours), (_, golden)) in ours.iter().zip(&golden) {
                same(ours, golden, &format!("{path}.{name}"));
            }
        }
        b'[' => {
            assert!(ours.starts_with('['), "{path}: {ours}");
            let (ours, golden) = (list(ours), list(golden));
            assert_eq!(ours.len(), golden.len(), "length of '{path}'");
            for (ours, golden) in ours.iter().zip(&golden) {
                same(ours, golden, &format!("{path}[]"));
            }
        }
        _ => assert_eq!(ours, golden, "'{path}'"),
    }
}

fn list(json: &str) -> Vec<String> {
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(json).unwrap();
    items.into_iter().map(|item| item.get().to_owned()).collect()
}
