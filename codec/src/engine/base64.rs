//! Base64 as the protocol uses it: standard alphabet, padded (RFC 4648, section 4).
//!
//! Source: Engine.IO protocol, version 4, "Packet encoding", "HTTP long-polling".

use crate::{DecodeError, ErrorKind, Leniency, Profile};
use alloc::vec::Vec;

/// Text that is proven to be base64, decoded on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Base64<'a> {
    text: &'a str,
    decoded_len: usize,
}

impl<'a> Base64<'a> {
    /// Checks a text; nothing is decoded yet. An empty text is zero bytes.
    ///
    /// # Errors
    /// [`InvalidBase64`](ErrorKind::InvalidBase64) at the first character that does not belong; at the end
    /// if the padding lacks; at the last digit if bits are set there that encode nothing.
    pub fn parse(text: &'a str) -> Result<Self, DecodeError> {
        Self::parse_as(text, &Profile::STRICT)
    }

    /// Like [`parse`](Self::parse), as strict as the profile asks.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_as(text: &'a str, profile: &Profile) -> Result<Self, DecodeError> {
        if profile.allows(Leniency::FORGIVING_BASE64) {
            let digits = sextets(text).count();
            return Ok(Self { text, decoded_len: digits / 4 * 3 + (digits % 4 * 3) / 4 });
        }
        let bytes = text.as_bytes();
        let padding = bytes.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
        let digits = bytes.get(..bytes.len() - padding).unwrap_or_default();
        if let Some(at) = digits.iter().position(|byte| sextet(*byte).is_none()) {
            return Err(DecodeError::new(ErrorKind::InvalidBase64, at));
        }
        if !bytes.len().is_multiple_of(4) {
            return Err(DecodeError::new(ErrorKind::InvalidBase64, bytes.len()));
        }
        // One byte leaves four bits of its second digit unused, two bytes two of their third.
        let unused = match padding {
            0 => 0,
            1 => 0b11,
            _ => 0b1111,
        };
        match digits.last().and_then(|byte| sextet(*byte)) {
            Some(last) if last & unused != 0 => {
                Err(DecodeError::new(ErrorKind::InvalidBase64, digits.len().saturating_sub(1)))
            }
            _ => Ok(Self { text, decoded_len: bytes.len() / 4 * 3 - padding }),
        }
    }

    /// The text as it came.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// How many bytes the text stands for.
    #[must_use]
    pub const fn decoded_len(self) -> usize {
        self.decoded_len
    }

    /// Appends the bytes that the text stands for.
    pub fn decode_into(self, bytes: &mut Vec<u8>) {
        bytes.reserve(self.decoded_len);
        let mut group = 0_u32;
        let mut bits = 0_u32;
        for sextet in sextets(self.text) {
            group = group << 6 | u32::from(sextet);
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the eight bits due are the lowest ones"
                )]
                bytes.push((group >> bits) as u8);
            }
        }
    }

    /// The bytes that the text stands for.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.decode_into(&mut bytes);
        bytes
    }
}

/// How many characters this many bytes take.
#[must_use]
pub const fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

/// Encodes bytes, and hands out the text piece by piece.
pub(crate) fn encode(bytes: &[u8], mut write: impl FnMut(&str)) {
    let mut text = [0_u8; 256];
    // 192 bytes make 256 characters, and only the last piece is padded.
    for piece in bytes.chunks(192) {
        for (group, quad) in piece.chunks(3).zip(text.chunks_exact_mut(4)) {
            quad.copy_from_slice(&encode_group(group));
        }
        let used = text.get(..encoded_len(piece.len())).unwrap_or_default();
        write(core::str::from_utf8(used).unwrap_or_default());
    }
}

/// Encodes one to three bytes as four characters.
fn encode_group(group: &[u8]) -> [u8; 4] {
    let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    let mut quad = [bits >> 18, bits >> 12, bits >> 6, bits].map(|bits| digit(bits & 0x3F));
    for pad in quad.iter_mut().skip(group.len() + 1) {
        *pad = b'=';
    }
    quad
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(sextet: u32) -> u8 {
    DIGITS.get(sextet as usize).copied().unwrap_or(b'=')
}

fn sextet(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// The digits of a text up to its padding. Skips what is no digit and reads the url-safe alphabet too, which
/// only a text can hold that was read with [`Leniency::FORGIVING_BASE64`].
fn sextets(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().take_while(|byte| *byte != b'=').filter_map(|byte| match byte {
        b'-' => Some(62),
        b'_' => Some(63),
        _ => sextet(byte),
    })
}
