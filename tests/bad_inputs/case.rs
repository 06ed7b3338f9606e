//! One bad input and the answer it must get.
//!
//! The expected body is JSON text, compared member by member; inside a string `*` stands for any
//! text that is not empty. An expected body of `""` means an empty one, and `-` any.

use encke_testkit::{Login, Request, Response};
use serde_json::Value;

/// One row of a table.
#[derive(Debug)]
pub struct Case {
    name: &'static str,
    /// The bytes to send.
    pub bytes: Vec<u8>,
    /// The method that is answered.
    pub method: String,
    /// Whether the server may close the connection after its answer.
    pub may_close: bool,
    status: u16,
    body: String,
    headers: Vec<(&'static str, Option<&'static str>)>,
}

impl Case {
    /// A row whose request is answered with this status and body.
    pub fn new(name: &'static str, request: &Request, status: u16, body: &str) -> Self {
        Self {
            name,
            bytes: request.encode(),
            method: request.method().to_owned(),
            may_close: false,
            status,
            body: body.to_owned(),
            headers: Vec::new(),
        }
    }

    /// A row whose bytes are not what a client library would send; the server may hang up.
    pub fn raw(name: &'static str, bytes: impl Into<Vec<u8>>, status: u16, body: &str) -> Self {
        Self { bytes: bytes.into(), ..Self::new(name, &Request::new("POST", "/"), status, body) }
            .may_close()
    }

    /// A row of the REST API as alice, path relative to `/api/v2/`, whose answer is a failure.
    pub fn rest(
        name: &'static str,
        path: &str,
        body: impl Into<Vec<u8>>,
        status: u16,
        code: u8,
        message: &str,
    ) -> Self {
        let request = Request::json(&format!("/api/v2/{path}"), body);
        Self::new(name, &request.login(&Login::demo("alice")), status, &failure(code, message))
    }

    /// Allows the server to close the connection.
    pub fn may_close(mut self) -> Self {
        self.may_close = true;
        self
    }

    /// Demands a header with this value, `*` as in bodies; or that it is absent.
    pub fn header(mut self, name: &'static str, value: Option<&'static str>) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What is wrong with this answer, if anything.
    pub fn judge(&self, response: &Response) -> Result<(), String> {
        let seen = || format!("{}: answered {} {}", self.name, response.status, response.text());
        if response.status != self.status || !same_body(&self.body, response) {
            return Err(format!("{}\n    wanted {} {}", seen(), self.status, self.body));
        }
        for (name, wanted) in &self.headers {
            let got = response.header(name);
            let fits = match (wanted, got) {
                (None, None) => true,
                (Some(wanted), Some(got)) => glob(wanted, got),
                _ => false,
            };
            if !fits {
                return Err(format!("{}\n    header {name}: {got:?}, wanted {wanted:?}", seen()));
            }
        }
        if response.closes() && !self.may_close {
            return Err(format!("{}\n    and closed the connection", seen()));
        }
        Ok(())
    }

    /// The row's name, for failures outside of its answer.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// The body of a failure of the REST API.
pub fn failure(code: u8, message: &str) -> String {
    serde_json::json!({"statusCode": code, "statusMessage": message}).to_string()
}

fn same_body(wanted: &str, response: &Response) -> bool {
    match wanted {
        "-" => true,
        "" => response.body.is_empty(),
        _ => {
            let wanted = serde_json::from_str(wanted).expect("an expected body is JSON");
            serde_json::from_slice(&response.body).is_ok_and(|got| same(&wanted, &got))
        }
    }
}

/// Equal member by member, types included; strings with `*` as a glob.
fn same(wanted: &Value, got: &Value) -> bool {
    match (wanted, got) {
        (Value::String(wanted), Value::String(got)) => glob(wanted, got),
        (Value::Array(wanted), Value::Array(got)) => {
            wanted.len() == got.len() && wanted.iter().zip(got).all(|(w, g)| same(w, g))
        }
        (Value::Object(wanted), Value::Object(got)) => {
            wanted.len() == got.len()
                && wanted.iter().all(|(key, w)| got.get(key).is_some_and(|g| same(w, g)))
        }
        _ => wanted == got,
    }
}

/// Whether `text` is `pattern`, where `*` stands for at least one character.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().any(|(at, c)| glob(tail, &rest[at + c.len_utf8()..]))
        }),
    }
}

#[test]
fn a_star_is_at_least_one_character() {
    assert!(glob("a*c", "abc") && glob("*", "x") && glob("*b", "abab"));
    assert!(!glob("a*c", "ac") && !glob("*", "") && !glob("a", "ab"));
}

#[test]
fn members_and_types_must_agree() {
    let same = |wanted: &str, got: &str| {
        same(&serde_json::from_str(wanted).unwrap(), &serde_json::from_str(got).unwrap())
    };
    assert!(same(r#"{"a":1,"b":"x*"}"#, r#"{"b":"xy","a":1}"#));
    assert!(!same(r#"{"a":1}"#, r#"{"a":"1"}"#));
    assert!(!same(r#"{"a":1}"#, r#"{"a":1,"b":2}"#));
}
