//! What the broker knows of a session beside its machine: who it is, whose, and whom it admits.
//!
//! A [`Cell`] is one session behind its lock. Its names never change and are read without the lock;
//! the machine inside changes under it only. A cell is in the maps of a broker as long as its session
//! lives, and in the hands of those who still have something to say for it as long as they need it.
//!
//! Refuses nobody by itself: who may not use a session is told so by whoever asked.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encke_bayeux::{BrowserId, ClientId};

use crate::session::Session;
use crate::snapshot::Via;
use crate::user::UserId;
use crate::verdict::Verdict;

/// One session and its lock. Who it is never changes and is read without the lock.
pub(crate) struct Cell {
    pub(crate) id: ClientId,
    /// Counts the broker's sessions, and is no secret.
    pub(crate) number: u64,
    pub(crate) user: Option<UserId>,
    /// Whether a policy named the user; the server around the broker then knows of none.
    named: bool,
    /// What a session inside the process is for; nobody outside can use it.
    pub(crate) within: Option<Via>,
    session: Mutex<Session>,
}

/// Whose session it is.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// Nobody's in particular.
    Anybody,
    /// A user's, whom every request of the session has to prove.
    Proven(UserId),
    /// A user's, whom the policy named at the handshake.
    Named(UserId),
}

impl Owner {
    /// As the server around the broker says, or else the policy.
    pub(crate) fn of(user: Option<&UserId>, verdict: &Verdict) -> Self {
        match (user, verdict.named_user()) {
            (Some(user), _) => Self::Proven(user.clone()),
            (None, Some(user)) => Self::Named(user.clone()),
            (None, None) => Self::Anybody,
        }
    }

    /// Whoever it is, proven or named.
    pub(crate) fn into_user(self) -> Option<UserId> {
        match self {
            Self::Anybody => None,
            Self::Proven(user) | Self::Named(user) => Some(user),
        }
    }
}

impl Cell {
    pub(crate) fn new(id: ClientId, number: u64, owner: Owner, session: Session) -> Self {
        let (user, named) = match owner {
            Owner::Anybody => (None, false),
            Owner::Proven(user) => (Some(user), false),
            Owner::Named(user) => (Some(user), true),
        };
        Self { id, number, user, named, within: None, session: Mutex::new(session) }
    }

    /// The same, inside the process.
    pub(crate) fn within(self, via: Via) -> Self {
        Self { within: Some(via), ..self }
    }

    /// Whether a request of `user` from that browser, or what such a socket carries, may use the
    /// session.
    ///
    /// A user whom a policy named is nobody to the server around the broker, so the browser alone
    /// shows whose request it is, over a socket too.
    pub(crate) fn admits(
        &self,
        user: Option<&UserId>,
        browser: Option<&BrowserId>,
        socket: bool,
    ) -> bool {
        let proven = self.user.as_ref().filter(|_| !self.named);
        self.within.is_none()
            && proven == user
            && (user.is_some() || self.lock().admits(browser, socket && !self.named))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("client", &self.id)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// A subscriber in the index: a session, compared by identity.
#[derive(Clone, Debug)]
pub(crate) struct Subscriber(pub(crate) Arc<Cell>);

impl PartialEq for Subscriber {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
