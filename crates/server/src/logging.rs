//! The process's log: one subscriber, on standard error.
//!
//! Installed by the command line only; whoever embeds [`Server`](crate::Server) brings their own.

use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, LogSettings};

/// Why there is no log.
#[derive(Debug)]
pub(crate) enum LogError {
    /// The filter is not one.
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        cause: ParseError,
    },
    /// Something else logs already.
    Taken,
}

/// Starts logging as the settings say.
///
/// # Errors
///
/// [`LogError`] for a filter that cannot be read, or if a subscriber is there already.
pub(crate) fn start(settings: &LogSettings) -> Result<(), LogError> {
    let filter = parse_filter(&settings.filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match settings.format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    }
    .map_err(|_| LogError::Taken)
}

/// Reads a filter without installing anything.
///
/// # Errors
///
/// [`LogError::Filter`].
pub(crate) fn parse_filter(filter: &str) -> Result<EnvFilter, LogError> {
    let refused = |cause| LogError::Filter { filter: filter.to_owned(), cause };
    let mut parsed = EnvFilter::builder().parse(filter).map_err(refused)?;
    for quiet in QUIET {
        parsed = parsed.add_directive(quiet.parse().map_err(refused)?);
    }
    Ok(parsed)
}

/// Libraries that write payloads at their lower levels, held above them whatever is asked for.
const QUIET: [&str; 2] = ["tungstenite=info", "tokio_tungstenite=info"];

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter { filter, .. } => write!(f, "`{filter}` is no log filter"),
            Self::Taken => f.write_str("this process has a log already"),
        }
    }
}

impl Error for LogError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Filter { cause, .. } => Some(cause),
            Self::Taken => None,
        }
    }
}
