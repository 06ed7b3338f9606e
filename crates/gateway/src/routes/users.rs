//! `/api/v2/users/{id}`: a user, where the `uri` of the user points.
//!
//! Everybody finds himself there; others are there for supervisors and services only. A user is named
//! by his id or, because people type it, by his name.

use axum::extract::State;
use encke_broker::UserId;

use super::{By, Id, calls, me};
use crate::counts::Operation;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::request::{Query, shortened};
use crate::status::Failure;
use crate::view::UserView;

/// `GET /api/v2/users/{id}`.
pub(super) async fn read(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    query: Query,
) -> Reply {
    let answer = || {
        let own = me::user(&gateway, &caller)?;
        let found = gateway.directory().named(&id);
        let may = |name: &UserId| name == own.name() || calls::may_act_for_others(&caller).is_ok();
        let user = found.filter(|user| may(user.name())).ok_or_else(|| {
            let id = shortened(&id);
            Failure::not_found(format!("user '{id}' does not exist or is somebody else"))
        })?;
        let view = UserView::new(user, gateway.config());
        Ok(Reply::with("user", &query.fields()?.of(&view)))
    };
    Reply::from(answer()).counted_as(Operation::GetUsers)
}
