//! The GWS v2 REST surface over the call-state core, and its notifications.
