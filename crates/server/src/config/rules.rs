//! The rules of an endpoint, compiled and checked.

use encke::bayeux::ChannelPattern;

use super::ConfigError;
use crate::policy::{ChannelRules, Rule, Ruling, Whom};
use crate::settings::{ChannelOperation, Endpoint, RoleName, RuleSettings, Settings};

/// Most rules that are looked through for each subscription and publish.
const MAX_RULES: usize = 256;

/// Adds the rules of `endpoint` to what holds there anyway.
pub(super) fn with_rules(
    settings: &Settings,
    endpoint: Endpoint,
    mut policy: ChannelRules,
) -> Result<ChannelRules, ConfigError> {
    if settings.rules.len() > MAX_RULES {
        return Err(ConfigError::new("rules", format!("are more than {MAX_RULES}")));
    }
    for (at, rule) in settings.rules.iter().enumerate() {
        let compiled = compile(rule, at)?;
        if rule.endpoint != endpoint {
            continue;
        }
        if policy.reserved.iter().any(|reserved| reserved.contains(&compiled.pattern)) {
            let reason = "lies where no client may do anything on this endpoint";
            return Err(error(at, "pattern", reason));
        }
        policy.rules.push(compiled);
    }
    Ok(policy)
}

/// Roles that only rules know must stand in one, or they are a slip of the pen.
pub(super) fn check_roles(settings: &Settings) -> Result<(), ConfigError> {
    for (name, user) in &settings.users {
        for role in &user.roles {
            let RoleName::Other(role) = role else { continue };
            if !settings.rules.iter().any(|rule| rule.roles.iter().any(|known| **known == **role)) {
                let reason = format!("names `{role}`, which is in no rule and means nothing else");
                return Err(ConfigError::new(format!("users.{name}.roles"), reason));
            }
        }
    }
    Ok(())
}

fn compile(rule: &RuleSettings, at: usize) -> Result<Rule, ConfigError> {
    let pattern =
        ChannelPattern::new(&rule.pattern).map_err(|cause| error(at, "pattern", cause))?;
    for (key, names) in [("roles", &rule.roles), ("users", &rule.users)] {
        if names.iter().any(String::is_empty) {
            return Err(error(at, key, "has an empty name"));
        }
    }
    let users = rule.users.iter().map(|name| match name.as_str() {
        "*" => Whom::AnyUser,
        name => Whom::User(name.into()),
    });
    let roles = rule.roles.iter().map(|role| Whom::Role(role.as_str().into()));
    let ruling = |operation| match (rule.allow.contains(&operation), rule.deny.contains(&operation))
    {
        (true, true) => Err(error(at, "deny", "names what `allow` names")),
        (true, false) => Ok(Some(Ruling::Allow)),
        (false, true) => Ok(Some(Ruling::Deny)),
        (false, false) => Ok(None),
    };
    let subscribe = ruling(ChannelOperation::Subscribe)?;
    let publish = ruling(ChannelOperation::Publish)?;
    if subscribe.is_none() && publish.is_none() {
        return Err(error(at, "allow", "is empty, and so is `deny`"));
    }
    Ok(Rule { pattern, who: users.chain(roles).collect(), subscribe, publish })
}

fn error(at: usize, key: &str, reason: impl std::fmt::Display) -> ConfigError {
    ConfigError::new(format!("rules.{at}.{key}"), reason)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::settings::{Secret, UserSettings};

    fn settings(rule: RuleSettings) -> Settings {
        let deny = vec![ChannelOperation::Publish];
        let first = RuleSettings { deny, ..RuleSettings::new("/first") };
        Settings { rules: vec![first, rule], ..Settings::default() }
    }

    fn compiled(settings: &Settings) -> Result<ChannelRules, ConfigError> {
        let reserved = vec![ChannelPattern::new("/v2/**").unwrap()];
        let none = ChannelRules {
            anonymous: true,
            publish: true,
            reserved,
            rules: Vec::new(),
            handshakes: Arc::default(),
        };
        with_rules(settings, Endpoint::Cometd, none)
    }

    fn good() -> RuleSettings {
        RuleSettings {
            roles: vec!["member".to_owned()],
            users: vec!["*".to_owned(), "bob".to_owned()],
            allow: vec![ChannelOperation::Publish],
            deny: vec![ChannelOperation::Subscribe],
            ..RuleSettings::new("/chat/**")
        }
    }

    #[test]
    fn rule_is_compiled_for_its_endpoint() {
        let rules = compiled(&settings(good())).unwrap().rules;
        assert_eq!(rules.len(), 2);
        let chat = &rules[1];
        assert_eq!(
            chat.who,
            [Whom::AnyUser, Whom::User("bob".into()), Whom::Role("member".into())]
        );
        assert_eq!((chat.subscribe, chat.publish), (Some(Ruling::Deny), Some(Ruling::Allow)));
        let elsewhere = RuleSettings { endpoint: Endpoint::Notifications, ..good() };
        assert_eq!(compiled(&settings(elsewhere)).unwrap().rules.len(), 1);
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_key() {
        let key = |change: fn(&mut RuleSettings)| {
            let mut rule = good();
            change(&mut rule);
            compiled(&settings(rule)).unwrap_err().key().to_owned()
        };
        assert_eq!(key(|rule| rule.pattern = "chat".to_owned()), "rules.1.pattern");
        assert_eq!(key(|rule| rule.pattern = "/v2/me/*".to_owned()), "rules.1.pattern");
        assert_eq!(key(|rule| rule.roles.push(String::new())), "rules.1.roles");
        assert_eq!(key(|rule| rule.users.push(String::new())), "rules.1.users");
        assert_eq!(key(|rule| rule.deny.push(ChannelOperation::Publish)), "rules.1.deny");
        let silent = |rule: &mut RuleSettings| {
            rule.allow.clear();
            rule.deny.clear();
        };
        assert_eq!(key(silent), "rules.1.allow");
        let many = Settings { rules: vec![good(); MAX_RULES + 1], ..Settings::default() };
        assert_eq!(compiled(&many).unwrap_err().key(), "rules");
    }

    #[test]
    fn role_of_a_user_is_known_or_in_a_rule() {
        let mut settings = settings(good());
        let mut bob = UserSettings::new(Secret::new("x"));
        bob.roles.push(RoleName::Other("member".into()));
        settings.users.insert("bob".to_owned(), bob.clone());
        assert_eq!(check_roles(&settings), Ok(()));
        bob.roles.push(RoleName::Other("supervisr".into()));
        settings.users.insert("bob".to_owned(), bob);
        assert_eq!(check_roles(&settings).unwrap_err().key(), "users.bob.roles");
    }
}
