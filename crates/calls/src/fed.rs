//! Calls that another call-state core keeps, and what that core reports of them.
//!
//! Such a core is a *source*. It decides what happens to its calls and numbers what it reports of
//! each call from 1; what it reports is carried out once and in that order, however often it is
//! sent. The number of the last report stands in the journal with the event it led to, so a source
//! that lost its memory, or its connection, can be told where to go on.
//!
//! # Names
//!
//! The ids of a source are a namespace of its own: its call `4711` is known here as `4711@source`.
//! Ids of calls that begin here hold no `@`, so nothing collides.
//!
//! # Numbers
//!
//! | Number of a report             | What becomes of it                                         |
//! |--------------------------------|------------------------------------------------------------|
//! | up to the last one             | nothing: it is known                                       |
//! | the next one                   | it is carried out, or refused and then takes no number     |
//! | beyond that, a whole state     | the call is as it says, whatever was missed                |
//! | beyond that, anything else     | refused as a gap that names the number that was expected   |
//!
//! What agents may still do on such a call is change its user data, see
//! [`Situation`](crate::Situation).

use serde::{Deserialize, Serialize};

use crate::{
    CallId, CallType, ConnId, Dn, FedId, NewParty, Number, SourceName, UserData, UserDataChange,
};

/// Which source keeps a call, and how far it has reported.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Fed {
    /// The source.
    pub source: SourceName,
    /// The number of its last report, counted from 1 for each call.
    pub seq: u64,
}

/// One report of a source about one of its calls.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// The source.
    pub source: SourceName,
    /// The call, under the id the source has for it.
    pub id: FedId,
    /// The number of the report, counted from 1 for each call.
    pub seq: u64,
    /// What is reported.
    pub what: Reported,
}

impl Report {
    /// The call, under the id it has here.
    pub fn call(&self) -> CallId {
        self.source.call(&self.id)
    }
}

/// What a source reports.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reported {
    /// The call began. It is the first report of a call.
    Began(FedCall),
    /// Parties come, change their states or leave. Whoever is not on the call yet comes; who is
    /// `Released` leaves. A party outside is known by its number.
    Parties(Vec<NewParty>),
    /// User data changed.
    UserData {
        /// The line that asked for it, on the call or not. `None`: the source itself.
        by: Option<Dn>,
        /// What changed.
        change: UserDataChange,
    },
    /// All leave.
    Ended,
    /// The call as it is, whatever was reported before. It may begin a call, and skip numbers.
    Snapshot(FedCall),
}

/// A whole call, as a source has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FedCall {
    /// The connection id. `None`: as it was, or else the id that the source has for the call.
    pub conn_id: Option<ConnId>,
    /// Where the call comes from and goes to.
    pub call_type: CallType,
    /// The number that was dialled.
    pub dnis: Option<Number>,
    /// The number of the caller.
    pub ani: Option<Number>,
    /// Who takes part. A line, or the number of a party outside, occurs once.
    pub parties: Vec<NewParty>,
    /// The data attached to the call.
    pub user_data: UserData,
}

impl SourceName {
    /// The id here of the call that the source knows as `id`.
    pub fn call(&self, id: &FedId) -> CallId {
        CallId::new(format!("{id}@{self}")).expect("the two are short enough, and hold no more")
    }

    /// The id that the source has for a call, by the id that it has here; `None` if it is none of
    /// the source's.
    pub fn id_of<'a>(&self, call: &'a str) -> Option<&'a str> {
        call.strip_suffix(self.as_str())?.strip_suffix('@')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_sources_are_namespaces() {
        let (pbx, other) = (SourceName::new("pbx").unwrap(), SourceName::new("bx").unwrap());
        let id = FedId::new("a-1").unwrap();
        assert_eq!(pbx.call(&id).as_str(), "a-1@pbx");
        assert_eq!(pbx.id_of("a-1@pbx"), Some("a-1"));
        assert_eq!(other.id_of("a-1@pbx"), None);
        let longest = FedId::new("x".repeat(FedId::MAX_BYTES)).unwrap();
        let source = SourceName::new("y".repeat(SourceName::MAX_BYTES)).unwrap();
        assert_eq!(source.call(&longest).as_str().len(), CallId::MAX_BYTES);
        assert!(FedId::new("a@b").is_err() && SourceName::new("A").is_err());
    }
}
