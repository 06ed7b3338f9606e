//! `/api/v2/tevents`: the trace of all T-Library events, which is ours.
//!
//! It is for who may change the user data of any call, since that is what it shows. Nobody else
//! learns of it, whatever he subscribes to: it is no channel.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::By;
use super::calls::may_act_for_others;
use crate::counts::Operation;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::status::{Failure, ReturnCode};
use crate::trace::{MOST_READERS, Trace};

/// Proxies that collect responses would hold events back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// `GET /api/v2/tevents`, as server-sent events.
pub(super) async fn read(State(gateway): State<Gateway>, By(caller): By) -> Response {
    let opened = may_act_for_others(&caller).and_then(|()| {
        gateway.trace().and_then(Trace::read).ok_or_else(|| {
            let text = format!("no more than {MOST_READERS} may read the trace, or there is none");
            Failure::new(ReturnCode::Internal, text).with_http(StatusCode::SERVICE_UNAVAILABLE)
        })
    });
    let body = match opened {
        Ok(body) => body,
        Err(failure) => {
            return Reply::from(failure).counted_as(Operation::GetTevents).into_response();
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let events = HeaderValue::from_static("text/event-stream;charset=UTF-8");
    headers.insert(header::CONTENT_TYPE, events);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
    response.extensions_mut().insert((Operation::GetTevents, ReturnCode::Success));
    response
}
