//! Who may subscribe and publish where, as clients meet it.

use std::fs;

use encke_server::Settings;
use encke_server::settings::{ChannelOperation, Endpoint, RoleName, RuleSettings, TokenUsers};
use encke_testkit::{Issuer, Login, Request, now};
use serde_json::{Value, json};

use crate::house::House;

fn rule(pattern: &str, change: impl FnOnce(&mut RuleSettings)) -> RuleSettings {
    let mut rule = RuleSettings::new(pattern);
    change(&mut rule);
    rule
}

/// Editors publish news; the board is for everybody with a login.
fn set(settings: &mut Settings) {
    use ChannelOperation::{Publish, Subscribe};
    settings.rules = vec![
        rule("/news/**", |rule| {
            rule.roles = vec!["editor".to_owned()];
            rule.allow = vec![Publish];
        }),
        rule("/news/**", |rule| rule.deny = vec![Publish]),
        rule("/board/**", |rule| {
            rule.users = vec!["*".to_owned()];
            rule.allow = vec![Subscribe, Publish];
        }),
        rule("/board/**", |rule| rule.deny = vec![Subscribe, Publish]),
        rule("/v2/me/calls", |rule| {
            rule.endpoint = Endpoint::Notifications;
            rule.users = vec!["bob".to_owned()];
            rule.deny = vec![Subscribe];
        }),
    ];
    settings.users.get_mut("alice").unwrap().roles.push(RoleName::Other("editor".into()));
}

/// A client after its handshake.
struct Client<'a> {
    house: &'a House,
    path: &'static str,
    authorization: Option<String>,
    id: Value,
    cookie: String,
}

impl<'a> Client<'a> {
    async fn up(house: &'a House, path: &'static str, authorization: Option<String>) -> Self {
        let mut client =
            Self { house, path, authorization, id: Value::Null, cookie: String::new() };
        let shake = json!({"channel": "/meta/handshake", "version": "1.0",
                           "supportedConnectionTypes": ["long-polling"]});
        let answer = house.ask(&client.request(&shake)).await;
        client.id = answer.value()[0]["clientId"].clone();
        let given = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        let pairs: Vec<&str> = given.map(|(_, value)| value.split(';').next().unwrap()).collect();
        client.cookie = pairs.join("; ");
        client
    }

    fn request(&self, message: &Value) -> Request {
        let request =
            Request::json(self.path, json!([message]).to_string()).header("cookie", &self.cookie);
        match &self.authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        }
    }

    async fn may(&self, mut message: Value) -> bool {
        message["clientId"] = self.id.clone();
        let answer = self.house.ask(&self.request(&message)).await.value();
        if answer[0]["successful"] == false {
            let error = answer[0]["error"].as_str().unwrap();
            assert!(error.starts_with("403:"), "{error}");
        }
        answer[0]["successful"] == true
    }

    async fn may_subscribe(&self, pattern: &str) -> bool {
        self.may(json!({"channel": "/meta/subscribe", "subscription": pattern})).await
    }

    async fn may_publish(&self, channel: &str) -> bool {
        self.may(json!({"channel": channel, "data": 1})).await
    }
}

fn basic(user: &str) -> String {
    Login::demo(user).basic()
}

#[tokio::test]
async fn clients_do_what_the_rules_allow_them() {
    let house = House::with(set).await;
    let alice = Client::up(&house, "/cometd", Some(basic("alice"))).await;
    let bob = Client::up(&house, "/cometd", Some(basic("bob"))).await;
    let stranger = Client::up(&house, "/cometd", None).await;
    for (client, publishes, board) in
        [(&alice, true, true), (&bob, false, true), (&stranger, false, false)]
    {
        assert!(client.may_subscribe("/news/*").await);
        assert_eq!(client.may_publish("/news/today").await, publishes);
        assert_eq!(client.may_subscribe("/board/a").await, board);
        assert_eq!(client.may_subscribe("/**").await, board);
        assert_eq!(client.may_publish("/board/a").await, board);
        assert!(client.may_publish("/elsewhere").await);
        assert!(!client.may_publish("/v2/me/calls").await);
    }
    house.end().await;
}

#[tokio::test]
async fn rules_of_one_endpoint_are_not_those_of_the_other() {
    let house = House::with(set).await;
    for (user, allowed) in [("alice", true), ("bob", false)] {
        let client = Client::up(&house, "/api/v2/notifications", Some(basic(user))).await;
        assert_eq!(client.may_subscribe("/v2/me/calls").await, allowed);
        assert!(client.may_subscribe("/v2/me/smsessions").await);
        assert!(client.may_subscribe("/board/a").await);
        assert!(!client.may_publish("/news/today").await);
    }
    house.end().await;
}

#[tokio::test]
async fn roles_of_a_token_count() {
    const SECRET: &str = "a secret that is long enough for SHA-256";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, SECRET).unwrap();
    let house = House::with(|settings| {
        set(settings);
        settings.login.jwt.secret_file = Some(file);
        settings.login.jwt.users = TokenUsers::Any;
    })
    .await;
    let bearing = |user: &str, roles: Value| {
        let claims = json!({"sub": user, "exp": now() + 60.0, "roles": roles});
        Some(format!("Bearer {}", Issuer::new(SECRET).sign(&claims)))
    };
    for (user, roles, publishes) in [
        ("mallory", json!(["editor"]), true),
        ("mallory", json!(["reader"]), false),
        ("bob", json!("editor reader"), true),
        ("alice", json!([]), true),
    ] {
        let client = Client::up(&house, "/cometd", bearing(user, roles.clone())).await;
        assert_eq!(client.may_publish("/news/today").await, publishes, "{user} {roles}");
        assert!(client.may_subscribe("/board/a").await, "{user} {roles}");
    }
    house.end().await;
}
