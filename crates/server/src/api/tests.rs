//! The API behind its door, and the description of it against what it does.

use std::collections::BTreeSet;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use encke::broker::{Config, Entropy, Request as BrokerRequest, UserId};
use encke_testkit::schema::{conforms, resolved};
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::clock;

struct Random;

impl Entropy for Random {
    fn bytes(&self) -> [u8; 20] {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).unwrap();
        bytes
    }
}

/// Two endpoints, and whoever asks about them.
struct World {
    cometd: Broker,
    notifications: Broker,
    back_end: BackEnd,
}

impl World {
    fn new() -> Self {
        let broker = |config| Broker::new(config).unwrap();
        let me = encke::bayeux::ChannelPattern::new("/v2/me/**").unwrap();
        Self {
            cometd: broker(Config::default()),
            notifications: broker(Config::default().private(vec![me])),
            back_end: BackEnd::unlimited(),
        }
    }

    fn api(&self) -> Router {
        let bounds = ApiBounds { body_bytes: 10_000, messages: 3, depth: 10 };
        let (cometd, notifications) = (self.cometd.clone(), self.notifications.clone());
        Api::new(Some(cometd), notifications, bounds, Counted::default()).router()
    }

    /// The status and the body of an answer.
    async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> (u16, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{ROOT}{path}"))
            .body(body.into())
            .unwrap();
        request.extensions_mut().insert(self.back_end.clone());
        let answer = self.api().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, path, Body::empty()).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(Method::POST, path, body.to_string()).await
    }

    /// The code of a refusal.
    async fn refused(&self, path: &str, body: impl Into<Body>) -> (u16, String) {
        let (status, answer) = self.ask(Method::POST, path, body).await;
        (status, answer["error"]["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
    }
}

/// A session of a user, subscribed to some channels.
fn session(broker: &Broker, user: Option<&str>, channels: &[&str], now: Instant) -> String {
    let user = user.map(UserId::new);
    let send = |messages: Value| {
        let request = BrokerRequest { user: user.as_ref(), ..BrokerRequest::new(now, &Random) };
        let answer = broker.handle(&request, messages.to_string().as_bytes()).unwrap();
        let encke::broker::Answer::Reply(delivery) = answer else { panic!("held") };
        let replies: Value = serde_json::from_slice(&delivery.body()).unwrap();
        delivery.written(now);
        replies
    };
    let shaken = send(json!([{"channel": "/meta/handshake", "version": "1.0"}]));
    let id = shaken[0]["clientId"].as_str().unwrap().to_owned();
    for channel in channels {
        let replies = send(json!([{"channel": "/meta/subscribe", "clientId": id,
                                   "subscription": channel}]));
        assert_eq!(replies[0]["successful"], true, "{replies}");
    }
    id
}

#[tokio::test]
async fn message_goes_to_subscribers_or_to_one_user() {
    let world = World::new();
    let now = clock::now();
    for user in [Some("alice"), Some("alice"), Some("bob"), None] {
        session(&world.cometd, user, &["/a"], now);
    }
    let sent = |sessions: usize| (200, json!({ "sessions": sessions }));
    assert_eq!(world.post("/publish", &json!({"channel": "/a", "data": null})).await, sent(4));
    assert_eq!(world.post("/publish", &json!({"channel": "/b", "data": 1})).await, sent(0));
    let to_alice = json!({"channel": "/a", "data": {"b": [1.10]}, "user": "alice"});
    assert_eq!(world.post("/publish", &to_alice).await, sent(2));
    assert_eq!(world.cometd.stats().queue_messages, 6);
    assert_eq!(world.notifications.stats().published, 0);
}

#[tokio::test]
async fn message_of_a_batch_that_is_refused_leaves_the_others_alone() {
    let world = World::new();
    session(&world.cometd, Some("alice"), &["/**"], clock::now());
    let batch = json!({"messages": [
        {"channel": "/a", "data": 1},
        {"channel": "a", "data": 2},
        {"channel": "/meta/x", "data": 3, "user": "alice"},
    ]});
    let (status, answer) = world.post("/publish/batch", &batch).await;
    assert_eq!(status, 200);
    let codes: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["error"]["code"].as_str().unwrap_or("published"))
        .collect();
    assert_eq!(codes, ["published", "channel_invalid", "channel_not_for_messages"]);
    let odd = json!({"messages": [7, {"channel": "/a"}, {"channel": "/a", "data": 1, "x": 1}]});
    let (_, answer) = world.post("/publish/batch", &odd).await;
    for result in answer["results"].as_array().unwrap() {
        assert_eq!(result["error"]["code"], "body_invalid", "{result}");
    }
    assert_eq!(world.cometd.stats().published, 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_told_apart() {
    let world = World::new();
    let deep = format!(r#"{{"channel":"/a","data":{}1{}}}"#, "[".repeat(14), "]".repeat(14));
    let long = format!(r#"{{"channel":"/a","data":"{}"}}"#, "x".repeat(10_000));
    for (body, status, code) in [
        ("", 400, "json_invalid"),
        ("{", 400, "json_invalid"),
        ("\u{1}", 400, "json_invalid"),
        ("[]", 400, "body_invalid"),
        ("{}", 400, "body_invalid"),
        (r#"{"channel":"/a"}"#, 400, "body_invalid"),
        (r#"{"channel":7,"data":1}"#, 400, "body_invalid"),
        (r#"{"channel":"/a","data":1,"dat":2}"#, 400, "body_invalid"),
        (r#"{"channel":"/a","channel":"/b","data":1}"#, 400, "body_invalid"),
        (r#"{"channel":"/a/*","data":1}"#, 400, "channel_invalid"),
        (r#"{"channel":"/meta/connect","data":1}"#, 400, "channel_not_for_messages"),
        (r#"{"channel":"/service/x","data":1}"#, 400, "channel_not_for_messages"),
        (r#"{"channel":"/v2/me/calls","data":1}"#, 400, "channel_reserved"),
        (r#"{"channel":"/v2/me/calls","data":1,"user":"alice"}"#, 400, "channel_reserved"),
        (&deep, 400, "json_invalid"),
        (&long, 413, "body_too_long"),
    ] {
        let refused = world.refused("/publish", body.to_owned()).await;
        assert_eq!(refused, (status, code.to_owned()), "{body}");
    }
    let four = json!({"messages": [1, 2, 3, 4]}).to_string();
    let too_many = world.refused("/publish/batch", four).await;
    assert_eq!(too_many, (413, "too_many_messages".to_owned()));
    assert_eq!(world.refused("/nothing", "").await, (404, "no_such_path".to_owned()));
    assert_eq!(world.refused("/users", "").await, (405, "method_not_allowed".to_owned()));
    for query in ["limit=0", "limit=1001", "limit=x", "endpoint=x", "after=x", "page=1"] {
        let (status, answer) = world.get(&format!("/sessions?{query}")).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("query_invalid")), "{query}");
    }
    let (status, answer) = world.get("/users?channel=news").await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("channel_invalid")));
    let (status, answer) = world.get("/users/%ff").await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("path_invalid")));
}

#[tokio::test]
async fn user_is_there_with_the_sessions_of_each_endpoint() {
    let world = World::new();
    let now = clock::now();
    let id = session(&world.cometd, Some("a/b"), &["/x"], now);
    session(&world.notifications, Some("a/b"), &["/v2/me/calls"], now);
    let (status, answer) = world.get("/users/a%2Fb").await;
    assert_eq!(status, 200);
    assert_eq!((&answer["user"], &answer["connected"]), (&json!("a/b"), &json!(true)));
    let session = &answer["sessions"]["cometd"][0];
    assert_eq!(session["subscriptions"], json!(["/x"]));
    assert_eq!(answer["sessions"]["notifications"].as_array().unwrap().len(), 1);
    assert!(!answer.to_string().contains(&id), "a client id opens its session");
    let (_, nobody) = world.get("/users/nobody").await;
    assert_eq!(nobody, json!({"user": "nobody", "connected": false, "sessions": {}}));
}

#[tokio::test]
async fn disconnected_user_is_gone_from_all_endpoints() {
    let world = World::new();
    let now = clock::now();
    for broker in [&world.cometd, &world.notifications] {
        session(broker, Some("alice"), &[], now);
        session(broker, Some("bob"), &[], now);
    }
    let gone = world.post("/users/alice/disconnect", &json!({})).await;
    assert_eq!(gone, (200, json!({"sessions": 2})));
    assert_eq!(world.get("/users/alice").await.1["connected"], false);
    assert_eq!(world.get("/users/bob").await.1["connected"], true);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new();
    let now = clock::now();
    for user in ["a", "b", "c", "d", "e"] {
        session(&world.cometd, Some(user), &[&format!("/{user}"), "/all"], now);
    }
    session(&world.cometd, None, &["/all"], now);
    for (path, list, size) in [
        ("/users?", "users", 5),
        ("/users?channel=/all&", "users", 5),
        ("/users?channel=/c&", "users", 1),
        ("/channels?", "channels", 6),
        ("/sessions?", "sessions", 6),
        ("/sessions?endpoint=notifications&", "sessions", 0),
    ] {
        let mut seen = BTreeSet::new();
        let mut after = String::new();
        loop {
            let (status, page) = world.get(&format!("{path}limit=2{after}")).await;
            assert_eq!(status, 200, "{page}");
            let entries = page[list].as_array().unwrap();
            assert!(entries.len() <= 2, "{path}");
            assert!(entries.iter().all(|entry| seen.insert(entry.to_string())), "{path}: {page}");
            match &page["next"] {
                Value::Null => break,
                Value::String(next) => after = format!("&after={next}"),
                next => after = format!("&after={next}"),
            }
        }
        assert_eq!(seen.len(), size, "{path}");
    }
    let (_, all) = world.get("/users?channel=/all&limit=1").await;
    assert_eq!((&all["sessions"], &all["anonymous"]), (&json!(5), &json!(1)));
}

#[tokio::test]
async fn key_is_for_what_it_names() {
    let mut world = World::new();
    world.back_end = BackEnd::limited(Arc::new([Operation::Deliver, Operation::Sessions]));
    let denied = (403, "operation_not_allowed".to_owned());
    let message = json!({"channel": "/a", "data": 1});
    assert_eq!(world.refused("/publish", message.to_string()).await, denied);
    assert_eq!(world.refused("/users/alice/disconnect", "").await, denied);
    for path in ["/users", "/users/alice", "/channels"] {
        assert_eq!(world.get(path).await.0, 403, "{path}");
    }
    assert_eq!(world.get("/sessions").await.0, 200);
    let to_user = json!({"channel": "/a", "data": 1, "user": "alice"});
    let batch = json!({"messages": [message, to_user]});
    let (_, answer) = world.post("/publish/batch", &batch).await;
    assert_eq!(answer["results"][0]["error"]["code"], "operation_not_allowed");
    assert_eq!(answer["results"][1]["sessions"], 0);
}

#[tokio::test]
async fn nothing_is_published_where_there_is_no_generic_endpoint() {
    let bounds = ApiBounds { body_bytes: 10_000, messages: 3, depth: 10 };
    let notifications = Broker::new(Config::default()).unwrap();
    let api = Api::new(None, notifications, bounds, Counted::default());
    let (expected, ask) = (StatusCode::NOT_FOUND, |request: http::request::Builder, body: &str| {
        let request = request.extension(BackEnd::unlimited()).body(Body::from(body.to_owned()));
        api.clone().router().oneshot(request.unwrap())
    });
    let publish = Request::post(format!("{ROOT}/publish"));
    assert_eq!(ask(publish, r#"{"channel":"/a","data":1}"#).await.unwrap().status(), expected);
    let list = Request::get(format!("{ROOT}/sessions"));
    assert_eq!(ask(list, "").await.unwrap().status(), expected);
    let list = Request::get(format!("{ROOT}/sessions?endpoint=notifications"));
    assert_eq!(ask(list, "").await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn request_that_passed_no_door_does_nothing() {
    let request = Request::get(format!("{ROOT}/sessions")).body(Body::empty()).unwrap();
    let answer = World::new().api().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

mod description {
    //! `openapi.json`, held against the routes and the answers.

    use super::*;

    fn document() -> Value {
        serde_json::from_str(DESCRIPTION).unwrap()
    }

    fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
        document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters");
            methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    #[test]
    fn it_names_its_format_and_the_version_of_this_crate() {
        assert_eq!(document()["openapi"], "3.1.1");
        assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    #[tokio::test]
    async fn its_paths_and_methods_are_the_routes() {
        let document = document();
        let described: BTreeSet<_> =
            document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let routes = routes().map(|(path, _)| format!("{ROOT}{path}"));
        assert_eq!(described, routes.iter().map(String::as_str).collect());
        for (path, method, _) in operations(&document) {
            let allowed = match method {
                "get" => "GET,HEAD",
                "post" => "POST",
                other => panic!("{other}"),
            };
            let mut request =
                Request::put(path.replace("{user}", "x")).body(Body::empty()).unwrap();
            request.extensions_mut().insert(BackEnd::unlimited());
            let answer = World::new().api().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(answer.headers()["allow"], allowed, "{path}");
        }
    }

    #[tokio::test]
    async fn its_examples_are_taken_and_answered_as_it_says() {
        let document = document();
        let world = World::new();
        let now = clock::now();
        session(&world.cometd, Some("alice"), &["/news/*"], now);
        session(&world.cometd, None, &["/**"], now);
        session(&world.notifications, Some("alice"), &["/v2/me/calls"], now);
        let mut asked = 0;
        for (path, method, operation) in operations(&document) {
            let path = path.strip_prefix(ROOT).unwrap().replace("{user}", "alice");
            let schema = |status: u16| {
                let response = resolved(&document, &operation["responses"][status.to_string()]);
                &response["content"]["application/json"]["schema"]
            };
            let body = &operation["requestBody"]["content"]["application/json"];
            let bodies: Vec<Value> = match body["examples"].as_object() {
                Some(examples) => examples.values().map(|e| e["value"].clone()).collect(),
                None => vec![Value::Null],
            };
            for example in bodies {
                if let Some(schema) = body.get("schema") {
                    conforms(&document, schema, &example).unwrap();
                }
                for query in queries(&document, operation) {
                    let path = format!("{path}{query}");
                    let method = method.to_uppercase().parse().unwrap();
                    let (status, answer) = world.ask(method, &path, example.to_string()).await;
                    assert_eq!(status, 200, "{path}: {answer}");
                    conforms(&document, schema(200), &answer)
                        .unwrap_or_else(|e| panic!("{path}: {e}"));
                    asked += 1;
                }
            }
        }
        assert!(asked >= 10, "{asked}");
        let (status, answer) = world.post("/publish", &json!({})).await;
        assert_eq!(status, 400);
        conforms(&document, &document["components"]["schemas"]["Error"], &answer).unwrap();
    }

    /// No query, and one for each parameter that has a value to try.
    fn queries(document: &Value, operation: &Value) -> Vec<String> {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_query = parameters
            .map(|parameter| resolved(document, parameter))
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| {
                let name = parameter["name"].as_str().unwrap();
                let value = match (&parameter["example"], &parameter["schema"]["enum"][1]) {
                    (Value::String(example), _) => example.clone(),
                    (_, Value::String(last)) => last.clone(),
                    _ => "1".to_owned(),
                };
                format!("?{name}={value}")
            });
        std::iter::once(String::new()).chain(in_query).collect()
    }
}
