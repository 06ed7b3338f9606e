//! The cookies of one server.
//!
//! Enough for sessions and balancers: a name, a value, where it is sent and when it ends. Bounded
//! in count and size; what is beyond is not kept. Never shown by Debug.
//!
//! # Sources
//!
//! Specified: RFC 6265, sections 5.2 to 5.4. `Domain` is not looked at, since all requests go to
//! one host; `Expires` neither: servers that take a cookie back also empty it or say `Max-Age=0`.

use std::fmt;

/// Most cookies kept; RFC 6265 section 6.1 asks for 50 per domain.
const MAX_COOKIES: usize = 50;

/// Most bytes of one cookie; as RFC 6265 section 6.1 asks for.
const MAX_COOKIE_BYTES: usize = 4096;

/// Cookies by name and path.
#[derive(Default)]
pub(crate) struct Jar(Vec<Cookie>);

struct Cookie {
    name: String,
    value: String,
    path: String,
    secure: bool,
}

impl Jar {
    /// Keeps, replaces or removes what a `Set-Cookie` header names.
    pub(crate) fn store(&mut self, header: &str, request_path: &str) {
        let mut parts = header.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        let mut path = default_path(request_path);
        let (mut secure, mut gone) = (false, value.is_empty());
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "path" if value.trim().starts_with('/') => path = value.trim(),
                "secure" => secure = true,
                "max-age" => gone |= value.trim().parse().is_ok_and(|age: i64| age <= 0),
                _ => {}
            }
        }
        let legal = |text: &str| text.bytes().all(|byte| matches!(byte, 0x21..=0x7e));
        if name.is_empty() || header.len() > MAX_COOKIE_BYTES || !legal(name) || !legal(value) {
            return;
        }
        self.0.retain(|cookie| cookie.name != name || cookie.path != path);
        if !gone && self.0.len() < MAX_COOKIES {
            let (name, value, path) = (name.into(), value.into(), path.into());
            self.0.push(Cookie { name, value, path, secure });
        }
    }

    /// The `Cookie` header of a request; longer paths first, as RFC 6265 section 5.4 asks for.
    pub(crate) fn header(&self, request_path: &str, secure: bool) -> Option<String> {
        let mut fitting: Vec<_> = self
            .0
            .iter()
            .filter(|cookie| (secure || !cookie.secure) && covers(&cookie.path, request_path))
            .collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|cookie| &cookie.name)).finish()
    }
}

/// The folder of a path.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(slash) => path.get(..slash).unwrap_or("/"),
    }
}

fn covers(cookie: &str, request: &str) -> bool {
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_comes_back_and_can_be_replaced_and_removed() {
        let mut jar = Jar::default();
        jar.store("BAYEUX_BROWSER=a1; Path=/; HttpOnly", "/cometd");
        jar.store("route = node1", "/x/cometd");
        assert_eq!(jar.header("/cometd", false).as_deref(), Some("BAYEUX_BROWSER=a1"));
        assert_eq!(jar.header("/x/y", false).as_deref(), Some("route=node1; BAYEUX_BROWSER=a1"));
        jar.store("BAYEUX_BROWSER=b2; Path=/", "/cometd");
        assert_eq!(jar.header("/cometd", false).as_deref(), Some("BAYEUX_BROWSER=b2"));
        jar.store("BAYEUX_BROWSER=x; Path=/; Max-Age=0", "/cometd");
        jar.store("route=", "/x/cometd");
        assert_eq!(jar.header("/x/y", false), None);
    }

    #[test]
    fn a_cookie_stays_on_its_path_and_a_secure_one_on_tls() {
        let mut jar = Jar::default();
        jar.store("a=1; Path=/cometd", "/");
        jar.store("b=2; Secure; path=/", "/");
        assert_eq!(jar.header("/cometdx", false), None);
        assert_eq!(jar.header("/cometd/x", false).as_deref(), Some("a=1"));
        assert_eq!(jar.header("/cometd", true).as_deref(), Some("a=1; b=2"));
    }

    #[test]
    fn nonsense_and_excess_are_not_kept() {
        let mut jar = Jar::default();
        let long = format!("a={}", "x".repeat(MAX_COOKIE_BYTES));
        for header in ["", "x", "=1", "a=b c", "a=\"\u{e9}\"", long.as_str()] {
            jar.store(header, "/");
        }
        assert_eq!(jar.header("/", true), None);
        for number in 0..100 {
            jar.store(&format!("c{number}=1"), "/");
        }
        assert_eq!(jar.0.len(), MAX_COOKIES);
    }

    #[test]
    fn values_are_not_shown() {
        let mut jar = Jar::default();
        jar.store("session=secret", "/");
        assert_eq!(format!("{jar:?}"), r#"["session"]"#);
    }
}
