//! Killed processes, failing journals and orderly ends: what was answered with 0 is there.

mod drain;
mod dumped;
mod feed;
mod journal;
mod kill;
mod promise;
mod replay;
mod wire;
