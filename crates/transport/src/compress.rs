//! Responses made smaller, where it is worth it.
//!
//! Only responses beyond a size, and only for clients that ask: a short poll fits into one segment
//! either way, and compressing it costs more than sending it. A socket is never compressed: a
//! compressor would have to be kept for each.
//!
//! # Sources
//!
//! Specified: RFC 9110, 12.5.3 "Accept-Encoding". Observed: no peer compresses by itself.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// The fastest level; the next ones save little of what is left.
const LEVEL: u32 = 1;

/// Whether the client takes gzip.
pub(crate) fn is_welcome(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let refused = parts.any(|parameter| {
                let weight = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.trim().parse() == Ok(0.0_f32))
            });
            named && !refused
        })
}

/// The text as gzip; `None` if that would not be smaller.
pub(crate) fn gzip(text: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::new(LEVEL));
    let compressed = encoder.write_all(text).and_then(|()| encoder.finish()).ok()?;
    (compressed.len() < text.len()).then(|| Bytes::from(compressed))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_welcome_where_it_is_named_and_not_refused() {
        for (value, welcome) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, br", false),
            ("identity", false),
            ("x-gzipped", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(is_welcome(&headers), welcome, "{value}");
        }
        assert!(!is_welcome(&HeaderMap::new()));
    }

    #[test]
    fn of_a_burst_an_eighth_is_left() {
        let message = |n: u64| {
            let id = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!(
                r#"{{"channel":"/v2/me/calls","data":{{"messageType":"CallStateChangeMessage","notificationType":"AttachedDataChanged","call":{{"id":"{id:032X}","connId":"{id:016x}","state":"Established","callType":"Internal","phoneNumber":"15000","participants":[{{"formattedPhoneNumber":"15001","phoneNumber":"15001","digits":"15001"}}],"dnis":"15001","ani":"15000","mute":"Off","supervisorListeningIn":false,"monitoredUserMuted":false,"monitoring":false,"duration":"{n}","capabilities":["AttachUserData","UpdateUserData","DeleteUserData","DeleteUserDataPair","SendDtmf","Hold","Hangup"],"userData":{{"AccountNumber":"{n}","CustomerSegment":"Platinum"}},"uri":"http://127.0.0.1:8080/api/v2/me/calls/{id:032X}"}},"phoneNumber":"15000"}}}}"#
            )
        };
        let burst = (0..20).map(message).collect::<Vec<_>>().join(",");
        let small = gzip(burst.as_bytes()).unwrap();
        assert!(small.len() * 8 <= burst.len(), "{} of {}", small.len(), burst.len());
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let text = "[{\"channel\":\"/a\",\"data\":1}]".repeat(100);
        let small = gzip(text.as_bytes()).unwrap();
        let mut back = String::new();
        GzDecoder::new(&small[..]).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        assert_eq!(gzip(b"[]"), None, "short texts only grow");
    }
}
