//! Killed processes, failing journals and orderly ends: what was answered with 0 is there.

mod drain;
mod journal;
mod kill;
mod replay;
mod wire;
