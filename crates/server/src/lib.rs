//! The encke binary as a library: settings, login, TLS, metrics, signals and pages.
//!
//! [`Server`] puts the parts together: two Bayeux endpoints, the GWS v2 REST surface, the
//! call-state core over its journal, and in front of them logins, origins and rates. The binary
//! adds the command line, the log and the signals ([`command_line`]); a test starts the same
//! server in its own process:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use encke_server::{Config, DemoOptions, Server, Settings};
//!
//! let mut settings = Settings::demo(&DemoOptions::default())?;
//! settings.server.listen = "127.0.0.1:0".parse()?;
//! let server = Server::bind(Config::from_settings(&settings)?).await?;
//! let address = server.address();
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let running = tokio::spawn(server.run(async { drop(stopped.await) }));
//! // ... talk to `address` ...
//! # drop(address);
//! drop(stop);
//! running.await??;
//! # Ok(())
//! # }
//! ```
//!
//! # The way of a request
//!
//! `listener` accepts it, [`front`](self) judges rate, origin and login, and hands it to the
//! transport, the gateway, the API for back ends, the simulator, the pages or the operations.
//! Nothing here knows what a Bayeux message or a call is.

mod answer;
mod api;
mod cli;
mod clock;
mod config;
mod cors;
mod demo;
mod description;
mod feed;
mod front;
mod handshakes;
mod hex;
mod journal_gate;
mod listener;
mod logging;
mod login;
mod metrics;
mod operations;
mod pages;
mod policy;
mod proxies;
mod rate;
mod replay;
mod server;
pub mod settings;
mod simulator;

pub use cli::command_line;
pub use config::{Config, ConfigError};
pub use demo::{DEMO_PASSWORD, DemoError, DemoOptions};
pub use listener::TlsError;
pub use server::{RunError, Server, StartError, run};
pub use settings::{Settings, SettingsError};
