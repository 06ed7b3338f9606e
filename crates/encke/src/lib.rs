//! Encke for embedders: the paved path, re-exported.
//!
//! A Bayeux endpoint in somebody else's server is three values: a [`broker::Broker`], a
//! [`transport::BayeuxService`] to mount, and [`transport::drive`] to run beside it. Nothing here
//! opens a socket, spawns a task, reads the environment or keeps a global.
//!
//! What an embedder hangs into a broker is set with [`broker::Config`], and `docs/LIFECYCLE.md` says in
//! what order it runs:
//!
//! | To                                          | There is                                     |
//! |---------------------------------------------|----------------------------------------------|
//! | decide who may do what                      | [`broker::Policy`], [`broker::Authorizer`]   |
//! | see, change or stop what passes             | [`broker::Extension`], [`broker::DataFilter`] |
//! | answer on `/service/...`, remote calls too  | [`broker::Service`]                          |
//! | be told what happens                        | [`broker::Listener`]                         |
//! | take part as a client without a connection  | [`broker::LocalSession`]                     |
//! | speak to one session, configure or end it   | [`broker::Broker::deliver`] and its siblings |
//! | know who is there                           | [`broker::snapshot`]                         |
//!
//! | Feature   | Adds                                                          | Default |
//! |-----------|---------------------------------------------------------------|---------|
//! | `calls`   | [`calls`]: the call-state core, and [`journal`]: its memory   | off     |
//! | `gateway` | [`gateway`]: the GWS v2 REST surface and its notifications    | off     |
//!
//! The programs in `examples/` show each of them at work.

pub use encke_bayeux as bayeux;
pub use encke_broker as broker;
#[cfg(feature = "calls")]
pub use encke_calls as calls;
#[cfg(feature = "gateway")]
pub use encke_gateway as gateway;
#[cfg(feature = "calls")]
pub use encke_journal as journal;
pub use encke_transport as transport;
