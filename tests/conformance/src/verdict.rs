//! What a scenario comes to.

use std::fmt;

/// A scenario that came to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The target does as the scenario says.
    Pass,
    /// The target does one of several legitimate things: which one.
    Varies(String),
}

/// Why a scenario did not come to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Stop {
    /// The target does something else: what.
    Failed(String),
    /// It cannot be told here: why.
    Skipped(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) => write!(f, "failed: {text}"),
            Self::Skipped(text) => write!(f, "skipped: {text}"),
        }
    }
}

impl std::error::Error for Stop {}

/// The result of a scenario.
pub(crate) type Outcome = Result<Verdict, Stop>;

/// The scenario holds.
pub(crate) const PASS: Outcome = Ok(Verdict::Pass);

/// A legitimate variant was seen.
pub(crate) fn varies(variant: impl Into<String>) -> Outcome {
    Ok(Verdict::Varies(variant.into()))
}

/// A failure with this text.
pub(crate) fn failed(text: impl Into<String>) -> Stop {
    Stop::Failed(text.into())
}

/// Nothing can be said, for this reason.
pub(crate) fn skipped(why: impl Into<String>) -> Stop {
    Stop::Skipped(why.into())
}

/// Ends the scenario as failed, with the formatted text, unless the condition holds.
macro_rules! check {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::verdict::failed(format!($($text)+)));
        }
    };
}

pub(crate) use check;
