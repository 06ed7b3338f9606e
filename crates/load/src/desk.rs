//! One agent's desk: his login, his call, and what a notification of it must look like.
//!
//! A change of user data carries the stamp of a message as the value of one key, written as text.
//! The desk finds it again in the `AttachedDataChanged` of its own call; a notification about
//! another number or another call is not its own, whatever it says.
//!
//! # Sources
//!
//! Documented: GWS API v2, `/v2/me/calls`, `UpdateUserData`, `AttachedDataChanged`.

use std::sync::OnceLock;

use crate::cookie::Cookies;
use crate::payload::Stamp;
use crate::request::{self, json_string};
use crate::scan;
use crate::target::Target;

/// Where calls are told.
pub(crate) const CHANNEL: &str = "/v2/me/calls";

/// The key of user data that carries the stamp.
const KEY: &str = "encke-load";

/// An agent who is logged in.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) stream: u32,
    pub(crate) number: String,
    pub(crate) cookies: Cookies,
    /// The call on the desk, once there is one.
    pub(crate) call: OnceLock<String>,
}

/// What a notification turned out to be.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    /// The user data of the desk's own call changed.
    Stamped(Stamp),
    /// Something else happened to it.
    Other,
    /// It is about somebody else.
    Stray,
    /// It cannot be read.
    Garbled,
}

impl Desk {
    /// The request that changes the user data of the call.
    pub(crate) fn change(&self, target: &Target, stamp: &[u8]) -> Vec<u8> {
        let call = self.call.get().map_or("none", String::as_str);
        let stamp = String::from_utf8_lossy(stamp);
        let body = format!(
            r#"{{"operationName":"UpdateUserData","userData":{{"{KEY}":{}}}}}"#,
            json_string(&stamp)
        );
        request::post_to(&format!("/api/v2/me/calls/{call}"), target, &self.cookies, &body)
    }

    /// Looks at a notification.
    pub(crate) fn read(&self, channel: &[u8], data: &[u8]) -> Seen {
        if scan::text(channel).as_deref() != Some(CHANNEL) {
            return Seen::Stray;
        }
        let Some(told) = Told::read(data) else { return Seen::Garbled };
        let is_mine = told.number.and_then(scan::text).as_deref() == Some(&*self.number);
        let call = told.call.and_then(scan::text);
        let is_call = match self.call.get() {
            Some(known) => call.as_deref() == Some(known),
            None => call.is_some(),
        };
        if !is_mine || !is_call {
            return Seen::Stray;
        }
        if told.kind != Some(b"\"AttachedDataChanged\"") {
            return Seen::Other;
        }
        let stamp = told.stamp.and_then(scan::text);
        stamp.and_then(|text| Stamp::read(text.as_bytes())).map_or(Seen::Garbled, Seen::Stamped)
    }
}

/// The parts of a notification that matter, as JSON text.
#[derive(Clone, Copy, Debug, Default)]
struct Told<'a> {
    kind: Option<&'a [u8]>,
    number: Option<&'a [u8]>,
    call: Option<&'a [u8]>,
    stamp: Option<&'a [u8]>,
}

impl<'a> Told<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let mut told = Self::default();
        let key = format!("\"{KEY}\"");
        for member in scan::members(data).ok()? {
            match member.ok()? {
                (b"\"notificationType\"", value) => told.kind = Some(value),
                (b"\"phoneNumber\"", value) => told.number = Some(value),
                (b"\"call\"", call) => {
                    for member in scan::members(call).ok()? {
                        match member.ok()? {
                            (b"\"id\"", value) => told.call = Some(value),
                            (b"\"userData\"", pairs) => {
                                told.stamp = scan::member(pairs, key.as_bytes());
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Some(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Reach;

    fn desk() -> Desk {
        let call = OnceLock::from("C1".to_owned());
        Desk { stream: 0, number: "20001".to_owned(), cookies: Cookies::default(), call }
    }

    fn told(kind: &str, number: &str, call: &str, stamp: &str) -> Vec<u8> {
        serde_json::to_vec(&serde_json::json!({
            "notificationType": kind,
            "call": {"id": call, "userData": {"other": {"id": "C2"}, KEY: stamp}},
            "phoneNumber": number,
        }))
        .unwrap()
    }

    #[test]
    fn only_changes_of_the_own_call_are_its_own() {
        let stamp = Stamp { run: 1, stream: 0, number: 2, due_us: 3, padding: None };
        let mut text = Vec::new();
        stamp.render(90, &mut text);
        let text = String::from_utf8(text).unwrap();
        let channel = b"\"/v2/me/calls\"";
        let seen =
            |kind, number, call, stamp| desk().read(channel, &told(kind, number, call, stamp));
        let changed = "AttachedDataChanged";
        let found = Stamp { padding: Some(stamp.padding_of(90)), ..stamp };
        assert_eq!(seen(changed, "20001", "C1", &text), Seen::Stamped(found));
        assert_eq!(seen("StatusChange", "20001", "C1", &text), Seen::Other);
        assert_eq!(seen(changed, "20002", "C1", &text), Seen::Stray);
        assert_eq!(seen(changed, "20001", "C2", &text), Seen::Stray);
        assert_eq!(seen(changed, "20001", "C1", "nonsense"), Seen::Garbled);
        assert_eq!(desk().read(b"\"/v2/me/devices\"", b"{}"), Seen::Stray);
        assert_eq!(desk().read(channel, b"[1"), Seen::Garbled);
    }

    #[test]
    fn a_change_carries_the_stamp_as_text() {
        let target =
            Target::new("http://127.0.0.1:1/api/v2/notifications", Reach::Loopback).unwrap();
        let request = String::from_utf8(desk().change(&target, b"{\"r\":1}")).unwrap();
        assert!(request.starts_with("POST /api/v2/me/calls/C1 HTTP/1.1\r\n"), "{request}");
        let body = request.split("\r\n\r\n").nth(1).unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["userData"][KEY], "{\"r\":1}");
    }
}
