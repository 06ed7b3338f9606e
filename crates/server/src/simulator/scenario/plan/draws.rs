//! What is drawn for one story, and how much of it there is.
//!
//! Everything of a story comes from one stream in a fixed order, so that the same seed gives the
//! same story. What is drawn and then left out counts as well. Refuses texts, numbers and user data
//! that the house would not take.

use std::fmt::Display;
use std::sync::Arc;

use encke::calls::{Contact, Number, UserData};

use super::super::random::Stream;
use super::super::script::Target;
use super::super::text::{Data, Text};
use super::seats::Callee;

/// What is drawn for one story.
pub(super) struct Draws<'a> {
    pub(super) stream: &'a mut Stream,
    pub(super) ordinal: u64,
    /// Length of all that was drawn.
    pub(super) bytes: usize,
}

impl Draws<'_> {
    fn ordinal(&self) -> usize {
        usize::try_from(self.ordinal).unwrap_or(usize::MAX)
    }

    pub(super) fn text(&mut self, text: &Text) -> String {
        let ordinal = self.ordinal();
        let text = text.draw(self.stream, ordinal);
        self.bytes += text.len();
        text
    }

    pub(super) fn data(&mut self, data: &Data) -> Result<UserData, String> {
        let ordinal = self.ordinal();
        let data = data.draw(self.stream, ordinal)?;
        self.bytes += data.packed_bytes();
        Ok(data)
    }

    /// A key of user data, as it was written.
    pub(super) fn key(&mut self, key: &str) -> String {
        self.bytes += key.len();
        key.to_owned()
    }

    /// Whom of these an agent calls.
    pub(super) fn callee(&mut self, of: &[Callee]) -> Result<Target, String> {
        match self.stream.one(of).ok_or("`to` names nobody")? {
            Callee::Inside(target) => Ok(target.clone()),
            Callee::Outside(text) => Ok(Target { number: number(&self.text(text))?, seat: None }),
        }
    }
}

pub(super) fn number(text: &str) -> Result<Number, String> {
    Number::new(Arc::from(text)).map_err(|error: encke::calls::NameError| text_of(&error))
}

pub(super) fn contact(text: &str) -> Result<Contact, String> {
    Contact::new(Arc::from(text)).map_err(|error: encke::calls::NameError| text_of(&error))
}

fn text_of(error: &dyn Display) -> String {
    error.to_string()
}
