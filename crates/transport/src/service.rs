//! One request: method, headers, body, answer.
//!
//! Protocol errors travel as Bayeux replies with status 200. Only what concerns the body as a
//! whole gets an HTTP status of its own: 400, 405, 408, 413, 415, each with a body of the form
//! `[{"successful":false,"error":"400::..."}]`.
//!
//! # Sources
//!
//! Observed: CometD takes any content type and none; clients take every status but 200 as failure.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use encke_broker::{Answer, Broker, Delivery, Release, Request as BrokerRequest, UserId};
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::rt::Executor;

use crate::body::ReplyBody;
use crate::config::HttpConfig;
use crate::entropy::OsEntropy;
use crate::held::Held;
use crate::websocket::{self, Socket};
use crate::{clock, cookie};

/// The verified user of a request, put into its extensions by the server around this service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authenticated(pub UserId);

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

    /// Serves one request.
    pub async fn serve<B>(self, request: Request<B>) -> Response<ReplyBody>
    where
        B: Body,
    {
        if websocket::is_upgrade(request.method(), request.headers()) {
            return self.upgrade(request);
        }
        let (delivery, set_cookie) = match self.answer(request).await {
            Ok((Answer::Reply(delivery), set_cookie)) => (delivery, set_cookie),
            Ok((Answer::Hold(hold), _)) => match Held::new(hold).await {
                (Release::Superseded, _) => return empty(self.config.superseded_status),
                (_, delivery) => (delivery, None),
            },
            Err(refusal) => return refusal.response(),
        };
        respond(delivery, set_cookie)
    }

    /// A refused upgrade is answered at once, so that clients fall back without waiting.
    fn upgrade<B>(&self, mut request: Request<B>) -> Response<ReplyBody> {
        let Some(executor) = &self.executor else {
            return Refusal::NoWebSocket.response();
        };
        let Some(response) = websocket::switching(request.headers()) else {
            return Refusal::NoWebSocket.response();
        };
        let user = request.extensions().get::<Authenticated>().map(|user| user.0.clone());
        let browser = cookie::read(request.headers(), &self.config.cookie.name);
        let upgrade = hyper::upgrade::on(&mut request);
        let (broker, config) = (self.broker.clone(), Arc::clone(&self.config));
        executor.execute(Box::pin(async move {
            if let Ok(upgraded) = upgrade.await {
                Socket::new(broker, &config, user, browser, upgraded).await.run().await;
            }
        }));
        response
    }

    async fn answer<B: Body>(
        &self,
        request: Request<B>,
    ) -> Result<(Answer, Option<HeaderValue>), Refusal> {
        let (parts, body) = request.into_parts();
        // The body is read even where it does not matter, so that the connection can go on.
        let read = read_body(body, self.config.body_bytes);
        let body = tokio::time::timeout(self.config.body_timeout, read)
            .await
            .map_err(|_| Refusal::TooSlow)??;
        check(&parts.method, &parts.headers)?;
        let user = parts.extensions.get::<Authenticated>().map(|user| &user.0);
        let browser = cookie::read(&parts.headers, &self.config.cookie.name);
        let request = BrokerRequest {
            user,
            browser: browser.as_ref(),
            pushes: false,
            now: clock::now(),
            entropy: &OsEntropy,
        };
        let answer = self.broker.handle(&request, &body).map_err(|error| Refusal::Body {
            status: StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST),
            text: error.to_string(),
        })?;
        let set_cookie = match &answer {
            Answer::Reply(delivery) => {
                delivery.browser().and_then(|browser| cookie::write(&self.config.cookie, browser))
            }
            Answer::Hold(_) => None,
        };
        Ok((answer, set_cookie))
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

/// Why a request was refused before or instead of its messages.
#[derive(Debug)]
enum Refusal {
    Method,
    NoWebSocket,
    Options,
    Encoding,
    Charset,
    TooLarge(usize),
    TooSlow,
    Aborted,
    Body { status: StatusCode, text: String },
}

impl Refusal {
    fn response(self) -> Response<ReplyBody> {
        // The rest of such a body is never read, so the connection cannot be used again.
        let unread = matches!(self, Self::TooLarge(_) | Self::TooSlow | Self::Aborted);
        let (status, text) = match self {
            Self::Options => return allow(empty(StatusCode::OK)),
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "messages are sent by POST".to_owned())
            }
            Self::NoWebSocket => {
                (StatusCode::BAD_REQUEST, "WebSocket is not served here".to_owned())
            }
            Self::Encoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body has a content encoding".to_owned())
            }
            Self::Charset => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is not UTF-8".to_owned())
            }
            Self::TooLarge(limit) => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {limit} bytes"))
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly".to_owned()),
            Self::Aborted => (StatusCode::BAD_REQUEST, "the body ended early".to_owned()),
            Self::Body { status, text } => (status, text),
        };
        let text = serde_json::json!([{
            "successful": false,
            "error": format!("{}::{text}", status.as_u16()),
        }]);
        let mut response = Response::new(ReplyBody::plain(text.to_string()));
        *response.status_mut() = status;
        set_json(response.headers_mut());
        if unread {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED { allow(response) } else { response }
    }
}

fn check(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if method == Method::OPTIONS {
        return Err(Refusal::Options);
    }
    if method != Method::POST {
        return Err(Refusal::Method);
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Refusal::Encoding);
    }
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let charset = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    match charset {
        Some(charset)
            if !["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| charset.eq_ignore_ascii_case(known)) =>
        {
            Err(Refusal::Charset)
        }
        _ => Ok(()),
    }
}

async fn read_body<B: Body>(body: B, limit: usize) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Refusal::TooLarge(limit));
    }
    let mut body = std::pin::pin!(body);
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| Refusal::Aborted)?.into_data() else {
            continue;
        };
        let length = bytes::Buf::remaining(&data);
        if first.as_ref().map_or(0, Bytes::len) + rest.len() + length > limit {
            return Err(Refusal::TooLarge(limit));
        }
        let data = bytes::Buf::copy_to_bytes(&mut data, length);
        // Nearly every body comes in one frame, which then need not be copied.
        match &first {
            None => first = Some(data),
            Some(_) => rest.extend_from_slice(&data),
        }
    }
    let first = first.unwrap_or_default();
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

fn respond(delivery: Delivery, set_cookie: Option<HeaderValue>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::delivery(delivery));
    set_json(response.headers_mut());
    if let Some(cookie) = set_cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn empty(status: StatusCode) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::plain(""));
    *response.status_mut() = status;
    response
}

fn allow(mut response: Response<ReplyBody>) -> Response<ReplyBody> {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    response
}

fn set_json(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
