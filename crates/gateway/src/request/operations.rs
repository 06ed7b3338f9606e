//! What can be asked for by a POST to one kind of resource, as a table: the operation, how its
//! parameters are read, and whether it is named to who asks for one that does not exist.
//!
//! Whatever a POST is about, its opening is the same: the body is read, the operation is looked up
//! in the table of the resource, its row reads the parameters. [`Operations::ask`] does that, and
//! what is left to a handler is whose command it becomes.

use std::fmt;

use bytes::Bytes;

use super::Body;
use crate::counts::Operation;
use crate::status::Failure;

/// How the parameters of an operation are read.
type Read<T> = fn(&Body<'_>) -> Result<T, Failure>;

/// One operation of a resource.
pub(crate) struct Row<T>(pub(crate) Operation, pub(crate) Read<T>);

/// All operations of a resource.
pub(crate) struct Operations<T: 'static> {
    /// What has them, with its article.
    pub(crate) resource: &'static str,
    /// What they are, in the order in which they are named.
    pub(crate) rows: &'static [Row<T>],
    /// Operations of other resources, each with what is to be asked for instead.
    pub(crate) elsewhere: &'static [(Operation, &'static str)],
}

/// What came of reading a request.
#[derive(Debug)]
pub(crate) struct Asked<C> {
    /// What was asked for; `Unknown` as long as that could not be read.
    pub(crate) operation: Operation,
    /// What it is to become.
    pub(crate) command: Result<C, Failure>,
}

impl<T> Operations<T> {
    /// Reads a body that nests at most `depth` levels, and makes a command of what it asks for.
    ///
    /// `command` gets the parameters, and the body for what is not the operation's own.
    pub(crate) fn ask<C>(
        &self,
        payload: Result<Bytes, Failure>,
        depth: usize,
        command: impl FnOnce(T, &Body<'_>) -> Result<C, Failure>,
    ) -> Asked<C> {
        let rows: Vec<_> = self.rows.iter().collect();
        ask(self.resource, &rows, self.elsewhere, payload, depth, command)
    }
}

/// The same for operations that were picked for this request.
pub(crate) fn ask<T, C>(
    resource: &str,
    rows: &[&Row<T>],
    elsewhere: &[(Operation, &str)],
    payload: Result<Bytes, Failure>,
    depth: usize,
    command: impl FnOnce(T, &Body<'_>) -> Result<C, Failure>,
) -> Asked<C> {
    let mut operation = Operation::Unknown;
    let read = || {
        let bytes = payload?;
        let body = Body::parse(&bytes, depth)?;
        let name = body.operation_name()?;
        operation = Operation::named(&name);
        if let Some(row) = rows.iter().find(|row| row.0 == operation) {
            return command(row.1(&body)?, &body);
        }
        let elsewhere = elsewhere.iter().find(|(other, _)| *other == operation);
        Err(elsewhere
            .map_or_else(|| unknown(resource, rows, &name), |(_, text)| Failure::invalid(*text)))
    };
    let command = read();
    Asked { operation, command }
}

fn unknown<T>(resource: &str, rows: &[&Row<T>], name: &str) -> Failure {
    let known: Vec<&str> = rows.iter().map(|row| row.0.name()).collect();
    Failure::invalid(format!(
        "operation '{}' does not exist on {resource}; it has {}",
        shortened(name),
        known.join(", ")
    ))
}

impl<T> fmt::Debug for Operations<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations").field("resource", &self.resource).finish_non_exhaustive()
    }
}

/// A peer's text as a message may repeat it.
pub(crate) fn shortened(text: &str) -> String {
    const MOST_CHARACTERS: usize = 64;
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{
        CALL_OPERATIONS, CHANNEL_OPERATIONS, DEVICE_OPERATIONS, SETTING_OPERATIONS,
        THIRD_PARTY_CALL_OPERATIONS, USER_OPERATIONS,
    };

    #[test]
    fn a_long_text_of_a_peer_is_cut_between_characters() {
        assert_eq!(shortened("x"), "x");
        let cut = shortened(&"\u{e9}".repeat(1000));
        assert_eq!(cut, format!("{}...", "\u{e9}".repeat(64)));
    }

    #[test]
    fn each_operation_stands_once_in_a_table_and_in_some_table() {
        fn names<T>(operations: &Operations<T>) -> Vec<Operation> {
            let elsewhere = operations.elsewhere.iter().map(|(operation, _)| *operation);
            operations.rows.iter().map(|row| row.0).chain(elsewhere).collect()
        }
        let tables = [
            names(&CALL_OPERATIONS),
            names(&THIRD_PARTY_CALL_OPERATIONS),
            names(&DEVICE_OPERATIONS),
            // What there is for interactions is held against the core's table beside it.
            crate::request::interaction::named(),
            names(&USER_OPERATIONS),
            names(&CHANNEL_OPERATIONS),
            names(&SETTING_OPERATIONS),
        ];
        for table in &tables {
            for operation in table {
                let times = table.iter().filter(|other| *other == operation).count();
                assert_eq!(times, 1, "{operation:?}");
            }
        }
        for operation in Operation::ALL {
            let read = operation.name().starts_with("Get") || operation == Operation::Unknown;
            assert_eq!(tables.concat().contains(&operation), !read, "{operation:?}");
        }
    }
}
