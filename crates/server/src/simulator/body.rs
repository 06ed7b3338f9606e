//! The JSON object of a request, member by member.
//!
//! Told apart as the gateway does: no JSON or a missing member is code 1, a member of the wrong
//! kind is code 10. `null` counts as missing.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use encke::calls::UserData;
use encke::gateway::ReturnCode;
use http::StatusCode;
use serde_json::value::RawValue;

use super::World;
use super::failure::Failure;

/// The members of a request's object. Of a repeated member the last one counts.
#[derive(Debug)]
pub(super) struct Members(HashMap<String, Box<RawValue>>);

impl FromRequest<World> for Members {
    type Rejection = Failure;

    async fn from_request(request: Request, world: &World) -> Result<Self, Failure> {
        let body = Bytes::from_request(request, world).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Failure::invalid(format!("the body is longer than {} bytes", world.body_bytes))
                    .with_http(StatusCode::PAYLOAD_TOO_LARGE)
            } else {
                Failure::new(ReturnCode::MissingParameter, "the body broke off")
            }
        })?;
        Self::parse(&body)
    }
}

impl Members {
    fn parse(body: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(body).map(Self).map_err(|error| {
            if error.is_data() {
                Failure::invalid("the body must be a JSON object")
            } else {
                Failure::new(ReturnCode::MissingParameter, "the body is no JSON")
            }
        })
    }

    /// A string, if it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.given(name) {
            None => Ok(None),
            Some(value) => serde_json::from_str(value.get())
                .map(Some)
                .map_err(|_| Failure::invalid(format!("{name} must be a string"))),
        }
    }

    /// A string that must be there.
    pub(super) fn need_text(&self, name: &str) -> Result<String, Failure> {
        self.text(name)?.ok_or_else(|| Failure::missing(name))
    }

    /// A string of some grammar, if it is there.
    pub(super) fn parsed<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(Arc<str>) -> Result<T, E>,
    ) -> Result<Option<T>, Failure> {
        self.text(name)?
            .map(|text| parse(text.into()).map_err(|error| Failure::invalid(error.to_string())))
            .transpose()
    }

    /// A string of some grammar that must be there.
    pub(super) fn need<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(Arc<str>) -> Result<T, E>,
    ) -> Result<T, Failure> {
        self.parsed(name, parse)?.ok_or_else(|| Failure::missing(name))
    }

    /// A whole number of milliseconds, if it is there.
    pub(super) fn milliseconds(&self, name: &str) -> Result<Option<u32>, Failure> {
        match self.given(name) {
            None => Ok(None),
            Some(value) => serde_json::from_str(value.get())
                .map(Some)
                .map_err(|_| Failure::invalid(format!("{name} must be a whole number"))),
        }
    }

    /// `userData`, if it is there.
    pub(super) fn user_data(&self) -> Result<Option<UserData>, Failure> {
        self.given("userData")
            .map(|value| {
                UserData::parse(value.get()).map_err(|error| Failure::invalid(error.to_string()))
            })
            .transpose()
    }

    /// Whether a member is there and not `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// A member as it was written, if it is there.
    pub(super) fn given(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name).map(|value| &**value).filter(|value| value.get() != "null")
    }
}
