//! Notifications that are derived again: the same ones, under the same places.

use encke_broker::UserId;
use encke_calls::{Command, Position};
use encke_gateway::{Device, Directory, User};
use encke_journal::{Journal, Key};

use crate::sms::offered;
use crate::support::{CALL, CALLS, Centre, Heard, TEVENTS, directory, dn};

const UPDATE: &str = r#"{"operationName":"UpdateUserData","userData":{"k":"v"}}"#;

/// A call and an SMS session with every kind of notification; all that was heard.
async fn busy_day(centre: &Centre) -> Vec<Heard> {
    let mut heard = Vec::new();
    let dial = r#"{"operationName":"Dial","destination":{"phoneNumber":"15001"}}"#;
    centre.accepted("alice", "/api/v2/me/devices/15000/calls", dial).await;
    let call = centre.core.calls_of(&dn("15000"))[0].id.clone();
    centre
        .accepted("bob", &format!("/api/v2/me/calls/{call}"), r#"{"operationName":"Answer"}"#)
        .await;
    centre.accepted("erin", &format!("/api/v2/calls/{call}"), UPDATE).await;
    centre.pass(3_000);
    let sms = offered(centre, Some("hello")).await;
    heard.extend(centre.heard().await);
    let session = format!("/api/v2/me/smsessions/{sms}");
    centre.accepted("alice", &session, r#"{"operationName":"Accept","nickname":"Al"}"#).await;
    centre.accepted("alice", &session, UPDATE).await;
    for (user, body) in [
        ("alice", r#"{"operationName":"Invite","targetUser":"bob"}"#),
        ("bob", r#"{"operationName":"Accept"}"#),
        ("bob", r#"{"operationName":"SendStartTypingNotification"}"#),
        ("bob", r#"{"operationName":"SendUrl","url":"https://example.com"}"#),
        ("alice", r#"{"operationName":"Leave"}"#),
    ] {
        centre.accepted(user, &session, body).await;
    }
    let item = crate::media::offered(centre, encke_calls::Medium::Workitem, None).await;
    let path = format!("/api/v2/me/workitems/{item}");
    for body in
        [r#"{"operationName":"Accept"}"#, r#"{"operationName":"Transfer","targetUser":"erin"}"#]
    {
        assert_eq!(centre.post("alice", &path, body).await.http, 200);
    }
    centre.accepted("alice", &format!("/api/v2/me/calls/{call}"), UPDATE).await;
    heard.extend(centre.heard().await);
    let path = format!("/api/v2/me/calls/{call}");
    let ask = r#"{"operationName":"InitiateTransfer","destination":{"phoneNumber":"15002"}}"#;
    centre.accepted("bob", &path, ask).await;
    let consult = centre.core.calls_of(&dn("15002"))[0].id.clone();
    centre.core.submit(Command::GiveUp { call: consult, dn: dn("15002") }).await.unwrap();
    centre.accepted("bob", &path, ask).await;
    for name in ["StartCallRecording", "MuteCall", "CompleteTransfer"] {
        let user = if name == "CompleteTransfer" { "bob" } else { "alice" };
        centre.accepted(user, &path, &format!(r#"{{"operationName":"{name}"}}"#)).await;
    }
    let start = r#"{"operationName":"StartContactCenterSession","channels":["voice"]}"#;
    centre.accepted("bob", "/api/v2/me", start).await;
    let ready = r#"{"operationName":"Ready"}"#;
    centre.accepted("bob", "/api/v2/me/channels/voice", ready).await;
    heard.extend(centre.heard().await);
    heard
}

#[tokio::test]
async fn a_notification_that_is_sent_again_is_the_same_under_the_same_place() {
    let centre = Centre::open().await;
    let heard = busy_day(&centre).await;
    assert!(heard.is_sorted_by(|a, b| a.place < b.place), "{heard:#?}");
    for kind in [
        "referenceId",
        "ErrorMessage",
        "ParticipantsUpdated",
        "CallRecordingStateChange",
        "DeviceStateChangeMessage",
    ] {
        assert!(heard.iter().any(|heard| heard.data.contains(kind)), "{kind} in {heard:#?}");
    }
    // Much later: a notification tells of its change, not of when it is sent.
    centre.pass(60_000);
    assert_eq!(centre.sent_again(directory(), 0).await, (heard.clone(), vec![]));
    for after in [2, 5, 99] {
        let rest: Vec<_> =
            heard.iter().filter(|heard| heard.place.change().get() > after).cloned().collect();
        assert_eq!(centre.sent_again(directory(), after).await, (rest, vec![]));
    }
}

#[tokio::test]
async fn places_do_not_depend_on_who_has_which_line() {
    let centre = Centre::open().await;
    let heard = busy_day(&centre).await;
    let bob = User::new(UserId::new("bob")).device(Device::new(dn("15001")));
    let erin = User::new(UserId::new("erin")).device(Device::new(dn("15009")));
    let (again, _) = centre.sent_again(Directory::new([bob, erin]).unwrap(), 0).await;
    let same: Vec<_> = heard.into_iter().filter(|h| h.user == "bob" || h.user == "erin").collect();
    let shown = |heard: &[Heard]| -> Vec<_> {
        heard.iter().map(|h| (h.user.clone(), h.channel.clone(), h.place)).collect()
    };
    assert_eq!(shown(&again), shown(&same));
}

#[tokio::test]
async fn the_notifications_of_a_change_are_numbered_from_zero() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    centre.accepted("erin", &format!("/api/v2/calls/{CALL}"), UPDATE).await;
    let heard = centre.heard().await;
    let numbers: Vec<_> = heard.iter().map(|h| (h.channel.as_str(), h.place.number())).collect();
    assert_eq!(numbers, [(CALLS, 0), (CALLS, 1), (TEVENTS, 2), (TEVENTS, 3), (TEVENTS, 4)]);
    assert!(heard.iter().all(|heard| heard.place.change() == Position::new(2)), "{heard:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_said_to_be_missing() {
    let centre = Centre::open().await;
    centre.dialled("{}").await;
    centre.accepted("erin", &format!("/api/v2/calls/{CALL}"), UPDATE).await;
    let key = Key::new(format!("call/{CALL}")).unwrap();
    centre.journal.forget(vec![key]).await.unwrap();
    assert_eq!(centre.sent_again(directory(), 1).await, (vec![], vec![Position::new(2)]));
    assert_eq!(centre.sent_again(directory(), 2).await, (vec![], vec![]));
}
