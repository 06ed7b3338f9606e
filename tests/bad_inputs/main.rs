//! The exact answer to each bad input.
