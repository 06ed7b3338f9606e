//! A proxy that cuts connections in the middle of whatever they carry.
//!
//! Each connection may carry so many bytes, counted over both directions and drawn by chance, and
//! then ends: between two bytes of a head, a body or a frame, in order or by a reset that takes along
//! what is still on its way. The same seed draws the same numbers; [`WireCutter::seed`] takes it
//! from `ENCKE_SEED`, so that a failure can be repeated.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Bytes read at a time; a cut falls anywhere within.
const CHUNK: usize = 4096;

/// A running proxy; dropping it ends it and all its connections.
#[derive(Debug)]
pub struct WireCutter {
    address: SocketAddr,
    counts: Arc<Counts>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    cuts: AtomicU64,
    upgrades: AtomicU64,
}

impl WireCutter {
    /// The seed that `ENCKE_SEED` names, or this one.
    pub fn seed(otherwise: u64) -> u64 {
        std::env::var("ENCKE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(otherwise)
    }

    /// Stands in front of `target` and lets each connection carry `bytes`, small numbers as likely
    /// as large ones.
    pub async fn start(target: SocketAddr, seed: u64, bytes: Range<u64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let accepting = tokio::spawn(async move {
            let mut chance = Chance(seed);
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let left = chance.between(&bytes);
                let reset = chance.next().is_multiple_of(2);
                let counts = Arc::clone(&counted);
                connections.spawn(async move {
                    if carry(client, target, left, reset, &counts).await {
                        counts.cuts.fetch_add(1, Ordering::Relaxed);
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, counts, accepting }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that were cut so far.
    pub fn cuts(&self) -> u64 {
        self.counts.cuts.load(Ordering::Relaxed)
    }

    /// Connections that became sockets so far.
    pub fn upgrades(&self) -> u64 {
        self.counts.upgrades.load(Ordering::Relaxed)
    }
}

impl Drop for WireCutter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries `left` bytes and cuts; false if the connection ended before by itself.
async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    mut left: u64,
    reset: bool,
    counts: &Counts,
) -> bool {
    let Ok(mut server) = TcpStream::connect(target).await else { return false };
    for socket in [&client, &server] {
        socket.set_nodelay(true).expect("a connected socket");
    }
    let (mut up, mut down) = ([0; CHUNK], [0; CHUNK]);
    loop {
        let (read, chunk, to) = tokio::select! {
            read = client.read(&mut up) => (read, &up, &mut server),
            read = server.read(&mut down) => (read, &down, &mut client),
        };
        let Ok(read @ 1..) = read else { return false };
        if chunk.starts_with(b"HTTP/1.1 101 ") {
            counts.upgrades.fetch_add(1, Ordering::Relaxed);
        }
        let carried = u64::try_from(read).unwrap_or(u64::MAX).min(left);
        left -= carried;
        let carried = usize::try_from(carried).unwrap_or(read);
        if to.write_all(chunk.get(..carried).unwrap_or_default()).await.is_err() {
            return false;
        }
        if left == 0 {
            break;
        }
    }
    if reset {
        for socket in [&client, &server] {
            socket.set_zero_linger().expect("a connected socket");
        }
    }
    true
}

/// Numbers that depend on their seed alone (splitmix64).
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of the range: first its order of magnitude by chance, then the number.
    fn between(&mut self, range: &Range<u64>) -> u64 {
        let mut end = range.end;
        while end / 2 > range.start && self.next().is_multiple_of(2) {
            end /= 2;
        }
        range.start + self.next() % (end - range.start).max(1)
    }
}
