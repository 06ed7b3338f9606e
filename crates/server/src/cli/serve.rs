//! Running a server as a process: runtime, file limit, signals, the line that says where.

use std::io::{self, Write};

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::{Config, Server};

/// Starts a server and runs it until a signal, then drains.
pub(super) fn run(config: Config) -> Result<(), Failure> {
    raise_file_limit();
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(Failure::other)?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(Failure::other)?;
        let server = Server::bind(config).await.map_err(Failure::other)?;
        // Whoever started us may have closed standard error; we serve nevertheless.
        drop(writeln!(io::stderr(), "listening on {}", server.url()));
        let (first, again) = tokio::sync::oneshot::channel();
        let serving = server.run(async {
            signals.next().await;
            tracing::info!("draining; a second signal ends the process at once");
            drop(first.send(signals));
        });
        let impatient = async {
            match again.await {
                Ok(mut signals) => signals.next().await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            result = serving => result.map_err(Failure::other),
            () = impatient => Err(Failure::other("ended before the drain was complete")),
        }
    })
}

/// One file is needed for each connection, and the usual soft limit is 1,024.
fn raise_file_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit on open files stays as it is");
    }
}

/// `SIGTERM` and `SIGINT`.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
