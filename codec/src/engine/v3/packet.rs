//! One packet: as text, or as bytes behind a type byte.
//!
//! ```text
//! text   = "0" to "6" [data] / "b4" base64
//! binary = %x04 data
//! ```
//!
//! Source: Engine.IO protocol, version 3, "Packet". The type byte holds the number, not the digit: the text's
//! examples disagree, observed in engine.io 6.6.9. Only messages carry bytes.

use crate::engine::{Base64, Data, Packet};
use crate::{DecodeError, Encode, ErrorKind, Profile, Sink};

/// Reads one text packet.
///
/// # Errors
/// As [`Packet::decode`].
pub fn decode(text: &str) -> Result<Packet<'_>, DecodeError> {
    decode_as(text, &Profile::STRICT)
}

/// Like [`decode`], as strict as the profile asks.
///
/// # Errors
/// As [`Packet::decode`].
pub fn decode_as<'a>(text: &'a str, profile: &Profile) -> Result<Packet<'a>, DecodeError> {
    let Some(rest) = text.strip_prefix('b') else {
        return Packet::decode_as(text, profile);
    };
    match rest.strip_prefix('4') {
        Some(base64) => {
            let base64 = Base64::parse_as(base64, profile).map_err(|error| error.shifted(2))?;
            Ok(Packet::Message(Data::Base64(base64)))
        }
        None if rest.is_empty() => Err(DecodeError::new(ErrorKind::EmptyPacket, 1)),
        None => Err(DecodeError::new(ErrorKind::UnknownPacketType, 1)),
    }
}

/// Reads one binary packet: a binary WebSocket frame, or one of a binary payload.
///
/// # Errors
/// [`EmptyPacket`](ErrorKind::EmptyPacket), or [`UnknownPacketType`](ErrorKind::UnknownPacketType) for anything
/// but a message.
pub fn decode_binary(bytes: &[u8]) -> Result<Packet<'_>, DecodeError> {
    match bytes.split_first() {
        Some((4, data)) => Ok(Packet::binary(data)),
        Some(_) => Err(DecodeError::new(ErrorKind::UnknownPacketType, 0)),
        None => Err(DecodeError::new(ErrorKind::EmptyPacket, 0)),
    }
}

/// A packet to be written as version 3 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<'a>(pub Packet<'a>);

impl Encode for Text<'_> {
    fn encode(&self, sink: &mut impl Sink) {
        match self.0 {
            Packet::Message(Data::Binary(bytes)) => {
                sink.write("b4");
                sink.write_base64(bytes);
            }
            Packet::Message(Data::Base64(text)) => {
                sink.write("b4");
                sink.write(text.as_str());
            }
            packet => packet.encode(sink),
        }
    }
}
