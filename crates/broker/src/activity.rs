//! Sessions that connect and do nothing else.
//!
//! A client that polls lives for ever, whatever its user does. With a bound on inactivity the
//! server ends a session that has said nothing but connects for so long, or has not been told
//! anything either, when its next connect comes: the client gets a `/meta/disconnect` and the advice
//! to stay away.
//!
//! # Sources
//!
//! Documented: CometD's activity extension, kinds `CLIENT` and `CLIENT_SERVER`.

use std::time::Duration;

/// What keeps a session from being inactive.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ActiveBy {
    /// What its client sends, except connects.
    #[default]
    Client,
    /// That, and what is published for it.
    ClientOrServer,
}

/// How long a session may be inactive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Activity {
    /// What counts as activity.
    pub by: ActiveBy,
    /// The longest time without it.
    pub max_inactive: Duration,
}
