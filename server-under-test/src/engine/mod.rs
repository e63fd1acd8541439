//! Engine.IO: one connection, from the handshake to the close, without IO and without a clock.

pub mod admission;
pub mod dialect;
pub mod heartbeat;
pub mod jsonp;
pub mod outbox;
pub mod polling;
pub mod session;
pub mod sid;
pub mod signals;
pub mod upgrade;
