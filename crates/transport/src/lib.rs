//! Bayeux over HTTP as one hyper and tower service.
//!
//! [`BayeuxService`] serves long-polling, and WebSocket if given an executor, over a [`Broker`](encke_broker::Broker). Mount it under
//! any path of any server: URL suffixes such as `/handshake` are ignored, as the protocol's
//! libraries expect. It opens no socket and spawns no task; [`drive`] is the one future that has
//! to run beside it, to move the broker's time on.
//!
//! | Module      | Owns                                                             |
//! |-------------|------------------------------------------------------------------|
//! | [`config`]  | HTTP bounds, cookie attributes, the status of a superseded poll  |
//! | `service`   | one request: method, headers, body, answer                       |
//! | `websocket` | a socket: frames in and out, pushes, pings                       |
//! | `incoming`  | is it a request for us, and what is its body                     |
//! | `callback`  | callback-polling: replies as scripts                             |
//! | `events`    | views on channels without a Bayeux library: events, history      |
//! | `refusal`   | why a request gets a status of its own                           |
//! | `held`      | a poll that waits, and what happens when its connection ends     |
//! | `form`      | how a response is written: plain or script, compressed or not    |
//! | `compress`  | responses made smaller, where it is worth it                     |
//! | `body`      | a response body that tells the broker whether it was written     |
//! | `cookie`    | reading and writing the browser cookie                           |
//! | `clock`     | the only place that reads the time                               |
//! | `who`       | who sends a request, as the server around this service says      |
//!
//! Who the user is comes from outside: a server that authenticates puts [`Authenticated`] into the
//! request's extensions, [`Roles`] and [`Until`] beside it where there is more to say, and [`Peer`]
//! where limits by address are wanted. Without a user the client is anonymous, and the broker's
//! policy decides.

mod body;
mod callback;
mod clock;
mod compress;
pub mod config;
mod cookie;
mod entropy;
mod events;
mod form;
mod held;
mod incoming;
mod refusal;
mod service;
mod websocket;
mod who;

pub use body::ReplyBody;
pub use clock::drive;
pub use config::{CallbackConfig, CookieConfig, HttpConfig, SameSite, SocketConfig};
pub use events::opens_stream;
pub use held::HeldPoll;
pub use service::{BayeuxService, Served, SocketTask};
pub use who::{Authenticated, Peer, Roles, Until};
