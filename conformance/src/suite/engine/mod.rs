//! Rules of Engine.IO: the transport layer.

pub mod close;
pub mod handshake;
pub mod heartbeat;
pub mod payload;
pub mod polling;
pub mod upgrade;
pub mod v3;
pub mod websocket;
