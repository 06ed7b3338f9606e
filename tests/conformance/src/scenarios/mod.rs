//! The catalogue, a file per topic.

use crate::scenario::Scenario;

mod ack;
mod binding;
mod browser;
mod callback;
mod channels;
mod connect;
mod disconnect;
mod errors;
mod extensions;
mod fidelity;
mod framing;
mod handshake;
mod lifecycle;
mod order;
mod publish;
mod replay;
mod subscribe;
mod websocket;
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
        callback::scenarios(),
        websocket::scenarios(),
        binding::scenarios(),
        browser::scenarios(),
        lifecycle::scenarios(),
        ack::scenarios(),
        extensions::scenarios(),
        replay::scenarios(),
    ]
    .concat()
}
