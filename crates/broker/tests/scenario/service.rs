//! Services and remote calls.

use std::sync::{Arc, Mutex};

use encke_bayeux::ChannelPattern;
use encke_broker::{Broker, Config, ConfigError, Responder, Service, service_fn};
use serde_json::{Value, json};

use crate::support::{World, data};

fn with(services: impl IntoIterator<Item = (&'static str, Arc<dyn Service>)>) -> World {
    let add = |config: Config, (pattern, service)| {
        config.service(ChannelPattern::new(pattern).unwrap(), service)
    };
    World::new(services.into_iter().fold(World::quick(), add))
}

/// Keeps what it is asked for others to answer.
#[derive(Debug, Default)]
struct Later(Mutex<Vec<Responder>>);

impl Service for Later {
    fn call(&self, _: &encke_broker::Call<'_>, responder: Responder) {
        self.0.lock().unwrap().push(responder);
    }
}

#[test]
fn a_remote_call_is_answered_twice_and_only_to_its_caller() {
    let sum = service_fn(|call, responder| {
        let numbers: Vec<u32> = serde_json::from_str(call.data.unwrap().get()).unwrap();
        responder.succeed(&numbers.iter().sum::<u32>().to_string(), call.now);
    });
    let world = with([("/service/sum", sum)]);
    let [caller, other] = [world.up(), world.up()];
    other.subscribe("/**");
    let (held, others) = (caller.hold(), other.hold());
    let message = json!({"channel": "/service/sum", "id": "7", "data": [1, 2]});
    let reply = caller.send(message);
    assert_eq!(reply, [json!({"id": "7", "channel": "/service/sum", "successful": true})]);
    let result = json!({"channel": "/service/sum", "id": "7", "data": 3, "successful": true});
    assert_eq!(held.answer()[0], result);
    let mut others = others;
    assert!(others.is_waiting());
}

#[test]
fn the_result_stands_in_front_of_the_reply_where_messages_ride_on_any() {
    let echo = service_fn(|call, responder| {
        responder.deliver(call.data.unwrap().get(), call.now);
    });
    let config = World::quick().meta_connect_delivery_only(false);
    let world = World::new(config.service(ChannelPattern::new("/service/echo").unwrap(), echo));
    let response = world.up().publish("/service/echo", json!("hi"));
    assert_eq!(response[0], json!({"channel": "/service/echo", "data": "hi"}));
    assert_eq!(response[1]["successful"], true);
}

#[test]
fn a_failure_has_data_and_no_error() {
    let fails = service_fn(|call, responder| {
        responder.fail(r#"{"code":7}"#, call.now);
    });
    let world = with([("/service/fails", fails)]);
    let caller = world.up();
    caller.publish("/service/fails", json!(null));
    let result = caller.connect_at_once().remove(0);
    assert_eq!(result["successful"], false);
    assert_eq!(result["data"], json!({"code": 7}));
    assert!(result.get("error").is_none());
}

#[test]
fn an_answer_may_come_later_and_from_another_thread() {
    let later = Arc::new(Later::default());
    let world = with([("/service/later", Arc::clone(&later) as Arc<dyn Service>)]);
    let caller = world.up();
    let held = caller.hold();
    caller.publish("/service/later", json!(1));
    let responder = later.0.lock().unwrap().pop().unwrap();
    let now = world.now.get();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            assert!(responder.deliver("\"half done\"", now));
            assert!(responder.succeed("\"done\"", now));
        });
    });
    assert_eq!(data(&held.answer()), ["half done", "done"]);
}

#[test]
fn an_answer_to_a_caller_who_has_left_goes_nowhere() {
    let later = Arc::new(Later::default());
    let world = with([("/service/later", Arc::clone(&later) as Arc<dyn Service>)]);
    let caller = world.up();
    caller.publish("/service/later", json!(1));
    caller.send(json!({"channel": "/meta/disconnect"}));
    let responder = later.0.lock().unwrap().pop().unwrap();
    assert!(!responder.succeed("1", world.now.get()));
    assert_eq!(world.broker.stats().queue_messages, 0);
}

#[test]
fn a_service_learns_who_calls_and_what_was_said() {
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let keeps = {
        let seen = Arc::clone(&seen);
        service_fn(move |call, responder| {
            seen.lock().unwrap().push(json!({
                "channel": call.channel.as_str(),
                "user": call.from.user.map(ToString::to_string),
                "client": call.from.client.unwrap().as_str() == responder.client().as_str(),
                "ext": call.from.ext.map(ToString::to_string),
                "id": call.id,
                "data": call.data.map(ToString::to_string),
            }));
        })
    };
    let world = with([("/service/**", keeps)]);
    let caller = world.up_as("alice", "/a");
    caller.send(json!({"channel": "/service/a/b", "id": 7, "data": {"z": 1}, "ext": {"k": 2}}));
    caller.send(json!({"channel": "/service/c", "id": "8"}));
    let [full, bare] = <[Value; 2]>::try_from(seen.lock().unwrap().clone()).unwrap();
    let said = json!({
        "channel": "/service/a/b", "user": "alice", "client": true, "ext": r#"{"k":2}"#, "id": "7",
        "data": r#"{"z":1}"#,
    });
    assert_eq!(full, said);
    assert_eq!((&bare["ext"], &bare["data"]), (&Value::Null, &Value::Null));
}

#[test]
fn the_first_service_that_covers_a_channel_takes_the_message_alone() {
    let named = |name: &'static str| {
        service_fn(move |call, responder| {
            responder.succeed(&format!("{name:?}"), call.now);
        })
    };
    let world = with([("/service/a", named("exact")), ("/service/**", named("any"))]);
    let caller = world.up();
    for channel in ["/service/a", "/service/a/b", "/service/b"] {
        caller.publish(channel, json!(0));
    }
    assert_eq!(data(&caller.connect_at_once()), ["exact", "any", "any"]);
}

#[test]
fn a_service_that_panics_fails_its_caller_and_nobody_else() {
    let good = service_fn(|call, responder| {
        responder.succeed("1", call.now);
    });
    let bad = service_fn(|_, _| panic!("a bug"));
    let world = with([("/service/bad", bad), ("/service/good", good)]);
    let caller = world.up();
    let [bad, good] = ["/service/bad", "/service/good"].map(|channel| json!({"channel": channel}));
    let replies = caller.send(json!([bad, good]));
    assert!(replies.iter().all(|reply| reply["successful"] == true), "{replies:?}");
    let results = caller.connect_at_once();
    assert_eq!(results[0]["successful"], false);
    assert_eq!(results[0]["data"], json!({"class": "panic", "message": "the service failed"}));
    assert_eq!((&results[1]["successful"], &results[1]["data"]), (&json!(true), &json!(1)));
    assert_eq!(world.broker.stats().hook_panics, 1);
}

#[test]
fn an_unknown_service_is_no_mistake_and_leaves_nothing() {
    let world = with([]);
    let caller = world.up();
    assert_eq!(caller.publish("/service/nobody", json!(1))[0]["successful"], true);
    assert!(data(&caller.connect_at_once()).is_empty());
    assert_eq!(world.broker.patterns(), 0);
}

#[test]
fn services_answer_below_service_only() {
    for pattern in ["/chat/**", "/**", "/meta/x", "/service"] {
        let pattern = ChannelPattern::new(pattern).unwrap();
        let config = Config::default().service(pattern.clone(), service_fn(|_, _| ()));
        assert_eq!(Broker::new(config).unwrap_err(), ConfigError::NoServiceChannel(pattern));
    }
}
