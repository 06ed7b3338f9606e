//! The outside world at `/sim/v1`: callers, customers, third parties, faults. Nobody logs in here.
//!
//! Mounted in the demo and where `[simulator] enabled` says so, and nowhere else: whoever reaches
//! it can ring every phone and read nothing. Answers have the gateway's form.
//!
//! | Request                                                              | Effect               |
//! |----------------------------------------------------------------------|----------------------|
//! | `POST /sim/v1/calls {"to","from","userData"?}`                       | an inbound call rings; `id`, `connId` |
//! | `POST /sim/v1/calls/{id} {"operationName":"Answer"\|"Hangup","dn"?}` | the outside party or the DN acts |
//! | `POST /sim/v1/calls/{id} {"operationName":"AttachUserData"...,"thirdPartyDn","userData"}` | a third party changes user data |
//! | `POST /sim/v1/smssessions {"to","from","nickname"?,"text"?,"userData"?}` | an SMS session is offered; `id` |
//! | `POST /sim/v1/smssessions/{id} {"operationName":"SendMessage"\|"Leave"...,"text"?,"url"?}` | the customer acts |
//! | `POST /sim/v1/interactions {"medium","to","from","nickname"?,"subject"?,"text"?,"userData"?,"address"?,"mediaType"?,"openmediaType"?,"comment"?,"twitterType"?}` | an interaction of any medium is offered; `id` |
//! | `POST /sim/v1/interactions/{id} {"operationName","text"?,"url"?}` | the customer acts, or it is taken back |
//! | `POST /sim/v1/faults {"journal":"fail"\|"delay"\|"ok","ms"?}`         | see `faults`         |
//! | `GET`, `POST /sim/v1/scenarios`; `GET`, `DELETE /sim/v1/scenarios/{id}` | see `scenario`    |

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use encke::broker::Broker;
use encke::calls::{Core, Subject};
use encke::gateway::Directory;
use http::StatusCode;

use crate::answer::{self, Answer};

mod body;
mod calls;
mod failure;
mod faults;
mod interactions;
pub(crate) mod scenario;

pub(crate) use faults::Faults;

/// What the outside world acts on.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) core: Core,
    pub(crate) directory: Directory,
    pub(crate) faults: Faults,
    pub(crate) brokers: Vec<Broker>,
    pub(crate) scenarios: scenario::Scenarios,
    /// Largest body of a request.
    pub(crate) body_bytes: usize,
}

/// The routes.
pub(crate) fn router(world: World) -> Router {
    Router::new()
        .route("/sim/v1/calls", post(calls::begin))
        .route("/sim/v1/calls/{id}", post(calls::operate))
        .route("/sim/v1/smssessions", post(interactions::offer_sms))
        .route("/sim/v1/smssessions/{id}", post(interactions::operate_sms))
        .route("/sim/v1/interactions", post(interactions::offer))
        .route("/sim/v1/interactions/{id}", post(interactions::operate))
        .route("/sim/v1/faults", post(faults::order))
        .route("/sim/v1/scenarios", get(scenario::routes::list).post(scenario::routes::begin))
        .route("/sim/v1/scenarios/{id}", get(scenario::routes::show).delete(scenario::routes::stop))
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(world.body_bytes))
        .with_state(world)
}

/// The id of what was begun.
fn id_of(subject: &Subject) -> &str {
    match subject {
        Subject::Call(id) => id.as_str(),
        Subject::Interaction(key) => key.id.as_str(),
        Subject::Line(id) => id.dn.as_str(),
    }
}

async fn unknown() -> Answer {
    answer::status(
        StatusCode::NOT_FOUND,
        6,
        "the simulator has /sim/v1/calls, /sim/v1/smssessions, /sim/v1/interactions, \
         /sim/v1/faults and /sim/v1/scenarios",
    )
}

async fn wrong_method() -> Answer {
    answer::status(StatusCode::METHOD_NOT_ALLOWED, 10, "the simulator is told things by POST")
}
