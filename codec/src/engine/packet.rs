//! One Engine.IO packet: a type digit and its data.
//!
//! ```text
//! packet = "0" handshake / "1" / "2" [data] / "3" [data] / "4" data / "5" / "6" / "b" base64
//! ```
//!
//! Source: Engine.IO protocol, version 4, "Packet encoding". Data behind a close, upgrade or noop packet is
//! dropped: the text is silent, observed in engine.io-parser 5.2.3.

use super::Base64;
use crate::{DecodeError, Encode, ErrorKind, Profile, Sink};

/// A packet of the transport. Borrows from the frame it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packet<'a> {
    /// `0`: the server opens a session; the data is a [`Handshake`](super::Handshake) in JSON.
    Open(&'a str),
    /// `1`: the session ends.
    Close,
    /// `2`: the server asks whether the client lives; with data `probe`, a client tries a transport.
    Ping(&'a str),
    /// `3`: the answer to a ping, with the same data.
    Pong(&'a str),
    /// `4`, or `b`, or a binary frame: data of the layer above.
    Message(Data<'a>),
    /// `5`: the client moves to the transport that it probed.
    Upgrade,
    /// `6`: nothing; releases a waiting poll request.
    Noop,
}

/// What a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Data<'a> {
    /// Text.
    Text(&'a str),
    /// Bytes. Encoded as base64 text; a WebSocket sends them as a binary frame instead.
    Binary(&'a [u8]),
    /// Bytes that came as base64 text and are not yet decoded.
    Base64(Base64<'a>),
}

impl<'a> Packet<'a> {
    /// A message of text.
    #[must_use]
    pub const fn message(text: &'a str) -> Self {
        Self::Message(Data::Text(text))
    }

    /// A message of bytes: what a binary WebSocket frame is, whatever it holds.
    #[must_use]
    pub const fn binary(bytes: &'a [u8]) -> Self {
        Self::Message(Data::Binary(bytes))
    }

    /// Reads one text frame, or one packet of a polling payload.
    ///
    /// # Errors
    /// [`EmptyPacket`](ErrorKind::EmptyPacket), [`UnknownPacketType`](ErrorKind::UnknownPacketType) or
    /// [`InvalidBase64`](ErrorKind::InvalidBase64).
    pub fn decode(text: &'a str) -> Result<Self, DecodeError> {
        Self::decode_as(text, &Profile::STRICT)
    }

    /// Like [`decode`](Self::decode), as strict as the profile asks.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_as(text: &'a str, profile: &Profile) -> Result<Self, DecodeError> {
        // No type is longer than a byte, so what follows the first byte of a known one is on a boundary.
        let data = || text.get(1..).unwrap_or_default();
        Ok(match text.as_bytes().first() {
            Some(b'4') => Self::message(data()),
            Some(b'b') => {
                let base64 = Base64::parse_as(data(), profile).map_err(|error| error.shifted(1))?;
                Self::Message(Data::Base64(base64))
            }
            Some(b'0') => Self::Open(data()),
            Some(b'1') => Self::Close,
            Some(b'2') => Self::Ping(data()),
            Some(b'3') => Self::Pong(data()),
            Some(b'5') => Self::Upgrade,
            Some(b'6') => Self::Noop,
            Some(_) => return Err(DecodeError::new(ErrorKind::UnknownPacketType, 0)),
            None => return Err(DecodeError::new(ErrorKind::EmptyPacket, 0)),
        })
    }
}

/// Writes the packet as text: a text frame, or a packet of a polling payload.
impl Encode for Packet<'_> {
    fn encode(&self, sink: &mut impl Sink) {
        let (kind, data) = match *self {
            Self::Open(data) => ("0", data),
            Self::Close => ("1", ""),
            Self::Ping(data) => ("2", data),
            Self::Pong(data) => ("3", data),
            Self::Message(Data::Text(data)) => ("4", data),
            Self::Message(Data::Base64(data)) => ("b", data.as_str()),
            Self::Message(Data::Binary(bytes)) => {
                sink.write("b");
                return sink.write_base64(bytes);
            }
            Self::Upgrade => ("5", ""),
            Self::Noop => ("6", ""),
        };
        sink.write(kind);
        sink.write(data);
    }
}
