//! The demo's contact centre: its people, and what is looser there than elsewhere.

use std::path::PathBuf;

use argon2::password_hash;

use crate::login::password;
use crate::settings::{ChannelTable, Endpoint, RoleName, Secret, Settings, UserSettings};

/// The password of everybody in the demo.
pub const DEMO_PASSWORD: &str = "demo";

/// The number of the first added agent.
const FIRST_ADDED_DN: u32 = 20_001;

/// How long notifications are kept.
const KEPT_MS: u64 = 60 * 60 * 1000;

/// First name, last name, DN, and whether they supervise; the user name is the first name.
const PEOPLE: [(&str, &str, &str, bool); 5] = [
    ("Alice", "Adams", "15000", false),
    ("Bob", "Brown", "15001", false),
    ("Carol", "Clark", "15002", false),
    ("Dave", "Davis", "15003", false),
    ("Erin", "Evans", "15009", true),
];

/// What the demo's command line says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct DemoOptions {
    /// Agents `agent1`, `agent2` and so on beside the five named ones. Default 0.
    pub agents: u32,
    /// Folder of the journal. Default: a temporary one, removed at the end.
    pub data: Option<PathBuf>,
}

impl Settings {
    /// The settings of `encke demo` before any file is read.
    ///
    /// Different from the defaults: the demo's users, no rates, generous bounds on failed logins,
    /// anonymous clients at `/cometd`, pages of any loopback origin, the simulator, the desk, and
    /// notifications kept for an hour, which the desk goes on from after it was away.
    /// Bounds on sizes, depth and queues stay.
    ///
    /// # Errors
    ///
    /// If the system has no randomness for the salt of the password hash.
    pub fn demo(options: &DemoOptions) -> Result<Self, DemoError> {
        // Everybody knows the password, so its hash may be cheap; and it is the same text for
        // everybody, so that a check that was right for one is remembered for all.
        let hash = password::hash_cheaply(DEMO_PASSWORD.as_bytes()).map_err(DemoError)?;
        let user = |first: &str, last: &str, dn: String, roles: Vec<RoleName>| UserSettings {
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            dns: vec![dn],
            roles,
            ..UserSettings::new(Secret::new(hash.as_str()))
        };
        let mut settings = Self::default();
        for (first, last, dn, supervises) in PEOPLE {
            let mut roles = vec![RoleName::Agent];
            if supervises {
                roles.push(RoleName::Supervisor);
            }
            settings
                .users
                .insert(first.to_ascii_lowercase(), user(first, last, dn.to_owned(), roles));
        }
        for number in 1..=options.agents {
            let dn = (FIRST_ADDED_DN + (number - 1)).to_string();
            let last = number.to_string();
            settings
                .users
                .insert(format!("agent{number}"), user("Agent", &last, dn, vec![RoleName::Agent]));
        }
        settings.limits.address_per_second = 0;
        settings.limits.user_per_second = 0;
        settings.user_data.max_changes = 0;
        settings.limits.handshakes_per_second = 0;
        settings.limits.session_publishes_per_second = 0;
        settings.bayeux.max_sessions_per_address = 0;
        settings.limits.address_handshakes_per_second = 0;
        settings.limits.connections_per_address = 0;
        settings.login.user_failures = 100;
        settings.login.address_failures = 500;
        settings.login.failure_forgotten_ms = 1_000;
        settings.session.max_sessions_per_user = 10_000;
        settings.cometd.anonymous = true;
        settings.cors.loopback = true;
        settings.simulator.enabled = true;
        settings.desk.enabled = true;
        settings.journal.data.clone_from(&options.data);
        let mut kept = ChannelTable::new("/v2/me/**");
        kept.endpoint = Endpoint::Notifications;
        kept.replay_age_ms = Some(KEPT_MS);
        settings.channels.push(kept);
        Ok(settings)
    }
}

/// The demo's password could not be hashed: the system has no randomness.
#[derive(Debug)]
pub struct DemoError(password_hash::Error);

impl std::fmt::Display for DemoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cannot hash the demo's password")
    }
}

impl std::error::Error for DemoError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_have_their_numbers_and_added_agents_follow() {
        let settings = Settings::demo(&DemoOptions { agents: 2, data: None }).unwrap();
        assert_eq!(settings.users.len(), 7);
        for (name, dn) in [
            ("alice", "15000"),
            ("bob", "15001"),
            ("carol", "15002"),
            ("dave", "15003"),
            ("erin", "15009"),
            ("agent1", "20001"),
            ("agent2", "20002"),
        ] {
            assert_eq!(settings.users[name].dns, [dn], "{name}");
        }
        assert!(settings.users["erin"].roles.contains(&RoleName::Supervisor));
        assert_eq!(settings.users["alice"].password_hash, settings.users["agent2"].password_hash);
    }
}
