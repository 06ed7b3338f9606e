//! What was found worth keeping, and bytes by chance.

use std::fs;
use std::path::Path;

use encke_fuzz_targets::{channel_matcher, decode_batch, frames, session_ops};

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 4] = [
    ("decode_batch", decode_batch::run),
    ("channel_matcher", channel_matcher::run),
    ("session_ops", session_ops::run),
    ("frames", frames::run),
];

#[test]
fn every_target_stands_its_corpus() {
    for (name, run) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let files: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(!files.is_empty(), "{} is empty", folder.display());
        for file in files {
            println!("{}", file.display());
            run(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn session_ops_stands_random_operations() {
    let mut state = 1_u64;
    for length in (2..800).step_by(3) {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(length)
        .collect();
        session_ops::run(&bytes);
    }
}
