//! MessagePack by recursion, format by format.

/// The bytes behind the value that the bytes begin with, if it is valid and at most `depth` deep.
///
/// MessagePack specification, "Formats".
#[must_use]
pub fn value(bytes: &[u8], depth: usize) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0x00..=0x7F | 0xE0..=0xFF | 0xC0 | 0xC2 | 0xC3 => Some(rest),
        0x80..=0x8F => values(rest, 2 * usize::from(first & 15), depth),
        0x90..=0x9F => values(rest, usize::from(first & 15), depth),
        0xA0..=0xBF => text(rest, usize::from(first & 31)),
        0xC1 => None,
        0xC4 => length(rest, 1).and_then(|(len, rest)| rest.get(len..)),
        0xC5 => length(rest, 2).and_then(|(len, rest)| rest.get(len..)),
        0xC6 => length(rest, 4).and_then(|(len, rest)| rest.get(len..)),
        0xC7 => length(rest, 1).and_then(|(len, rest)| rest.get(len + 1..)),
        0xC8 => length(rest, 2).and_then(|(len, rest)| rest.get(len + 1..)),
        0xC9 => length(rest, 4).and_then(|(len, rest)| rest.get(len + 1..)),
        0xCC | 0xD0 => rest.get(1..),
        0xCD | 0xD1 | 0xD4 => rest.get(2..),
        0xD5 => rest.get(3..),
        0xCA | 0xCE | 0xD2 => rest.get(4..),
        0xD6 => rest.get(5..),
        0xCB | 0xCF | 0xD3 => rest.get(8..),
        0xD7 => rest.get(9..),
        0xD8 => rest.get(17..),
        0xD9 => length(rest, 1).and_then(|(len, rest)| text(rest, len)),
        0xDA => length(rest, 2).and_then(|(len, rest)| text(rest, len)),
        0xDB => length(rest, 4).and_then(|(len, rest)| text(rest, len)),
        0xDC => length(rest, 2).and_then(|(len, rest)| values(rest, len, depth)),
        0xDD => length(rest, 4).and_then(|(len, rest)| values(rest, len, depth)),
        0xDE => length(rest, 2).and_then(|(len, rest)| values(rest, 2 * len, depth)),
        0xDF => length(rest, 4).and_then(|(len, rest)| values(rest, 2 * len, depth)),
    }
}

fn length(bytes: &[u8], width: usize) -> Option<(usize, &[u8])> {
    let digits = bytes.get(..width)?;
    Some((digits.iter().fold(0, |length, byte| length * 256 + usize::from(*byte)), &bytes[width..]))
}

fn text(bytes: &[u8], len: usize) -> Option<&[u8]> {
    core::str::from_utf8(bytes.get(..len)?).ok()?;
    Some(&bytes[len..])
}

fn values(mut bytes: &[u8], count: usize, depth: usize) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    for _ in 0..count {
        bytes = value(bytes, depth)?;
    }
    Some(bytes)
}
