//! An ordered per-key append log with optimistic concurrency.
