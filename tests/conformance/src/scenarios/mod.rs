//! The catalogue, a file per topic.

use crate::scenario::Scenario;

mod connect;
mod disconnect;
mod handshake;
mod publish;
mod subscribe;

/// Every scenario, in the order of the report.
pub(crate) fn all() -> Vec<Scenario> {
    [
        handshake::scenarios(),
        connect::scenarios(),
        disconnect::scenarios(),
        subscribe::scenarios(),
        publish::scenarios(),
    ]
    .concat()
}
