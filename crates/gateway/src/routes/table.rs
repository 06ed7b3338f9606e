//! Every method on every path below `/api/v2`, one row each.
//!
//! The router is built from these rows and from nothing else, and the description of the surface
//! ([`OPENAPI`](crate::OPENAPI)) is held against them. A path is written as the description writes
//! it; that a slash at its end means nothing is the router's business.

use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};

use super::{calls, channels, devices, features, me, sms, tevents, users};
use crate::gateway::Gateway;

/// The spellings of the SMS collection that requests may use.
const SMS_SPELLINGS: [&str; 2] = ["smsessions", "smssessions"];

/// The method in lower case, as the description has it (who may `get` may `HEAD` as well), the path
/// below `/api/v2`, and who answers.
pub(super) type Route = (&'static str, String, MethodRouter<Gateway>);

/// All rows.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        read("/me", me::read),
        write("/me", me::operate),
        read("/me/calls", calls::list),
        read("/me/calls/{id}", calls::read),
        write("/me/calls/{id}", calls::operate),
        read("/me/channels", channels::list),
        read("/me/channels/{id}", channels::read),
        write("/me/channels/{id}", channels::operate),
        read("/me/devices", devices::list),
        read("/me/devices/{id}", devices::read),
        write("/me/devices/{id}", devices::set),
        write("/me/devices/{id}/calls", devices::dial),
        read("/me/features", features::list),
        read("/devices/{id}", devices::read),
        read("/features/{id}", features::read),
        read("/users/{id}", users::read),
        read("/tevents", tevents::read),
        write("/calls/{id}", calls::operate_as_third_party),
        read("/diagnostics/version", me::version),
    ];
    for sms in SMS_SPELLINGS {
        routes.extend([
            read(format!("/me/{sms}"), sms::list),
            read(format!("/me/{sms}/{{id}}"), sms::read),
            write(format!("/me/{sms}/{{id}}"), sms::operate),
            read(format!("/me/{sms}/{{id}}/messages"), sms::messages),
            read(format!("/{sms}/{{id}}"), sms::read),
            write(format!("/{sms}/{{id}}"), sms::operate_as_third_party),
        ]);
    }
    routes
}

fn read<H, T>(path: impl Into<String>, handler: H) -> Route
where
    H: Handler<T, Gateway>,
    T: 'static,
{
    ("get", path.into(), get(handler))
}

fn write<H, T>(path: impl Into<String>, handler: H) -> Route
where
    H: Handler<T, Gateway>,
    T: 'static,
{
    ("post", path.into(), post(handler))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::OPENAPI;

    #[test]
    fn the_description_has_these_routes_and_no_other() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods
                    .filter(|key| *key != "parameters")
                    .map(|method| (method.clone(), path.clone()))
            })
            .collect();
        let served: BTreeSet<(String, String)> = routes()
            .into_iter()
            .map(|(method, path, _)| (method.to_owned(), format!("/api/v2{path}")))
            .collect();
        assert_eq!(described, served);
        assert_eq!(served.len(), routes().len(), "no row stands twice");
    }
}
