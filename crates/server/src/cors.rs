//! Which pages of other origins may call, with credentials.
//!
//! An allowed origin is echoed exactly, never `*`, since credentials travel. A request that
//! changes something and comes from an origin that is neither allowed nor our own is refused
//! before anything else: a browser sends such a POST without asking, and the Bayeux endpoints take
//! bodies of any content type. A request without an `Origin` header is no browser's cross-origin
//! request and passes.
//!
//! # Sources
//!
//! Specified: Fetch, "CORS protocol". Documented: GWS `crossOriginSettings` for methods, headers
//! and the 120 s that a preflight answer may be kept.

use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, UPGRADE, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, request};

use encke::transport::opens_stream;

use crate::answer::{Answer, Refused};

const METHODS: HeaderValue = HeaderValue::from_static("GET,POST,PUT,DELETE,OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "X-Requested-With,Content-Type,Accept,Origin,Cookie,Authorization,ssid,surl,ContactCenterId,\
     X-CSRF-TOKEN,X-Request-Id",
);
const EXPOSED: HeaderValue =
    HeaderValue::from_static("X-CSRF-HEADER,X-CSRF-TOKEN,X-Request-Id,Retry-After");
const MAX_AGE: HeaderValue = HeaderValue::from_static("120");

/// Who may call from elsewhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// Exact origins.
    pub(crate) allowed: Vec<String>,
    /// Origins that are this server under another name, such as its external URL.
    pub(crate) own: Vec<String>,
    /// Whether any port of the loopback names is allowed.
    pub(crate) loopback: bool,
}

/// What the `Origin` of a request means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// There is none, or it is our own.
    Own,
    /// Allowed; the value to echo.
    Allowed(HeaderValue),
    /// Neither.
    Foreign,
}

impl Origins {
    /// Judges the origin of a request.
    pub(crate) fn judge(&self, headers: &HeaderMap) -> Origin {
        let Some(value) = headers.get(ORIGIN) else {
            return Origin::Own;
        };
        let Ok(origin) = value.to_str() else {
            return Origin::Foreign;
        };
        let allowed = self.allowed.iter().any(|allowed| allowed == origin)
            || (self.loopback && is_loopback(origin));
        // A copy: the value shares hyper's read buffer, which would stay with every held poll.
        if allowed && let Ok(copy) = HeaderValue::from_str(origin) {
            return Origin::Allowed(copy);
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let same_host = origin.split_once("://").is_some_and(|(_, rest)| Some(rest) == host);
        if same_host || self.own.iter().any(|own| own == origin) {
            Origin::Own
        } else {
            Origin::Foreign
        }
    }
}

impl Origin {
    /// The answer to a preflight, if the request is one.
    pub(crate) fn preflight(&self, head: &request::Parts) -> Option<Answer> {
        let asked = head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if head.method != Method::OPTIONS || !asked {
            return None;
        }
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        if let Self::Allowed(_) = self {
            let headers = answer.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        }
        self.mark(answer.headers_mut());
        Some(answer)
    }

    /// The refusal of a changing request from a foreign origin, if the request is one.
    ///
    /// A WebSocket begins with a GET and changes things ever after. A stream of events changes
    /// nothing, but would be held for a page that may not read it: that is refused without an
    /// `Origin` too, where the browser says otherwise that the page is elsewhere.
    pub(crate) fn refuse(&self, head: &request::Parts) -> Option<Refused> {
        let changes = !head.method.is_safe() || head.headers.contains_key(UPGRADE);
        let streams = opens_stream(&head.method, &head.uri);
        let refused = match self {
            Self::Own => streams && is_silently_foreign(&head.headers),
            Self::Allowed(_) => false,
            Self::Foreign => changes || streams,
        };
        refused.then(|| {
            let message = "Requests from this origin are not allowed";
            Refused::new(StatusCode::FORBIDDEN, 3, "foreign_origin", message)
        })
    }

    /// Tells the browser what its page may see.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Self::Allowed(origin) = self {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// A page of another origin may send a GET without saying which, if it does not ask to read it.
fn is_silently_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    !headers.contains_key(ORIGIN)
        && site.is_some_and(|site| site == "cross-site" || site == "same-site")
}

/// `scheme://name[:port]` of a loopback name, any port.
fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else {
        return false;
    };
    let known_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let loopback = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    // A user part would make `http://localhost@evil` look like what it is not.
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    known_scheme && loopback && plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, upgrade: Option<&str>) -> request::Parts {
        let mut request = http::Request::builder().method(method);
        if let Some(upgrade) = upgrade {
            request = request.header(UPGRADE, upgrade);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn judge(origins: &Origins, origin: &'static str) -> Origin {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        headers.insert(HOST, HeaderValue::from_static("gws.example.com:8443"));
        origins.judge(&headers)
    }

    fn origins() -> Origins {
        Origins {
            allowed: vec!["https://desk.example.com".to_owned()],
            own: vec!["https://public.example.com".to_owned()],
            loopback: false,
        }
    }

    #[test]
    fn allowed_origin_is_echoed_and_no_other() {
        let origins = origins();
        assert_eq!(
            judge(&origins, "https://desk.example.com"),
            Origin::Allowed(HeaderValue::from_static("https://desk.example.com"))
        );
        assert_eq!(judge(&origins, "https://desk.example.com.evil.org"), Origin::Foreign);
        assert_eq!(judge(&origins, "http://desk.example.com"), Origin::Foreign);
        assert_eq!(judge(&origins, "null"), Origin::Foreign);
        assert_eq!(judge(&origins, "http://localhost:3000"), Origin::Foreign);
        assert_eq!(judge(&origins, "https://gws.example.com:8443"), Origin::Own);
        assert_eq!(judge(&origins, "https://public.example.com"), Origin::Own);
        assert_eq!(origins.judge(&HeaderMap::new()), Origin::Own);
    }

    #[test]
    fn loopback_is_every_port_of_its_names_and_nothing_that_looks_like_it() {
        for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173"] {
            assert!(is_loopback(origin), "{origin}");
        }
        for origin in [
            "http://localhost.evil.org",
            "http://evil.org/localhost",
            "http://localhost@evil.org",
            "ftp://localhost",
            "localhost",
            "null",
        ] {
            assert!(!is_loopback(origin), "{origin}");
        }
    }

    #[test]
    fn preflight_names_methods_and_headers_to_allowed_origins_only() {
        let request = http::Request::options("/api/v2/me")
            .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .body(())
            .unwrap();
        let (head, ()) = request.into_parts();
        let allowed = Origin::Allowed(HeaderValue::from_static("https://desk.example.com"));
        let answer = allowed.preflight(&head).unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://desk.example.com");
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        let names = answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
        for name in ["X-CSRF-TOKEN", "X-Request-Id"] {
            assert!(names.split(',').any(|allowed| allowed == name), "{name}: {names}");
        }
        let exposed = answer.headers()[ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
        for name in ["X-CSRF-TOKEN", "X-Request-Id", "Retry-After"] {
            assert!(exposed.split(',').any(|seen| seen == name), "{name}: {exposed}");
        }
        let answer = Origin::Foreign.preflight(&head).unwrap();
        assert!(!answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        assert!(!answer.headers().contains_key(ACCESS_CONTROL_ALLOW_METHODS));
    }

    #[test]
    fn foreign_origin_may_read_nothing_and_change_nothing() {
        assert!(Origin::Foreign.refuse(&head("POST", None)).is_some());
        assert!(Origin::Foreign.refuse(&head("GET", Some("websocket"))).is_some());
        assert!(
            Origin::Allowed(HeaderValue::from_static("x"))
                .refuse(&head("GET", Some("websocket")))
                .is_none()
        );
        assert!(Origin::Foreign.refuse(&head("GET", None)).is_none());
        assert!(Origin::Own.refuse(&head("POST", None)).is_none());
    }

    #[test]
    fn foreign_page_may_open_no_stream_however_it_asks() {
        let mut events = head("GET", None);
        events.uri = Uri::from_static("/cometd/events?channel=/a");
        assert!(Origin::Foreign.refuse(&events).is_some());
        assert!(Origin::Own.refuse(&events).is_none());
        for (site, refused) in
            [("cross-site", true), ("same-site", true), ("same-origin", false), ("none", false)]
        {
            events.headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            assert_eq!(Origin::Own.refuse(&events).is_some(), refused, "{site}");
        }
        events.headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
        let allowed = HeaderValue::from_static("https://desk.example.com");
        events.headers.insert(ORIGIN, allowed.clone());
        assert!(Origin::Allowed(allowed).refuse(&events).is_none());
    }
}
