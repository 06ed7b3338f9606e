//! Which part of the house answers a path.

use crate::answer::Form;
use crate::api;
use crate::description::{API as DESCRIPTION, FEED as FEED_DESCRIPTION};
use crate::feed;

/// Which part answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Cometd,
    Notifications,
    Gateway,
    Api,
    Feed,
    Simulator,
    Other,
}

impl Part {
    /// The part of a path.
    pub(super) fn of(path: &str) -> Self {
        let below = |root: &str| {
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if path == DESCRIPTION || path == FEED_DESCRIPTION {
            Self::Other
        } else if below("/api/v2/notifications") {
            Self::Notifications
        } else if below("/api/v2") {
            Self::Gateway
        } else if below(api::ROOT) {
            Self::Api
        } else if below(feed::ROOT) {
            Self::Feed
        } else if below("/cometd") {
            Self::Cometd
        } else if below("/sim/v1") {
            Self::Simulator
        } else {
            Self::Other
        }
    }

    /// How its clients expect to be refused.
    pub(super) fn form(self) -> Form {
        match self {
            Self::Api | Self::Feed => Form::Named,
            _ => Form::Gws,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_parts() {
        for (path, part) in [
            ("/cometd", Part::Cometd),
            ("/cometd/", Part::Cometd),
            ("/cometd/handshake", Part::Cometd),
            ("/cometdx", Part::Other),
            ("/api/v2/notifications", Part::Notifications),
            ("/api/v2/notifications/connect", Part::Notifications),
            ("/api/v2/notificationsx", Part::Gateway),
            ("/api/v2", Part::Gateway),
            ("/api/v2/me/", Part::Gateway),
            ("/api/v20", Part::Other),
            ("/api/bayeux/v1/publish", Part::Api),
            ("/api/bayeux/v1", Part::Api),
            ("/api/bayeux/v1/openapi.json", Part::Other),
            ("/api/bayeux/v2", Part::Other),
            ("/api/feed/v1/pbx", Part::Feed),
            ("/api/feed/v1/openapi.json", Part::Other),
            ("/sim/v1/calls", Part::Simulator),
            ("/", Part::Other),
            ("/desk/", Part::Other),
            ("/healthz", Part::Other),
        ] {
            assert_eq!(Part::of(path), part, "{path}");
        }
    }
}
