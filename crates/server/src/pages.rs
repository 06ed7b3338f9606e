//! The agent desk's files, the stock CometD client that it loads, and at `/js/` the modules for
//! pages of others: extensions for that client.
//!
//! Files are part of the binary in release builds and read from the crate's `web` folder in debug
//! builds. The CometD client is npm's package as it is; where it was not installed before the
//! build, its address answers 404 with a text that says what to do.
//!
//! Every file has an entity tag and is revalidated with each load, so an edit shows on reload and
//! an unchanged file costs an empty answer. The content security policy allows nothing inline and
//! nothing from elsewhere; workers from a blob are allowed because the CometD client keeps its
//! timers in one, out of reach of the throttling of hidden tabs.

use axum::body::Body;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use rust_embed::RustEmbed;

use crate::answer::{self, Answer};
use crate::hex;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src blob:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

#[derive(RustEmbed)]
#[folder = "web/"]
#[exclude = "node_modules/*"]
#[exclude = "package*.json"]
struct Desk;

/// In the same folder as [`Desk`], since a folder of its own would have to exist at build time.
#[derive(RustEmbed)]
#[folder = "web/"]
#[include = "node_modules/cometd/*.js"]
#[exclude = "node_modules/cometd/node_modules/*"]
struct Vendor;

/// Whether a path is of a module for pages of others, which is there without the desk too.
pub(crate) fn is_for_others(path: &str) -> bool {
    path.starts_with("/js/")
}

/// Answers a request for a page, a file of the desk, or nothing we have.
pub(crate) fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Answer {
    let file = match path {
        "/" | "/desk/" => Desk::get("index.html"),
        "/desk" => return to_the_desk(),
        "/favicon.ico" => Desk::get("mark.svg"),
        _ if is_for_others(path) => {
            let name = path.get(1..).filter(|name| name.matches('/').count() == 1);
            name.and_then(Desk::get)
        }
        _ => match path.strip_prefix("/desk/") {
            None => None,
            Some(name) => match name.strip_prefix("vendor/cometd/") {
                Some(module) => match Vendor::get(&format!("node_modules/cometd/{module}")) {
                    None if !has_vendor() => return not_installed(),
                    file => file,
                },
                None => Desk::get(name),
            },
        },
    };
    let kind = if path == "/favicon.ico" { "mark.svg" } else { path };
    let Some(file) = file else {
        return text(StatusCode::NOT_FOUND, "there is no such page\n");
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "pages are read with GET\n");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    let hash = file.metadata.sha256_hash();
    revalidated(&hash, content_type(kind), headers, || Body::from(file.data.into_owned()))
}

/// Whether the CometD client was there at build time (or is there, in debug builds).
fn has_vendor() -> bool {
    Vendor::iter().next().is_some()
}

fn not_installed() -> Answer {
    text(
        StatusCode::NOT_FOUND,
        "The CometD client is not installed. Run `npm ci` in crates/server/web, \
         or the set-up command of the README, and start the server again.\n",
    )
}

fn to_the_desk() -> Answer {
    let mut answer = text(StatusCode::PERMANENT_REDIRECT, "the desk is at /desk/\n");
    answer.headers_mut().insert(LOCATION, HeaderValue::from_static("/desk/"));
    answer
}

/// An answer with an entity tag, made from the content's hash; empty if the client has this version.
pub(crate) fn revalidated(
    hash: &[u8; 32],
    kind: &'static str,
    request: &HeaderMap,
    content: impl FnOnce() -> Body,
) -> Answer {
    let tag = entity_tag(hash);
    let known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut answer = if known {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer
    } else {
        Response::new(content())
    };
    let headers = answer.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    protect(headers);
    answer
}

fn text(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = answer::typed(status, "text/plain; charset=utf-8", text);
    protect(answer.headers_mut());
    answer
}

fn protect(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// Half of the hash is enough to tell two versions of a file apart.
fn entity_tag(hash: &[u8; 32]) -> String {
    let (half, _) = hash.split_at(16);
    format!("\"{}\"", hex::digits(half))
}

fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        None | Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        Some(_) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Answer {
        answer(&Method::GET, path, &HeaderMap::new())
    }

    #[test]
    fn desk_is_at_the_root_and_under_its_name() {
        for path in ["/", "/desk/"] {
            let answer = get(path);
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
            let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
        assert_eq!(get("/desk").headers()[LOCATION], "/desk/");
    }

    #[test]
    fn known_version_is_not_sent_again() {
        let first = get("/desk/");
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, first.headers()[ETAG].clone());
        let second = answer(&Method::GET, "/desk/", &headers);
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn modules_have_the_type_that_browsers_demand() {
        let answer = get("/desk/modules/main.js");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
    }

    #[test]
    fn extensions_for_pages_of_others_have_an_address_of_their_own() {
        let answer = get("/js/encke-replay.js");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
    }

    #[test]
    fn nothing_outside_the_desk_is_served() {
        for path in [
            "/js/",
            "/js/../index.html",
            "/js/modules/main.js",
            "/desk/package.json",
            "/desk/package-lock.json",
            "/desk/node_modules/cometd/package.json",
            "/desk/node_modules/cometd/cometd.js",
            "/desk/vendor/cometd/package.json",
            "/desk/vendor/cometd/../../package.json",
            "/desk/../Cargo.toml",
            "/desk//etc/passwd",
            "/index.html",
            "/nothing",
        ] {
            assert_eq!(get(path).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn pages_are_only_read() {
        let answer = answer(&Method::POST, "/", &HeaderMap::new());
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()[ALLOW], "GET, HEAD");
        let nothing = super::answer(&Method::POST, "/nothing", &HeaderMap::new());
        assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn vendored_client_is_served_or_its_absence_explained() {
        let answer = get("/desk/vendor/cometd/cometd.js");
        if has_vendor() {
            assert_eq!(answer.status(), StatusCode::OK);
        } else {
            assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        }
    }
}
