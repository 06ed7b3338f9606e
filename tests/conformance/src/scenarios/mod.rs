//! The catalogue, a file per topic.

use crate::scenario::Scenario;

mod binding;
mod browser;
mod channels;
mod connect;
mod disconnect;
mod errors;
mod fidelity;
mod framing;
mod handshake;
mod lifecycle;
mod order;
mod publish;
mod subscribe;
mod wildcards;

/// Every scenario, in the order of the report.
pub(crate) fn all() -> Vec<Scenario> {
    [
        handshake::scenarios(),
        connect::scenarios(),
        disconnect::scenarios(),
        subscribe::scenarios(),
        publish::scenarios(),
        order::scenarios(),
        channels::scenarios(),
        wildcards::scenarios(),
        fidelity::scenarios(),
        errors::scenarios(),
        framing::scenarios(),
        binding::scenarios(),
        browser::scenarios(),
        lifecycle::scenarios(),
    ]
    .concat()
}
