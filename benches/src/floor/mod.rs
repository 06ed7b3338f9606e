//! Floors: servers that know just enough Bayeux to be driven, and do nothing else.
//!
//! They look for substrings instead of parsing JSON, check nothing, authenticate nobody, bound
//! nothing and have no timeouts, and most of what they answer is written down here already. What a
//! real server costs above them is the price of being one.
//!
//! | Module   | Owns                                                        |
//! |----------|-------------------------------------------------------------|
//! | `asked`  | what a body asks for                                        |
//! | [`room`] | sessions, channels and what waits for whom                  |
//! | `arguments` | the command line of both servers                         |
//!
//! The sockets are in the binaries `floor-hyper` and `floor-epoll`.

mod arguments;
mod asked;
pub mod room;

pub use arguments::address;
