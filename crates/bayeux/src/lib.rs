//! The Bayeux wire protocol as values.
