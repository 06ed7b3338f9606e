//! The front door: what every request passes on its way to the part that answers it.
//!
//! | Path                              | Passes                                    | Answered by |
//! |-----------------------------------|-------------------------------------------|-------------|
//! | `/cometd`, `/cometd/...`          | rate, origin, login if there is one, CSRF | transport   |
//! | `/api/v2/notifications`, `.../..` | rate, origin, login, CSRF                 | transport   |
//! | `/api/v2/...`                     | rate, origin, login, CSRF                 | gateway     |
//! | `/api/bayeux/v1/...`              | rate, origin, key or login, CSRF          | `api`       |
//! | `/api/feed/v1/...`                | rate, origin, key                         | `feed`      |
//! | `/sim/v1/...`                     | origin                                    | `simulator` |
//! | `/healthz` and siblings           |                                           | `operations`|
//! | `/openapi.json`, `/asyncapi.json`, `/api/bayeux/v1/openapi.json` and that of the feed | | `description` |
//! | everything else                   |                                           | `pages`     |
//!
//! A poll that is held leaves here as [`Held`], with what its answer gets on the way out.
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
use encke::transport::{BayeuxService, Peer, Served};
use http::header::CONNECTION;
use http::{HeaderValue, Request, StatusCode, request};
use http_body::Body as _;
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::answer::{self, Answer, Form, Refused};
use crate::clock::{self, Moment};
use crate::cors::Origins;
use crate::description;
use crate::listener::{DeadlineBody, Outcome, Service};
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
    /// Where a key names a source.
    pub(crate) feed: Option<Router>,
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
mod held;
mod part;
mod request_id;

use admission::{Admission, too_many};
use held::{Asked, Held, Marks};
use part::Part;
use request_id::RequestId;

impl Service for Front {
    type Held = Held;

    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Outcome<Held> {
        let start = clock::moment();
        let peer = self.0.proxies.client(peer.ip(), request.headers());
        let asked = Asked::of(&request, peer, start.at);
        let id = RequestId::of(request.headers());
        match self.dispatch(request, peer, start).await {
            Outcome::Answered(mut answer) => {
                if let Some(id) = id {
                    id.give_back(answer.headers_mut());
                }
                if let Some(asked) = asked {
                    asked.tell(&answer);
                }
                Outcome::Answered(answer)
            }
            Outcome::Held(held) => Outcome::Held(Held { asked, ..held }),
        }
    }
}

impl Front {
    async fn dispatch(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        now: Moment,
    ) -> Outcome<Held> {
        let house = &*self.0;
        let (mut head, body) = request.into_parts();
        let part = Part::of(head.uri.path());
        if part == Part::Other {
            return Outcome::Answered(house.other(&head));
        }
        let is_absent = match part {
            Part::Api => house.api.is_none(),
            Part::Feed => house.feed().is_none(),
            _ => false,
        };
        if is_absent {
            return Outcome::Answered(no_such_page().answer(part.form()));
        }
        let origin = house.origins.judge(&head.headers);
        let refuse = |refused: Refused| {
            let mut answer = refused.answer(part.form());
            origin.mark(answer.headers_mut());
            Outcome::Answered(answer)
        };
        if let Some(limit) = &house.by_address
            && let Err(wait) = limit.take(network(peer), now.at)
        {
            house.counted.limited("address");
            return refuse(too_many(wait));
        }
        if let Some(answer) = origin.preflight(&head) {
            return Outcome::Answered(answer);
        }
        if let Some(refused) = origin.refuse(&head) {
            return refuse(refused);
        }
        // In boxes: over HTTP/2 a held poll waits here, and would keep the room that they take.
        let admitted = match house.admit(part, &mut head, peer, now) {
            Ok(Admission::Granted(given)) => Ok(given),
            Ok(Admission::Unchecked(unchecked)) => {
                Box::pin(house.check(unchecked, part, &mut head, peer, now)).await
            }
            Err(refused) => Err(refused),
        };
        let given = match admitted {
            Ok(given) => given,
            Err(refused) => return refuse(*refused),
        };
        head.extensions.insert(Peer(peer));
        let tells_token = house.tells_token(&head.method);
        let mut marks = Marks { origin, given, tells_token };
        let request = Request::from_parts(head, body);
        let mut answer = match house.bayeux(part) {
            Some(service) => match Box::pin(service.clone().begin(request)).await {
                Served::Answered(response) => response.map(Body::new),
                Served::Held(poll) => return Outcome::Held(Held { poll, marks, asked: None }),
            },
            None if part == Part::Feed => Box::pin(house.feed_with(request)).await,
            None => Box::pin(house.route(part, request)).await,
        };
        house.end_session(&answer, marks.given.as_deref_mut());
        marks.put(&mut answer);
        Outcome::Answered(answer)
    }
}

impl House {
    /// Pages and operations, which need nobody's name.
    fn other(&self, head: &request::Parts) -> Answer {
        let path = head.uri.path();
        let operations = self.operations.as_ref();
        if let Some(answer) = operations.and_then(|known| known.answer(&head.method, path)) {
            answer
        } else if let Some(text) = description::of(path, self.api.is_some(), self.feed().is_some())
        {
            description::answer(text, &head.method, &head.headers)
        } else if self.desk || pages::is_for_others(path) {
            pages::answer(&head.method, path, &head.headers)
        } else {
            no_such_page().answer(Form::Gws)
        }
    }

    /// The service that speaks Bayeux in this part of the house.
    fn bayeux(&self, part: Part) -> Option<&BayeuxService> {
        match part {
            Part::Notifications => Some(&self.notifications),
            Part::Cometd => self.cometd.as_ref().map(|cometd| &cometd.service),
            Part::Gateway | Part::Api | Part::Feed | Part::Simulator | Part::Other => None,
        }
    }

    /// The router of every other part, and its longest body.
    fn router(&self, part: Part) -> Option<(&Router, usize)> {
        match part {
            Part::Gateway => Some((&self.gateway, self.body_bytes)),
            Part::Api => self.api.as_ref().map(|door| (&door.router, door.body_bytes)),
            Part::Simulator => self.simulator.as_ref().map(|router| (router, self.body_bytes)),
            Part::Notifications | Part::Cometd | Part::Feed | Part::Other => None,
        }
    }

    fn feed(&self) -> Option<&Router> {
        self.api.as_ref().and_then(|door| door.feed.as_ref())
    }

    /// Hands a request to the feed, whose bodies may take as long and be as long as they like: the
    /// feed has bounds of its own.
    async fn feed_with(&self, request: Request<Incoming>) -> Answer {
        let Some(router) = self.feed() else { return no_such_page().answer(Form::Named) };
        match router.clone().oneshot(request.map(Body::new)).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    /// Hands a request to the router of its part, unless its body is announced to be too long: nobody
    /// waits for bytes that will be refused.
    async fn route(&self, part: Part, request: Request<Incoming>) -> Answer {
        let Some((router, longest)) = self.router(part) else {
            return no_such_page().answer(part.form());
        };
        let announced = usize::try_from(request.body().size_hint().lower());
        if announced.is_ok_and(|bytes| bytes > longest) {
            let mut answer = answer::too_long(longest).answer(part.form());
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return answer;
        }
        let request = request.map(|body| Body::new(DeadlineBody::new(body, self.body_timeout)));
        match router.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    /// Ends the browser session where the gateway says that the user asked to be logged out.
    ///
    /// It ends whether or not the agent's state could be stored: who leaves a desk must not be found
    /// logged in by who sits down at it next, and to try again he can log in again.
    fn end_session(&self, answer: &Answer, given: Option<&mut Given>) {
        let answered = answer.extensions().get::<(Operation, ReturnCode)>();
        if let (Some((Operation::EndContactCenterSession, _)), Some(given)) = (answered, given) {
            self.login.end_session(given);
        }
    }
}

fn no_such_page() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, 6, "no_such_path", "there is no such page")
}
