//! The front door: what every request passes on its way to the part that answers it.
//!
//! | Path                              | Passes                                    | Answered by |
//! |-----------------------------------|-------------------------------------------|-------------|
//! | `/cometd`, `/cometd/...`          | rate, origin, login if there is one, CSRF | transport   |
//! | `/api/v2/notifications`, `.../..` | rate, origin, login, CSRF                 | transport   |
//! | `/api/v2/...`                     | rate, origin, login, CSRF                 | gateway     |
//! | `/sim/v1/...`                     | origin                                    | `simulator` |
//! | `/healthz` and siblings           |                                           | `operations`|
//! | `/openapi.json`                   |                                           | `description` |
//! | everything else                   |                                           | `pages`     |
//!
//! A held poll lives in the future that [`Front::answer`](Service::answer) returns; branches that
//! cannot hold are boxed, so that they add nothing to its size.
//!
//! Nothing that a stranger can do is logged above debug.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use encke::broker::UserId;
use encke::broker::address::network;
use encke::gateway::{Operation, ReturnCode};
use encke::transport::{Authenticated, BayeuxService, Peer, Roles, Until};
use http::header::CONNECTION;
use http::{HeaderValue, Method, Request, StatusCode, request};
use http_body::Body as _;
use hyper::body::Incoming;
use tower::ServiceExt;
use tracing::Level;

use crate::answer::{self, Answer};
use crate::clock::{self, Moment};
use crate::cors::Origins;
use crate::description;
use crate::listener::{DeadlineBody, Service};
use crate::login::{Found, Known, Login, Refusal};
use crate::metrics::Counted;
use crate::operations::Operations;
use crate::pages;
use crate::rate::Buckets;

/// The generic Bayeux endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Cometd {
    pub(crate) service: BayeuxService,
    /// Whether clients without a login go on to it.
    pub(crate) anonymous: bool,
}

/// Everything that a request may need.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) login: Arc<Login>,
    pub(crate) origins: Origins,
    pub(crate) by_address: Option<Buckets<std::net::IpAddr>>,
    pub(crate) by_user: Option<Buckets<UserId>>,
    pub(crate) notifications: BayeuxService,
    pub(crate) cometd: Option<Cometd>,
    pub(crate) gateway: Router,
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

/// Which part answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Cometd,
    Notifications,
    Gateway,
    Simulator,
    Other,
}

impl Part {
    fn of(path: &str) -> Self {
        let below = |root: &str| {
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if below("/api/v2/notifications") {
            Self::Notifications
        } else if below("/api/v2") {
            Self::Gateway
        } else if below("/cometd") {
            Self::Cometd
        } else if below("/sim/v1") {
            Self::Simulator
        } else {
            Self::Other
        }
    }
}

impl Service for Front {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let start = clock::moment();
        // A copy of the text, and only if somebody reads it: the address shares hyper's read
        // buffer, which would stay with every held poll.
        let asked = tracing::enabled!(Level::DEBUG)
            .then(|| format!("{} {}", request.method(), request.uri().path()));
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
    async fn dispatch(&self, request: Request<Incoming>, peer: SocketAddr, now: Moment) -> Answer {
        let house = &*self.0;
        let (mut head, body) = request.into_parts();
        let part = Part::of(head.uri.path());
        if part == Part::Other {
            return house.other(&head);
        }
        if let Some(limit) = &house.by_address
            && let Err(wait) = limit.take(network(peer.ip()), now.at)
        {
            house.counted.limited("address");
            return too_many(wait);
        }
        let origin = house.origins.judge(&head.headers);
        if let Some(answer) = origin.preflight(&head).or_else(|| origin.refuse(&head)) {
            return answer;
        }
        // In a box, so that a held poll does not keep the room that a login takes.
        let mut known = match Box::pin(house.admit(part, &mut head, peer, now)).await {
            Ok(known) => known,
            Err(mut answer) => {
                origin.mark(answer.headers_mut());
                return *answer;
            }
        };
        head.extensions.insert(Peer(peer.ip()));
        let tells_token = house.login.csrf && head.method == Method::GET;
        let request = Request::from_parts(head, body);
        let mut answer = match part {
            Part::Notifications => to_answer(house.notifications.clone().serve(request).await),
            Part::Cometd => match &house.cometd {
                Some(cometd) => to_answer(cometd.service.clone().serve(request).await),
                None => no_such_page(),
            },
            Part::Gateway => {
                let answer = Box::pin(house.route(house.gateway.clone(), request)).await;
                house.end_session(&answer, known.as_deref_mut());
                answer
            }
            Part::Simulator | Part::Other => match house.simulator.clone() {
                Some(simulator) => Box::pin(house.route(simulator, request)).await,
                None => no_such_page(),
            },
        };
        let headers = answer.headers_mut();
        origin.mark(headers);
        if let Some(known) = known {
            known.give_cookie(headers);
            if tells_token {
                known.tell_csrf_token(headers);
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
        } else if let Some(answer) = description::answer(&head.method, path, &head.headers) {
            answer
        } else if self.desk || pages::is_for_others(path) {
            pages::answer(&head.method, path, &head.headers)
        } else {
            no_such_page()
        }
    }

    /// Finds out who asks, and whether they may go on to this part.
    ///
    /// Puts the user into the request's extensions. `None` is an anonymous client, where those are
    /// allowed.
    async fn admit(
        &self,
        part: Part,
        head: &mut request::Parts,
        peer: SocketAddr,
        now: Moment,
    ) -> Result<Option<Box<Known>>, Box<Answer>> {
        if part == Part::Simulator {
            return Ok(None);
        }
        let anonymous =
            part == Part::Cometd && self.cometd.as_ref().is_some_and(|cometd| cometd.anonymous);
        let known = match self.login.identify(head, peer.ip(), now) {
            Found::Known(known) => known,
            Found::Unchecked(unchecked) => {
                let check = self.login.check(unchecked, &head.headers, peer.ip(), now);
                match Box::pin(check).await {
                    Ok(known) => known,
                    Err(refusal) => return Err(Box::new(self.refuse(refusal))),
                }
            }
            Found::Nobody(_) if anonymous => return Ok(None),
            Found::Nobody(refusal) | Found::Refused(refusal) => {
                return Err(Box::new(self.refuse(refusal)));
            }
        };
        if let Some(outcome) = known.outcome {
            self.counted.login(outcome);
        }
        let user = known.who.user();
        if let Some(limit) = &self.by_user
            && let Err(wait) = limit.take(user.clone(), now.at)
        {
            self.counted.limited("user");
            return Err(Box::new(too_many(wait)));
        }
        if let Err(refusal) = self.login.guard_csrf(&known, &head.method, &head.headers) {
            let mut answer = self.refuse(refusal);
            known.give_cookie(answer.headers_mut());
            return Err(Box::new(answer));
        }
        match known.who.caller() {
            Some(caller) => {
                head.extensions.insert(caller);
            }
            None if part == Part::Cometd => {}
            None => return Err(Box::new(self.refuse(Refusal::NotConfigured))),
        }
        head.extensions.insert(Authenticated(user.clone()));
        head.extensions.insert(Roles(Arc::clone(known.who.roles())));
        if let Some(until) = known.who.until() {
            head.extensions.insert(Until(until));
        }
        Ok(Some(Box::new(known)))
    }

    /// Hands a request to a router, unless its body is announced to be too long: nobody waits for
    /// bytes that will be refused.
    async fn route(&self, router: Router, request: Request<Incoming>) -> Answer {
        let announced = usize::try_from(request.body().size_hint().lower());
        if announced.is_ok_and(|bytes| bytes > self.body_bytes) {
            let mut answer = answer::too_long(self.body_bytes);
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
    fn end_session(&self, answer: &Answer, known: Option<&mut Known>) {
        let ended = answer.extensions().get::<(Operation, ReturnCode)>()
            == Some(&(Operation::EndContactCenterSession, ReturnCode::Success));
        if let Some(known) = known
            && ended
        {
            self.login.end_session(known);
        }
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        self.counted.login(refusal.label());
        refusal.answer()
    }
}

fn to_answer(answer: http::Response<encke::transport::ReplyBody>) -> Answer {
    answer.map(Body::new)
}

fn no_such_page() -> Answer {
    answer::status(StatusCode::NOT_FOUND, 6, "there is no such page")
}

fn too_many(wait: Duration) -> Answer {
    let answer = answer::status(StatusCode::TOO_MANY_REQUESTS, 3, "Too many requests");
    answer::retry_after(answer, wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_parts() {
        for (path, part) in [
            ("/cometd", Part::Cometd),
            ("/cometd/", Part::Cometd),
            ("/cometd/handshake", Part::Cometd),
            ("/cometdx", Part::Other),
            ("/api/v2/notifications", Part::Notifications),
            ("/api/v2/notifications/connect", Part::Notifications),
            ("/api/v2/notificationsx", Part::Gateway),
            ("/api/v2", Part::Gateway),
            ("/api/v2/me/", Part::Gateway),
            ("/api/v20", Part::Other),
            ("/sim/v1/calls", Part::Simulator),
            ("/", Part::Other),
            ("/desk/", Part::Other),
            ("/healthz", Part::Other),
        ] {
            assert_eq!(Part::of(path), part, "{path}");
        }
    }
}
