//! The handshake, which does not tell how large a payload may be.

use crate::engine::Handshake;
use crate::engine::handshake::Fields;
use crate::{DecodeError, Sink};

/// Reads the data of a version 3 open packet; [`Handshake::max_payload_bytes`] is [`u64::MAX`].
///
/// # Errors
/// As [`Handshake::decode`].
pub fn decode_handshake(text: &str) -> Result<Handshake<'_>, DecodeError> {
    Fields::read(text)?.without_max_payload()
}

/// Writes the data of a version 3 open packet.
pub fn encode_handshake(handshake: &Handshake<'_>, sink: &mut impl Sink) {
    handshake.encode_without_max_payload(sink);
    sink.write("}");
}
