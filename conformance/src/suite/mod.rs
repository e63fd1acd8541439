//! The catalogue: one file per group of rules, one explicit list.

pub mod delivery;
pub mod engine;
pub mod security;
pub mod socket;

use crate::scenario::Scenario;

/// Every scenario, in the order of reports.
pub fn all() -> Vec<Scenario> {
    [
        engine::handshake::scenarios(),
        engine::cors::scenarios(),
        engine::polling::scenarios(),
        engine::requests::scenarios(),
        engine::payload::scenarios(),
        engine::opening::scenarios(),
        engine::websocket::scenarios(),
        engine::frames::scenarios(),
        engine::upgrade::scenarios(),
        engine::upgrade_busy::scenarios(),
        engine::schedule::scenarios(),
        engine::heartbeat::scenarios(),
        engine::close::scenarios(),
        engine::v3::scenarios(),
        socket::connect::scenarios(),
        socket::packet::scenarios(),
        socket::grammar::scenarios(),
        socket::namespaces::scenarios(),
        socket::events::scenarios(),
        socket::acks::scenarios(),
        socket::binary::scenarios(),
        socket::values::scenarios(),
        socket::disconnect::scenarios(),
        socket::haste::scenarios(),
        socket::msgpack::scenarios(),
        socket::v3::scenarios(),
        socket::bundle::scenarios(),
        delivery::rooms::scenarios(),
        delivery::broadcast::scenarios(),
        delivery::sockets::scenarios(),
        delivery::acks::scenarios(),
        delivery::membership::scenarios(),
        delivery::operators::scenarios(),
        delivery::crowd::scenarios(),
        delivery::recovery::restored::scenarios(),
        delivery::recovery::missed::scenarios(),
        delivery::recovery::refused::scenarios(),
        security::names::scenarios(),
        security::survival::scenarios(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
