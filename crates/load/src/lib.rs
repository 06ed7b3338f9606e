//! Load for any Bayeux server over long-polling or WebSocket, and a check of every delivery.
//!
//! [`run()`] carries out a [`Workload`]: it brings sessions up, publishes at absolute moments, checks
//! each delivery (lost, doubled, out of order, late, stray, garbled) and says how late it came and
//! what it cost the server in CPU time and memory. The command line around it is [`command_line`];
//! tests call [`run()`]. It blocks: sessions are served by threads of its own, without a runtime.
//!
//! | Module       | Owns                                                                  |
//! |--------------|-----------------------------------------------------------------------|
//! | `cli`        | arguments, exit codes, Ctrl-C                                         |
//! | [`compare`]  | servers in turns, and the ratios between them                         |
//! | `progress`   | one line a second                                                     |
//! | [`report`]   | what a run saw, as JSON and as a table                                |
//! | [`html`], `plot` | the same as a page with plots                                     |
//! | `engine`     | one run, from the first connection to the report                      |
//! | [`timeline`] | what a run looked like second by second                               |
//! | `workload`   | the workloads, and how each becomes a job                             |
//! | `agents`, `turns` | logins and calls before a run of `calls`                         |
//! | `worker`     | one thread: its sessions and publishers, and the loop that serves them |
//! | `shared`     | what the threads of a run share                                       |
//! | `job`        | who subscribes to what, and what a delivery must be                   |
//! | `desk`       | an agent's call, and what a notification of it must look like         |
//! | `session`    | one Bayeux client as a machine                                        |
//! | `publisher`  | requests that go out at their moments                                 |
//! | `farewell`   | sessions leave, so that the next run finds a clean server             |
//! | `link`       | one connection that never waits                                       |
//! | `frames`     | WebSocket messages in a byte stream                                   |
//! | `response`   | HTTP responses in a byte stream                                       |
//! | `scan`       | members of JSON messages, found without building a tree               |
//! | `request`, `cookie` | what is sent                                                   |
//! | `pace`       | the moments at which messages are due                                 |
//! | `payload`    | the stamp inside `data`                                               |
//! | `ledger`     | what one subscriber is still owed                                     |
//! | [`latency`]  | histogram, summary and curve                                          |
//! | [`process`]  | memory and CPU time of a process, from `/proc`                        |
//! | [`source`]   | descriptors and source addresses                                      |
//! | [`target`]   | whom to load, and the refusal to load strangers                       |
//! | `run`        | what every workload is told, and why one cannot run                   |
//! | `troubles`   | what went wrong, and how often                                        |
//! | [`stop`]     | the one signal that ends a run early                                  |
//! | `clock`      | the only place that reads the time                                    |
//!
//! # Bounds
//!
//! A run is bounded in sessions, messages and time, and ends by itself. It opens no connection to
//! anything but a loopback address unless [`target::Reach::Anywhere`] was asked for.

mod agents;
mod cli;
mod clock;
pub mod compare;
mod cookie;
mod desk;
mod engine;
mod farewell;
mod frames;
pub mod html;
mod job;
pub mod latency;
mod ledger;
mod link;
mod pace;
mod payload;
mod plot;
pub mod process;
mod progress;
mod publisher;
pub mod report;
mod request;
mod response;
mod run;
mod scan;
mod session;
mod shared;
pub mod source;
pub mod stop;
pub mod target;
pub mod timeline;
mod troubles;
mod turns;
mod worker;
mod workload;

pub use cli::command_line;
pub use engine::{Watcher, run};
pub use pace::Pace;
pub use payload::MIN_BYTES as MIN_PAYLOAD_BYTES;
pub use run::{Common, RunError};
pub use workload::{BATCH, ROOMS, ROOMS_PAYLOAD_BYTES, ROOMS_PER_CLIENT, Workload};
