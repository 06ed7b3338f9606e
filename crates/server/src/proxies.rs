//! Whom a request comes from when a proxy stands between.
//!
//! A header is believed only as far as those who wrote it are: it is read from its end, where the
//! proxy that is connected to us has added whom it got the request from. As long as an address is
//! that of a trusted proxy, the one before it is looked at; the first other address is the
//! client's. What a client wrote into the header itself stands before that and is never reached.
//!
//! Where the chain breaks off, or holds what is no address (`unknown`, a hidden name), the last
//! proxy that was reached stands for the client: limits then treat what hides behind it as one.
//!
//! # Sources
//!
//! Specified: RFC 7239 for `Forwarded`. Observed: proxies append to `X-Forwarded-For`, some with a
//! port, IPv6 with or without brackets.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use crate::settings::ForwardedHeader;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) header: ForwardedHeader,
}

impl Proxies {
    /// The client's address, for a request on a connection from `peer`.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let name = match self.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => http::header::FORWARDED,
        };
        let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
        let entries = lines.iter().rev().flat_map(|line| {
            // A line that is no text ends the chain, as a name that is no address does.
            line.to_str().unwrap_or("?").rsplit(',')
        });
        for entry in entries {
            let address = match self.header {
                ForwardedHeader::XForwardedFor => address(entry),
                ForwardedHeader::Forwarded => forwarded_for(entry).and_then(address),
            };
            let Some(address) = address else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    /// Whether this is the address of a proxy that is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// A network, or one address as the network of itself alone.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// An address, with or without a port, brackets and quotes.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = text
        .parse::<IpAddr>()
        .ok()
        .or_else(|| bare?.parse::<Ipv6Addr>().ok().map(IpAddr::V6))
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

/// The `for` of one element of a `Forwarded` header.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ForwardedHeader, peer: &str, lines: &[&str]) -> String {
        let proxies = Proxies {
            trusted: ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]
                .map(|n| network(n).unwrap())
                .into(),
            header,
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
            headers.append(http::header::FORWARDED, HeaderValue::from_str(line).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    fn x_forwarded_for(peer: &str, lines: &[&str]) -> String {
        client(ForwardedHeader::XForwardedFor, peer, lines)
    }

    #[test]
    fn stranger_is_not_believed() {
        assert_eq!(x_forwarded_for("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(x_forwarded_for("::ffff:203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(
            Proxies::default().client("::1".parse().unwrap(), &HeaderMap::new()).to_string(),
            "::1"
        );
    }

    #[test]
    fn first_address_from_the_end_that_is_no_proxy_is_the_clients() {
        for (lines, expected) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            (&["1.1.1.1, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            (&["1.1.1.1", "198.51.100.1,192.0.2.1"], "198.51.100.1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["[2001:db9::1]:4711"], "2001:db9::1"),
            (&["2001:db9::1"], "2001:db9::1"),
            (&["::ffff:198.51.100.1"], "198.51.100.1"),
            (&["10.0.0.7"], "10.0.0.7"),
            (&[], "10.1.2.3"),
        ] {
            assert_eq!(x_forwarded_for("10.1.2.3", lines), expected, "{lines:?}");
        }
        assert_eq!(x_forwarded_for("2001:db8::7", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        for line in ["", "unknown", "198.51.100.1, unknown", "1.2.3.4.5", "<script>", "1.1.1.1,"] {
            assert_eq!(x_forwarded_for("10.1.2.3", &[line]), "10.1.2.3", "{line}");
        }
        assert_eq!(x_forwarded_for("10.1.2.3", &["198.51.100.1, _x, 10.0.0.7"]), "10.0.0.7");
    }

    #[test]
    fn header_of_the_standard_has_parameters() {
        let forwarded = |line: &str| client(ForwardedHeader::Forwarded, "10.1.2.3", &[line]);
        for (line, expected) in [
            ("for=198.51.100.1", "198.51.100.1"),
            ("proto=https; For=\"198.51.100.1:47\"; by=10.1.2.3", "198.51.100.1"),
            ("for=1.1.1.1, for=\"[2001:db9::1]:4711\"", "2001:db9::1"),
            ("for=198.51.100.1, for=\"[2001:db8::1]\"", "198.51.100.1"),
            ("for=_hidden", "10.1.2.3"),
            ("proto=https", "10.1.2.3"),
            ("198.51.100.1", "10.1.2.3"),
        ] {
            assert_eq!(forwarded(line), expected, "{line}");
        }
    }

    #[test]
    fn networks_are_written_in_both_ways() {
        assert_eq!(network("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").unwrap().to_string(), "::1/128");
        for wrong in ["", "10.0.0.0/33", "proxy.example.com", "10.0.0.0/"] {
            assert!(network(wrong).is_none(), "{wrong}");
        }
    }
}
