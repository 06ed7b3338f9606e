//! Services: what answers on `/service/...`.
//!
//! A publish on a service channel goes to the first registered [`Service`] whose pattern covers
//! the channel, and to nobody else; it is never broadcast. The publish itself is answered with
//! success in any case. What the service has to say goes to the calling session alone: deliveries,
//! any number, or the one result of a remote call, at once or later, from any thread.
//!
//! Without a service for it a message is accepted and forgotten, so a caller learns by its own
//! timeout that nobody answers.
//!
//! # When a service panics
//!
//! The panic is caught, logged and counted. If it takes the [`Responder`] along, wherever that is by
//! then, the caller gets a failure at once: `{"class":"panic","message":"the service failed"}`.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "Service channels". Documented: CometD's `@RemoteCall`, whose uncaught
//! exceptions become `{"class":...,"message":...}`. Observed: an unknown target is no error.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::{ChannelName, ChannelPattern, ClientId, remote_call};
use serde_json::value::RawValue;

use crate::broker::Broker;
use crate::cell::Cell;
use crate::event::Event;
use crate::policy::Asking;

/// What callers of a service that panicked are told.
const FAILED: &str = r#"{"class":"panic","message":"the service failed"}"#;

/// Answers on service channels.
///
/// Called on the thread that brought the message, under no lock, in the order of the messages of a
/// body. It must not block; work that takes long keeps the responder and answers from elsewhere.
pub trait Service: fmt::Debug + Send + Sync {
    /// Takes one message.
    fn call(&self, call: &Call<'_>, responder: Responder);
}

/// One message on a service channel.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Call<'a> {
    /// The broker that it came to.
    pub broker: &'a Broker,
    /// Where it went: with a wildcard registration, the channel tells what is asked for.
    pub channel: &'a ChannelName,
    /// Who sends it, with the `ext` of the message.
    pub from: Asking<'a>,
    /// The message's id, which the result of a remote call will carry.
    pub id: Option<&'a str>,
    /// The payload, as written.
    pub data: Option<&'a RawValue>,
    /// When it came.
    pub now: Instant,
}

/// The way back to one caller. Keep it as long as needed; dropping it answers nothing.
///
/// `data` is JSON text and goes out as it is. Every method says whether the message was queued:
/// false if the session has ended, or was full and is cut.
#[must_use = "a remote call waits for its result"]
pub struct Responder {
    broker: Broker,
    cell: Arc<Cell>,
    channel: ChannelName,
    id: Option<Box<str>>,
    now: Instant,
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder")
            .field("client", &self.cell.id)
            .field("channel", &self.channel)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Responder {
    /// The way back for a message that came from `cell`.
    pub(crate) fn new(broker: &Broker, cell: &Arc<Cell>, call: &Call<'_>) -> Self {
        Self {
            broker: broker.clone(),
            cell: Arc::clone(cell),
            channel: call.channel.clone(),
            id: call.id.map(Into::into),
            now: call.now,
        }
    }

    /// The calling session; [`Broker::deliver`] reaches it on any channel.
    pub fn client(&self) -> ClientId {
        self.cell.id
    }

    /// Delivers a message on the channel of the call. Any number may be delivered.
    pub fn deliver(&self, data: &str, now: Instant) -> bool {
        self.broker.deliver_to(&self.cell, &self.channel, data, now)
    }

    /// The remote call has succeeded with this result.
    pub fn succeed(self, data: &str, now: Instant) -> bool {
        self.result(data, true, now)
    }

    /// The remote call has failed, and why.
    pub fn fail(self, data: &str, now: Instant) -> bool {
        self.result(data, false, now)
    }

    fn result(&self, data: &str, successful: bool, now: Instant) -> bool {
        let text = remote_call::render(&self.channel, self.id.as_deref(), data, successful);
        self.broker.offer_to(&self.cell, Event::new(text, now))
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.result(FAILED, false, self.now);
        }
    }
}

/// A service made of a function.
///
/// # Examples
///
/// ```
/// use encke_bayeux::ChannelPattern;
/// use encke_broker::{Config, service_fn};
///
/// let echo = service_fn(|call, responder| {
///     let data = call.data.map_or("null", |data| data.get());
///     responder.succeed(data, call.now);
/// });
/// let config = Config::default().service(ChannelPattern::new("/service/echo").unwrap(), echo);
/// ```
pub fn service_fn<F>(call: F) -> Arc<dyn Service>
where
    F: Fn(&Call<'_>, Responder) + Send + Sync + 'static,
{
    Arc::new(ServiceFn(call))
}

struct ServiceFn<F>(F);

impl<F> fmt::Debug for ServiceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<F>())
    }
}

impl<F: Fn(&Call<'_>, Responder) + Send + Sync> Service for ServiceFn<F> {
    fn call(&self, call: &Call<'_>, responder: Responder) {
        (self.0)(call, responder);
    }
}

/// Services by pattern; the first that covers a channel counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services(Vec<(ChannelPattern, Arc<dyn Service>)>);

impl Services {
    pub(crate) fn add(&mut self, pattern: ChannelPattern, service: Arc<dyn Service>) {
        self.0.push((pattern, service));
    }

    pub(crate) fn patterns(&self) -> impl Iterator<Item = &ChannelPattern> {
        self.0.iter().map(|(pattern, _)| pattern)
    }

    pub(crate) fn of(&self, channel: &ChannelName) -> Option<&Arc<dyn Service>> {
        self.0.iter().find(|(pattern, _)| pattern.covers(channel)).map(|(_, service)| service)
    }
}
