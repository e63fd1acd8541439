//! Proves that bytes are MessagePack, in one pass and without recursion.
//!
//! ```text
//! 00-7f, e0-ff      integer inside the byte        c0         nil          c2 c3      false, true
//! 80-8f, de, df     map of n pairs                 c4 c5 c6   bytes        ca cb      float
//! 90-9f, dc, dd     array of n values              c7 c8 c9   extension    cc-cf      unsigned integer
//! a0-bf, d9 da db   text in UTF-8                  d4-d8      extension    d0-d3      signed integer
//! ```
//!
//! Source: MessagePack specification, "Formats". Byte c1 is never used.

use super::{Kind, quick};
use crate::{DecodeError, ErrorKind};
use alloc::vec::Vec;

/// What the first bytes of a value say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// Where the value's own bytes begin: behind type and length.
    pub(super) start: usize,
    /// Where they end; the values inside an array or a map follow here.
    pub(super) end: usize,
    /// How many values follow inside: of a map, its names and its values.
    pub(super) items: u64,
}

/// Reads the head of the value at `at`.
pub(super) fn head(bytes: &[u8], at: usize) -> Result<Head, DecodeError> {
    let truncated = DecodeError::new(ErrorKind::Truncated, bytes.len());
    let byte = *bytes.get(at).ok_or(truncated)?;
    // How many bytes of length follow the type, and what the value is.
    let (kind, width, fixed) = match byte {
        0x00..=0x7F | 0xE0..=0xFF => (Kind::Integer, 0, 0),
        0x80..=0x8F => (Kind::Map, 0, u64::from(byte & 0x0F)),
        0x90..=0x9F => (Kind::Array, 0, u64::from(byte & 0x0F)),
        0xA0..=0xBF => (Kind::Text, 0, u64::from(byte & 0x1F)),
        0xC0 => (Kind::Nil, 0, 0),
        0xC1 => return Err(DecodeError::new(ErrorKind::ReservedByte, at)),
        0xC2 | 0xC3 => (Kind::Bool, 0, 0),
        0xC4..=0xC6 => (Kind::Bytes, 1 << (byte - 0xC4), 0),
        0xC7..=0xC9 => (Kind::Extension, 1 << (byte - 0xC7), 0),
        0xCA | 0xCB => (Kind::Float, 0, 4 << (byte - 0xCA)),
        0xCC..=0xCF => (Kind::Integer, 0, 1 << (byte - 0xCC)),
        0xD0..=0xD3 => (Kind::Integer, 0, 1 << (byte - 0xD0)),
        0xD4..=0xD8 => (Kind::Extension, 0, 1 << (byte - 0xD4)),
        0xD9..=0xDB => (Kind::Text, 1 << (byte - 0xD9), 0),
        0xDC | 0xDD => (Kind::Array, 2 << (byte - 0xDC), 0),
        0xDE | 0xDF => (Kind::Map, 2 << (byte - 0xDE), 0),
    };
    let behind = at + 1 + width;
    let length = bytes.get(at + 1..behind).ok_or(truncated)?;
    let count = length.iter().fold(fixed, |count, byte| count << 8 | u64::from(*byte));
    // An extension has a byte for its own type.
    let (start, len, items) = match kind {
        Kind::Array => (behind, 0, count),
        Kind::Map => (behind, 0, count.saturating_mul(2)),
        Kind::Extension => (behind, count.saturating_add(1), 0),
        _ => (behind, count, 0),
    };
    let len = usize::try_from(len).map_err(|_| truncated)?;
    let end = start.checked_add(len).filter(|end| *end <= bytes.len()).ok_or(truncated)?;
    // Every value takes a byte at least: no length can promise more than there is.
    if items > (bytes.len() - end) as u64 {
        return Err(truncated);
    }
    let undefined = byte == 0xD4 && bytes.get(start..end) == Some(&[0, 0]);
    Ok(Head { kind: if undefined { Kind::Undefined } else { kind }, start, end, items })
}

/// Reads one whole value that begins at `at`; gives the offset behind it.
pub(super) fn scan(bytes: &[u8], at: usize, max_depth: usize) -> Result<usize, DecodeError> {
    match quick::scan(bytes, at, max_depth) {
        Some(end) => Ok(end),
        None => scan_thoroughly(bytes, at, max_depth),
    }
}

/// Like [`scan`], for everything that the quick way leaves: what is wrong, or deep.
#[cold]
fn scan_thoroughly(bytes: &[u8], mut at: usize, max_depth: usize) -> Result<usize, DecodeError> {
    let mut open = Open::default();
    loop {
        let head = head(bytes, at)?;
        if head.kind == Kind::Text {
            let text = bytes.get(head.start..head.end).unwrap_or_default();
            core::str::from_utf8(text).map_err(|error| {
                DecodeError::new(ErrorKind::InvalidUtf8, head.start + error.valid_up_to())
            })?;
        }
        if matches!(head.kind, Kind::Array | Kind::Map) {
            if open.depth() >= max_depth {
                return Err(DecodeError::new(ErrorKind::TooDeep, at));
            }
            open.push(head.items);
        } else {
            open.take();
        }
        at = head.end;
        open.close();
        if open.depth() == 0 {
            return Ok(at);
        }
    }
}

/// The offset behind a value in bytes that are already proven. Ends somewhere in any other bytes.
pub(super) fn skip(bytes: &[u8], mut at: usize) -> usize {
    let mut due = 1_u64;
    while due > 0 {
        let Ok(head) = head(bytes, at) else { return bytes.len() };
        due = due.saturating_sub(1).saturating_add(head.items);
        at = head.end;
    }
    at
}

/// How many values are due in each array and map around the current place.
///
/// Sixteen levels need no heap.
#[derive(Default)]
struct Open {
    outer: [u64; 16],
    deeper: Vec<u64>,
    depth: usize,
}

impl Open {
    fn depth(&self) -> usize {
        self.depth
    }

    /// Opens a level; whatever it is in has one value less due.
    fn push(&mut self, items: u64) {
        self.take();
        match self.outer.get_mut(self.depth) {
            Some(level) => *level = items,
            None => self.deeper.push(items),
        }
        self.depth += 1;
    }

    fn innermost(&mut self) -> Option<&mut u64> {
        let at = self.depth.checked_sub(1)?;
        if at < self.outer.len() { self.outer.get_mut(at) } else { self.deeper.last_mut() }
    }

    /// One value of the innermost level is read.
    fn take(&mut self) {
        if let Some(due) = self.innermost() {
            *due = due.saturating_sub(1);
        }
    }

    /// Closes the levels in which nothing is due.
    fn close(&mut self) {
        while self.innermost().is_some_and(|due| *due == 0) {
            self.depth -= 1;
            if self.depth >= self.outer.len() {
                self.deeper.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "a panic in a test is the failure report")]

    use super::*;

    /// Every first byte, in values of all lengths, alone, in an array and in a map of arrays.
    #[test]
    fn the_quick_way_agrees_with_the_thorough_one() {
        let mut quick = 0;
        for first in 0..=255 {
            for second in [0, 2, 7, 0xFF] {
                for filler in [b'a', 0xC3, 0x00, 0x91] {
                    for len in [0, 1, 5, 9, 17, 70] {
                        let mut value = alloc::vec![first, second];
                        value.resize(2 + len, filler);
                        for prefix in [&[][..], &[0x92, 0xC0], &[0x81, 0xA1, b'k', 0x92]] {
                            let bytes = [prefix, &value, &[0xC0; 20]].concat();
                            for (cut, max_depth) in [(0, 128), (20, 128), (10, 2), (0, 1)] {
                                let bytes = &bytes[..bytes.len() - cut];
                                let found = quick::scan(bytes, 0, max_depth);
                                quick += usize::from(found.is_some());
                                if let Some(end) = found {
                                    assert_eq!(scan_thoroughly(bytes, 0, max_depth), Ok(end), "{bytes:02x?}");
                                }
                            }
                        }
                    }
                }
            }
        }
        assert!(quick > 5_000, "{quick}");
    }

    #[test]
    fn the_quick_way_takes_what_is_usual() {
        let nested = [0x91_u8; 15].iter().copied().chain([0xC0]).collect::<Vec<u8>>();
        assert_eq!(quick::scan(&nested, 0, 128), Some(16));
        assert_eq!(quick::scan(&nested, 0, 14), None);
        let text = [&[0xD9, 40][..], &[b'a'; 40]].concat();
        assert_eq!(quick::scan(&text, 0, 128), Some(42));
    }
}
