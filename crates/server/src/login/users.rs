//! The accounts: who may come in, with which password hash and which rights.

use std::collections::HashMap;
use std::sync::Arc;

use argon2::password_hash::PasswordHashString;
use encke::broker::UserId;
use encke::gateway::{Caller, Roles};

/// One user who may log in.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: Arc<str>,
    pub(crate) hash: PasswordHashString,
    /// The roles that the gateway knows.
    pub(crate) roles: Roles,
    /// All of them, by name.
    pub(crate) role_names: Arc<[Arc<str>]>,
}

impl Account {
    /// The user's name as broker and gateway have it.
    pub(crate) fn user(&self) -> UserId {
        UserId::new(Arc::clone(&self.name))
    }

    /// The user as the gateway wants to see them.
    pub(crate) fn caller(&self) -> Caller {
        Caller::new(self.user(), self.roles)
    }

    #[cfg(test)]
    pub(super) fn for_test(name: &str) -> Self {
        Self {
            name: name.into(),
            hash: super::password::hash_cheaply(b"demo").unwrap(),
            roles: Roles::default(),
            role_names: Arc::default(),
        }
    }
}

/// All accounts by name.
#[derive(Debug, Default)]
pub(crate) struct Users(HashMap<Arc<str>, Arc<Account>>);

impl Users {
    /// The account of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Account>> {
        self.0.get(name)
    }
}

impl FromIterator<Account> for Users {
    fn from_iter<I: IntoIterator<Item = Account>>(accounts: I) -> Self {
        Self(
            accounts
                .into_iter()
                .map(|account| (Arc::clone(&account.name), Arc::new(account)))
                .collect(),
        )
    }
}
