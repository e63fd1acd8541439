//! Rules of Socket.IO: namespaces, events, acknowledgements, attachments, and the client that is served.

pub mod acks;
pub mod binary;
pub mod bundle;
pub mod connect;
pub mod disconnect;
pub mod events;
pub mod grammar;
pub mod haste;
pub mod msgpack;
pub mod namespaces;
pub mod packet;
pub mod v3;
pub mod values;
