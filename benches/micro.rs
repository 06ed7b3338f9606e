//! Instructions of single steps, counted by callgrind: `cargo xtask bench micro`.
//!
//! What is made ready before a step and what is left behind it are not counted. Those of the
//! journal are the whole process, since the work is its writer's: subtract the one from the other.

#![expect(
    clippy::exit,
    missing_docs,
    unused_qualifications,
    reason = "of what the macros make of the steps"
)]

use std::hint::black_box;

use encke_benches::micro::call::Told;
use encke_benches::micro::crowd::Crowd;
use encke_benches::micro::log::Log;
use encke_benches::micro::wire;
use gungraun::{
    Callgrind, EntryPoint, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};

#[library_benchmark]
#[bench::connect(wire::connect())]
#[bench::publish(wire::publish())]
fn decode(body: String) -> (usize, String) {
    (wire::decode(black_box(&body)), body)
}

#[library_benchmark]
#[bench::one(Crowd::held(1))]
#[bench::hundred(Crowd::held(100))]
#[bench::ten_thousand(Crowd::held(10_000))]
fn publish(crowd: Crowd) -> (usize, Crowd) {
    (black_box(&crowd).publish(), crowd)
}

#[library_benchmark]
#[bench::one(Crowd::held(1).published())]
#[bench::hundred(Crowd::held(100).published())]
fn respond(crowd: Crowd) -> (usize, Crowd) {
    black_box(crowd).answer()
}

#[library_benchmark]
#[bench::two_parties(Told::ready())]
fn project(told: Told) -> Told {
    black_box(&told).tell();
    told
}

#[library_benchmark(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::default().entry_point(EntryPoint::None))
)]
#[bench::hundred(100)]
#[bench::eleven_hundred(1_100)]
fn append(records: u64) -> u64 {
    Log::open().append(black_box(records))
}

library_benchmark_group!(name = steps, benchmarks = [decode, publish, respond, project, append]);

main!(library_benchmark_groups = steps);
