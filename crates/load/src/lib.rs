//! Load for any Bayeux server over long-polling or WebSocket, and a check of every delivery.
//!
//! [`hold`] keeps sessions with a held poll and says what one costs the server in memory;
//! [`fanout`] publishes to all of them at a paced rate, checks each delivery (lost, doubled, out
//! of order) and says how late it came and what it cost the server in CPU time. The command line
//! around them is [`command_line`]; tests call the workloads as functions.
//!
//! | Module       | Owns                                                                  |
//! |--------------|-----------------------------------------------------------------------|
//! | `cli`        | arguments, exit codes, Ctrl-C                                         |
//! | [`target`]   | whom to load, and the refusal to load strangers                       |
//! | [`source`]   | descriptors and source addresses                                      |
//! | `connection` | one keep-alive HTTP connection                                        |
//! | `socket`     | one WebSocket                                                         |
//! | `request`    | bytes that go out, built once                                         |
//! | `response`   | bytes that come in: head, content length, chunks                      |
//! | `scan`       | members of JSON messages, found without building a tree               |
//! | `cookie`     | what a session has to send back                                       |
//! | `session`    | handshake, subscribe, poll                                            |
//! | `publisher`  | one message out, acknowledged                                         |
//! | `crowd`      | many polling sessions: bounded ramp-up, gauges                        |
//! | `farewell`   | sessions leave, so that the next run finds a clean server             |
//! | `troubles`   | what went wrong, and how often                                        |
//! | [`stop`]     | the one signal that ends a run early                                  |
//! | `pace`       | the moments at which messages are due                                 |
//! | `payload`    | the stamp inside `data`                                               |
//! | `ledger`     | what one subscriber is still owed                                     |
//! | [`latency`]  | histogram and its summary                                             |
//! | [`process`]  | memory and CPU time of a process, from `/proc`                        |
//! | [`hold`], [`fanout`] | the two workloads                                             |
//! | [`report`]   | rows as an aligned table                                              |
//! | `run`        | what both workloads are told, and why one cannot run                  |
//! | `clock`      | the only place that reads the time                                    |
//!
//! # Bounds
//!
//! A run is bounded in sessions, messages and time, and ends by itself. It opens no connection to
//! anything but a loopback address unless [`target::Reach::Anywhere`] was asked for.

mod cli;
mod clock;
mod connection;
mod cookie;
mod crowd;
pub mod fanout;
mod farewell;
pub mod hold;
pub mod latency;
mod ledger;
mod pace;
mod payload;
pub mod process;
mod publisher;
pub mod report;
mod request;
mod response;
mod run;
mod scan;
mod session;
mod socket;
pub mod source;
pub mod stop;
pub mod target;
mod troubles;

pub use cli::command_line;
pub use run::{Common, RunError};
