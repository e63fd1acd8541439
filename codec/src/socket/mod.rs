//! Socket.IO: the packets inside Engine.IO messages.
//!
//! Source: Socket.IO protocol, version 5, "Packet encoding" and "Exchange protocol".

mod ack;
mod args;
mod assembler;
mod header;
mod layout;
mod namespace;
mod owned;
mod packet;
pub mod placeholder;

pub use ack::AckId;
pub use args::{Args, EventName, RESERVED_EVENT_NAMES};
pub use assembler::{Assembler, Message};
pub use header::Header;
pub use layout::Kind;
pub use namespace::Namespace;
pub use owned::Owned;
pub use packet::{Body, Packet};
pub use placeholder::{Placeholder, Placeholders, placeholders};
