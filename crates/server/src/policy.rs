//! Who may subscribe and publish where, by rules in order.
//!
//! A rule names channels, perhaps roles and users, and what it allows or denies. It counts for an
//! operation if it names that operation and whoever asks; the first one that counts for a channel
//! decides about it, and where none does, the endpoint's own default holds.
//!
//! A subscription with a wildcard is allowed if every channel that it could match is: a denied
//! channel cannot be reached by subscribing to more than it. Patterns either contain one another
//! or have no channel in common, so this is a matter of containment alone:
//!
//! | The rule's channels        | The rule allows                     | The rule denies              |
//! |----------------------------|-------------------------------------|------------------------------|
//! | contain the subscription   | allowed                             | refused                      |
//! | are a part of it           | that part is allowed; go on         | refused, unless the part is  |
//! |                            |                                     | allowed by an earlier rule   |
//! | lie elsewhere              | go on                               | go on                        |

use std::sync::Arc;

use encke::bayeux::{ChannelName, ChannelPattern, Failure};
use encke::broker::{Asking, Policy, Verdict};

use crate::handshakes::HandshakeRate;

/// The rules of one endpoint, and what holds without them.
#[derive(Debug)]
pub(crate) struct ChannelRules {
    /// Whether clients without a user may shake hands.
    pub(crate) anonymous: bool,
    /// Whether clients may publish where no rule decides.
    pub(crate) publish: bool,
    /// Channels in which no client may do anything, whatever the rules say.
    pub(crate) reserved: Vec<ChannelPattern>,
    /// The rules, in order.
    pub(crate) rules: Vec<Rule>,
    /// How often clients may shake hands.
    pub(crate) handshakes: Arc<HandshakeRate>,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) pattern: ChannelPattern,
    pub(crate) who: Vec<Whom>,
    pub(crate) subscribe: Option<Ruling>,
    pub(crate) publish: Option<Ruling>,
}

/// Whom a rule is for; a rule that names nobody is for everybody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Whom {
    /// Everybody with a login.
    AnyUser,
    /// One user.
    User(Arc<str>),
    /// Everybody with a role.
    Role(Arc<str>),
}

/// What a rule decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ruling {
    Allow,
    Deny,
}

impl Policy for ChannelRules {
    fn can_handshake(&self, asking: &Asking<'_>) -> bool {
        self.anonymous || asking.user.is_some()
    }

    fn judge_handshake(&self, asking: &Asking<'_>) -> Verdict {
        if !self.can_handshake(asking) {
            return Verdict::deny();
        }
        match asking.now.map(|now| self.handshakes.take(asking.peer, now)) {
            Some(Err(wait)) => Verdict::deny().failure(Failure::TooManyHandshakesOfAddress(wait)),
            Some(Ok(())) | None => Verdict::grant(),
        }
    }

    fn can_subscribe(&self, asking: &Asking<'_>, pattern: &ChannelPattern) -> bool {
        if self.reserved.iter().any(|reserved| reserved.contains(pattern)) {
            return false;
        }
        let mut allowed: Vec<&ChannelPattern> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.is_for(asking)) {
            let Some(ruling) = rule.subscribe else { continue };
            if rule.pattern.contains(pattern) {
                return ruling == Ruling::Allow;
            }
            if pattern.contains(&rule.pattern) {
                match ruling {
                    Ruling::Allow => allowed.push(&rule.pattern),
                    Ruling::Deny => {
                        if !allowed.iter().any(|earlier| earlier.contains(&rule.pattern)) {
                            return false;
                        }
                    }
                }
            }
        }
        true
    }

    fn can_publish(&self, asking: &Asking<'_>, channel: &ChannelName) -> bool {
        if self.reserved.iter().any(|reserved| reserved.matches(channel)) {
            return false;
        }
        self.rules
            .iter()
            .filter(|rule| rule.pattern.matches(channel) && rule.is_for(asking))
            .find_map(|rule| rule.publish)
            .map_or(self.publish, |ruling| ruling == Ruling::Allow)
    }
}

impl Rule {
    fn is_for(&self, asking: &Asking<'_>) -> bool {
        self.who.is_empty()
            || self.who.iter().any(|whom| match (whom, asking.user) {
                (Whom::AnyUser, user) => user.is_some(),
                (Whom::User(name), Some(user)) => **name == *user.as_str(),
                (Whom::Role(role), Some(_)) => asking.roles.contains(role),
                (Whom::User(_) | Whom::Role(_), None) => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use encke::broker::UserId;

    use super::Ruling::{Allow, Deny};
    use super::*;

    fn pattern(text: &str) -> ChannelPattern {
        ChannelPattern::new(text).unwrap()
    }

    fn rule(channels: &str, who: &[Whom], subscribe: Ruling, publish: Ruling) -> Rule {
        Rule {
            pattern: pattern(channels),
            who: who.to_vec(),
            subscribe: Some(subscribe),
            publish: Some(publish),
        }
    }

    fn rules(rules: Vec<Rule>) -> ChannelRules {
        ChannelRules {
            anonymous: true,
            publish: true,
            reserved: vec![pattern("/v2/**")],
            rules,
            handshakes: Arc::default(),
        }
    }

    fn role(name: &str) -> Whom {
        Whom::Role(name.into())
    }

    /// Somebody with these roles.
    fn with<R>(user: Option<&str>, roles: &[&str], ask: impl FnOnce(&Asking<'_>) -> R) -> R {
        let user = user.map(UserId::new);
        let roles: Vec<Arc<str>> = roles.iter().copied().map(Arc::from).collect();
        let mut asking = Asking::default();
        asking.user = user.as_ref();
        asking.roles = &roles;
        ask(&asking)
    }

    fn subscribes(rules: &ChannelRules, channels: &str) -> bool {
        with(Some("alice"), &["a"], |asking| rules.can_subscribe(asking, &pattern(channels)))
    }

    fn publishes(rules: &ChannelRules, channel: &str) -> bool {
        let channel = ChannelName::new(channel).unwrap();
        with(Some("alice"), &["a"], |asking| rules.can_publish(asking, &channel))
    }

    #[test]
    fn without_rules_everything_is_allowed_but_what_is_reserved() {
        let none = rules(vec![rule("/v2/x", &[], Allow, Allow)]);
        assert!(subscribes(&none, "/a") && subscribes(&none, "/**") && publishes(&none, "/a"));
        assert!(!subscribes(&none, "/v2/x") && !publishes(&none, "/v2/x"));
        let closed = ChannelRules { publish: false, ..rules(vec![rule("/a", &[], Deny, Allow)]) };
        assert!(!publishes(&closed, "/b") && publishes(&closed, "/a"));
    }

    #[test]
    fn first_rule_that_counts_decides() {
        let rules = rules(vec![
            rule("/a/b", &[role("other")], Deny, Deny),
            rule("/a/b", &[role("a")], Allow, Deny),
            rule("/a/**", &[], Deny, Allow),
        ]);
        assert!(subscribes(&rules, "/a/b") && !publishes(&rules, "/a/b"));
        assert!(!subscribes(&rules, "/a/c") && publishes(&rules, "/a/c"));
        assert!(subscribes(&rules, "/b") && publishes(&rules, "/b"));
    }

    #[test]
    fn rule_that_does_not_name_an_operation_does_not_decide_about_it() {
        let quiet = Rule { publish: None, ..rule("/a", &[], Deny, Deny) };
        let rules = rules(vec![quiet, rule("/a", &[], Allow, Deny)]);
        assert!(!subscribes(&rules, "/a") && !publishes(&rules, "/a"));
    }

    #[test]
    fn denied_channel_is_not_reached_by_subscribing_to_more() {
        let rules = rules(vec![rule("/secret/x", &[], Deny, Deny)]);
        for wider in ["/secret/x", "/secret/*", "/secret/**", "/**"] {
            assert!(!subscribes(&rules, wider), "{wider}");
        }
        for other in ["/secret", "/secret/y", "/*", "/secret/x/*", "/secret/x/**"] {
            assert!(subscribes(&rules, other), "{other}");
        }
    }

    #[test]
    fn denial_behind_an_allowance_of_the_same_channels_denies_nothing() {
        let shadowed = rules(vec![
            rule("/a/**", &[], Allow, Allow),
            rule("/a/b", &[], Deny, Deny),
            rule("/a/b/**", &[], Deny, Deny),
        ]);
        assert!(subscribes(&shadowed, "/a/b") && subscribes(&shadowed, "/**"));
        let beside = rules(vec![rule("/a/b", &[], Allow, Allow), rule("/a/*", &[], Deny, Deny)]);
        assert!(subscribes(&beside, "/a/b"));
        assert!(!subscribes(&beside, "/a/*") && !subscribes(&beside, "/**"));
    }

    #[test]
    fn rule_is_for_whom_it_names() {
        let who = [Whom::User("bob".into()), role("a")];
        let named = rules(vec![rule("/a", &who, Allow, Allow), rule("/a", &[], Deny, Deny)]);
        let any =
            rules(vec![rule("/a", &[Whom::AnyUser], Allow, Allow), rule("/a", &[], Deny, Deny)]);
        for (user, roles, by_name, by_login) in [
            (Some("alice"), &["a"][..], true, true),
            (Some("alice"), &["b"], false, true),
            (Some("bob"), &[], true, true),
            (None, &["a"], false, false),
        ] {
            let ask = |rules: &ChannelRules| {
                with(user, roles, |asking| rules.can_subscribe(asking, &pattern("/a")))
            };
            assert_eq!((ask(&named), ask(&any)), (by_name, by_login), "{user:?} {roles:?}");
        }
    }

    #[test]
    fn strangers_shake_hands_where_they_may() {
        let open = rules(Vec::new());
        let closed = ChannelRules { anonymous: false, ..rules(Vec::new()) };
        let shakes =
            |rules: &ChannelRules, user| with(user, &[], |asking| rules.can_handshake(asking));
        assert!(shakes(&open, None) && shakes(&closed, Some("alice")));
        assert!(!shakes(&closed, None));
    }

    /// For every subscription, rule by rule, against the channels that it could match.
    #[test]
    fn subscription_is_allowed_if_each_of_its_channels_is() {
        let texts = ["/a", "/b", "/a/a", "/a/b", "/a/a/a", "/*", "/a/*", "/**", "/a/**", "/a/a/**"];
        let channels = ["/a", "/b", "/c", "/a/a", "/a/b", "/a/c", "/a/a/a", "/a/a/c", "/a/c/c"];
        let mut tried = 0;
        for first in texts {
            for second in texts {
                for rulings in 0..4 {
                    let ruling = |bit: u32| if rulings & bit == 0 { Allow } else { Deny };
                    let of = vec![
                        rule(first, &[], ruling(1), ruling(1)),
                        rule(second, &[], ruling(2), ruling(2)),
                    ];
                    let rules = rules(of);
                    for wanted in texts {
                        let each = channels
                            .into_iter()
                            .filter(|c| pattern(wanted).matches(&ChannelName::new(c).unwrap()))
                            .all(|channel| publishes(&rules, channel));
                        let context = format!("{first} {second} {rulings} {wanted}");
                        assert_eq!(subscribes(&rules, wanted), each, "{context}");
                        tried += 1;
                    }
                }
            }
        }
        assert_eq!(tried, 4_000);
    }
}
