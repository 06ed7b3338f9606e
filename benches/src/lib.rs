//! What the server is measured against, and with.
//!
//! | Part             | What it is                                                                 |
//! |------------------|----------------------------------------------------------------------------|
//! | [`floor`]        | servers that do next to nothing, for the ratio of ours to them             |
//! | [`micro`]        | single steps of the server, whose instructions are counted                 |
//! | [`memory`]       | connections without sockets: a crowd that polls the transport in memory    |
//! | `bench-ratios`   | runs ours and the floors alternately and prints the ratios                 |
//! | `bench-crowd`    | holds very many sessions in memory and prints what each costs              |
//!
//! Nothing here is shipped. `docs/PERFORMANCE.md` has the commands and the figures.

pub mod floor;
pub mod memory;
pub mod micro;
