//! A polling body as text: each packet behind its length.
//!
//! ```text
//! payload = 1*( length ":" packet )           length: 1*digit, in UTF-16 code units
//! ```
//!
//! Source: Engine.IO protocol, version 3, "Payload". Lengths count what JavaScript strings are made of, so
//! that a character above U+FFFF counts twice; a packet of length 0 is nothing at all: observed in
//! engine.io 6.6.9.

use super::{Text, decode_as};
use crate::engine::Packet;
use crate::{DecodeError, Encode, ErrorKind, Leniency, Limits, Profile, Sink, number};

/// The packets of a text body, with default limits.
#[must_use]
pub const fn packets(body: &str) -> Packets<'_> {
    Packets { body, at: 0, count: 0, ended: false, profile: Profile::STRICT }
}

/// Writes packets as one text body. No packets at all are one of length 0, since a body may not be empty.
pub fn encode_payload(packets: &[Packet<'_>], sink: &mut impl Sink) {
    if packets.is_empty() {
        sink.write("0:");
    }
    for packet in packets {
        let packet = Text(*packet);
        let mut units = Units(0);
        packet.encode(&mut units);
        sink.write_decimal(units.0);
        sink.write(":");
        packet.encode(sink);
    }
}

/// Counts UTF-16 code units.
struct Units(u64);

impl Sink for Units {
    fn write(&mut self, text: &str) {
        self.0 += text.chars().map(|character| character.len_utf16() as u64).sum::<u64>();
    }

    fn write_base64(&mut self, bytes: &[u8]) {
        self.0 += crate::engine::base64::encoded_len(bytes.len()) as u64;
    }
}

/// Reads a text body packet by packet; ends after the first error. Offsets are relative to the body.
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    body: &'a str,
    /// Everything before is read.
    at: usize,
    count: usize,
    ended: bool,
    profile: Profile,
}

impl Packets<'_> {
    /// The same packets, with at most [`Limits::max_packets`] of them.
    #[must_use]
    pub const fn with_limits(mut self, limits: &Limits) -> Self {
        self.profile.limits = *limits;
        self
    }

    /// The same packets, read as strictly as the profile asks.
    #[must_use]
    pub const fn with_profile(mut self, profile: &Profile) -> Self {
        self.profile = *profile;
        self
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let packet = self.read().transpose();
        self.ended |= !matches!(packet, Some(Ok(_)));
        packet
    }
}

impl core::iter::FusedIterator for Packets<'_> {}

impl<'a> Packets<'a> {
    /// The next packet; none at the end.
    fn read(&mut self) -> Result<Option<Packet<'a>>, DecodeError> {
        while !self.ended {
            if self.at == self.body.len() {
                // A body of nothing is no body; otherwise this is the end.
                return if self.at == 0 {
                    Err(DecodeError::new(ErrorKind::EmptyPacket, 0))
                } else {
                    Ok(None)
                };
            }
            if self.count >= self.profile.limits.max_packets {
                return Err(DecodeError::new(ErrorKind::TooManyPackets, self.at));
            }
            self.count += 1;
            let (units, start) = self.length()?;
            let rest = self.body.get(start..).unwrap_or_default();
            let text = units_of(rest, units).ok_or(DecodeError::new(ErrorKind::InvalidFrame, start))?;
            self.at = start + text.len();
            if !text.is_empty() {
                return decode_as(text, &self.profile).map(Some).map_err(|error| error.shifted(start));
            }
        }
        Ok(None)
    }

    /// The length that stands at the current place, and where its packet begins.
    fn length(&self) -> Result<(u64, usize), DecodeError> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        let invalid = |offset| DecodeError::new(ErrorKind::InvalidFrame, offset);
        let Some(colon) = memchr::memchr(b':', rest.as_bytes()) else {
            return Err(invalid(self.body.len()));
        };
        let length = rest.get(..colon).unwrap_or_default();
        let foreign = length.bytes().position(|byte| !byte.is_ascii_digit());
        let units = match foreign {
            None if length.is_empty() => None,
            None => number::decimal(length.as_bytes()),
            Some(_) if self.profile.allows(Leniency::LOOSE_FRAME_LENGTH) => number::loose(length),
            Some(foreign) => return Err(invalid(self.at + foreign)),
        };
        let units = units.ok_or_else(|| invalid(self.at))?;
        Ok((units, self.at + colon + 1))
    }
}

/// The first so many UTF-16 code units of the text, if it has them and they end with a character.
fn units_of(text: &str, units: u64) -> Option<&str> {
    let units = usize::try_from(units).ok()?;
    let ascii = text.as_bytes().get(..units)?;
    if ascii.is_ascii() {
        return text.get(..units);
    }
    let (mut end, mut counted) = (0, 0);
    for character in text.chars() {
        if counted >= units {
            break;
        }
        counted += character.len_utf16();
        end += character.len_utf8();
    }
    if counted == units { text.get(..end) } else { None }
}
