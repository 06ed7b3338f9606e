//! Who sends a request, as the login in front of the gateway has established it.
//!
//! The gateway checks no password. It trusts the request extension [`Caller`] that the embedding
//! server sets, and refuses with `statusCode` 20 where it is absent.

use std::fmt;

use encke_broker::UserId;

/// The authenticated user behind a request. A request extension.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// The user's name, the same that owns the user's Bayeux sessions.
    pub user: UserId,
    /// What the user may do.
    pub roles: Roles,
}

impl Caller {
    /// A caller with these roles.
    pub fn new(user: UserId, roles: Roles) -> Self {
        Self { user, roles }
    }
}

/// What a user may do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Role {
    /// Handles his own calls and sessions.
    Agent,
    /// May change the user data of calls and sessions of others, in the name of his own DN.
    Supervisor,
    /// A program. May do what a supervisor may, in the name of a DN it gives.
    Service,
}

impl Role {
    const ALL: [Self; 3] = [Self::Agent, Self::Supervisor, Self::Service];

    /// The role as `roles` in the user resource spells it.
    ///
    /// # Sources
    ///
    /// Observed: GWS 8.5.202 for `ROLE_AGENT`; the other two follow its pattern.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "ROLE_AGENT",
            Self::Supervisor => "ROLE_SUPERVISOR",
            Self::Service => "ROLE_SERVICE",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Agent => 1,
            Self::Supervisor => 2,
            Self::Service => 4,
        }
    }
}

/// A set of roles.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct Roles(u8);

impl Roles {
    /// The set that holds one role.
    pub const fn of(role: Role) -> Self {
        Self(role.bit())
    }

    /// This set with one role more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// Whether the role is in the set.
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// The roles in the set, agent first.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let roles: Roles = [Role::Supervisor, Role::Agent].into_iter().collect();
        assert_eq!(roles.iter().collect::<Vec<_>>(), [Role::Agent, Role::Supervisor]);
        assert!(!roles.has(Role::Service));
        assert_eq!(Roles::of(Role::Agent).with(Role::Supervisor), roles);
    }
}
