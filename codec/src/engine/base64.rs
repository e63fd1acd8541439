//! Base64 as the protocol uses it: standard alphabet, padded (RFC 4648, section 4).
//!
//! Source: Engine.IO protocol, version 4, "Packet encoding", "HTTP long-polling".

use crate::{DecodeError, ErrorKind, Leniency, Profile};
use alloc::vec::Vec;
use base64_simd::{AppendBase64Encode, AsOut, STANDARD};

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
            let digits = sextets(text.as_bytes()).count();
            return Ok(Self { text, decoded_len: digits / 4 * 3 + (digits % 4 * 3) / 4 });
        }
        match STANDARD.check(text.as_bytes()).err().and_then(|_| fault(text.as_bytes())) {
            Some(at) => Err(DecodeError::new(ErrorKind::InvalidBase64, at)),
            None => Ok(Self { text, decoded_len: text.len() / 4 * 3 - padding(text.as_bytes()) }),
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
        let before = bytes.len();
        // What only a lenient profile took is refused whole, and nothing of it appended.
        if STANDARD.decode_append(self.text, bytes).is_err() {
            bytes.reserve(self.decoded_len);
            bytes.extend(groups(self.text.as_bytes()));
        }
        debug_assert_eq!(bytes.len() - before, self.decoded_len);
    }

    /// The bytes that the text stands for.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.decode_into(&mut bytes);
        bytes
    }
}

/// Checks and decodes a text in one pass, as strict as the profile asks.
///
/// # Errors
/// As [`Base64::parse`].
pub fn decode(text: &str, profile: &Profile) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = Vec::new();
    match STANDARD.decode_append(text, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Base64::parse_as(text, profile).map(Base64::to_vec),
    }
}

/// How many characters this many bytes take.
#[must_use]
pub const fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

/// Appends bytes as text.
pub(crate) fn encode_into(bytes: &[u8], text: &mut impl AppendBase64Encode) {
    STANDARD.encode_append(bytes, text);
}

/// Encodes bytes, and hands out the text piece by piece.
pub(crate) fn encode(bytes: &[u8], mut write: impl FnMut(&str)) {
    let mut text = [0_u8; 1024];
    // 768 bytes make 1024 characters, and only the last piece is padded.
    for piece in bytes.chunks(768) {
        write(STANDARD.encode_as_str(piece, text.as_mut_slice().as_out()));
    }
}

/// How many characters at the end are padding.
fn padding(text: &[u8]) -> usize {
    text.iter().rev().take(2).take_while(|byte| **byte == b'=').count()
}

/// Where a text departs from base64, if it does.
#[cold]
fn fault(text: &[u8]) -> Option<usize> {
    let padding = padding(text);
    let digits = text.get(..text.len() - padding).unwrap_or_default();
    if let Some(foreign) = digits.iter().position(|byte| sextet(*byte).is_none()) {
        return Some(foreign);
    }
    if !text.len().is_multiple_of(4) {
        return Some(text.len());
    }
    // One byte leaves four bits of its second digit unused, two bytes two of their third.
    let unused = match padding {
        0 => 0,
        1 => 0b11,
        _ => 0b1111,
    };
    let last = digits.last().and_then(|byte| sextet(*byte)).unwrap_or(0);
    (last & unused != 0).then(|| digits.len().saturating_sub(1))
}

/// The value of a digit.
const fn sextet(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Decodes digit by digit up to the padding, skipping what is no digit.
fn groups(text: &[u8]) -> impl Iterator<Item = u8> {
    let (mut group, mut bits) = (0_u32, 0_u32);
    sextets(text).filter_map(move |sextet| {
        group = group << 6 | u32::from(sextet);
        bits += 6;
        bits.checked_sub(8).map(|unused| {
            bits = unused;
            #[expect(clippy::cast_possible_truncation, reason = "the eight bits due are the lowest ones")]
            let byte = (group >> unused) as u8;
            byte
        })
    })
}

/// The values of a text's digits up to its padding. Skips what is no digit and reads the url-safe alphabet
/// too, which only a text can hold that was read with [`Leniency::FORGIVING_BASE64`].
fn sextets(text: &[u8]) -> impl Iterator<Item = u8> {
    let digits = text.iter().take_while(|byte| **byte != b'=');
    digits.filter_map(|byte| match byte {
        b'-' => Some(62),
        b'_' => Some(63),
        _ => sextet(*byte),
    })
}
