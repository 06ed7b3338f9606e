//! Reading and writing the browser cookie.

use std::fmt::Write as _;

use encke_bayeux::BrowserId;
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

use crate::config::CookieConfig;

/// The first usable cookie of that name. Observed: deployed clients write `A=1;B=2` without blank.
pub(crate) fn read(headers: &HeaderMap, name: &str) -> Option<BrowserId> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| key.trim() == name)
        .and_then(|(_, value)| BrowserId::adopt(value.trim()))
}

/// The `Set-Cookie` value; `None` if the configured name or path cannot be in a header.
pub(crate) fn write(config: &CookieConfig, browser: &BrowserId) -> Option<HeaderValue> {
    let mut text = format!("{}={}", config.name, browser.as_str());
    if let Some(domain) = &config.domain {
        text.push_str("; Domain=");
        text.push_str(domain);
    }
    text.push_str("; Path=");
    text.push_str(&config.path);
    if let Some(age) = config.max_age {
        // Writing to a String cannot fail.
        write!(text, "; Max-Age={}", age.as_secs()).ok()?;
    }
    if config.http_only {
        text.push_str("; HttpOnly");
    }
    if config.secure {
        text.push_str("; Secure");
    }
    if let Some(same_site) = config.same_site {
        text.push_str("; SameSite=");
        text.push_str(same_site.as_str());
    }
    if config.partitioned {
        text.push_str("; Partitioned");
    }
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SameSite;
    use std::time::Duration;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_cookie_is_found_with_and_without_blanks() {
        for value in
            ["A=1;BAYEUX_BROWSER=x;B=2", "A=1; BAYEUX_BROWSER=\"x\"; B=2", "BAYEUX_BROWSER=x"]
        {
            assert_eq!(read(&headers(value), "BAYEUX_BROWSER").unwrap().as_str(), "x", "{value}");
        }
        assert!(read(&headers(""), "BAYEUX_BROWSER").is_none());
        assert!(read(&headers("XBAYEUX_BROWSER=x"), "BAYEUX_BROWSER").is_none());
    }

    #[test]
    fn every_attribute_can_be_set() {
        let browser = BrowserId::adopt("x").unwrap();
        let plain = write(&CookieConfig::default(), &browser).unwrap();
        assert_eq!(plain, "BAYEUX_BROWSER=x; Path=/; HttpOnly");
        let full = CookieConfig {
            name: "foo".into(),
            path: "/p".into(),
            domain: Some("d".into()),
            max_age: Some(Duration::from_secs(3600)),
            secure: true,
            http_only: false,
            same_site: Some(SameSite::None),
            partitioned: true,
        };
        assert_eq!(
            write(&full, &browser).unwrap(),
            "foo=x; Domain=d; Path=/p; Max-Age=3600; Secure; SameSite=None; Partitioned"
        );
    }
}
