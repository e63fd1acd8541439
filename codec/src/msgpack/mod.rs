//! Socket.IO packets as MessagePack, the alternative to the text packets of [`socket`](crate::socket).
//!
//! A packet is one map, sent as one binary message; bytes stay inside it, so there are no attachments. Nothing
//! announces the parser: both sides have to be set to it. Source: Socket.IO protocol, version 5, "Packet
//! encoding", which leaves it to the parser; observed in socket.io-msgpack-parser 3.0.2. MessagePack itself:
//! the MessagePack specification, "Formats".

mod packet;
mod quick;
mod scan;
mod transcode;
mod value;

pub use packet::{Body, Packet};
pub use transcode::{Transcoded, from_json, from_socket, to_json, to_socket};
pub use value::{Elements, Kind, Members, Value};
