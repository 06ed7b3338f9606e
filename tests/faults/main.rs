//! Killed processes and failing journals.
