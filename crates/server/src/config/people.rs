//! The configured users, as the login and as the directory want them.

use std::sync::Arc;

use argon2::password_hash::PasswordHashString;
use encke::broker::UserId;
use encke::calls::Dn;
use encke::gateway::{Device, Directory, Feature, Features, Role, Roles, User};

use super::ConfigError;
use crate::login::Account;
use crate::settings::{RoleName, Settings, UserSettings};

pub(super) fn accounts(settings: &Settings) -> Result<Vec<Account>, ConfigError> {
    settings
        .users
        .iter()
        .map(|(name, user)| {
            // RFC 7617: the name in Basic credentials ends at the first colon.
            if name.is_empty() || name.len() > 256 || name.contains(':') {
                let reason = "is no user name: 1 to 256 bytes without a colon";
                return Err(ConfigError::new(format!("users.{name}"), reason));
            }
            let hash = PasswordHashString::new(user.password_hash.expose()).map_err(|error| {
                let reason = format!("is no PHC string: {error}; see `encke hash-password`");
                ConfigError::new(format!("users.{name}.password_hash"), reason)
            })?;
            if !hash.as_str().starts_with("$argon2") {
                let reason = "is no argon2 hash; see `encke hash-password`";
                return Err(ConfigError::new(format!("users.{name}.password_hash"), reason));
            }
            Ok(Account {
                name: name.as_str().into(),
                hash,
                roles: roles(user),
                role_names: user.roles.iter().map(|role| Arc::from(role.as_str())).collect(),
            })
        })
        .collect()
}

fn roles(user: &UserSettings) -> Roles {
    user.roles
        .iter()
        .filter_map(|role| match role {
            RoleName::Agent => Some(Role::Agent),
            RoleName::Supervisor => Some(Role::Supervisor),
            RoleName::Service => Some(Role::Service),
            RoleName::Other(_) => None,
        })
        .collect()
}

fn features(name: &str, user: &UserSettings) -> Result<Features, ConfigError> {
    let Some(ids) = &user.features else { return Ok(Features::default()) };
    ids.iter()
        .map(|id| {
            Feature::named(id).ok_or_else(|| {
                let known = Feature::ALL.map(Feature::id).join(", ");
                let reason = format!("has \"{id}\", which is none of {known}");
                ConfigError::new(format!("users.{name}.features"), reason)
            })
        })
        .collect()
}

pub(super) fn directory(settings: &Settings) -> Result<Directory, ConfigError> {
    let mut users = Vec::new();
    for (name, user) in &settings.users {
        let mut entry = User::new(UserId::new(name.as_str()))
            .called(&user.first_name, &user.last_name)
            .roles(roles(user))
            .with_features(features(name, user)?);
        for dn in &user.dns {
            let dn = Dn::new(dn.as_str())
                .map_err(|error| ConfigError::new(format!("users.{name}.dns"), error))?;
            entry = entry.device(Device::new(dn));
        }
        users.push(entry);
    }
    Directory::new(users).map_err(|error| ConfigError::new("users", error))
}
