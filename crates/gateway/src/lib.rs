//! The GWS v2 REST surface over the call-state core, and its notifications.
//!
//! Two halves that share a [`Directory`] and a [`GatewayConfig`] and nothing else:
//!
//! - [`Gateway`] answers `/api/v2/...`. A request becomes a command of the core; the answer is
//!   sent once the change is on disk, and says nothing about what the change did.
//! - [`Projection`] observes the core and tells each user what happened to his calls and interactions,
//!   from committed events and from nothing else, in the order of the commits. It reaches users
//!   through [`Notify`], which the broker implements.
//!
//! Names, JSON types and order of members are those of the deployed clients; each view says where
//! it has them from.
//!
//! # What is not here
//!
//! No login: requests carry a [`Caller`] or are refused. No `/api/v2/notifications`: that is the
//! transport's, mounted by the server.

mod asyncapi;
mod caller;
mod config;
mod counts;
mod directory;
mod gateway;
mod json;
mod media;
mod notify;
mod openapi;
mod projection;
mod reply;
mod request;
mod routes;
mod status;
mod time;
mod view;

pub use self::{
    asyncapi::ASYNCAPI,
    caller::{Caller, Role, Roles},
    config::{GatewayConfig, SmsSpelling},
    counts::{Operation, RequestCount, RequestCounts},
    directory::{Device, Directory, DirectoryError, User},
    gateway::Gateway,
    notify::{Notify, Place},
    openapi::OPENAPI,
    projection::Projection,
    status::ReturnCode,
};
