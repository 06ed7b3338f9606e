//! Extensions and data filters.

use std::sync::{Arc, Mutex};

use encke_bayeux::{Advice, ChannelName, ChannelPattern, Dialect, ErrorText, Reconnect};
use encke_broker::{
    Asking, Config, DataFilter, Extension, Filtered, Incoming, NoMarkup, Outgoing, Replying,
    UserId, Verdict, service_fn,
};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::support::{World, data};

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

fn name(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

/// Writes down what it sees, under its name.
#[derive(Debug)]
struct Sees(&'static str, Arc<Mutex<Vec<String>>>);

impl Sees {
    fn note(&self, what: &str, channel: &str) {
        self.1.lock().unwrap().push(format!("{} {what} {channel}", self.0));
    }
}

impl Extension for Sees {
    fn incoming(&self, message: &mut Incoming<'_>) -> Verdict {
        self.note("in", message.channel().as_str());
        Verdict::grant()
    }

    fn outgoing(&self, message: &mut Outgoing<'_>) -> bool {
        self.note("out", message.channel().as_str());
        true
    }

    fn reply(&self, reply: &mut Replying<'_>) {
        self.note("reply", reply.channel().unwrap());
        reply.ext(self.0, &raw(&json!(reply.is_successful())));
    }
}

#[test]
fn extensions_nest_like_layers() {
    let seen = Arc::default();
    let [one, two] = ["one", "two"].map(|name| Arc::new(Sees(name, Arc::clone(&seen))));
    let world = World::new(World::quick().extension(one).extension(two));
    let client = world.up();
    seen.lock().unwrap().clear();
    let reply = client.publish("/a", json!(1)).remove(0);
    let notes = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(
        notes,
        ["one in /a", "two in /a", "two out /a", "one out /a", "two reply /a", "one reply /a"]
    );
    assert_eq!(reply["ext"], json!({"two": true, "one": true}));
    let held = client.hold();
    assert_eq!(*seen.lock().unwrap(), ["one in /meta/connect", "two in /meta/connect"]);
    world.pass(3000);
    assert_eq!(held.answer()[0]["ext"], json!({"two": true, "one": true}));
}

/// Refuses, changes and marks what its tests name.
#[derive(Debug)]
struct Meddles;

impl Extension for Meddles {
    fn incoming(&self, message: &mut Incoming<'_>) -> Verdict {
        let ext = message.from().ext.map(|ext| serde_json::from_str(ext.get()).unwrap());
        let ext: Value = ext.unwrap_or_default();
        if ext["drop"] == true {
            return Verdict::deny();
        }
        if message.channel().as_str() == "/meta/subscribe" && ext["token"] != "right" {
            let error = ErrorText::new(403, &[], "Signature has expired.").unwrap();
            return Verdict::deny().error(error).ext("token", &raw(&json!("wrong")));
        }
        if ext["leave"] == true {
            return Verdict::deny().advice(Advice::only(Reconnect::None));
        }
        if let Some(data) = message.data()
            && message.channel().as_str() == "/in"
        {
            let data = format!("[{},{}]", data.get(), json!(message.id()));
            message.set_data(RawValue::from_string(data).unwrap());
            message.set_ext(Some(raw(&json!({"by": "extension"}))));
        }
        Verdict::grant()
    }

    fn outgoing(&self, message: &mut Outgoing<'_>) -> bool {
        if message.channel().as_str() == "/out" {
            let data = format!("[{},{}]", message.data(), message.from().is_some());
            message.set_data(RawValue::from_string(data).unwrap());
            message.set_ext(None);
        }
        message.channel().as_str() != "/silent"
    }
}

fn meddled() -> World {
    World::new(World::quick().extension(Arc::new(Meddles)))
}

fn subscribe(client: &crate::support::Client<'_>, channel: &str) -> Value {
    let ext = json!({"token": "right"});
    client.send(json!({"channel": "/meta/subscribe", "subscription": channel, "ext": ext}))[0]
        .clone()
}

#[test]
fn what_an_extension_drops_is_answered_and_goes_nowhere() {
    for (dialect, error) in
        [(Dialect::V5, "404::message_deleted"), (Dialect::V31, "404::message deleted")]
    {
        let config = World::quick().extension(Arc::new(Meddles)).dialect(dialect);
        let world = World::new(config);
        let client = world.up();
        subscribe(&client, "/a");
        for channel in ["/a", "/service/x", "/meta/connect", "/meta/disconnect"] {
            let reply = client.send(json!({"channel": channel, "data": 1, "ext": {"drop": true}}));
            assert_eq!((reply.len(), &reply[0]["error"]), (1, &json!(error)), "{channel}");
            assert!(reply[0].get("advice").is_none());
        }
        assert!(data(&client.connect_at_once()).is_empty(), "and the session is still there");
        let reply = world.anonymous().shake_with(json!({"drop": true}));
        assert_eq!(reply["error"], error);
        assert!(reply.get("advice").is_none() && reply.get("clientId").is_none());
        assert_eq!(world.broker.stats().handshakes_refused, 1);
    }
}

#[test]
fn a_refusal_may_have_its_own_words() {
    let world = meddled();
    let client = world.up();
    let reply = client.subscribe("/a");
    assert_eq!(reply["error"], "403::Signature has expired.");
    assert_eq!(reply["subscription"], "/a");
    assert_eq!(reply["ext"], json!({"token": "wrong"}));
    let connect = json!({"channel": "/meta/connect", "ext": {"leave": true}});
    let reply = client.send(connect).remove(0);
    assert_eq!(reply["advice"], json!({"reconnect": "none"}));
}

#[test]
fn what_comes_in_may_be_rewritten() {
    let world = meddled();
    let client = world.up();
    subscribe(&client, "/in");
    client.send(json!({"channel": "/in", "id": "7", "data": 1, "ext": {"secret": 1}}));
    let message = client.connect_at_once().remove(0);
    let rewritten = json!({"channel": "/in", "data": [1, "7"], "ext": {"by": "extension"}});
    assert_eq!(message, rewritten);
}

#[test]
fn what_goes_out_is_rewritten_once_whoever_sends_it() {
    let world = meddled();
    let client = world.up();
    subscribe(&client, "/out");
    let (now, out) = (world.now.get(), name("/out"));
    client.send(json!({"channel": "/out", "data": 1, "ext": {"secret": 1}}));
    world.broker.publish(&out, "2", now).unwrap();
    world.broker.deliver(client.client_id(), &out, "3", now);
    let mine = world.up_as("alice", "/x");
    subscribe(&mine, "/out");
    world.broker.deliver_to_user(&UserId::new("alice"), &out, "4", now);
    let messages = client.connect_at_once();
    assert_eq!(data(&messages), [json!([1, true]), json!([2, false]), json!([3, false])]);
    assert!(messages[0].get("ext").is_none());
    assert_eq!(data(&mine.connect_at_once()), [json!([4, false])]);
}

#[test]
fn what_an_extension_holds_back_reaches_nobody() {
    let world = meddled();
    let client = world.up();
    subscribe(&client, "/silent");
    assert_eq!(client.publish("/silent", json!(1))[0]["error"], "404::message_deleted");
    let (now, silent) = (world.now.get(), name("/silent"));
    assert_eq!(world.broker.publish(&silent, "2", now), Ok(0));
    assert!(!world.broker.deliver(client.client_id(), &silent, "3", now));
    assert!(data(&client.connect_at_once()).is_empty());
}

#[test]
fn an_extension_that_rewrites_a_handshake_decides_what_it_asks_for() {
    /// Lets nobody use the acknowledge extension.
    #[derive(Debug)]
    struct NoAck;
    impl Extension for NoAck {
        fn incoming(&self, message: &mut Incoming<'_>) -> Verdict {
            message.set_ext(None);
            Verdict::grant()
        }
    }
    let world = World::new(World::quick().extension(Arc::new(NoAck)));
    assert!(world.anonymous().shake_with(json!({"ack": true})).get("ext").is_none());
}

#[test]
fn an_extension_that_panics_refuses() {
    #[derive(Debug)]
    struct Bad;
    impl Extension for Bad {
        fn incoming(&self, message: &mut Incoming<'_>) -> Verdict {
            assert!(message.channel().as_str() != "/bad");
            Verdict::grant()
        }

        fn reply(&self, _: &mut Replying<'_>) {
            panic!("a bug")
        }
    }
    let world = World::new(World::quick().extension(Arc::new(Bad)));
    let client = world.up();
    let replies = client.send(json!([{"channel": "/bad"}, {"channel": "/good"}]));
    assert_eq!(replies[0]["error"], "404::message_deleted");
    assert_eq!(replies[1]["successful"], true);
}

/// Appends its name, and stops what has had enough.
#[derive(Debug)]
struct Appends(&'static str);

impl DataFilter for Appends {
    fn filter(&self, _: &ChannelName, data: &RawValue, _: &Asking<'_>) -> Filtered {
        let mut list: Vec<Value> = serde_json::from_str(data.get()).unwrap_or_default();
        if list.len() > 2 {
            return Filtered::Drop;
        }
        list.push(json!(self.0));
        Filtered::Replace(raw(&json!(list)))
    }
}

fn filtered(filters: Vec<(&str, Arc<dyn DataFilter>)>) -> Config {
    filters.into_iter().fold(World::quick(), |config, (pattern, filter)| {
        config.filter(ChannelPattern::new(pattern).unwrap(), filter)
    })
}

#[test]
fn markup_of_clients_is_made_harmless_and_that_of_code_is_not() {
    let echo = service_fn(|call, responder| {
        responder.succeed(call.data.unwrap().get(), call.now);
    });
    let config = filtered(vec![("/**", Arc::new(NoMarkup))]);
    let world = World::new(config.service(ChannelPattern::new("/service/echo").unwrap(), echo));
    let client = world.up();
    client.subscribe("/a");
    client.publish("/a", json!({"text": "<b>"}));
    client.publish("/service/echo", json!("<i>"));
    world.broker.publish(&name("/a"), "\"<u>\"", world.now.get()).unwrap();
    let received = data(&client.connect_at_once());
    assert_eq!(received, [json!({"text": "&lt;b&gt;"}), json!("&lt;i&gt;"), json!("<u>")]);
}

#[test]
fn filters_run_one_after_the_other_where_they_are_hung() {
    let world = World::new(filtered(vec![
        ("/a/**", Arc::new(Appends("first"))),
        ("/a/b", Arc::new(Appends("second"))),
        ("/c", Arc::new(Appends("never"))),
    ]));
    let client = world.up();
    client.subscribe("/a/b");
    client.publish("/a/b", json!([]));
    let reply = client.publish("/a/b", json!([1, 2, 3]));
    assert_eq!(reply[0]["error"], "404::message_deleted");
    client.send(json!({"channel": "/a/b"}));
    assert_eq!(data(&client.connect_at_once()), [json!(["first", "second"]), Value::Null]);
}
