//! Engine.IO: the transport's packets, its polling payloads and its handshake.
//!
//! Source: Engine.IO protocol, version 4, sections "Packet encoding" and "Handshake".

pub mod base64;
mod handshake;
mod packet;
pub mod payload;
pub mod stream;
pub mod v3;

pub use base64::Base64;
pub use handshake::Handshake;
pub use packet::{Data, Packet};
pub use payload::{Packets, packets};
pub use stream::PayloadStream;
