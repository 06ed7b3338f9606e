//! One request: method, headers, body, answer.
//!
//! Protocol errors travel as Bayeux replies with status 200. What concerns a request as a whole is
//! refused with a status of its own, see `refusal`.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use encke_broker::{Answer, Broker, Request as BrokerRequest};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::rt::Executor;

use crate::body::ReplyBody;
use crate::callback::Callback;
use crate::config::HttpConfig;
use crate::events::View;
use crate::form::Form;
use crate::held::HeldPoll;
use crate::refusal::Refusal;
use crate::websocket::{self, Socket};
use crate::who::Who;
use crate::{compress, cookie, incoming};

/// Bayeux over HTTP. Cheap to clone; serves any number of connections.
///
/// Implements `hyper::service::Service` and `tower_service::Service` for any request body.
///
/// # Cancel safety
///
/// Dropping a response future tells the broker that the connection has ended. Nothing is lost: the
/// messages wait for the client's next connect.
#[derive(Clone)]
pub struct BayeuxService {
    broker: Broker,
    config: Arc<HttpConfig>,
    executor: Option<Arc<dyn Executor<SocketTask> + Send + Sync>>,
}

/// A WebSocket from its upgrade to its end; whoever gave the executor runs it.
pub type SocketTask = Pin<Box<dyn Future<Output = ()> + Send>>;

impl fmt::Debug for BayeuxService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BayeuxService")
            .field("config", &self.config)
            .field("websocket", &self.executor.is_some())
            .finish_non_exhaustive()
    }
}

/// What a request has come to.
#[derive(Debug)]
pub enum Served {
    /// It is answered.
    Answered(Response<ReplyBody>),
    /// It is a poll that is held.
    Held(HeldPoll),
}

/// What the head of a request says.
enum Looked<B> {
    /// The response; the body does not matter.
    Answered(Box<Response<ReplyBody>>),
    /// That the body is for the broker.
    Asks(Box<Asks<B>>),
}

/// A request whose body is to be read.
struct Asks<B> {
    who: Who,
    multiplexed: bool,
    takes_gzip: bool,
    /// How the response is to be wrapped, and the messages, where those are not the body; or why
    /// there are none.
    callback: Result<Option<(Box<Callback>, Bytes)>, Refusal>,
    body: B,
}

impl BayeuxService {
    /// Serves `broker`. Run [`crate::drive`] beside it.
    pub fn new(broker: Broker, config: HttpConfig) -> Self {
        Self { broker, config: Arc::new(config), executor: None }
    }

    /// Serves `WebSocket` too. Each socket is a future of its own, handed to `executor` at its upgrade.
    ///
    /// Name `websocket` in the broker's [`connection_types`] as well, so that clients try it. The
    /// connection must allow upgrades (`with_upgrades` in hyper). Who may open one from another
    /// origin is for the server around this service to decide, before the request gets here.
    ///
    /// [`connection_types`]: encke_broker::Config::connection_types
    #[must_use]
    pub fn websocket(
        mut self,
        executor: impl Executor<SocketTask> + Send + Sync + 'static,
    ) -> Self {
        self.executor = Some(Arc::new(executor));
        self
    }

    /// Serves one request to the end of its hold.
    ///
    /// The future is small: what a request takes to be read is in a box that is gone when its connect
    /// is held.
    pub fn serve<B>(self, request: Request<B>) -> impl Future<Output = Response<ReplyBody>>
    where
        B: Body,
    {
        let beginning = Box::pin(self.begin(request));
        async move {
            match beginning.await {
                Served::Answered(response) => response,
                Served::Held(poll) => poll.await,
            }
        }
    }

    /// Serves one request as far as it goes without waiting for messages.
    ///
    /// A server that can wait for a held poll at less expense than a request that is under way costs
    /// in its HTTP engine takes this in the place of [`BayeuxService::serve`].
    ///
    /// Of the request the future keeps its body and the little that is needed of its head: requests
    /// are large, and a future is moved about before it is polled.
    pub fn begin<B>(self, request: Request<B>) -> impl Future<Output = Served>
    where
        B: Body,
    {
        let first = self.look(request);
        async move {
            match first {
                Looked::Answered(response) => Served::Answered(*response),
                Looked::Asks(asks) => self.take(*asks).await,
            }
        }
    }

    /// Looks at the head of a request.
    fn look<B>(&self, request: Request<B>) -> Looked<B> {
        if websocket::is_upgrade(request.method(), request.headers()) {
            return Looked::Answered(Box::new(self.upgrade(request)));
        }
        let (parts, body) = request.into_parts();
        if self.config.views
            && let Some(view) = View::of(&parts.method, &parts.uri)
        {
            let answer = view.answer(&self.broker, &self.config, &parts);
            return Looked::Answered(Box::new(answer.unwrap_or_else(Refusal::response)));
        }
        let takes_gzip =
            self.config.compress_above.is_some() && compress::is_welcome(&parts.headers);
        let callback = if self.config.callback_polling && parts.method == Method::GET {
            Callback::read(&parts.uri, &self.config.callback)
                .map(|(callback, messages)| Some((Box::new(callback), messages)))
        } else {
            incoming::check(&parts.method, &parts.headers).map(|()| None)
        };
        let browser = cookie::read(&parts.headers, &self.config.cookie.name);
        let who = Who::of(&parts.extensions, browser);
        let multiplexed = parts.version == Version::HTTP_2;
        Looked::Asks(Box::new(Asks { who, multiplexed, takes_gzip, callback, body }))
    }

    /// Reads the body and hands it to the broker.
    async fn take<B: Body>(self, asks: Asks<B>) -> Served {
        let Asks { who, multiplexed, takes_gzip, callback, body } = asks;
        // The body is read even where it does not matter, so that the connection can go on.
        let read = self.read(body).await;
        let answered = read.and_then(|body| {
            let (callback, body) =
                callback?.map_or((None, body), |(callback, messages)| (Some(callback), messages));
            let request = BrokerRequest { multiplexed, ..who.request() };
            let answer = self.broker.handle(&request, &body).map_err(|error| Refusal::Body {
                status: StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST),
                text: error.to_string(),
            })?;
            Ok((answer, callback))
        });
        let (answer, callback) = match answered {
            Ok(answered) => answered,
            Err(refusal) => return Served::Answered(refusal.response()),
        };
        let form = Form { config: self.config, callback, takes_gzip };
        match answer {
            Answer::Reply(delivery) => Served::Answered(form.respond(delivery)),
            Answer::Hold(hold) => Served::Held(HeldPoll::new(hold, form)),
        }
    }

    /// Reads a body. One that is here already, as nearly all are, costs no timer.
    async fn read<B: Body>(&self, body: B) -> Result<Bytes, Refusal> {
        let mut read = std::pin::pin!(incoming::read_body(body, self.config.body_bytes));
        if let Poll::Ready(read) = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await {
            return read;
        }
        let late = tokio::time::timeout(self.config.body_timeout, read).await;
        late.unwrap_or(Err(Refusal::TooSlow))
    }

    /// A refused upgrade is answered at once, so that clients fall back without waiting.
    fn upgrade<B>(&self, mut request: Request<B>) -> Response<ReplyBody> {
        let Some(executor) = &self.executor else {
            return Refusal::NoWebSocket.response();
        };
        let protocol = self.config.socket.protocol.as_deref();
        let Some(response) = websocket::switching(request.headers(), protocol) else {
            return Refusal::NoWebSocket.response();
        };
        let browser = cookie::read(request.headers(), &self.config.cookie.name);
        let who = Who::of(request.extensions(), browser);
        let upgrade = hyper::upgrade::on(&mut request);
        let (broker, config) = (self.broker.clone(), Arc::clone(&self.config));
        executor.execute(Box::pin(async move {
            if let Ok(upgraded) = upgrade.await {
                let mut socket = Socket::new(broker, &config, who, upgraded).await;
                socket.run().await;
            }
        }));
        response
    }
}

impl<B> hyper::service::Service<Request<B>> for BayeuxService
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.serve(request).await) })
    }
}

impl<B> tower_service::Service<Request<B>> for BayeuxService
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        hyper::service::Service::call(self, request)
    }
}

#[cfg(test)]
mod tests {
    use encke_broker::Config;

    use super::*;

    #[test]
    fn a_held_poll_keeps_little_room() {
        let broker = Broker::new(Config::default()).unwrap();
        let service = BayeuxService::new(broker, HttpConfig::default());
        let serving = service.serve(Request::new(String::new()));
        assert!(size_of_val(&serving) <= 480, "{}", size_of_val(&serving));
    }
}
