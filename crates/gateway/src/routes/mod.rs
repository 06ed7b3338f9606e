//! The router over the rows of `table`, and what surrounds every handler: the body bound, the
//! counters, and JSON for what axum would answer in plain text.
//!
//! Everything under `/api/v2` is answered here except what the embedder mounts itself, above all
//! `/api/v2/notifications`. A slash at the end of a path means nothing: published clients write
//! `GET /api/v2/me/?subresources=...`.

use std::convert::Infallible;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;

use crate::caller::Caller;
use crate::counts::Operation;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::status::{Failure, ReturnCode};

mod calls;
mod channels;
mod devices;
mod features;
mod interactions;
mod me;
mod outcome;
mod table;
mod tevents;
mod users;

use self::table::routes;

/// Every route of the gateway.
pub(crate) fn router(gateway: Gateway) -> Router {
    let limit = gateway.config().body_limit_bytes;
    let mut router = Router::new();
    for path in ["/api/v2", "/api/v2/", "/api/v2/{*rest}"] {
        router = router.route(path, any(unknown));
    }
    for (_, path, handler) in routes() {
        router = router
            .route(&format!("/api/v2{path}"), handler.clone())
            .route(&format!("/api/v2{path}/"), handler);
    }
    router
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(limit))
        .layer(middleware::from_fn_with_state(gateway.clone(), account))
        .with_state(gateway)
}

/// Counts the answer.
async fn account(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some((operation, code)) = response.extensions().get::<(Operation, ReturnCode)>() {
        gateway.counts().count(*operation, *code);
    }
    response
}

async fn unknown() -> Reply {
    Failure::not_found(
        "no such resource; the REST API is below /api/v2/me, notifications (CometD) are at \
         /api/v2/notifications",
    )
    .into()
}

async fn wrong_method(request: Request) -> Reply {
    Failure::invalid(format!("{} is not possible on this resource", request.method()))
        .with_http(StatusCode::METHOD_NOT_ALLOWED)
        .into()
}

/// Who asks, as the login has established it; without a login there is no answer but `20`.
struct By(Caller);

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Reply;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(|| {
            Failure::new(ReturnCode::NotAuthenticated, "Access denied: nobody is logged in").into()
        })
    }
}

/// The `{id}` of a path. One that cannot be decoded names nothing.
struct Id(String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Reply;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Path::<String>::from_request_parts(parts, state).await.map_or_else(
            |_: PathRejection| Err(Failure::not_found("the id in the path is not text").into()),
            |Path(id)| Ok(Self(id)),
        )
    }
}

/// The bytes of a body, or why there are none. It never rejects, so that a handler can look at who
/// is asking first.
struct Payload(Result<Bytes, Failure>);

impl FromRequest<Gateway> for Payload {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &Gateway) -> Result<Self, Self::Rejection> {
        Ok(Self(Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                let limit = state.config().body_limit_bytes;
                Failure::invalid(format!("the body is longer than {limit} bytes"))
                    .with_http(StatusCode::PAYLOAD_TOO_LARGE)
            } else {
                tracing::debug!(error = %rejection, "body not read");
                Failure::missing("the body broke off")
            }
        })))
    }
}
