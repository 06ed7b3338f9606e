//! A world with a clock of its own, and clients that speak to its broker.

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use encke_bayeux::{BrowserId, ChannelPattern, ClientId};
use encke_broker::{
    Answer, Broker, Config, Entropy, Hold, Reach, Release, Request, Rules, UserId, WallClock,
};
use serde_json::{Value, json};

/// Predictable randomness: every call counts on.
#[derive(Debug, Default)]
pub(crate) struct Counting(Cell<u64>);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 20] {
        self.0.set(self.0.get() + 1);
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&self.0.get().to_be_bytes());
        bytes
    }
}

#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) struct World {
    pub(crate) broker: Broker,
    pub(crate) now: Cell<Instant>,
    entropy: Counting,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
        let zero = Instant::now();
        Self {
            broker: Broker::new(config).unwrap(),
            now: Cell::new(zero),
            entropy: Counting::default(),
        }
    }

    /// The beginning of 1970: positions of a log begin with 1.
    pub(crate) fn wall() -> WallClock {
        #[expect(clippy::disallowed_methods, reason = "an arbitrary zero for invented time")]
        WallClock::new(Instant::now(), 0)
    }

    /// Timeout 3 s, maxInterval 4 s: the times of the reference's own probes.
    pub(crate) fn quick() -> Config {
        Config::default().timeout(Duration::from_secs(3)).max_interval(Duration::from_secs(4))
    }

    /// A broker whose `/v2/me/**` is private, as the GWS endpoint has it.
    pub(crate) fn gws() -> Self {
        let private = ["/v2/me", "/v2/me/**"].map(|text| ChannelPattern::new(text).unwrap());
        let rules = Rules::default().anonymous(false).publish(false);
        Self::new(Self::quick().private(private.into()).policy(Arc::new(rules)))
    }

    /// Lets time pass in ticks.
    pub(crate) fn pass(&self, millis: u64) {
        let end = self.now.get() + Duration::from_millis(millis);
        while self.now.get() < end {
            self.now.set((self.now.get() + Duration::from_millis(50)).min(end));
            self.broker.tick(self.now.get());
        }
    }

    pub(crate) fn anonymous(&self) -> Client<'_> {
        Client {
            world: self,
            user: None,
            browser: None,
            id: String::new(),
            pushes: false,
            multiplexed: false,
            reach: Reach::Any,
            peer: None,
            next: Cell::new(1),
        }
    }

    pub(crate) fn user(&self, name: &str) -> Client<'_> {
        Client { user: Some(UserId::new(name)), ..self.anonymous() }
    }

    /// An anonymous client after handshake and first connect.
    pub(crate) fn up(&self) -> Client<'_> {
        let mut client = self.anonymous();
        client.shake();
        client.connect_at_once();
        client
    }

    /// A user's client after handshake, first connect and a subscription.
    pub(crate) fn up_as(&self, name: &str, pattern: &str) -> Client<'_> {
        let mut client = self.user(name);
        client.shake();
        client.connect_at_once();
        client.subscribe(pattern);
        client
    }
}

pub(crate) struct Client<'w> {
    pub(crate) world: &'w World,
    pub(crate) user: Option<UserId>,
    pub(crate) browser: Option<BrowserId>,
    pub(crate) id: String,
    /// Whether it speaks over a connection that takes messages at any time.
    pub(crate) pushes: bool,
    /// Whether its requests share one connection, as in HTTP/2.
    pub(crate) multiplexed: bool,
    /// Which sessions its connection may use.
    pub(crate) reach: Reach,
    /// Where it comes from.
    pub(crate) peer: Option<IpAddr>,
    next: Cell<u32>,
}

impl<'w> Client<'w> {
    pub(crate) fn raw(&self, body: &str) -> Answer {
        self.raw_until(None, body)
    }

    /// The same, where the proof of who it is ends.
    pub(crate) fn raw_until(&self, until: Option<Instant>, body: &str) -> Answer {
        let request = Request {
            until,
            user: self.user.as_ref(),
            browser: self.browser.as_ref(),
            pushes: self.pushes,
            multiplexed: self.multiplexed,
            reach: self.reach,
            peer: self.peer,
            ..Request::new(self.world.now.get(), &self.world.entropy)
        };
        self.world.broker.handle(&request, body.as_bytes()).unwrap()
    }

    /// Sends a body that must be answered at once; fills in `clientId` and `id` where missing.
    pub(crate) fn send(&self, messages: Value) -> Vec<Value> {
        match self.raw(&self.body(messages)) {
            Answer::Reply(delivery) => {
                let body = delivery.body();
                delivery.written(self.world.now.get());
                serde_json::from_slice(&body).unwrap()
            }
            Answer::Hold(_) => panic!("held"),
        }
    }

    pub(crate) fn body(&self, messages: Value) -> String {
        let mut messages = match messages {
            Value::Array(messages) => messages,
            message => vec![message],
        };
        for message in &mut messages {
            let members = message.as_object_mut().unwrap();
            members.entry("clientId").or_insert_with(|| self.id.clone().into());
            members.entry("id").or_insert_with(|| {
                self.next.set(self.next.get() + 1);
                self.next.get().to_string().into()
            });
        }
        Value::Array(messages).to_string()
    }

    pub(crate) fn client_id(&self) -> ClientId {
        ClientId::parse(&self.id).unwrap()
    }

    pub(crate) fn shake(&mut self) -> Value {
        self.shake_with(json!({}))
    }

    pub(crate) fn shake_with(&mut self, ext: Value) -> Value {
        let hello =
            json!([{"channel": "/meta/handshake", "version": "1.0", "id": "1", "ext": ext}]);
        let Answer::Reply(delivery) = self.raw(&hello.to_string()) else { panic!("held") };
        if let Some(browser) = delivery.browser() {
            self.browser = Some(browser.clone());
        }
        let reply: Vec<Value> = serde_json::from_slice(&delivery.body()).unwrap();
        delivery.written(self.world.now.get());
        reply[0]["clientId"].as_str().unwrap_or_default().clone_into(&mut self.id);
        reply[0].clone()
    }

    pub(crate) fn connect_at_once(&self) -> Vec<Value> {
        self.send(json!({"channel": "/meta/connect", "advice": {"timeout": 0}}))
    }

    /// A connect that must be held.
    pub(crate) fn hold(&self) -> Held<'w> {
        self.hold_with(json!({"channel": "/meta/connect"}))
    }

    pub(crate) fn hold_with(&self, connect: Value) -> Held<'w> {
        match self.raw(&self.body(connect)) {
            Answer::Hold(hold) => Held::new(self.world, hold),
            Answer::Reply(delivery) => panic!("answered at once: {:?}", delivery.body()),
        }
    }

    pub(crate) fn subscribe(&self, pattern: &str) -> Value {
        self.send(json!({"channel": "/meta/subscribe", "subscription": pattern}))[0].clone()
    }

    pub(crate) fn publish(&self, channel: &str, data: Value) -> Vec<Value> {
        self.send(json!({"channel": channel, "data": data}))
    }
}

/// A connect that waits, and how often it was woken.
pub(crate) struct Held<'w> {
    world: &'w World,
    pub(crate) hold: Option<Hold>,
    wakes: Arc<Wakes>,
}

impl<'w> Held<'w> {
    pub(crate) fn new(world: &'w World, hold: Hold) -> Self {
        Self { world, hold: Some(hold), wakes: Arc::default() }
    }

    pub(crate) fn release(&mut self) -> Option<Release> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        match self.hold.as_mut().unwrap().poll_release(&mut Context::from_waker(&waker)) {
            Poll::Ready(release) => Some(release),
            Poll::Pending => None,
        }
    }

    pub(crate) fn is_waiting(&mut self) -> bool {
        self.release().is_none()
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.count()
    }

    /// The response of a hold that is over.
    pub(crate) fn answer(mut self) -> Vec<Value> {
        let release = self.release().expect("still waiting");
        let delivery = self.hold.take().unwrap().answer(release, self.world.now.get());
        let body = delivery.body();
        delivery.written(self.world.now.get());
        serde_json::from_slice(&body).unwrap()
    }

    /// The response was made and its connection ended before it was written.
    pub(crate) fn answer_lost(mut self) {
        let release = self.release().expect("still waiting");
        self.hold
            .take()
            .unwrap()
            .answer(release, self.world.now.get())
            .failed(self.world.now.get());
    }

    /// The connection ended while the connect was held.
    pub(crate) fn cut(mut self) {
        self.hold.take().unwrap().abandon(self.world.now.get());
    }
}

/// The `data` of every event in a response.
pub(crate) fn data(response: &[Value]) -> Vec<Value> {
    response.iter().filter_map(|message| message.get("data").cloned()).collect()
}
