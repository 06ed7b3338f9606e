//! Descriptors and source addresses: what a machine needs for many connections from one process.
//!
//! A connection needs a descriptor, so the soft limit is raised as far as the hard one goes. A
//! connection also needs a port of its own, of which Linux gives about 28,000 per source address
//! (`net.ipv4.ip_local_port_range`); beyond [`PER_ADDRESS`] the next loopback address is used.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Connections that share one source address.
pub const PER_ADDRESS: usize = 25_000;

/// Descriptors a run needs beside those of its polls: the runtime, `/proc`, publisher, farewell.
const BESIDE: u64 = 64;

/// Raises the soft limit of descriptors so that `connections` fit.
///
/// # Errors
///
/// [`DescriptorError`] if the hard limit is too low or the system refuses.
pub fn make_room(connections: usize) -> Result<(), DescriptorError> {
    let needed = connections as u64 + BESIDE;
    let limit = rlimit::increase_nofile_limit(needed).map_err(DescriptorError::Refused)?;
    if limit < needed {
        return Err(DescriptorError::TooFew { needed, limit });
    }
    Ok(())
}

/// The source address of the connection of this number; `None` leaves the choice to the system.
///
/// Only a run that needs more than one address binds, and only towards IPv4 loopback: elsewhere
/// the machine's own addresses are not ours to choose from.
pub(crate) fn address(number: usize, of: usize, towards: SocketAddr) -> Option<SocketAddr> {
    if of <= PER_ADDRESS || !towards.is_ipv4() || !towards.ip().is_loopback() {
        return None;
    }
    let host = u32::try_from(number / PER_ADDRESS).unwrap_or(0) % 0x00ff_fffd;
    let address = u32::from(Ipv4Addr::LOCALHOST) + host;
    Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(address)), 0))
}

/// Why a process cannot have so many connections.
#[derive(Debug)]
#[non_exhaustive]
pub enum DescriptorError {
    /// The hard limit is lower than what is needed.
    TooFew {
        /// Descriptors needed.
        needed: u64,
        /// The hard limit.
        limit: u64,
    },
    /// The system did not let us raise the soft limit.
    Refused(io::Error),
}

impl fmt::Display for DescriptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { needed, limit } => {
                write!(f, "{needed} file descriptors are needed, the limit is {limit}")
            }
            Self::Refused(_) => f.write_str("the limit of file descriptors cannot be raised"),
        }
    }
}

impl std::error::Error for DescriptorError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(source) => Some(source),
            Self::TooFew { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_chosen_only_when_one_is_not_enough() {
        let loopback = "127.0.0.1:80".parse().unwrap();
        assert_eq!(address(9, PER_ADDRESS, loopback), None);
        assert_eq!(address(9, 60_000, "192.0.2.1:80".parse().unwrap()), None);
        let chosen = |number| address(number, 60_000, loopback).unwrap().to_string();
        assert_eq!(chosen(0), "127.0.0.1:0");
        assert_eq!(chosen(24_999), "127.0.0.1:0");
        assert_eq!(chosen(25_000), "127.0.0.2:0");
        assert_eq!(chosen(59_999), "127.0.0.3:0");
    }

    #[test]
    fn more_than_the_hard_limit_is_refused() {
        let refused = make_room(usize::MAX >> 8);
        assert!(matches!(refused, Err(DescriptorError::TooFew { .. })), "{refused:?}");
    }
}
