//! A small contact centre: five people, a core in memory, a clock that stands still, and an ear
//! that records every notification.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response};
use encke_bayeux::ChannelName;
use encke_broker::UserId;
use encke_calls::{
    Actor, CallAction, CallId, CallType, Clock, Command, ConnId, Core, CoreConfig, Dn,
    ImportedCall, Limits, NewParty, Number, Observer, PartyState, Position, Role as End, Subject,
    UserData,
};
use encke_gateway::{
    Caller, Device, Directory, Gateway, GatewayConfig, Notify, Place, Projection, Role, Roles,
    Trace, User,
};
use encke_journal::{FaultyJournal, MemoryJournal};
use serde_json::value::RawValue;
use tower::ServiceExt;

/// The call of the documented voice samples.
pub(crate) const CALL: &str = "01RCC3N118B1V0SL8O7GK2LAES00000R";

pub(crate) const CALLS: &str = "/v2/me/calls";
pub(crate) const DEVICES: &str = "/v2/me/devices";
pub(crate) const TEVENTS: &str = "/v2/me/tevents";
pub(crate) const SMS: &str = "/v2/me/smsessions";

/// 2026-01-02 03:04:05 UTC.
const START_MS: u64 = 1_767_323_045_000;

pub(crate) struct Centre {
    pub(crate) core: Core,
    pub(crate) gateway: Gateway,
    pub(crate) journal: Arc<FaultyJournal>,
    pub(crate) trace: Trace,
    app: Router,
    clock: Arc<StillClock>,
    ear: Arc<Ear>,
}

/// What came back for a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) http: u16,
    pub(crate) body: String,
    pub(crate) headers: HeaderMap,
}

/// One notification as it was handed to the broker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Heard {
    pub(crate) user: String,
    pub(crate) channel: String,
    pub(crate) data: String,
    pub(crate) place: Place,
}

#[derive(Debug)]
struct StillClock(AtomicU64);

#[derive(Debug, Default)]
struct Ear {
    heard: Mutex<Vec<Heard>>,
    missing: Mutex<Vec<Position>>,
}

impl Clock for StillClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Notify for Ear {
    fn deliver(&self, user: &UserId, channel: &ChannelName, data: &str, place: Place) -> usize {
        self.heard.lock().unwrap().push(Heard {
            user: user.as_str().into(),
            channel: channel.as_str().into(),
            data: data.into(),
            place,
        });
        1
    }

    fn missing(&self, until: Position) {
        self.missing.lock().unwrap().push(until);
    }
}

impl Centre {
    pub(crate) async fn open() -> Self {
        Self::with(GatewayConfig::default()).await
    }

    pub(crate) async fn with(config: GatewayConfig) -> Self {
        Self::limited(config, Limits::default()).await
    }

    pub(crate) async fn limited(config: GatewayConfig, limits: Limits) -> Self {
        Self::of(directory(), config, limits).await
    }

    pub(crate) async fn peopled(people: Directory) -> Self {
        Self::of(people, GatewayConfig::default(), Limits::default()).await
    }

    pub(crate) async fn peopled_with(people: Directory, config: GatewayConfig) -> Self {
        Self::of(people, config, Limits::default()).await
    }

    async fn of(directory: Directory, config: GatewayConfig, limits: Limits) -> Self {
        let clock = Arc::new(StillClock(AtomicU64::new(START_MS)));
        let ear = Arc::new(Ear::default());
        let projection = Projection::new(directory.clone(), ear.clone(), &config, clock.clone());
        let trace = projection.trace();
        let journal = Arc::new(FaultyJournal::new(Arc::new(MemoryJournal::new())));
        let (core, writer) = Core::open(
            journal.clone(),
            CoreConfig::default().dns(directory.dns().cloned()).limits(limits),
            clock.clone(),
            vec![Arc::new(projection)],
        )
        .await
        .unwrap();
        tokio::spawn(writer);
        let gateway = Gateway::new(core.clone(), directory, config, clock.clone());
        let gateway = gateway.tracing(trace.clone());
        Self { core, app: gateway.router(), gateway, journal, trace, clock, ear }
    }

    pub(crate) fn pass(&self, ms: u64) {
        self.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) async fn post(&self, user: &str, path: &str, body: &str) -> Answer {
        self.send(request(Method::POST, path, body), Some(user)).await
    }

    pub(crate) async fn get(&self, user: &str, path: &str) -> Answer {
        self.send(request(Method::GET, path, ""), Some(user)).await
    }

    /// Sends a request as the login layer of a server would pass it on.
    pub(crate) async fn send(&self, request: Request<Body>, user: Option<&str>) -> Answer {
        let response = self.answer(request, user).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            http: parts.status.as_u16(),
            body: String::from_utf8(body.to_vec()).unwrap(),
            headers: parts.headers,
        }
    }

    /// The answer to a request, whose body may go on.
    pub(crate) async fn answer(
        &self,
        mut request: Request<Body>,
        user: Option<&str>,
    ) -> Response<Body> {
        if let Some(name) = user {
            request.extensions_mut().insert(Caller::new(UserId::new(name), roles(name)));
        }
        self.app.clone().oneshot(request).await.unwrap()
    }

    /// Accepts a request that must be accepted.
    pub(crate) async fn accepted(&self, user: &str, path: &str, body: &str) {
        let answer = self.post(user, path, body).await;
        assert_eq!((answer.http, answer.body.as_str()), (200, r#"{"statusCode":0}"#), "{body}");
    }

    /// Everything heard since the last time, once every change that was answered has been told;
    /// each of them is as it is described.
    pub(crate) async fn heard(&self) -> Vec<Heard> {
        // One writer tells of a change before it takes the next command, even one it refuses.
        let nothing = Command::Operate {
            call: CallId::new("none").unwrap(),
            by: Actor::Outside,
            action: CallAction::Hangup,
        };
        assert!(self.core.submit(nothing).await.is_err());
        let heard = std::mem::take(&mut *self.ear.heard.lock().unwrap());
        for heard in &heard {
            let data = serde_json::from_str(&heard.data).unwrap();
            let described = crate::asyncapi::described(&heard.channel, &data);
            assert_eq!(described, Ok(()), "{}", heard.data);
        }
        heard
    }

    /// What a centre of these people sends that starts on the same journal, when it sends again
    /// what follows from changes behind `after`; and what it says is missing.
    pub(crate) async fn sent_again(
        &self,
        people: Directory,
        after: u64,
    ) -> (Vec<Heard>, Vec<Position>) {
        self.sent_again_with(GatewayConfig::default(), people, after).await
    }

    /// The same of a centre with these settings.
    pub(crate) async fn sent_again_with(
        &self,
        config: GatewayConfig,
        people: Directory,
        after: u64,
    ) -> (Vec<Heard>, Vec<Position>) {
        let ear = Arc::new(Ear::default());
        let projection = Projection::new(people, ear.clone(), &config, self.clock.clone())
            .again_after(Some(Position::new(after)));
        let (journal, clock) = (self.journal.clone(), self.clock.clone());
        let observers: Vec<Arc<dyn Observer>> = vec![Arc::new(projection)];
        let opened = Core::open(journal, CoreConfig::default(), clock, observers).await.unwrap();
        drop(opened);
        let heard = std::mem::take(&mut *ear.heard.lock().unwrap());
        let missing = std::mem::take(&mut *ear.missing.lock().unwrap());
        (heard, missing)
    }

    /// What one user heard on one channel since the last time; the rest is dropped.
    pub(crate) async fn heard_by(&self, user: &str, channel: &str) -> Vec<String> {
        let heard = self.heard().await;
        heard
            .into_iter()
            .filter(|h| h.user == user && h.channel == channel)
            .map(|h| h.data)
            .collect()
    }

    /// The call of the samples: 15000 dials 15001, which rings. What is heard of it is dropped.
    pub(crate) async fn dialled(&self, user_data: &str) {
        let party = |number: &str, state, role| NewParty {
            dn: Some(dn(number)),
            number: dn(number).number(),
            state,
            role,
        };
        let call = ImportedCall {
            id: CallId::new(CALL).unwrap(),
            conn_id: ConnId::new("007102719818001b").unwrap(),
            call_type: CallType::Internal,
            dnis: Some(Number::new("15001").unwrap()),
            ani: None,
            parties: vec![
                party("15000", PartyState::Dialing, End::Origin),
                party("15001", PartyState::Ringing, End::Destination),
            ],
            user_data: UserData::parse(user_data).unwrap(),
        };
        self.core.submit(Command::Import(call)).await.unwrap();
        self.heard().await;
    }

    /// Submits a command and answers the id of what it was about.
    pub(crate) async fn submit(&self, command: Command) -> String {
        match self.core.submit(command).await.unwrap().subject {
            Subject::Call(id) => id.as_str().into(),
            Subject::Interaction(key) => key.id.as_str().into(),
            Subject::Line(id) => id.dn.as_str().into(),
        }
    }
}

impl Answer {
    pub(crate) fn refused(&self) -> (u16, u64, String) {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let members: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["statusCode", "statusMessage"], "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/json");
        (
            self.http,
            body["statusCode"].as_u64().unwrap(),
            body["statusMessage"].as_str().unwrap().into(),
        )
    }
}

pub(crate) fn request(method: Method, path: &str, body: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap()
}

pub(crate) fn dn(number: &str) -> Dn {
    Dn::new(number).unwrap()
}

/// The text of the member at a path such as `call.userData`, as it stands in the JSON.
pub(crate) fn at<'a>(json: &'a str, path: &str) -> Option<&'a str> {
    path.split('.').try_fold(json, |json, name| {
        members(json).into_iter().find(|(member, _)| member == name).map(|(_, value)| value)
    })
}

/// Where a conversation differs from the file below `tests/golden` that was read and found right, if
/// it does. With `ENCKE_GOLDEN=write` in the environment the file is written anew, to be read again.
pub(crate) fn golden(name: &str, held: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var("ENCKE_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(&file, held).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    let lines = held.lines().count().max(golden.lines().count());
    let line = |text: &str, at| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
    let both = (0..lines).map(|at| (line(held, at), line(&golden, at)));
    let (ours, theirs) = both.into_iter().find(|(ours, theirs)| ours != theirs)?;
    Some(format!("{name}:\n  {ours}\nis not\n  {theirs}"))
}

/// The members of an object in their order, each value as it stands in the JSON.
pub(crate) fn members(json: &str) -> Vec<(String, &str)> {
    struct Pairs;

    impl<'de> serde::de::Visitor<'de> for Pairs {
        type Value = Vec<(String, &'de str)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                pairs.push((name, value.get()));
            }
            Ok(pairs)
        }
    }

    let mut reader = serde_json::Deserializer::from_str(json);
    serde::Deserializer::deserialize_map(&mut reader, Pairs)
        .unwrap_or_else(|error| panic!("{error}: {json}"))
}

pub(crate) fn directory() -> Directory {
    let sample_device = "631608b3-ceb1-472b-ba05-2ae39555b0d1".parse().unwrap();
    let person = |name: &str, first, last, number: &str| {
        User::new(UserId::new(name)).called(first, last).roles(roles(name)).device(match number {
            "15000" => Device::new(dn(number)).known_as(sample_device),
            _ => Device::new(dn(number)),
        })
    };
    Directory::new([
        person("alice", "Alice", "Archer", "15000"),
        person("bob", "Bob", "Baker", "15001"),
        person("carol", "Carol", "Cook", "15002"),
        person("erin", "Erin", "Elder", "15009"),
        User::new(UserId::new("robot")).roles(roles("robot")),
    ])
    .unwrap()
}

fn roles(name: &str) -> Roles {
    match name {
        "erin" => Roles::of(Role::Agent).with(Role::Supervisor),
        "robot" => Roles::of(Role::Service),
        _ => Roles::of(Role::Agent),
    }
}
