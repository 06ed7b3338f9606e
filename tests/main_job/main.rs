//! The main job: a change of user data reaches every desk that has the call, at once, once, in
//! order, with its own view; and nobody else.

mod desks;
mod many;
mod privacy;
mod recovery;
mod switches;
