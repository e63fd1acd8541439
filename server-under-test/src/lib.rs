//! The Socket.IO reference server, and all the ways in which it can be wrong.
//!
//! A full Socket.IO server, protocol version 5 over Engine.IO protocol version 4, that runs the application of the
//! testee contract. What the protocol texts leave open it does as socket.io 4.8 does.
//!
//! The core performs no IO and reads no clock: [`engine::session::Session`] is one connection, [`hub::Hub`] is all of
//! them together with their namespaces. `now` goes in, deadlines come out. [`Server`] is the thin driver around it.

pub mod adapter;
mod app;
mod bundle;
pub mod chat;
pub mod config;
pub mod engine;
pub mod fault;
pub mod hub;
pub mod io;
mod net;
pub mod socket;

pub use adapter::Cluster;
pub use bundle::Bundle;
pub use config::{Config, Fate, Parser};
pub use fault::Fault;
pub use net::{Attached, Layer, Layered, ReplyBody, Server, Service};
