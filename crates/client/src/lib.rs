//! A Rust Bayeux client: a handle and one task.
