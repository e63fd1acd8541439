//! Socket.IO: namespaces, rooms and delivery, without IO and without a clock.

pub mod acks;
pub mod audience;
pub mod client;
pub mod messagepack;
pub mod namespace;
pub mod packet;
pub mod recovery;
pub mod rooms;
pub mod value;
