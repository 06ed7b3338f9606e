//! The catalogue, a file per topic.

use crate::scenario::Scenario;

mod connect;
mod handshake;

/// Every scenario, in the order of the report.
pub(crate) fn all() -> Vec<Scenario> {
    [handshake::scenarios(), connect::scenarios()].concat()
}
