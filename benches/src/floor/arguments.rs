//! The command line of a floor: an address to listen at.

use std::ffi::OsString;
use std::net::SocketAddr;

use clap::Parser;

#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// The address to listen at. Ends the process where the command line is not understood.
pub fn address(arguments: impl IntoIterator<Item = OsString>) -> SocketAddr {
    Arguments::parse_from(arguments).listen
}
