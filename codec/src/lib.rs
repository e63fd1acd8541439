//! Zero-copy packets of Engine.IO and Socket.IO.
//!
//! Two layers, each a module, and what they share:
//!
//! | module | what it reads | document |
//! | --- | --- | --- |
//! | [`engine`] | transport packets, polling payloads, the handshake | Engine.IO protocol, version 4 |
//! | [`engine::v3`] | the same as older clients speak it | Engine.IO protocol, version 3 |
//! | [`socket`] | the packets inside Engine.IO messages | Socket.IO protocol, version 5 |
//! | [`msgpack`] | the same packets as MessagePack | observed in socket.io-msgpack-parser 3.0.2 |
//! | [`json`] | slices proven to be one JSON value | RFC 8259 |
//! | `typed` | these values as types of the application; feature `serde` | |
//!
//! Whoever only passes packets on can read a [`socket::Header`] alone, which costs the same however long the
//! packet is, and leaves its JSON unchecked.
//!
//! The crate's law: **a decoded value borrows from its input and stays as it was proven to be.** Decoding
//! performs no IO, reads no clock, never panics, never recurses along the input and allocates nothing for a
//! text packet. What the input may cost is bounded by [`Limits`].
//!
//! Decoding is strict: what the protocol text says, and where it is silent, what the reference
//! implementation does. Each deviation that some implementation tolerates is a named [`Leniency`]; a
//! [`Profile`] is a set of them plus the limits, and [`Profile::reference`] reproduces the verdicts of
//! socket.io-parser 4.2.7.
//!
//! The feature `detect`, on by default, asks the machine at run time for its widest instructions, for which the
//! standard library is needed; without it the crate is `no_std`, and takes what the target is known to have.
//!
//! ```
//! use siospec_codec::{Encode, engine, socket};
//!
//! let engine::Packet::Message(engine::Data::Text(text)) = engine::Packet::decode(r#"42/chat,7["hi"]"#)? else {
//!     unreachable!("type 4 is a message");
//! };
//! let packet = socket::Packet::decode(text)?;
//! assert_eq!(packet.namespace.as_str(), "/chat");
//! assert_eq!(packet.to_text(), text);
//! # Ok::<(), siospec_codec::DecodeError>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::string_slice)]

extern crate alloc;

pub mod engine;
pub mod json;
pub mod msgpack;
pub mod socket;

mod error;
mod limits;
mod number;
mod profile;
mod sink;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "serde")]
pub mod typed;

pub use error::{DecodeError, ErrorKind};
pub use limits::Limits;
pub use profile::{Leniency, Profile};
pub use sink::{Counter, Encode, Sink};
