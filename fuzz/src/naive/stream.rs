//! Bodies of bytes, cut into packets all at once.
//!
//! Where the body is text, these are the readers of whole bodies; bytes that are no text are judged packet by
//! packet, as a reader of pieces must.

use siospec_codec::engine::{self, v3};
use siospec_codec::testing::EnginePacket;
use siospec_codec::{DecodeError, ErrorKind, Profile};

/// The packets of a body and its error.
pub type Outcome = (Vec<EnginePacket>, Option<DecodeError>);

/// A version 4 body.
#[must_use]
pub fn separated(body: &[u8], profile: &Profile) -> Outcome {
    if let Ok(text) = core::str::from_utf8(body) {
        return collect(engine::packets(text).with_profile(profile));
    }
    let mut start = 0;
    let mut packets = Vec::new();
    for piece in body.split(|byte| *byte == 0x1E) {
        let packet = match core::str::from_utf8(piece) {
            _ if packets.len() >= profile.limits.max_packets => {
                Err(DecodeError::new(ErrorKind::TooManyPackets, 0))
            }
            Ok(text) => engine::Packet::decode_as(text, profile),
            Err(error) => Err(DecodeError::new(ErrorKind::InvalidUtf8, error.valid_up_to())),
        };
        match packet {
            Ok(packet) => packets.push(EnginePacket::of(&packet)),
            Err(error) => return (packets, Some(error.shifted(start))),
        }
        start += piece.len() + 1;
    }
    (packets, None)
}

/// A version 3 text body; none for bytes that are no text, which the reader of whole bodies does not take.
#[must_use]
pub fn counted(body: &[u8], profile: &Profile) -> Option<Outcome> {
    core::str::from_utf8(body).ok().map(|text| collect(v3::packets(text).with_profile(profile)))
}

/// A version 3 binary body, whose reader knows no leniency.
#[must_use]
pub fn measured(body: &[u8], profile: &Profile) -> Outcome {
    collect(v3::binary_packets(body).with_limits(&profile.limits))
}

fn collect<'a>(results: impl Iterator<Item = Result<engine::Packet<'a>, DecodeError>>) -> Outcome {
    let mut packets = Vec::new();
    for result in results {
        match result {
            Ok(packet) => packets.push(EnginePacket::of(&packet)),
            Err(error) => return (packets, Some(error)),
        }
    }
    (packets, None)
}
