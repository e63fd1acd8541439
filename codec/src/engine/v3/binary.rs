//! A polling body as bytes: each packet behind its kind and its length.
//!
//! ```text
//! payload = 1*( kind 1*digit %xFF packet )    kind: %x00 text, %x01 bytes; digit: %x00-09; length in bytes
//! ```
//!
//! Source: Engine.IO protocol, version 3, "Payload", "Binary".

use super::{Text, decode_as, decode_binary};
use crate::engine::{Data, Packet};
use crate::{DecodeError, Encode, ErrorKind, Limits, Profile};
use alloc::vec::Vec;

/// The packets of a binary body, with default limits.
#[must_use]
pub const fn binary_packets(body: &[u8]) -> BinaryPackets<'_> {
    BinaryPackets { body, at: 0, count: 0, ended: false, profile: Profile::STRICT }
}

/// Appends packets as one binary body. Messages of bytes stay bytes, everything else is text.
pub fn encode_binary_payload(packets: &[Packet<'_>], body: &mut Vec<u8>) {
    for packet in packets {
        match *packet {
            Packet::Message(Data::Binary(bytes)) => {
                header(1, bytes.len() + 1, body);
                body.push(4);
                body.extend_from_slice(bytes);
            }
            Packet::Message(Data::Base64(text)) => {
                header(1, text.decoded_len() + 1, body);
                body.push(4);
                text.decode_into(body);
            }
            packet => {
                header(0, Text(packet).encoded_len(), body);
                Text(packet).encode(body);
            }
        }
    }
}

fn header(kind: u8, len: usize, body: &mut Vec<u8>) {
    body.push(kind);
    let digits = alloc::format!("{len}");
    body.extend(digits.bytes().map(|digit| digit - b'0'));
    body.push(0xFF);
}

/// Reads a binary body packet by packet; ends after the first error. Offsets are relative to the body.
#[derive(Debug, Clone)]
pub struct BinaryPackets<'a> {
    body: &'a [u8],
    /// Everything before is read.
    at: usize,
    count: usize,
    ended: bool,
    profile: Profile,
}

impl BinaryPackets<'_> {
    /// The same packets, with at most [`Limits::max_packets`] of them.
    #[must_use]
    pub const fn with_limits(mut self, limits: &Limits) -> Self {
        self.profile.limits = *limits;
        self
    }
}

impl<'a> Iterator for BinaryPackets<'a> {
    type Item = Result<Packet<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended || self.at == self.body.len() && self.at > 0 {
            return None;
        }
        let packet = self.read();
        self.ended = packet.is_err();
        Some(packet)
    }
}

impl core::iter::FusedIterator for BinaryPackets<'_> {}

impl<'a> BinaryPackets<'a> {
    fn read(&mut self) -> Result<Packet<'a>, DecodeError> {
        if self.count >= self.profile.limits.max_packets {
            return Err(DecodeError::new(ErrorKind::TooManyPackets, self.at));
        }
        self.count += 1;
        let is_text = match self.body.get(self.at) {
            Some(0) => true,
            Some(1) => false,
            Some(_) => return Err(DecodeError::new(ErrorKind::InvalidFrame, self.at)),
            None => return Err(DecodeError::new(ErrorKind::EmptyPacket, self.at)),
        };
        let (len, start) = self.length(self.at + 1)?;
        let end = start.checked_add(len).filter(|end| *end <= self.body.len());
        let Some((end, packet)) = end.and_then(|end| Some((end, self.body.get(start..end)?))) else {
            return Err(DecodeError::new(ErrorKind::InvalidFrame, start));
        };
        self.at = end;
        let decoded = if is_text {
            core::str::from_utf8(packet)
                .map_err(|error| DecodeError::new(ErrorKind::InvalidUtf8, error.valid_up_to()))
                .and_then(|text| decode_as(text, &self.profile))
        } else {
            decode_binary(packet)
        };
        decoded.map_err(|error| error.shifted(start))
    }

    /// The length whose first digit is at `at`, and where its packet begins.
    fn length(&self, mut at: usize) -> Result<(usize, usize), DecodeError> {
        let first = at;
        let mut len = 0_usize;
        loop {
            match self.body.get(at) {
                Some(digit @ 0..=9) => {
                    let longer = len.checked_mul(10).and_then(|len| len.checked_add(usize::from(*digit)));
                    len = longer.ok_or(DecodeError::new(ErrorKind::InvalidFrame, first))?;
                }
                Some(0xFF) if at > first => return Ok((len, at + 1)),
                _ => return Err(DecodeError::new(ErrorKind::InvalidFrame, at)),
            }
            at += 1;
        }
    }
}
