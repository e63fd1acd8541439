//! Engine.IO version 3: what clients of Socket.IO 1 and 2 speak.
//!
//! The packets are those of version 4; binary ones are framed otherwise, and payloads carry lengths instead
//! of separators. Source: Engine.IO protocol, version 3, "Encoding".

mod binary;
mod handshake;
mod packet;
mod payload;
mod stream;

pub use binary::{BinaryPackets, binary_packets, encode_binary_payload};
pub use handshake::{decode_handshake, encode_handshake};
pub use packet::{Text, decode, decode_as, decode_binary};
pub use payload::{Packets, encode_payload, packets};
pub use stream::{BinaryStream, Counted, Measured, TextStream};
