//! Messages that are refused: HTTP 200 and a failed reply with the code and text of CometD 5 to 8.

use encke_testkit::{Login, Request};
use serde_json::{Value, json};

use crate::case::Case;
use crate::ground::{Session, World};

/// The rows.
pub fn cases(world: &World) -> Vec<Case> {
    let mut cases = sessions(world);
    cases.extend(channels(&world.plain));
    cases.extend(subscriptions(&world.plain));
    cases.extend(ids(&world.plain));
    cases.extend(batches(world));
    cases.extend(private(world));
    cases
}

/// A row on `/cometd` within a session.
fn row(name: &'static str, session: &Session, body: &Value, replies: &Value) -> Case {
    let request = Request::json("/cometd", body.to_string()).header("cookie", &session.cookie);
    Case::new(name, &request, 200, &replies.to_string())
}

fn sessions(world: &World) -> Vec<Case> {
    let advice = json!({"reconnect": "handshake", "interval": 0});
    let unknown = |channel: &str| json!([{"channel": channel, "id": "1", "successful": false, "error": "402::session_unknown"}]);
    let mut connect_unknown = unknown("/meta/connect");
    connect_unknown[0]["advice"] = advice;
    let plain = &world.plain;
    let connect = |client: &Value| json!([{"channel": "/meta/connect", "clientId": client, "id": "1", "connectionType": "long-polling"}]);
    let mut subscribe_unknown = unknown("/meta/subscribe");
    subscribe_unknown[0]["subscription"] = json!("/a");
    let mut nobody = connect(&json!("x"));
    nobody[0].as_object_mut().map(|message| message.remove("clientId"));
    let no_cookie = Request::json("/cometd", connect(&json!(plain.client)).to_string());
    vec![
        row("connect of an unknown client", plain, &connect(&json!("nope")), &connect_unknown),
        row("connect of no client", plain, &nobody, &connect_unknown),
        row("connect of a client that is a number", plain, &connect(&json!(5)), &connect_unknown),
        row(
            "connect of a client in another browser",
            &world.other,
            &connect(&json!(plain.client)),
            &connect_unknown,
        ),
        Case::new(
            "connect without the browser's cookie",
            &no_cookie,
            200,
            &connect_unknown.to_string(),
        ),
        row(
            "publish of an unknown client",
            plain,
            &json!([{"channel": "/a", "clientId": "nope", "id": "1", "data": 1}]),
            &unknown("/a"),
        ),
        row(
            "publish of no client",
            plain,
            &json!([{"channel": "/a", "id": "1", "data": 1}]),
            &unknown("/a"),
        ),
        row(
            "publish of a client in another browser",
            &world.other,
            &json!([{"channel": "/a", "clientId": plain.client, "id": "1", "data": 1}]),
            &unknown("/a"),
        ),
        row(
            "subscribe of an unknown client",
            plain,
            &json!([{"channel": "/meta/subscribe", "clientId": "nope", "id": "1", "subscription": "/a"}]),
            &subscribe_unknown,
        ),
        row(
            "disconnect of an unknown client",
            plain,
            &json!([{"channel": "/meta/disconnect", "clientId": "nope", "id": "1"}]),
            &unknown("/meta/disconnect"),
        ),
    ]
}

fn channels(session: &Session) -> Vec<Case> {
    let publish = |name, channel: &Value, error: &str, echoed: bool| {
        let mut reply = json!([{"id": "1", "successful": false, "error": error}]);
        if echoed {
            reply[0]["channel"] = channel.clone();
        }
        let body = json!([{"channel": channel, "clientId": session.client, "id": "1", "data": 1}]);
        row(name, session, &body, &reply)
    };
    let invalid =
        |name, channel: &str| publish(name, &json!(channel), "405::channel_invalid", true);
    let denied = "403:denied_by_security_policy:channel_create_denied";
    let long = format!("/{}", "x".repeat(10_000));
    let deep = "/x".repeat(1_000);
    let nameless = json!([{"clientId": session.client, "id": "1", "data": 1}]);
    vec![
        row(
            "publish nowhere",
            session,
            &nameless,
            &json!([{"id": "1", "successful": false, "error": "400::channel_missing"}]),
        ),
        invalid("publish to a name without a slash", "foo"),
        invalid("publish to a slash", "/"),
        invalid("publish to an empty name", ""),
        invalid("publish to an empty segment", "/a//b"),
        invalid("publish to a colon", "/a:b"),
        invalid("publish to a letter beyond ASCII", "/\u{e9}"),
        invalid("publish to a quote", "/a\"b"),
        invalid("publish to a wildcard", "/a/*"),
        invalid("publish to a deep wildcard", "/**"),
        invalid("publish to a name of 10,000 letters", &long),
        invalid("publish to 1,000 segments", &deep),
        publish("publish to a number", &json!(5), "405::channel_invalid", false),
        publish("publish to an unknown meta channel", &json!("/meta/foo"), denied, true),
        publish(
            "publish to a GWS channel of the other endpoint",
            &json!("/v2/me/calls"),
            "403:denied_by_security_policy:publish_denied",
            true,
        ),
    ]
}

fn subscriptions(session: &Session) -> Vec<Case> {
    let ask = |name, verb: &str, subscription: Option<Value>, error: &str| {
        let channel = format!("/meta/{verb}");
        let mut body = json!([{"channel": channel, "clientId": session.client, "id": "1"}]);
        let mut reply =
            json!([{"channel": channel, "id": "1", "successful": false, "error": error}]);
        if let Some(subscription) = subscription {
            body[0]["subscription"] = subscription.clone();
            reply[0]["subscription"] = subscription;
        }
        row(name, session, &body, &reply)
    };
    let invalid = |name, subscription: Value| {
        ask(name, "subscribe", Some(subscription), "403::subscription_invalid")
    };
    let refused = "403:denied_by_security_policy:subscribe_denied";
    let uncreated = "403:denied_by_security_policy:create_denied";
    vec![
        ask("subscribe to nothing", "subscribe", None, "403::subscription_missing"),
        ask(
            "subscribe to an empty array",
            "subscribe",
            Some(json!([])),
            "403::subscription_missing",
        ),
        invalid("subscribe to a number", json!(5)),
        invalid("subscribe to an object", json!({})),
        invalid("subscribe to a number in an array", json!(["/a", 5])),
        invalid("subscribe to a name without a slash", json!("a")),
        invalid("subscribe to an empty name", json!("")),
        invalid("subscribe to a slash", json!("/")),
        invalid("subscribe to a leading blank", json!(" /a")),
        invalid("subscribe to an empty segment", json!("/a//b")),
        invalid("subscribe to a star within", json!("/a/*/b")),
        invalid("subscribe to stars in front", json!("/**/b")),
        invalid("subscribe to a colon", json!("/a:b")),
        invalid("subscribe to a letter beyond ASCII", json!("/\u{e9}")),
        ask("subscribe to a meta channel", "subscribe", Some(json!("/meta/connect")), refused),
        ask(
            "subscribe to an unknown meta channel",
            "subscribe",
            Some(json!("/meta/foo")),
            uncreated,
        ),
        ask("subscribe to all meta channels", "subscribe", Some(json!("/meta/**")), uncreated),
        ask(
            "subscribe to a GWS channel of the other endpoint",
            "subscribe",
            Some(json!("/v2/me/calls")),
            "403:denied_by_security_policy:subscribe_denied",
        ),
        ask("unsubscribe from nothing", "unsubscribe", None, "403::subscription_missing"),
        ask(
            "unsubscribe from a number",
            "unsubscribe",
            Some(json!(5)),
            "403::subscription_invalid",
        ),
        ask(
            "unsubscribe from a meta channel",
            "unsubscribe",
            Some(json!("/meta/connect")),
            "403::unsubscribe_failed",
        ),
    ]
}

fn ids(session: &Session) -> Vec<Case> {
    let publish = |name, id: &Value, reply: &Value| {
        let body = json!([{"channel": "/a", "clientId": session.client, "id": id, "data": 1}]);
        row(name, session, &body, &json!([reply]))
    };
    let invalid = json!({"channel": "/a", "successful": false, "error": "405::message_id_invalid"});
    vec![
        publish(
            "a number as id is echoed as text",
            &json!(7),
            &json!({"channel": "/a", "id": "7", "successful": true}),
        ),
        publish("an id with a colon", &json!("a:b"), &invalid),
        publish("an id beyond ASCII", &json!("\u{e9}"), &invalid),
        publish("an id of 129 characters", &json!("x".repeat(129)), &invalid),
    ]
}

fn batches(world: &World) -> Vec<Case> {
    let (mine, foreign) = (&world.plain.client, &world.other.client);
    let publish =
        |client: &str, id: &str| json!({"channel": "/a", "clientId": client, "id": id, "data": 1});
    let done = |id: &str| json!({"channel": "/a", "id": id, "successful": true});
    let unknown = |id: &str| json!({"channel": "/a", "id": id, "successful": false, "error": "402::session_unknown"});
    let handshake = json!({"channel": "/meta/handshake", "id": "1", "version": "1.0", "supportedConnectionTypes": ["long-polling"]});
    let shaken = json!({
        "channel": "/meta/handshake", "id": "1", "successful": true, "clientId": "*",
        "version": "1.0", "minimumVersion": "1.0", "supportedConnectionTypes": ["websocket", "long-polling"],
        "advice": {"reconnect": "retry", "interval": 0, "timeout": 30000, "maxInterval": 600000},
    });
    let plain = &world.plain;
    let odd_advice = |advice: Value| {
        let connect = json!({"channel": "/meta/connect", "clientId": mine, "id": "1", "connectionType": "long-polling", "advice": advice});
        json!([connect, publish(mine, "2")])
    };
    let odd_replies = json!([
        {"channel": "/meta/connect", "id": "1", "successful": true, "advice": {"reconnect": "retry", "interval": 0, "timeout": 30000, "maxInterval": 600000}},
        {"channel": "/a", "id": "2", "successful": true},
    ]);
    let nameless = json!({"clientId": mine, "id": "2", "data": 1});
    vec![
        row(
            "a second client in a batch",
            plain,
            &json!([publish(mine, "1"), publish(foreign, "2")]),
            &json!([done("1"), unknown("2")]),
        ),
        row(
            "a stranger first in a batch",
            plain,
            &json!([publish("nope", "1"), publish(mine, "2")]),
            &json!([unknown("1"), unknown("2")]),
        ),
        row(
            "a bad message between good ones",
            plain,
            &json!([publish(mine, "1"), nameless, publish(mine, "3")]),
            &json!([done("1"), {"id": "2", "successful": false, "error": "400::channel_missing"}, done("3")]),
        ),
        row(
            "a handshake with company",
            plain,
            &json!([handshake, publish(mine, "2")]),
            &json!([shaken]),
        ),
        row("two handshakes", plain, &json!([handshake, handshake]), &json!([shaken])),
        row(
            "advice whose timeout is a string",
            plain,
            &odd_advice(json!({"timeout": "x"})),
            &odd_replies,
        ),
    ]
}

fn private(world: &World) -> Vec<Case> {
    let alice = Login::demo("alice");
    let on_gws = |name, body: &Value, replies: &Value| {
        let request = Request::json("/api/v2/notifications", body.to_string())
            .login(&alice)
            .header("cookie", &world.gws.cookie);
        Case::new(name, &request, 200, &replies.to_string())
    };
    let publish = |name, channel: &str| {
        let body =
            json!([{"channel": channel, "clientId": world.gws.client, "id": "1", "data": {}}]);
        let error = "403:denied_by_security_policy:publish_denied";
        on_gws(
            name,
            &body,
            &json!([{"channel": channel, "id": "1", "successful": false, "error": error}]),
        )
    };
    let bob = Request::json(
        "/api/v2/notifications",
        json!([{"channel": "/meta/connect", "clientId": world.gws.client, "id": "1", "connectionType": "long-polling"}])
            .to_string(),
    )
    .login(&Login::demo("bob"))
    .header("cookie", &world.gws.cookie);
    let unknown = json!([{
        "channel": "/meta/connect", "id": "1", "successful": false, "error": "402::session_unknown",
        "advice": {"reconnect": "handshake", "interval": 0},
    }]);
    vec![
        publish("publish to one's own calls", "/v2/me/calls"),
        publish("publish to a channel nobody has", "/v2/me/no/such"),
        publish("publish beside one's channels", "/v2/users"),
        Case::new("connect with another user's client id", &bob, 200, &unknown.to_string()),
    ]
}
