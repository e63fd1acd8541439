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
            let digits = sextets(text.as_bytes()).count();
            return Ok(Self { text, decoded_len: digits / 4 * 3 + (digits % 4 * 3) / 4 });
        }
        let bytes = text.as_bytes();
        let padding = bytes.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
        let digits = bytes.get(..bytes.len() - padding).unwrap_or_default();
        // First without an exit, which the compiler turns into vector instructions; the place only if needed.
        if digits.iter().fold(false, |foreign, byte| foreign | (sextet(*byte) == FOREIGN)) {
            let at = digits.iter().position(|byte| sextet(*byte) == FOREIGN).unwrap_or(0);
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
        match digits.last().map(|byte| sextet(*byte)) {
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
        let before = bytes.len();
        let rest = decode_blocks(self.text.as_bytes(), bytes);
        decode_slowly(rest, bytes);
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

/// How many characters this many bytes take.
#[must_use]
pub const fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

/// Encodes bytes, and hands out the text piece by piece.
pub(crate) fn encode(bytes: &[u8], mut write: impl FnMut(&str)) {
    let mut text = [0_u8; 1024];
    // 768 bytes make 1024 characters, and only the last piece is padded.
    for piece in bytes.chunks(768) {
        let (sixes, rest) = piece.as_chunks::<6>();
        let (eights, _) = text.as_chunks_mut::<8>();
        sixes.iter().zip(eights.iter_mut()).for_each(|(six, eight)| *eight = split(*six));
        let mut last = [0; 6];
        last.iter_mut().zip(rest).for_each(|(byte, given)| *byte = *given);
        if let Some(eight) = eights.get_mut(sixes.len()) {
            *eight = split(last);
        }
        let padding = (3 - piece.len() % 3) % 3;
        let used = text.get_mut(..encoded_len(piece.len())).unwrap_or_default();
        to_digits(used);
        used.iter_mut().rev().take(padding).for_each(|pad| *pad = b'=');
        write(core::str::from_utf8(used).unwrap_or_default());
    }
}

/// What [`sextet`] gives for a character that is no digit.
const FOREIGN: u8 = 0xFF;

/// The value of a digit. Written with sums, not as a table or a match, to become vector instructions.
#[inline]
const fn sextet(digit: u8) -> u8 {
    let upper = digit.wrapping_sub(b'A');
    let lower = digit.wrapping_sub(b'a');
    let number = digit.wrapping_sub(b'0');
    let mut value = FOREIGN;
    if upper < 26 {
        value = upper;
    }
    if lower < 26 {
        value = lower + 26;
    }
    if number < 10 {
        value = number + 52;
    }
    if digit == b'+' {
        value = 62;
    }
    if digit == b'/' {
        value = 63;
    }
    value
}

/// The digit of a value below 64; see [`sextet`] for the form.
#[inline]
const fn digit(sextet: u8) -> u8 {
    let mut digit = sextet.wrapping_add(b'A');
    if sextet > 25 {
        digit = sextet.wrapping_add(b'a' - 26);
    }
    if sextet > 51 {
        digit = sextet.wrapping_sub(52 - b'0');
    }
    if sextet == 62 {
        digit = b'+';
    }
    if sextet == 63 {
        digit = b'/';
    }
    digit
}

/// Decodes as many blocks of 64 digits as come first; gives what follows them.
fn decode_blocks<'a>(text: &'a [u8], bytes: &mut Vec<u8>) -> &'a [u8] {
    let (blocks, _) = text.as_chunks::<64>();
    for (index, block) in blocks.iter().enumerate() {
        let sextets = sextets_of(block);
        if sextets.iter().fold(0, |all, sextet| all | sextet) > 63 {
            return text.get(index * 64..).unwrap_or_default();
        }
        let mut decoded = [0; 48];
        let ((eights, _), (sixes, _)) = (sextets.as_chunks(), decoded.as_chunks_mut());
        eights.iter().zip(sixes).for_each(|(eight, six)| *six = join(*eight));
        bytes.extend_from_slice(&decoded);
    }
    text.get(blocks.len() * 64..).unwrap_or_default()
}

/// The values of 64 digits. A function of its own and a loop, which the compiler turns into vectors.
#[inline(never)]
fn sextets_of(digits: &[u8; 64]) -> [u8; 64] {
    let mut sextets = [0; 64];
    for (value, digit) in sextets.iter_mut().zip(digits) {
        *value = sextet(*digit);
    }
    sextets
}

/// Replaces values by their digits; see [`sextets_of`].
#[inline(never)]
fn to_digits(sextets: &mut [u8]) {
    for sextet in sextets {
        *sextet = digit(*sextet);
    }
}

/// Joins eight values below 64 into six bytes, pair by pair.
const fn join(sextets: [u8; 8]) -> [u8; 6] {
    let ones = u64::from_le_bytes(sextets);
    let twos = (ones & 0x003F_003F_003F_003F) << 6 | (ones >> 8) & 0x003F_003F_003F_003F;
    let fours = (twos & 0x0000_0FFF_0000_0FFF) << 12 | (twos >> 16) & 0x0000_0FFF_0000_0FFF;
    let [_, _, bytes @ ..] = (fours << 24 & 0xFFFF_FF00_0000 | fours >> 32).to_be_bytes();
    bytes
}

/// Splits six bytes into eight values below 64, half by half.
const fn split(bytes: [u8; 6]) -> [u8; 8] {
    let [a, b, c, d, e, f] = bytes;
    let all = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let fours = all >> 24 | (all & 0xFF_FFFF) << 32;
    let twos = (fours >> 12) & 0x0000_0FFF_0000_0FFF | (fours & 0x0000_0FFF_0000_0FFF) << 16;
    let ones = (twos >> 6) & 0x003F_003F_003F_003F | (twos & 0x003F_003F_003F_003F) << 8;
    ones.to_le_bytes()
}

/// Decodes digit by digit up to the padding, skipping what is no digit.
fn decode_slowly(text: &[u8], bytes: &mut Vec<u8>) {
    let mut group = 0_u32;
    let mut bits = 0_u32;
    for sextet in sextets(text) {
        group = group << 6 | u32::from(sextet);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            #[expect(clippy::cast_possible_truncation, reason = "the eight bits due are the lowest ones")]
            bytes.push((group >> bits) as u8);
        }
    }
}

/// The values of a text's digits up to its padding. Skips what is no digit and reads the url-safe alphabet
/// too, which only a text can hold that was read with [`Leniency::FORGIVING_BASE64`].
fn sextets(text: &[u8]) -> impl Iterator<Item = u8> {
    let digits = text.iter().take_while(|byte| **byte != b'=');
    let values = digits.map(|byte| match byte {
        b'-' => 62,
        b'_' => 63,
        _ => sextet(*byte),
    });
    values.filter(|value| *value != FOREIGN)
}
