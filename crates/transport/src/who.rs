//! Who sends a request, as the server around this service says.
//!
//! It says so with extensions of the request. Each is optional: without a user the client is
//! anonymous, without an end the user is judged with every request, and the broker's policy decides
//! what that means.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use encke_bayeux::BrowserId;
use encke_broker::{LocalOptions, Request, UserId};
use http::Extensions;

use crate::clock;
use crate::entropy::OsEntropy;

/// The verified user of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authenticated(pub UserId);

/// What the user is, such as `supervisor`; for the broker's policy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Roles(pub Arc<[Arc<str>]>);

/// When the proof of who it is ends, as that of a token does.
///
/// A held poll is answered by then, a stream of events ends, and a WebSocket is closed with 1008.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Until(pub Instant);

/// The address that a request came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Peer(pub IpAddr);

/// All of it, and the browser that the request came from.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    user: Option<UserId>,
    roles: Arc<[Arc<str>]>,
    pub(crate) until: Option<Instant>,
    peer: Option<IpAddr>,
    browser: Option<BrowserId>,
}

impl Who {
    pub(crate) fn of(extensions: &Extensions, browser: Option<BrowserId>) -> Self {
        Self {
            user: extensions.get::<Authenticated>().map(|user| user.0.clone()),
            roles: extensions.get::<Roles>().map(|roles| Arc::clone(&roles.0)).unwrap_or_default(),
            until: extensions.get::<Until>().map(|until| until.0),
            peer: extensions.get::<Peer>().map(|peer| peer.0),
            browser,
        }
    }

    /// For what is read without a session of its own: a stream of events, a page of history.
    pub(crate) fn local(&self) -> LocalOptions {
        let mut options = LocalOptions::default().roles(Arc::clone(&self.roles));
        if let Some(user) = &self.user {
            options = options.user(user.clone());
        }
        match self.peer {
            Some(peer) => options.peer(peer),
            None => options,
        }
    }

    /// A request to the broker that is received now.
    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            user: self.user.as_ref(),
            roles: &self.roles,
            until: self.until,
            peer: self.peer,
            browser: self.browser.as_ref(),
            ..Request::new(clock::now(), &OsEntropy)
        }
    }
}
