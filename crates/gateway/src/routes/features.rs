//! `/api/v2/me/features`: what the caller may use; `/api/v2/features/{id}`, where `uri` points.

use axum::extract::State;

use super::{By, Id, me};
use crate::caller::Caller;
use crate::counts::Operation;
use crate::directory::User;
use crate::features::Feature;
use crate::gateway::Gateway;
use crate::reply::Reply;
use crate::request::{Fields, Query, shortened};
use crate::status::{Failure, ReturnCode};
use crate::view::{FeatureView, render};

/// `GET /api/v2/me/features`.
pub(super) async fn list(State(gateway): State<Gateway>, By(caller): By, query: Query) -> Reply {
    let answer = || {
        let user = me::user(&gateway, &caller)?;
        Ok(match query.fields()? {
            Fields::Uris => {
                let features = user.features().iter();
                let uri = |feature: Feature| {
                    gateway.config().address(&format!("/features/{}", feature.id()))
                };
                Reply::with("uris", &render(&features.map(uri).collect::<Vec<_>>()))
            }
            fields => Reply::with("features", &shown(&gateway, user, &fields)),
        })
    };
    Reply::from(answer()).counted_as(Operation::GetFeatures)
}

/// `GET /api/v2/features/{id}`: one that the caller has.
pub(super) async fn read(
    State(gateway): State<Gateway>,
    By(caller): By,
    Id(id): Id,
    query: Query,
) -> Reply {
    let answer = || {
        let user = me::user(&gateway, &caller)?;
        let feature = Feature::named(&id).filter(|feature| user.features().has(*feature));
        let feature = feature.ok_or_else(|| {
            let id = shortened(&id);
            Failure::not_found(format!("feature '{id}' does not exist or is not the user's"))
        })?;
        let view = FeatureView::new(feature, gateway.config());
        Ok(Reply::with("feature", &query.fields()?.of(&view)))
    };
    Reply::from(answer()).counted_as(Operation::GetFeatures)
}

/// The caller's features for `subresources`.
pub(super) fn all(gateway: &Gateway, user: &User) -> String {
    shown(gateway, user, &Fields::All)
}

/// Refuses a user who lacks a feature.
pub(super) fn needs(user: &User, feature: Feature) -> Result<(), Failure> {
    if user.features().has(feature) {
        return Ok(());
    }
    let text = format!("the user does not have the feature '{}'", feature.id());
    Err(Failure::new(ReturnCode::NoPermission, text))
}

/// The same of who acts for others. A service that is no user here has no features to lack.
pub(super) fn needs_of(
    gateway: &Gateway,
    caller: &Caller,
    feature: Feature,
) -> Result<(), Failure> {
    gateway.directory().user(&caller.user).map_or(Ok(()), |user| needs(user, feature))
}

fn shown(gateway: &Gateway, user: &User, fields: &Fields) -> String {
    fields.of_all(user.features().iter().map(|f| FeatureView::new(f, gateway.config())))
}
