//! Somebody whom the login vouches for.

use std::sync::Arc;
use std::time::Instant;

use encke::broker::UserId;
use encke::gateway::Caller;

use super::token::Bearer;
use super::users::Account;

/// A user, what is known of them, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    user: UserId,
    account: Option<Arc<Account>>,
    roles: Arc<[Arc<str>]>,
    until: Option<Instant>,
}

impl Who {
    /// The owner of an account, who proved it by a password or a cookie.
    pub(super) fn owner(account: Arc<Account>) -> Self {
        Self {
            user: account.user(),
            roles: Arc::clone(&account.role_names),
            account: Some(account),
            until: None,
        }
    }

    /// The bearer of a token, who may have an account as well.
    pub(super) fn bearer(bearer: Bearer, account: Option<Arc<Account>>) -> Self {
        let Bearer { user, roles, until } = bearer;
        let configured = account.as_ref().map(|account| Arc::clone(&account.role_names));
        let roles = match configured {
            Some(configured) if roles.is_empty() => configured,
            Some(configured) => configured.iter().chain(roles.iter()).cloned().collect(),
            None => roles,
        };
        Self { user, account, roles, until: Some(until) }
    }

    /// The name that owns Bayeux sessions.
    pub(crate) fn user(&self) -> &UserId {
        &self.user
    }

    /// What the user is, by configuration and by their token.
    pub(crate) fn roles(&self) -> &Arc<[Arc<str>]> {
        &self.roles
    }

    /// When the proof ends; `None` where every request is judged anew.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Whether it was proved by a token, which no browser sends by itself.
    pub(crate) fn bears_token(&self) -> bool {
        self.until.is_some()
    }

    /// The user as the gateway wants to see them: with the configured roles only. `None` for who
    /// is not configured.
    pub(crate) fn caller(&self) -> Option<Caller> {
        self.account.as_ref().map(|account| account.caller())
    }
}
