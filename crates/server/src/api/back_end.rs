//! Who uses the API, and for what.

use std::sync::Arc;

use super::problem::Problem;
use crate::feed::Feeder;
use crate::settings::ApiOperation;

/// What a request does.
pub(crate) type Operation = ApiOperation;

/// A back end that may use the API. A request extension.
#[derive(Clone, Debug)]
pub(crate) struct BackEnd {
    /// `None` is everything.
    operations: Option<Arc<[Operation]>>,
    /// What it may feed.
    feeder: Feeder,
}

impl BackEnd {
    /// One that may do everything.
    pub(crate) fn unlimited() -> Self {
        Self { operations: None, feeder: Feeder::default() }
    }

    /// One that may do these things.
    pub(crate) fn limited(operations: Arc<[Operation]>) -> Self {
        Self { operations: Some(operations), feeder: Feeder::default() }
    }

    /// The same one, who may feed these sources besides.
    #[must_use]
    pub(crate) fn feeding(mut self, feeder: Feeder) -> Self {
        self.feeder = feeder;
        self
    }

    /// What it may feed.
    pub(crate) fn feeder(&self) -> &Feeder {
        &self.feeder
    }

    /// Whether it may do this.
    pub(super) fn may(&self, operation: Operation) -> Result<(), Problem> {
        let allowed = self.operations.as_ref().is_none_or(|known| known.contains(&operation));
        if allowed { Ok(()) } else { Err(Problem::NotAllowed(operation)) }
    }
}
