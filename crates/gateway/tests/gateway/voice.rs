//! Voice calls: dialling, the states of two parties, and the four operations on user data.

use encke_calls::{Actor, CallAction, CallId, Command, Duplicates, Number, UserData};
use encke_gateway::GatewayConfig;

use crate::support::{CALL, CALLS, Centre, Heard, at, dn, members};

const DEVICE: &str = "/api/v2/me/devices/15000/calls";

fn call() -> String {
    format!("/api/v2/me/calls/{CALL}")
}

/// Who heard what, in order: user, notificationType, state.
fn told(heard: &[Heard]) -> Vec<(&str, &str, &str)> {
    heard
        .iter()
        .filter(|heard| heard.channel == CALLS)
        .map(|heard| {
            let member = |path| at(&heard.data, path).unwrap().trim_matches('"');
            (heard.user.as_str(), member("notificationType"), member("call.state"))
        })
        .collect()
}

#[tokio::test]
async fn a_dialled_call_is_told_to_both_sides_with_their_own_views() {
    let centre = Centre::open().await;
    let dial =
        r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"},"userData":{"k":"v"}}"#;
    centre.accepted("alice", DEVICE, dial).await;
    let heard = centre.heard().await;
    assert_eq!(
        told(&heard),
        [("alice", "StatusChange", "Dialing"), ("bob", "StatusChange", "Ringing")]
    );
    let [alice, bob] = &heard[..] else { panic!("{heard:?}") };
    for (heard, own, other) in [(alice, "15000", "15001"), (bob, "15001", "15000")] {
        assert_eq!(at(&heard.data, "phoneNumber"), Some(format!("\"{own}\"").as_str()));
        let participant = format!(
            r#"[{{"e164Number":"","formattedPhoneNumber":"{other}","phoneNumber":"{other}","digits":"{other}"}}]"#
        );
        assert_eq!(at(&heard.data, "call.participants"), Some(participant.as_str()));
        assert_eq!(at(&heard.data, "call.dnis"), Some("\"15001\""));
        assert_eq!(at(&heard.data, "call.userData"), Some(r#"{"k":"v"}"#));
        assert_eq!(at(&heard.data, "call.duration"), Some("\"0\""));
        assert_eq!(at(&heard.data, "call.ani"), None);
    }
    assert_ne!(at(&alice.data, "call.deviceUri"), at(&bob.data, "call.deviceUri"));
    assert_eq!(at(&alice.data, "call.id"), at(&bob.data, "call.id"));
}

#[tokio::test]
async fn a_device_is_named_by_its_id_or_by_its_dn() {
    let centre = Centre::open().await;
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"}}"#;
    let id = "631608b3-ceb1-472b-ba05-2ae39555b0d1";
    centre.accepted("alice", &format!("/api/v2/me/devices/{id}/calls"), dial).await;
    centre.accepted("alice", DEVICE, dial).await;
    assert_eq!(centre.core.calls_of(&dn("15000")).len(), 2);
}

#[tokio::test]
async fn a_change_of_state_is_told_to_those_whose_state_changed() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let operate = |user: &'static str, name: &'static str| {
        let body = format!(r#"{{"operationName":"{name}"}}"#);
        let centre = &centre;
        async move {
            centre.accepted(user, &call(), &body).await;
            centre.heard().await
        }
    };
    assert_eq!(
        told(&operate("bob", "Answer").await),
        [("alice", "StatusChange", "Established"), ("bob", "StatusChange", "Established")]
    );
    assert_eq!(told(&operate("alice", "Hold").await), [("alice", "StatusChange", "Held")]);
    assert_eq!(told(&operate("bob", "Hold").await), [("bob", "StatusChange", "Held")]);
    assert_eq!(
        told(&operate("alice", "Retrieve").await),
        [("alice", "StatusChange", "Established")]
    );
    let released = operate("alice", "Hangup").await;
    assert_eq!(
        told(&released),
        [("alice", "StatusChange", "Released"), ("bob", "StatusChange", "Released")]
    );
    assert!(released.iter().all(|heard| at(&heard.data, "call.capabilities") == Some("[]")));
}

#[tokio::test]
async fn tones_tell_nobody() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    centre.accepted("alice", &call(), r#"{"operationName":"SendDtmf","digits":"12#"}"#).await;
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn a_change_of_user_data_is_told_once_to_each_party_and_to_nobody_else() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    centre.pass(2_999);
    let attach = r#"{"operationName":"AttachUserData","userData":{"AccountNumber":"12345"}}"#;
    centre.accepted("bob", &call(), attach).await;
    let heard = centre.heard().await;
    assert_eq!(
        told(&heard),
        [("alice", "AttachedDataChanged", "Dialing"), ("bob", "AttachedDataChanged", "Ringing")]
    );
    for heard in heard.iter().filter(|heard| heard.channel == CALLS) {
        assert_eq!(at(&heard.data, "call.userData"), Some(r#"{"AccountNumber":"12345"}"#));
        assert_eq!(at(&heard.data, "call.duration"), Some("\"2\""));
    }
    let copies: Vec<_> = heard.iter().filter(|heard| heard.channel != CALLS).collect();
    assert_eq!(copies.iter().map(|h| h.user.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
    for (copy, this) in copies.iter().zip(["15000", "15001"]) {
        let expected = format!(
            r#"{{"event":"EventAttachedDataChanged","connId":"007102719818001b@encke","thisDN":"{this}","thirdPartyDN":"15001","callUuid":"{CALL}","userData":{{"AccountNumber":"12345"}},"time":1767323047999}}"#
        );
        assert_eq!(copy.data, expected);
    }
}

#[tokio::test]
async fn an_attached_key_that_exists_stands_twice_until_an_update_joins_it() {
    let centre = Centre::open().await;
    centre.dialled(r#"{"AccountNumber":"12345"}"#).await;
    let user_data = |body: &'static str| {
        let centre = &centre;
        async move {
            centre.accepted("alice", &call(), body).await;
            let heard = centre.heard_by("bob", CALLS).await;
            assert_eq!(heard.len(), 1, "{body}");
            at(&heard[0], "call.userData").map(String::from)
        }
    };
    let attach = r#"{"operationName":"AttachUserData","userData":{"AccountNumber":"2","x":1}}"#;
    assert_eq!(
        user_data(attach).await.unwrap(),
        r#"{"AccountNumber":"12345","AccountNumber":"2","x":1}"#
    );
    let update = r#"{"operationName":"UpdateUserData","userData":{"AccountNumber":"3"}}"#;
    assert_eq!(user_data(update).await.unwrap(), r#"{"AccountNumber":"3","x":1}"#);
    // An update that changes nothing is told all the same.
    assert_eq!(user_data(update).await.unwrap(), r#"{"AccountNumber":"3","x":1}"#);
    assert_eq!(
        user_data(attach).await.unwrap(),
        r#"{"AccountNumber":"3","x":1,"AccountNumber":"2","x":1}"#
    );
    let delete = r#"{"operationName":"DeleteUserDataPair","key":"AccountNumber"}"#;
    assert_eq!(user_data(delete).await.unwrap(), r#"{"x":1,"x":1}"#);
    assert_eq!(user_data(r#"{"operationName":"DeleteUserData"}"#).await, None);
    assert_eq!(user_data(attach).await.unwrap(), r#"{"AccountNumber":"2","x":1}"#);
}

#[tokio::test]
async fn the_last_pair_of_a_key_alone_is_written_on_request() {
    let centre = Centre::with(GatewayConfig::default().duplicates(Duplicates::Last)).await;
    centre.dialled(r#"{"a":1,"b":2}"#).await;
    let attach = r#"{"operationName":"AttachUserData","userData":{"a":3}}"#;
    centre.accepted("alice", &call(), attach).await;
    for heard in centre.heard().await {
        let path = if heard.channel == CALLS { "call.userData" } else { "userData" };
        assert_eq!(at(&heard.data, path), Some(r#"{"b":2,"a":3}"#));
    }
}

#[tokio::test]
async fn a_list_of_pairs_is_written_on_request() {
    let centre = Centre::with(GatewayConfig::default().duplicates(Duplicates::List)).await;
    centre.dialled(r#"{"a":1.10,"b":{"x":[2]}}"#).await;
    let attach = r#"{"operationName":"AttachUserData","userData":{"a":"3"}}"#;
    centre.accepted("alice", &call(), attach).await;
    let list =
        r#"[{"key":"a","value":1.10},{"key":"b","value":{"x":[2]}},{"key":"a","value":"3"}]"#;
    for heard in centre.heard().await {
        let path = if heard.channel == CALLS { "call.userData" } else { "userData" };
        assert_eq!(at(&heard.data, path), Some(list));
    }
    assert_eq!(at(&centre.get("bob", &call()).await.body, "call.userData"), Some(list));
    centre.accepted("alice", &call(), r#"{"operationName":"DeleteUserData"}"#).await;
    for heard in centre.heard().await {
        let none = if heard.channel == CALLS { None } else { Some("[]") };
        let path = if heard.channel == CALLS { "call.userData" } else { "userData" };
        assert_eq!(at(&heard.data, path), none);
    }
}

#[tokio::test]
async fn without_user_data_the_member_is_missing_and_not_empty() {
    let centre = Centre::open().await;
    centre.dialled(r#"{"a":1}"#).await;
    centre.accepted("alice", &call(), r#"{"operationName":"DeleteUserData"}"#).await;
    let heard = centre.heard_by("alice", CALLS).await;
    let call_members = members(at(&heard[0], "call").unwrap());
    assert!(call_members.iter().all(|(name, _)| name != "userData"), "{heard:?}");
    let read = centre.get("alice", &call()).await;
    assert_eq!(at(&read.body, "call.userData"), None);
}

#[tokio::test]
async fn values_pass_through_as_they_were_written() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    let data = r#"{"price":1.10,"big":9223372036854775808,"exact":12345678901234567890.5,"key with blank":null,"t":true,"s":"\u00e9\/","nested":{"a":[1e2,{"b":"c"}]},"":""}"#;
    centre
        .accepted(
            "alice",
            &call(),
            &format!(r#"{{"operationName":"AttachUserData","userData":{data}}}"#),
        )
        .await;
    let heard = centre.heard().await;
    assert_eq!(heard.len(), 4);
    for heard in heard {
        let path = if heard.channel == CALLS { "call.userData" } else { "userData" };
        assert_eq!(at(&heard.data, path), Some(data));
    }
    assert_eq!(at(&centre.get("bob", &call()).await.body, "call.userData"), Some(data));
}

#[tokio::test]
async fn deleting_a_key_that_is_not_there_is_accepted_and_tells_nobody() {
    let centre = Centre::open().await;
    centre.dialled(r#"{"a":1}"#).await;
    centre.accepted("alice", &call(), r#"{"operationName":"DeleteUserDataPair","key":"b"}"#).await;
    assert!(centre.heard().await.is_empty());
}

#[tokio::test]
async fn a_caller_from_outside_is_shown_and_told_nothing() {
    let centre = Centre::open().await;
    let inbound = Command::Inbound {
        to: dn("15000"),
        from: Number::new("+15550100").unwrap(),
        user_data: UserData::new(),
    };
    let id = centre.submit(inbound).await;
    let heard = centre.heard().await;
    assert_eq!(told(&heard), [("alice", "StatusChange", "Ringing")]);
    let data = &heard[0].data;
    assert_eq!(at(data, "call.callType"), Some("\"Inbound\""));
    assert_eq!(at(data, "call.ani"), Some("\"+15550100\""));
    assert_eq!(at(data, "call.dnis"), Some("\"15000\""));
    let names: Vec<String> =
        members(at(data, "call").unwrap()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[6..9], ["dnis", "ani", "callType"]);
    let participant = r#"[{"e164Number":"+15550100","formattedPhoneNumber":"+15550100","phoneNumber":"+15550100","digits":"+15550100"}]"#;
    assert_eq!(at(data, "call.participants"), Some(participant));

    let hangup = Command::Operate {
        call: CallId::new(id).unwrap(),
        by: Actor::Outside,
        action: CallAction::Hangup,
    };
    centre.submit(hangup).await;
    assert_eq!(told(&centre.heard().await), [("alice", "StatusChange", "Released")]);
}

#[tokio::test]
async fn an_outbound_call_shows_the_own_line_as_the_caller() {
    let centre = Centre::open().await;
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"+15550199"}}"#;
    centre.accepted("alice", DEVICE, dial).await;
    let heard = centre.heard().await;
    assert_eq!(told(&heard), [("alice", "StatusChange", "Dialing")]);
    assert_eq!(at(&heard[0].data, "call.callType"), Some("\"Outbound\""));
    assert_eq!(at(&heard[0].data, "call.ani"), Some("\"15000\""));
    assert_eq!(at(&heard[0].data, "call.dnis"), Some("\"+15550199\""));
}
