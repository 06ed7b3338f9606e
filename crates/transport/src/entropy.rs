//! Randomness of the operating system.

use encke_broker::Entropy;

#[derive(Debug)]
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn bytes(&self) -> [u8; 20] {
        let mut bytes = [0; 20];
        // Linux and the other supported systems cannot fail here once they have booted; a client
        // id that somebody can guess would be worse than stopping.
        getrandom::fill(&mut bytes).expect("the operating system provides randomness");
        bytes
    }
}
