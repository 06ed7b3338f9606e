//! Members of JSON messages, found without building a tree.
//!
//! A body is walked once: the messages one after the other, and of each the few members that
//! matter, as slices of the body. Nesting and strings are respected, so a member's
//! name inside `data` or inside a text is never taken for one of the message. A body that was cut
//! off is refused; beyond that, values that nobody looks at are skipped, not validated.

use std::borrow::Cow;
use std::fmt;

/// The members of one message that a client looks at, as JSON text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Message<'a> {
    /// `channel`.
    pub(crate) channel: Option<&'a [u8]>,
    /// `data`; only events have it.
    pub(crate) data: Option<&'a [u8]>,
    /// `successful`.
    pub(crate) successful: Option<&'a [u8]>,
    /// `clientId`.
    pub(crate) client_id: Option<&'a [u8]>,
    /// `advice`.
    pub(crate) advice: Option<&'a [u8]>,
    /// `error`.
    pub(crate) error: Option<&'a [u8]>,
    /// `ext`.
    pub(crate) ext: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// The message that begins at `at`, and where it ends.
    fn read(bytes: &'a [u8], at: usize) -> Result<(Self, usize), Malformed> {
        if bytes.get(at) != Some(&b'{') {
            return Err(Malformed);
        }
        let mut message = Self::default();
        let mut walk = Walk { bytes, at: at + 1, close: b'}' };
        loop {
            walk.at = blank(bytes, walk.at);
            if bytes.get(walk.at) == Some(&b'}') {
                return Ok((message, walk.at + 1));
            }
            let (name, value) = walk.pair()?;
            match name {
                b"\"channel\"" => message.channel = Some(value),
                b"\"data\"" => message.data = Some(value),
                b"\"successful\"" => message.successful = Some(value),
                b"\"clientId\"" => message.client_id = Some(value),
                b"\"advice\"" => message.advice = Some(value),
                b"\"error\"" => message.error = Some(value),
                b"\"ext\"" => message.ext = Some(value),
                _ => {}
            }
        }
    }

    /// Whether the message is on this channel.
    pub(crate) fn is_on(&self, channel: &str) -> bool {
        self.channel.is_some_and(|text| is_string(text, channel))
    }

    /// Whether the message is a reply that says yes.
    pub(crate) fn is_success(&self) -> bool {
        self.successful == Some(b"true")
    }
}

/// The messages of a body: those of an array, or a single object.
pub(crate) fn messages(body: &[u8]) -> Result<Messages<'_>, Malformed> {
    let at = blank(body, 0);
    match body.get(at) {
        Some(b'[') => Ok(Messages(Some(Walk { bytes: body, at: at + 1, close: b']' }))),
        Some(b'{') => Ok(Messages(Some(Walk { bytes: body, at, close: 0 }))),
        _ => Err(Malformed),
    }
}

/// Iterates over messages; ends after the first fault.
#[derive(Debug)]
pub(crate) struct Messages<'a>(Option<Walk<'a>>);

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut walk = self.0.take()?;
        let next = walk.message();
        if matches!(next, Ok(Some(_))) && walk.close != 0 {
            self.0 = Some(walk);
        }
        next.transpose()
    }
}

/// The members of an object: name as JSON text with its quotes, and value as JSON text.
pub(crate) fn members(object: &[u8]) -> Result<Members<'_>, Malformed> {
    let at = blank(object, 0);
    match object.get(at) {
        Some(b'{') => Ok(Members(Some(Walk { bytes: object, at: at + 1, close: b'}' }))),
        _ => Err(Malformed),
    }
}

/// A name with its quotes, and a value, both as JSON text.
pub(crate) type Member<'a> = (&'a [u8], &'a [u8]);

/// Iterates over members; ends after the first fault.
#[derive(Debug)]
pub(crate) struct Members<'a>(Option<Walk<'a>>);

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut walk = self.0.take()?;
        walk.member()
            .inspect(|member| {
                if member.is_some() {
                    self.0 = Some(walk);
                }
            })
            .transpose()
    }
}

/// The value of one member of an object.
pub(crate) fn member<'a>(object: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    members(object)
        .ok()?
        .find_map(|member| member.ok().filter(|(known, _)| *known == name))
        .map(|(_, value)| value)
}

/// A JSON string as text; `None` if it is none.
pub(crate) fn text(json: &[u8]) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice::<String>(json).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

/// A JSON number without fraction or sign.
pub(crate) fn number(json: &[u8]) -> Option<u64> {
    std::str::from_utf8(json).ok()?.parse().ok()
}

fn is_string(json: &[u8], expected: &str) -> bool {
    // Nearly always the text stands there as it is.
    json.strip_prefix(b"\"").and_then(|json| json.strip_suffix(b"\"")) == Some(expected.as_bytes())
        || (memchr::memchr(b'\\', json).is_some()
            && text(json).is_some_and(|text| text == expected))
}

/// A place between the brackets of an array or object.
#[derive(Clone, Copy, Debug)]
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    close: u8,
}

impl<'a> Walk<'a> {
    /// The next message of an array, or the only one; `None` at the end.
    fn message(&mut self) -> Result<Option<Message<'a>>, Malformed> {
        if self.close != 0 && self.closes()? {
            return Ok(None);
        }
        let (message, end) = Message::read(self.bytes, self.at)?;
        self.at = end;
        if self.close != 0 {
            self.comma()?;
        } else if blank(self.bytes, end) != self.bytes.len() {
            return Err(Malformed);
        }
        Ok(Some(message))
    }

    /// The next member of an object; `None` at its end.
    fn member(&mut self) -> Result<Option<Member<'a>>, Malformed> {
        if self.closes()? {
            return Ok(None);
        }
        self.pair().map(Some)
    }

    /// The member that begins here, and the comma behind it.
    fn pair(&mut self) -> Result<Member<'a>, Malformed> {
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(Malformed);
        }
        let name = self.value()?;
        self.at = blank(self.bytes, self.at);
        if self.bytes.get(self.at) != Some(&b':') {
            return Err(Malformed);
        }
        self.at = blank(self.bytes, self.at + 1);
        let value = self.value()?;
        self.comma()?;
        Ok((name, value))
    }

    /// Whether the closing bracket is here; nothing but blanks may follow it.
    fn closes(&mut self) -> Result<bool, Malformed> {
        self.at = blank(self.bytes, self.at);
        if self.bytes.get(self.at) != Some(&self.close) {
            return Ok(false);
        }
        let is_last = blank(self.bytes, self.at + 1) == self.bytes.len();
        if is_last { Ok(true) } else { Err(Malformed) }
    }

    fn value(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.at;
        self.at = value_end(self.bytes, start)?;
        self.bytes.get(start..self.at).ok_or(Malformed)
    }

    /// Steps over a comma, or stays before the closing bracket.
    fn comma(&mut self) -> Result<(), Malformed> {
        self.at = blank(self.bytes, self.at);
        match self.bytes.get(self.at) {
            Some(b',') => {
                self.at = blank(self.bytes, self.at + 1);
                // A comma is followed by something.
                if self.bytes.get(self.at) == Some(&self.close) { Err(Malformed) } else { Ok(()) }
            }
            Some(byte) if *byte == self.close => Ok(()),
            _ => Err(Malformed),
        }
    }
}

/// Where the first byte that is not blank stands.
fn blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let first = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    at + first.unwrap_or(rest.len())
}

/// Where the value that begins at `at` ends.
fn value_end(bytes: &[u8], at: usize) -> Result<usize, Malformed> {
    match bytes.get(at).ok_or(Malformed)? {
        b'"' => string_end(bytes, at),
        b'{' | b'[' => {
            let mut depth = 0_usize;
            let mut at = at;
            loop {
                match bytes.get(at).ok_or(Malformed)? {
                    b'"' => {
                        at = string_end(bytes, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
        }
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
            let rest = bytes.get(at..).unwrap_or_default();
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b':') || byte <= &b' ';
            Ok(at + rest.iter().position(ends).unwrap_or(rest.len()))
        }
        _ => Err(Malformed),
    }
}

/// Where the string that begins with the quote at `at` ends, closing quote included.
fn string_end(bytes: &[u8], at: usize) -> Result<usize, Malformed> {
    let mut at = at + 1;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let stop = memchr::memchr2(b'"', b'\\', rest).ok_or(Malformed)?;
        match rest.get(stop) {
            Some(b'"') => return Ok(at + stop + 1),
            _ => at += stop + 2,
        }
    }
}

/// The body is not what a Bayeux server sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a body is not an array of messages")
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn all(body: &str) -> Result<Vec<Message<'_>>, Malformed> {
        messages(body.as_bytes())?.collect()
    }

    #[test]
    fn messages_of_an_array_and_a_bare_one_are_found() {
        let body = r#" [ {"channel":"/a","data":{"n":1}} , {"channel":"\/meta\/connect",
            "successful" : true, "advice":{"interval":0},"id":"7","clientId":"x\"y"} ] "#;
        let found = all(body).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].is_on("/a") && !found[0].is_on("/b") && !found[0].is_success());
        assert_eq!(found[0].data, Some(&br#"{"n":1}"#[..]));
        assert!(found[1].is_on("/meta/connect") && found[1].is_success());
        assert_eq!(text(found[1].client_id.unwrap()).unwrap(), "x\"y");
        assert_eq!(member(found[1].advice.unwrap(), b"\"interval\""), Some(&b"0"[..]));
        assert_eq!(all("[]").unwrap(), []);
        assert_eq!(all(r#"{"channel":"/a"}"#).unwrap().len(), 1);
    }

    #[test]
    fn names_inside_data_and_texts_are_not_members() {
        let body = r#"[{"x":"\"channel\":\"/b\"","data":{"channel":"/b","data":[{"id":"]}"}]},
            "channel":"/a"}]"#;
        let found = all(body).unwrap();
        assert!(found[0].is_on("/a"));
        assert_eq!(found[0].data, Some(&br#"{"channel":"/b","data":[{"id":"]}"}]}"#[..]));
    }

    #[test]
    fn broken_bodies_are_refused() {
        for body in [
            "",
            " ",
            "x",
            "7",
            "[",
            "[{",
            "[{}",
            "[{},]",
            "[{}]]",
            "[{}]x",
            "{}{}",
            "[1]",
            "[{1:2}]",
            r#"[{"a"}]"#,
            r#"[{"a":}]"#,
            r#"[{"a":1,}]"#,
            r#"[{"a":"b]"#,
            r#"[{"a":1 "b":2}]"#,
            "[,]",
            r#"[{"a":"\"#,
        ] {
            assert_eq!(all(body), Err(Malformed), "{body:?}");
        }
    }

    #[test]
    fn numbers_and_texts_are_read() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!((number(b"1.5"), number(b"-1"), number(b"\"1\"")), (None, None, None));
        assert_eq!(text(br#""\u00e9\/""#).unwrap(), "\u{e9}/");
        assert_eq!((text(b"1"), text(b"\"")), (None, None));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_is_found_whole(before in json(), data in json(), after in json(), pretty: bool) {
            let body = serde_json::json!([{"a": before, "data": data, "z": after}, {"data": after}]);
            let body = if pretty { format!("{body:#}") } else { body.to_string() };
            let found = all(&body).unwrap();
            prop_assert_eq!(found.len(), 2);
            // The same bytes read by a parser that builds trees.
            let tree: Value = serde_json::from_str(&body).unwrap();
            for (at, message) in found.iter().enumerate() {
                let data: Value = serde_json::from_slice(message.data.unwrap()).unwrap();
                prop_assert_eq!(&data, &tree[at]["data"]);
            }
        }

        #[test]
        fn any_bytes_are_harmless(body: Vec<u8>) {
            if let Ok(messages) = messages(&body) {
                prop_assert!(messages.count() <= body.len());
            }
        }

        #[test]
        fn brackets_and_quotes_are_harmless(body in "[\\[\\]{}\",:\\\\a ]{0,24}") {
            if let Ok(messages) = messages(body.as_bytes()) {
                prop_assert!(messages.count() <= body.len());
            }
        }
    }
}
