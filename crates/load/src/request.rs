//! Bytes that go out. A poll is built once per session and written again and again.

use std::fmt::Write as _;

use crate::cookie::Cookies;
use crate::target::Target;

/// A complete `POST` of a JSON body.
pub(crate) fn post(target: &Target, cookies: &Cookies, body: &str) -> Vec<u8> {
    post_to(target.path(), target, cookies, body)
}

/// The same to another path of the same host.
pub(crate) fn post_to(path: &str, target: &Target, cookies: &Cookies, body: &str) -> Vec<u8> {
    let mut head = String::with_capacity(256 + body.len());
    // Writing to a String cannot fail, so the results say nothing.
    let _: std::fmt::Result = write!(
        head,
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json;charset=UTF-8\r\n\
         Content-Length: {}\r\n",
        path,
        target.authority(),
        body.len(),
    );
    identify(target, cookies, &mut head);
    head.push_str("\r\n");
    head.push_str(body);
    head.into_bytes()
}

/// A complete `GET`.
pub(crate) fn get(path: &str, target: &Target, cookies: &Cookies) -> Vec<u8> {
    let mut head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", target.authority());
    identify(target, cookies, &mut head);
    head.push_str("\r\n");
    head.into_bytes()
}

/// Appends the headers that say who asks.
pub(crate) fn identify(target: &Target, cookies: &Cookies, head: &mut String) {
    for (name, value) in
        [("Authorization", target.authorization().map(str::to_owned)), ("Cookie", cookies.header())]
    {
        if let Some(value) = value {
            let _: std::fmt::Result = write!(head, "{name}: {value}\r\n");
        }
    }
}

/// Text as a JSON string.
pub(crate) fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Reach;

    #[test]
    fn a_request_says_who_and_how_long() {
        let target = Target::new("http://127.0.0.1:8080/cometd", Reach::Loopback).unwrap();
        let plain = String::from_utf8(post(&target, &Cookies::default(), "[]")).unwrap();
        assert_eq!(
            plain,
            "POST /cometd HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\
             Content-Type: application/json;charset=UTF-8\r\nContent-Length: 2\r\n\r\n[]"
        );
        let mut cookies = Cookies::default();
        cookies.absorb("a=b");
        let full = String::from_utf8(post(&target.basic("u", "p"), &cookies, "[]")).unwrap();
        assert!(full.contains("\r\nAuthorization: Basic dTpw\r\nCookie: a=b\r\n\r\n[]"), "{full}");
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(json_string("a\"\\\n"), r#""a\"\\\n""#);
    }
}
