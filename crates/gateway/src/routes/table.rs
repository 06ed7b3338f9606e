//! Every method on every path below `/api/v2`, one row each.
//!
//! The router is built from these rows and from nothing else, and the description of the surface
//! ([`OPENAPI`](crate::OPENAPI)) is held against them. A path is written as the description writes
//! it; that a slash at its end means nothing is the router's business.

use axum::Extension;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};

use super::{calls, channels, devices, interactions, me};
use crate::config::GatewayConfig;
use crate::gateway::Gateway;

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
        write("/me/channels/{id}", channels::operate),
        read("/me/devices", devices::list),
        read("/me/devices/{id}", devices::read),
        write("/me/devices/{id}", devices::set),
        write("/me/devices/{id}/calls", devices::dial),
        read("/devices/{id}", devices::read),
        write("/calls/{id}", calls::operate_as_third_party),
        read("/diagnostics/version", me::version),
    ];
    for wire in GatewayConfig::default().media() {
        for collection in wire.paths {
            let one = if wire.typed {
                format!("/{collection}/{{mediaType}}/{{id}}")
            } else {
                format!("/{collection}/{{id}}")
            };
            let mut rows = vec![
                read(format!("/me/{collection}"), interactions::list),
                read(format!("/me{one}"), interactions::read),
                write(format!("/me{one}"), interactions::operate),
                read(one.clone(), interactions::read),
                write(one.clone(), interactions::operate_as_third_party),
            ];
            if wire.log.is_some() {
                rows.push(read(format!("/me{one}/messages"), interactions::messages));
            }
            let of_medium = |(method, path, handler): Route| {
                (method, path, handler.layer(Extension(wire.medium)))
            };
            routes.extend(rows.into_iter().map(of_medium));
        }
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
