//! Numbers that look random, for tests in the crate and outside of it.

use std::env;

/// Numbers that look random and come again with their seed, which `ENCKE_SEED` sets.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    #[expect(clippy::print_stderr, reason = "a failure is repeated with its seed")]
    pub(crate) fn new() -> Self {
        let seed = env::var("ENCKE_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        eprintln!("ENCKE_SEED={seed}");
        Self(seed)
    }

    /// splitmix64, below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}
