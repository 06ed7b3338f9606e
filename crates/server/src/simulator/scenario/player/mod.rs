//! Goes through the stories of a plan, and says what is to be done next.
//!
//! A pure machine. [`poll_action`](Player::poll_action) gives one action at a time, in the order of
//! their times in the scenario; what became of it comes back through
//! [`handle_done`](Player::handle_done) before the next one. What others did to a story's call or
//! session is seen by [`handle_call`](Player::handle_call) and
//! [`handle_interaction`](Player::handle_interaction).
//! The same plan and the same answers at the same times give the same actions.
//!
//! A step's time follows from the time of the step before, and not from when that was carried out:
//! a machine that is slow plays late, and in the same order.
//!
//! # Waiting
//!
//! | A story waits       | until                               | or until its patience is over, then   |
//! |---------------------|-------------------------------------|---------------------------------------|
//! | for a robot         | he is ready and on no other call    | the customer hangs up                 |
//! | for a human         | the call is answered, the session accepted | the customer hangs up or leaves |
//! | for a human's text  | he writes                           | the customer goes on                  |
//!
//! What a robot would do is passed over where a human sits at his desk.
//!
//! # Parts
//!
//! Each calls only those below it; the first three are what the runner asks.
//!
//! | Part      | Owns                                                            |
//! |-----------|-----------------------------------------------------------------|
//! | `turns`   | which action is next                                            |
//! | `outcome` | what became of it, and what follows                             |
//! | `seen`    | what others did, and what follows                               |
//! | `verdict` | what an act comes to at this moment                             |
//! | `course`  | how a story goes on, waits and ends                             |
//! | `state`   | what is known of stories and robots                             |
//! | `action`  | what a player and whoever carries it out say to each other      |

mod action;
mod course;
mod outcome;
mod seen;
mod state;
mod turns;
mod verdict;

pub(crate) use action::Counts;
pub(super) use action::{Action, Done, Robot, Watched};
pub(crate) use state::Player;
