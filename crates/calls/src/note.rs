//! What is kept beside an event because the event itself does not need it.
//!
//! State does not depend on it; observers are told of it, also when they are told again.

use crate::Dn;

/// What the sender of a command says besides, for those who are told of what came of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Note {
    /// A number by which the sender knows its request again.
    pub reference: Option<u64>,
    /// The line the request came from, where the command does not say it.
    pub by: Option<Dn>,
}

impl Note {
    /// A note that says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A number by which the sender knows its request again. Default: none.
    #[must_use]
    pub fn reference(mut self, reference: u64) -> Self {
        self.reference = Some(reference);
        self
    }

    /// The line the request came from, where the command does not say it. Default: none.
    #[must_use]
    pub fn by(mut self, by: Option<Dn>) -> Self {
        self.by = by;
        self
    }
}
