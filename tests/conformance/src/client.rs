//! A Bayeux client that does one thing at a time, so that a scenario can say what.
//!
//! Delivered messages, on whatever answer they come, gather in an inbox in order of arrival. A
//! [`Held`] connect runs beside; dropping it cuts its connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::answer::{Answer, Received};
use crate::clock;
use crate::cookies::Browser;
use crate::lab::Lab;
use crate::verdict::{Stop, check, failed};
use crate::wire::{Fault, Wire};

/// How long a connect must stay unanswered before it counts as held.
const SETTLED: Duration = Duration::from_millis(150);

/// The longest a connect of [`Client::receive`] asks to be held, in milliseconds.
const RECEIVE_HOLD_MS: u64 = 1000;

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    lab: Lab,
    wire: Box<dyn Wire>,
    browser: Browser,
    id: Mutex<Option<String>>,
    inbox: Inbox,
}

type Inbox = Arc<Mutex<Vec<Received>>>;

impl Client {
    /// A client without a session.
    pub(crate) fn new(lab: Lab, wire: Box<dyn Wire>, browser: Browser) -> Self {
        Self { lab, wire, browser, id: Mutex::default(), inbox: Inbox::default() }
    }

    /// Another client object for the same session in the same browser, on a connection of its own.
    pub(crate) fn double(&self) -> Self {
        let double = Self::new(self.lab.clone(), self.wire.another(), self.browser.clone());
        *double.id.lock().unwrap_or_else(PoisonError::into_inner) = self.client_id();
        double
    }

    /// Somebody else who knows the client id, in a browser of their own.
    pub(crate) fn thief(&self) -> Self {
        self.seen_from(&Browser::default())
    }

    /// The same client id used from another browser.
    pub(crate) fn seen_from(&self, browser: &Browser) -> Self {
        let thief = self.lab.stranger_in(browser);
        *thief.id.lock().unwrap_or_else(PoisonError::into_inner) = self.client_id();
        thief
    }

    /// The browser the client runs in.
    pub(crate) fn browser(&self) -> &Browser {
        &self.browser
    }

    /// The client id, once there is one.
    pub(crate) fn client_id(&self) -> Option<String> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A message with a new id, the client id if there is one, and these members.
    pub(crate) fn message(&self, channel: &str, members: Value) -> Value {
        let mut message = Map::new();
        message.insert("channel".into(), channel.into());
        message.insert("id".into(), self.lab.id().into());
        if let Some(id) = self.client_id() {
            message.insert("clientId".into(), id.into());
        }
        if let Value::Object(members) = members {
            message.extend(members);
        }
        Value::Object(message)
    }

    /// A handshake request with every mandatory member.
    pub(crate) fn handshake(&self) -> Value {
        let types = [self.lab.transport().name()];
        self.message(
            "/meta/handshake",
            json!({"version": "1.0", "minimumVersion": "1.0", "supportedConnectionTypes": types}),
        )
    }

    /// A connect request, with advice unless it is null.
    pub(crate) fn connect(&self, advice: Value) -> Value {
        let mut request =
            self.message("/meta/connect", json!({"connectionType": self.lab.transport().name()}));
        if !advice.is_null() {
            with(&mut request, "advice", advice);
        }
        request
    }

    /// A subscribe request.
    pub(crate) fn subscription(&self, subscription: impl Into<Value>) -> Value {
        let subscription: Value = subscription.into();
        self.message("/meta/subscribe", json!({"subscription": subscription}))
    }

    /// An unsubscribe request.
    pub(crate) fn unsubscription(&self, subscription: impl Into<Value>) -> Value {
        let subscription: Value = subscription.into();
        self.message("/meta/unsubscribe", json!({"subscription": subscription}))
    }

    /// A publish request.
    pub(crate) fn publication(&self, channel: &str, data: impl Into<Value>) -> Value {
        let data: Value = data.into();
        self.message(channel, json!({"data": data}))
    }

    /// Posts a body as it is; any status will do.
    pub(crate) async fn post(&self, body: impl Into<String>) -> Result<Answer, Stop> {
        let body = body.into();
        let answer = run(&self.lab, self.wire.post(body.clone()), &body).await?;
        absorb(&self.inbox, &answer);
        Ok(answer)
    }

    /// Sends messages in one body, to be answered with status 200 and an array of messages.
    pub(crate) async fn send(&self, messages: &[Value]) -> Result<Answer, Stop> {
        let answer = self.post(Value::from(messages).to_string()).await?;
        answer.served()?;
        Ok(answer)
    }

    /// Sends one message and returns its reply.
    pub(crate) async fn ask(&self, message: Value) -> Result<Received, Stop> {
        let channel = message.get("channel").and_then(Value::as_str).unwrap_or_default().to_owned();
        let answer = self.send(&[message]).await?;
        if channel.is_empty() {
            return answer.only().cloned();
        }
        answer.reply(&channel).cloned()
    }

    /// Sends one message, which must succeed.
    pub(crate) async fn must(&self, message: Value) -> Result<Received, Stop> {
        let reply = self.ask(message).await?;
        check!(reply.is_success(), "{} was refused: {}", reply.channel(), reply.raw);
        Ok(reply)
    }

    /// Sends one message, which must be refused.
    pub(crate) async fn refused(&self, message: Value) -> Result<Received, Stop> {
        let reply = self.ask(message).await?;
        check!(reply.is_refusal(), "this should be refused and was not: {}", reply.raw);
        check!(reply.has("error"), "a refusal without error: {}", reply.raw);
        Ok(reply)
    }

    /// Takes the client id of a handshake reply.
    pub(crate) fn adopt(&self, reply: &Received) -> Result<(), Stop> {
        check!(reply.is_success(), "the handshake was refused: {}", reply.raw);
        let id = reply.at(&["clientId"]).as_str();
        let id = id.ok_or_else(|| failed(format!("no clientId: {}", reply.raw)))?;
        *self.id.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.to_owned());
        Ok(())
    }

    /// Shakes hands and takes the client id.
    pub(crate) async fn shake(&self) -> Result<Received, Stop> {
        let reply = self.ask(self.handshake()).await?;
        self.adopt(&reply)?;
        Ok(reply)
    }

    /// The connect after a handshake, not to be held.
    pub(crate) async fn first_connect(&self) -> Result<Received, Stop> {
        self.must(self.connect(json!({"timeout": 0}))).await
    }

    /// Subscribes, which must succeed.
    pub(crate) async fn subscribe(&self, subscription: impl Into<Value>) -> Result<(), Stop> {
        self.must(self.subscription(subscription)).await.map(drop)
    }

    /// Publishes, which must succeed.
    pub(crate) async fn publish(&self, channel: &str, data: impl Into<Value>) -> Result<(), Stop> {
        self.must(self.publication(channel, data)).await.map(drop)
    }

    /// Publishes data given as JSON text, which must succeed.
    pub(crate) async fn publish_text(&self, channel: &str, data: &str) -> Result<(), Stop> {
        let reply = self.offer_text(channel, data).await?;
        let reply = reply.reply(channel)?;
        check!(reply.is_success(), "the publish was refused: {}", reply.raw);
        Ok(())
    }

    /// Publishes data given as JSON text, whatever comes of it.
    pub(crate) async fn offer_text(&self, channel: &str, data: &str) -> Result<Answer, Stop> {
        let marked = self.message(channel, json!({"data": "@data@"})).to_string();
        self.post(format!("[{}]", marked.replace("\"@data@\"", data))).await
    }

    /// Ends the session; nothing is asked of the answer.
    pub(crate) async fn leave(&self) {
        let left = self.ask(self.message("/meta/disconnect", Value::Null)).await;
        drop(left);
    }

    /// Begins a connect that is expected to be held, and sees that it is.
    pub(crate) async fn hold(&self) -> Result<Held, Stop> {
        self.hold_with(self.connect(Value::Null)).await
    }

    /// The same with a connect request of the scenario's own.
    pub(crate) async fn hold_with(&self, request: Value) -> Result<Held, Stop> {
        let mut held = self.begin(request);
        held.stays(SETTLED).await?;
        Ok(held)
    }

    /// Begins a request and does not wait.
    pub(crate) fn begin(&self, request: Value) -> Held {
        let body = Value::from(vec![request]).to_string();
        let answer = self.wire.post(body.clone());
        let lab = self.lab.clone();
        lab.note(&format!("> (held) {body}"));
        let task = tokio::spawn(answer);
        Held { lab, task, inbox: Arc::clone(&self.inbox) }
    }

    /// Takes what the inbox has.
    pub(crate) fn taken(&self) -> Vec<Received> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.extend(self.wire.pushed());
        std::mem::take(&mut inbox)
    }

    /// Connects until `enough` says so of everything received so far, and returns that.
    pub(crate) async fn receive_until(
        &self,
        enough: impl Fn(&[Received]) -> bool,
    ) -> Result<Vec<Received>, Stop> {
        let deadline = clock::now() + self.lab.limit();
        let mut received = self.taken();
        let mut pending: Option<Held> = None;
        while !enough(&received) {
            if clock::now() >= deadline {
                let raw: Vec<_> = received.iter().map(|message| message.raw.as_str()).collect();
                return Err(failed(format!("messages are missing; received: [{}]", raw.join(","))));
            }
            let connect = self.connect(json!({"timeout": RECEIVE_HOLD_MS}));
            let held = pending.get_or_insert_with(|| self.begin(connect));
            let step = Duration::from_millis(if self.lab.transport().polls() { 1000 } else { 10 });
            if let Ok(done) = timeout(step, &mut held.task).await {
                let answer = held.done(done)?;
                let reply = answer.reply("/meta/connect")?;
                check!(reply.is_success(), "a connect was refused: {}", reply.raw);
                let pause = reply.at(&["advice", "interval"]).as_u64().unwrap_or(0);
                pending = None;
                received.extend(self.taken());
                if pause > 0 && !enough(&received) {
                    sleep(Duration::from_millis(pause.min(2000))).await;
                }
            }
            received.extend(self.taken());
        }
        Ok(received)
    }

    /// Connects until this many messages have come.
    pub(crate) async fn receive(&self, count: usize) -> Result<Vec<Received>, Stop> {
        self.receive_until(|received| received.len() >= count).await
    }

    /// The one next message.
    pub(crate) async fn receive_one(&self) -> Result<Received, Stop> {
        let received = self.receive(1).await?;
        received.into_iter().next().ok_or_else(|| failed("no message"))
    }

    /// Everything that is delivered before a message which `publisher` sends last of all.
    pub(crate) async fn rest(&self, publisher: &Self) -> Result<Vec<Received>, Stop> {
        let last = self.lab.channel(&format!("/last{}", self.lab.id()));
        self.subscribe(last.as_str()).await?;
        publisher.publish(&last, "last").await?;
        let is_last = |message: &Received| message.channel() == last;
        let mut received = self.receive_until(|received| received.iter().any(is_last)).await?;
        received.retain(|message| !is_last(message));
        Ok(received)
    }
}

/// A request whose answer is awaited.
#[derive(Debug)]
pub(crate) struct Held {
    lab: Lab,
    task: JoinHandle<Result<Answer, Fault>>,
    inbox: Inbox,
}

impl Held {
    /// Sees that there is no answer for this long.
    pub(crate) async fn stays(&mut self, time: Duration) -> Result<(), Stop> {
        match timeout(time, &mut self.task).await {
            Err(_) => Ok(()),
            Ok(done) => {
                let answer = self.done(done)?;
                Err(failed(format!("answered at once instead of held: {}", answer.body)))
            }
        }
    }

    /// The answer, which must come within this time.
    pub(crate) async fn answer(mut self, within: Duration) -> Result<Answer, Stop> {
        match timeout(within, &mut self.task).await {
            Ok(done) => self.done(done),
            Err(_) => {
                let fault = Fault::Silent(within);
                self.lab.note(&format!("< {fault}"));
                Err(fault.into())
            }
        }
    }

    /// Cuts the connection of the request, as seen from outside: it is gone on return.
    pub(crate) async fn cut(mut self) {
        self.task.abort();
        let ended = (&mut self.task).await;
        self.lab.note(&format!("(held) cut, {}", if ended.is_err() { "open" } else { "answered" }));
    }

    /// How the request ended, the loss of its connection included.
    pub(crate) async fn end(mut self, within: Duration) -> Result<Result<Answer, Fault>, Stop> {
        match timeout(within, &mut self.task).await {
            Ok(Ok(Ok(answer))) => self.done(Ok(Ok(answer))).map(Ok),
            Ok(Ok(Err(fault))) => Ok(Err(fault)),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(Fault::Silent(within).into()),
        }
    }

    fn done(
        &self,
        done: Result<Result<Answer, Fault>, tokio::task::JoinError>,
    ) -> Result<Answer, Stop> {
        let answer = done.map_err(|error| failed(error.to_string()))?;
        if let Err(fault) = &answer {
            self.lab.note(&format!("< (held) {fault}"));
        }
        let answer = answer?;
        self.lab.note(&format!("< (held) {} {}", answer.status, answer.body));
        absorb(&self.inbox, &answer);
        Ok(answer)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    lab: &Lab,
    answer: impl Future<Output = Result<Answer, Fault>>,
    body: &str,
) -> Result<Answer, Stop> {
    lab.note(&format!("> {body}"));
    let limit = lab.limit();
    let answer = timeout(limit, answer).await.unwrap_or(Err(Fault::Silent(limit)));
    match &answer {
        Ok(answer) => lab.note(&format!("< {} {}", answer.status, answer.body)),
        Err(fault) => lab.note(&format!("< {fault}")),
    }
    Ok(answer?)
}

fn absorb(inbox: &Inbox, answer: &Answer) {
    let events = answer.events().into_iter().cloned();
    inbox.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
}

/// Sets a member of a message.
pub(crate) fn with(message: &mut Value, name: &str, value: impl Into<Value>) {
    if let Value::Object(members) = message {
        members.insert(name.to_owned(), value.into());
    }
}

/// The message with this member.
pub(crate) fn having(mut message: Value, name: &str, value: impl Into<Value>) -> Value {
    with(&mut message, name, value);
    message
}

/// The message without this member.
pub(crate) fn lacking(mut message: Value, name: &str) -> Value {
    if let Value::Object(members) = &mut message {
        members.remove(name);
    }
    message
}
