//! Bayeux sessions, subscriptions and publishing.
