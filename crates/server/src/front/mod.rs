//! The front door: what every request passes on its way to the part that answers it.
//!
//! | Path                              | Passes                                    | Answered by |
//! |-----------------------------------|-------------------------------------------|-------------|
//! | `/cometd`, `/cometd/...`          | rate, origin, login if there is one, CSRF | transport   |
//! | `/api/v2/notifications`, `.../..` | rate, origin, login, CSRF                 | transport   |
//! | `/api/v2/...`                     | rate, origin, login, CSRF                 | gateway     |
//! | `/api/bayeux/v1/...`              | rate, origin, key or login, CSRF          | `api`       |
//! | `/sim/v1/...`                     | origin                                    | `simulator` |
//! | `/healthz` and siblings           |                                           | `operations`|
//! | `/openapi.json`, `/api/bayeux/v1/openapi.json` |                              | `description` |
//! | everything else                   |                                           | `pages`     |
//!
//! A held poll lives in the future that [`Front::answer`](Service::answer) returns; branches that
//! cannot hold are boxed, so that they add nothing to its size.
//!
//! Nothing that a stranger can do is logged above debug.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use encke::broker::UserId;
use encke::broker::address::network;
use encke::gateway::{Operation, ReturnCode};
use encke::transport::{BayeuxService, Peer};
use http::header::CONNECTION;
use http::{HeaderValue, Request, StatusCode, request};
use http_body::Body as _;
use hyper::body::Incoming;
use tower::ServiceExt;
use tracing::Level;

use crate::answer::{self, Answer, Form, Refused};
use crate::clock::{self, Moment};
use crate::cors::Origins;
use crate::description;
use crate::listener::{DeadlineBody, Service};
use crate::login::{ApiKeys, Given, Login};
use crate::metrics::Counted;
use crate::operations::Operations;
use crate::pages;
use crate::proxies::Proxies;
use crate::rate::Buckets;

/// The generic Bayeux endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Cometd {
    pub(crate) service: BayeuxService,
    /// Whether clients without a login go on to it.
    pub(crate) anonymous: bool,
}

/// The HTTP API for back ends.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) router: Router,
    pub(crate) keys: ApiKeys,
    pub(crate) body_bytes: usize,
}

/// Everything that a request may need.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) login: Arc<Login>,
    pub(crate) origins: Origins,
    pub(crate) proxies: Proxies,
    pub(crate) by_address: Option<Buckets<IpAddr>>,
    pub(crate) by_user: Option<Buckets<UserId>>,
    pub(crate) notifications: BayeuxService,
    pub(crate) cometd: Option<Cometd>,
    pub(crate) gateway: Router,
    pub(crate) api: Option<Door>,
    pub(crate) simulator: Option<Router>,
    /// `None` where operations have a listener of their own.
    pub(crate) operations: Option<Arc<Operations>>,
    pub(crate) desk: bool,
    pub(crate) body_timeout: Duration,
    pub(crate) body_bytes: usize,
    pub(crate) counted: Counted,
}

/// A cheap handle to the [`House`].
#[derive(Clone, Debug)]
pub(crate) struct Front(pub(crate) Arc<House>);

mod admission;
mod part;

use admission::too_many;
use part::Part;

impl Service for Front {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let start = clock::moment();
        // A copy of the text, and only if somebody reads it: the address shares hyper's read
        // buffer, which would stay with every held poll.
        let asked = tracing::enabled!(Level::DEBUG)
            .then(|| format!("{} {}", request.method(), request.uri().path()));
        let peer = self.0.proxies.client(peer.ip(), request.headers());
        let answer = self.dispatch(request, peer, start).await;
        if let Some(asked) = asked {
            tracing::debug!(
                %peer,
                asked,
                status = answer.status().as_u16(),
                elapsed_ms = clock::now().saturating_duration_since(start.at).as_millis(),
                "request"
            );
        }
        answer
    }
}

impl Front {
    async fn dispatch(&self, request: Request<Incoming>, peer: IpAddr, now: Moment) -> Answer {
        let house = &*self.0;
        let (mut head, body) = request.into_parts();
        let part = Part::of(head.uri.path());
        if part == Part::Other {
            return house.other(&head);
        }
        if part == Part::Api && house.api.is_none() {
            return no_such_page().answer(part.form());
        }
        let origin = house.origins.judge(&head.headers);
        if let Some(limit) = &house.by_address
            && let Err(wait) = limit.take(network(peer), now.at)
        {
            house.counted.limited("address");
            let mut answer = too_many(wait).answer(part.form());
            origin.mark(answer.headers_mut());
            return answer;
        }
        if let Some(answer) = origin.preflight(&head) {
            return answer;
        }
        if let Some(refused) = origin.refuse(&head) {
            let mut answer = refused.answer(part.form());
            origin.mark(answer.headers_mut());
            return answer;
        }
        // In a box, so that a held poll does not keep the room that a login takes.
        let mut given = match Box::pin(house.admit(part, &mut head, peer, now)).await {
            Ok(given) => given,
            Err(refused) => {
                let mut answer = refused.answer(part.form());
                origin.mark(answer.headers_mut());
                return answer;
            }
        };
        head.extensions.insert(Peer(peer));
        let tells_token = house.tells_token(&head.method);
        let request = Request::from_parts(head, body);
        let mut answer = match part {
            Part::Notifications => to_answer(house.notifications.clone().serve(request).await),
            Part::Cometd => match &house.cometd {
                Some(cometd) => to_answer(cometd.service.clone().serve(request).await),
                None => no_such_page().answer(part.form()),
            },
            Part::Gateway => {
                let router = house.gateway.clone();
                let answer = Box::pin(house.route(router, house.body_bytes, part, request)).await;
                house.end_session(&answer, given.as_deref_mut());
                answer
            }
            Part::Api => match &house.api {
                Some(door) => {
                    let (router, longest) = (door.router.clone(), door.body_bytes);
                    Box::pin(house.route(router, longest, part, request)).await
                }
                None => no_such_page().answer(part.form()),
            },
            Part::Simulator | Part::Other => match house.simulator.clone() {
                Some(router) => {
                    Box::pin(house.route(router, house.body_bytes, part, request)).await
                }
                None => no_such_page().answer(part.form()),
            },
        };
        let headers = answer.headers_mut();
        origin.mark(headers);
        if let Some(given) = given {
            given.give_cookie(headers);
            if tells_token {
                given.tell_csrf_token(headers);
            }
        }
        answer
    }
}

impl House {
    /// Pages and operations, which need nobody's name.
    fn other(&self, head: &request::Parts) -> Answer {
        let path = head.uri.path();
        let operations = self.operations.as_ref();
        if let Some(answer) = operations.and_then(|known| known.answer(&head.method, path)) {
            answer
        } else if let Some(text) = description::of(path, self.api.is_some()) {
            description::answer(text, &head.method, &head.headers)
        } else if self.desk || pages::is_for_others(path) {
            pages::answer(&head.method, path, &head.headers)
        } else {
            no_such_page().answer(Form::Gws)
        }
    }

    /// Hands a request to a router, unless its body is announced to be too long: nobody waits for
    /// bytes that will be refused.
    async fn route(
        &self,
        router: Router,
        longest: usize,
        part: Part,
        request: Request<Incoming>,
    ) -> Answer {
        let announced = usize::try_from(request.body().size_hint().lower());
        if announced.is_ok_and(|bytes| bytes > longest) {
            let mut answer = answer::too_long(longest).answer(part.form());
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return answer;
        }
        let request = request.map(|body| Body::new(DeadlineBody::new(body, self.body_timeout)));
        match router.oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    /// Ends the browser session where the gateway says that the user has logged out.
    fn end_session(&self, answer: &Answer, given: Option<&mut Given>) {
        let ended = answer.extensions().get::<(Operation, ReturnCode)>()
            == Some(&(Operation::EndContactCenterSession, ReturnCode::Success));
        if let Some(given) = given
            && ended
        {
            self.login.end_session(given);
        }
    }
}

fn to_answer(answer: http::Response<encke::transport::ReplyBody>) -> Answer {
    answer.map(Body::new)
}

fn no_such_page() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, 6, "no_such_path", "there is no such page")
}
