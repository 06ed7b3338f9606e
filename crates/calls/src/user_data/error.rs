//! Why a text is no user data.

use std::error::Error;
use std::fmt;

/// Why a text is no user data. The caller's fault.
#[derive(Debug)]
#[non_exhaustive]
pub enum UserDataError {
    /// The text is no JSON.
    Syntax {
        /// Line of the fault, counted from 1.
        line: usize,
        /// Column of the fault, counted from 1.
        column: usize,
    },
    /// The text is JSON, but no object.
    NotAnObject,
}

impl UserDataError {
    // The parser's own words may quote the text, which is customer data.
    pub(super) fn syntax(error: &serde_json::Error) -> Self {
        if error.is_data() {
            Self::NotAnObject
        } else {
            Self::Syntax { line: error.line(), column: error.column() }
        }
    }
}

impl fmt::Display for UserDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column } => {
                write!(f, "user data is no JSON, at line {line} column {column}")
            }
            Self::NotAnObject => f.write_str("user data must be a JSON object"),
        }
    }
}

impl Error for UserDataError {}
