//! Rules of Engine.IO: the transport layer.

pub mod close;
pub mod cors;
pub mod frames;
pub mod handshake;
pub mod heartbeat;
pub mod opening;
pub mod payload;
pub mod polling;
pub mod requests;
pub mod schedule;
pub mod upgrade;
pub mod upgrade_busy;
pub mod v3;
pub mod websocket;
