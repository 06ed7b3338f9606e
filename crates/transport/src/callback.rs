//! Callback-polling: Bayeux for pages that can only load scripts.
//!
//! A request is a GET with `jsonp=NAME&message=...`; the response is a script that calls the
//! function of that name with the replies. It is off unless the configuration switches it on,
//! since any page of any site may load such a script with its visitor's cookies.
//!
//! The name is checked, so that nobody's markup gets into the script, and the two line separators
//! that JSON allows and old scripts do not are escaped.
//!
//! # Sources
//!
//! Specified: Bayeux 1.0, "callback-polling". Documented: CometD's `callbackParameter` (`jsonp`)
//! and `callbackParameterMaxLength` (64). Observed: several `message` parameters are one body.

use bytes::Bytes;
use http::Uri;

use crate::config::CallbackConfig;
use crate::refusal::Refusal;

/// Where the replies go.
#[derive(Debug)]
pub(crate) struct Callback(String);

impl Callback {
    /// Reads the callback and the body of a request.
    pub(crate) fn read(uri: &Uri, config: &CallbackConfig) -> Result<(Self, Bytes), Refusal> {
        let query = uri.query().unwrap_or_default();
        let (mut names, mut bodies) = (Vec::new(), Vec::new());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if key == config.parameter.as_str() {
                names.push(value.into_owned());
            } else if key == "message" {
                bodies.push(value.into_owned());
            }
        }
        let [name] = names.as_slice() else {
            return Err(Refusal::Callback("one parameter has to name the callback"));
        };
        if name.len() > config.max_bytes || !is_name(name) {
            let why = "the callback is no short name of letters, digits and . _ -";
            return Err(Refusal::Callback(why));
        }
        if bodies.is_empty() {
            return Err(Refusal::Callback("parameter message is missing"));
        }
        Ok((Self(name.clone()), join(&bodies)))
    }

    /// The script that hands a response to the callback.
    pub(crate) fn wrap(&self, body: &Bytes) -> Bytes {
        let body = String::from_utf8_lossy(body);
        let body = body.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        Bytes::from(format!("{}({body})", self.0))
    }
}

fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && name.bytes().all(legal)
}

/// Several messages, each an object or an array of objects, as the one array they stand for.
fn join(bodies: &[String]) -> Bytes {
    if let [body] = bodies {
        return Bytes::copy_from_slice(body.as_bytes());
    }
    let inner = bodies.iter().map(|body| {
        let body = body.trim();
        body.strip_prefix('[').and_then(|body| body.strip_suffix(']')).unwrap_or(body)
    });
    Bytes::from(format!("[{}]", inner.collect::<Vec<_>>().join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<(String, String), Refusal> {
        let uri: Uri = format!("/cometd?{query}").parse().unwrap();
        let (callback, body) = Callback::read(&uri, &CallbackConfig::default())?;
        Ok((callback.0, String::from_utf8(body.to_vec()).unwrap()))
    }

    #[test]
    fn messages_are_decoded_and_several_become_one_body() {
        let (name, body) = read("jsonp=cb-1.x_y&message=%5B%7B%22a%22%3A1%7D%5D").unwrap();
        assert_eq!((name.as_str(), body.as_str()), ("cb-1.x_y", r#"[{"a":1}]"#));
        let (_, body) = read("jsonp=cb&message=[{%22a%22:1}]&message=%20{%22b%22:2}").unwrap();
        assert_eq!(body, r#"[{"a":1},{"b":2}]"#);
    }

    #[test]
    fn only_names_get_into_the_script() {
        let long = "x".repeat(65);
        for name in ["", "cb(1)", "cb%3C", "a%20b", "a%0Ab", &long] {
            assert!(read(&format!("jsonp={name}&message=[]")).is_err(), "{name}");
        }
        assert!(read("message=[]").is_err());
        assert!(read("jsonp=a&jsonp=b&message=[]").is_err());
        assert!(read("jsonp=a").is_err());
    }

    #[test]
    fn parameter_and_length_may_be_others() {
        let config = CallbackConfig { parameter: "cb".into(), max_bytes: 3 };
        let read = |query: &str| {
            let uri: Uri = format!("/cometd?{query}").parse().unwrap();
            Callback::read(&uri, &config).map(|(callback, _)| callback.0)
        };
        assert_eq!(read("cb=abc&message=[]").unwrap(), "abc");
        assert!(read("cb=abcd&message=[]").is_err());
        assert!(read("jsonp=abc&message=[]").is_err());
    }

    #[test]
    fn line_separators_are_escaped() {
        let body = Bytes::from("[\"\u{2028}\u{2029}\"]");
        assert_eq!(Callback("cb".into()).wrap(&body), r#"cb(["\u2028\u2029"])"#);
    }
}
