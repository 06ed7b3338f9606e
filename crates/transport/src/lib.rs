//! Bayeux over HTTP as one hyper and tower service.
